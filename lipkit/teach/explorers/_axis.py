"""One axis: where a value stands, as a fraction of its length, and its ticks."""

import math
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lipkit._validate import Array

RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")
PAD = 0.04


@dataclass(frozen=True)
class Axis:
    """From ``low`` (fraction 0) to ``high`` (fraction 1), linear or logarithmic."""

    low: float
    high: float
    log: bool = False

    def fraction(self, values: ArrayLike) -> Array:
        """Fractions of the axis; 0 on a logarithmic one is at minus infinity, NaN stays NaN."""
        x = np.asarray(values, dtype=float)
        if not self.log:
            return np.asarray((x - self.low) / (self.high - self.low))
        with np.errstate(divide="ignore", invalid="ignore"):
            logs = np.log(x)
        low, high = math.log(self.low), math.log(self.high)
        return np.asarray((logs - low) / (high - low))

    def ticks(self, most: int = 6) -> list[tuple[float, str]]:
        """A few round numbers, each with its fraction and its text."""
        values = self._powers(most) if self.log else _round_numbers(self.low, self.high, most)
        return [(float(self.fraction(value)), tick_text(value)) for value in values]

    def _powers(self, most: int) -> list[float]:
        """Round numbers of a logarithmic axis: as fine a series as has room."""
        for series in ((1, 2, 5), (1, 3), (1,)):
            values = self._series(series, 1)
            if len(values) <= most:
                break
        else:
            values = self._series((1,), math.ceil(len(values) / most))
        return values if len(values) > 1 else _round_numbers(self.low, self.high, most)

    def _series(self, multiples: tuple[int, ...], stride: int) -> list[float]:
        first, last = math.floor(math.log10(self.low)), math.ceil(math.log10(self.high))
        powers = [p for p in range(first, last + 1) if p % stride == 0]
        values = [m * 10.0**p for p in powers for m in multiples]
        return [v for v in values if self.low <= v * (1 + 1e-9) and v <= self.high * (1 + 1e-9)]


def spanning(
    groups: Iterable[ArrayLike],
    limits: tuple[float, float] | None,
    log: bool,
    name: str,
    pad: float = PAD,
) -> Axis:
    """The axis between ``limits``, or one that holds every finite value and a margin."""
    if limits is not None:
        low, high = map(float, limits)
        if not (math.isfinite(low) and math.isfinite(high) and low < high and (low > 0 or not log)):
            need = "0 < low < high" if log else "low < high"
            raise ValueError(f"{name}: got the limits {limits}, expected finite {need}")
        return Axis(low, high, log)
    low, high = _reach(groups, log, name)
    if log:
        low, high = math.log(low), math.log(high)
    if high - low <= 1e-9 * max(abs(low), abs(high)):
        low, high = low - 0.5, high + 0.5
    low, high = low - pad * (high - low), high + pad * (high - low)
    return Axis(math.exp(low), math.exp(high), True) if log else Axis(low, high)


def _reach(groups: Iterable[ArrayLike], log: bool, name: str) -> tuple[float, float]:
    low, high = math.inf, -math.inf
    for group in groups:
        x = np.asarray(group, dtype=float)
        x = x[np.isfinite(x) & ((x > 0) | (not log))]
        if x.size:
            low, high = min(low, float(x.min())), max(high, float(x.max()))
    if low > high:
        kind = "positive finite" if log else "finite"
        raise ValueError(f"{name}: got no {kind} value in any state; give the limits of the axis")
    return low, high


def round_step(length: float, most: int) -> float:
    """The smallest of 1, 2 and 5 times a power of ten that fits at most so often."""
    unit = 10.0 ** math.floor(math.log10(length / most))
    return next(m * unit for m in (1, 2, 5, 10) if m * unit >= length / most * (1 - 1e-9))


def _round_numbers(low: float, high: float, most: int) -> list[float]:
    """Multiples of a round step: about so many, and two at least."""
    step = round_step(high - low, most)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    if last <= first:
        return _round_numbers(low, high, most + 1)
    return [round(i * step, 12 - math.floor(math.log10(step))) for i in range(first, last + 1)]


def tick_text(value: float) -> str:
    """The shortest plain text of a round number."""
    if value and not 1e-3 <= abs(value) < 1e5:
        power = math.floor(math.log10(abs(value)) + 1e-9)
        factor = f"{value / 10.0**power:.6g}"
        times = "" if factor == "1" else f"{factor}×"
        return times.replace("-", "−") + "10" + str(power).translate(RAISED)
    return f"{value + 0.0:,.6g}".replace("-", "−")
