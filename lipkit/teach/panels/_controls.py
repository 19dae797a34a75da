"""What a reader can set: a slider, a choice, a switch."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from lipkit import _validate


@dataclass(frozen=True)
class Control:
    """One control: its values on the page's grid, how they read, and where it starts.

    ``shape`` is range, select or checkbox; ``span`` is (low, high, step) of the live slider, or
    None where only the listed values make sense.
    """

    shape: str
    label: str
    values: tuple[Any, ...]
    texts: tuple[str, ...]
    start: int
    suffix: str = ""
    span: tuple[float, float, float] | None = None

    def read(self, value: Any) -> str:
        """The text of a value, which may lie between those of the grid."""
        if value in self.values:
            return self.texts[self.values.index(value)]
        return _text(value)


def slider(
    label: str,
    low: float | None = None,
    high: float | None = None,
    *,
    step: float | None = None,
    values: Sequence[float] | None = None,
    unit: str = "",
    start: float | None = None,
    whole: bool = False,
) -> Control:
    """A number between ``low`` and ``high`` in steps, or one of the increasing ``values``.

    The page holds the multiples of ``step``; a live notebook allows any number between, or any
    whole number with ``whole=True``. ``values`` may end in infinity. ``start`` must be one of the
    page's values; None is the first. Raises ``ValueError`` for steps that miss ``high``.

    >>> slider("angle", 0, 90, step=45, unit="°").texts
    ('0', '45', '90')
    """
    grid = _steps(low, high, step) if values is None else _listed(values, (low, high, step))
    if whole and any(value != round(value) for value in grid):
        raise ValueError(f"{label}: got values such as {grid[:3]}, expected whole numbers")
    grid = [int(value) if whole else float(value) for value in grid]
    span = None
    if values is None:
        span = (grid[0], grid[-1], 1 if whole else (grid[1] - grid[0]) / 10)
    suffix = unit if unit in ("", "°", "%") else f"\N{NARROW NO-BREAK SPACE}{unit}"
    texts = tuple(map(_text, grid))
    return Control("range", label, tuple(grid), texts, _place(grid, start, label), suffix, span)


def choice(label: str, options: Sequence[str] | Mapping[str, Any], *, start: Any = None) -> Control:
    """One of a few named values: a mapping from names to values, or just the names.

    ``start`` is one of the values; None is the first.

    >>> choice("plane", {"first": 0, "second": 1}, start=1).start
    1
    """
    names = tuple(options)
    values = tuple(options.values()) if isinstance(options, Mapping) else names
    if len(names) < 2 or len(set(names)) < len(names):
        raise ValueError(f"{label}: got the options {names}, expected two or more different names")
    return Control("select", label, values, names, _place(values, start, label))


def toggle(label: str, *, start: bool = False, on: str = "on", off: str = "off") -> Control:
    """A switch; ``on`` and ``off`` are what its two states are called in a sentence or a table.

    >>> toggle("noise", on="with noise", off="without noise").values
    (False, True)
    """
    return Control("checkbox", label, (False, True), (off, on), int(start))


def _steps(low: float | None, high: float | None, step: float | None) -> list[float]:
    if low is None or high is None or step is None:
        raise TypeError("slider: got no grid, expected low, high and step=, or values=")
    count = (high - low) / _validate.positive(step, "step")
    if count < 1 - 1e-9 or abs(count - round(count)) > 1e-9 * max(count, 1):
        raise ValueError(
            f"step: got {step} from {low} to {high}, expected a step that reaches the end; "
            "change one of the three"
        )
    digits = max(0, 12 - math.floor(math.log10(max(abs(low), abs(high), step))))
    return [round(value, digits) for value in np.linspace(low, high, round(count) + 1).tolist()]


def _listed(values: Sequence[float], others: tuple[Any, ...]) -> list[float]:
    if others != (None, None, None):
        raise TypeError("slider: got values= and low, high or step, expected one of the two ways")
    grid = [float(value) for value in values]
    if len(grid) < 2 or not all(a < b for a, b in pairwise(grid)):
        raise ValueError(f"values: got {grid}, expected two or more increasing numbers")
    return grid


def _place(values: Sequence[Any], start: Any, label: str) -> int:
    if start is None:
        return 0
    if start not in values:
        raise ValueError(
            f"{label}: got start={start!r}, which is not on the grid; expected one of "
            f"{', '.join(map(repr, values[:4]))}{', …' if len(values) > 4 else ''}"
        )
    return list(values).index(start)


def _text(value: float) -> str:
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    return f"{value:,.6g}".replace("-", "−") if abs(value) < 1e6 else f"{value:.3g}"
