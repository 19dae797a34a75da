"""The paper's objective in five variables, as printed: the check on the two equations."""

import math

import numpy as np
from scipy import optimize, special

from lipkit import _validate
from lipkit._validate import Array
from lipkit.theory._border import nonnegative
from lipkit.theory.adversarial_features._resolvents import mp_resolvent

_SHARE = 2 / math.pi
_STEP = 1e-4


def saddle_objective(
    alpha: float,
    tau_g: float,
    beta: float,
    gamma: float,
    tau_q: float,
    psi1: float,
    psi2: float,
    tau2: float,
    eps: float,
) -> float:
    r"""The printed :math:`\mathcal R(\alpha, \tau_g, \beta, \gamma, \tau_q)` for the shifted ReLU.

    Its value at the saddle, maximal in :math:`\beta, \gamma, \tau_q` and minimal in
    :math:`\alpha, \tau_g`, is the limit of the training objective; the fields of
    :class:`AsymptoticRisk` are that saddle. Scalars, all positive but ``tau2`` and ``gamma``, which
    may be 0. Raises ``ValueError`` otherwise.
    [Hassani and Javanmard 2024, Thm 4.2, statement read.]

    >>> r = saddle_objective(0.70588879, 0.58646078, 0.3226769, 0.29009591, 0.3474324,
    ...                      4, 2, 0.25, 0.5)
    >>> round(r, 6)
    0.174407
    """
    positive = {"alpha": alpha, "tau_g": tau_g, "beta": beta, "tau_q": tau_q, "psi1": psi1,
                "psi2": psi2, "eps": eps}  # fmt: skip
    alpha, tau_g, beta, tau_q, psi1, psi2, eps = (
        _validate.positive(value, name) for name, value in positive.items()
    )
    gamma, tau2 = nonnegative(gamma, "gamma"), nonnegative(tau2, "tau2")
    sigma2 = tau2 + 1 - psi1 * (1 + (1 - _SHARE) * _stieltjes(_SHARE - 1, psi1))
    risk = alpha**2 + sigma2
    pull = gamma * (tau_g + beta) / (eps * beta * math.sqrt(risk))
    value = tau_q / (2 * alpha) * (tau2 + 1 - sigma2) - alpha * tau_q / 2
    value += beta * tau_g * psi2 / 2 + beta * risk / (2 * (tau_g + beta))
    if pull > math.sqrt(_SHARE):
        nu = _threshold(pull, beta / tau_g)
        bracket = special.erf(nu / math.sqrt(2)) - pull * nu
        value += beta**2 * risk / (2 * tau_g * (tau_g + beta)) * bracket
    return float(value - alpha / tau_q * _supremum(tau_q / alpha, beta, gamma, psi1))


def saddle_gradient(
    alpha: float,
    tau_g: float,
    beta: float,
    gamma: float,
    tau_q: float,
    psi1: float,
    psi2: float,
    tau2: float,
    eps: float,
) -> Array:
    r"""How far a point is from stationary: :math:`\partial \mathcal R/\partial\log` of the five.

    Central differences of fourth order; shape ``(5,)``, in the order of the arguments; their error
    is about 1e-12 away from the kinks. Raises like :func:`saddle_objective`. [Digest 5.3.]

    >>> point = 0.70588879, 0.58646078, 0.3226769, 0.29009591, 0.3474324
    >>> bool(abs(saddle_gradient(*point, 4, 2, 0.25, 0.5)).max() < 1e-7)
    True
    """
    point = np.array([alpha, tau_g, beta, gamma, tau_q], dtype=np.float64)

    def value(x: Array) -> float:
        a, tg, b, g, tq = x.tolist()
        return saddle_objective(a, tg, b, g, tq, psi1, psi2, tau2, eps)

    def slope(direction: Array) -> float:
        near, far = (
            value(point * np.exp(h * direction)) - value(point * np.exp(-h * direction))
            for h in (_STEP, 2 * _STEP)
        )
        return (8 * near - far) / (12 * _STEP)

    return np.array([slope(direction) for direction in np.eye(5)])


def _stieltjes(z: float, psi1: float) -> float:
    """The paper's S(z; psi1) < 0 at z < 0."""
    return -float(mp_resolvent(-z, psi1)[0])


def _threshold(pull: float, slope: float) -> float:
    def gap(nu: float) -> float:
        tail = math.sqrt(_SHARE) * math.exp(-(nu**2) / 2)
        return pull - slope * nu - nu * math.erf(nu / math.sqrt(2)) - tail

    return float(optimize.brentq(gap, 0.0, pull / slope, xtol=1e-15, rtol=1e-14))


def _supremum(rate: float, beta: float, gamma: float, psi1: float) -> float:
    """The supremum over the mixing weight in [0, 1)."""

    def negative(weight: float) -> float:
        spread = rate**2 * (1 - _SHARE * weight) + _SHARE * (1 - weight) * beta**2
        trace = rate**2 + beta**2 + spread * _stieltjes(_SHARE * weight - 1, psi1)
        return -(weight * psi1 / 2 * trace - weight * gamma**2 / (2 * (1 - weight)))

    found = optimize.minimize_scalar(
        negative, bounds=(0.0, 1 - 1e-12), method="bounded", options={"xatol": 1e-13}
    )
    return max(0.0, -float(found.fun))
