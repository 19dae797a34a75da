"""Linear classes: a closed form a draw, and both sides by hand."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from scipy.optimize import linprog

from lipkit.data import four_points, generic
from lipkit.theory.rademacher import (
    linear_rademacher,
    linear_rademacher_bounds,
    rademacher_mc,
)

INF = math.inf
SQ4 = four_points().X
points = arrays(
    np.float64,
    st.tuples(st.integers(1, 6), st.integers(1, 4)),
    elements=st.floats(-2, 2, allow_subnormal=False, width=32),
)


@pytest.mark.parametrize(
    ("norm", "value", "lower", "upper"),
    [
        (2, (2 + math.sqrt(2)) / 8, 0.3535534, 0.5),
        (1, 0.375, 0.25, 0.5887050),
        (INF, 0.5, 0.5, math.sqrt(0.5)),
    ],
)
def test_digest_values(norm: float, value: float, lower: float, upper: float) -> None:
    exact = linear_rademacher(SQ4, norm=norm, exact=True)
    assert exact == pytest.approx(value, rel=1e-14)
    assert exact.kind == "exact"
    low, high = linear_rademacher_bounds(SQ4, norm=norm)
    assert (low, high) == (pytest.approx(lower, abs=5e-8), pytest.approx(upper, abs=5e-8))
    assert (low.kind, high.kind) == ("lower", "upper")


@pytest.mark.parametrize("norm", [1, INF])
@pytest.mark.parametrize("seed", range(3))
def test_the_supremum_is_a_linear_program(norm: float, seed: int) -> None:
    """max c.w over the unit ball of norm 1 or inf, by a solver that knows no dual norms."""
    X, _ = generic(5, 3, rng=seed)

    def solver(s: Any) -> float:
        c = s @ X
        if norm == 1:  # w = p - q with p, q >= 0 and sum p + q <= 1
            done = linprog(-np.r_[c, -c], A_ub=np.ones((1, 6)), b_ub=[1.0])
        else:
            done = linprog(-c, bounds=[(-1, 1)] * 3)
        return -done.fun

    expected = rademacher_mc(solver, 5, exact=True)
    assert linear_rademacher(X, norm=norm, exact=True) == pytest.approx(expected, rel=1e-9)


@given(X=points, norm=st.sampled_from([1, 2, INF]), B=st.floats(0.1, 10))
@settings(max_examples=100)
def test_both_sides_hold(X: Any, norm: float, B: float) -> None:
    exact = linear_rademacher(X, B, norm, exact=True)
    low, high = linear_rademacher_bounds(X, B, norm)
    assert low <= exact * (1 + 1e-12)
    assert exact <= high * (1 + 1e-12)


@given(X=points, p=st.sampled_from([1, 1.5, 2, 3, INF]))
@settings(max_examples=60)
def test_no_unit_vector_does_better(X: Any, p: float) -> None:
    w = np.random.default_rng(0).normal(size=(50, X.shape[1]))
    w /= np.linalg.norm(w, ord=p, axis=1, keepdims=True)
    exact = linear_rademacher(X, norm=p, exact=True)
    best = rademacher_mc(lambda s: float((w @ X.T @ s).max()), len(X), exact=True)
    assert best <= exact * (1 + 1e-9) + 1e-12


@pytest.mark.parametrize("norm", [1, 2, INF])
def test_draws_come_within_their_half_width(norm: float) -> None:
    X, _ = generic(10, 4, rng=0)
    exact = linear_rademacher(X, 3.0, norm, exact=True)
    for seed in range(10):
        drawn = linear_rademacher(X, 3.0, norm, 800, rng=seed)
        assert drawn.lower <= exact <= drawn.upper
        assert abs(drawn - exact) <= 4.5 * drawn.stderr
    dual = {1: INF, 2: 2, INF: 1}[norm]
    sizes = np.linalg.norm(X, ord=dual, axis=1)
    width = 3 * math.sqrt(2 * (sizes**2).sum() * math.log(40) / 800) / 10
    assert drawn.half_width == pytest.approx(width, rel=1e-12)


def test_changing_a_sign_moves_the_supremum_by_what_the_half_width_assumes() -> None:
    X, _ = generic(6, 3, rng=1)
    s = np.ones(6)
    for norm, dual in ((1, INF), (2, 2), (INF, 1)):
        for i in range(6):
            t = s.copy()
            t[i] = -1
            moved = abs(np.linalg.norm(s @ X, ord=dual) - np.linalg.norm(t @ X, ord=dual))
            assert moved <= 2 * np.linalg.norm(X[i], ord=dual) + 1e-12, norm


def test_the_rate() -> None:
    """sqrt(n) times the complexity tends to 1 from below for points on the sphere, norm 2."""
    for n in (50, 800):
        X, _ = generic(n, 50, rng=0)
        drawn = linear_rademacher(X, n_draws=400)
        assert 0.97 < math.sqrt(n) * drawn < 1.01


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: linear_rademacher(np.zeros((0, 2))), r"X: got shape \(0, 2\)"),
        (lambda: linear_rademacher(np.zeros(3)), "expected 2 axes"),
        (lambda: linear_rademacher([[math.nan]]), "X: got NaN"),
        (lambda: linear_rademacher(SQ4, B=0.0), "B: got 0.0"),
        (lambda: linear_rademacher(SQ4, norm=0.5), "got 0.5"),
        (lambda: linear_rademacher(SQ4, delta=2.0), "delta: got 2.0"),
        (lambda: linear_rademacher_bounds(SQ4, norm=3), "norm: got 3, expected 1, 2 or numpy.inf"),
        (lambda: linear_rademacher_bounds(SQ4, B=-1.0), "B: got -1.0"),
    ],
)
def test_bad_input(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
