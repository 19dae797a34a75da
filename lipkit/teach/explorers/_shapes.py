"""Polygons of one state in one array."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit import _validate
from lipkit._validate import Array


@dataclass(frozen=True, eq=False)
class Shapes:
    """The corners of all polygons, ``(n, 2)``, with a row of NaN after each."""

    corners: Array
    ends: NDArray[np.intp]

    @classmethod
    def of(cls, polygons: Sequence[Any], name: str) -> "Shapes":
        """From arrays ``(k, 2)``; raises ``ValueError`` for another shape or for NaN."""
        sizes = [np.shape(polygon) for polygon in polygons]
        wrong = [size for size in sizes if len(size) != 2 or size[0] < 3 or size[1] != 2]
        if wrong:
            raise ValueError(f"{name}: got a polygon of shape {wrong[0]}, expected (k, 2), k ≥ 3")
        gap = np.full((1, 2), np.nan)
        if not polygons:
            return cls(gap[:0], np.zeros(0, dtype=int))
        _validate.real_array(np.concatenate(polygons), name)
        corners = np.concatenate([part for polygon in polygons for part in (polygon, gap)])
        return cls(corners.astype(float), np.cumsum([size[0] + 1 for size in sizes]))

    def __len__(self) -> int:
        return len(self.ends)

    def one(self, index: int) -> Array:
        """The corners of one polygon; none for a negative index."""
        if not -1 <= index < len(self):
            raise ValueError(
                f"inside: got {index}, expected the index of one of {len(self)} polygons, or −1"
            )
        if index < 0:
            return self.corners[:0]
        first = self.ends[index - 1] if index else 0
        return self.corners[first : self.ends[index] - 1]
