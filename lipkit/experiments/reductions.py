"""Cases that are known by another road: plain training, and linear regression under attack."""

import math
from typing import Any

import numpy as np
from scipy import optimize

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.networks import activation_constants
from lipkit.theory.adversarial_features import (
    adversarial_rf_theory,
    linear_adversarial_theory,
    rf_ridge_theory,
)
from lipkit.theory.gaussian_comparison import adversarial_shadow

PLAIN = (  # psi1, psi2, tau2, ridge
    (0.5, 2.0, 0.25, 0.0),
    (1.5, 2.0, 0.25, 0.0),
    (3.0, 2.0, 0.25, 0.0),
    (10.0, 2.0, 0.25, 0.0),
    (0.5, 2.0, 0.25, 0.05),
    (2.0, 2.0, 0.25, 0.02),
    (5.0, 3.0, 0.1, 0.25),
    (8.0, 2.0, 0.25, 0.008),
)
LINEAR = ((0.5, 0.25, 0.5), (1.5, 0.25, 0.5), (3.0, 0.25, 0.75))  # n/d, tau2, eps
SETTING: dict[str, Any] = {"plain": PLAIN, "linear": LINEAR, "nearly": 1e-6}


@experiment(
    sizes={
        "test": SETTING | {"linear": LINEAR[:2]},
        "quick": SETTING,
        "standard": SETTING,
        "full": SETTING,
    },
    seeds={"test": 1, "quick": 1, "standard": 1, "full": 1},
)
def reductions(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Our limits beside other roads to the same numbers; the seed plays no role.

    Standard risks, an entry for each setting. ``plain_ours``: plain training by the traces, for
    ``plain``, with shifted ReLU features; ``plain_theirs``: :func:`mei_montanari_risk`.
    ``linear_ours``: linear regression under attack by two equations, for ``linear``;
    ``linear_theirs``: the direct search of
    :func:`~lipkit.theory.gaussian_comparison.adversarial_shadow`, to about six digits.
    ``features_ours``: random features in the same settings whose nonlinearity all but vanishes,
    :math:`\kappa_J` = ``nearly`` and :math:`\kappa=\kappa_J^2`, at twice as many features as points
    and inputs together; ``features_theirs``: linear regression. ``…_off``: the relative difference.
    [Digest of adversarial random features, 6.1, 6.2 and 11, E8.]
    """
    plain, linear = np.array(params["plain"]), np.array(params["linear"])
    told = linear_adversarial_theory(*linear.T).standard_risk
    pairs = {
        "plain": (
            rf_ridge_theory(*plain.T).standard_risk,
            np.array([mei_montanari_risk(*row) for row in plain]),
        ),
        "linear": (told, np.array([adversarial_shadow(*row).standard_risk for row in linear])),
        "features": (_nearly_linear(linear, params["nearly"]), told),
    }
    found: dict[str, Any] = {}
    for name, (ours, theirs) in pairs.items():
        off = np.abs(ours / theirs - 1)
        found |= {f"{name}_ours": ours, f"{name}_theirs": theirs, f"{name}_off": off}
    return found


def reduction_lines(params: dict[str, Any], found: dict[str, Any]) -> list[str]:
    """A line for each setting: what it is, both answers, and how far they are apart."""
    labels = {
        "plain": [f"plain, ψ₁ = {a:g}, ψ₂ = {b:g}, λ = {r:g}" for a, b, _, r in params["plain"]],
        "linear": [f"linear, n/d = {a:g}, ε = {eps:g}" for a, _, eps in params["linear"]],
        "features": [f"κ → 0, ψ₂ = {a:g}, ε = {eps:g}" for a, _, eps in params["linear"]],
    }
    lines = [f"{'':34}{'ours':>10}{'another road':>14}  apart"]
    for name, texts in labels.items():
        columns = (found[f"{name}_{part}"] for part in ("ours", "theirs", "off"))
        for text, ours, theirs, off in zip(texts, *columns, strict=True):
            lines.append(f"{text:34}{ours:10.7f}{theirs:14.7f}  {off:.0e}")
    return lines


def mei_montanari_risk(psi1: float, psi2: float, tau2: float, ridge: float = 0.0) -> float:
    r"""Ridge regression on random ReLU features by a rational function of one root.

    .. math:: R = \frac{E_1}{E_0} + \tau^2\frac{E_2}{E_0} + \tau^2, \qquad
              c\,\frac{\psi_2\lambda_r}{\mu_*^2} = (\psi_1 - g(c))(\psi_2 - g(c)), \quad
              g(c) = c\Bigl(1 + \frac{\zeta^2}{1 + \zeta^2c}\Bigr)

    with polynomials :math:`E_i` in :math:`\chi=-c` and :math:`\zeta=\mu_1/\mu_*`, for a linear
    teacher of norm 1; ``ridge`` is :math:`\lambda_r` in :math:`\tfrac1{2n}\sum r_i^2 +
    \tfrac{\lambda_r}2\|\theta\|_2^2`. Loses digits where psi1 or psi2 is large. [Mei and Montanari
    2022, as commonly quoted; not read in print. For us a second road, whatever its source.]

    >>> round(mei_montanari_risk(5, 3, 0.1, 0.25), 8)
    0.32911268
    """
    c = activation_constants("relu")
    z2 = c.mu1**2 / c.mu_star2
    x = -_root(psi1, psi2, z2, psi2 * ridge / c.mu_star2)
    e0, e1, e2 = _polynomials(x, psi1, psi2, z2)
    return (e1 + tau2 * e2) / e0 + tau2


def _root(psi1: float, psi2: float, z2: float, weight: float) -> float:
    """The least c > 0 of the equation; at weight 0 that of g(c) = min(psi1, psi2)."""
    least = min(psi1, psi2)
    half = z2 * least - z2 - 1
    top = (math.sqrt(half**2 + 4 * z2 * least) + half) / (2 * z2)
    if weight == 0:
        return top

    def gap(c: float) -> float:
        g = c * (1 + z2 / (1 + z2 * c))
        return (psi1 - g) * (psi2 - g) - weight * c

    return float(optimize.brentq(gap, 0.0, top, xtol=1e-15, rtol=1e-14))


def _polynomials(x: float, psi1: float, psi2: float, z2: float) -> tuple[float, float, float]:
    both = psi1 * psi2
    e0 = (
        -(x**5) * z2**3 + 3 * x**4 * z2**2 + (both - psi2 - psi1 + 1) * x**3 * z2**3
        - 2 * x**3 * z2**2 - 3 * x**3 * z2 + (psi1 + psi2 - 3 * both + 1) * x**2 * z2**2
        + 2 * x**2 * z2 + x**2 + 3 * both * x * z2 - both
    )  # fmt: skip
    e1 = psi2 * x**3 * z2**2 - psi2 * x**2 * z2 + both * x * z2 - both
    e2 = (
        x**5 * z2**3 - 3 * x**4 * z2**2 + (psi1 - 1) * x**3 * z2**3 + 2 * x**3 * z2**2
        + 3 * x**3 * z2 - (psi1 + 1) * x**2 * z2**2 - 2 * x**2 * z2 - x**2
    )  # fmt: skip
    return e0, e1, e2


def _nearly_linear(linear: Array, kappa_j: float) -> Array:
    ratio, tau2, eps = linear.T
    found = adversarial_rf_theory(2 * (1 + ratio), ratio, tau2, eps, kappa_j**2, kappa_j)
    return np.asarray(found.standard_risk)
