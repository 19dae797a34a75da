"""The floor: no function through the data is flatter, and one is exactly so."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from lipkit.bound import tightest
from lipkit.data import four_points, generic
from lipkit.theory.robustness_law import interpolation_floor

INF = math.inf
exponents = st.sampled_from([1, 1.5, 2, 4, INF])
points = arrays(
    np.float64,
    st.tuples(st.integers(1, 7), st.integers(1, 3)),
    elements=st.integers(-3, 3).map(float),
)


def slopes(X: Any, y: Any, p: float) -> list[float]:
    """All pairs, one by one."""
    found = []
    for i, j in combinations(range(len(X)), 2):
        run, rise = np.linalg.norm(X[i] - X[j], ord=p), abs(y[i] - y[j])
        if rise > 0:
            found.append(INF if run == 0 else rise / run)
    return found


@given(X=points, p=exponents, seed=st.integers(0, 1000))
@settings(max_examples=150)
def test_all_pairs(X: Any, p: float, seed: int) -> None:
    y = np.random.default_rng(seed).integers(-2, 3, size=len(X)).astype(float)
    floor = interpolation_floor(X, y, p)
    assert floor.value == pytest.approx(max(slopes(X, y, p), default=0.0), rel=1e-12)
    assert (floor.kind, floor.norm) == ("lower", (p, p))
    if floor.value > 0:
        i, j = floor.details["pair"]
        a, b = floor.witness
        np.testing.assert_array_equal([a, b], X[[i, j]])
        run = np.linalg.norm(a - b, ord=p)
        assert (
            math.isinf(floor.value)
            if run == 0
            else abs(y[i] - y[j]) / run == pytest.approx(floor.value, rel=1e-12)
        )
    else:
        assert floor.witness is None


@pytest.mark.parametrize("p", [1, 2, 3, INF])
def test_the_extension_attains_it(p: float) -> None:
    """McShane: g(x) = min_i y_i + L ||x - x_i|| fits and is L-Lipschitz, so no law can say more."""
    X, y = generic(30, 3, rng=0)
    L = interpolation_floor(X, y, p).value

    def g(Z: Any) -> Any:
        return np.min(y + L * np.linalg.norm(Z[:, None] - X[None], ord=p, axis=-1), axis=1)

    np.testing.assert_allclose(g(X), y, atol=1e-12)
    Z = np.random.default_rng(1).normal(size=(300, 3))
    run = np.linalg.norm(Z[1:] - Z[:-1], ord=p, axis=1)
    assert (np.abs(np.diff(g(Z))) <= L * run * (1 + 1e-12)).all()


def test_digest_value() -> None:
    assert interpolation_floor(*four_points()).value == pytest.approx(math.sqrt(2), rel=1e-15)
    assert interpolation_floor(*four_points(), p=1).value == 1.0
    assert interpolation_floor(*four_points(), p=INF).value == 2.0


def test_one_point_one_label_repeated_points() -> None:
    assert interpolation_floor([[1.0, 2.0]], [3.0]).value == 0.0
    assert interpolation_floor(np.eye(4), np.ones(4)).value == 0.0
    twice = [[1.0, 2.0], [0.0, 0.0], [1.0, 2.0]]
    assert interpolation_floor(twice, [1.0, -1.0, 1.0]).value == pytest.approx(2 / math.sqrt(5))
    assert interpolation_floor(twice, [1.0, 1.0, 1.0]).value == 0.0
    both = interpolation_floor(twice, [1.0, -1.0, -1.0])
    assert (both.value, both.details["pair"]) == (INF, (0, 2))


def test_points_that_nearly_coincide() -> None:
    """Differences first: the expanded square would lose these distances altogether."""
    X = np.array([[1.0, 1.0], [1.0 + 2.0**-50, 1.0]])
    assert interpolation_floor(X, [1.0, -1.0]).value == 2.0**51
    assert interpolation_floor([[0.0], [1e-200]], [1.0, -1.0]).value == pytest.approx(2e200)
    assert interpolation_floor([[0.0, 0.0], [3e200, 4e200]], [5.0, -5.0]).value == pytest.approx(
        2e-200
    )
    spread = [[0.0], [1e-200], [1.0], [1e200]]
    assert interpolation_floor(spread, [0.0, 0.0, 1.0, 1.0]).value == 1.0


def test_integer_labels_and_scaling() -> None:
    X, y = generic(20, 3, rng=1)
    once = interpolation_floor(X, y)
    assert interpolation_floor(X, y.astype(int)).value == once.value
    assert interpolation_floor(2 * X, 6 * y).value == pytest.approx(3 * once.value, rel=1e-12)


def test_two_floors_compare_as_bounds() -> None:
    X, y = generic(20, 3, rng=1)
    part, whole = interpolation_floor(X[:10], y[:10]), interpolation_floor(X, y)
    assert tightest([part, whole]).value == whole.value >= part.value


@pytest.mark.parametrize(
    ("X", "y", "message"),
    [
        (np.zeros((0, 2)), np.zeros(0), r"X: got shape \(0, 2\), expected at least one point"),
        (np.zeros((2, 0)), np.zeros(2), r"X: got shape \(2, 0\)"),
        (np.zeros(3), np.zeros(3), r"X: got shape \(3,\), expected 2 axes"),
        (np.zeros((3, 1)), np.zeros((3, 1)), r"y: got shape \(3, 1\), expected 1 axes"),
        (np.zeros((3, 1)), np.zeros(2), r"y: got shape \(2,\), expected \(3,\)"),
        ([[math.nan]], [1.0], "X: got NaN"),
        ([[1.0]], [INF], "y: got NaN or infinite"),
    ],
)
def test_bad_input(X: Any, y: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        interpolation_floor(X, y)
