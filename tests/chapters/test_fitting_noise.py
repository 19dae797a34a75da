"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

import math
from itertools import permutations, product

import numpy as np
import pytest
from scipy.optimize import linprog, minimize
from scipy.special import betainc

from lipkit.data import four_points, generic
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.flattest_fits import CLASSES, CLOUD, SQUARE, cloud, square
from lipkit.theory.rademacher import linear_rademacher
from lipkit.theory.robustness_law import (
    dimension_law,
    interpolation_floor,
    is_vacuous,
    linear_interpolant,
    linear_law,
    matching_law,
    min_lipschitz_quadratic,
    quadratic_law,
    rademacher_law,
    undercomplete_law,
)

SQ4, LABELS = four_points()
THREE_EQUAL = np.array([1.0, 1.0, 1.0, -1.0])
ORIGIN = np.zeros(2)


# -- the floor -----------------------------------------------------------------------------------
@pytest.mark.parametrize("d", [1, 2, 7])
def test_no_function_is_flatter_than_the_floor_and_one_is_as_flat(d):
    """The least slope of values on the points and elsewhere, by a linear program."""
    X, y = generic(6, d, model="gaussian", rng=d)
    Z = np.vstack([X, np.random.default_rng(1).normal(size=(5, d))])
    rows, n = [], len(Z)
    for i, j in permutations(range(n), 2):
        row = np.zeros(n + 1)
        row[[i, j, n]] = 1, -1, -np.linalg.norm(Z[i] - Z[j])
        rows.append(row)
    fixed = [(v, v) for v in y] + [(None, None)] * 5 + [(0, None)]
    least = linprog(np.eye(n + 1)[n], np.array(rows), np.zeros(len(rows)), bounds=fixed).fun
    assert interpolation_floor(X, y).value == pytest.approx(least, rel=1e-7)


def test_the_floor_falls_with_the_dimension():
    floors = EXPERIMENTS["floor_by_dimension"]({"n": 1000, "dims": (2, 10, 100)}, 0)
    assert floors["floor"][0] > 1000
    assert floors["floor"][2] < 2
    assert (floors["floor"] >= floors["law"]).all()
    assert floors["law"][0] == pytest.approx(math.sqrt(500) - 1)


@pytest.mark.parametrize("d", [2, 3, 5])
def test_two_close_points_are_as_rare_as_the_share_of_a_cap(d):
    """The union bound of part (c), for few points, and its simpler form for all d."""
    s = betainc((d - 1) / 2, 0.5, 0.75) / 2
    turn = np.random.default_rng(0).normal(size=(200_000, d))
    assert np.mean(turn[:, 0] > 0.5 * np.linalg.norm(turn, axis=1)) == pytest.approx(s, rel=0.03)
    steep = [interpolation_floor(*generic(3, d, rng=seed)).value > 2 for seed in range(2000)]
    # three pairs, each close with probability s, its labels different with probability one half
    assert np.mean(steep) <= 9 / 4 * s
    assert np.mean(steep) == pytest.approx(3 / 2 * s, rel=0.25)
    for dim in range(2, 400):
        assert betainc((dim - 1) / 2, 0.5, 0.75) <= 0.75 ** ((dim - 1) / 2)


def test_the_floor_needs_each_label(breaks):
    """On average a function with f(0) = 0 fits for less; the pair at the heart of it by hand."""
    on_average = square("any function, on average", True, True, True, False)
    floor = interpolation_floor(SQ4, THREE_EQUAL).value
    assert on_average["slope"] == pytest.approx(4 / (2 + math.sqrt(2)))  # a pair, and two go home
    breaks(found=on_average["slope"], at_least=floor, margin=0.2)


def test_the_dimension_needs_fair_labels(breaks):
    X = generic(1000, 2, rng=0).X
    breaks(
        found=interpolation_floor(X, np.ones(1000)).value,
        at_least=dimension_law(1000, 2).value,
        margin=20,
    )


def test_the_dimension_needs_the_unit_ball(breaks):
    X = np.arange(1000.0)[:, None]
    y = generic(1000, 1, rng=0).y
    breaks(found=interpolation_floor(X, y).value, at_least=dimension_law(1000, 1).value, margin=490)


def test_the_ceiling_needs_independent_points(breaks):
    X = np.repeat(generic(500, 100, rng=0).X, 2, axis=0)
    X[1::2] += 1e-3 * generic(500, 100, rng=1).X
    X /= np.linalg.norm(X, axis=1, keepdims=True)
    y = generic(1000, 100, rng=2).y
    breaks(found=interpolation_floor(X, y).value, at_most=2.0, margin=1000)


# -- the law of a cone ---------------------------------------------------------------------------
def test_the_laws_are_equalities_on_average():
    """For all labels of both sets of points: the fit on average has the margin, and the slope."""
    for view, X in ((square, SQUARE), (cloud, CLOUD)):
        for labels in product((False, True), repeat=len(X)):
            y = np.where(labels, 1.0, -1.0)
            for who in ("any function", "linear", "quadratic form"):
                seen = view(f"{who}, on average", *labels)
                assert seen["slope"] == pytest.approx(seen["law"])
                values = CLASSES[f"{who}, on average"][0](X, y).values
                if np.isinf(seen["slope"]):
                    assert values is None
                    continue
                assert np.mean(y * values(X)) == pytest.approx(1)
                assert values(ORIGIN[None]) == pytest.approx(0, abs=1e-9)
                Z = disc(4000, 0)
                run = np.linalg.norm(np.diff(Z, axis=0), axis=1)
                rise = np.abs(np.diff(values(Z)))
                assert (rise <= seen["slope"] * run * (1 + 1e-9) + 1e-9).all()


def test_the_law_needs_a_cone(breaks):
    y = np.array([1.0, 1.0, -1.0, -1.0])
    small, large = 0.1 * SQ4[:, 0], 3 * SQ4[:, 0]  # of slope 0.1 and 3; no other function
    supremum = np.mean(y * small)
    margin = np.mean(y * large)
    promised = rademacher_law(margin, supremum, reading="given").value
    breaks(found=3.0, at_least=promised, margin=25)


def test_the_law_needs_these_labels(breaks):
    average = linear_rademacher(SQ4, exact=True)
    assert average.mean == pytest.approx((2 + math.sqrt(2)) / 8)
    y, w = np.array([1.0, 1.0, -1.0, -1.0]), np.array([1.0, 1.0])
    np.testing.assert_array_equal(SQ4 @ w, y)
    assert linear_law(SQ4, y).value == pytest.approx(math.sqrt(2))  # the law for these labels
    with pytest.raises(ValueError, match="an average over labels"):
        rademacher_law(1.0, average, reading="given")
    breaks(found=np.linalg.norm(w), at_least=1 / average.mean, margin=0.9)


def test_the_law_needs_functions_that_vanish_at_the_anchor(breaks):
    with pytest.raises(ValueError, match="expected half of them; pass an anchor"):
        matching_law(SQ4, THREE_EQUAL)
    constant = np.full(4, 2.0)
    assert np.mean(THREE_EQUAL * constant) == 1
    promised = matching_law(SQ4, THREE_EQUAL, anchor=ORIGIN).value
    assert promised == pytest.approx(4 / (2 + math.sqrt(2)))
    breaks(found=0.0, at_least=promised, margin=1)


@pytest.mark.parametrize("seed", range(4))
def test_every_law_is_below_its_flattest_fit(seed):
    X, y = generic(8, 12, rng=seed)
    fit = np.linalg.norm(linear_interpolant(X, y))
    assert linear_law(X, y).value < fit
    sides = min_lipschitz_quadratic(X, y).bracket
    assert quadratic_law(X, y).value < sides.upper.value
    assert quadratic_law(X, y, 1).value >= quadratic_law(X, y, 3).value >= quadratic_law(X, y).value


# -- what the laws lose --------------------------------------------------------------------------
def test_small_classes_are_steep_and_large_ones_are_not():
    by_class = EXPERIMENTS["noise_by_class"]
    seen = by_class(by_class.params("quick") | {"forms": (60, 1000, 1700), "linear": (6, 58)}, 3)
    assert seen["floor"].max() < 2.4
    assert seen["caps"].max() < 4.6
    assert seen["form_found"][0] < 3
    assert seen["form_proved"][-1] > 50
    assert seen["linear_fit"][-1] > 20
    assert seen["gap"] < 2e-3
    assert (seen["matching"][1:] / seen["floor"][1:] > 0.75).all()
    shares = seen["form_law"] / seen["form_found"]
    assert shares[0] > 0.95
    assert 0.55 < shares[1] < 0.65
    assert shares[2] < 0.25


def test_what_is_said_of_the_draws_holds_on_each_of_them():
    """The ends that the prose states for all draws, not for the one that is drawn."""
    by_class = EXPERIMENTS["noise_by_class"]
    small = {"forms": (60, 1000, 1700), "tol": 1e-3}
    draws = [by_class(by_class.params("quick") | small, seed) for seed in range(3)]
    shares = np.array([run["form_law"] / run["form_found"] for run in draws])
    assert 0.97 < shares[:, 0].min() < 0.98
    assert 0.57 < shares[:, 1].min() < 0.58
    assert 0.60 < shares[:, 1].max() < 0.61
    assert shares[:, 2].max() < 0.19
    proved = [run["form_proved"][-1] for run in draws]
    assert 67 < min(proved) < 68 < max(proved)
    linear = [run["linear_fit"][-1] for run in draws]
    assert max(linear) > 2 * min(linear)  # one draw does not stand for the others
    seen = by_class({"d": 60, "linear": (6,), "forms": (300, 1700), "tol": 1e-1}, 1)
    assert 0.81 < (seen["matching"] / seen["floor"]).min() < 0.82


def test_linear_functions_lose_the_root_of_what_is_left():
    """law over fit tends to sqrt(1 - n/d): the dashed line."""
    for share in (0.25, 0.5, 0.75):
        X, y = generic(round(400 * share), 400, rng=0)
        ratio = linear_law(X, y).value / np.linalg.norm(linear_interpolant(X, y))
        assert ratio == pytest.approx(math.sqrt(1 - share), abs=0.06)


def test_the_caps_of_the_figure_are_a_network():
    from lipkit.theory.robustness_law import cap_lipschitz

    X, _ = generic(40, 60, rng=0)
    by_class = EXPERIMENTS["noise_by_class"]
    seen = by_class({"d": 60, "linear": (2,), "forms": (40,), "tol": 1e-2}, 0)
    products = X @ X.T - 2 * np.eye(40)
    t = math.sqrt((1 + products.max()) / 2)
    assert seen["caps"][-1] == pytest.approx(cap_lipschitz(X, t).value)


def test_forms_leave_their_law():
    fit = EXPERIMENTS["quadratic_fit"]
    seen = fit(fit.params("quick") | {"shares": (0.08, 0.7)}, 0)
    assert seen["law"][0] / seen["found"][0] > 0.92
    assert seen["law"][1] / seen["proved"][1] < 0.5
    assert (seen["frobenius"] > 1.2 * seen["found"]).all()


# -- few directions ------------------------------------------------------------------------------
def test_few_directions_against_the_best_direction():
    """Exact in the plane: the best of all directions is never below the law."""
    for view, count in ((square, 4), (cloud, 5)):
        for labels in product((False, True), repeat=count):
            seen = view("one direction", *labels)
            assert seen["law"] <= seen["slope"]  # with equality for some labels of SQ4
            assert seen["floor"] <= seen["slope"] * (1 + 1e-12)
    X, y = generic(5000, 40, rng=0)
    laws = [undercomplete_law(X, y, k).value for k in (1, 5, 10)]
    np.testing.assert_allclose(laws, np.sqrt(80 / np.array([1, 5, 10])), rtol=0.15)
    assert is_vacuous(undercomplete_law(X[:300], y[:300], 40), X[:300], y[:300])


def test_few_directions_needs_few_directions(breaks):
    X, y = generic(400, 40, rng=0)
    breaks(
        found=interpolation_floor(X, y).value, at_least=undercomplete_law(X, y, 1).value, margin=3
    )


def test_few_directions_needs_an_exact_fit(breaks):
    constant = np.full(4, 2.0)  # g(u.x) = 2 has average margin 1
    assert np.mean(THREE_EQUAL * constant) == 1
    breaks(found=0.0, at_least=undercomplete_law(SQ4, THREE_EQUAL, 1).value, margin=1.4)


# -- the explorers -------------------------------------------------------------------------------
def disc(n, seed):
    draws = np.random.default_rng(seed)
    angle, radius = 2 * np.pi * draws.random(n), np.sqrt(draws.random(n))
    return radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)


@pytest.mark.parametrize("who", ["any function", "one direction", "linear", "quadratic form"])
def test_the_shown_function_fits_and_is_as_steep_as_said(who):
    Z = disc(20_000, 1)
    near = np.clip(Z + 1e-4 * np.random.default_rng(2).normal(size=Z.shape), -0.7, 0.7)
    for view, X in ((square, SQUARE), (cloud, CLOUD)):
        for labels in product((False, True), repeat=len(X)):
            fit = CLASSES[who][0](X, np.where(labels, 1.0, -1.0))
            if fit.values is None:
                assert np.isinf(view(who, *labels)["slope"])
                continue
            np.testing.assert_allclose(fit.values(X), np.where(labels, 1.0, -1.0), atol=1e-6)
            run = np.linalg.norm(Z - near, axis=1)
            slopes = np.abs(fit.values(Z) - fit.values(near)) / run
            assert slopes.max() <= fit.slope * (1 + 1e-9)
            assert slopes.max() > 0.6 * fit.slope


def test_after_one_turn_and_after_two():
    """What the text says of the explorer: one label turned from +, -, +, -, then its neighbour."""
    turned = (True, True, True, False)
    for who in ("linear", "quadratic form"):
        seen = square(who, *turned)
        assert np.isinf(seen["slope"])
        assert np.isfinite(seen["law"])
    on_average = square("any function, on average", *turned)
    assert on_average["slope"] < on_average["floor"] - 0.2
    start = square("any function, on average", True, False, True, False)
    assert start["slope"] == pytest.approx(start["floor"])
    for neighbour in ((True, True, False, False), (False, True, True, False)):
        assert np.isfinite(square("linear", *neighbour)["slope"])
    assert square("any function", *[True] * 4)["floor"] == pytest.approx(1)  # the origin counts
    assert interpolation_floor(SQ4, np.ones(4)).value == 0
    assert cloud("one direction", *[True] * 5)["law"] == 0


def test_which_classes_fit_the_four_points():
    for labels in product((False, True), repeat=4):
        e, n, w, s = labels
        assert (square("linear", *labels)["outcome"] == "it fits") == (e != w and n != s)
        assert (square("quadratic form", *labels)["outcome"] == "it fits") == (e == w and n == s)
        assert square("any function", *labels)["outcome"] == "it fits"
    assert square("quadratic form", True, False, True, False)["slope"] == pytest.approx(2)
    assert np.isinf(square("linear, on average", True, False, True, False)["slope"])


@pytest.mark.parametrize("points", [SQUARE, CLOUD])
def test_no_direction_is_better_than_the_one_found(points):
    U = np.stack([np.cos(t := np.linspace(0, np.pi, 4001)), np.sin(t)], axis=1)
    for labels in product((-1.0, 1.0), repeat=len(points)):
        y = np.array(labels)
        best = min(
            interpolation_floor(np.append(points @ u, 0.0)[:, None], np.append(y, 0.0)).value
            for u in U[::40]
        )
        fit = CLASSES["one direction"][0](points, y)
        assert fit.slope <= best * (1 + 1e-9)
        assert fit.slope > 0.85 * best


def test_a_search_for_flatter_forms_finds_none():
    y = np.array([1.0, -1.0, 1.0, -1.0])

    def slope(t):
        T = np.array([[1.0, t[0]], [t[0], -1.0]])  # all forms through SQ4
        return 2 * np.linalg.norm(T, 2)

    best = minimize(slope, [0.7], method="Nelder-Mead").fun
    assert best == pytest.approx(2.0)
    assert quadratic_law(SQ4, y).value == pytest.approx(best)


def test_an_unknown_class():
    with pytest.raises(ValueError, match="who: got 'cubic'"):
        square("cubic", True, True, True, True)
