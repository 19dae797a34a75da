"""All Lipschitz functions: matching against the linear program it is dual to."""

import math
from itertools import permutations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lipkit.data import four_points, generic
from lipkit.theory.rademacher import lipschitz_ball_rademacher, matching_cost, rademacher_mc

SQ4, LABELS = four_points()


def flattest_program(X: Any, s: Any, anchor: Any | None) -> float:
    """max s.g over values g with |g_i - g_j| <= |x_i - x_j|, and g = 0 at the anchor."""
    points = X if anchor is None else np.vstack([X, anchor])
    weights = np.asarray(s, dtype=float) if anchor is None else np.append(s, 0.0)
    rows, limits = [], []
    for i, j in permutations(range(len(points)), 2):
        row = np.zeros(len(points))
        row[i], row[j] = 1, -1
        rows.append(row)
        limits.append(np.linalg.norm(points[i] - points[j]))
    bounds = [(None, None)] * (len(points) - 1) + [(0, 0)]  # the last one is the zero
    A = np.array(rows) if rows else None
    return -linprog(-weights, A_ub=A, b_ub=limits or None, bounds=bounds).fun


@given(
    n=st.integers(1, 7), d=st.integers(1, 3), seed=st.integers(0, 200), far=st.sampled_from([0, 3])
)
@settings(max_examples=80)
def test_matching_is_the_dual_of_the_flattest_function(n: int, d: int, seed: int, far: int) -> None:
    draws = np.random.default_rng(seed)
    X = draws.integers(-2, 3, size=(n, d)).astype(float)  # repeated points come up often
    s = draws.choice([-1.0, 1.0], size=n)
    anchor = np.full(d, float(far))
    program = flattest_program(X, s, anchor)
    assert matching_cost(X, s, anchor) == pytest.approx(program, abs=1e-9)
    if s.sum() == 0:
        assert matching_cost(X, s) == pytest.approx(flattest_program(X, s, None), abs=1e-9)
        assert matching_cost(X, s) == pytest.approx(program, abs=1e-9)  # constants cancel


def test_digest_value() -> None:
    assert matching_cost(SQ4, LABELS) == pytest.approx(2 * math.sqrt(2), rel=1e-15)
    exact = lipschitz_ball_rademacher(SQ4, exact=True)
    assert exact == pytest.approx((6 + 5 * math.sqrt(2)) / 16, rel=1e-14)
    assert exact == pytest.approx(0.8169417, abs=5e-8)
    assert exact.kind == "exact"


def test_by_hand_on_the_line() -> None:
    X = [[-1.0], [0.5], [2.0]]
    assert matching_cost(X, [1.0, -1.0, 1.0], [0.0]) == pytest.approx(1.5 + 1.0)
    assert matching_cost(X, [1.0, 1.0, 1.0], [0.0]) == pytest.approx(3.5)
    assert matching_cost(X, [-1.0, -1.0, 1.0], [1.0]) == pytest.approx(1.5 + 2.0)


def test_nothing_to_pay_for_points_that_coincide() -> None:
    assert matching_cost([[1.0, 2.0]] * 2, [1.0, -1.0]) == 0.0
    assert matching_cost([[1.0, 2.0]], [1.0], [1.0, 2.0]) == 0.0


def test_draws_within_their_half_width() -> None:
    X, _ = generic(9, 3, rng=0)
    exact = lipschitz_ball_rademacher(X, exact=True)
    by_hand = rademacher_mc(lambda s: matching_cost(X, s, np.zeros(3)), 9, exact=True)
    assert exact == pytest.approx(by_hand, rel=1e-12)
    for seed in range(6):
        drawn = lipschitz_ball_rademacher(X, 300, rng=seed)
        assert abs(drawn - exact) <= min(drawn.half_width, 4.5 * drawn.stderr)
    assert drawn.half_width == pytest.approx(math.sqrt(2 * 9 * math.log(40) / 300) / 9)


def test_the_anchor_may_be_elsewhere() -> None:
    X, _ = generic(6, 2, rng=0)
    here, there = (
        lipschitz_ball_rademacher(X + shift, anchor=shift * np.ones(2), exact=True)
        for shift in (0.0, 5.0)
    )
    assert here == pytest.approx(there, rel=1e-12)
    assert lipschitz_ball_rademacher(X + 5.0, exact=True) > here


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((SQ4, np.ones(4)), r"s: got 4 signs \+1 of 4, expected half of them; pass an anchor"),
        ((SQ4, [1.0, -1.0, 1.0, 0.5]), "s: got the sign 0.5"),
        ((SQ4, LABELS, [0.0]), r"anchor: got shape \(1,\)"),
        ((SQ4, [1.0]), r"s: got shape \(1,\)"),
        ((np.zeros((0, 2)), []), "at least one point"),
    ],
)
def test_bad_input(arguments: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        matching_cost(*arguments)
