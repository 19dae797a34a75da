"""What the surrogate fits exactly: the law of its training residuals, with an atom at zero."""

import math
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.experiments.surrogate_runs import draw
from lipkit.regression import adversarial_least_squares
from lipkit.theory.adversarial_features import AsymptoticRisk, asymptotic_risk, residual_law

GRID = np.linspace(0.0, 2.0, 21)
SETTING: dict[str, Any] = {
    "psi1": 4.0,
    "psi2": 2.0,
    "tau2": 0.25,
    "eps": (0.1, 0.25, 0.5, 0.75, 1.0),
    "activation": "shifted_relu",
}


@experiment(
    sizes={
        "test": SETTING | {"d": 30},
        "quick": SETTING | {"d": 100},
        "standard": SETTING | {"d": 200},
        "full": SETTING | {"d": 400},
    },
    seeds={"test": 4, "quick": 10, "standard": 20, "full": 50},
)
def exact_fits(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The training residuals of one training set, fitted against each radius, and their limit law.

    Arrays with axis ``eps``: ``atom``, the share of points whose residual is exactly 0, and
    ``atom_limit``; ``distance``, the Kolmogorov distance :math:`\sup_r|F_n(r) - F(r)|` of the
    absolute residuals to the limit. With a second axis for the values r of :data:`GRID`: ``share``
    of points with :math:`|r_i| \le r`, and ``share_limit``. Convex surrogate, l2 radius ``eps``;
    the draws are those of ``surrogate_runs``. Rounded to six decimals. [Digest of adversarial
    random features, 11, E3.]
    """
    shared = {name: params[name] for name in ("d", "psi1", "psi2", "activation")}
    features, X, noise = draw(seed=seed, **shared)
    y = X[:, 0] + math.sqrt(params["tau2"]) * noise
    Z, J2 = features.features(X), features.gradient_matrix()
    fits = [
        adversarial_least_squares(Z, y, radius, gradient_matrix=J2, tol=1e-6)
        for radius in params["eps"]
    ]
    limits = residual_limits(params)
    sizes = [np.abs(fit.residuals) for fit in fits]
    found = {
        "atom": [fit.interpolated.mean() for fit in fits],
        "atom_limit": [limit.interpolated_fraction for limit in limits],
        "share": [(size[:, None] <= GRID).mean(axis=0) for size in sizes],
        "share_limit": [residual_law(limit, GRID) for limit in limits],
        "distance": [kolmogorov(*pair) for pair in zip(sizes, limits, strict=True)],
    }
    return {name: np.round(values, 6) for name, values in found.items()}


def residual_limits(params: dict[str, Any]) -> list[AsymptoticRisk]:
    """The limit at each radius of :func:`exact_fits`, from which its law follows.

    >>> limits = residual_limits(exact_fits.params("test"))
    >>> [round(limit.interpolated_fraction, 3) for limit in limits]
    [1.0, 0.974, 0.703, 0.434, 0.216]
    """
    setting = {name: params[name] for name in ("psi1", "psi2", "tau2", "activation")}
    return [asymptotic_risk(**setting, eps=eps) for eps in params["eps"]]


def kolmogorov(sizes: Array, limit: AsymptoticRisk) -> float:
    """The largest gap between the share of ``sizes`` up to r and the limit law, over all r >= 0.

    >>> limit = asymptotic_risk(4, 2, tau2=0.25, eps=0.5)
    >>> round(kolmogorov(np.zeros(5), limit), 4)  # all fitted, where 70 % should be
    0.2971
    """
    sizes = np.sort(sizes)
    law, n = residual_law(limit, sizes), len(sizes)
    steps = np.arange(n + 1) / n
    off = sizes > 0  # at 0 both jump, and only what they jump to counts
    gaps = [abs(float(np.mean(~off)) - residual_law(limit, 0.0))]
    return float(max([*gaps, *np.abs(steps[1:] - law)[off], *np.abs(steps[:-1] - law)[off]]))
