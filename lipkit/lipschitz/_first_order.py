r"""Multipliers of LipSDP by descent, for networks too wide for Newton's method.

The largest eigenvalue of :math:`Y` is smoothed to :math:`F_k = \frac1k \ln \mathrm{tr}\, Y^k`, k
growing, and L-BFGS moves the logarithms of the multipliers; whatever they are, what they prove is
recomputed. [Derived, digest of random ReLU networks, section 5.4, recipes 1 and 3.]
"""

import math
from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import Any

import numpy as np
from scipy.optimize import minimize

from lipkit._validate import Array
from lipkit.lipschitz._multipliers import constant_multipliers, schur_chain

_POWERS = (8, 32, 128, 512, 2048)
_OPTIONS: Any = {"maxiter": 150, "maxcor": 20}
_FAR = 1e3  # the objective where the multipliers prove nothing

Objective = Callable[[Array, int], tuple[float, Array]]


def descend_deep(weights: Sequence[Array]) -> list[Array]:
    """Multipliers for any depth and outputs, layers of norm 1; some tenths of a percent loose."""
    start = constant_multipliers(weights)
    ends = np.cumsum([0, *map(len, start)])

    def objective(logs: Array, k: int) -> tuple[float, Array]:
        T = [np.exp(logs[a:b]) for a, b in pairwise(ends)]
        chain = schur_chain(weights, T)
        if chain is None:
            return _FAR, np.zeros_like(logs)
        value, S = _smooth_largest(chain.halves[0].T @ chain.halves[0], k)
        slopes = []
        for W, G in zip(weights[:-1], chain.gains(), strict=True):
            GS = G @ S
            slopes.append(2 * np.sum(GS * W, axis=1) - 2 * np.sum(GS * G, axis=1))
            S = GS @ G.T
        return value, np.concatenate(slopes) * np.exp(logs)

    logs = _descend(objective, np.log(np.concatenate(start)), _POWERS[:-1])
    return [np.exp(logs[a:b]) for a, b in pairwise(ends)]


def descend_shallow(W: Array, a: Array) -> list[Array]:
    r"""Multipliers for one hidden layer and one output, all of a nonzero; about 0.01 % loose.

    :math:`Y(t) = \frac12 W^T T W + v v^T / (4s)`, :math:`v = W^T a`,
    :math:`s = 1 - \frac12 \sum_i a_i^2 / t_i`: as many rows as there are inputs.
    """
    v, size = W.T @ a, np.abs(a)

    def objective(logs: Array, k: int) -> tuple[float, Array]:
        t = np.exp(logs)
        s = 1 - np.sum(a**2 / t) / 2
        if not s > 0:
            return _FAR, np.zeros_like(logs)
        value, S = _smooth_largest(W.T @ (t[:, None] * W) / 2 + np.outer(v, v) / (4 * s), k)
        slopes = np.sum((W @ S) * W, axis=1) / 2 - (v @ S @ v) / (8 * s**2) * (a / t) ** 2
        return value, slopes * t

    start = np.log(0.75 * size * size.sum())
    return [np.exp(_descend(objective, start, _POWERS))]


def _smooth_largest(Y: Array, k: int) -> tuple[float, Array]:
    r""":math:`F_k` and its derivative :math:`Y^{k-1} / \mathrm{tr}\, Y^k`."""
    values, vectors = np.linalg.eigh(Y)
    top = max(float(values[-1]), 1e-300)
    ratios = np.maximum(values / top, 0.0)
    total = np.sum(ratios**k)
    S = (vectors * (ratios ** (k - 1) / total / top)) @ vectors.T
    return math.log(top) + math.log(total) / k, S


def _descend(objective: Objective, start: Array, powers: Sequence[int]) -> Array:
    """The best point seen: its value is the unsmoothed one, up to :math:`\\ln d / k`."""
    best, lowest = start, math.inf

    def watched(logs: Array, k: int) -> tuple[float, Array]:
        nonlocal best, lowest
        value, slope = objective(logs, k)
        if k == powers[-1] and value < lowest:
            best, lowest = logs.copy(), value
        return value, slope

    x: Any = start
    for k in powers:
        found: Any = minimize(watched, x, args=(k,), jac=True, method="L-BFGS-B", options=_OPTIONS)
        x = found.x
    watched(start, powers[-1])
    return best
