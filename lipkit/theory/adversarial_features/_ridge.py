"""Ridge regression on random features, and its limit without a ridge."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit._validate import Array
from lipkit.networks import Activation, ActivationConstants
from lipkit.theory.adversarial_features._answer import RiskAndGradient
from lipkit.theory.adversarial_features._border import broadcast, constants, shaped
from lipkit.theory.adversarial_features._problem import Estimator, Problem
from lipkit.theory.adversarial_features._roots import find_root


def rf_ridge_theory(
    psi1: ArrayLike,
    psi2: ArrayLike,
    tau2: ArrayLike,
    ridge: ArrayLike = 0.0,
    *,
    activation: str | Activation | ActivationConstants = "relu",
) -> RiskAndGradient:
    r"""Plain training, without attacks, in the limit.

    .. math:: \hat\theta = \arg\min_\theta \tfrac1{2n}\sum_i (y_i - \theta^\top\sigma(Wx_i))^2
              + \tfrac{\lambda_r}{2}\|\theta\|_2^2

    ``ridge`` is :math:`\lambda_r`; 0 is its limit: least squares for psi1 < psi2, the interpolator
    of least :math:`\|\theta\|_2` for psi1 > psi2, and ``inf`` for both answers at psi1 = psi2. Risk
    with noise; the gradient in l2. The arguments broadcast. Raises ``ValueError`` for an argument
    out of range. [Derived, digest 6.1; the risk agrees with Mei and Montanari's formula.]

    >>> risk, gradient = rf_ridge_theory(8, 2, 0.25)
    >>> round(risk, 10), round(gradient, 10)
    (0.5896580555, 1.0269377425)
    """
    problem, shape = _problem(activation, psi1, psi2, tau2, ridge)
    risk, slope = _risk(problem, _penalty(problem))
    return RiskAndGradient(shaped(risk, shape), shaped(np.sqrt(slope), shape))


def effective_ridge(
    psi1: ArrayLike,
    psi2: ArrayLike,
    ridge: ArrayLike = 0.0,
    *,
    activation: str | Activation | ActivationConstants = "relu",
) -> Any:
    r"""The penalty that plain training acts with, beside the features' covariance.

    .. math:: \hat\theta \simeq (\Omega + \omega_2\mu_1^2 I)^{-1}
              (\mu_1 W\beta - \eta\,\Omega^{1/2} g/\sqrt d), \qquad
              \omega_2\,(1 - D(\omega_2)/\psi_2) = \lambda_r/\mu_1^2

    The answer is :math:`\omega_2`, the second argument of :func:`rf_trace_coeffs`, whose ``D`` are
    the degrees of freedom an input; ``ridge`` is :math:`\lambda_r` as in :func:`rf_ridge_theory`.
    Without one it is 0 for psi1 <= psi2, and above that what the labels that are fitted act like.
    The arguments broadcast. Raises ``ValueError`` for an argument out of range.
    [Derived, digest 6.1.]

    >>> effective_ridge([1.0, 8.0], 2.0).round(6)
    array([0.     , 1.77504])
    """
    problem, shape = _problem(activation, psi1, psi2, 0.0, ridge)
    return shaped(_penalty(problem), shape)


def _problem(
    activation: str | Activation | ActivationConstants,
    psi1: ArrayLike,
    psi2: ArrayLike,
    tau2: ArrayLike,
    ridge: ArrayLike,
) -> tuple[Problem, tuple[int, ...]]:
    found = constants(activation)
    columns, shape = broadcast(psi1=psi1, psi2=psi2, tau2=tau2, ridge=ridge, eps=0.0,
                               kappa=found.kappa, kappa_j=found.kappa_j)  # fmt: skip
    columns["ridge"] = columns["ridge"] / found.mu1**2
    return Problem.of(columns), shape


def _penalty(problem: Problem) -> Array:
    r""":math:`\omega_2`, the root of :math:`\omega_2 (1 - D/\psi_2) = \lambda_r/\mu_1^2`."""
    omega = np.zeros_like(problem.psi1)
    live = (problem.ridge > 0) | (problem.psi1 > problem.psi2)
    q = problem[live]
    high = np.log(2 * q.ridge + 2 * (1 + q.psi1 / q.psi2) * (1 + q.kappa))
    low = np.where(q.ridge > 0, np.log(np.maximum(q.ridge, 1e-300)), high - 80.0)
    found = np.exp(find_root(_unbalanced, low - 1e-9, high, q))
    omega[live] = np.where(np.isnan(found) & (q.ridge == 0), 0.0, found)
    return omega


def _unbalanced(x: Array, problem: Problem) -> Array:
    omega = np.exp(x)
    idle = 1.0 - Estimator(problem, np.zeros_like(omega), omega).degrees / problem.psi2
    return idle - problem.ridge / omega


def _risk(problem: Problem, omega: Array) -> tuple[Array, Array]:
    estimator = Estimator(problem, np.zeros_like(omega), omega)
    room = problem.psi2 - estimator.a1
    threshold = (problem.ridge == 0) & (problem.psi1 == problem.psi2)
    with np.errstate(divide="ignore"):
        eta2 = np.where(threshold | (room <= 0), np.inf, estimator.c0 / np.where(room > 0, room, 1))
    return estimator.c0 + eta2 * estimator.a1, estimator.b0 + eta2 * estimator.b1
