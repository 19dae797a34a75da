"""Least squares as a random problem, beside its shadow: the same minimum with two vectors."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.regression import ridge_least_squares
from lipkit.theory.gaussian_comparison import ridgeless_risk, shadow_distance, sphere_costs

DRAWS = 20
TAU2 = 0.25
ALPHA = np.linspace(0.0, 1.5, 31)
GRID: dict[str, Any] = {"ratios": (0.2, 0.4, 0.6, 0.8, 1.2, 1.5, 2.0, 3.0, 4.0), "tau2": TAU2}


@experiment(
    sizes={
        "test": GRID | {"d": 20},
        "quick": GRID | {"d": 100},
        "standard": GRID | {"d": 300},
        "full": GRID | {"d": 1000},
    }
)
def ridgeless_risks(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Risk of least squares (of least norm for n < d), and of its shadow, for each n/d.

    Arrays with axis ``ratios``: ``risk`` :math:`\tau^2 + \|\hat\theta - \beta\|_2^2`, exact given
    the fit, and ``shadow``, the same number from two Gaussian vectors.
    """
    d, tau2 = params["d"], params["tau2"]
    sizes = [(round(ratio * d), d, tau2, seed) for ratio in params["ratios"]]
    risk = [tau2 + ridgeless_distance(*data(*size)) ** 2 for size in sizes]
    shadow = [tau2 + shadow_distance(*shadow_data(*size)) ** 2 for size in sizes]
    return {"risk": np.array(risk), "shadow": np.array(shadow)}


def ridgeless_shadow(delta: float, d: int) -> dict[str, Any]:
    r"""Cost against the distance from the teacher: twenty problems, and twenty shadows.

    .. math:: P(\alpha) = \min_{\|w\| = \alpha}\frac{\|\xi - Xw\|}{\sqrt n},\qquad
              S(\alpha) = \frac{(\|\xi + \alpha g\| - \alpha\|h\|)_+}{\sqrt n}

    ``alpha`` with the bands of the two over the draws (``problem_low`` to ``problem_high``), one
    draw of each and where its minimiser lies (of least :math:`\|\beta + w\|` if several), and their
    common ``limit``. ``risk``, ``shadow_risk`` are medians, ``limit_risk`` the limit, ``spread``
    and ``shadow_spread`` the distances of the quartiles. ``n`` = ``delta * d``, noise 1/4.
    """
    n = round(delta * d)
    found: dict[str, Any] = {"alpha": ALPHA, "n": n, "limit": limit_cost(ALPHA, delta)}
    for name, prefix, draw in (("problem", "", _problem), ("shadow", "shadow_", _shadow)):
        found |= _drawn(name, prefix, draw, n, d)
    return found | {"limit_risk": ridgeless_risk(delta, TAU2).standard_risk}


def limit_cost(alpha: Array, delta: float, tau2: float = TAU2) -> Array:
    r"""The limit :math:`(\sqrt{\tau^2 + \alpha^2} - \alpha/\sqrt\delta)_+` of both costs."""
    return np.maximum(np.sqrt(tau2 + alpha**2) - alpha / math.sqrt(delta), 0.0)


def data(n: int, d: int, tau2: float, seed: int) -> tuple[Array, Array]:
    """Points ``(n, d)`` from N(0, I), and noise ``(n,)``."""
    rng = np.random.default_rng([seed, n, d])
    return rng.normal(size=(n, d)), math.sqrt(tau2) * rng.normal(size=n)


def shadow_data(n: int, d: int, tau2: float, seed: int) -> tuple[Array, Array, Array]:
    """Noise ``(n,)`` and the two vectors ``(n,)``, ``(d,)`` that stand for a matrix."""
    rng = np.random.default_rng([seed, n, d, 1])
    return math.sqrt(tau2) * rng.normal(size=n), rng.normal(size=n), rng.normal(size=d)


def ridgeless_distance(X: Array, xi: Array) -> float:
    """How far from the teacher, the first axis, ridgeless least squares ends."""
    theta = ridge_least_squares(X, X[:, 0] + xi)
    return float(np.linalg.norm(theta - np.eye(X.shape[1])[0]))


def _drawn(name: str, prefix: str, draw: Callable[..., Any], n: int, d: int) -> dict[str, Any]:
    runs = [draw(n, d, seed) for seed in range(DRAWS)]
    costs, ends = np.array([cost for cost, _ in runs]), np.array([end for _, end in runs])
    low, middle, high = np.quantile(TAU2 + ends**2, (0.25, 0.5, 0.75))
    return {
        name: costs[0],
        f"{name}_low": costs.min(axis=0),
        f"{name}_high": costs.max(axis=0),
        f"{name}_at": min(float(ends[0]), float(ALPHA[-1])),
        f"{name}_cost": float(np.interp(ends[0], ALPHA, costs[0])),
        f"{prefix}risk": float(middle),
        f"{prefix}spread": float(high - low),
    }


def _problem(n: int, d: int, seed: int) -> tuple[Array, float]:
    X, xi = data(n, d, TAU2, seed)
    return sphere_costs(X, xi, ALPHA), ridgeless_distance(X, xi)


def _shadow(n: int, d: int, seed: int) -> tuple[Array, float]:
    xi, g, h = shadow_data(n, d, TAU2, seed)
    moved = np.linalg.norm(xi + ALPHA[:, None] * g, axis=1)
    costs = np.maximum(moved - ALPHA * np.linalg.norm(h), 0.0) / math.sqrt(n)
    return costs, shadow_distance(xi, g, h)
