"""Which of the points can one neuron be on for? Every answer, exactly."""

import math
from itertools import combinations, product

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lipkit._validate import Array
from lipkit.theory.rademacher._linear import sample

MOST_PATTERNS = 5000
_ON = 1e-9  # a unit vector this close to a hyperplane lies on it


def activation_patterns(X: ArrayLike) -> NDArray[np.bool_]:
    r"""Every pattern :math:`(1[w \cdot x_i > 0])_i` that some w off all hyperplanes realises.

    ``X`` has shape ``(n, d)``, the answer ``(m, n)``: the cells of n hyperplanes through the
    origin. In general position :math:`m = 2 \sum_{j < r} \binom{n-1}{j}` for rank r, otherwise m
    is smaller. A point at the origin is never on.

    *How.* Every cell has a ray on its boundary: a line on which r - 1 independent hyperplanes meet.
    Off these the ray fixes the pattern; on them the cells of the smaller arrangement are combined.

    Raises ``ValueError`` for an empty X or if m could exceed 5000. [Derived, digest of the laws of
    robustness, 4.3; the count is Cover 1965.]

    >>> activation_patterns([[1.0, 0.0], [0.0, 1.0], [-2.0, 0.0]]).astype(int)
    array([[0, 0, 1],
           [0, 1, 1],
           [1, 0, 0],
           [1, 1, 0]])
    """
    X = sample(X)
    lengths = np.linalg.norm(X, axis=1)
    off = lengths > 0
    units = _coordinates(X[off] / lengths[off, None])
    most = pattern_count(*units.shape)
    if most > MOST_PATTERNS:
        raise ValueError(
            f"X: got {len(units)} points of rank {units.shape[1]}, which may have {most} patterns, "
            f"expected at most {MOST_PATTERNS}; use fewer points or another method"
        )
    cells = _cells(units) > 0
    patterns = np.zeros((len(cells), len(X)), dtype=bool)
    patterns[:, off] = cells
    return np.unique(patterns, axis=0)


def pattern_count(n: int, rank: int) -> int:
    """The number of cells of n hyperplanes in general position, each through the origin."""
    return 1 if n == 0 else 2 * sum(math.comb(n - 1, j) for j in range(rank))


def _coordinates(units: Array) -> Array:
    """The points in an orthonormal basis of their span: shape ``(n, rank)``."""
    if not len(units):
        return np.zeros((0, 0))
    _, sizes, basis = np.linalg.svd(units, full_matrices=False)
    return np.asarray(units @ basis[sizes > _ON * sizes[0]].T)


def _cells(units: Array) -> Array:
    """Sign vectors -1, +1 of all cells; the unit rows span their space."""
    n, rank = units.shape
    if n == rank:
        return np.array(list(product((-1.0, 1.0), repeat=n))).reshape(2**n, n)
    rays = _rays(units)
    found = []
    for side in np.where(np.abs(rays) <= _ON, 0.0, np.sign(rays)):
        on = side == 0
        inner = _cells(_coordinates(units[on]))
        cells = np.repeat(side[None], len(inner), axis=0)
        cells[:, on] = inner
        found += [cells, -cells]
    return np.unique(np.concatenate(found), axis=0)


def _rays(units: Array) -> Array:
    """On which side of each hyperplane every ray lies, one row for a ray and its opposite."""
    n, rank = units.shape
    if rank == 1:
        return np.asarray(units[None, 0] @ units.T)
    subsets = np.array(list(combinations(range(n), rank - 1)))
    _, sizes, basis = np.linalg.svd(units[subsets], full_matrices=True)
    independent = sizes[:, -1] > _ON
    sides = basis[independent, -1] @ units.T
    np.put_along_axis(sides, subsets[independent], 0.0, axis=1)
    return np.asarray(sides)
