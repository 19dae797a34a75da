"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

import math

import numpy as np
import pytest
from scipy import optimize

from lipkit import experiments
from lipkit.experiments.linear_under_attack import linear_limit, linear_under_attack, training_set
from lipkit.experiments.training_radius import training_radius
from lipkit.norms import dual_exponent, dual_vector, vector_norm
from lipkit.regression import (
    adversarial_least_squares,
    exact_recovery_radius,
    ridge_least_squares,
)
from lipkit.theory.adversarial_features import (
    eps_max,
    exact_recovery_threshold,
    linear_adversarial_theory,
)
from tests.conftest import ROOT

RESULTS = ROOT / "book/static/results"


def loss(X, y, theta, eps, p=2):
    reach = eps * vector_norm(theta, dual_exponent(p))
    return float(np.sum((np.abs(y - X @ theta) + reach) ** 2))


# -- the worst case ------------------------------------------------------------------------------
@pytest.mark.parametrize("p", [1.0, 1.5, 2.0, 3.0, np.inf])
@pytest.mark.parametrize("ell", [np.square, np.abs, np.log1p], ids=["square", "abs", "log"])
def test_the_worst_case_of_a_linear_model(p, ell):
    rng = np.random.default_rng(0)
    theta, x, y = rng.normal(size=3), rng.normal(size=3), 0.4
    r = y - theta @ x
    formula = ell(abs(r) + 0.7 * vector_norm(theta, dual_exponent(p)))
    shifts = rng.normal(size=(200_000, 3))
    shifts *= (0.7 / vector_norm(shifts, p))[:, None]
    reached = ell(np.abs(r - shifts @ theta))
    assert reached.max() <= formula * (1 + 1e-12)
    assert reached.max() > 0.97 * formula
    best = -0.7 * np.sign(r) * dual_vector(theta, p)
    assert ell(abs(y - theta @ (x + best))) == pytest.approx(formula)


def test_the_worst_case_needs_a_linear_model(breaks):
    reached = max(max(-0.5 + delta, 0.0) for delta in np.linspace(-1, 1, 201))
    breaks(found=reached, at_most=0.0, margin=0.4)  # residual and gradient are 0 at -1/2


def test_the_worst_case_needs_a_nondecreasing_loss(breaks):
    def redescending(t):
        return t * math.exp(-t)

    reached = max(redescending(abs(delta)) for delta in np.linspace(-3, 3, 601))
    breaks(found=reached, at_most=redescending(3.0), margin=0.2)


def test_the_worst_case_needs_the_whole_ball(breaks):
    theta, x, y, eps = np.array([1.0, 1.0]), np.array([1.0, 1.0]), 0.0, 0.5
    shifts = np.random.default_rng(0).uniform(-eps, eps, size=(100_000, 2))
    allowed = np.clip(x + shifts, 0, 1)
    formula = abs(y - theta @ x) + eps * 2
    breaks(found=np.abs(y - allowed @ theta).max(), at_least=formula, margin=0.9)


def test_the_robust_risk_is_the_mean_of_the_worst_case():
    rng = np.random.default_rng(1)
    theta, beta, tau = np.array([0.6, 0.3]), np.array([1.0, 0.0]), 0.5
    X = rng.normal(size=(400_000, 2))
    worst = np.abs(X @ (beta - theta) + tau * rng.normal(size=len(X))) + 0.4 * np.hypot(*theta)
    A2, s = tau**2 + np.sum((beta - theta) ** 2), np.hypot(*theta)
    formula = A2 + 2 * math.sqrt(2 / math.pi * A2) * 0.4 * s + (0.4 * s) ** 2
    assert np.mean(worst**2) == pytest.approx(formula, rel=5e-3)


# -- attacks that fail quietly -------------------------------------------------------------------
def pgd(X, y, theta, shift, step, eps, steps):
    for _ in range(steps):
        r = y - (X + shift) @ theta
        shift = shift + step(-2 * r[:, None] * theta)
        shift = shift * np.minimum(1, eps / np.maximum(vector_norm(shift, 2), eps))[:, None]
    return float(np.mean((y - (X + shift) @ theta) ** 2))


def test_an_attack_on_exactly_fitted_points_reports_zero():
    X, y = training_set(100, 3.0, 0.0, 0)
    theta = adversarial_least_squares(X, y, 0.4).theta
    truth = loss(X, y, theta, 0.4) / len(y)
    assert truth == pytest.approx(0.16)
    quiet = pgd(X, y, theta, np.zeros_like(X), lambda g: 0.1 * g, 0.4, 20)
    assert quiet < 1e-10
    start = 0.4 * np.random.default_rng(0).normal(size=X.shape) / 10
    loud = pgd(X, y, theta, start, lambda g: 0.1 * g / vector_norm(g, 2)[:, None], 0.4, 60)
    assert 0.99 * truth < loud <= truth * (1 + 1e-9)
    signs = pgd(X, y, theta, start, lambda g: 0.01 * np.sign(g), 0.4, 60)
    assert signs < 0.1 * truth
    assert signs == pytest.approx(truth / 100, rel=0.1)  # one large coordinate among a hundred


def test_the_sign_finds_two_thirds_where_all_coordinates_are_alike():
    rng = np.random.default_rng(5)
    X, theta = rng.normal(size=(300, 100)), rng.normal(size=100) / 10
    start = 0.4 * rng.normal(size=X.shape) / 10
    signs = pgd(X, X @ theta, theta, start, lambda g: 0.01 * np.sign(g), 0.4, 200)
    assert signs / (0.16 * theta @ theta) == pytest.approx(2 / math.pi, rel=0.1)


def test_a_residual_of_zero_is_attacked_both_ways_and_not_by_its_sign():
    theta = np.array([3.0, -4.0])
    for p in (1.0, 2.0, np.inf):
        step, worst = 0.5 * dual_vector(theta, p), 0.5 * vector_norm(theta, dual_exponent(p))
        assert abs(theta @ step) == abs(theta @ -step) == pytest.approx(worst)
        assert np.sign(0.0) * abs(theta @ step) == 0


# -- nothing is lost -----------------------------------------------------------------------------
@pytest.mark.parametrize(("n", "d", "seed"), [(30, 10, 0), (60, 20, 1), (200, 50, 2)])
def test_nothing_is_lost_up_to_the_free_radius(n, d, seed):
    rng = np.random.default_rng(seed)
    X, beta = rng.standard_t(4, size=(n, d)), rng.normal(size=d)  # any law of the points
    free = exact_recovery_radius(X, beta)
    below = adversarial_least_squares(X, X @ beta, 0.99 * free).theta
    np.testing.assert_allclose(below, beta, atol=1e-6)
    beyond = adversarial_least_squares(X, X @ beta, 1.05 * free)
    assert np.linalg.norm(beyond.theta - beta) > 1e-3
    assert 2 * beyond.objective < loss(X, X @ beta, beta, 1.05 * free) * (1 - 1e-9)


def test_nothing_is_lost_needs_labels_without_noise(breaks):
    X, y = training_set(100, 3.0, 0.01, 0)
    assert exact_recovery_radius(X, np.eye(100)[0]) > 0.5
    theta = adversarial_least_squares(X, y, 0.3).theta
    breaks(found=np.linalg.norm(theta - np.eye(100)[0]), at_most=0.0, margin=0.03)


def test_uniqueness_needs_an_attack(breaks):
    X, beta = np.array([[1.0, 0.0]]), np.array([1.0, 0.0])
    assert exact_recovery_radius(X, beta) == pytest.approx(1)
    other = np.array([1.0, 2.0])
    assert loss(X, X @ beta, other, 0.0) == loss(X, X @ beta, beta, 0.0) == 0
    assert loss(X, X @ beta, other, 0.1) > loss(X, X @ beta, beta, 0.1)
    breaks(found=np.linalg.norm(other - beta), at_most=0.0, margin=1.0)


def test_the_limit_of_the_free_radius():
    stored = experiments.load_result(RESULTS / "recovery_radii.json")
    radii = np.asarray(stored.data["radius"])
    error = radii.std(axis=0, ddof=1) / math.sqrt(len(radii))
    limit = np.asarray(stored.data["limit"])[0]
    assert (np.abs(radii.mean(axis=0) - limit) < 3.5 * error + 0.02 * limit).all()
    np.testing.assert_allclose(limit, exact_recovery_threshold(stored.params["ratios"]))
    assert exact_recovery_threshold(1e6) == pytest.approx(math.sqrt(2 / math.pi), rel=1e-2)
    assert (np.diff(exact_recovery_threshold(np.geomspace(1, 1e4, 400))) > 0).all()


def test_ridge_shrinks_from_the_first_moment():
    X, y = training_set(100, 3.0, 0.0, 0)
    assert np.linalg.norm(ridge_least_squares(X, y, 0.1**2)) < 0.99
    assert adversarial_least_squares(X, y, 0.1).grad_norm == pytest.approx(1, abs=1e-8)


# -- everything is lost --------------------------------------------------------------------------
def switched_off(X, y, p):
    return float(vector_norm(X.T @ y, p) / np.abs(y).sum())


@pytest.mark.parametrize("p", [1.5, 2.0, 5.0])
def test_everything_is_lost_from_a_radius_on(p):
    rng = np.random.default_rng(3)
    X = rng.normal(size=(12, 3))
    y = X[:, 0] + 0.3 * rng.normal(size=12)
    radius = switched_off(X, y, p)
    null = float(y @ y)

    def least(eps):
        starts = [np.zeros(3), *(0.02 * rng.normal(size=(8, 3)))]
        runs = [
            optimize.minimize(lambda t: loss(X, y, t, eps, p), s, method="Nelder-Mead").fun
            for s in starts
        ]
        return min(runs)

    assert least(1.001 * radius) >= null * (1 - 1e-9)
    assert least(0.9 * radius) < null * (1 - 1e-4)


def test_everything_is_lost_exactly_at_the_threshold_in_l2():
    X, y = training_set(60, 2.0, 0.25, 0)
    radius = switched_off(X, y, 2)
    assert not adversarial_least_squares(X, y, radius * (1 + 1e-9)).theta.any()
    assert adversarial_least_squares(X, y, radius * 0.99).theta.any()


def test_everything_is_lost_needs_the_squared_loss(breaks):
    X, y, eps = np.array([[1.0], [-1.0]]), np.array([10.0, 1.0]), 0.5
    grid = np.linspace(-10, 10, 20_001)

    def argmin(power):
        values = [np.sum((np.abs(y - X[:, 0] * t) + eps * abs(t)) ** power) for t in grid]
        return abs(grid[int(np.argmin(values))])

    assert switched_off(X, y, 2) > eps
    assert argmin(1) == pytest.approx(0, abs=1e-9)  # the condition fails, and yet 0 is the answer
    breaks(found=argmin(2), at_most=argmin(1), margin=1.0)


def test_the_limit_of_the_fatal_radius():
    found = [switched_off(*training_set(150, 3.0, 0.25, seed), 2) for seed in range(20)]
    limit = math.sqrt(math.pi / 2 * (1 / 1.25 + 1 / 3))
    assert np.mean(found) == pytest.approx(limit, rel=0.02)
    assert linear_adversarial_theory(3, 0.25, limit * 1.001).zero_phase
    assert not linear_adversarial_theory(3, 0.25, limit * 0.999).zero_phase
    wide = eps_max(1e-3, 3.0, 0.25, activation="relu")
    assert wide < limit  # narrow random features are switched off sooner


# -- between -------------------------------------------------------------------------------------
def test_the_limit_and_the_stored_simulations():
    stored = experiments.load_result(RESULTS / "linear_under_attack.json")
    limit = linear_limit(stored.params["ratios"], stored.params["eps"], stored.params["tau2"])
    for name, value in limit.items():
        draws = np.asarray(stored.data[name])
        error = draws.std(axis=0, ddof=1) / math.sqrt(len(draws))
        allowance = 0.01 * np.abs(value) + 0.003
        assert (np.abs(draws.mean(axis=0) - value) < 3.5 * error + allowance).all(), name


def test_what_the_figure_of_the_risks_says():
    stored = experiments.load_result(RESULTS / "linear_under_attack.json")
    eps = np.linspace(0.05, 1.3, 60)
    half, one, _ = linear_limit(stored.params["ratios"], eps, 0.25)["robust"]
    assert (one > 1.25).all()
    assert (np.diff(half > 1.25).sum(), half[0] < 1.25, half[-1] > 1.25) == (1, True, True)
    limit = linear_limit(stored.params["ratios"], stored.params["eps"], 0.25)
    for name in ("standard", "robust"):
        draws = np.asarray(stored.data[name])
        off = np.abs(draws.mean(axis=0) / limit[name] - 1)
        scatter = draws.std(axis=0) / draws.mean(axis=0)
        assert np.unravel_index(off.argmax(), off.shape) == (1, 0)
        assert np.unravel_index(scatter.argmax(), off.shape) == (1, 0)


def test_the_two_equations_as_printed():
    delta, tau2, eps = 3.0, 0.25, 0.5
    found = linear_adversarial_theory(delta, tau2, eps)
    p, nu = float(found.p), float(found.nu)
    z = np.linspace(-12, 12, 400_001)
    weight = np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi) * (z[1] - z[0])
    beyond = np.maximum(np.abs(z) - nu, 0)
    r_hat = p / (1 + p) * np.sign(z) * beyond
    d_f = 1 - p / (1 + p) * math.erfc(nu / math.sqrt(2))
    V, excess = weight @ (z - r_hat) ** 2, weight @ beyond
    lam = delta * d_f
    A2 = (tau2 + (1 - lam) ** 2) / (1 - delta * V)
    s = lam * math.sqrt(1 + A2 * V / (delta * d_f**2))
    omega = eps**2 / (p * d_f) * (1 + excess / (nu * (1 + p)))
    assert 1 / lam - 1 == pytest.approx(omega, rel=1e-4)
    assert eps * s == pytest.approx(nu * p * math.sqrt(A2), rel=1e-4)
    assert found.standard_risk == pytest.approx(A2, rel=1e-4)
    assert s == pytest.approx(found.grad_norm, rel=1e-4)


def test_training_with_the_attack_inside_ends_at_the_exact_fit():
    X, y = training_set(40, 3.0, 0.25, 1)
    theta, eps = np.zeros(40), 0.5
    for t in range(4000):
        sign = np.sign(y - X @ theta)[:, None]
        attacked = X - eps * sign * dual_vector(theta, 2)
        theta += 0.3 / (1 + t / 100) * attacked.T @ (y - attacked @ theta) / len(y)
    exact = adversarial_least_squares(X, y, eps)
    assert 0 <= loss(X, y, theta, eps) / 2 / exact.objective - 1 < 1e-3
    assert np.linalg.norm(theta - exact.theta) < 0.02


# -- training radius against test radius ---------------------------------------------------------
def test_with_noise_the_best_radius_is_larger_and_without_it_smaller():
    noisy = training_radius(1.5, 0.25, 0.5)
    assert noisy["best_radius"] == pytest.approx(0.85, abs=0.05)
    assert noisy["best"] < noisy["same"] < noisy["null"] < noisy["plain"]
    silent = training_radius(1.5, 0.0, 0.5)
    assert silent["best"] == pytest.approx(0.25)
    assert 0.3 < silent["best_radius"] <= exact_recovery_threshold(1.5) < 0.36
    assert training_radius(0.5, 0.0, 0.25)["best_radius"] > 0.5  # n < d: larger, without noise too
    worse = training_radius(1.2, 1.0, 0.25)
    assert worse["same"] > 1.5 * worse["null"] > worse["best"]
    clear = training_radius(1.2, 0.0, 0.75)
    assert clear["best_radius"] < 0.75
    assert clear["best"] == pytest.approx(0.75**2)
    assert clear["same"] > clear["best"] + 0.2
    many = training_radius(20, 0.25, 0.5)
    assert many["best"] == pytest.approx(many["same"], rel=1e-3)
    assert many["same"] == pytest.approx(many["oracle"], rel=0.03)


def test_a_simulated_model_prefers_the_larger_radius_too():
    attacked = {}
    for eps in (0.5, 0.85):
        params = linear_under_attack.params("quick") | {"ratios": [1.5], "eps": [eps]}
        runs = [linear_under_attack(params, seed) for seed in range(12)]
        A, s = (np.array([r[name][0, 0] for r in runs]) for name in ("standard", "length"))
        attacked[eps] = A + 2 * np.sqrt(2 / np.pi * A) * 0.5 * s + (0.5 * s) ** 2
    gain = attacked[0.5] - attacked[0.85]  # the same draws
    assert gain.mean() > 3 * gain.std(ddof=1) / math.sqrt(12)


RATIOS, TESTED = (0.5, 0.8, 1.2, 1.5, 2, 3, 6, 20), (0.1, 0.25, 0.5, 0.75, 1)  # of the explorer


def test_the_caption_of_the_explorer():
    for ratio in RATIOS:
        for eps in TESTED:
            for tau2 in (0.25, 1):
                assert training_radius(ratio, tau2, eps)["best_radius"] >= eps - 1e-9
            if ratio > 1 and eps < math.sqrt(2 / math.pi):
                seen = training_radius(ratio, 0, eps)
                assert seen["best"] == pytest.approx(eps**2)
                assert seen["best_radius"] <= exact_recovery_threshold(ratio)


@pytest.mark.parametrize("tau2", [0, 0.01, 0.1, 0.25, 1])
def test_the_explorer_shows_the_radius_at_which_everything_is_lost(tau2):
    seen = training_radius(0.5, tau2, 1)
    assert math.sqrt(math.pi / 2 * (1 / (1 + tau2) + 2)) < seen["radius"][-1]
    assert seen["robust"][-1] == pytest.approx(seen["null"])


def test_few_points_do_not_keep_the_two_radii_apart():
    """The refuted sentences: only with many points they agree; noise always asks for more."""
    assert training_radius(3, 0.1, 0.5)["best_radius"] == pytest.approx(0.5)
    assert training_radius(1.5, 0.01, 0.5)["best_radius"] < 0.3
    assert training_radius(1.2, 0, 1)["best_radius"] > 1.5  # without noise, at a large test radius


def test_without_noise_the_teacher_is_the_least_attackable_up_to_a_radius():
    edge = math.sqrt(2 / math.pi)

    def risk(theta, eps):  # the teacher is the first axis
        A, s = math.hypot(theta[0] - 1, theta[1]), math.hypot(*theta)
        return A**2 + 2 * edge * eps * s * A + (eps * s) ** 2

    draws = np.random.default_rng(0).normal([1, 0], 0.5, size=(4000, 2))
    for eps in (0.1, 0.5, 0.99 * edge):
        assert min(risk(theta, eps) for theta in draws) >= risk((1, 0), eps)
    assert risk((0.99, 0), 1.05 * edge) < risk((1, 0), 1.05 * edge)
    step = 1e-6
    slope = (risk((1, 0), 0.5) - risk((1 - step, 0), 0.5)) / step
    assert slope == pytest.approx(2 * 0.5 * (0.5 - edge), rel=1e-4)
