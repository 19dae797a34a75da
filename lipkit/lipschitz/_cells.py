"""The open cells of an arrangement of hyperplanes, found one by one by linear programming."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._polytope import deepest_point

_INSIDE = 1e-9  # how far from its walls a point must be to say that the cell exists
_OUTSIDE = 1e-12  # a cell no deeper than this does not exist, up to rounding


@dataclass(frozen=True, eq=False)
class Cells:
    """``signs`` ``(k, n)``, True on the upper side, and a point ``(k, r)`` in each cell.

    ``doubtful`` counts cells too thin to be told from none; they are left out. ``complete`` is
    False if there were more cells than asked for.
    """

    signs: NDArray[np.bool_]
    points: Array
    doubtful: int
    complete: bool


def cells(
    normals: Array,
    offsets: Array,
    box: tuple[Array, Array] | None = None,
    most: int | None = None,
) -> Cells:
    """Depth first on the signs of one hyperplane after the other; rows have length 1.

    In a box: the cells that meet it. Otherwise all cells; through 0 only half of the tree is
    walked, the other half is its mirror image. [Digest of random ReLU networks, 5.3 (b).]
    """
    tree = _Tree(normals, offsets, box)
    signs: list[tuple[bool, ...]] = []
    points: list[Array] = []
    complete = True
    for prefix, point in tree.leaves():
        if most is not None and len(signs) >= most:
            complete = False
            break
        signs.append(prefix)
        points.append(tree.input_point(point))
        if tree.mirrored:
            signs.append(tuple(not s for s in prefix))
            points.append(-points[-1])
    table = np.array(signs, dtype=bool).reshape(len(signs), len(normals))
    places = np.array(points).reshape(len(signs), normals.shape[1])
    return Cells(table, places, tree.doubtful, complete)


class _Tree:
    """Sign prefixes that some point has: homogeneous (y, tau), tau > 0, unless there is a box."""

    def __init__(self, normals: Array, offsets: Array, box: tuple[Array, Array] | None):
        r = normals.shape[1]
        self.affine = box is None and bool(offsets.any())
        self.mirrored = box is None and not self.affine and len(normals) > 0
        self.doubtful = 0
        self.rows, self.shifts = normals, offsets
        self.lower, self.upper = (-np.ones(r), np.ones(r)) if box is None else box
        if self.affine:
            rows = np.column_stack([normals, offsets])
            self.rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
            self.shifts = np.zeros(len(rows))
            self.lower = np.append(self.lower, 0.0)
            self.upper = np.append(self.upper, 1.0)

    def input_point(self, point: Array) -> Array:
        return point[:-1] / point[-1] if self.affine else point

    def leaves(self) -> Iterator[tuple[tuple[bool, ...], Array]]:
        stack: list[tuple[tuple[bool, ...], Array]] = [((), self._root())]
        while stack:
            prefix, point = stack.pop()
            k = len(prefix)
            if k == len(self.rows):
                yield prefix, point
                continue
            height = float(self.rows[k] @ point + self.shifts[k])
            for sign in (True,) if self.mirrored and k == 0 else (True, False):
                child = (*prefix, sign)
                if abs(height) > _INSIDE and (height > 0) == sign:
                    stack.append((child, point))
                    continue
                deep, depth = self._deepest(child)
                self.doubtful += _OUTSIDE < depth <= _INSIDE
                if depth > _INSIDE:
                    stack.append((child, deep))

    def _root(self) -> Array:
        return np.eye(len(self.lower))[-1] if self.affine else (self.lower + self.upper) / 2

    def _deepest(self, prefix: tuple[bool, ...]) -> tuple[Array, float]:
        sign = np.where(prefix, 1.0, -1.0)
        A, c = sign[:, None] * self.rows[: len(prefix)], sign * self.shifts[: len(prefix)]
        if self.affine:
            A, c = np.vstack([A, np.eye(len(self.lower))[-1:]]), np.append(c, 0.0)
        return deepest_point(A, c, self.lower, self.upper)
