"""The free radius: closed forms, the primal program, and what moves it."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import optimize

from lipkit.regression import adversarial_least_squares, exact_recovery_radius
from lipkit.theory.adversarial_features import exact_recovery_threshold


def primal(X: Any, beta: Any) -> float:
    n, d = X.shape
    cost = np.concatenate([np.zeros(d), np.full(n, 1 / n)])
    both = np.block([[X, -np.eye(n)], [-X, -np.eye(n)]])
    unit = np.concatenate([beta / np.linalg.norm(beta), np.zeros(n)])[None]
    bounds = [(None, None)] * d + [(0, None)] * n
    return float(optimize.linprog(cost, both, np.zeros(2 * n), unit, [1.0], bounds=bounds).fun)


def test_points_on_the_axes() -> None:
    assert exact_recovery_radius(np.eye(4), np.eye(4)[2]) == pytest.approx(1 / 4)
    assert exact_recovery_radius([[2.0], [-3.0], [0.0]], [5.0]) == pytest.approx(5 / 3)


def test_a_teacher_between_the_axes() -> None:
    # min |h1| + |h2| with h1 + h2 = sqrt(2): every split costs the same
    assert exact_recovery_radius(np.eye(2), [1.0, 1.0]) == pytest.approx(math.sqrt(2) / 2)


@given(seed=st.integers(0, 10**6), n=st.integers(1, 15), d=st.integers(1, 6))
def test_it_is_the_primal_program(seed: int, n: int, d: int) -> None:
    rng = np.random.default_rng(seed)
    X, beta = rng.normal(size=(n, d)), rng.normal(size=d)
    found = exact_recovery_radius(X, beta)
    assert found == pytest.approx(primal(X, beta), abs=1e-7)
    h = rng.normal(size=d)
    h += (1 - h @ beta / np.linalg.norm(beta)) * beta / np.linalg.norm(beta)
    assert found <= np.abs(X @ h).mean() + 1e-9  # no allowed direction is cheaper


@given(seed=st.integers(0, 10**6), c=st.floats(0.1, 10))
def test_units_and_directions(seed: int, c: float) -> None:
    rng = np.random.default_rng(seed)
    X, beta = rng.normal(size=(12, 4)), rng.normal(size=4)
    found = exact_recovery_radius(X, beta)
    assert exact_recovery_radius(c * X, beta) == pytest.approx(c * found, rel=1e-6, abs=1e-9)
    assert exact_recovery_radius(X, -c * beta) == pytest.approx(found, rel=1e-6, abs=1e-9)
    turn = np.linalg.qr(rng.normal(size=(4, 4)))[0]
    assert exact_recovery_radius(X @ turn, turn.T @ beta) == pytest.approx(found, rel=1e-6)
    twice = np.concatenate([X, X])
    assert exact_recovery_radius(twice, beta) == pytest.approx(found, rel=1e-6, abs=1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_it_is_where_the_fit_leaves_the_teacher(seed: int) -> None:
    rng = np.random.default_rng(seed)
    X, beta = rng.normal(size=(25, 8)), rng.normal(size=8)
    free = exact_recovery_radius(X, beta)
    kept = adversarial_least_squares(X, X @ beta, free * 0.995).theta
    left = adversarial_least_squares(X, X @ beta, free * 1.02).theta
    assert np.abs(kept - beta).max() < 1e-6
    assert np.abs(left - beta).max() > 1e-4


def test_fewer_points_than_inputs_leave_nothing_free() -> None:
    X = np.random.default_rng(0).normal(size=(4, 9))
    assert exact_recovery_radius(X, np.ones(9)) == pytest.approx(0, abs=1e-12)


def test_large_samples_are_near_the_limit() -> None:
    X = np.random.default_rng(0).normal(size=(300, 100))
    limit = exact_recovery_threshold(3.0)
    assert exact_recovery_radius(X, np.eye(100)[0]) == pytest.approx(limit, rel=0.06)


@pytest.mark.parametrize(
    ("X", "beta", "message"),
    [
        (np.eye(3), np.ones(2), r"got shapes \(3, 3\) and \(2,\)"),
        (np.zeros((0, 2)), np.ones(2), "n, d >= 1"),
        (np.eye(2), np.zeros(2), "got 0, expected a teacher"),
        (np.eye(2), [1.0, np.nan], "beta"),
        (np.ones(3), np.ones(3), "X"),
    ],
)
def test_bad_input(X: Any, beta: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        exact_recovery_radius(X, beta)
