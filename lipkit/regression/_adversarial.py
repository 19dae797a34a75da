"""Adversarial least squares: the convex surrogate, solved with a certificate."""

from dataclasses import dataclass
from itertools import islice

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from lipkit import _validate
from lipkit._validate import Array
from lipkit.regression._active_set import State, newton, next_signs
from lipkit.regression._certificate import Candidate, certify, nothing
from lipkit.regression._nested import nested
from lipkit.regression._reweighted import conjugate_gradients, direct, reweighted
from lipkit.regression._systems import System, system

LARGEST = 4000
_WARM, _ROUNDS = 4, 60
_RESTARTS = 4


@dataclass(frozen=True)
class RegressionFit:
    r"""The fitted ``theta`` ``(N,)`` and how sure it is.

    ``objective`` is :math:`\tfrac12\sum_i(|r_i| + \varepsilon\|J\theta\|_2)^2`, at most a share
    ``gap`` above the least possible; ``residuals`` ``(n,)`` are :math:`y - Z\theta`, exactly 0
    where ``interpolated``; ``grad_norm`` is :math:`\|J\theta\|_2`; ``n_solves`` counts the
    factorisations, ``method`` names what found it.
    """

    theta: Array
    gap: float
    residuals: Array
    objective: float
    grad_norm: float
    interpolated: Array
    n_solves: int
    method: str


def adversarial_least_squares(
    Z: ArrayLike,
    y: ArrayLike,
    eps: float,
    *,
    gradient_matrix: ArrayLike | None = None,
    tol: float = 1e-8,
    method: str = "auto",
) -> RegressionFit:
    r"""The minimiser of the convex surrogate of adversarial training.

    .. math:: \min_\theta\ \tfrac12\sum_{i=1}^n \bigl(|y_i - z_i^\top\theta|
              + \varepsilon\|J\theta\|_2\bigr)^2

    ``Z`` ``(n, N)``, ``y`` ``(n,)``, float64; ``gradient_matrix`` is :math:`J^2`, ``(N, N)``,
    positive definite; ``None``: the identity, and then this is adversarial linear regression with
    l2 attacks of radius ``eps``, exactly.

    ``method``: ``"active_set"`` takes Newton steps on the set of points that are fitted exactly and
    on two numbers, a handful of factorisations of size min(n, N); ``"first_order"`` reweights by
    conjugate gradients and needs products with Z only, besides one factor of J²; ``"auto"`` takes
    it where min(n, N) exceeds 4000. At n = N = 4000 the active set takes
    about 1.2 GB, Z and J² included, and a dozen factorisations.

    Raises ``ValueError`` for shapes that do not fit, ``eps <= 0``, or J² that is not positive
    definite, and ``RuntimeError`` with the best gap where the relative duality gap stays above
    ``tol``. [Objective: Hassani and Javanmard 2024, section 4; solver and certificate: derived,
    digest 7.2 to 7.4.]

    >>> fit = adversarial_least_squares([[1, 0], [0, 1], [1, 1]], [1, 2, 2], 0.6)
    >>> fit.theta.round(8), round(fit.objective, 10), fit.interpolated
    (array([0.79967945, 1.20032055]), 2.3285320513, array([False, False,  True]))
    """
    Z, y = _validate.real_array(Z, "Z", 2), _validate.real_array(y, "y", 1)
    if y.shape != Z.shape[:1] or min(Z.shape) == 0:
        raise ValueError(
            f"Z, y: got shapes {Z.shape} and {y.shape}, expected (n, N) and (n,) with n, N >= 1"
        )
    eps, tol = _radius(eps), _validate.positive(tol, "tol")
    method = _validate.one_of(method, "method", ("auto", "active_set", "first_order"))
    factor = _factor(gradient_matrix, Z.shape[1])
    F = Z if factor is None else _whitened(Z, factor)
    best, solves, name = _solve(F, y, eps, tol, method)
    if best.gap > tol:
        raise RuntimeError(
            f"expected a relative duality gap of at most tol = {tol:g}, got {best.gap:.2e} after "
            f"{solves} solves (n = {len(y)}, N = {Z.shape[1]}, eps = {eps:g}, method {name!r}); "
            "raise tol, or scale the columns of Z"
        )
    return _fit(Z, y, eps, factor, best, solves, name)


def _radius(eps: float) -> float:
    number = float(_validate.real_array(eps, "eps", 0).item())
    if number == 0:
        raise ValueError(
            "eps: got 0, expected a positive radius: its limit is the interpolator of least "
            "gradient, and 0 itself is least squares; use ridge_least_squares"
        )
    return _validate.positive(eps, "eps")


def _factor(gradient_matrix: ArrayLike | None, size: int) -> Array | None:
    if gradient_matrix is None:
        return None
    J2 = _validate.real_array(gradient_matrix, "gradient_matrix", 2)
    if J2.shape != (size, size) or not np.allclose(J2, J2.T, rtol=0, atol=1e-10 * np.abs(J2).max()):
        raise ValueError(
            f"gradient_matrix: got shape {J2.shape}, expected a symmetric ({size}, {size})"
        )
    message = (
        "gradient_matrix: got a matrix that is not positive definite, expected J^2 of full rank; "
        "drop equal rows of W, or for linear features pass None and regress on x itself"
    )
    try:
        factor = np.asarray(linalg.cholesky(J2, lower=True))
    except linalg.LinAlgError as error:
        raise ValueError(message) from error
    if factor.diagonal().min() ** 2 < 1e-13 * J2.diagonal().max() * size:
        raise ValueError(message)
    return factor


def _whitened(Z: Array, factor: Array) -> Array:
    return np.asarray(linalg.solve_triangular(factor, Z.T, lower=True, check_finite=False)).T


def _solve(F: Array, y: Array, eps: float, tol: float, method: str) -> tuple[Candidate, int, str]:
    n, N = F.shape
    if np.linalg.norm(F.T @ y) <= eps * np.abs(y).sum():
        return certify(F, y, eps, np.zeros(N), y), 0, "zero"
    if method == "first_order" or (method == "auto" and min(n, N) > LARGEST):
        return *_first_order(F, y, eps, tol), "first_order"
    return *_active_set(F, y, eps, tol, system(F)), "active_set"


def _active_set(
    F: Array, y: Array, eps: float, tol: float, solver: System
) -> tuple[Candidate, int]:
    """Newton from a few reweighted steps; where that fails, with a line search."""
    found = _interpolator(F, y, eps, solver)
    if found is not None and found.gap <= tol:
        return found, 1
    warming = reweighted(F, y, eps, direct(solver))
    phi, u = list(islice(warming, _WARM))[-1]
    best, used = newton(F, y, eps, solver, _warm(F, y, eps, phi), tol)
    solves = _WARM + 2 * used
    for _ in range(_RESTARTS):
        if best.gap <= tol:
            break
        found, used = _line_searched(F, y, eps, tol, solver, phi, u)
        best, solves = min(best, found, key=lambda candidate: candidate.gap), solves + used + _WARM
        phi, u = list(islice(warming, _WARM))[-1]  # where that stalls: from elsewhere
    return best, solves


def _line_searched(
    F: Array, y: Array, eps: float, tol: float, solver: System, phi: Array, u: Array
) -> tuple[Candidate, int]:
    best, solves = nothing(F), 0
    start = _central(F, y, eps, phi, u)
    for phi, dual, steps in islice(nested(F, y, eps, solver, start, u), _ROUNDS):
        found = certify(F, y, eps, phi, dual)
        solves += steps
        best = min(best, found, key=lambda candidate: candidate.gap)
        if best.gap <= tol:
            break
    return best, solves


def _interpolator(F: Array, y: Array, eps: float, solver: System) -> Candidate | None:
    """The interpolator of least norm, which is the answer for small attacks."""
    n, N = F.shape
    if n > N:
        return None
    rho = n * eps**2
    u = solver.solve(rho, np.zeros(n), y[:, None])[:, 0]
    return certify(F, y, eps, F.T @ u / rho, u)


def _warm(F: Array, y: Array, eps: float, phi: Array) -> State:
    c, rho, residuals = _scalars(F, y, eps, phi)
    return State(c, rho, np.where(np.abs(residuals) > 0.1 * c, np.sign(residuals), 0.0))


def _central(F: Array, y: Array, eps: float, phi: Array, u: Array) -> State:
    c, rho, residuals = _scalars(F, y, eps, phi)
    return State(c, rho, next_signs(residuals, u, c))


def _scalars(F: Array, y: Array, eps: float, phi: Array) -> tuple[float, float, Array]:
    residuals, norm = y - F @ phi, float(np.linalg.norm(phi))
    c = eps * norm
    return c, eps * (np.abs(residuals) + c).sum() / norm, residuals


def _first_order(F: Array, y: Array, eps: float, tol: float) -> tuple[Candidate, int]:
    best, used = nothing(F), 0
    steps = reweighted(F, y, eps, conjugate_gradients(F, min(1e-6, tol)))
    for phi, u in islice(steps, 500):
        found, used = certify(F, y, eps, phi, u), used + 1
        best = min(best, found, key=lambda candidate: candidate.gap)
        if best.gap <= tol:
            break
    return best, used


def _fit(
    Z: Array, y: Array, eps: float, factor: Array | None, best: Candidate, solves: int, name: str
) -> RegressionFit:
    theta = best.phi
    if factor is not None:
        theta = linalg.solve_triangular(factor, best.phi, lower=True, trans="T", check_finite=False)
    norm = float(np.linalg.norm(best.phi))
    residuals = y - Z @ theta
    inside = np.abs(best.u) <= eps * norm
    close = np.abs(residuals) <= 1e-7 * np.abs(y).max(initial=0.0)
    interpolated = inside & close if norm > 0 else residuals == 0
    return RegressionFit(
        np.asarray(theta),
        best.gap,
        np.where(interpolated, 0.0, residuals),
        best.objective,
        norm,
        interpolated,
        solves,
        name,
    )
