"""Four ways to shrink one convolution, with no loss beside: what each of them pulls at."""

from functools import lru_cache
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array

STEP = 0.02
STEPS = 160
PULLS = ("largest channel", "with memory", "weight decay", "nearest layer")
STOPS = tuple(range(0, STEPS + 1, 10))
_GAMMA = 0.5


def start() -> Array:
    """Four output channels of 3 × 3 taps, ``(4, 9)``, each smaller than the one before.

    >>> np.abs(start()).sum(axis=1).round(1)
    array([8. , 6.5, 5. , 3.5])
    """
    K = np.random.default_rng(0).normal(size=(4, 9))
    return np.asarray(K * (np.array([8.0, 6.5, 5.0, 3.5]) / np.abs(K).sum(axis=1))[:, None])


def four_pulls(pull: str, steps: int) -> dict[str, Any]:
    r"""The kernel of :func:`start` after so many steps of one pull, on an image with room for it.

    ``"largest channel"``: :math:`K \leftarrow K - \eta g`, g the signs on the channel with the
    largest tap sum, :math:`\eta` = 0.02. ``"with memory"``: the same along
    :math:`b \leftarrow b/2`, overwritten there by g. ``"weight decay"``: all weights times a number
    below 1, whose first step lowers the norm as much. ``"nearest layer"``: the nearest kernel to
    the start with the norm that the first pull has by then. ``sup`` is :math:`\|A\|_\infty`,
    ``least`` the smallest tap sum of a channel, ``moved`` the Euclidean distance from the start,
    ``nought`` how many of the 36 weights are at most one step :math:`\eta` from 0. Curves:
    ``channel1`` to ``channel4``, the tap sums, against ``step``; ``size``, the absolute weights by
    ``rank``, and ``size_start``. [Derived, digest of layer norms, sections 5.1 and 5.2.]
    """
    path = _path(_validate.one_of(pull, "pull", PULLS))
    steps = _validate.count(steps, "steps", 0)
    if steps > STEPS:
        raise ValueError(f"steps: got {steps}, expected at most {STEPS}")
    K, sums = path[steps], np.abs(path).sum(axis=2)
    return {
        "sup": float(sums[steps].max()),
        "least": float(sums[steps].min()),
        "moved": float(np.linalg.norm(K - path[0])),
        "nought": int((np.abs(K) <= STEP * (1 + 1e-9)).sum()),
        "step": np.arange(0, STEPS + 1, 2.0),
        **{f"channel{o + 1}": sums[::2, o] for o in range(4)},
        "rank": np.arange(1.0, 37.0),
        "size": np.sort(np.abs(K).ravel())[::-1],
        "size_start": np.sort(np.abs(path[0]).ravel())[::-1],
    }


@lru_cache(maxsize=4)
def _path(pull: str) -> Array:
    """The kernels after 0, 1, … steps, ``(STEPS + 1, 4, 9)``."""
    if pull == "nearest layer":
        norms = np.abs(_path("largest channel")).sum(axis=2).max(axis=1)
        return np.array([_nearest(start(), radius) for radius in norms])
    K, b, kernels = start(), np.zeros((4, 9)), [start()]
    shrink = 1 - 9 * STEP / np.abs(K).sum(axis=1).max()
    for _ in range(STEPS):
        if pull == "weight decay":
            K = shrink * K
        else:
            o = int(np.abs(K).sum(axis=1).argmax())
            b = b * (_GAMMA if pull == "with memory" else 0.0)
            b[o] = np.sign(K[o])
            K = K - STEP * b
        kernels.append(K)
    return np.array(kernels)


def _nearest(K: Array, radius: float) -> Array:
    """Every channel on the l1 ball: all its weights nearer to 0 by one number, found by sorting."""
    sizes = np.abs(K)
    largest = -np.sort(-sizes, axis=1)
    cuts = (np.cumsum(largest, axis=1) - radius) / np.arange(1, K.shape[1] + 1)
    kept = (largest > cuts).sum(axis=1, keepdims=True)
    cut = np.maximum(np.take_along_axis(cuts, kept - 1, axis=1), 0.0)
    return np.asarray(np.sign(K) * np.maximum(sizes - cut, 0.0))
