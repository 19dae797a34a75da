"""Norms of matrices: against NumPy, against brute force, against each other."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lipkit.bound import LAYER
from lipkit.norms import dual_exponent, matrix_norm, pair_norm

INF = math.inf
exponents = st.just(1.0) | st.just(INF) | st.floats(1, 20)
matrices = arrays(
    np.float64,
    array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=4),
    elements=st.floats(-10, 10, allow_subnormal=False),
)


def norms(V: Any, p: float) -> Any:
    return np.linalg.norm(V, ord=p, axis=-1)


def directions(d: int, n: int = 4000, seed: int = 0) -> Any:
    """Random directions, and every sign vector and unit vector among them."""
    draws = np.random.default_rng(seed)
    corners = np.array(list(product([-1.0, 0.0, 1.0], repeat=d)))
    spread = draws.normal(size=(n, d)) * np.exp(draws.normal(size=(n, d)) * 2)
    V = np.vstack([corners, draws.normal(size=(n, d)), spread])
    return V[np.abs(V).max(axis=1) > 0]


def brute_force(A: Any, p: float, q: float) -> float:
    """The largest quotient over many directions: a lower answer that is nearly the norm."""
    V = directions(A.shape[1])
    return float((norms(V @ A.T, q) / norms(V, p)).max())


class TestMatrixNorm:
    @given(A=matrices, p=st.sampled_from([1, 2, INF]))
    @settings(max_examples=60)
    def test_numpy(self, A: Any, p: float) -> None:
        got = matrix_norm(A, p)
        assert got.value == pytest.approx(np.linalg.norm(A, ord=p), rel=1e-12)
        assert (got.kind, got.norm, got.quantity, got.certified) == ("exact", (p, p), LAYER, False)

    @given(matrices)
    @settings(max_examples=20)
    def test_extreme_points_attain_the_sums(self, A: Any) -> None:
        """The l1 ball's corners are unit vectors, those of the sup ball are signs."""
        signs = np.array(list(product([-1.0, 1.0], repeat=A.shape[1])))
        assert matrix_norm(A, 1).value == pytest.approx(norms(A.T, 1).max(), rel=1e-12)
        assert matrix_norm(A, INF).value == pytest.approx(norms(signs @ A.T, INF).max(), rel=1e-12)

    @given(A=matrices, p=exponents)
    @settings(max_examples=60)
    def test_no_direction_exceeds_it(self, A: Any, p: float) -> None:
        for certified in (False, True):
            bound = matrix_norm(A, p, certified=certified)
            assert brute_force(A, p, p) <= bound.value * (1 + 1e-12)
            assert bound.kind == ("exact" if p in (1, 2, INF) and not certified else "upper")
            assert bound.certified == certified

    def test_interpolation_in_closed_form(self) -> None:
        """||A||_1 = 1 and ||A||_2 = sqrt 2, so between them 2^{t/2}, t = 2 - 2/p."""
        A = np.array([[1.0, 1.0], [0.0, 0.0]])
        for p in (1.25, 1.5, 1.9):
            assert matrix_norm(A, p).value == pytest.approx(2 ** ((2 - 2 / p) / 2), rel=1e-12)
            # here the interpolation is the norm itself: ||(1, 1)||_{p'}
            assert matrix_norm(A, p).value == pytest.approx(2 ** (1 / dual_exponent(p)), rel=1e-12)
        B = A.T  # ||B||_2 = sqrt 2, ||B||_inf = 1, and the norm is ||(1, 1)||_p
        for p in (2.5, 4.0, 30.0):
            assert matrix_norm(B, p).value == pytest.approx(2 ** (1 / p), rel=1e-12)

    def test_interpolation_uses_the_nearer_neighbours(self) -> None:
        """From 1 and inf alone an orthogonal matrix would get sqrt 2 at p near 2."""
        H = np.array([[1.0, 1.0], [1.0, -1.0]]) / math.sqrt(2)
        assert matrix_norm(H, 2.0001).value < 1.0001
        assert matrix_norm(H, 1.9999).value < 1.0001

    @given(A=matrices, p=exponents, c=st.floats(-8, 8))
    @settings(max_examples=40)
    def test_laws(self, A: Any, p: float, c: float) -> None:
        value = matrix_norm(A, p).value
        assert matrix_norm(c * A, p).value == pytest.approx(abs(c) * value, rel=1e-9, abs=1e-300)
        assert matrix_norm(A.T, dual_exponent(p)).value == pytest.approx(value, rel=1e-7)
        assert matrix_norm(A, p).value >= np.abs(A).max() * (1 - 1e-9)

    @pytest.mark.parametrize("p", [1, 1.5, 2, 3, INF])
    @pytest.mark.parametrize("certified", [False, True])
    def test_degenerate(self, p: float, certified: bool) -> None:
        assert matrix_norm(np.zeros((2, 3)), p, certified=certified).value == 0.0
        assert matrix_norm(np.zeros((0, 3)), p, certified=certified).value == 0.0
        assert matrix_norm([[-2.0]], p, certified=certified).value == pytest.approx(2, rel=1e-9)
        assert matrix_norm([[1, 0], [0, 1]], p, certified=certified).value == pytest.approx(1)

    @pytest.mark.parametrize(
        ("A", "p", "error", "message"),
        [
            ([1.0, 2.0], 2, ValueError, r"A: got shape \(2,\), expected 2 axes"),
            ([[math.nan]], 2, ValueError, "NaN or infinite"),
            ([[INF]], 2, ValueError, "NaN or infinite"),
            ([["a"]], 2, TypeError, "A: got dtype"),
            ([[1j]], 2, TypeError, "A: got dtype complex"),
            ([[1.0]], 0.5, ValueError, "p: got 0.5, expected 1 <= p <= inf"),
            ([[1.0]], math.nan, ValueError, "p: got nan"),
            ([[1.0]], "2", TypeError, "p: got '2'"),
        ],
    )
    def test_bad_input(self, A: Any, p: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            matrix_norm(A, p)


class TestPairNorm:
    @pytest.mark.parametrize(
        ("shape", "p", "q"),
        [((3, 3), 1, q) for q in (1, 1.5, 2, 7, INF)]
        + [((3, 3), p, INF) for p in (1, 1.5, 2, 7, INF)]
        + [((3, 3), 2, 2), ((2, 4), 2, 2)]
        + [((1, 3), p, q) for p in (1, 1.5, 2, 7, INF) for q in (1, 3, INF)]
        + [((3, 1), p, q) for p in (1, 1.5, 2, 7, INF) for q in (1, 3, INF)],
    )
    def test_brute_force(self, shape: tuple[int, int], p: float, q: float) -> None:
        for seed in range(3):
            A = np.random.default_rng(seed).normal(size=shape)
            found, value = brute_force(A, p, q), float(pair_norm(A, p, q))
            assert found <= value * (1 + 1e-12)
            assert found >= value * 0.97  # thousands of directions in three dimensions come near

    @given(A=matrices, p=exponents, q=exponents)
    @settings(max_examples=60)
    def test_attained(self, A: Any, p: float, q: float) -> None:
        """Hölder's direction of the longest row, or the unit vector of the longest column."""
        assume(A.any())
        if p == 1:
            assert pair_norm(A, 1, q) == pytest.approx(norms(A.T, q).max(), rel=1e-12)
        row = A[:1]
        assert pair_norm(row, p, q) == pytest.approx(norms(row, dual_exponent(p))[0], rel=1e-9)
        assert pair_norm(A, p, INF) == pytest.approx(norms(A, dual_exponent(p)).max(), rel=1e-9)

    def test_agrees_with_matrix_norm(self) -> None:
        A = np.random.default_rng(0).normal(size=(4, 3))
        for p in (1, 2, INF):
            assert pair_norm(A, p, p) == pytest.approx(matrix_norm(A, p).value, rel=1e-12)

    def test_many_at_once(self) -> None:
        A = np.random.default_rng(0).normal(size=(2, 5, 3, 4))
        for p, q in ((1, 3), (2, 2), (4, INF)):
            got = pair_norm(A, p, q)
            assert got.shape == (2, 5)
            one_by_one = [[pair_norm(a, p, q) for a in row] for row in A]
            np.testing.assert_allclose(got, one_by_one, rtol=1e-13)
        assert pair_norm(np.zeros((0, 3, 4)), 2, 2).shape == (0,)
        assert pair_norm(np.zeros((2, 0, 4)), 2, 1).tolist() == [0.0, 0.0]

    @pytest.mark.parametrize(("p", "q"), [(2, 1), (INF, 1), (INF, 2), (3, 3), (2, 3), (1.5, 1.5)])
    def test_refuses_what_has_no_closed_form(self, p: float, q: float) -> None:
        with pytest.raises(ValueError, match=r"expected p = 1, q = inf or p = q = 2"):
            pair_norm(np.eye(2), p, q)

    def test_powers_do_not_overflow(self) -> None:
        assert pair_norm([[3.0, 4.0]], 1.001, 2) == pytest.approx(4.0, rel=1e-3)
        assert pair_norm([[0.3, 0.4]], 1.001, 2) == pytest.approx(0.4, rel=1e-3)
        assert pair_norm([[3e200], [4e200]], 1, 2) == pytest.approx(5e200)
        assert pair_norm([[3e-200, 4e-200]], 2, 2) == pytest.approx(5e-200)
        assert pair_norm([[3e-200, 4e-200]] * 2, 2, INF) == pytest.approx(5e-200)
