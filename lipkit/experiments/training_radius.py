"""The explorer of adversarial linear regression: which radius to train against."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments.robust_by_width import best_linear
from lipkit.theory.adversarial_features import adversarial_risk, linear_adversarial_theory
from lipkit.theory.gaussian_comparison import ridgeless_risk

GRID = np.linspace(0.025, 2.2, 88)  # at n/d = 1/2 the model is 0 from 2.17 on, at the latest


def training_radius(ratio: float, tau2: float, eps_test: float) -> dict[str, Any]:
    r"""Limits of the risk under l2 attacks of radius ``eps_test``, against the training radius.

    ``radius`` with ``robust`` and ``standard`` risk. ``best`` is the least robust risk on this grid
    and ``best_radius`` where it is taken, the nearest to ``eps_test`` if several are; ``same`` is
    the robust risk of training against ``eps_test`` itself, ``plain`` of least squares (of least
    norm for ``ratio`` = n/d below 1, infinite at 1), ``null`` of the model 0, ``oracle`` of the
    best multiple of the teacher, which no training reaches. All include the noise ``tau2``.
    """
    standard, length = _limits(ratio, tau2)
    robust = adversarial_risk(standard, length, eps_test)
    best = float(robust.min())
    ties = np.flatnonzero(robust <= best * (1 + 1e-9))
    at = GRID[ties[np.argmin(np.abs(GRID[ties] - eps_test))]]
    return {
        "radius": GRID,
        "robust": robust,
        "standard": standard,
        "best": best,
        "best_radius": float(at),
        "same": _same(ratio, tau2, eps_test),
        "plain": float(adversarial_risk(*ridgeless_risk(ratio, tau2), eps_test)),
        "null": 1.0 + tau2,
        "oracle": best_linear(tau2, eps_test)[1],
    }


def _same(ratio: float, tau2: float, eps: float) -> float:
    near = int(np.argmin(np.abs(GRID - eps)))
    if math.isclose(GRID[near], eps):  # as all radii of the page are
        standard, length = _limits(ratio, tau2)
        return float(adversarial_risk(standard[near], length[near], eps))
    return float(linear_adversarial_theory(ratio, tau2, eps).adversarial_risk)


@lru_cache(maxsize=64)
def _limits(ratio: float, tau2: float) -> tuple[Array, Array]:
    found = linear_adversarial_theory(ratio, tau2, GRID)
    return found.standard_risk, found.grad_norm
