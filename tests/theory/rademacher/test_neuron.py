"""One ReLU neuron: exact answers against brute force, and the sides of the others."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog, nnls

from lipkit.data import four_points, generic
from lipkit.theory.rademacher import (
    Complexity,
    activation_patterns,
    neuron_rademacher,
    neuron_rademacher_bounds,
    relu_neuron_sup,
    two_layer_rademacher,
)

SQ4, LABELS = four_points()
RHO = (1 + 7 * math.sqrt(2)) / 32


def whole(most_n: int, most_d: int) -> Any:
    """Points with whole coordinates: repeated, opposite, parallel and zero rows come up often."""
    shape = st.tuples(st.integers(1, most_n), st.integers(1, most_d))
    return arrays(np.float64, shape, elements=st.integers(-2, 2).map(float))


def response(X: Any, s: Any, w: Any) -> Any:
    return np.abs(np.maximum(w @ X.T, 0.0) @ s)


def every_pattern(X: Any, s: Any) -> float:
    """All 2^n patterns, realisable or not: the others have a cone without interior."""
    best = 0.0
    for pattern in product((0.0, 1.0), repeat=len(X)):
        walls = (2 * np.array(pattern) - 1)[:, None] * X
        g = (np.array(pattern) * s) @ X
        best = max(best, nnls(walls.T, -g)[1], nnls(walls.T, g)[1])
    return best


class TestPatterns:
    @pytest.mark.parametrize(
        ("n", "d", "count"), [(8, 3, 58), (12, 4, 464), (5, 2, 10), (6, 6, 64)]
    )
    def test_in_general_position(self, n: int, d: int, count: int) -> None:
        X, _ = generic(n, d, rng=0)
        found = activation_patterns(X)
        assert len(found) == count == 2 * sum(math.comb(n - 1, j) for j in range(d))
        self.check(X, found)

    @given(X=whole(7, 3))
    @settings(max_examples=60)
    def test_any_position(self, X: Any) -> None:
        self.check(X, activation_patterns(X), draws=4000)

    def check(self, X: Any, found: Any, draws: int = 60_000) -> None:
        W = np.random.default_rng(1).normal(size=(draws, X.shape[1]))
        seen = {tuple(row) for row in W @ X.T > 0}
        listed = {tuple(row) for row in found}
        assert len(listed) == len(found)
        assert seen <= listed
        for pattern in listed - seen:  # rare ones: a linear program finds a w
            walls = np.where(pattern, 1.0, -1.0)[:, None] * X
            off = walls[np.abs(walls).any(axis=1)]
            free = [(None, None)] * X.shape[1]
            assert linprog(np.zeros(X.shape[1]), -off, -np.ones(len(off)), bounds=free).success

    def test_a_point_at_the_origin_is_never_on(self) -> None:
        assert activation_patterns([[0.0, 0.0]]).tolist() == [[False]]
        assert not activation_patterns([[0.0, 0.0], [1.0, 2.0]])[:, 0].any()

    def test_too_many(self) -> None:
        with pytest.raises(
            ValueError, match=r"got 40 points of rank 5, which may have .* patterns"
        ):
            activation_patterns(generic(40, 5, rng=0).X)


class TestSupremum:
    def test_digest_values(self) -> None:
        for method in ("arc", "enumerate"):
            values = [relu_neuron_sup(SQ4, s, method).value for s in product((-1, 1), repeat=4)]
            assert np.isclose(values, 1.0).sum() == 2
            assert np.isclose(values, math.sqrt(2)).sum() == 14
        assert relu_neuron_sup(SQ4, LABELS, "bound").value == pytest.approx(math.sqrt(2))

    @given(X=whole(9, 2).filter(lambda X: X.shape[1] == 2), seed=st.integers(0, 100))
    @settings(max_examples=80)
    def test_arcs_against_a_grid(self, X: Any, seed: int) -> None:
        s = np.random.default_rng(seed).choice([-1.0, 1.0], size=len(X))
        self.against_a_grid(X, s)

    @pytest.mark.parametrize("n", [1, 2, 3, 20, 50])
    def test_arcs_on_generic_points(self, n: int) -> None:
        X, s = generic(n, 2, model="gaussian", rng=n)
        self.against_a_grid(X, s)

    def against_a_grid(self, X: Any, s: Any) -> None:
        """The grid misses at most the steepest slope in w times half a step."""
        angles = np.linspace(0, 2 * np.pi, 20_001)
        grid = response(X, s, np.column_stack([np.cos(angles), np.sin(angles)])).max()
        found = relu_neuron_sup(X, s, "arc")
        missed = np.linalg.norm(X, axis=1).sum() * np.pi / 20_000
        assert grid - 1e-9 <= found.value <= grid + missed + 1e-9
        assert found.kind == "exact"
        assert response(X, s, found.witness) == pytest.approx(found.value, abs=1e-9)
        assert np.linalg.norm(found.witness) == pytest.approx(1) or found.value < 1e-9

    @given(X=whole(6, 4), seed=st.integers(0, 100))
    @settings(max_examples=60)
    def test_enumeration_against_all_patterns(self, X: Any, seed: int) -> None:
        s = np.random.default_rng(seed).choice([-1.0, 1.0], size=len(X))
        found = relu_neuron_sup(X, s, "enumerate")
        assert found.value == pytest.approx(every_pattern(X, s), abs=1e-9)
        assert found.kind == "exact"
        assert response(X, s, found.witness) == pytest.approx(found.value, abs=1e-9)

    @pytest.mark.parametrize("seed", range(5))
    def test_the_two_exact_methods_agree(self, seed: int) -> None:
        X, s = generic(15, 2, rng=seed)
        arc, patterns = (relu_neuron_sup(X, s, m).value for m in ("arc", "enumerate"))
        assert arc == pytest.approx(patterns, rel=1e-10)

    @pytest.mark.parametrize(("n", "d"), [(8, 3), (12, 4), (20, 3), (30, 2)])
    def test_search_below_truth_below_bound(self, n: int, d: int) -> None:
        for seed in range(4):
            X, s = generic(n, d, rng=seed)
            low, exact, high = (relu_neuron_sup(X, s, m) for m in ("ascent", "auto", "bound"))
            assert (low.kind, exact.kind, high.kind) == ("lower", "exact", "upper")
            assert low.value <= exact.value * (1 + 1e-9)
            assert low.value >= 0.95 * exact.value
            assert exact.value <= high.value * (1 + 1e-12)
            assert response(X, s, low.witness) == pytest.approx(low.value)

    def test_the_bound_is_for_these_signs(self) -> None:
        """Twice the linear class bounds the average only: here it is 0 and a neuron is not."""
        assert np.linalg.norm(LABELS @ SQ4) == 0.0
        assert relu_neuron_sup(SQ4, LABELS).value == pytest.approx(1.0)
        assert relu_neuron_sup(SQ4, LABELS, "bound").value >= 1.0

    def test_auto_says_lower_where_it_searches(self) -> None:
        X, s = generic(60, 10, rng=0)
        found = relu_neuron_sup(X, s)
        assert (found.method, found.kind) == ("ascent", "lower")

    def test_the_ascent_repeats(self) -> None:
        X, s = generic(40, 10, rng=0)
        once, again = (relu_neuron_sup(X, s, "ascent", rng=5).value for _ in range(2))
        assert once == again

    @pytest.mark.parametrize(
        ("X", "s", "method", "message"),
        [
            (SQ4, [1.0, -1.0], "auto", r"s: got shape \(2,\), expected \(4,\)"),
            (SQ4, [1.0, 0.0, 1.0, 1.0], "auto", r"s: got the sign 0, expected -1 and \+1"),
            (SQ4, LABELS, "guess", "method: got 'guess', expected one of 'auto', 'arc'"),
            (np.eye(3), np.ones(3), "arc", "method: got 'arc' in 3 dimensions, expected 2"),
            (generic(40, 6, rng=0).X, np.ones(40), "enumerate", "which may have"),
            (np.zeros((0, 2)), [], "auto", "at least one point"),
        ],
    )
    def test_bad_input(self, X: Any, s: Any, method: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            relu_neuron_sup(X, s, method)


class TestComplexityOfOneNeuron:
    @pytest.mark.parametrize("method", ["auto", "arc", "enumerate"])
    def test_digest_value(self, method: str) -> None:
        found = neuron_rademacher(SQ4, method=method, exact=True)
        assert found == pytest.approx(RHO, rel=1e-12) == pytest.approx(0.3406092, abs=5e-8)
        assert found.kind == "exact"

    @pytest.mark.parametrize(("n", "d"), [(7, 2), (7, 3), (5, 5)])
    def test_sides(self, n: int, d: int) -> None:
        X, _ = generic(n, d, rng=0)
        exact = neuron_rademacher(X, exact=True)
        low, high = neuron_rademacher_bounds(X)
        search = neuron_rademacher(X, method="ascent", exact=True)
        bound = neuron_rademacher(X, method="bound", exact=True)
        assert low <= exact <= high
        assert search <= exact * (1 + 1e-9) <= bound * (1 + 1e-8)
        assert [c.kind for c in (low, high, search, bound)] == ["lower", "upper", "lower", "upper"]

    def test_draws_within_their_half_width(self) -> None:
        X, _ = generic(10, 2, rng=0)
        exact = neuron_rademacher(X, exact=True)
        for seed in range(8):
            drawn = neuron_rademacher(X, 600, rng=seed)
            assert drawn.kind == "estimate"
            assert abs(drawn - exact) <= drawn.half_width
            assert abs(drawn - exact) <= 4.5 * drawn.stderr
        assert drawn.half_width == pytest.approx(math.sqrt(2 * 10 * math.log(40) / 600) / 10)

    def test_the_constant_in_the_plane(self) -> None:
        """The digest's 0.82 and 0.89 for n = 50 and 200, single averages over 12 draws."""
        for n, seen in ((50, 0.82), (200, 0.89)):
            values = [
                math.sqrt(n) * neuron_rademacher(generic(n, 2, rng=r).X, 40, rng=r)
                for r in range(12)
            ]
            assert np.mean(values) == pytest.approx(seen, abs=0.09)


class TestTwoLayer:
    @pytest.mark.parametrize(
        ("norm", "k", "A", "B", "value"),
        [
            ("path", 7, 3.0, 1.0, 1.0218277),
            ("l2_rows", 4, 2.0, 1.0, 1.3624369),
            ("linf_rows", 4, 2.0, 1.0, 2.7248737),
        ],
    )
    def test_digest_values(self, norm: str, k: int, A: float, B: float, value: float) -> None:
        assert two_layer_rademacher(RHO, k, A, B, norm) == pytest.approx(value, abs=6e-8)

    @pytest.mark.parametrize("k", [1, 4, 16])
    def test_which_norm_gives_which_power_of_k(self, k: int) -> None:
        found = {
            norm: two_layer_rademacher(1.0, k, 2.0, 3.0, norm)
            for norm in ("path", "frobenius", "l2_rows", "linf_rows")
        }
        factors = {"path": 1, "frobenius": 1, "l2_rows": math.sqrt(k), "linf_rows": k}
        assert found == pytest.approx({name: 6 * f for name, f in factors.items()})

    @pytest.mark.parametrize("norm", ["path", "frobenius", "l2_rows", "linf_rows"])
    def test_attained_by_aligned_neurons_and_never_exceeded(self, norm: str) -> None:
        k, A, B = 3, 2.0, 1.5
        draws = np.random.default_rng(0)
        X, s = generic(6, 2, rng=0)
        best = relu_neuron_sup(X, s)
        supremum = two_layer_rademacher(best.value, k, A, B, norm)
        sign = np.sign(np.maximum(X @ best.witness, 0) @ s)
        if norm in ("path", "frobenius"):
            a, W = np.array([sign * A, 0, 0]), np.vstack([B * best.witness, np.zeros((2, 2))])
        else:
            a = np.full(k, sign * A / (math.sqrt(k) if norm == "l2_rows" else 1))
            W = np.tile(B * best.witness, (k, 1))
        attained = s @ (np.maximum(X @ W.T, 0) @ a)
        assert attained == pytest.approx(supremum)
        for _ in range(2000):
            a, W = self.member(norm, k, A, B, draws)
            assert s @ (np.maximum(X @ W.T, 0) @ a) <= supremum * (1 + 1e-12)

    def member(self, norm: str, k: int, A: float, B: float, draws: Any) -> Any:
        a, W = draws.normal(size=k), draws.normal(size=(k, 2))
        rows = np.linalg.norm(W, axis=1)
        if norm == "path":
            return a * A * B / (np.abs(a) @ rows), W
        if norm == "frobenius":
            return A * a / np.linalg.norm(a), B * W / np.linalg.norm(W)
        W = B * W / rows[:, None]
        return (A * a / np.linalg.norm(a) if norm == "l2_rows" else A * np.sign(a)), W

    def test_spectral_norms_stay_below_the_rows(self) -> None:
        """Rows of an operator-norm ball cannot all align: the supremum over it is smaller."""
        k, draws = 3, np.random.default_rng(0)
        X, s = generic(6, 3, rng=0)
        most = two_layer_rademacher(relu_neuron_sup(X, s).value, k, 1.0, 1.0, "l2_rows")
        for _ in range(2000):
            W = draws.normal(size=(k, 3))
            W /= np.linalg.norm(W, ord=2)
            h = np.maximum(X @ W.T, 0).T @ s
            assert np.linalg.norm(h) < most

    def test_a_complexity_keeps_its_side(self) -> None:
        rho = Complexity(0.3, kind="lower", stderr=0.01, half_width=0.02, draws=10)
        found = two_layer_rademacher(rho, 4, 1.0, 1.0, "l2_rows")
        assert isinstance(found, Complexity)
        assert (found.kind, tuple(found)) == ("lower", (0.6, 0.02, 0.04))

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0.3, 4, 1.0, 1.0, "bounded"), "norm: got 'bounded', expected one of 'path'"),
            ((0.3, 0, 1.0, 1.0, "path"), "k: got 0"),
            ((0.3, 1, 0.0, 1.0, "path"), "A: got 0.0"),
            ((0.3, 1, 1.0, -1.0, "path"), "B: got -1.0"),
            ((-0.3, 1, 1.0, 1.0, "path"), "rho1: got -0.3"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            two_layer_rademacher(*arguments)
