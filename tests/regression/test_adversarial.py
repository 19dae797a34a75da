"""Adversarial least squares: printed values, another solver, certificate, laws, bad inputs."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from scipy import optimize

from lipkit._validate import Array
from lipkit.experiments.surrogate_runs import draw as draw_run
from lipkit.regression import _adversarial as solver
from lipkit.regression import adversarial_least_squares, ridge_least_squares
from lipkit.regression._certificate import dual_value
from tests.regression.simulation import draw, fit

TINY = np.array([[1.0, 0.0], [0.0, 1.0], [1.0, 1.0]]), np.array([1.0, 2.0, 2.0])


def objective(theta: Array, Z: Array, y: Array, eps: float, J2: Array | None = None) -> float:
    norm = math.sqrt(theta @ theta if J2 is None else theta @ J2 @ theta)
    return float(((np.abs(y - Z @ theta) + eps * norm) ** 2).sum() / 2)


def small(seed: int) -> tuple[Array, Array, float]:
    """Any shape up to 12 x 12, a radius between almost none and too much."""
    draws = np.random.default_rng(seed)
    n, N = draws.integers(1, 13, size=2)
    Z = draws.normal(size=(n, N))
    y = draws.normal(size=n) + (Z @ draws.normal(size=N) if draws.random() < 0.5 else 0)
    top = np.linalg.norm(Z.T @ y) / np.abs(y).sum()
    return Z, y, float(top * draws.choice([1e-3, 0.1, 0.5, 0.9, 0.999, 1.1]))


@pytest.mark.parametrize(
    ("eps", "value", "theta"),
    [
        (0.1, 0.3894576723, (0.67385039, 1.59312781)),
        (0.3, 1.0246695289, (0.66855464, 1.34917972)),
        (0.6, 2.3285320513, (0.79967945, 1.20032055)),
        (1.0, 4.5, (0.0, 0.0)),
        (3.0, 4.5, (0.0, 0.0)),
    ],
)
def test_printed_values(eps: float, value: float, theta: tuple[float, float]) -> None:
    found = adversarial_least_squares(*TINY, eps)
    assert found.objective == pytest.approx(value, abs=6e-11)
    assert found.theta == pytest.approx(theta, abs=6e-9)
    assert found.gap <= 1e-8
    assert (found.residuals[2] == 0) == (eps == 0.6)


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_against_another_solver(seed: int) -> None:
    """scipy's SLSQP on the smooth form (slacks m and t) is nowhere better, and never far."""
    Z, y, eps = small(seed)
    N = Z.shape[1]
    found = adversarial_least_squares(Z, y, eps)
    assert found.objective == pytest.approx(objective(found.theta, Z, y, eps), rel=1e-9)

    def slack(x: Array) -> Array:
        phi, t, m = x[:N], x[N], x[N + 1 :]
        r = y - Z @ phi
        return np.concatenate(
            [m - eps * t - r, m - eps * t + r, [t - math.sqrt(phi @ phi + 1e-18)]]
        )

    start = np.concatenate([0.9 * found.theta, [np.linalg.norm(found.theta)], np.abs(y)])
    other = optimize.minimize(lambda x: x[N + 1 :] @ x[N + 1 :] / 2, start, method="SLSQP",
                              constraints={"type": "ineq", "fun": slack},
                              options={"maxiter": 300, "ftol": 1e-12})  # fmt: skip
    theirs = objective(other.x[:N], Z, y, eps)
    assert found.objective <= theirs * (1 + 1e-7)
    if other.success:
        assert theirs <= found.objective * (1 + 1e-3) + 1e-9


@given(st.integers(0, 10**6))
@settings(max_examples=60)
def test_stationary(seed: int) -> None:
    """The KKT conditions, from theta alone."""
    Z, y, eps = small(seed)
    found = adversarial_least_squares(Z, y, eps, tol=1e-10)
    t = found.grad_norm
    assume(t > 1e-6)
    c = eps * t
    rho = eps * (np.abs(found.residuals) + c).sum() / t
    free = ~found.interpolated
    u = np.where(free, found.residuals + c * np.sign(found.residuals), 0.0)
    left = rho * found.theta - Z.T @ u  # must be Z0' u0 with |u0| <= c
    Z0 = Z[found.interpolated]
    u0 = optimize.lsq_linear(Z0.T, left, (-c * 1.0001, c * 1.0001)).x if len(Z0) else np.zeros(0)
    scale = rho * t + np.abs(Z.T @ u).max()
    assert np.abs(Z0.T @ u0 - left).max() <= 2e-4 * scale


@given(st.integers(0, 10**6), st.floats(-2, 2))
@settings(max_examples=40)
def test_the_dual_value_is_below(seed: int, log_scale: float) -> None:
    """For any dual point and any theta; against the definition by a fine grid over t."""
    Z, y, eps = small(seed)
    draws = np.random.default_rng([seed, 1])
    u = draws.normal(size=len(y)) * math.exp(log_scale)
    pull = float(np.linalg.norm(Z.T @ u))
    lower = dual_value(u, y, pull, eps)
    assert lower <= adversarial_least_squares(Z, y, eps).objective * (1 + 1e-9)
    t = np.append(0, np.geomspace(1e-8, 1, 6000) * pull / eps**2)[:, None]  # the best is within
    large = np.abs(u) > eps * t
    psi = np.where(large, u**2 / 2 - np.abs(u) * eps * t, -((eps * t) ** 2) / 2)
    best = float((pull * t[:, 0] + psi.sum(1)).max())
    grid = u @ y - best
    assert lower <= grid + 1e-9 * (1 + abs(grid) + best)
    assert lower >= grid - 1e-4 * (1 + abs(grid) + best)


@given(st.integers(0, 10**6))
@settings(max_examples=30)
def test_gradient_matrix_is_a_change_of_variables(seed: int) -> None:
    Z, y, eps = small(seed)
    draws = np.random.default_rng([seed, 2])
    N = Z.shape[1]
    A = draws.normal(size=(N, N)) + 3 * np.eye(N)
    J2 = A.T @ A
    found = adversarial_least_squares(Z, y, eps, gradient_matrix=J2)
    plain = adversarial_least_squares(Z @ np.linalg.inv(A), y, eps)
    assert found.objective == pytest.approx(plain.objective, rel=2e-8)
    assert found.objective == pytest.approx(objective(found.theta, Z, y, eps, J2), rel=1e-8)
    assert found.grad_norm == pytest.approx(math.sqrt(found.theta @ J2 @ found.theta), abs=1e-9)


def test_the_smaller_dimension_does_not_matter() -> None:
    """The same answer from the system of size n and from that of size N."""
    for n, N in ((30, 12), (12, 30), (20, 20)):
        draws = np.random.default_rng(n)
        Z, y = draws.normal(size=(n, N)), draws.normal(size=n)
        wide = adversarial_least_squares(np.pad(Z, ((0, 0), (0, 40 - N))), y, 0.4)
        narrow = adversarial_least_squares(Z, y, 0.4)
        assert narrow.objective == pytest.approx(wide.objective, rel=1e-10)
        assert wide.theta[:N] == pytest.approx(narrow.theta, abs=1e-6)


@pytest.mark.parametrize("share", [0.5, 0.99, 1 - 1e-6, 1.0, 1.5])
def test_zero_threshold(share: float) -> None:
    draws = np.random.default_rng(0)
    Z, y = draws.normal(size=(40, 20)), draws.normal(size=40)
    top = np.linalg.norm(Z.T @ y) / np.abs(y).sum()
    found = adversarial_least_squares(Z, y, top * share * (1 + 1e-14 * (share == 1)))
    assert (found.method == "zero") == (share >= 1)
    assert (found.grad_norm == 0) == (share >= 1)
    if share >= 1:
        assert found.gap <= 1e-14
        assert not found.interpolated.any()


def test_where_the_line_search_stalls_it_starts_elsewhere() -> None:
    """A draw near the threshold on which the first start ends with a gap of 1.2e-8."""
    features, X, _ = draw_run(d=100, psi1=1, psi2=2, activation="shifted_relu", seed=12)
    assert fit(features, X, X[:, 0], 1.0).gap <= 1e-8


def test_plateau_is_the_least_norm_interpolator() -> None:
    """Exactly up to the threshold of the data; just above it two points leave."""
    features, X, y = draw(40, 6, 2, 0.25, seed=0)
    J2 = features.gradient_matrix()
    L = np.linalg.cholesky(J2)
    F = np.linalg.solve(L, features.features(X).T).T
    a = np.linalg.solve(F @ F.T, y)
    top = math.sqrt(y @ a) / (len(y) * np.abs(a).max())
    below, above = fit(features, X, y, 0.999 * top), fit(features, X, y, 1.02 * top)
    assert below.interpolated.all()
    assert below.theta == pytest.approx(np.linalg.solve(L.T, F.T @ a), rel=1e-7, abs=1e-9)
    assert not above.interpolated.all()
    assert above.interpolated.mean() > 0.9


def test_exact_recovery_and_beyond() -> None:
    """Noiseless linear regression: the teacher below the threshold .58, shrinkage above."""
    draws = np.random.default_rng(2)
    X, beta = draws.normal(size=(180, 60)), np.eye(60)[0]
    for eps, recovered in ((0.1, True), (0.45, True), (0.7, False)):
        found = adversarial_least_squares(X, X @ beta, eps)
        assert found.gap <= 1e-8
        assert (np.abs(found.theta - beta).max() < 1e-6) == recovered


def test_a_line_search_mends_what_newton_cannot(monkeypatch: Any) -> None:
    """With Newton cut to one step the nested method must carry the whole way."""
    features, X, y = draw(30, 2, 2, 0.25, seed=3)
    expected = fit(features, X, y, 0.4)
    newton = solver.newton
    monkeypatch.setattr(solver, "newton", lambda *a, **k: newton(*a, steps=1))
    found = fit(features, X, y, 0.4)
    assert found.n_solves > expected.n_solves
    assert found.gap <= 1e-8
    assert found.objective == pytest.approx(expected.objective, rel=2e-8)


def test_first_order() -> None:
    features, X, y = draw(40, 2, 2, 0.25, seed=1)
    Z, J2 = features.features(X), features.gradient_matrix()
    exact = adversarial_least_squares(Z, y, 0.5, gradient_matrix=J2)
    near = adversarial_least_squares(Z, y, 0.5, gradient_matrix=J2, tol=1e-4, method="first_order")
    assert (exact.method, near.method) == ("active_set", "first_order")
    assert exact.objective <= near.objective <= exact.objective * (1 + 1.1e-4)


def test_first_order_beyond_the_stated_size(monkeypatch: Any) -> None:
    monkeypatch.setattr(solver, "LARGEST", 10)
    features, X, y = draw(10, 2, 2, 0.25, seed=1)
    assert adversarial_least_squares(features.features(X), y, 0.5, tol=1e-3).method == "first_order"


def test_a_missed_tolerance_is_an_error() -> None:
    features, X, y = draw(20, 2, 2, 0.25, seed=1)
    with pytest.raises(RuntimeError, match=r"gap of at most tol = 1e-15, got .* after 500 solves"):
        adversarial_least_squares(features.features(X), y, 0.05, tol=1e-15, method="first_order")


@pytest.mark.parametrize("eps", [0.1, 1.9])
def test_one_point_and_one_feature(eps: float) -> None:
    """Fitted exactly as long as the attack is weaker than the feature."""
    found = adversarial_least_squares([[2.0]], [1.0], eps)
    assert found.theta == pytest.approx([0.5], rel=1e-9)
    assert found.objective == pytest.approx((eps / 2) ** 2 / 2, rel=1e-9)
    assert adversarial_least_squares([[2.0]], [1.0], 2.0).theta == 0


def test_zero_labels() -> None:
    found = adversarial_least_squares(np.eye(3), np.zeros(3), 0.5)
    assert (found.theta == 0).all()
    assert (found.gap, found.objective) == (0, 0)
    assert found.interpolated.all()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"eps": 0}, "eps: got 0, expected a positive radius.*ridge_least_squares"),
        ({"eps": -1}, "eps: got -1, expected a positive number"),
        ({"eps": math.nan}, "eps: got NaN"),
        ({"tol": 0}, "tol: got 0"),
        ({"y": np.ones(2)}, r"got shapes \(3, 2\) and \(2,\), expected \(n, N\) and \(n,\)"),
        ({"Z": np.ones((0, 2)), "y": np.ones(0)}, "n, N >= 1"),
        ({"Z": np.ones(3)}, "Z: got shape"),
        ({"Z": np.full((3, 2), np.inf)}, "Z: got NaN or infinite"),
        ({"gradient_matrix": np.eye(3)}, r"got shape \(3, 3\), expected a symmetric \(2, 2\)"),
        ({"gradient_matrix": [[1.0, 0.5], [0.0, 1.0]]}, "expected a symmetric"),
        ({"gradient_matrix": np.ones((2, 2))}, "not positive definite.*equal rows of W"),
        ({"gradient_matrix": -np.eye(2)}, "not positive definite"),
        ({"method": "socp"}, "method: got 'socp', expected one of 'auto'"),
    ],
)
def test_bad_input(change: dict[str, Any], message: str) -> None:
    call = {"Z": TINY[0], "y": TINY[1], "eps": 0.5} | change
    with pytest.raises(ValueError, match=message):
        adversarial_least_squares(**call)


class TestRidge:
    @given(st.integers(0, 10**6), st.floats(-6, 3))
    @settings(max_examples=30)
    def test_stationary(self, seed: int, log_ridge: float) -> None:
        Z, y, _ = small(seed)
        ridge = math.exp(log_ridge)
        theta = ridge_least_squares(Z, y, ridge)
        left = Z.T @ (Z @ theta - y) / len(y) + ridge * theta
        assert np.abs(left).max() <= 1e-10 * (1 + np.abs(Z.T @ y).max())

    def test_without_a_ridge(self) -> None:
        draws = np.random.default_rng(0)
        Z, y = draws.normal(size=(5, 9)), draws.normal(size=5)
        assert ridge_least_squares(Z, y) == pytest.approx(np.linalg.pinv(Z) @ y, abs=1e-12)
        assert ridge_least_squares(Z, y, 1e-12) == pytest.approx(np.linalg.pinv(Z) @ y, abs=1e-8)

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="ridge: got -1"):
            ridge_least_squares(np.eye(2), np.ones(2), -1)
        with pytest.raises(ValueError, match="expected \\(n, N\\) and \\(n,\\)"):
            ridge_least_squares(np.eye(2), np.ones(3))
