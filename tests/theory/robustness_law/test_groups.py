"""The network of groups: it fits, it is as steep as we say, and sampling sees nothing of it."""

import math
from itertools import combinations
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from lipkit.data import generic
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.robustness_law import (
    group_witness,
    grouped_bracket,
    grouped_network,
    interpolation_floor,
)


def orthonormal(m: int, k_positive: int, k_negative: int, extra: int = 0) -> tuple[Any, Any]:
    """m points a group, all of them orthonormal, in `extra` more dimensions than points."""
    n = m * (k_positive + k_negative)
    basis = np.linalg.qr(np.random.default_rng(0).normal(size=(n + extra, n)))[0].T
    return basis, np.repeat([1.0, -1.0], [m * k_positive, m * k_negative])


def quotients(network: TwoLayerNetwork, x: Any, p: float) -> float:
    """The largest difference quotient over short arcs of the sphere that start at x."""
    draws = np.random.default_rng(0)
    g = network.gradient(x)
    along = g - (g @ x) * x
    candidates = [along, *(along + 0.3 * np.abs(along).max() * draws.normal(size=(50, len(x))))]
    if p == 1:
        candidates += [*np.eye(len(x))]
    best = 0.0
    for u in candidates:
        y = x + 1e-6 * u / np.linalg.norm(u)
        y /= np.linalg.norm(y)
        best = max(best, abs(network(y) - network(x)) / np.linalg.norm(y - x, ord=p))
    return best


class TestNetwork:
    @given(n=st.integers(2, 24), share=st.floats(0, 1), seed=st.integers(0, 1000))
    @settings(max_examples=60)
    def test_fits_with_exactly_k_neurons(self, n: int, share: float, seed: int) -> None:
        X, y = generic(n, 400 * n, rng=seed)  # so many dimensions that the groups do not meet
        classes = len(np.unique(y))
        k = classes + round(share * (n - classes))
        f = grouped_network(X, y, k)
        assert f.width == k
        np.testing.assert_allclose(f(X), y, atol=1e-8)
        np.testing.assert_array_equal(np.abs(f.a), 2.0)
        np.testing.assert_array_equal(f.b, -0.5)
        own = X @ f.W.T > 0.75  # a group's points answer 1, all others at most 1/2
        assert (own.sum(axis=1) == 1).all()
        sizes = own.sum(axis=0)
        for label in np.unique(y):
            groups = np.sign(f.a) == label
            assert (y[own[:, groups].any(axis=1)] == label).all()
            assert np.ptp(sizes[groups]) <= 1
            fair = k * np.mean(y == label)  # as many groups as its share of the points
            assert abs(groups.sum() - fair) <= 0.5 or 1 in (groups.sum(), k - groups.sum())

    @pytest.mark.parametrize(
        ("positive", "negative", "k"),
        [(5, 5, 2), (5, 5, 10), (1, 9, 2), (9, 1, 3), (9, 1, 9), (3, 7, 4), (10, 0, 1), (0, 10, 3)],
    )
    def test_any_balance_of_labels(self, positive: int, negative: int, k: int) -> None:
        X, y = np.eye(10), np.repeat([1.0, -1.0], [positive, negative])
        f = grouped_network(X, y, k)
        assert f.width == k
        np.testing.assert_allclose(f(X), y, atol=1e-12)

    def test_groups_of_a_label_in_order_and_nearly_equal(self) -> None:
        f = grouped_network(np.eye(7), [1, -1, 1, 1, -1, 1, 1], 3)
        assert f.W.round(12).tolist() == [
            [1, 0, 1, 1, 0, 0, 0],
            [0, 0, 0, 0, 0, 1, 1],
            [0, 1, 0, 0, 1, 0, 0],
        ]

    def test_each_vector_is_the_shortest(self) -> None:
        """It lies in the span of its group's points: nothing can be taken away from it."""
        X, y = generic(12, 300, rng=0)
        f = grouped_network(X, y, 4)
        for w in f.W:
            group = X[X @ w > 0.75]
            inside = np.linalg.lstsq(group.T, w, rcond=None)[0] @ group
            np.testing.assert_allclose(inside, w, atol=1e-10)

    @pytest.mark.parametrize(
        ("X", "y", "k", "message"),
        [
            (np.eye(2), [1.0, 0.5], 2, r"y: got the label 0.5, expected -1 and \+1"),
            (2 * np.eye(2), [1.0, -1.0], 2, "X: got length 2 in row 0, expected .* unit sphere"),
            (np.eye(2), [1.0, -1.0], 1, "k: got 1, expected 2 to 2"),
            (np.eye(2), [1.0, -1.0], 3, "k: got 3, expected 2 to 2"),
            (np.eye(2), [1.0, 1.0], 0, "k: got 0"),
            (np.eye(2), [1.0], 2, r"y: got shape \(1,\), expected \(2,\)"),
            (np.zeros((0, 2)), [], 1, "at least one point"),
        ],
    )
    def test_bad_input(self, X: Any, y: Any, k: int, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            grouped_network(X, y, k)

    def test_too_many_points_for_the_dimension(self) -> None:
        X, y = generic(40, 10, rng=0)
        with pytest.raises(
            ValueError, match=r"10 dimensions, .* error of .* answers to a point of"
        ):
            grouped_network(X, y, 20)

    def test_dependent_points(self) -> None:
        X = np.array([[1.0, 0.0], [-1.0, 0.0]])
        with pytest.raises(ValueError, match=r"error of .* depend linearly"):
            grouped_network(X, [1.0, 1.0], 1)
        same = grouped_network([[1.0, 0.0], [1.0, 0.0]], [1.0, 1.0], 1)  # equal points are fine
        assert same([1.0, 0.0]) == pytest.approx(1)
        with pytest.raises(ValueError, match="error of"):
            grouped_network([[1.0, 0.0], [1.0, 0.0]], [1.0, -1.0], 2)


class TestWitness:
    # n = 800, d = 1200; the digest's single draws were 4.0, 7.6, 14.4, 27.6 within two per cent
    @pytest.mark.parametrize(("k", "measured"), [(800, 4.0), (400, 7.6), (200, 14.4), (100, 27.6)])
    def test_measured(self, k: int, measured: float) -> None:
        X, y = generic(800, 1200, rng=0)
        f = grouped_network(X, y, k)
        bound = group_witness(f, rng=0)
        assert measured * 0.95 <= bound.value <= measured * 1.1
        assert (bound.kind, bound.norm, bound.domain) == ("lower", (2, 2), "unit sphere")
        assert bound.value > interpolation_floor(X, y).value
        random = generic(2000, 1200, rng=1).X
        assert not f.gradient(random).any()

    @pytest.mark.parametrize("p", [1, 1.5, 2, 4, math.inf])
    def test_the_value_is_a_slope_along_the_sphere(self, p: float) -> None:
        X, y = generic(200, 400, rng=2)
        f = grouped_network(X, y, 50)
        bound = group_witness(f, p=p, rng=0)
        x = bound.witness
        assert bound.norm == (p, p)
        assert np.linalg.norm(x) == pytest.approx(1, rel=1e-12)
        z = f.W @ x + f.b
        assert np.abs(z).min() > 1e-9  # no kink, so f is differentiable there
        assert bound.details["active"] == (z > 0).sum()
        # moving along the sphere in some direction shows the slope
        g = f.gradient(x)
        along = g - (g @ x) * x
        if p == 2:
            assert bound.value == pytest.approx(np.linalg.norm(along), rel=1e-12)
            assert quotients(f, x, 2) == pytest.approx(bound.value, rel=1e-4)
        # Hölder on the tangent space: no multiple of x can be taken off to get below the value
        q = 1 if math.isinf(p) else math.inf if p == 1 else p / (p - 1)
        dual = min(np.linalg.norm(g - c * x, ord=q) for c in np.linspace(-50, 50, 2001))
        assert bound.value <= dual * (1 + 1e-9)
        assert bound.value >= 0.5 * dual

    @pytest.mark.parametrize(("m", "value"), [(1, 2.8284), (2, 6.9282), (4, 14.9666)])
    def test_orthonormal(self, m: int, value: float) -> None:
        k = 2 * m
        f = grouped_network(*orthonormal(m, k, k), 2 * k)
        bound = group_witness(f, rng=0)
        assert bound.value == pytest.approx(value, abs=5e-5)
        bracket = grouped_bracket(m, k, k)
        assert bound.value == pytest.approx(bracket.lower.value, rel=1e-9)

    @pytest.mark.parametrize("balance", [(1, 1), (2, 1), (3, 5), (6, 2), (1, 9)])
    @pytest.mark.parametrize("m", [1, 2, 3])
    def test_inside_the_bracket(self, m: int, balance: tuple[int, int]) -> None:
        f = grouped_network(*orthonormal(m, *balance), sum(balance))
        bracket = grouped_bracket(m, *balance)
        found = group_witness(f, rng=0).value
        assert bracket.lower.value * (1 - 1e-9) <= found <= bracket.upper.value * (1 + 1e-9)

    @pytest.mark.parametrize(("above", "value"), [(1e-13, math.sqrt(8)), (1e-6, 4.0)])
    def test_a_point_too_near_a_kink_does_not_count(self, above: float, value: float) -> None:
        """Four groups are active together by that margin, or, if rounding decides, two."""
        f = TwoLayerNetwork(np.eye(4), np.full(4, above - 0.5), [2.0, 2.0, -2.0, -2.0])
        assert group_witness(f, rng=0).value == pytest.approx(value)

    def test_the_seed_decides(self) -> None:
        f = grouped_network(*generic(60, 200, rng=0), 30)
        a, b = (group_witness(f, rng=rng) for rng in (5, np.random.default_rng(5)))
        assert a == b
        np.testing.assert_array_equal(a.witness, b.witness)

    def test_bad_input(self) -> None:
        f = grouped_network(np.eye(2), [1.0, 1.0], 2)
        with pytest.raises(ValueError, match="groups of one label only"):
            group_witness(f, rng=0)
        with pytest.raises(TypeError, match="network: got ReluNetwork"):
            group_witness(f.to_relu_network(), rng=0)  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="activation 'tanh'"):
            group_witness(TwoLayerNetwork(np.eye(2), np.zeros(2), [1, -1], "tanh"), rng=0)
        g = grouped_network(np.eye(2), [1.0, -1.0], 2)
        with pytest.raises(ValueError, match="trials: got 0"):
            group_witness(g, rng=0, trials=0)
        with pytest.raises(ValueError, match=r"p: got 0\.5"):
            group_witness(g, rng=0, p=0.5)


def tangential(m: int, positive: int, negative: int, k: int) -> float:
    """The steepest point on the sphere at which a given set of groups is active; 0 if none is.

    In the coordinates u_g of x along the orthogonal w_g: minimise the radial part of the gradient,
    2 sqrt(m) sum xi_g u_g, with u_g >= 1/(2 sqrt m) on the set, at most that elsewhere, |u| <= 1
    (there are further dimensions), by a general solver from several starts.
    """
    xi = np.repeat([1.0, -1.0, 0.0], [positive, negative, k - positive - negative])
    active = xi != 0
    threshold = 1 / (2 * math.sqrt(m))
    if active.sum() >= 4 * m:
        return 0.0
    box = [(threshold, 1.0) if a else (-1.0, threshold) for a in active]
    inside = {"type": "ineq", "fun": lambda u: 1 - u @ u, "jac": lambda u: -2 * u}
    radial = math.inf
    for start in (threshold, 1 / math.sqrt(k)):
        found = minimize(
            lambda u: ((xi @ u) ** 2, 2 * (xi @ u) * xi),
            np.where(active, start, 0.0),
            jac=True,
            bounds=box,
            constraints=[inside],
            method="SLSQP",
        )
        u = np.clip(found.x, *np.array(box).T)
        if u @ u <= 1 + 1e-6:
            radial = min(radial, abs(xi @ u))
    return 2 * math.sqrt(m) * math.sqrt(max(0.0, active.sum() - radial**2))


class TestBracket:
    @pytest.mark.parametrize(
        ("m", "balance"),
        [(1, (2, 2)), (1, (3, 1)), (1, (3, 3)), (1, (1, 0)), (2, (2, 2)), (2, (5, 3)), (2, (1, 6))],
    )
    def test_every_active_set(self, m: int, balance: tuple[int, int]) -> None:
        """All active sets, up to exchanging groups of one label: the truth lies in the bracket."""
        k = sum(balance)
        sets = [(a, b) for a in range(balance[0] + 1) for b in range(balance[1] + 1)]
        sphere = max(tangential(m, a, b, k) for a, b in sets)
        ball = max(2 * math.sqrt(m * (a + b)) for a, b in sets if a + b < 4 * m)
        bracket = grouped_bracket(m, *balance)
        assert bracket.lower.value <= sphere * (1 + 1e-6)
        assert sphere <= ball * (1 + 1e-6)
        assert ball == pytest.approx(bracket.upper.value, rel=1e-12)

    @pytest.mark.parametrize(("m", "balance"), [(1, (2, 2)), (1, (2, 1)), (2, (2, 2)), (2, (3, 1))])
    def test_sets_that_points_realise(self, m: int, balance: tuple[int, int]) -> None:
        """Every set of fewer than 4m groups is active at some point, by its network itself."""
        f = grouped_network(*orthonormal(m, *balance, extra=1), sum(balance))
        steepest = 0.0
        for size in range(1, sum(balance) + 1):
            for rows in combinations(range(f.width), size):
                x = f.W[list(rows)].sum(axis=0)
                x *= (1 - 1e-9) / np.linalg.norm(x)
                active = np.flatnonzero(f.W @ x + f.b > 0)
                assert active.tolist() == (list(rows) if size < 4 * m else [])
                steepest = max(steepest, np.linalg.norm(f.gradient(x)))
        assert steepest == pytest.approx(grouped_bracket(m, *balance).upper.value, rel=1e-9)

    def test_random_points_never_exceed_it(self) -> None:
        f = grouped_network(*orthonormal(2, 3, 3), 6)
        draws = np.random.default_rng(0)
        x = draws.choice([0.0, 1.0], size=(5000, 6)) @ f.W + 0.3 * draws.normal(size=(5000, 12))
        x /= np.linalg.norm(x, axis=1, keepdims=True)
        steepest = np.linalg.norm(f.gradient(x), axis=1).max()
        assert 0 < steepest <= grouped_bracket(2, 3, 3).upper.value * (1 + 1e-12)

    @given(m=st.integers(1, 30), half=st.integers(1, 60))
    def test_closed_when_balanced_and_few(self, m: int, half: int) -> None:
        bracket = grouped_bracket(m, half, half)
        n = 2 * m * half
        assert bracket.upper.value <= min(4 * m, 2 * math.sqrt(n)) * (1 + 1e-12)
        if 2 * half <= 4 * m - 1:
            assert bracket.lower.value == bracket.upper.value == 2 * math.sqrt(n)
        else:
            assert bracket.lower.value == pytest.approx(2 * math.sqrt(m * (4 * m - 2)), rel=1e-12)

    def test_one_label_has_no_lower_side(self) -> None:
        assert grouped_bracket(3, 4, 0).lower.value == 0.0
        assert grouped_bracket(3, 0, 1).upper.value == 2 * math.sqrt(3)

    @pytest.mark.parametrize(
        ("m", "k", "message"),
        [
            (0, (1, 1), "m: got 0"),
            (1, (-1, 1), "k_positive: got -1"),
            (1, (1, -1), "k_negative: got -1"),
            (1, (0, 0), "got no group"),
        ],
    )
    def test_bad_input(self, m: int, k: tuple[int, int], message: str) -> None:
        with pytest.raises(ValueError, match=message):
            grouped_bracket(m, *k)
