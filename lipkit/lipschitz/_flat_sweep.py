"""The steepest cell of an arrangement, by walking along all its lines (or planes through 0)."""

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import combinations, islice
from math import comb

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._arrangement import Arrangement
from lipkit.lipschitz._cells import cells
from lipkit.lipschitz._flats import Flats, Walk, flat_dimension, flats, walk_flats
from lipkit.lipschitz._subsets import subset_sums

_ENTRIES = 2**21  # numbers in one batch of gradients: 16 MB
_SLACK = 1e-13  # a sum that cannot be longer than the longest by this is not looked at

Norm = Callable[[Array], Array]


@dataclass(frozen=True, eq=False)
class Steepest:
    """The largest norm and a point ``(r,)`` of its cell; ``unclear`` decisions, ``looked`` sums."""

    value: float
    point: Array
    unclear: int
    looked: int


def sweep_work(arrangement: Arrangement) -> float:
    """About how many numbers a sweep handles."""
    n, r = len(arrangement), arrangement.rank
    m = max(0, r - flat_dimension(arrangement))
    try:
        return float(comb(n, m) * (2 * n + 2**m) * arrangement.gains.shape[1])
    except OverflowError:
        return math.inf


def sweep_flats(arrangement: Arrangement, norm: Norm) -> Steepest:
    r"""The largest norm of :math:`c + \sum_i s_i q_i` over all open cells, any arrangement.

    Every cell has an edge (a cone a two-dimensional face) on a flat of the arrangement. Along each
    flat the gains add up from breakpoint to breakpoint; to each sum come the gains of the
    hyperplanes that hold the flat: any of their subsets if as many hold it as its codimension,
    those that have a cell around the flat otherwise. [Digest of random ReLU networks, 5.3 (a).]
    """
    search = _Search(arrangement, norm)
    if len(arrangement) == 0:
        return Steepest(float(norm(arrangement.start)), search.point, 0, 1)
    m = arrangement.rank - flat_dimension(arrangement)
    per_batch = max(1, _ENTRIES // (2 * (len(arrangement) + 2**m) * arrangement.gains.shape[1]))
    subsets = combinations(range(len(arrangement)), m)
    while batch := list(islice(subsets, per_batch)):
        search.look(np.array(batch, dtype=np.intp).reshape(len(batch), m))
    return search.result()


class _Search:
    def __init__(self, arrangement: Arrangement, norm: Norm):
        self.arrangement, self.norm = arrangement, norm
        self.value, self.point = -1.0, np.zeros(arrangement.rank)
        self.unclear = self.looked = 0
        self.seen: set[bytes] = set()

    def result(self) -> Steepest:
        return Steepest(self.value, self.point, self.unclear, self.looked)

    def look(self, subsets: NDArray[np.intp]) -> None:
        found = flats(self.arrangement, subsets)
        walk = walk_flats(self.arrangement, found)
        self.unclear += found.unclear + walk.unclear
        simple = found.free.sum(axis=1) == subsets.shape[1]
        rows = np.flatnonzero(simple)
        menu = subset_sums(self.arrangement.gains[found.subsets[rows]].swapaxes(0, 1))
        self._compare(found, walk, rows, menu.swapaxes(0, 1), None)
        for row in np.flatnonzero(~simple):
            self._crowded(found, walk, row)

    def _crowded(self, found: Flats, walk: Walk, row: np.intp) -> None:
        """A flat that more hyperplanes hold than it needs: the cells around it, once."""
        key = found.free[row].tobytes()
        if key in self.seen:
            return
        self.seen.add(key)
        free = np.flatnonzero(found.free[row])
        around = cells(self.arrangement.normals[free], np.zeros(len(free)))
        self.unclear += around.doubtful
        menu = around.signs @ self.arrangement.gains[free]
        self._compare(found, walk, np.array([row]), menu[None], around.points)

    def _compare(
        self, found: Flats, walk: Walk, rows: NDArray[np.intp], menu: Array, ways: Array | None
    ) -> None:
        """All sums of the walks ``(f, pieces)`` plus all choices ``(f, choices, k)``, best first.

        A choice is at most as far from the middle of all choices as the farthest.
        """
        if len(rows) == 0:
            return
        sums, real = self._both_ways(found, walk, rows)
        middle = menu.mean(axis=1, keepdims=True)
        radius = self.norm(menu - middle).max(axis=1)
        reach = np.where(real, self.norm(sums + middle) + radius[:, None], -np.inf)
        flat, piece = np.nonzero(reach > self.value * (1 + _SLACK))
        order = np.argsort(-reach[flat, piece], kind="stable")
        flat, piece = flat[order], piece[order]
        for start, stop in _doubling(len(flat), max(1, _ENTRIES // menu[0].size)):
            if reach[flat[start], piece[start]] <= self.value * (1 + _SLACK):
                break
            f, j = flat[start:stop], piece[start:stop]
            norms = self.norm(sums[f, j][:, None] + menu[f])
            self.looked += norms.size
            best, choice = np.unravel_index(np.argmax(norms), norms.shape)
            if norms[best, choice] > self.value:
                self.value = float(norms[best, choice])
                place = _Place(found, walk, rows[f[best]], int(j[best]), int(choice), ways)
                self.point = _inside(self.arrangement, place)

    def _both_ways(
        self, found: Flats, walk: Walk, rows: NDArray[np.intp]
    ) -> tuple[Array, NDArray[np.bool_]]:
        """The sums on all pieces; around a plane also those on the opposite side."""
        sums, real = walk.sums[rows], walk.real[rows]
        if found.span.shape[2] == 1:
            return sums, real
        held = ~found.free[rows]
        total = 2 * self.arrangement.start + held.astype(np.float64) @ self.arrangement.gains
        return (
            np.concatenate([sums, total[:, None] - sums], axis=1),
            np.concatenate([real, real], axis=1),
        )


def _doubling(n: int, most: int) -> Iterator[tuple[int, int]]:
    """Slices of growing length: the first are likely to make the last superfluous."""
    start, size = 0, min(256, most)
    while start < n:
        yield start, min(n, start + size)
        start, size = start + size, min(2 * size, most)


@dataclass(frozen=True)
class _Place:
    """A piece of a flat and a choice of the hyperplanes that hold it."""

    found: Flats
    walk: Walk
    row: np.intp
    piece: int
    choice: int
    ways: Array | None


def _inside(arrangement: Arrangement, at: _Place) -> Array:
    """A point of the open cell: from the middle of the piece a short way off the flat."""
    x = _middle(at)
    subset = at.found.subsets[at.row]
    if at.ways is not None:
        way = at.ways[at.choice]
    else:
        side = np.where(at.choice >> np.arange(len(subset)) & 1, 1.0, -1.0)
        way = np.linalg.lstsq(arrangement.normals[subset], side, rcond=None)[0]
    others = ~at.found.free[at.row]
    heights = np.abs(arrangement.normals[others] @ x + arrangement.offsets[others])
    slopes = np.abs(arrangement.normals[others] @ way)
    room = np.divide(heights, slopes, out=np.full_like(heights, np.inf), where=slopes > 0)
    return np.asarray(x + way * min(1.0, 0.5 * room.min(initial=np.inf)))


def _middle(at: _Place) -> Array:
    keys = at.walk.keys[at.row]
    origin, span = at.found.origin[at.row], at.found.span[at.row]
    piece, opposite = at.piece % (len(keys) + 1), at.piece > len(keys)
    before = keys[piece - 1] if piece else -np.inf
    after = keys[piece] if piece < len(keys) else np.inf
    if span.shape[1] == 1:
        reach = 1 + max(abs(t) for t in (before, after, 0.0) if np.isfinite(t))
        low, high = (t if np.isfinite(t) else s * 3 * reach for t, s in ((before, -1), (after, 1)))
        return np.asarray(origin + span[:, 0] * (low + high) / 2)
    finite = keys[np.isfinite(keys)]
    if piece == 0 and len(finite):
        before, after = finite[-1] - np.pi, finite[0]
    t = (before + after) / 2 if len(finite) else 0.0
    return np.asarray(span @ np.array([np.cos(t), np.sin(t)]) * (-1 if opposite else 1))
