"""Certified means: proved in exact rational arithmetic, also where floats over- and underflow."""

import math
from decimal import Decimal, localcontext
from fractions import Fraction
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from lipkit.norms import matrix_norm
from lipkit.norms._gram import gram_upper_bound

LARGEST = np.finfo(np.float64).max
SMALLEST = 5e-324


def exact(A: Any) -> list[list[Fraction]]:
    return [[Fraction(float(x)) for x in row] for row in np.atleast_2d(A)]


def positive_semidefinite(M: list[list[Fraction]]) -> bool:
    """By elimination: each pivot is positive, or 0 with zeros below it."""
    M = [row[:] for row in M]
    for k, pivot_row in enumerate(M):
        pivot, below = pivot_row[k], range(k + 1, len(M))
        if pivot < 0 or (pivot == 0 and any(M[i][k] for i in below)):
            return False
        for i in below:
            factor = M[i][k] / pivot if M[i][k] else Fraction(0)
            if factor:
                M[i] = [x - factor * y for x, y in zip(M[i], pivot_row, strict=True)]
    return True


def at_least_norm(rho: float | Fraction, A: Any) -> bool:
    """Whether rho >= ||A||_2, exactly: rho^2 I - A^T A has no negative eigenvalue."""
    if rho == math.inf:
        return True
    B = exact(A if np.shape(A)[0] >= np.shape(A)[1] else np.transpose(A))
    columns = list(zip(*B, strict=True))
    square = Fraction(rho) ** 2
    return positive_semidefinite(
        [
            [
                (square if i == j else 0) - sum(x * y for x, y in zip(p, q, strict=True))
                for j, q in enumerate(columns)
            ]
            for i, p in enumerate(columns)
        ]
    )


def check(A: Any, tightness: float = 1e-8) -> None:
    bound = matrix_norm(A, 2, certified=True)
    assert bound.certified
    assert bound.kind == "upper"
    assert at_least_norm(bound.value, A)
    if math.isinf(bound.value):
        assert not at_least_norm(LARGEST / (1 + tightness), A)
    elif bound.value > 0:
        below = Fraction(bound.value) * (1 - Fraction(tightness)) - 2 * Fraction(SMALLEST)
        assert below <= 0 or not at_least_norm(below, A)


def test_the_oracle_itself() -> None:
    assert at_least_norm(5.0, [[3.0, 0.0], [0.0, 5.0]])
    assert not at_least_norm(math.nextafter(5.0, 0), [[3.0, 0.0], [0.0, 5.0]])
    assert not positive_semidefinite(exact([[0.0, 1.0], [1.0, 1.0]]))
    assert positive_semidefinite(exact([[0.0, 0.0], [0.0, 1.0]]))
    assert not positive_semidefinite(exact([[1.0, 2.0], [2.0, 1.0]]))


# -- p = 2 -----------------------------------------------------------------------------------
@pytest.mark.parametrize("seed", range(6))
def test_random(seed: int) -> None:
    draws = np.random.default_rng(seed)
    check(draws.normal(size=draws.integers(1, 8, size=2)))


@pytest.mark.parametrize("seed", range(4))
def test_rank_one(seed: int) -> None:
    draws = np.random.default_rng(seed)
    check(np.outer(draws.normal(size=5), draws.normal(size=4)))


@pytest.mark.parametrize("seed", range(4))
def test_integers_and_repeated_singular_values(seed: int) -> None:
    draws = np.random.default_rng(seed)
    check(draws.integers(-3, 4, size=(6, 6)))
    check(np.kron(np.eye(3), draws.integers(-3, 4, size=(2, 2))))


@pytest.mark.parametrize("n", [2, 5, 8])
def test_hilbert(n: int) -> None:
    check(1 / (np.arange(n)[:, None] + np.arange(n) + 1))


@pytest.mark.parametrize("scale", [5e-324, 1e-320, 1e-308, 1e-200, 1e150, 1e300, 1e308])
def test_extreme_scales(scale: float) -> None:
    draws = np.random.default_rng(0)
    check(scale * draws.uniform(-1, 1, size=(3, 4)))
    check(np.full((2, 3), scale))
    check(np.diag([scale, scale / 3]))


def test_scales_mixed_within_one_matrix() -> None:
    check(np.array([[1e300, 1e-300], [1e-300, 1e-300]]))
    check(np.array([[1e-300, 1.0], [1e-320, 1e-8]]))
    check(np.diag([1.0, 1.0 - 2.0**-52, 1e-170]))
    check(np.full((2, 2), LARGEST))


@pytest.mark.parametrize(
    "A",
    [
        np.zeros((3, 2)),
        np.zeros((0, 4)),
        np.zeros((4, 0)),
        np.array([[SMALLEST]]),
        np.array([[-7.0]]),
        np.array([[LARGEST]]),
        np.eye(6),
        np.array([[1.0, 1.0], [1.0, 1.0 + 2**-52]]),
        np.array([[1.0], [0.0], [0.0]]),
        np.array([[3.0, 4.0]]),
        np.array([[0.0, 1.0], [0.0, 0.0]]),
    ],
    ids=lambda A: str(A.shape),
)
def test_degenerate(A: Any) -> None:
    if A.size == 0 or not A.any():
        assert matrix_norm(A, 2, certified=True).value == 0.0
    else:
        check(A)


finite = st.floats(allow_nan=False, allow_infinity=False, allow_subnormal=True)


@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=3), elements=finite))
@settings(max_examples=300)
def test_any_floats_at_all(A: Any) -> None:
    check(A)


@pytest.mark.parametrize("shape", [(300, 200), (64, 500), (400, 400)])
def test_tight_at_the_size_of_a_layer(shape: tuple[int, int]) -> None:
    """Too large for fractions: an accurate SVD is the oracle, with its error on our side."""
    A = np.random.default_rng(1).normal(size=shape)
    reference = np.linalg.svd(A, compute_uv=False)[0]
    assert reference * (1 - 1e-13) <= gram_upper_bound(A) <= reference * (1 + 1e-8)
    Q = np.linalg.qr(A.T if shape[0] < shape[1] else A)[0]  # every singular value is 1
    assert 1 - 1e-13 <= gram_upper_bound(Q) <= 1 + 1e-8


@pytest.mark.parametrize("heads", [1, 8, 64, 256])
def test_sums_that_lose_their_tail(heads: int) -> None:
    """Squares of the tail are below half an ulp of what is summed before: floats drop them all.

    The Frobenius norm and each product are then too small by many ulps, all in one direction.
    """
    v = np.full((9_999, 1), 2.0**-27.5)
    v[:heads] = 1.0
    square = sum(Fraction(x) ** 2 for x in v[:, 0])
    for A in (v, v.T):
        value = Fraction(gram_upper_bound(A))
        assert square <= value**2 <= square * (1 + Fraction(1, 10**8))
    wide = np.kron(v[:4_000], np.ones((1, 3)))  # the same in three equal columns: norm sqrt 3 |v|
    square = 3 * sum(Fraction(x) ** 2 for x in v[:4_000, 0])
    assert square <= Fraction(gram_upper_bound(wide)) ** 2


@given(
    arrays(np.float64, st.tuples(st.integers(1, 40), st.just(1)), elements=st.floats(0.5, 2))
    | arrays(np.float64, st.tuples(st.integers(1, 3), st.integers(1, 2)), elements=st.floats(-2, 2))
)
@settings(max_examples=400)
def test_rank_one_leaves_no_slack_but_the_one_for_rounding(A: Any) -> None:
    assert at_least_norm(gram_upper_bound(A), A)


def test_transposing_changes_nothing() -> None:
    A = np.random.default_rng(2).normal(size=(5, 9))
    assert gram_upper_bound(A) == gram_upper_bound(np.ascontiguousarray(A.T))


def test_the_certificate_stays_within_its_size() -> None:
    with pytest.raises(ValueError, match=r"\(1, 10000\).*below 10000"):
        gram_upper_bound(np.ones((1, 10_000)))


# -- p = 1 and inf: sums rounded up ------------------------------------------------------------
@given(arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=4), elements=finite))
@settings(max_examples=80)
def test_sums_are_the_next_float_above(A: Any) -> None:
    for p, rows in ((1, list(zip(*exact(A), strict=True))), (math.inf, exact(A))):
        true = max(sum(map(abs, row)) for row in rows)
        bound = matrix_norm(A, p, certified=True)
        assert bound.certified
        assert bound.kind == "upper"
        if math.isinf(bound.value):
            assert true > Fraction(LARGEST)
        else:
            assert Fraction(bound.value) >= true
            assert true == 0 or Fraction(math.nextafter(bound.value, 0)) < true


def test_a_sum_that_floats_lose() -> None:
    A = [[1.0, 2.0**-60]]
    assert matrix_norm(A, math.inf).value == 1.0
    assert matrix_norm(A, math.inf, certified=True).value == math.nextafter(1.0, 2)


def test_a_sum_beyond_the_largest_float() -> None:
    assert matrix_norm([[LARGEST, LARGEST]], math.inf, certified=True).value == math.inf
    assert matrix_norm([[LARGEST], [LARGEST]], 1, certified=True).value == math.inf


# -- other p: interpolation ------------------------------------------------------------------
def interpolation(A: Any, p: float) -> Decimal:
    """Riesz-Thorin between the certified ends, with 60 digits and the exponent p as it is."""
    low, high = (1.0, 2.0) if p < 2 else (2.0, math.inf)
    with localcontext() as context:
        context.prec, context.Emax, context.Emin = 60, 10**6, -(10**6)
        inverse_low = 1 / Decimal(low)
        inverse_high = Decimal(0) if math.isinf(high) else 1 / Decimal(high)
        t = (inverse_low - 1 / Decimal(p)) / (inverse_low - inverse_high)
        a, b = (Decimal(matrix_norm(A, end, certified=True).value) for end in (low, high))
        return Decimal((a.ln() * (1 - t) + b.ln() * t).exp())


@given(
    A=arrays(np.float64, array_shapes(min_dims=2, max_dims=2, max_side=3), elements=finite),
    p=st.floats(1, 1e6, exclude_min=True) | st.floats(1, 3, exclude_min=True),
)
@settings(max_examples=300)
def test_interpolation_rounds_up(A: Any, p: float) -> None:
    assume(A.any() and p != 2)
    bound = matrix_norm(A, p, certified=True)
    assert bound.certified
    assert bound.kind == "upper"
    if any(math.isinf(matrix_norm(A, end, certified=True).value) for end in (1, 2, math.inf)):
        return
    true = interpolation(A, p)
    assert Decimal(bound.value) >= true
    if true > Decimal("1e-300") and math.isfinite(bound.value):
        assert Decimal(bound.value) <= true * (1 + Decimal("1e-10"))


@pytest.mark.parametrize("p", [1.5, 3.0, 7.0])
@pytest.mark.parametrize("value", [LARGEST, SMALLEST, 3 * SMALLEST, 1e-310])
def test_interpolation_at_the_ends_of_the_floats(p: float, value: float) -> None:
    assert matrix_norm([[value]], p, certified=True).value >= value
    assert matrix_norm([[value, value], [0.0, value]], p, certified=True).value >= value
