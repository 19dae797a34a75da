"""How far apart the classes of a data set are."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from lipkit import _validate
from lipkit._validate import Array
from lipkit.certificates._labels import as_array
from lipkit.norms import vector_norm

Search: TypeAlias = Callable[[Array, float], tuple[Any, Any]]

_AT_ONCE = 256  # queries between two looks at the best so far


@dataclass(frozen=True)
class ClassSeparation:
    r"""The least distance between points of two classes, and where it is attained.

    ``pair`` holds two row numbers (one of possibly several such pairs), ``classes`` their labels,
    ``p`` the norm. :attr:`r` is half the distance.
    """

    distance: float
    pair: tuple[int, int]
    classes: tuple[int, int]
    p: float

    @property
    def r(self) -> float:
        """The radius below which balls around points of different classes do not meet."""
        return self.distance / 2

    @property
    def message(self) -> str:
        """What it says about robustness on these points, in a sentence."""
        (i, j), (a, b) = self.pair, self.classes
        if self.distance == 0:
            return f"rows {i} and {j} are one point in classes {a} and {b}: no radius is robust"
        return (
            f"for eps < {self.r:g} some classifier is right on the whole ball around every row; "
            f"rows {i} (class {a}) and {j} (class {b}) set the limit"
        )


def class_separation(X: Any, y: Any, p: float) -> ClassSeparation:
    r"""The least distance between two classes, :math:`2r = \min_{y_i \ne y_j} \|x_i - x_j\|_p`.

    ``X`` is ``(n, d)`` or ``(n, ...)``, taken flat; ``y`` is ``(n,)``, integers. Exact up to
    rounding: every pair is compared, or excluded by part of its coordinates; memory grows as the
    data do, not as pairs. For :math:`\epsilon < r` the nearest class is a classifier that keeps its
    answer on all balls, so robust accuracy 1 on *these* points is possible; nothing follows for
    others. Raises ``ValueError`` for a single class or shapes that do not fit.
    [Derived, digest of layer norms, section 6; the observation is Yang et al. 2020.]

    >>> found = class_separation([[0.0, 0.0], [4.0, 1.0], [1.0, 1.0]], [0, 0, 1], np.inf)
    >>> found.distance, found.pair, found.r
    (1.0, (0, 2), 0.5)
    """
    points, labels = _checked(X, y)
    p = _validate.exponent(p)
    scaled = points / 2.0 ** np.frexp(np.abs(points).max(initial=0.0))[1]  # rounds nothing
    best, pair = math.inf, (0, 0)
    for one, rest in _splits(labels):
        search = (
            _in_tree(scaled[rest], p) if p in (1, 2, math.inf) else _one_by_one(scaled[rest], p)
        )
        for start in range(0, len(one), _AT_ONCE):
            rows = one[start : start + _AT_ONCE]
            distances, found = search(scaled[rows], best)
            i = int(np.argmin(distances))
            if distances[i] < best:
                best, pair = float(distances[i]), (int(rows[i]), int(rest[found[i]]))
    i, j = sorted(pair)
    exact = float(vector_norm(points[i] - points[j], p))
    return ClassSeparation(exact, (i, j), (int(labels[i]), int(labels[j])), p)


def _in_tree(rest: Array, p: float) -> Search:
    """The nearest of ``rest`` to each query, closer than a limit; a tree leaves most pairs out."""
    tree = KDTree(rest, leafsize=32, balanced_tree=False, compact_nodes=False)
    return lambda queries, limit: tree.query(queries, p=p, distance_upper_bound=limit)


def _one_by_one(rest: Array, p: float) -> Search:
    """The same for any p: a tree would let powers of small coordinates underflow."""

    def search(queries: Array, limit: float) -> tuple[Any, Any]:
        found = [vector_norm(rest - query, p) for query in queries]
        nearest = [int(np.argmin(distances)) for distances in found]
        return [d[i] for d, i in zip(found, nearest, strict=True)], nearest

    return search


def _splits(labels: NDArray[np.int64]) -> Iterator[tuple[NDArray[np.int64], NDArray[np.int64]]]:
    """The rows of a class, and those of the classes after it: every pair of classes once."""
    for label in np.unique(labels)[:-1]:
        yield np.flatnonzero(labels == label), np.flatnonzero(labels > label)


def _checked(X: Any, y: Any) -> tuple[Array, NDArray[np.int64]]:
    points = _validate.real_array(as_array(X), "X")
    labels = as_array(y)
    if points.ndim < 2 or labels.shape != (len(points),) or labels.dtype.kind not in "iub":
        raise ValueError(
            f"X, y: got shapes {points.shape} and {labels.shape}, dtype {labels.dtype}, expected "
            "(n, ...) and (n,) integers, one label for each row"
        )
    if len(np.unique(labels)) < 2:
        raise ValueError(
            f"y: got {len(np.unique(labels))} classes, expected at least two: one class alone is "
            "separated from nothing; pass the points of all classes"
        )
    return points.reshape(len(points), -1), labels.astype(np.int64)
