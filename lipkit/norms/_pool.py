"""Pooling, axis by axis: which pixels each window holds."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lipkit._validate import Array


@dataclass(frozen=True)
class Windows:
    """One axis: output t pools the pixels ``starts[t], starts[t] + step, ...`` below ``stops[t]``.

    ``divisors`` is what an average divides by on this axis.
    """

    size: int
    starts: list[int]
    stops: list[int]
    divisors: list[int]
    step: int = 1

    @property
    def averages(self) -> Array:
        """The average as a matrix, ``(outputs, size)``."""
        A = np.zeros((len(self.starts), self.size))
        for row, a, b, divisor in zip(A, self.starts, self.stops, self.divisors, strict=True):
            row[a:b] = 1 / divisor
        return A

    @property
    def overlap(self) -> int:
        """The largest number of windows that hold one pixel."""
        windows = np.zeros(self.size, dtype=int)
        for a, b in zip(self.starts, self.stops, strict=True):
            windows[a : b : self.step] += 1
        return int(windows.max())


def pool_windows(layer: Any, name: str, shape: tuple[int, ...] | None) -> list[Windows]:
    """The windows of a torch pooling layer, one for each axis of ``(channels, *sizes)``."""
    n = int(name[-2])
    if shape is None or len(shape) != n + 1:
        raise ValueError(
            f"input_shape: got {shape} for {name}, expected (channels, *{n} sizes) without a batch"
        )
    sizes = shape[1:]
    if name.startswith("Adaptive"):
        targets = _each(layer.output_size, n)
        return [_adaptive(size, out or size) for size, out in zip(sizes, targets, strict=True)]
    kernels, strides, pads = (
        _each(getattr(layer, key), n) for key in ("kernel_size", "stride", "padding")
    )
    dilations = _each(getattr(layer, "dilation", 1), n)
    settings = zip(sizes, kernels, strides, pads, dilations, strict=True)
    windows = [_sliding(*s, layer.ceil_mode, name) for s in settings]
    if name.startswith("Max"):
        return windows
    return _with_divisors(windows, layer)


def _adaptive(size: int, outputs: int) -> Windows:
    starts = [t * size // outputs for t in range(outputs)]
    stops = [-(-(t + 1) * size // outputs) for t in range(outputs)]
    return Windows(size, starts, stops, [b - a for a, b in zip(starts, stops, strict=True)])


def _sliding(
    size: int, kernel: int, stride: int, pad: int, dilation: int, ceil: bool, name: str
) -> Windows:
    """Windows clipped to the image; the divisors count the padding that they hold."""
    reach = dilation * (kernel - 1) + 1
    room = size + 2 * pad - reach
    if room < 0:
        raise ValueError(
            f"input_shape: got {size} pixels for {name} with windows of {reach} and padding {pad}: "
            "the output is empty; use a larger input"
        )
    outputs = (-(-room // stride) if ceil else room // stride) + 1
    if ceil and (outputs - 1) * stride >= size + pad:  # a last window in the padding is left out
        outputs -= 1
    begins = [t * stride - pad for t in range(outputs)]
    starts = [a if a >= 0 else a % dilation for a in begins]
    stops = [min(a + reach, size) for a in begins]
    divisors = [min(a + reach, size + pad) - a for a in begins]
    return Windows(size, starts, stops, divisors, dilation)


def _with_divisors(windows: list[Windows], layer: Any) -> list[Windows]:
    """The averages' divisors as the layer wants them."""
    fixed = getattr(layer, "divisor_override", None)
    if fixed:
        totals = [fixed] + [1] * (len(windows) - 1)
        divisors = [[total] * len(w.starts) for w, total in zip(windows, totals, strict=True)]
    elif not layer.count_include_pad:
        divisors = [[b - a for a, b in zip(w.starts, w.stops, strict=True)] for w in windows]
    else:
        return windows
    return [Windows(w.size, w.starts, w.stops, d) for w, d in zip(windows, divisors, strict=True)]


def _each(value: Any, n: int) -> tuple[Any, ...]:
    return tuple(value) if isinstance(value, (tuple, list)) else (value,) * n
