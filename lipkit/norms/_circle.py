"""One axis of a convolution as part of a circle, where the Fourier transform takes it apart."""

import math
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit.norms._axis import Axis, IntArray


@dataclass(frozen=True, eq=False)
class Circle:
    r"""A circle of ``points`` output pixels that carries one axis of a convolution.

    Tap a reads the input's phase ``phases[a]``, moved by ``shifts[a]`` output pixels: a stride s
    splits the input into s phases. The norm on the axis is at most ``factor`` times the norm on
    the circle, and equal to that if ``exact``.
    """

    points: int
    phases: IntArray
    shifts: IntArray
    factor: float
    exact: bool

    def waves(self, frequencies: IntArray) -> Any:
        r"""The weight :math:`e^{2\pi i j q_a / N}` of tap a at frequency j: ``(n, taps)``."""
        turns = frequencies[:, None] * self.shifts % self.points
        return np.exp(2j * np.pi * turns / self.points)


@lru_cache(maxsize=4096)
def circle(axis: Axis) -> Circle:
    """The smallest circle that carries the axis."""
    if axis.mode == "circular":
        return _closed(axis)
    return _opened(axis) if axis.mode == "zeros" else _unfolded(axis)


def _opened(axis: Axis) -> Circle:
    """Zero padding: part of a circle on which no window meets a second real pixel."""
    margin = min(axis.reach, max(axis.left, axis.used_right))
    points = -(-(axis.size + margin) // axis.stride)
    return _split(axis, axis.stride, points, 1.0, False, axis.sees_no_padding)


def _closed(axis: Axis) -> Circle:
    """Circular padding: rows of the input's own circle, some of them several times."""
    step = math.gcd(axis.stride, axis.size)
    points = axis.size // step
    rows = np.arange(axis.outputs) * (axis.stride // step) % points
    times = np.bincount(rows, minlength=points)
    factor = math.sqrt(times.max())
    return _split(axis, step, points, factor, bool(times.min() == times.max()), True)


def _unfolded(axis: Axis) -> Circle:
    """Reflection or replication: copy each pixel as often as it is read, then pad with zeros."""
    copies = np.bincount(axis.fold(np.unique(axis.positions())))
    length = (axis.outputs - 1) * axis.stride + axis.reach + 1
    points = -(-length // axis.stride)
    return _split(axis, axis.stride, points, math.sqrt(copies.max()), False, axis.taps == 1)


def _split(
    axis: Axis, step: int, points: int, factor: float, exact: bool, exact_if_apart: bool
) -> Circle:
    """Taps by phase and shift; windows that are apart need one point only."""
    reads = np.arange(axis.taps) * axis.dilation
    shifts, residues = np.divmod(reads, step)
    phases = np.unique(residues, return_inverse=True)[1].ravel()
    apart = not shifts.any()
    exact = exact or (apart and exact_if_apart)
    return Circle(1 if apart else points, phases, shifts, factor, exact)
