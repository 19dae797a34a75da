"""The geometry of a convolution, checked once: channels, groups and one :class:`Axis` each."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Any, TypeAlias

import numpy as np

from lipkit import _validate
from lipkit.norms._axis import Axis

MODES = ("zeros", "circular", "reflect", "replicate")

Sizes: TypeAlias = int | Sequence[int]
Padding: TypeAlias = int | str | Sequence[int | Sequence[int]]
Pair: TypeAlias = tuple[int, int]


@dataclass(frozen=True, eq=False)  # equal settings give the same object: see geometry()
class Geometry:
    """A convolution from ``groups * inputs`` to ``groups * outputs`` channels.

    A transposed convolution is described by the convolution it is the transpose of.
    """

    groups: int
    outputs: int
    inputs: int
    axes: tuple[Axis, ...]
    transposed: bool

    @property
    def kernel_shape(self) -> tuple[int, ...]:
        """Groups, output channels of a group, input channels of a group, taps."""
        return self.groups, self.outputs, self.inputs, *(axis.taps for axis in self.axes)

    @property
    def domain(self) -> tuple[int, ...]:
        """The input of the convolution: channels and sizes."""
        return self.groups * self.inputs, *(axis.size for axis in self.axes)

    @property
    def image(self) -> tuple[int, ...]:
        """The output of the convolution: channels and sizes."""
        return self.groups * self.outputs, *(axis.outputs for axis in self.axes)

    @property
    def layer_input(self) -> tuple[int, ...]:
        """The input of the layer: the image, if it is transposed."""
        return self.image if self.transposed else self.domain

    @property
    def layer_output(self) -> tuple[int, ...]:
        """The output of the layer: the domain, if it is transposed."""
        return self.domain if self.transposed else self.image

    @property
    def sees_no_padding(self) -> bool:
        """Whether some output reads real pixels only: the digest's condition (G)."""
        return all(axis.sees_no_padding for axis in self.axes)


def geometry(kernel_shape: Sequence[int], **settings: Any) -> Geometry:
    """The checked geometry; the settings are those of :func:`lipkit.norms.conv_norm`."""
    frozen = {
        name: value if isinstance(value, (int, str)) else _frozen(value, name)
        for name, value in settings.items()
    }
    return _geometry(_frozen(tuple(kernel_shape), "kernel"), **frozen)


def _frozen(value: Any, name: str) -> Any:
    """Lists and arrays as tuples of integers, so that the geometry can be looked up."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple([v if type(v) is int else _member(v, name) for v in value])
    if isinstance(value, (dict, set)):
        raise TypeError(f"{name}: got {value}, expected an integer or a tuple; give it an order")
    return value


def _member(value: Any, name: str) -> Any:
    if isinstance(value, (list, tuple, np.ndarray)):
        return _frozen(value, name)
    if isinstance(value, np.integer):
        return int(value)
    # 4.0 and True would find what was kept for 4 and 1
    raise TypeError(f"{name}: got {value!r} inside, expected an integer; convert it with int()")


@lru_cache(maxsize=4096, typed=True)
def _geometry(
    kernel_shape: tuple[int, ...],
    *,
    input_size: Sizes,
    stride: Sizes = 1,
    padding: Padding = 0,
    dilation: Sizes = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    transposed: bool = False,
    output_padding: Sizes = 0,
) -> Geometry:
    groups = _validate.count(groups, "groups")
    _check_kernel(kernel_shape, groups, transposed)
    _validate.one_of(padding_mode, "padding_mode", MODES)
    first, second, *taps = kernel_shape
    n = len(taps)
    sizes = _per_axis(input_size, "input_size", n, 1)
    strides = _per_axis(stride, "stride", n, 1)
    dilations = _per_axis(dilation, "dilation", n, 1)
    extra = _per_axis(output_padding, "output_padding", n, 0)
    if transposed:
        _check_transposed(padding, padding_mode, extra, strides, dilations)
    elif any(extra):
        raise ValueError(
            f"output_padding: got {output_padding} for a convolution, expected 0; "
            "it belongs to transposed=True"
        )
    paddings = _paddings(padding, n, taps, strides, dilations)
    settings = zip(sizes, taps, strides, paddings, dilations, strict=True)
    if transposed:
        axes = tuple(_transposed_axis(*s, op) for s, op in zip(settings, extra, strict=True))
    else:
        axes = tuple(_axis(*s, padding_mode) for s in settings)
    return Geometry(groups, first // groups, second, axes, bool(transposed))


def _check_kernel(shape: tuple[int, ...], groups: int, transposed: bool) -> None:
    if len(shape) not in (3, 4, 5):
        raise ValueError(
            f"kernel: got shape {shape}, expected (out, in / groups, taps...) with one to three "
            "axes of taps; a matrix has matrix_norm"
        )
    if min(shape) < 1:
        raise ValueError(f"kernel: got shape {shape}, expected no empty axis")
    if shape[0] % groups:
        side = "input" if transposed else "output"
        raise ValueError(
            f"groups: got {groups} for {shape[0]} {side} channels, expected a divisor of {shape[0]}"
        )


def _axis(size: int, taps: int, stride: int, padding: Pair, dilation: int, mode: str) -> Axis:
    left, right = padding
    room = size + left + right - dilation * (taps - 1) - 1
    if room < 0:
        raise ValueError(
            f"input_size: got {size} for {taps} taps with dilation {dilation} and padding "
            f"{left} + {right}: the output is empty; use a larger input or more padding"
        )
    most = {"circular": size, "reflect": size - 1}.get(mode, math.inf)
    if max(padding) > most:
        raise ValueError(
            f"padding: got {max(padding)} in mode {mode!r} for an input of {size}, expected at "
            f"most {most}; use less padding or another mode"
        )
    mode = mode if max(padding) else "zeros"
    return Axis(size, taps, stride, left, right, dilation, mode, room // stride + 1)


def _transposed_axis(
    size: int, taps: int, stride: int, padding: Pair, dilation: int, extra: int
) -> Axis:
    """The convolution from the layer's output back to its input."""
    grown = (size - 1) * stride - sum(padding) + dilation * (taps - 1) + extra + 1
    if grown < 1:
        raise ValueError(
            f"input_size: got {size} for a transposed convolution with {taps} taps, stride "
            f"{stride} and padding {padding[0]} + {padding[1]}: the output is empty; "
            "use a larger input or less padding"
        )
    return Axis(grown, taps, stride, *padding, dilation, "zeros", size)


def _check_transposed(
    padding: Padding, mode: str, extra: Sequence[int], strides: Sequence[int], dilations: Any
) -> None:
    if mode != "zeros":
        raise ValueError(
            f"padding_mode: got {mode!r} for a transposed convolution, expected 'zeros'"
        )
    if isinstance(padding, str):
        raise ValueError(f"padding: got {padding!r} for a transposed convolution, expected numbers")
    for op, stride, dilation in zip(extra, strides, dilations, strict=True):
        if op >= max(stride, dilation):
            raise ValueError(
                f"output_padding: got {op} for stride {stride} and dilation {dilation}, expected "
                f"less than the larger of the two"
            )


def _paddings(
    padding: Padding, n: int, taps: Sequence[int], strides: Sequence[int], dilations: Sequence[int]
) -> list[Pair]:
    """Left and right padding of each axis."""
    if isinstance(padding, str):
        _validate.one_of(padding, "padding", ("same", "valid"))
        if padding == "valid":
            return [(0, 0)] * n
        if max(strides) > 1:
            raise ValueError(
                f"padding: got 'same' with stride {strides}, expected stride 1; give numbers"
            )
        totals = [d * (k - 1) for d, k in zip(dilations, taps, strict=True)]
        return [(total // 2, total - total // 2) for total in totals]
    if isinstance(padding, tuple) and any(isinstance(side, tuple) for side in padding):
        if len(padding) != n:
            raise ValueError(f"padding: got {len(padding)} pairs, expected {n}, one per axis")
        pairs = [_per_axis(side, f"padding[{i}]", 2, 0) for i, side in enumerate(padding)]
        return [(left, right) for left, right in pairs]
    return [(p, p) for p in _per_axis(padding, "padding", n, 0)]


def _per_axis(value: Any, name: str, n: int, minimum: int) -> tuple[int, ...]:
    """One integer for each axis, from one for all or one each."""
    if not isinstance(value, tuple):
        return (_validate.count(value, name, minimum),) * n
    if len(value) not in (1, n):
        raise ValueError(f"{name}: got {value}, expected one integer or {n}, one per axis")
    counts = tuple(_validate.count(v, f"{name}[{i}]", minimum) for i, v in enumerate(value))
    return counts * n if len(counts) == 1 else counts
