"""The minima of the room, each against a slower way to find it."""

import math
from itertools import product

import numpy as np
import pytest
from scipy import optimize

from lipkit.theory import gaussian_comparison as comparison


def data(n, d, seed):
    rng = np.random.default_rng([seed, n, d])
    return rng.normal(size=(n, d)), rng.normal(size=n) / 2


def shadow_data(n, d, seed):
    rng = np.random.default_rng([seed, n, d, 1])
    return rng.normal(size=n) / 2, rng.normal(size=n), rng.normal(size=d)


def best_on_sphere(X, xi, alpha):
    def cost(w):
        return np.linalg.norm(xi - alpha * X @ w / np.linalg.norm(w)) / np.sqrt(len(xi))

    starts = np.random.default_rng(0).normal(size=(12, X.shape[1]))
    return min(optimize.minimize(cost, start, tol=1e-12).fun for start in starts)


@pytest.mark.parametrize("n", [3, 4, 9])
def test_the_least_cost_at_a_distance(n):
    X, xi = data(n, 4, 1)
    for alpha in (0.1, 0.5, 1.3):
        exact = comparison.sphere_costs(X, xi, np.array([alpha]))[0]
        assert exact == pytest.approx(best_on_sphere(X, xi, alpha), abs=1e-6)


def test_the_minimum_over_all_distances_is_least_squares():
    X, xi = data(40, 20, 3)
    w = np.linalg.lstsq(X, xi, rcond=None)[0]
    at = np.linalg.norm(w)
    costs = comparison.sphere_costs(X, xi, at + np.array([-0.1, 0.0, 0.1]))
    assert costs[1] == pytest.approx(np.linalg.norm(xi - X @ w) / np.sqrt(40))
    assert costs[1] < min(costs[0], costs[2])


@pytest.mark.parametrize("seed", range(5))
def test_the_shadow_of_least_squares(seed):
    xi, g, h = shadow_data(60, 8, seed)

    def cost(alpha):
        return np.linalg.norm(xi + alpha * g) - alpha * np.linalg.norm(h)

    best = optimize.minimize_scalar(
        cost, bounds=(0, 50), method="bounded", options={"xatol": 1e-10}
    )
    assert best.fun > 0
    assert comparison.shadow_distance(xi, g, h) == pytest.approx(best.x, abs=1e-5)


def shortest_by_slsqp(xi, g, h):
    """The least length of (a, r) with a cost of at most 0, from several starts."""
    rest = np.linalg.norm(h[1:])

    def cost(at):
        far = np.hypot(at[0] - 1, at[1])
        return np.linalg.norm(xi + far * g) + h[0] * (at[0] - 1) - at[1] * rest

    found = [
        optimize.minimize(
            lambda at: at @ at, start, constraints={"type": "ineq", "fun": lambda at: -cost(at)},
            method="SLSQP", options={"ftol": 1e-14, "maxiter": 500},
        )
        for start in ((0.3, 1.0), (0.9, 0.5), (0.1, 2.0))
    ]  # fmt: skip
    best = min((run for run in found if cost(run.x) < 1e-8), key=lambda run: run.fun)
    return float(np.hypot(best.x[0] - 1, best.x[1]))


@pytest.mark.parametrize("seed", range(4))
def test_the_shortest_solution_of_a_shadow(seed):
    vectors = shadow_data(10, 40, seed)
    distance = shortest_by_slsqp(*vectors)
    assert comparison.shadow_distance(*vectors) == pytest.approx(distance, abs=0.02)


def test_noise_against_g_that_is_not_fitted():
    """Here c = -0.3, k = 0.5 and the part across is 0.35: the least cost is just above 0."""
    g, h = np.array([2.0, 0.0]), np.array([0.6, 0.8])
    found = comparison.shadow_distance(np.array([-0.6, 0.7]), g, h)
    assert found == pytest.approx(0.3 + 0.35 * 0.5 / np.sqrt(0.75))


def test_a_shadow_that_fits_all_although_g_is_longer():
    rng = np.random.default_rng(0)
    g, h = rng.normal(size=8), rng.normal(size=6)
    h *= 0.8 * np.linalg.norm(g) / np.linalg.norm(h)
    xi = 0.1 * rng.normal(size=8) - 0.6 * g  # the noise happens to lie against g
    distance = shortest_by_slsqp(xi, g, h)
    assert comparison.shadow_distance(xi, g, h) == pytest.approx(distance, abs=0.02)


def test_a_minimum_over_the_ball():
    rng = np.random.default_rng(0)
    for n, d in ((2, 3), (3, 3), (5, 2)):
        G, zeta = rng.normal(size=(n, d)), 2 * rng.normal(size=n)
        found = optimize.minimize(
            lambda v, G=G, zeta=zeta: np.sum((zeta + G @ v) ** 2), np.zeros(d), method="SLSQP",
            constraints={"type": "ineq", "fun": lambda v: 1 - v @ v}, options={"ftol": 1e-15},
        )  # fmt: skip
        assert comparison.ball_minimum(G, zeta) == pytest.approx(np.sqrt(found.fun), abs=1e-5)
    assert comparison.ball_minimum(10 * np.eye(3), np.ones(3)) == 0.0


@pytest.mark.parametrize(("n", "d", "noise"), [(9, 2, 0.3), (9, 2, 6.0), (5, 4, 2.0), (2, 6, 3.0)])
def test_the_shadow_of_the_ball(n, d, noise):
    """Minimisers inside, at the end of the ball, and with more columns than rows."""
    alpha = np.linspace(0, 1, 20_001)[:, None]
    for seed in range(10):
        rng = np.random.default_rng([seed, n])
        zeta, g, h = noise * rng.normal(size=n), rng.normal(size=n), rng.normal(size=d)
        costs = np.linalg.norm(zeta + alpha * g, axis=1) - alpha[:, 0] * np.linalg.norm(h)
        found = comparison.ball_shadow(zeta, g, h)
        assert found == pytest.approx(max(costs.min(), 0.0), abs=1e-7)


def test_all_signs_are_looked_at():
    rng = np.random.default_rng(0)
    G = rng.normal(size=(7, 3, 7))
    signs = np.array(list(product([1.0, -1.0], repeat=7))).T
    slow = np.linalg.norm(G @ signs, axis=1).min(axis=1) / np.sqrt(7)
    np.testing.assert_allclose(comparison.sign_minimum(G), slow, rtol=1e-12)
    assert comparison.sign_minimum(np.array([[2.0]])) == 2.0


def test_the_budget_is_spent_at_best():
    """No other way to move a sample of residuals within the budget costs less."""
    a, r, delta, tau2, eps = 0.7, 0.4, 2.0, 0.25, 0.5
    A, c = np.sqrt(tau2 + (1 - a) ** 2 + r**2), eps * np.hypot(a, r)
    z = A * np.random.default_rng(0).normal(size=400_000)
    best = comparison.shadow_objective(a, r, delta, tau2, eps)
    for p in (0.5, 1.0, 2.0, 4.0):
        soft = p / (1 + p) * np.sign(z) * np.maximum(np.abs(z) - c / p, 0)
        scale = min(1.0, r / np.sqrt(delta * np.mean((soft - z) ** 2)))
        moved = z + scale * (soft - z)
        assert np.mean((np.abs(moved) + c) ** 2) / 2 > best - 2e-3
    assert comparison.shadow_objective(a, 0.0, delta, tau2, eps) > best  # nothing may be moved


# -- least squares -------------------------------------------------------------------------------
@pytest.mark.parametrize("delta", [0.2, 0.5, 0.9, 1.2, 3.0])
@pytest.mark.parametrize("tau2", [0.0, 0.25, 2.0])
def test_the_limit_is_that_of_the_finite_size(delta, tau2):
    limit = comparison.ridgeless_risk(delta, tau2)
    large = comparison.expected_ridgeless_risk(round(1e7 * delta), 10**7, tau2)
    assert large == pytest.approx(limit.standard_risk, rel=1e-5)


def test_the_mean_is_infinite_only_with_noise():
    for n in (9, 10, 11):
        assert comparison.expected_ridgeless_risk(n, 10, 0.25) == math.inf
        assert comparison.expected_ridgeless_risk(n, 10, 0.0) == pytest.approx(max(1 - n / 10, 0))
    assert comparison.ridgeless_risk(1.0, 0.25) == (math.inf, math.inf)
    assert comparison.expected_ridgeless_risk(12, 10, 0.25) == 0.25 * 11
    assert comparison.expected_ridgeless_risk(8, 10, 0.25) == pytest.approx(0.2 + 0.25 * 9)


def test_the_floor_solves_its_equation():
    for ratio in (0.01, 0.5, 1.0, 20.0):
        log_rho = 2 * math.log(comparison.sign_floor(ratio))
        left = math.expm1(log_rho) - log_rho
        assert left == pytest.approx(2 * math.log(2) / ratio, rel=1e-9)


@pytest.mark.parametrize(
    ("call", "said"),
    [
        (lambda: comparison.ridgeless_risk(0.0, 0.25), "n_over_d"),
        (lambda: comparison.ridgeless_risk(1.0, -1.0), "tau2"),
        (lambda: comparison.expected_ridgeless_risk(0, 3, 0.25), "n: got 0"),
        (lambda: comparison.adversarial_shadow(2.0, 0.25, 0.0), "eps"),
        (lambda: comparison.sphere_costs(np.eye(2), [1.0], [1.0]), "shapes"),
        (lambda: comparison.sphere_costs(np.eye(2), [1.0, 0.0], [-1.0]), "alpha"),
        (lambda: comparison.shadow_distance([1.0], [1.0, 2.0], [1.0]), "entries"),
        (lambda: comparison.sign_minimum([1.0, 2.0]), "matrices"),
        (lambda: comparison.sign_minimum(np.ones((1, 27))), "at most 26"),
        (lambda: comparison.ball_minimum(np.eye(2), [1.0]), "zeta"),
        (lambda: comparison.sign_floor(0.0), "n_over_d"),
        (lambda: comparison.sign_minimum([[np.nan]]), "NaN"),
    ],
)
def test_bad_input_is_refused(call, said):
    with pytest.raises(ValueError, match=said):
        call()
