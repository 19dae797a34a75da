"""The shadow of adversarial linear regression: a minimum over two numbers, taken directly."""

import math
from typing import Any

import numpy as np
from scipy import optimize, special

from lipkit import _validate
from lipkit._validate import Array
from lipkit.theory._border import nonnegative
from lipkit.theory.adversarial_features import RiskAndGradient


def adversarial_shadow(n_over_d: float, tau2: float, eps: float) -> RiskAndGradient:
    r"""Limits of the standard risk and the slope of the adversarially trained linear model.

    .. math:: \min_{a,\ r\ge0}\ \min_z\ \tfrac12\mathbb E(|z| + \varepsilon s)^2
              \quad\text{with}\quad \mathbb E(z - AZ)^2 \le r^2/\delta

    where :math:`\theta = a\beta` and a vector of length r across it, :math:`s^2 = a^2 + r^2`,
    :math:`A^2 = \tau^2 + (1 - a)^2 + r^2`. l2 attacks of radius ``eps``, unit teacher,
    :math:`\delta` = ``n_over_d``. By direct search, to about six digits, and slower than
    :func:`~lipkit.theory.adversarial_features.linear_adversarial_theory`, which solves for the
    multipliers. Raises ``ValueError`` unless n_over_d, eps > 0 and tau2 >= 0. [Derived.]

    >>> risk, slope = adversarial_shadow(3.0, 0.25, 0.25)
    >>> round(risk, 4), round(slope, 4)
    (0.3601, 0.9235)
    """
    delta, eps = _validate.positive(n_over_d, "n_over_d"), _validate.positive(eps, "eps")
    tau2 = nonnegative(tau2, "tau2")

    def cost(at: Array) -> float:
        return _objective(float(at[0]), float(at[1]), delta, tau2, eps)

    options: Any = {"xatol": 1e-8, "fatol": 1e-14, "maxiter": 2000}
    found = optimize.minimize(cost, np.array([0.5, 0.3]), method="Nelder-Mead", options=options)
    a, r = float(found.x[0]), abs(float(found.x[1]))
    return RiskAndGradient(tau2 + (1 - a) ** 2 + r**2, math.hypot(a, r))


def shadow_objective(a: float, r: float, n_over_d: float, tau2: float, eps: float) -> float:
    r"""The inner minimum of :func:`adversarial_shadow`: how the budget is best spent.

    .. math:: \min_z\ \tfrac12\mathbb E(|z| + \varepsilon s)^2
              \quad\text{with}\quad \mathbb E(z - AZ)^2 \le r^2/\delta

    ``a`` along the teacher, ``r`` across it. At the best (a, r) it is the limit of the attacked
    training loss, with its factor 1/2. Raises like :func:`adversarial_shadow`. [Derived.]

    >>> round(shadow_objective(1.0, 0.0, 3.0, 0.0, 0.5), 6)
    0.125
    """
    delta, eps = _validate.positive(n_over_d, "n_over_d"), _validate.positive(eps, "eps")
    a, r = (float(_validate.real_array(value, name, 0)) for value, name in ((a, "a"), (r, "r")))
    return _objective(a, r, delta, nonnegative(tau2, "tau2"), eps)


def _objective(a: float, r: float, delta: float, tau2: float, eps: float) -> float:
    A, c = math.sqrt(tau2 + (1 - a) ** 2 + r**2), eps * math.hypot(a, r)
    if r**2 >= delta * A**2:  # enough to make all residuals zero
        return c**2 / 2
    budget = r**2 / (delta * A**2)
    if budget < 1e-14:
        return (A**2 + 2 * c * A * math.sqrt(2 / math.pi) + c**2) / 2
    p = math.exp(optimize.brentq(lambda x: _spent(math.exp(x), c / A) - budget, -40, 40))
    one, two = _left(p, c / A)
    return (A**2 * two + 2 * c * A * one + c**2) / 2


def _spent(p: float, c: float) -> float:
    """E (z - Z)² for the soft threshold z = p/(1 + p) sign(Z) (|Z| - c/p)₊."""
    nu = c / p
    beyond, density = _tail(nu)
    inside = float(special.gammainc(1.5, nu**2 / 2))
    moved = beyond + nu * density + 2 * p * nu * density + (p * nu) ** 2 * beyond
    return inside + moved / (1 + p) ** 2


def _left(p: float, c: float) -> tuple[float, float]:
    """E |z| and E z² for it."""
    nu, share = c / p, p / (1 + p)
    beyond, density = _tail(nu)
    square = beyond - nu * density + nu**2 * beyond
    return share * (density - nu * beyond), share**2 * square


def _tail(nu: float) -> tuple[float, float]:
    density = math.sqrt(2 / math.pi) * math.exp(-(nu**2) / 2)
    return float(special.erfc(nu / math.sqrt(2))), density
