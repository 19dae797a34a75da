"""The flattest quadratic form: it fits, the certificate proves it, and others find the same."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from lipkit.data import four_points, generic
from lipkit.theory.robustness_law import (
    QuadraticFit,
    min_frobenius_quadratic,
    min_lipschitz_quadratic,
    quadratic_law,
)

SQ4, LABELS = four_points()
FOUR = generic(4, 2, rng=0).X


def check(X: Any, y: Any, fit: QuadraticFit, tol: float = 1e-4) -> None:
    """Both sides from T and the multipliers alone."""
    X, y, T = np.asarray(X), np.asarray(y), fit.T
    np.testing.assert_allclose(T, T.T, atol=1e-9 * (1 + np.abs(T).max()))
    np.testing.assert_allclose(((X @ T) * X).sum(axis=1), y, atol=1e-6 * np.abs(y).max())
    assert fit.bracket.upper.value == pytest.approx(2 * np.linalg.norm(T, 2), rel=1e-9)
    dual = sum(m * np.outer(x, x) for m, x in zip(fit.multipliers, X, strict=True))
    proved = 2 * fit.multipliers @ y / np.linalg.norm(dual, "nuc")
    assert fit.bracket.lower.value == pytest.approx(proved, rel=1e-9)
    assert (fit.bracket.lower.kind, fit.bracket.upper.kind) == ("lower", "upper")
    assert fit.bracket.lower.domain == "unit ball"
    assert fit.bracket.ratio <= 1 / (1 - tol) * (1 + 1e-9)


def free_forms(X: Any) -> tuple[Any, Any]:
    """All symmetric forms as vectors, and those that vanish on the points."""
    d = X.shape[1]
    basis = [np.zeros((d, d)) for _ in range(d * (d + 1) // 2)]
    for T, (i, j) in zip(basis, zip(*np.triu_indices(d), strict=True), strict=True):
        T[i, j] = T[j, i] = 1.0
    A = np.array([[x @ T @ x for T in basis] for x in X])
    null = np.linalg.svd(A)[2][np.linalg.matrix_rank(A) :]
    return np.array(basis), null


@given(n=st.integers(1, 9), d=st.integers(1, 4), seed=st.integers(0, 200))
@settings(max_examples=60)
def test_the_certificate(n: int, d: int, seed: int) -> None:
    X, _ = generic(min(n, d * (d + 1) // 2), d, model="gaussian", rng=seed)
    y = np.random.default_rng(seed).normal(size=len(X))  # any real labels
    check(X, y, min_lipschitz_quadratic(X, y))


@pytest.mark.parametrize(("n", "d"), [(1, 2), (2, 2), (4, 3), (5, 3)])
@pytest.mark.parametrize("seed", range(4))
def test_a_direct_search_finds_the_same(n: int, d: int, seed: int) -> None:
    X, y = generic(n, d, rng=seed)
    fit = min_lipschitz_quadratic(X, y, tol=1e-6)
    check(X, y, fit, 1e-6)
    basis, null = free_forms(X)
    start = min_frobenius_quadratic(X, y)

    def slope(t: Any) -> float:
        return 2 * np.linalg.norm(start + np.tensordot(t @ null, basis, 1), 2)

    options = {"xatol": 1e-10, "fatol": 1e-10, "maxiter": 4000}
    found = minimize(slope, np.zeros(len(null)), method="Nelder-Mead", options=options).fun
    assert fit.bracket.lower.value <= found * (1 + 1e-9)
    assert found == pytest.approx(fit.bracket.upper.value, rel=2e-3)


def test_with_an_oracle() -> None:
    cp = pytest.importorskip("cvxpy", reason="cvxpy is no requirement: an oracle where installed")
    for seed in range(3):
        X, y = generic(20, 8, rng=seed)
        T = cp.Variable((8, 8), symmetric=True)
        fits = [cp.trace(np.outer(x, x) @ T) == label for x, label in zip(X, y, strict=True)]
        cp.Problem(cp.Minimize(cp.sigma_max(T)), fits).solve()
        fit = min_lipschitz_quadratic(X, y, tol=1e-6)
        assert fit.bracket.upper.value == pytest.approx(2 * np.linalg.norm(T.value, 2), rel=1e-4)


def test_closed_forms() -> None:
    one = min_lipschitz_quadratic([[0.6, 0.8], [0.0, 0.0]], [3.0, 0.0])
    assert one.bracket.upper.value == pytest.approx(6.0)  # y / |x|^2, twice
    square = min_lipschitz_quadratic(SQ4, LABELS)
    np.testing.assert_allclose(square.T, np.diag([1.0, -1.0]), atol=1e-9)
    assert square.bracket.upper.value == pytest.approx(2.0)
    identity = min_lipschitz_quadratic(generic(6, 3, rng=0).X, np.ones(6))
    np.testing.assert_allclose(identity.T, np.eye(3), atol=1e-6)


def test_the_form_is_unique_when_the_points_fill_the_space() -> None:
    X, y = generic(10, 4, rng=0)
    fit = min_lipschitz_quadratic(X, y)
    np.testing.assert_allclose(fit.T, min_frobenius_quadratic(X, y), rtol=1e-6, atol=1e-6)
    check(X, y, fit)


@pytest.mark.parametrize(
    ("n", "optimum", "law", "frobenius"),
    [(37, 3.07, 2.89, 4.96), (139, 6.57, 5.24, 9.41), (325, 18.6, 8.14, 25.2)],
)
def test_the_digests_draws(n: int, optimum: float, law: float, frobenius: float) -> None:
    """d = 30, one draw each: quoted to the digits that were stable between settings."""
    X, y = generic(n, 30, rng=0)
    fit = min_lipschitz_quadratic(X, y)
    check(X, y, fit)
    assert fit.bracket.upper.value == pytest.approx(optimum, rel=0.08)
    assert quadratic_law(X, y).value == pytest.approx(law, rel=0.08)
    least = min_frobenius_quadratic(X, y)
    assert 2 * np.linalg.norm(least, 2) == pytest.approx(frobenius, rel=0.1)
    assert np.linalg.norm(least) <= np.linalg.norm(fit.T) * (1 + 1e-9)


def test_fewer_steps_keep_an_honest_bracket() -> None:
    X, y = generic(325, 30, rng=0)
    short = min_lipschitz_quadratic(X, y, iters=3)
    long = min_lipschitz_quadratic(X, y)
    assert (short.iterations, long.iterations < 200) == (3, True)
    assert short.bracket.ratio > 1.01 > long.bracket.ratio
    assert short.bracket.lower.value <= long.bracket.lower.value
    assert short.bracket.upper.value >= long.bracket.upper.value
    check(X, y, short, tol=0.9)


def test_the_step_changes_the_time_and_not_the_answer() -> None:
    X, y = generic(16, 20, rng=0)
    fits = [min_lipschitz_quadratic(X, y, rho=rho) for rho in (0.05, 0.15, 1.0)]
    uppers = [fit.bracket.upper.value for fit in fits]
    assert max(uppers) - min(uppers) <= 2e-4 * min(uppers)
    assert fits[1].iterations < fits[2].iterations


def test_scaling() -> None:
    X, y = generic(16, 8, rng=0)
    once = min_lipschitz_quadratic(X, y).bracket.upper.value
    assert min_lipschitz_quadratic(1e6 * X, y).bracket.upper.value == pytest.approx(1e-12 * once)
    assert min_lipschitz_quadratic(X, 1e9 * y).bracket.upper.value == pytest.approx(1e9 * once)


def test_labels_of_zero() -> None:
    fit = min_lipschitz_quadratic(SQ4, np.zeros(4))
    assert (fit.bracket.upper.value, fit.iterations) == (0.0, 0)
    assert fit.network.width == 0
    np.testing.assert_array_equal(fit.network(SQ4), 0.0)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: min_lipschitz_quadratic([[1.0], [-1.0]], [1, -1]), "that no quadratic form fits"),
        (lambda: min_lipschitz_quadratic(FOUR, LABELS), r"at most d\(d\+1\)/2 = 3 points"),
        (lambda: min_frobenius_quadratic(FOUR, LABELS), "got 4 points in 2 dimensions"),
        (lambda: min_lipschitz_quadratic([[0.0, 0.0]], [1.0]), "that no quadratic form fits"),
        (lambda: min_lipschitz_quadratic(SQ4, LABELS, tol=0.0), r"tol: got 0\.0"),
        (lambda: min_lipschitz_quadratic(SQ4, LABELS, rho=-1.0), r"rho: got -1\.0"),
        (lambda: min_lipschitz_quadratic(SQ4, LABELS, iters=0), "iters: got 0"),
        (lambda: min_lipschitz_quadratic(SQ4, [math.nan] * 4), "y: got NaN"),
    ],
)
def test_bad_input(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
