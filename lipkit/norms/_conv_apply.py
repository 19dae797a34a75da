"""A convolution and its adjoint applied to one image, as matrix products over windows."""

import math
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import cached_property
from itertools import product
from typing import Any

import numpy as np

from lipkit.norms._axis import Axis
from lipkit.norms._geometry import Geometry

_BLOCKS = 1 << 14, 1 << 18  # least and most entries of the windows laid out at once


class Convolution:
    """The linear map of a layer on one image; ``kernel`` is an array as the layer stores it."""

    def __init__(self, kernel: Any, geometry: Geometry):
        K = kernel.reshape(geometry.kernel_shape)
        there, turned = Windows(K, geometry), _turned_round(geometry)
        back: Callable[[Any], Any] = there.adjoint
        if turned is not None:
            flipped = np.flip(K.swapaxes(1, 2), axis=tuple(range(3, K.ndim)))
            back = Windows(flipped, turned).forward
        self._forward, self._back = there.forward, back
        self._transposed = geometry.transposed

    def apply(self, x: Any) -> Any:
        """The layer's output for one image."""
        return self._back(x) if self._transposed else self._forward(x)

    def transpose(self, y: Any) -> Any:
        """The transposed map, from an output to an image."""
        return self._forward(y) if self._transposed else self._back(y)


def _turned_round(geometry: Geometry) -> Geometry | None:
    """The convolution that is the adjoint, its kernel turned round: for stride 1 and zeros."""
    axes = geometry.axes
    if any(a.mode != "zeros" or a.stride > 1 or a.left > a.reach for a in axes):
        return None
    turned = (replace(a, size=a.outputs, outputs=a.size, left=a.reach - a.left) for a in axes)
    return replace(geometry, outputs=geometry.inputs, inputs=geometry.outputs, axes=tuple(turned))


class Windows:
    """A convolution, and its adjoint by adding up what each tap gives back."""

    def __init__(self, K: Any, geometry: Geometry):
        self.geometry = geometry
        self._kernel = np.ascontiguousarray(K).reshape(*K.shape[:2], -1)
        self._padded = tuple((a.outputs - 1) * a.stride + a.reach + 1 for a in geometry.axes)
        self._taps = geometry.kernel_shape[3:]
        pixels = max(map(math.prod, (geometry.domain, geometry.image)))
        self._block = min(max(_BLOCKS[0], K.size, pixels), _BLOCKS[1])

    @cached_property
    def _turned(self) -> Any:
        return np.ascontiguousarray(self._kernel.swapaxes(1, 2))

    def forward(self, x: Any) -> Any:
        """From ``geometry.domain`` to ``geometry.image``."""
        groups, outputs, length = self._kernel.shape
        for j, axis in enumerate(self.geometry.axes):
            x = _pad_axis(x, axis, self._padded[j], j + 1)
        windows = self._windows(x)
        y = np.empty((groups, outputs, math.prod(self.geometry.image[1:])), dtype=x.dtype)
        for rows, pixels in self._row_blocks():
            columns = windows[self._taken(rows)]
            np.matmul(self._kernel, columns.reshape(groups, length, -1), out=y[:, :, pixels])
        return y.reshape(self.geometry.image)

    def adjoint(self, y: Any) -> Any:
        """From ``geometry.image`` back to ``geometry.domain``."""
        groups, outputs, _ = self._kernel.shape
        y = y.reshape(groups, outputs, -1)
        padded = np.zeros((self.geometry.domain[0], *self._padded), dtype=y.dtype)
        into = self._windows(padded)
        for rows, pixels in self._row_blocks():
            block = into[self._taken(rows)]
            parts = (self._turned @ y[:, :, pixels]).reshape(block.shape)
            for tap in product(*map(range, self._taps)):  # one tap reads no pixel twice
                block[(slice(None), *tap)] += parts[(slice(None), *tap)]
        for j, axis in enumerate(self.geometry.axes):
            padded = _unpad_axis(padded, axis, j + 1)
        return padded

    def _row_blocks(self) -> Iterator[tuple[slice, slice]]:
        """Blocks of rows of the output, and the same as pixels of the flattened output."""
        rows, *rest = self.geometry.image[1:]
        width = math.prod(rest)
        groups, _, length = self._kernel.shape
        step = max(1, self._block // (groups * length * width))
        for first in range(0, rows, step):
            last = min(first + step, rows)
            yield slice(first, last), slice(first * width, last * width)

    def _taken(self, rows: slice) -> tuple[slice, ...]:
        return (slice(None),) * (1 + len(self._taps)) + (rows,)

    def _windows(self, padded: Any) -> Any:
        """A view of shape ``(channels, *taps, *outputs)`` into the padded image."""
        axes, (channel, *steps) = self.geometry.axes, padded.strides
        shape = len(padded), *self._taps, *self.geometry.image[1:]
        by_tap = (axis.dilation * step for axis, step in zip(axes, steps, strict=True))
        by_output = (axis.stride * step for axis, step in zip(axes, steps, strict=True))
        return np.lib.stride_tricks.as_strided(padded, shape, (channel, *by_tap, *by_output))


def _pad_axis(x: Any, axis: Axis, length: int, j: int) -> Any:
    """The first ``length`` positions of the padded axis j."""
    if axis.mode != "zeros":
        return np.take(x, axis.fold(np.arange(length) - axis.left), axis=j)
    before = (slice(None),) * j
    kept = min(axis.size, length - axis.left)
    if kept == length:
        return x[(*before, slice(kept))]
    out = np.zeros((*x.shape[:j], length, *x.shape[j + 1 :]), dtype=x.dtype)
    if kept > 0:
        out[(*before, slice(axis.left, axis.left + kept))] = x[(*before, slice(kept))]
    return out


def _unpad_axis(padded: Any, axis: Axis, j: int) -> Any:
    """The adjoint of padding: what a border holds goes back to the pixel it was read from."""
    moved = np.moveaxis(padded, j, 0)
    length = len(moved)
    kept = max(0, min(axis.size, length - axis.left))
    if axis.mode == "zeros" and kept == axis.size:
        return np.moveaxis(moved[axis.left : axis.left + kept], 0, j)
    out = np.zeros((axis.size, *moved.shape[1:]), dtype=padded.dtype)
    out[:kept] = moved[axis.left : axis.left + kept]
    if axis.mode != "zeros":
        for position in (*range(min(axis.left, length)), *range(axis.left + kept, length)):
            out[axis.fold(np.array(position - axis.left))] += moved[position]
    return np.moveaxis(out, 0, j)
