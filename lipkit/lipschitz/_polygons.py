"""Many convex polygons in one array, and a cut through all of them at once."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array


@dataclass(frozen=True, eq=False)
class Polygons:
    """``points`` ``(k, m, 2)``, counter-clockwise; row i has ``counts[i]`` corners.

    The rest of a row repeats its first corner, so that edges close and areas add up by themselves.
    """

    points: Array
    counts: NDArray[np.intp]

    @classmethod
    def of(cls, corners: Array) -> "Polygons":
        """One polygon, of corners ``(m, 2)``."""
        return cls(corners[None], np.array([len(corners)]))

    def __len__(self) -> int:
        return len(self.counts)

    def corners(self) -> list[Array]:
        """The corners of each polygon without the padding."""
        return [row[:n].copy() for row, n in zip(self.points, self.counts, strict=True)]

    def centres(self) -> Array:
        """The mean of each polygon's corners, ``(k, 2)``."""
        padding = self.points.shape[1] - self.counts
        total = self.points.sum(axis=1) - padding[:, None] * self.points[:, 0]
        return np.asarray(total / self.counts[:, None])

    def areas(self) -> Array:
        """The areas, ``(k,)``, by the shoelace formula from each first corner."""
        x, y = np.moveaxis(self.points - self.points[:, :1], -1, 0)
        crossed = x[:, :-1] * y[:, 1:] - x[:, 1:] * y[:, :-1]
        return np.asarray(crossed.sum(axis=1) / 2)

    def heights(self, forms: Array) -> Array:
        """One form :math:`a_1 x_1 + a_2 x_2 + c` a polygon, ``(k, 3)``, at all its corners."""
        a, b, c = forms.T[:, :, None]
        return np.asarray(a * self.points[..., 0] + b * self.points[..., 1] + c)

    def cut(self, heights: Array, smallest: float) -> tuple["Polygons", NDArray[np.intp], int]:
        """Cut every polygon along the line where ``heights`` ``(k, m)`` are 0.

        Returns the parts (each polygon or its upper part in its old place, the lower parts behind),
        the polygon that each came from, and how many cuts were not made because a part would have
        had an area below ``smallest``.
        """
        crossed = np.flatnonzero((heights.max(axis=1) > 0) & (heights.min(axis=1) < 0))
        if len(crossed) == 0:
            return self, np.arange(len(self)), 0
        upper, lower = self._halves(crossed, heights[crossed])
        real = (upper.areas() > smallest) & (lower.areas() > smallest)
        done = crossed[real]
        parts = self._replace(done, upper._take(real), lower._take(real))
        return parts, np.concatenate([np.arange(len(self)), done]), len(crossed) - len(done)

    def _halves(self, rows: NDArray[np.intp], heights: Array) -> tuple["Polygons", "Polygons"]:
        here, there = self.points[rows], np.roll(self.points[rows], -1, axis=1)
        h, k = heights, np.roll(heights, -1, axis=1)
        crossing = np.sign(h) * np.sign(k) < 0
        share = np.divide(h, h - k, out=np.zeros_like(h), where=crossing)
        meeting = here + share[..., None] * (there - here)
        corner = np.arange(h.shape[1]) < self.counts[rows, None]
        both = np.stack([here, meeting], axis=2).reshape(len(rows), -1, 2)
        halves = [
            _gather(both, np.stack([corner & side, crossing], axis=2).reshape(len(rows), -1))
            for side in (h >= 0, h <= 0)
        ]
        return halves[0], halves[1]

    def _take(self, rows: NDArray[np.bool_]) -> "Polygons":
        return Polygons(self.points[rows], self.counts[rows])

    def _replace(self, rows: NDArray[np.intp], new: "Polygons", more: "Polygons") -> "Polygons":
        """With ``rows`` replaced by ``new`` and ``more`` added behind."""
        counts = self.counts.copy()
        counts[rows] = new.counts
        counts = np.concatenate([counts, more.counts])
        width = int(counts.max())
        points = np.concatenate([_widen(self.points, width), _widen(more.points, width)])
        points[rows] = _widen(new.points, width)
        return Polygons(points, counts)


def _gather(points: Array, keep: NDArray[np.bool_]) -> Polygons:
    """The kept points of each row moved to its front, the rest filled with the first of them."""
    counts = keep.sum(axis=1)
    width = int(counts.max(initial=0))
    order = np.argsort(~keep, axis=1, kind="stable")[:, :width]
    packed = np.take_along_axis(points, order[..., None], axis=1)
    padding = np.arange(width) >= counts[:, None]
    return Polygons(np.where(padding[..., None], packed[:, :1], packed), counts)


def _widen(points: Array, width: int) -> Array:
    """Rows cut or filled (with their first corner) to ``width`` corners."""
    missing = width - points.shape[1]
    if missing <= 0:
        return points[:, :width].copy()
    return np.concatenate([points, np.repeat(points[:, :1], missing, axis=1)], axis=1)
