"""The law of a cone: each of its four readings against every label vector, one by one."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import brentq

from lipkit.bound import tightest
from lipkit.data import four_points, generic
from lipkit.theory.rademacher import (
    Complexity,
    linear_rademacher,
    lipschitz_ball_rademacher,
    matching_cost,
    neuron_rademacher,
    relu_neuron_sup,
)
from lipkit.theory.robustness_law import (
    interpolation_floor,
    is_vacuous,
    linear_interpolant,
    linear_law,
    margin_from_mse,
    rademacher_law,
    spectral_proxy,
)

SQ4, LABELS = four_points()


class Case:
    """A cone on fixed points: for every label vector its supremum and its flattest exact fit."""

    def __init__(self, kind: str, n: int, seed: int):
        self.X, _ = generic(n, n + 1 if kind == "linear" else 2, rng=seed)
        self.n = n
        self.labels = [np.array(y) for y in product((-1.0, 1.0), repeat=n)]
        if kind == "linear":
            self.unit = linear_rademacher(self.X, exact=True)
            self.suprema = [np.linalg.norm(y @ self.X) / n for y in self.labels]
            self.optima = np.array(
                [np.linalg.norm(linear_interpolant(self.X, y)) for y in self.labels]
            )
        else:  # all functions that are 0 at the origin
            origin = np.zeros(2)
            self.unit = lipschitz_ball_rademacher(self.X, exact=True)
            self.suprema = [matching_cost(self.X, y, origin) / n for y in self.labels]
            points = np.vstack([self.X, origin])
            self.optima = np.array(
                [interpolation_floor(points, np.append(y, 0)).value for y in self.labels]
            )


CASES = {
    (kind, seed): Case(kind, 7, seed) for kind in ("linear", "all functions") for seed in range(3)
}


@pytest.fixture(params=CASES.values(), ids=map(str, CASES))
def case(request: pytest.FixtureRequest) -> Case:
    return request.param


class TestReadings:
    def test_given_labels(self, case: Case) -> None:
        for S, optimum in zip(case.suprema, case.optima, strict=True):
            law = rademacher_law(1.0, S, reading="given")
            assert law.value <= optimum * (1 + 1e-9)
            assert law.details["holds"] == "for these points and labels"

    def test_average(self, case: Case) -> None:
        law = rademacher_law(1.0, case.unit)
        assert law.details["reading"] == "average"
        assert law.value <= case.optima.mean()
        assert law.value <= np.mean([1 / S for S in case.suprema]) * (1 + 1e-12)  # Jensen

    def test_some_labels(self, case: Case) -> None:
        law = rademacher_law(1.0, case.unit, reading="some")
        assert law.value <= case.optima.max()
        assert law.value <= max(1 / S for S in case.suprema) * (1 + 1e-12)

    @pytest.mark.parametrize("delta", [0.01, 0.05, 0.2, 0.5, 0.9])
    @pytest.mark.parametrize("n", [None, "n"])
    def test_tail(self, case: Case, delta: float, n: str | None) -> None:
        law = rademacher_law(1.0, case.unit, n and case.n, delta=delta)
        assert np.mean(case.optima < law.value) <= delta
        assert law.details["probability"] == 1 - delta
        assert law.method == ("Markov" if n is None else "McDiarmid")

    def test_a_tail_in_the_scaled_form(self, case: Case) -> None:
        """With the class's own b: suprema of the whole class beyond gamma are rare."""
        b = np.linalg.norm(case.X, axis=1).max()  # |g(x_i)| <= |x_i| for a 1-Lipschitz g, g(0) = 0
        for delta in (0.05, 0.3):
            for L in np.linspace(0.2, 2, 10):
                tail = math.exp(-case.n * max(1 - L * case.unit, 0) ** 2 / (2 * (b * L) ** 2))
                markov = L * case.unit
                beyond = np.mean([L * S >= 1 for S in case.suprema])
                assert beyond <= min(tail, markov) + 1e-12, delta

    def test_the_average_is_no_bound_for_each_data_set(self, case: Case) -> None:
        law = rademacher_law(1.0, case.unit)
        assert min(1 / S for S in case.suprema) < law.value

    def test_the_digests_counter_example(self) -> None:
        law = rademacher_law(1.0, linear_rademacher(SQ4, exact=True))
        assert law.value == pytest.approx(2.3431, abs=5e-5)
        y = np.array([1.0, 1.0, -1.0, -1.0])  # fitted by w = (1, 1)
        np.testing.assert_array_equal(SQ4 @ [1.0, 1.0], y)
        assert linear_law(SQ4, y).value == pytest.approx(math.sqrt(2))
        assert linear_law(SQ4, y).value < law.value

    def test_the_readings_do_not_mix(self) -> None:
        unit = linear_rademacher(SQ4, exact=True)
        readings = [
            rademacher_law(1.0, 0.25, reading="given"),
            rademacher_law(1.0, unit),
            rademacher_law(1.0, unit, reading="some"),
            rademacher_law(1.0, unit, delta=0.05),
            rademacher_law(1.0, unit, delta=0.01),
        ]
        assert len({law.quantity for law in readings}) == 5
        for law in readings[1:]:
            with pytest.raises(ValueError, match="different quantity"):
                tightest([readings[0], law])


class TestMargins:
    """Fits that are good on average: each reading against all labels, with an own search."""

    GAMMA = 0.4

    def neuron_optimum(self, X: Any, y: Any) -> float:
        """The least |a||w| of a ReLU(w.x) with the margin, over a fine circle of directions."""
        angles = np.linspace(0, 2 * np.pi, 20_001)
        h = np.maximum(np.stack([np.cos(angles), np.sin(angles)], axis=1) @ X.T, 0) @ y
        return self.GAMMA * len(y) / np.abs(h).max()

    @pytest.mark.parametrize("seed", range(3))
    def test_one_neuron(self, seed: int) -> None:
        """A cone that is not convex: two neurons are no neuron."""
        X, _ = generic(7, 2, rng=seed)
        labels = [np.array(y) for y in product((-1.0, 1.0), repeat=7)]
        found = np.array([self.neuron_optimum(X, y) for y in labels])
        unit = neuron_rademacher(X, exact=True)
        for y, optimum in zip(labels, found, strict=True):
            S = relu_neuron_sup(X, y).value / 7
            law = rademacher_law(self.GAMMA, S, reading="given")
            assert law.value <= optimum * (1 + 1e-9)
            assert optimum <= law.value * (1 + 2e-3)  # attained, up to the grid
        assert rademacher_law(self.GAMMA, unit).value <= found.mean()
        assert rademacher_law(self.GAMMA, unit, reading="some").value <= found.max()
        for delta in (0.01, 0.1, 0.5):
            tail = rademacher_law(self.GAMMA, unit, delta=delta)
            assert np.mean(found < tail.value) <= delta

    @pytest.mark.parametrize("eps", [0.3, 0.9])
    def test_an_mse_below_one(self, eps: float) -> None:
        """The flattest linear function with MSE at most 1 - eps, along the path of ridge fits."""
        n = 7
        X, _ = generic(n, 9, rng=3)
        unit = linear_rademacher(X, exact=True)
        gamma = margin_from_mse(1 - eps)
        assert gamma == pytest.approx(eps / 2)
        slopes = []
        for y in product((-1.0, 1.0), repeat=n):
            slopes.append(self.ridge_slope(X, np.array(y), 1 - eps))
            S = np.linalg.norm(y @ X) / n
            assert rademacher_law(gamma, S, reading="given").value <= slopes[-1] * (1 + 1e-9)
        for delta in (0.2, 0.5, 0.9):
            tail = rademacher_law(gamma, unit, n, delta=delta)
            assert np.mean(np.array(slopes) < tail.value) <= delta

    def ridge_slope(self, X: Any, y: Any, most: float) -> float:
        def fit(log_ridge: float) -> Any:
            return X.T @ np.linalg.solve(X @ X.T + math.exp(log_ridge) * np.eye(len(y)), y)

        def excess(log_ridge: float) -> float:
            return float(np.mean((X @ fit(log_ridge) - y) ** 2)) - most

        return float(np.linalg.norm(fit(brentq(excess, -30, 30))))

    def test_a_star_needs_a_slope_of_at_least_one(self) -> None:
        """Shrinking alone: the multiples t g with t <= 1 of one flat g, and a margin below 1."""
        X, y = np.array([[1.0], [-1.0]]), np.array([1.0, -1.0])
        slope = 0.5  # of g(x) = x / 2, the only one with margin 1/2
        S = float(np.mean(y * slope * X[:, 0]))
        assert rademacher_law(0.5, S, reading="given").value == pytest.approx(1.0)
        assert slope < 1.0  # so the law fails, and g itself is all of the 1-Lipschitz part
        steep = 3.0  # the multiples of 3 x: those with t <= 1/3 are the 1-Lipschitz part
        assert rademacher_law(1.0, float(np.mean(y * X[:, 0])), reading="given").value <= steep

    @pytest.mark.parametrize("seed", range(3))
    def test_both_tails_of_the_supremum(self, seed: int) -> None:
        """Two-sided McDiarmid around the complexity, the class and its bound b as they are."""
        X, _ = generic(9, 4, rng=seed)
        S = np.array([np.linalg.norm(y @ X) / 9 for y in product((-1.0, 1.0), repeat=9)])
        unit = float(linear_rademacher(X, exact=True))
        for delta in (0.05, 0.3):
            deviation = math.sqrt(2 * math.log(2 / delta) / 9)
            assert np.mean(np.abs(S - unit) > deviation) <= delta


class TestValues:
    def test_digest_values(self) -> None:
        assert rademacher_law(1.0, 0.25) == 4.0
        assert rademacher_law(1.0, 0.25, n=800, delta=0.05) == pytest.approx(3.653836, abs=5e-7)
        assert margin_from_mse(0.2) == 0.4
        assert rademacher_law(0.4, 0.25).value == pytest.approx(1.6)

    def test_nothing_and_infinity(self) -> None:
        assert rademacher_law(1.0, 0.0).value == math.inf
        assert rademacher_law(1.0, math.inf).value == 0.0  # the cone contains the constants
        assert rademacher_law(1.0, 0.25, n=1, delta=0.05).value == 0.0
        assert rademacher_law(1.0, 0.0, n=1, delta=0.05).value == 0.0

    def test_b_scales_the_deviation(self) -> None:
        wide = rademacher_law(1.0, 0.25, n=800, b=2.0, delta=0.05).value
        assert wide == pytest.approx((1 - 2 * math.sqrt(2 * math.log(20) / 800)) * 4)

    def test_the_upper_end_of_an_estimate(self) -> None:
        drawn = linear_rademacher(SQ4, n_draws=100)
        law = rademacher_law(1.0, drawn, delta=0.05)
        assert law.value == pytest.approx(0.05 / (drawn.mean + drawn.half_width))
        assert rademacher_law(1.0, Complexity(0.25, kind="estimate", half_width=math.inf)) == 0.0

    @given(mse=st.floats(0, 3))
    def test_margin(self, mse: float) -> None:
        assert margin_from_mse(mse) == max(0.0, (1 - mse) / 2)

    @given(seed=st.integers(0, 100), shrink=st.floats(0, 1))
    @settings(max_examples=50)
    def test_no_fit_has_less_margin_than_its_mse_allows(self, seed: int, shrink: float) -> None:
        draws = np.random.default_rng(seed)
        y = draws.choice([-1.0, 1.0], size=12)
        f = shrink * y + draws.normal(size=12) * draws.uniform(0, 1)
        assert np.mean(y * f) >= margin_from_mse(float(np.mean((f - y) ** 2))) - 1e-12 or (
            np.mean((f - y) ** 2) > 1
        )

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: rademacher_law(0.0, 0.25), "gamma: got 0.0"),
            (lambda: rademacher_law(1.0, -0.25), "unit_rad: got -0.25"),
            (lambda: rademacher_law(1.0, math.nan), "unit_rad: got NaN"),
            (lambda: rademacher_law(1.0, 0.25, n=10, delta=0.0), "delta: got 0.0"),
            (lambda: rademacher_law(1.0, 0.25, n=10, delta=1.5), "delta: got 1.5"),
            (lambda: rademacher_law(1.0, 0.25, n=0, delta=0.5), "n: got 0"),
            (lambda: rademacher_law(1.0, 0.25, n=9, b=0.0, delta=0.5), "b: got 0.0"),
            (lambda: rademacher_law(1.0, 0.25, reading="tail"), "delta: got None with reading"),
            (
                lambda: rademacher_law(1.0, 0.25, delta=0.1, reading="given"),
                "delta: got 0.1 with reading 'given'",
            ),
            (lambda: rademacher_law(1.0, 0.25, reading="all"), "reading: got 'all'"),
            (
                lambda: rademacher_law(1.0, linear_rademacher(SQ4, exact=True), reading="given"),
                "got a Rademacher complexity, an average over labels",
            ),
            (
                lambda: rademacher_law(1.0, neuron_rademacher(SQ4, 5, method="ascent")),
                "got a lower answer, which over-states the law",
            ),
            (lambda: margin_from_mse(-0.1), "mse: got -0.1"),
        ],
    )
    def test_bad_input(self, call: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()


class TestVacuity:
    def test_against_the_floor(self) -> None:
        floor = interpolation_floor(SQ4, LABELS)
        assert is_vacuous(floor, SQ4, LABELS)
        assert is_vacuous(0.0, SQ4, LABELS)
        assert not is_vacuous(rademacher_law(1.0, 0.25), SQ4, LABELS)
        assert is_vacuous(math.inf, [[0.0], [0.0]], [1.0, -1.0])  # nothing fits: nothing to say

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="bound: got NaN"):
            is_vacuous(math.nan, SQ4, LABELS)
        with pytest.raises(ValueError, match=r"bound: got norm pair .*, expected \(2, 2\)"):
            is_vacuous(interpolation_floor(SQ4, LABELS, p=1), SQ4, LABELS)
        with pytest.raises(ValueError, match="bound: got kind 'upper'"):
            is_vacuous(spectral_proxy([[1.0]], [1.0]), SQ4, LABELS)
