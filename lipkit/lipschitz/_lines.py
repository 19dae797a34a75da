"""Straight lines above and below a bent function, and what they say of a chain of such functions.

A chain :math:`v_{k+1} = W_k\\, \\phi_k(v_k) + b_k`, each :math:`\\phi_k` between two lines in every
coordinate, is bounded by putting the lines in, last first, until only the box of :math:`v_0` is
left. [Zhang et al. 2018, CROWN; digest of random ReLU networks, section 5.10.]
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz._rounding import TINY, U, gamma


@dataclass(frozen=True)
class Lines:
    """Two lines a coordinate: ``below`` and ``above`` are pairs (slopes, offsets), ``(n,)`` each.

    All offsets of lines above are at least 0, all offsets of lines below at most 0.
    """

    below: tuple[Array, Array]
    above: tuple[Array, Array]


@dataclass(frozen=True)
class Step:
    """One link :math:`v \\mapsto W \\phi(v) + b`; ``size`` ``(n,)`` is that of the terms v sums."""

    lines: Lines
    W: Array
    b: Array | float
    size: Array


def bounds(steps: Sequence[Step], lower: Array, upper: Array) -> tuple[Array, Array]:
    """Bounds of the chain's end over the box of its start, rounded outward."""
    return -_from_above(steps, lower, upper, -1.0), _from_above(steps, lower, upper, 1.0)


def _from_above(steps: Sequence[Step], lower: Array, upper: Array, sign: float) -> Array:
    A, value = sign * steps[-1].W, sign * np.asarray(steps[-1].b)
    total = np.abs(value)  # of all terms, in absolute value: what rounding is relative to
    for k in range(len(steps) - 1, -1, -1):
        (below, under), (above, over) = steps[k].lines.below, steps[k].lines.above
        plus, minus = np.maximum(A, 0), np.minimum(A, 0)
        value = value + plus @ over + minus @ under
        A = plus * above + minus * below
        total = total + plus @ over + minus @ under + np.abs(A) @ steps[k].size
        if k:
            value = value + A @ np.broadcast_to(steps[k - 1].b, A.shape[1])
            A = A @ steps[k - 1].W
    value = value + np.maximum(A, 0) @ upper + np.minimum(A, 0) @ lower
    longest = max(step.W.shape[1] for step in steps)
    return np.asarray(value + gamma(8 * (longest + len(steps)) + 64) * total + TINY)


def identity(n: int) -> Lines:
    """The function itself, where there is nothing bent."""
    line = (np.ones(n), np.zeros(n))
    return Lines(line, line)


def relu_lines(low: Array, high: Array) -> Lines:
    """Around ReLU on [low, high]: the chord above, and below the nearer of 0 and the identity."""
    slope, offset = _chord_above(low, high)
    leaning = np.where(low >= 0, 1.0, np.where(high <= 0, 0.0, high > -low))
    return Lines((leaning, np.zeros_like(low)), (slope, offset))


def gate_lines(low: Array, high: Array, closed: Array, opened: Array) -> Lines:
    r"""Around :math:`y = s J` for J in [low, high] and a gate s in [closed, opened].

    A free gate gives :math:`\min(0, J) \le y \le \max(0, J)`, bent at 0, chords on both sides.
    """
    above, over = _chord_above(low, high)
    below, under = _chord_above(-high, -low)
    free = closed != opened
    return Lines(
        (np.where(free, below, closed), np.where(free, -under, 0.0)),
        (np.where(free, above, closed), np.where(free, over, 0.0)),
    )


def _chord_above(low: Array, high: Array) -> tuple[Array, Array]:
    """Slope and offset of a line above max(0, v) on [low, high], rounded up at both ends."""
    bent = (low < 0) & (high > 0)
    width = np.where(bent, high - low, 1.0)
    slope = np.where(bent, high / width, (low >= 0).astype(np.float64))
    offset = np.maximum(-slope * low, high - slope * high) * (1 + 8 * U) + TINY
    return slope, np.where(bent, offset, 0.0)
