"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

import math
import re
from itertools import product

import numpy as np
import pytest

from lipkit.data import four_points, generic
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.whole_class import neuron_suprema, whole_class
from lipkit.lipschitz import exact_plane
from lipkit.networks import TwoLayerNetwork
from lipkit.theory import rademacher
from lipkit.theory import robustness_law as laws
from tests.conftest import ROOT

SQ4, LABELS = four_points()
TEXT = (ROOT / "chapters/rademacher-route.md").read_text()


def all_labels(n):
    return [np.array(y) for y in product((-1.0, 1.0), repeat=n)]


# -- the whole class -----------------------------------------------------------------------------
def test_where_the_whole_class_bites_nothing_fits():
    """Every label vector, every norm: law above 1, no member follows with average margin 1."""
    X, _ = generic(10, 2, rng=3)
    nu = neuron_suprema("circle")
    assert len(nu) == 2**10
    for norm, k, weights in (("l2_rows", 16, 0.5), ("path", 16, 4.0), ("linf_rows", 4, 1.0)):
        seen = whole_class("circle", norm, k, weights)
        reach = float(rademacher.two_layer_rademacher(1.0, k, weights, 1.0, norm))
        own = 10 / (reach * nu)  # the law for each label vector
        assert seen["share"] == 100 * np.mean(own <= 1 + 1e-12)
        assert seen["law"] == pytest.approx(10 / (reach * nu.mean()))
        assert seen["share"] <= seen["ceiling"] == 100 * min(1, seen["complexity"])
    for y, sup in zip(all_labels(10)[1:40], nu[1:40], strict=True):
        law = laws.whole_class_law(X, y, 16, 0.5, 1.0)
        assert law.value == pytest.approx(10 / (2.0 * sup))
        assert laws.is_vacuous(law, X, y) or not law.details["can_fit"]


def test_nothing_is_left_before_the_law_reaches_two():
    for points, last in (("circle", 1.95), ("sq4", 1.04)):
        seen = whole_class(points)
        assert round(seen["nothing"], 2) == last
        alive = seen["law_curve"][seen["share_curve"] > 0]
        assert alive.max() <= seen["nothing"] * (1 + 1e-12)
        assert (seen["share_curve"] <= seen["ceiling_curve"] + 1e-12).all()
        assert seen["share_curve"][-1] == 100  # and all of them are within reach in the end
    half = whole_class("circle", "l2_rows", 16, 0.5)
    assert (round(half["share"]), half["law"]) == (3, pytest.approx(1.898, abs=1e-3))


def test_within_reach_means_that_a_member_gets_there():
    """The share counts what is attained: equal neurons with the best direction reach margin 1."""
    X, _ = generic(10, 2, rng=3)
    reached = 0
    for y, sup in zip(all_labels(10)[::31], neuron_suprema("circle")[::31], strict=True):
        w = rademacher.relu_neuron_sup(X, y).witness
        sign = np.sign(np.maximum(X @ w, 0) @ y)
        f = TwoLayerNetwork(np.tile(w, (16, 1)), np.zeros(16), np.full(16, sign / 4))
        assert np.linalg.norm(f.a) == pytest.approx(1)
        assert np.mean(y * f(X)) == pytest.approx(4 * sup / 10)
        reached += np.mean(y * f(X)) >= 1
    assert 5 < reached < 30


def test_the_norm_moves_the_axis_and_nothing_else():
    for norm, power in (("path", 0), ("l2_rows", 0.5), ("linf_rows", 1)):
        one, many = (whole_class("circle", norm, k, w) for k, w in ((1, 1.0), (16, 16.0**-power)))
        for name in ("complexity", "law", "share", "nothing"):
            assert one[name] == pytest.approx(many[name])


def test_the_case_by_hand():
    angles = np.linspace(0, 2 * np.pi, 1001)
    w = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    sums = np.maximum(w @ SQ4.T, 0) @ LABELS
    np.testing.assert_allclose(sums, np.abs(w[:, 0]) - np.abs(w[:, 1]), atol=1e-12)
    tight, loose = (laws.whole_class_law(SQ4, LABELS, 4, A, 1.0) for A in (1.0, 2.0))
    assert (tight.value, loose.value) == (pytest.approx(2), pytest.approx(1))
    assert (tight.details["can_fit"], loose.details["can_fit"]) == (False, True)


# -- two layers are one neuron -------------------------------------------------------------------
def test_two_layers_are_one_neuron():
    """The best of many random members, for all sign vectors: below the exact value, near it."""
    draws = np.random.default_rng(0)
    X, _ = generic(5, 2, rng=0)
    rho = rademacher.neuron_rademacher(X, exact=True)
    k, A, B = 2, 2.0, 1.5
    angles = draws.uniform(0, 2 * np.pi, size=(40_000, k))
    H = np.maximum(np.stack([np.cos(angles), np.sin(angles)], -1) @ X.T, 0)  # (nets, k, n)
    a = draws.normal(size=(40_000, k))
    members = {
        "path": A * B * a / np.abs(a).sum(axis=1, keepdims=True),
        "l2_rows": A * B * a / np.linalg.norm(a, axis=1, keepdims=True),
        "linf_rows": A * B * np.sign(a),
    }
    for norm, readout in members.items():
        F = np.einsum("rk,rkn->rn", readout, H)
        best = rademacher.rademacher_mc(lambda s, F=F: float((F @ s).max()), 5, exact=True)
        exact = float(rademacher.two_layer_rademacher(rho, k, A, B, norm))
        assert 0.93 * exact < best <= exact
    assert float(rho) <= 2 / math.sqrt(5)


def test_the_reduction_needs_homogeneity(breaks):
    """One point, one neuron: ten times the weights, and not ten times the complexity."""
    w = np.linspace(-10, 10, 2001)
    clipped = np.minimum(np.maximum(w, 0), 1)
    once = rademacher.rademacher_mc(
        lambda s: np.abs(s[0] * clipped[np.abs(w) <= 1]).max(), 1, exact=True
    )
    ten = rademacher.rademacher_mc(lambda s: np.abs(s[0] * clipped).max(), 1, exact=True)
    breaks(found=float(ten), at_least=10 * float(once), margin=8)


def test_the_rate_needs_a_one_lipschitz_activation(breaks):
    w = np.linspace(-1, 1, 201)
    rho = rademacher.rademacher_mc(
        lambda s: np.abs(s[0] * 3 * np.maximum(w, 0)).max(), 1, exact=True
    )
    breaks(found=float(rho), at_most=2.0, margin=0.9)


# -- one law, four readings ----------------------------------------------------------------------
def linear_optimum(X, y):
    """The infimum over linear functions with average margin 1, by a search over directions."""
    angles = np.linspace(0, 2 * np.pi, 20_001)
    margins = np.stack([np.cos(angles), np.sin(angles)], 1) @ X.T @ y / len(X)
    return 1 / margins.max() if margins.max() > 1e-12 else math.inf


def test_each_reading_of_the_cone_law():
    X, _ = generic(7, 2, rng=0)
    margin = np.array([linear_optimum(X, y) for y in all_labels(7)])
    own = np.array([laws.linear_law(X, y).value for y in all_labels(7)])
    np.testing.assert_allclose(margin, own, rtol=1e-6)  # these labels: attained
    unit = rademacher.linear_rademacher(X, exact=True)
    assert margin.mean() >= 1 / unit
    assert margin.max() >= laws.rademacher_law(1.0, unit, reading="some").value
    for delta in (0.01, 0.1, 0.3, 0.9):
        assert np.mean(margin < laws.rademacher_law(1.0, unit, delta=delta).value) <= delta


def test_the_better_tail_over_all_labels():
    seen = EXPERIMENTS["label_readings"]({"n": 10, "d": 40, "delta": 0.1}, 0)
    assert (seen["given"] <= seen["fit"] * (1 + 1e-9)).all()
    assert seen["average"] <= seen["fit"].mean()
    assert seen["average"] <= seen["fit"].max()
    assert np.mean(seen["fit"] < seen["mcdiarmid"]) <= 0.1
    assert np.mean(seen["fit"] < seen["markov"]) <= 0.1
    assert seen["markov"] < seen["mcdiarmid"] < seen["average"]


def test_the_average_is_passed_by_a_fifth_of_the_labels():
    seen = EXPERIMENTS["label_readings"](EXPERIMENTS["label_readings"].params("quick"), 0)
    assert seen["below"] == pytest.approx(0.19, abs=0.005)
    assert len(seen["fit"]) == 2**10


def test_the_law_needs_a_cone(breaks):
    """SQ4: the functions t x_1, and x_1 + x_2 by itself, which fits with slope sqrt 2."""
    y = np.array([1.0, 1.0, -1.0, -1.0])
    np.testing.assert_array_equal(SQ4 @ [1.0, 1.0], y)
    S = max(0.0, float(y @ SQ4[:, 0]) / 4)  # x_1 + x_2 is not 1-Lipschitz
    breaks(found=math.hypot(1, 1), at_least=laws.rademacher_law(1.0, S).value, margin=0.5)


def test_the_tail_needs_fair_labels(breaks):
    rest = generic(1000, 20, rng=0).X
    y = np.where(np.arange(1000) % 2, 1.0, -1.0)
    X = np.column_stack([y, rest]) / math.sqrt(2)
    slope = np.linalg.norm([math.sqrt(2)])
    np.testing.assert_allclose(math.sqrt(2) * X[:, 0], y)
    unit = rademacher.linear_rademacher(X, n_draws=400, rng=0)
    promised = laws.rademacher_law(1.0, unit, 1000, delta=0.05).value
    breaks(found=slope, at_least=promised, margin=10)


def test_the_better_tail_needs_an_exact_fit(breaks):
    """Two far points that agree with probability one half make the average margin alone."""
    n, far = 10_000, 1000.0
    S = {agree: 2 * far * agree / n for agree in (0, 1)}
    unit = (S[0] + S[1]) / 2
    promised = laws.rademacher_law(1.0, unit, n, delta=0.05).value
    f = 1 / S[1]  # the slope of w x with average margin 1
    assert f * 2 * far / n == pytest.approx(1)
    breaks(found=f, at_least=promised, margin=4)  # and that in one half of the draws


# -- numbers of cones, the search ----------------------------------------------------------------
def test_larger_cones_have_larger_numbers():
    rates = EXPERIMENTS["complexities"](EXPERIMENTS["complexities"].params("quick"), 0)
    assert (rates["ball_high"] > rates["quadratic"]).all()
    assert (rates["quadratic"] > rates["linear"]).all()
    assert (rates["ball_plane"] > rates["neuron"]).all()
    assert 1 / rates["ball_high"][-1] < 2


def test_a_search_is_refused_in_the_denominator():
    cloud = generic(8, 3, rng=0).X
    exact = rademacher.neuron_rademacher(cloud, exact=True)
    climbed = rademacher.neuron_rademacher(cloud, exact=True, method="ascent", restarts=1)
    assert climbed < exact
    with pytest.raises(ValueError, match="over-states the law"):
        laws.rademacher_law(1.0, climbed)


def test_weights_cancel_and_slopes_do_not_see_it():
    f = TwoLayerNetwork([[1.0, 0.0], [0.0, 30.0], [0.0, 30.0]], np.zeros(3), [1.0, 20.0, -20.0])
    path = np.abs(f.a) @ np.linalg.norm(f.W, axis=1)
    assert path > 1000 * exact_plane(f.to_relu_network()).value


# -- weights inside a logarithm ------------------------------------------------------------------
def test_weights_enter_through_a_logarithm():
    seen = EXPERIMENTS["log_weights"](EXPERIMENTS["log_weights"].params("quick"), 0)
    assert seen["by_weight"][0] / seen["by_weight"][-1] == pytest.approx(2.4, abs=0.05)
    squares = 1 / seen["by_weight"] ** 2  # affine in the logarithm, up to the 1 inside
    assert np.diff(squares)[1:] == pytest.approx(np.diff(squares)[1] * np.ones(5), rel=0.02)
    assert seen["silent"] == 1137
    sphere, gauss = (laws.two_layer_law(10**6, 100, 10, 10, 10, c=c).value for c in (100 / 99, 1))
    assert 0.994 < sphere / gauss < 0.996


def test_the_law_by_counting_needs_fair_labels(breaks):
    promised = laws.two_layer_law(10**6, 100, 10, 1, 1).value
    X, ones = generic(50, 100, rng=0).X, np.ones(50)
    W, b = np.zeros((10, 100)), np.zeros(10)
    b[0] = 1.0
    f = TwoLayerNetwork(W, b, np.eye(10)[0])
    np.testing.assert_array_equal(f(X), ones)
    breaks(found=np.linalg.norm(f.gradient(X), axis=1).max(), at_least=promised, margin=10)


# -- depth ---------------------------------------------------------------------------------------
@pytest.mark.parametrize("n", [2, 4, 6])
@pytest.mark.parametrize("M", [1.1, 1.6, 2.5])
def test_small_layers_need_depth(n, M):
    """Depth one and two by exact enumeration: the share P that a margin allows, and the bound."""
    X, _ = generic(n, 2, rng=n)
    linear = np.array([np.linalg.norm(y @ X) / n for y in all_labels(n)])
    neuron = np.array([rademacher.relu_neuron_sup(X, y).value / n for y in all_labels(n)])
    for depth, best in ((1, M * linear), (2, M**2 * neuron)):
        for gamma in np.unique(best.round(12))[1:]:
            P = np.mean(best >= gamma * (1 - 1e-9))
            assert laws.min_depth_to_fit(n, M, float(gamma), 1.0, float(P)) <= depth


def test_log_n_layers_are_enough():
    seen = EXPERIMENTS["log_depth"](EXPERIMENTS["log_depth"].params("quick"), 0)
    assert seen["fit_error"] < 1e-12
    assert seen["largest_norm"] <= 3 * (1 + 1e-12)
    np.testing.assert_array_equal(seen["built"], [laws.cap_depth(int(n), 3.0) for n in seen["n"]])
    assert (seen["lipschitz"] < 4.36).all()
    assert seen["built"][-1] == 12


def test_depth_needs_every_layer_small(breaks):
    """All labels of linearly independent points: two layers, and only the first of large norm."""
    n, M = 10, 1.0
    X, _ = generic(n, 40, rng=0)
    for y in all_labels(n):
        w = laws.linear_interpolant(X, y)
        W, a = math.sqrt(2) / M * np.stack([w, -w]), M / math.sqrt(2) * np.array([1.0, -1.0])
        f = TwoLayerNetwork(W, np.zeros(2), a)
        np.testing.assert_allclose(f(X), y, atol=1e-9)
        assert np.linalg.norm(f.a) <= M * (1 + 1e-12)
    breaks(found=2, at_least=laws.min_depth_to_fit(n, M), margin=2)


def test_depth_needs_all_labels(breaks):
    n = 10**4
    y = np.where(np.arange(n) % 2, 1.0, -1.0)
    X = np.column_stack([y, np.ones(n)]) / math.sqrt(2)
    np.testing.assert_allclose(X @ [math.sqrt(2), 0], y)  # one layer of norm sqrt 2
    breaks(found=1, at_least=laws.min_depth_to_fit(n, math.sqrt(2)), margin=5)


def test_the_caps_need_points_apart(breaks):
    angle = 1.5 * math.acos(0.9)
    X = np.array([[1.0, 0.0], [math.cos(angle), math.sin(angle)]])
    f = laws.depth_padded_cap_network(X, [1.0, -1.0], 3.0)
    np.testing.assert_allclose(f(X), [1.0, -1.0], atol=1e-12)
    turns = np.linspace(0, angle, 4001)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    chords = np.abs(np.diff(f(circle))) / np.linalg.norm(np.diff(circle, axis=0), axis=1)
    breaks(found=chords.max(), at_most=math.sqrt(19), margin=2)


def test_caps_that_touch_keep_the_slope():
    """Chords inside a cap, between touching caps and out of one, both signs, on a circle."""
    for t in (0.3, 0.7, 0.9, 0.99):
        angle = 2 * math.acos(t)
        X = np.array([[1.0, 0.0], [math.cos(angle), math.sin(angle)]])
        turns = np.linspace(-angle, 2 * angle, 301)
        circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
        apart = np.linalg.norm(circle[:, None] - circle[None], axis=-1) + np.eye(301)
        for labels in ([1.0, -1.0], [1.0, 1.0]):
            values = np.maximum(circle @ X.T - t, 0) @ labels / (1 - t)
            chords = np.abs(values[:, None] - values[None]) / apart
            assert chords.max() <= math.sqrt((1 + t) / (1 - t)) * (1 + 1e-9)
            assert chords.max() >= 0.9 * math.sqrt((1 + t) / (1 - t))


def test_narrow_layers_silence_the_law_at_the_root_of_nd():
    """Width 3, layers of norm 3: the logarithm holds a product of D norms, so p D counts."""
    n, d, width, norm = 10**6, 100, 3, 3.0
    shallow, deep = (
        laws.isoperimetric_law(n, d, p * D * math.log(norm), 0.75).value
        for D in (100, math.isqrt(n * d))
        for p in [D * width**2 + d * width]
    )
    assert shallow > 1 > deep  # and the root is far below nd = 10**8
    fixed = laws.isoperimetric_law(n, d, (10**4 * width**2) * math.log(norm), 0.75).value
    assert fixed > 1  # with a bounded product of norms it would still speak


def test_deep_enough_is_not_flat():
    X = generic(50, 200, rng=0).X
    flat, sharp = (laws.cap_lipschitz(X, t).value for t in (0.9, 0.999))
    assert sharp > 10 * flat
    assert laws.cap_depth(50, 3.0, 0.999) > laws.cap_depth(50, 3.0)


# -- what is said of the withdrawn preprint ------------------------------------------------------
def test_no_theorem_rests_on_the_withdrawn_preprint():
    boxes = re.findall(r"^:{3,}\{prf:theorem\}.*?^:{4,}$", TEXT, re.S | re.M)
    proofs = re.findall(r"^:{3,}\{dropdown\} .*?^:{3,}$", TEXT, re.S | re.M)
    assert len(boxes) >= 3
    assert not [part for part in (*boxes, *proofs) if "husain2021" in part]
    for line in TEXT.splitlines():
        if "husain2021" in line:
            assert "withdrawn" in line
    assert "lk-read" not in TEXT  # no statement here is printed as a paper's
