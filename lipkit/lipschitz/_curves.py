"""The line and the circle, as curves on which a pair of numbers is a form of one parameter."""

import math

import numpy as np

from lipkit._validate import Array


class Line:
    r"""Forms :math:`\alpha t + \beta`."""

    def point(self, t: Array) -> Array:
        """``(t, 1)``."""
        return np.stack([t, np.ones_like(t)])

    def zeros(self, alpha: Array, beta: Array, start: Array) -> Array:
        """One zero each, NaN where the form is constant."""
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            t = -beta / alpha
        return np.where(np.isfinite(t), t, np.nan)

    def steepness(self, alpha: Array, beta: Array) -> Array:
        """The derivative's size."""
        return np.abs(alpha)

    def inside(self, start: Array, end: Array) -> Array:
        """The middle; on a ray, as far from its end as that is from 0, and at least 1."""
        near_start, near_end = (np.where(np.isinf(t), 0.0, t) for t in (start, end))
        left = np.where(np.isinf(start), near_end - 2 * np.maximum(1.0, np.abs(near_end)), start)
        right = np.where(np.isinf(end), near_start + 2 * np.maximum(1.0, np.abs(near_start)), end)
        return np.asarray(left + (right - left) / 2)


class Circle:
    r"""Forms :math:`\alpha \cos t + \beta \sin t`, on pieces that end at 0 or do not cross it."""

    def point(self, t: Array) -> Array:
        """``(cos t, sin t)``."""
        return np.stack([np.cos(t), np.sin(t)])

    def zeros(self, alpha: Array, beta: Array, start: Array) -> Array:
        """The zero in the half circle where the piece lies, NaN where the form is 0."""
        upper = np.mod(np.arctan2(alpha, -beta), math.pi)
        zeros = np.where(start < 0, upper - math.pi, upper)
        return np.where((alpha == 0) & (beta == 0), np.nan, zeros)

    def steepness(self, alpha: Array, beta: Array) -> Array:
        """The derivative's size at the zero."""
        return np.hypot(alpha, beta)

    def inside(self, start: Array, end: Array) -> Array:
        """The middle."""
        return np.asarray(start + (end - start) / 2)
