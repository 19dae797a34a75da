"""Both halves of the Gaussian min-max comparison, measured on three sets, one of them convex."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array
from lipkit.theory.gaussian_comparison import ball_minimum, ball_shadow, sign_minimum, sign_shadow

DRAWS = 2000
SETS = ("ball", "sphere", "signs")
POINTS = 41


def two_halves(of: str, n: int, d: int) -> dict[str, Any]:
    r"""How often the minimum is small or large, beside twice as often for its shadow.

    .. math:: \Phi = \min_{v\in V}\|\zeta + Gv\|_2,\qquad
              \varphi = \min_{v\in V}\big(\|\zeta + \|v\|g\|_2 + h\cdot v\big)_+

    V is the unit ``ball`` (:math:`\zeta` Gaussian), the unit ``sphere``, or the ``signs``
    :math:`\{\pm1/\sqrt d\}^d` (both with :math:`\zeta = 0`). ``small`` is :math:`P(\Phi\le t)` and
    ``small_shadow`` :math:`\min(1, 2P(\varphi\le t))`, against ``t``, which is given over
    :math:`\sqrt n`; ``large`` and ``large_shadow`` the same for :math:`\ge`. Shares of 2000 draws.
    ``small_excess`` and ``large_excess`` are the largest differences over all t. Exact minima.
    """
    truth, shadow = draws(of, n, d)
    t = np.geomspace(0.003, 2.0, POINTS) * math.sqrt(n)
    small, small_shadow = _shares(truth, t), 2 * _shares(shadow, t)
    large, large_shadow = _shares(-truth, -t), 2 * _shares(-shadow, -t)
    return {
        "t": t / math.sqrt(n),
        "small": small,
        "small_shadow": np.minimum(small_shadow, 1.0),
        "large": large,
        "large_shadow": np.minimum(large_shadow, 1.0),
        "small_excess": _excess(truth, shadow),
        "large_excess": _excess(-truth, -shadow),
    }


@lru_cache(maxsize=64)
def draws(of: str, n: int, d: int) -> tuple[Array, Array]:
    """Independent draws of the minimum and of its shadow, each of shape (2000,)."""
    _validate.one_of(of, "of", SETS)
    rng = np.random.default_rng([SETS.index(of), n, d])
    G, zeta = rng.normal(size=(DRAWS, n, d)), rng.normal(size=(DRAWS, n))
    g, h, other = (rng.normal(size=(DRAWS, k)) for k in (n, d, n))
    if of == "ball":
        return ball_minimum(G, zeta), ball_shadow(other, g, h)
    if of == "sphere":
        ends = np.linalg.svd(G, compute_uv=False)[:, -1]
        gap = np.linalg.norm(g, axis=1) - np.linalg.norm(h, axis=1)
        return np.where(n >= d, ends, 0.0), np.maximum(gap, 0.0)
    return sign_minimum(G), sign_shadow(g, h)


def _shares(sample: Array, t: Array) -> Array:
    return np.searchsorted(np.sort(sample), t, side="right") / len(sample)


def _excess(truth: Array, shadow: Array) -> float:
    t = np.sort(truth)
    return float(np.max(_shares(truth, t) - 2 * _shares(shadow, t)))
