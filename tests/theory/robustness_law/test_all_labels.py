"""Laws for given labels, on every label vector of small sets, against fits found another way."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from lipkit.data import generic
from lipkit.theory.robustness_law import (
    interpolation_floor,
    kink_coefficients,
    kink_law,
    linear_law,
    matching_law,
    quadratic_law,
    undercomplete_law,
)


def signs(n: int) -> list[Any]:
    return [np.array(y) for y in product((-1.0, 1.0), repeat=n)]


def directions(count: int) -> Any:
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.column_stack([np.cos(angles), np.sin(angles)])


@pytest.mark.parametrize("gamma", [1.0, 0.4])
@pytest.mark.parametrize("seed", range(3))
def test_the_linear_law_is_the_least_slope_of_a_margin(gamma: float, seed: int) -> None:
    """Of all directions of the plane: the slope that one needs is gamma over its unit margin."""
    X = generic(6, 2, rng=seed).X
    for y in signs(6):
        margins = directions(20_000) @ (y @ X) / 6
        assert linear_law(X, y, gamma).value == pytest.approx(gamma / margins.max(), rel=1e-6)


def test_the_linear_law_below_every_exact_fit() -> None:
    """Least l1 norms by a linear program are above the least l2 norm, which is above the law."""
    X = generic(4, 7, rng=2).X
    for y in signs(4):
        done = linprog(np.ones(14), A_eq=np.hstack([X, -X]), b_eq=y)
        w = done.x[:7] - done.x[7:]
        np.testing.assert_allclose(X @ w, y, atol=1e-7)
        assert linear_law(X, y).value <= np.linalg.norm(w)


@pytest.mark.parametrize(
    "law",
    [linear_law, quadratic_law, matching_law, lambda X, y: undercomplete_law(X, y, 2)],
)
def test_opposite_labels_on_equal_points(law: Any) -> None:
    """Nothing fits, and every law says so; equal labels on equal points are harmless."""
    twice = np.array([[0.6, 0.8], [0.6, 0.8]])
    assert law(twice, [1.0, -1.0]).value == math.inf
    four = np.array([[0.6, 0.8], [0.6, 0.8], [-0.6, 0.8], [-0.6, 0.8]])
    assert 0 < law(four, [1.0, 1.0, -1.0, -1.0]).value < math.inf


@pytest.mark.parametrize("seed", range(3))
def test_the_undercomplete_law_below_the_best_direction(seed: int) -> None:
    X = generic(6, 2, rng=seed).X * np.random.default_rng(seed).random((6, 1))
    U = directions(90)[:45]
    for y in signs(6):
        if abs(y.sum()) == 6:
            continue
        flattest = min(interpolation_floor(X @ u[:, None], y).value for u in U)
        assert undercomplete_law(X, y, 1).value <= flattest * (1 + 1e-9)
        assert undercomplete_law(X, y, 2).value <= interpolation_floor(X, y).value * (1 + 1e-9)


def test_more_directions_promise_less() -> None:
    X, y = generic(40, 5, rng=0)
    laws = [undercomplete_law(X, y, k).value for k in range(1, 7)]
    assert (np.diff(laws[:5]) < 0).all()
    assert laws[5] == laws[4]  # there are no more than five


@given(m=st.integers(0, 4), n=st.integers(1, 7), seed=st.integers(0, 10_000))
@settings(max_examples=80)
def test_the_step_behind_the_kink_law(m: int, n: int, seed: int) -> None:
    """On the line, for every y: what m kinks and slope L can add up to; the law inserts means."""
    draws = np.random.default_rng(seed)
    W, b = draws.choice([-2.0, -1.0, 1.0, 3.0], (m, 1)), draws.uniform(-2, 2, m)
    kinks = kink_coefficients(
        np.append(W, [[1.0]], axis=0), np.append(b, 5.0), draws.normal(size=m + 1)
    )
    edges = np.sort(np.concatenate([[-1.0, 1.0], kinks.t * kinks.u[:, 0]]))
    L = float(np.abs(np.diff(kinks(edges[:, None])) / np.maximum(np.diff(edges), 1e-12)).max())
    assert np.abs(kinks.alpha).sum() <= 2 * len(kinks.alpha) * L * (1 + 1e-6)
    X = draws.uniform(-1, 1, n)
    values, count = kinks(X[:, None]), len(kinks.alpha)
    for y in signs(n):
        bends = max(abs(y @ np.abs(X - t)) for t in (*X, -1.0, 1.0))
        most = L * (1 + count) * abs(y @ X)
        most += (abs(values[0]) + L + count * L) * abs(y.sum())
        assert y @ values <= (most + count * L * bends) * (1 + 1e-6) + 1e-9


@pytest.mark.parametrize("n", [100, 10_000])
def test_more_kinks_promise_less_and_more_labels_more(n: int) -> None:
    some = [kink_law(n, m).value for m in range(5)]
    tail = [kink_law(n, m, delta=0.1).value for m in range(5)]
    assert (np.diff(some) < 0).all()
    assert (np.diff(tail) < 0).all()
    assert all(t < s for s, t in zip(some, tail, strict=True))
    assert kink_law(4 * n, 1).value > kink_law(n, 1).value
