"""The l1 and the sup norm of a convolution: its largest column sum and its largest row sum."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array
from lipkit.norms._geometry import Geometry, geometry
from lipkit.norms._kernel import finite_kernel
from lipkit.norms._patterns import Patterns, column_patterns, row_patterns

_BLOCK = 1 << 17  # entries worked on at once: they stay in the cache
_ONES = np.ones(_BLOCK)


@dataclass(frozen=True, eq=False)
class SumPlan:
    """How to find a norm from a kernel of shape ``kernel_shape``, groups apart.

    Sum the taps over each of the ``subsets`` of each axis, take absolute values, sum over the
    channels of axis ``summed``, weigh by the ``counts`` of each axis, take the largest.
    """

    kernel_shape: tuple[int, ...]
    summed: int
    axes: tuple[Patterns, ...]

    @cached_property
    def links(self) -> bool:
        """Whether any output reads any input."""
        return all(len(q.subsets) for q in self.axes)

    @cached_property
    def whole(self) -> bool:
        """Whether some place meets every tap, each by itself, and so more than any other."""
        return all(q.every_tap_once for q in self.axes)

    @cached_property
    def joint_subsets(self) -> Array | None:
        """The products of the axes' subsets, ``(taps, subsets)``; None if these are the taps."""
        if all(q.plain for q in self.axes):
            return None
        joint: Any = np.ones((1, 1))
        for q in self.axes:
            joint = np.kron(joint, q.subsets)
        return np.asarray(joint.T)


def sum_plan(kernel_shape: Sequence[int], p: float, **settings: Any) -> SumPlan:
    r"""The plan of :func:`~lipkit.norms.conv_norm` for p = 1 or inf, from the geometry alone.

    ``kernel_shape`` is that of the layer's weight, the settings are those of ``conv_norm``. Each of
    the plan's ``axes`` has ``subsets``, 0/1 of shape ``(n_subsets, taps)``: which taps read one
    pixel together; ``counts``, ``(n_patterns, n_subsets)``: how often an output (p = inf) or an
    input (p = 1) meets each; and ``places``, one such output or input for each pattern. Plans are
    kept for the next call. Raises ``ValueError`` as ``conv_norm`` does, and for another p.
    [Derived, digest of layer norms, section 2.5.]

    >>> axis, = sum_plan((1, 1, 3), 1, input_size=5, padding=1, padding_mode="reflect").axes
    >>> axis.subsets.astype(int).tolist()  # at the borders two taps read one pixel
    [[1, 0, 0], [1, 0, 1], [0, 1, 0], [0, 0, 1]]
    >>> axis.counts.astype(int).tolist()  # pixels 1, 2 and 3
    [[1, 1, 1, 0], [1, 0, 1, 1], [0, 1, 1, 1]]
    """
    p = _validate.exponent(p)
    if p != 1 and not math.isinf(p):
        raise ValueError(f"p: got {p:g}, expected 1 or numpy.inf; conv_norm knows p = 2")
    return plan_of(geometry(tuple(kernel_shape), **settings), p)


@lru_cache(maxsize=4096)
def plan_of(on: Geometry, p: float) -> SumPlan:
    """The plan of a geometry: rows of the convolution, or columns."""
    by_rows = math.isinf(p) != on.transposed
    find = row_patterns if by_rows else column_patterns
    return SumPlan(on.kernel_shape, 2 if by_rows else 1, tuple(map(find, on.axes)))


def sum_norm(kernel: Any, on: Geometry, p: float) -> tuple[float, tuple[int, ...]]:
    """The norm for p = 1 or inf, and the input (1) or output (inf) of the layer attaining it.

    The kernel is a float array as the layer stores it; its entries are checked here.
    """
    plan = plan_of(on, p)
    with np.errstate(invalid="ignore", over="ignore"):
        sums = _pattern_sums(kernel, plan)
        best = int(sums.argmax())  # the first NaN, if there is one
        value = float(sums.flat[best])
        if not math.isfinite(value) or not plan.links:
            finite_kernel(kernel)
        if not math.isfinite(value):  # too large for floats: the answer may still be finite
            value, place = sum_norm(np.ldexp(np.float64(kernel), -64), on, p)
            return float(np.ldexp(value, 64)), place
    channel, *patterns = map(int, np.unravel_index(best, sums.shape))
    only = [0] * len(plan.axes)
    places = (int(q.places[i]) for q, i in zip(plan.axes, patterns or only, strict=True))
    return value, (channel, *places)


def _pattern_sums(kernel: Any, plan: SumPlan) -> Array:
    """The sum of every pattern, ``(channels, *patterns)``; ``(channels,)`` if there is one each."""
    groups, outputs, inputs, *taps = plan.kernel_shape
    by_rows = plan.summed == 2
    channels = groups * (outputs if by_rows else inputs)
    if plan.whole and kernel.size <= _BLOCK:
        return _sums_at_once(kernel, plan)
    if plan.whole and by_rows:  # rows are summed at once, taps and all
        return _sizes_summed(kernel.reshape(channels, -1, 1, 1), None).reshape(channels)
    shape = (channels, inputs, 1) if by_rows else (groups, outputs, inputs)
    sums = _sizes_summed(kernel.reshape(*shape, math.prod(taps)), plan.joint_subsets)
    sums = sums.reshape(channels, *(len(q.subsets) for q in plan.axes))
    for q in reversed(plan.axes):  # the last axis becomes the first of the patterns
        sums = np.moveaxis(sums @ q.counts.T, -1, 1)
    return sums


def _sums_at_once(kernel: Any, plan: SumPlan) -> Array:
    """The sums of all rows or of all columns: products with ones are the quickest."""
    groups, outputs, inputs, *taps = plan.kernel_shape
    sizes = kernel.astype(np.float64)
    np.abs(sizes, out=sizes)
    if plan.summed == 2:
        rows = sizes.reshape(groups * outputs, -1)
        return np.asarray(rows @ _ONES[: rows.shape[1]])
    columns = _ONES[:outputs] @ sizes.reshape(groups, outputs, -1)
    return np.asarray(columns.reshape(groups * inputs, -1) @ _ONES[: math.prod(taps)])


def _sizes_summed(K: Any, linear: Array | None) -> Array:
    """The sum of |K linear| over the second of the axes ``(a, summed, b, taps)``: ``(a, b, s)``."""
    n_subsets = K.shape[-1] if linear is None else linear.shape[1]
    sums = np.zeros((K.shape[0], K.shape[2] * n_subsets))
    for some, rows in _blocks(K.shape, n_subsets):
        block = np.array(K[some, rows] if linear is None else K[some, rows] @ linear, np.float64)
        block = np.abs(block, out=block).reshape(*block.shape[:2], -1)
        sums[some] += (np.ones((1, block.shape[1])) @ block)[:, 0]
    return sums.reshape(K.shape[0], K.shape[2], n_subsets)


def _blocks(shape: tuple[int, ...], n_subsets: int) -> Iterator[tuple[slice, slice]]:
    """Blocks of whole rows, and of several a's at once where they are small."""
    outer, summed, inner, taps = shape
    rows = max(1, _BLOCK // (inner * max(taps, n_subsets, 1)))
    several = max(1, rows // summed)
    for a in range(0, outer, several):
        for r in range(0, summed, rows):
            yield slice(a, a + several), slice(r, r + rows)
