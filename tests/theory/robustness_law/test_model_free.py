"""Laws for all functions: matching against a linear program, dimension against all labels."""

import math
from itertools import permutations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lipkit.bound import tightest
from lipkit.data import four_points, generic
from lipkit.theory.robustness_law import dimension_law, interpolation_floor, matching_law

SQ4, LABELS = four_points()


def flattest_with_margin(X: Any, y: Any, gamma: float, anchor: Any | None) -> float:
    """min L over values g and L: |g_i - g_j| <= L |x_i - x_j|, mean y g >= gamma, g(anchor) = 0."""
    points = X if anchor is None else np.vstack([X, anchor])
    n = len(points)
    rows = []
    for i, j in permutations(range(n), 2):
        row = np.zeros(n + 1)
        row[i], row[j], row[n] = 1, -1, -np.linalg.norm(points[i] - points[j])
        rows.append(row)
    rows.append(np.r_[-y / len(y), np.zeros(n + 1 - len(y))])
    limits = np.r_[np.zeros(len(rows) - 1), -gamma]
    bounds = [(None, None)] * len(X) + [(0, 0)] * (n - len(X)) + [(0, None)]
    done = linprog(np.r_[np.zeros(n), 1.0], np.array(rows), limits, bounds=bounds)
    return done.fun if done.success else math.inf


class TestMatching:
    def test_digest_value(self) -> None:
        law = matching_law(SQ4, LABELS)
        assert law.value == pytest.approx(math.sqrt(2), rel=1e-15)
        assert law.details["cost"] == pytest.approx(2 * math.sqrt(2))
        floor = interpolation_floor(SQ4, LABELS)
        assert tightest([law, floor]).value == pytest.approx(floor.value)  # one quantity

    @given(
        n=st.integers(2, 6),
        seed=st.integers(0, 200),
        gamma=st.sampled_from([1.0, 0.5, 2.0]),
        anchored=st.booleans(),
    )
    @settings(max_examples=60)
    def test_it_is_the_optimum_for_a_margin(
        self, n: int, seed: int, gamma: float, anchored: bool
    ) -> None:
        X, y = generic(n, 2, rng=seed)
        anchor = np.array([0.3, -0.2]) if anchored or y.sum() else None
        law = matching_law(X, y, gamma, anchor)
        program = flattest_with_margin(X, y, gamma, anchor)
        assert law.value == pytest.approx(program, rel=1e-7)
        assert law.kind == "lower"

    @given(half=st.integers(1, 6), d=st.integers(1, 4), seed=st.integers(0, 200))
    @settings(max_examples=60)
    def test_an_exact_fit_pays_the_floor_which_is_no_less(
        self, half: int, d: int, seed: int
    ) -> None:
        X, _ = generic(2 * half, d, model="gaussian", rng=seed)
        y = np.repeat([1.0, -1.0], half)
        assert matching_law(X, y).value <= interpolation_floor(X, y).value * (1 + 1e-12)

    def test_the_quantity_names_the_margin_and_the_anchor(self) -> None:
        half = matching_law(SQ4, LABELS, 0.5)
        assert half.quantity.endswith("with average margin 0.5")
        lopsided = matching_law(SQ4, [1.0, 1.0, 1.0, -1.0], anchor=[0.0, 0.0])
        assert "zero at the anchor" in lopsided.quantity
        with pytest.raises(ValueError, match="different quantity"):
            tightest([half, interpolation_floor(SQ4, LABELS)])

    def test_equal_points_with_opposite_labels(self) -> None:
        assert matching_law([[0.0], [0.0]], [1.0, -1.0]).value == math.inf
        assert matching_law([[1.0], [1.0]], [1.0, 1.0], anchor=[0.0]).value == 1.0

    def test_the_plane_has_its_logarithm_and_high_dimension_is_flat(self) -> None:
        """The digest's 8.9 and 15.2 in the disc (means), 1.71 and 1.80 for the ball in d = 50."""
        draws = np.random.default_rng(0)
        for n, plane, high in ((100, 8.9, 1.71), (400, 15.2, 1.80)):
            y = np.repeat([1.0, -1.0], n // 2)
            values = [matching_law(ball(n, 2, draws), y).value for _ in range(15)]
            assert np.mean(values) == pytest.approx(plane, rel=0.12)
            assert matching_law(ball(n, 50, draws), y).value == pytest.approx(high, abs=0.05)

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((SQ4, np.ones(4)), r"y: got 4 labels \+1 of 4, expected half of them; pass an anchor"),
            ((SQ4, [1.0, 2.0, 1.0, 1.0]), "y: got the label 2"),
            ((SQ4, LABELS, 0.0), "gamma: got 0.0"),
            ((SQ4, LABELS, 1.0, [1.0]), r"anchor: got shape \(1,\)"),
            ((np.zeros((0, 1)), []), "at least one point"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            matching_law(*arguments)


def ball(n: int, d: int, draws: Any) -> Any:
    X = draws.normal(size=(n, d))
    return X / np.linalg.norm(X, axis=1, keepdims=True) * draws.random((n, 1)) ** (1 / d)


class TestDimension:
    def test_digest_values(self) -> None:
        assert dimension_law(1000, 2).value == pytest.approx(21.36068, abs=5e-6)
        assert dimension_law(1000, 3).value == pytest.approx(6.937005, abs=5e-7)
        assert dimension_law(2, 1).value == dimension_law(1, 5).value == 0.0
        assert dimension_law(1000, 1000).value < 0.01

    @pytest.mark.parametrize("d", [1, 2, 3])
    @pytest.mark.parametrize("points", ["random", "spread", "repeated", "clusters"])
    def test_all_labels(self, d: int, points: str) -> None:
        """Of all 2^n label vectors at most 2^(n/2) allow a flatter interpolant."""
        n = 8
        draws = np.random.default_rng(d)
        X = {
            "random": ball(n, d, draws),
            "spread": np.pad(np.linspace(-1, 1, n)[:, None], ((0, 0), (0, d - 1))),
            "repeated": np.zeros((n, d)),
            "clusters": 0.5 * np.sign(ball(n, d, draws)) / math.sqrt(d) + 1e-3 * ball(n, d, draws),
        }[points]
        law = dimension_law(n, d)
        flatter = [
            interpolation_floor(X, y).value < law.value for y in product((-1.0, 1.0), repeat=n)
        ]
        assert np.mean(flatter) <= 1 - law.details["probability"] == pytest.approx(2**-4)

    def test_it_says_that_it_is_not_certain(self) -> None:
        law = dimension_law(20, 1)
        assert law.details["reading"] == "tail"
        assert law.details["probability"] == 1 - 2**-10
        assert "fair labels (probability 0.999023)" in law.quantity
        assert "(probability 1 - 3e-151)" in dimension_law(1000, 2).quantity
        assert "(probability 1 - 5e-324)" in dimension_law(10**6, 2).quantity
        one_label = interpolation_floor(np.linspace(-1, 1, 20)[:, None], np.ones(20))
        assert one_label.value == 0 < law.value  # one of the exceptions

    @pytest.mark.parametrize(("n", "d"), [(0, 1), (1, 0)])
    def test_bad_input(self, n: int, d: int) -> None:
        with pytest.raises(ValueError, match="got 0, expected at least 1"):
            dimension_law(n, d)
