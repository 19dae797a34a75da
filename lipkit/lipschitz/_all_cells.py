"""The steepest cell where every gate pattern has one: hyperplanes with independent normals."""

import math

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._arrangement import Arrangement
from lipkit.lipschitz._flat_sweep import Norm, Steepest
from lipkit.lipschitz._subsets import subset_sums

_ENTRIES = 2**21  # numbers in one batch: 16 MB


def all_patterns_exist(arrangement: Arrangement) -> bool:
    """Whether there are no more hyperplanes than dimensions: then a point has any gates."""
    return len(arrangement) == arrangement.rank


def all_patterns_work(arrangement: Arrangement) -> float:
    """About how many numbers it takes."""
    return math.ldexp(arrangement.gains.shape[1], min(len(arrangement), 1000))


def steepest_pattern(arrangement: Arrangement, norm: Norm) -> Steepest:
    """The largest norm of all subset sums, the two halves' sums added pair by pair."""
    n, k = arrangement.gains.shape
    half = n // 2
    first = subset_sums(arrangement.gains[:half]) + arrangement.start
    second = subset_sums(arrangement.gains[half:])
    value, bits = -1.0, 0
    rows = max(1, _ENTRIES // (len(second) * max(1, k)))
    for begin in range(0, len(first), rows):
        norms = norm(first[begin : begin + rows, None] + second)
        i, j = np.unravel_index(np.argmax(norms), norms.shape)
        if norms[i, j] > value:
            value, bits = float(norms[i, j]), int(begin + i) + (int(j) << half)
    return Steepest(value, _point(arrangement, bits >> np.arange(n) & 1 == 1), 0, 2**n)


def steepest_entry(arrangement: Arrangement) -> Steepest:
    r"""For p = 1 and one output: :math:`\max_j \max(c_j + \sum_i (q_{ij})_+, \dots)`, at once."""
    q, c = arrangement.gains, arrangement.start
    ends = np.stack([c + np.maximum(q, 0).sum(axis=0), -c - np.minimum(q, 0).sum(axis=0)])
    side, entry = np.unravel_index(np.argmax(ends), ends.shape)
    gates = q[:, entry] > 0 if side == 0 else q[:, entry] < 0
    return Steepest(max(0.0, float(ends[side, entry])), _point(arrangement, gates), 0, ends.size)


def _point(arrangement: Arrangement, gates: NDArray[np.bool_]) -> Array:
    """The point at distance 1 from every hyperplane, on the sides that the gates say."""
    heights = np.where(gates, 1.0, -1.0) - arrangement.offsets
    return np.asarray(np.linalg.lstsq(arrangement.normals, heights, rcond=None)[0])
