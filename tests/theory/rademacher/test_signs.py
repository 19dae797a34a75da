"""Averages over signs: the number, how sure it is, and which side it is on."""

import math
import pickle
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipkit.theory.rademacher import Complexity, rademacher_mc


def absolute_sum(s: Any) -> float:
    return abs(float(s.sum()))


def absolute_sums(S: Any) -> Any:
    return np.abs(S.sum(axis=1))


class TestComplexity:
    def test_it_is_a_float_that_keeps_its_side(self) -> None:
        c = Complexity(0.25, kind="estimate", stderr=0.01, half_width=0.05, draws=100)
        assert c == 0.25
        assert (c.mean, c.stderr, c.half_width, c.draws) == (0.25, 0.01, 0.05, 100)
        assert tuple(c) == (0.25, 0.01, 0.05)
        assert 4 * c == 1.0
        assert not isinstance(4 * c, Complexity)

    @pytest.mark.parametrize(
        ("kind", "lower", "upper"),
        [
            ("exact", 0.2, 0.3),
            ("estimate", 0.2, 0.3),
            ("lower", 0.2, math.inf),
            ("upper", 0.0, 0.3),
        ],
    )
    def test_an_answer_on_one_side_says_nothing_on_the_other(
        self, kind: str, lower: float, upper: float
    ) -> None:
        c = Complexity(0.25, kind=kind, half_width=0.05)
        assert (c.lower, c.upper) == (pytest.approx(lower), pytest.approx(upper))

    def test_the_lower_end_is_at_least_zero(self) -> None:
        assert Complexity(0.01, kind="estimate", half_width=1.0).lower == 0.0

    def test_scaling_scales_all_three_and_keeps_the_rest(self) -> None:
        c = Complexity(0.25, kind="lower", stderr=0.01, half_width=0.05, draws=7, delta=0.1)
        twice = c.scaled(2)
        assert tuple(twice) == (0.5, 0.02, 0.1)
        assert (twice.kind, twice.draws, twice.delta) == ("lower", 7, 0.1)
        with pytest.raises(ValueError, match="factor: got 0"):
            c.scaled(0)

    def test_it_travels(self) -> None:
        c = Complexity(0.25, kind="upper", stderr=0.01, half_width=0.05, draws=7)
        again = pickle.loads(pickle.dumps(c))
        assert (tuple(again), again.kind, again.draws) == (tuple(c), "upper", 7)

    def test_it_prints_what_it_is(self) -> None:
        assert repr(Complexity(0.5, kind="upper")) == "0.5 (upper)"
        assert repr(Complexity(0.5, draws=4)) == "0.5 (exact, 4 draws)"
        sampled = Complexity(0.5, kind="lower", half_width=0.125, draws=9)
        assert repr(sampled) == "0.5 ± 0.12 (lower, 9 draws)"

    def test_bad_kind(self) -> None:
        with pytest.raises(ValueError, match=r"kind: got 'sure', expected one of 'exact'"):
            Complexity(0.5, kind="sure")


class TestAverages:
    @given(n=st.integers(1, 9), seed=st.integers(0, 50))
    def test_all_signs_are_the_average_over_all_signs(self, n: int, seed: int) -> None:
        a = np.random.default_rng(seed).normal(size=n)
        by_hand = [abs(np.dot(s, a)) for s in product((-1, 1), repeat=n)]
        exact = rademacher_mc(lambda s: abs(s @ a), n, exact=True)
        assert exact == pytest.approx(np.mean(by_hand) / n, rel=1e-12)
        assert (exact.kind, exact.draws, exact.stderr, exact.half_width) == ("exact", 2**n, 0, 0)

    def test_each_sign_vector_comes_once(self) -> None:
        seen: list[Any] = []
        rademacher_mc(lambda s: seen.append(tuple(s)) or 0.0, 11, exact=True)
        assert set(seen) == set(product((-1.0, 1.0), repeat=11))
        assert len(seen) == 2**11

    def test_drawn_signs_are_fair_and_independent(self) -> None:
        seen: list[Any] = []
        rademacher_mc(lambda s: seen.append(s.copy()) or 0.0, 5, 4000, rng=0)
        S = np.array(seen)
        assert S.shape == (4000, 5)
        assert set(S.ravel()) == {-1.0, 1.0}
        products = S.T @ S / len(S)
        np.testing.assert_allclose(products, np.eye(5), atol=0.08)  # five standard errors
        np.testing.assert_allclose(S.mean(axis=0), 0, atol=0.08)

    def test_the_digests_half_width(self) -> None:
        found = rademacher_mc(absolute_sum, 4, 1000, radius_sq=4.0, delta=0.05)
        assert found.half_width == pytest.approx(0.0429469, abs=5e-8)

    def test_the_half_width_covers(self) -> None:
        """Far more often than promised, since McDiarmid knows only the range."""
        exact = rademacher_mc(absolute_sum, 6, exact=True)
        runs = [
            rademacher_mc(absolute_sums, 6, 50, rng=r, radius_sq=6.0, vectorized=True)
            for r in range(300)
        ]
        assert np.mean([abs(r - exact) <= r.half_width for r in runs]) >= 0.95
        assert np.mean([r.lower <= exact <= r.upper for r in runs]) >= 0.95
        spread = np.std([float(r) for r in runs])
        assert np.mean([r.stderr for r in runs]) == pytest.approx(spread, rel=0.15)

    def test_one_draw_has_no_standard_error_and_no_radius_no_half_width(self) -> None:
        once = rademacher_mc(absolute_sum, 3, 1)
        assert (once.stderr, once.half_width, once.upper) == (math.inf, math.inf, math.inf)

    def test_vectorised_or_not_the_same_draws(self) -> None:
        one = rademacher_mc(absolute_sum, 7, 1300, rng=3, radius_sq=7.0)
        many = rademacher_mc(absolute_sums, 7, 1300, rng=3, radius_sq=7.0, vectorized=True)
        assert tuple(one) == pytest.approx(tuple(many), rel=1e-12)
        assert (one.draws, one.kind) == (1300, "estimate")

    @pytest.mark.parametrize("exact", [True, False])
    @pytest.mark.parametrize("side", ["lower", "upper"])
    def test_a_search_and_a_bound_keep_their_side(self, side: str, exact: bool) -> None:
        assert rademacher_mc(absolute_sum, 3, 10, side=side, exact=exact).kind == side

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: rademacher_mc(absolute_sum, 0), "n: got 0"),
            (lambda: rademacher_mc(absolute_sum, 3, 0), "n_draws: got 0"),
            (lambda: rademacher_mc(absolute_sum, 3, delta=0.0), "delta: got 0.0, expected a prob"),
            (lambda: rademacher_mc(absolute_sum, 3, delta=1.0), "delta: got 1.0"),
            (lambda: rademacher_mc(absolute_sum, 17, exact=True), "got 17 points, expected at mo"),
            (lambda: rademacher_mc(absolute_sum, 3, radius_sq=-1.0), "radius_sq: got -1.0"),
            (lambda: rademacher_mc(absolute_sum, 3, side="estimate"), "side: got 'estimate'"),
            (lambda: rademacher_mc(lambda s: math.nan, 3), "sup_fn: got NaN"),
            (
                lambda: rademacher_mc(np.sum, 3, 10, vectorized=True),
                r"sup_fn: got shape \(\) for 10 sign vectors, expected \(10,\)",
            ),
        ],
    )
    def test_bad_input(self, call: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()


class TestFiniteClasses:
    """What holds for any class, here rows of values: the lemmas that the laws rest on."""

    def complexity(self, F: Any) -> float:
        return float(rademacher_mc(lambda s: float((F @ s).max()), F.shape[1], exact=True))

    def values(self, seed: int) -> Any:
        draws = np.random.default_rng(seed)
        return draws.normal(size=(draws.integers(1, 7), draws.integers(1, 7)))

    @given(seed=st.integers(0, 200))
    def test_one_function_added_to_all_changes_nothing(self, seed: int) -> None:
        F = self.values(seed)
        shift = np.random.default_rng(seed + 1).normal(size=F.shape[1])
        assert self.complexity(F + shift) == pytest.approx(self.complexity(F), abs=1e-12)
        assert self.complexity(F[:1]) == pytest.approx(0, abs=1e-12)  # one function alone

    @given(seed=st.integers(0, 200))
    def test_contraction(self, seed: int) -> None:
        """1-Lipschitz functions, another for each point: factor 1, without absolute values."""
        F = self.values(seed)
        for phi in (
            lambda F: np.maximum(F, 0),
            lambda F: np.clip(F, -1, 1),
            np.abs,
            lambda F: np.sin(F + np.arange(F.shape[1])),
        ):
            assert self.complexity(phi(F)) <= self.complexity(F) + 1e-12

    def test_with_absolute_values_contraction_costs_two(self) -> None:
        """Two opposite functions of two points; |.| at the second point lets them choose freely."""

        def absolute(F: Any) -> float:
            return float(rademacher_mc(lambda s: float(np.abs(F @ s).max()), 2, exact=True))

        F = np.array([[1.0, 1.0], [-1.0, -1.0]])
        bent = np.column_stack([F[:, 0], np.abs(F[:, 1])])
        assert (absolute(F), absolute(bent)) == (0.5, 1.0)
        assert (self.complexity(F), self.complexity(bent)) == (0.5, 0.5)

    @given(seed=st.integers(0, 200))
    def test_mixtures_add_nothing_and_symmetric_classes_need_no_absolute_value(
        self, seed: int
    ) -> None:
        F = self.values(seed)
        mixed = np.random.default_rng(seed + 1).dirichlet(np.ones(len(F)), size=20) @ F
        assert self.complexity(np.vstack([F, mixed])) == pytest.approx(self.complexity(F))
        both = np.vstack([F, -F])
        absolute = rademacher_mc(lambda s: float(np.abs(F @ s).max()), F.shape[1], exact=True)
        assert self.complexity(both) == pytest.approx(float(absolute))
        assert self.complexity(F) <= float(absolute) + 1e-12
