"""How the taps of one axis meet the pixels: the patterns of which a norm is the largest sum."""

from dataclasses import dataclass
from functools import cached_property, lru_cache

import numpy as np

from lipkit._validate import Array
from lipkit.norms._axis import PADDED, Axis, IntArray


@dataclass(frozen=True)
class Patterns:
    r"""One axis, seen from its outputs (rows of the matrix) or from its inputs (columns).

    ``subsets`` is 0/1 of shape ``(n_subsets, taps)``: the sets of taps that read one pixel at once.
    ``counts`` is ``(n_patterns, n_subsets)``: how many pixels an output reads, or how many outputs
    read a pixel, through each subset. ``places`` is ``(n_patterns,)``: one output or input each.
    Patterns that another one dominates entry by entry are left out.
    """

    subsets: Array
    counts: Array
    places: IntArray

    @cached_property
    def plain(self) -> bool:
        """Whether the subsets are the single taps, each of them."""
        return np.array_equal(self.subsets, np.eye(self.subsets.shape[1]))

    @cached_property
    def every_tap_once(self) -> bool:
        """Whether the only pattern meets every tap, each by itself."""
        return self.plain and len(self.counts) == 1 and bool((self.counts == 1).all())


@lru_cache(maxsize=4096)
def row_patterns(axis: Axis) -> Patterns:
    """The patterns of the outputs of an axis."""
    return _patterns(axis, by_output=True)


@lru_cache(maxsize=4096)
def column_patterns(axis: Axis) -> Patterns:
    """The patterns of the inputs of an axis."""
    return _patterns(axis, by_output=False)


def _patterns(axis: Axis, by_output: bool) -> Patterns:
    """Read off a short axis, with the same patterns as the axis itself."""
    place = axis.inner_output if by_output else axis.inner_input
    if place is not None and axis.mode == "zeros":  # it meets every tap once: none meets more
        return _once(axis.taps, place)
    short = axis.shortened()
    length, full = (short.outputs, axis.outputs) if by_output else (short.size, axis.size)
    links = _links(short.sources().tolist())
    numbers = {taps: i for i, taps in enumerate(sorted(set(links.values())))}
    counts = np.zeros((length, len(numbers)))
    for (t, y), taps in links.items():
        counts[t if by_output else y, numbers[taps]] += 1
    subsets = np.zeros((len(numbers), axis.taps))
    for taps, i in numbers.items():
        subsets[i, taps] = 1
    kept = _undominated(counts)
    return _frozen(subsets, counts[kept], _in_full(kept, length, full))


@lru_cache(maxsize=4096)
def _once(taps: int, place: int) -> Patterns:
    return _frozen(np.eye(taps), np.ones((1, taps)), np.array([place]))


def _links(sources: list[list[int]]) -> dict[tuple[int, int], tuple[int, ...]]:
    """The taps that link an output and an input, for every pair that is linked."""
    links: dict[tuple[int, int], tuple[int, ...]] = {}
    for t, row in enumerate(sources):
        for a, y in enumerate(row):
            if y != PADDED:
                links[t, y] = (*links.get((t, y), ()), a)
    return links


def _undominated(counts: Array) -> IntArray:
    """The first of each row that no other row exceeds everywhere."""
    places = {row.tobytes(): i for i, row in reversed(list(enumerate(counts)))}
    first = np.array(sorted(places.values()))
    rows = counts[first]
    below = np.less_equal(rows[:, None], rows).all(axis=2) & ~np.eye(len(rows), dtype=bool)
    return np.asarray(first[~below.any(axis=1)])


def _in_full(places: IntArray, length: int, full: int) -> IntArray:
    """Where a place of the shortened axis lies on the axis itself: its right half moves along."""
    return np.where(places < length // 2, places, places + full - length)


def _frozen(*arrays: np.ndarray) -> Patterns:
    for array in arrays:
        array.flags.writeable = False
    return Patterns(*arrays)
