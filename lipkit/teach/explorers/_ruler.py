"""A ruler: a row for each number, the mark of its kind on one axis, its value beside it."""

import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from lipkit.teach.explorers._axis import Axis, spanning
from lipkit.teach.explorers._codes import Codes, positions
from lipkit.teach.explorers._colours import GRID, INK, PAPER, colour, marker
from lipkit.teach.explorers._draw import Box, short
from lipkit.teach.explorers._elements import (
    WIDTH,
    Channel,
    Element,
    Output,
    Picture,
    stroke,
    tag,
    text,
)
from lipkit.teach.explorers._marks import beside
from lipkit.teach.panels import Number, Ruler

ROW = 40.0
TRACK = 28.0  # from the top of a row to its line
SIDE = 10.0
END = 0.08  # of the length, for the place of 0 or of infinity
SIGNS = {"lower": "≥ ", "upper": "≤ ", "exact": "= ", "estimate": "≈ ", "grey": ""}


@dataclass(frozen=True)
class Line:
    """The ruler's line: an axis from ``first`` to ``last``, fractions of its whole length."""

    axis: Axis
    first: float
    last: float

    def place(self, value: float) -> float:
        """Where a value stands; 0 on a logarithmic ruler, and infinity, have an end each."""
        if math.isinf(value):
            return 1.0
        if value == 0 and self.axis.log:
            return 0.0
        inner = float(np.clip(self.axis.fraction(value), 0, 1))
        return self.first + (self.last - self.first) * inner

    def ticks(self) -> list[tuple[float, str]]:
        """The axis' ticks, and those of the ends."""
        room = self.last - self.first
        inner = [(self.first + room * at, label) for at, label in self.axis.ticks()]
        return [(0.0, "0")] * (self.first > 0) + inner + [(1.0, "∞")] * (self.last < 1)


def draw_ruler(
    ruler: Ruler, outputs: Sequence[Output], numbers: Mapping[str, Number], ident: str
) -> Picture:
    """The ruler for all states, whose outputs set the range of its axis."""
    line = _line(ruler, np.array([[float(o[key]) for key in ruler.keys] for o in outputs]))
    top = 8.0 + 20 * bool(ruler.title)
    box = Box(SIDE, top, WIDTH - 2 * SIDE, ROW * len(ruler.keys))
    below, moved = [text(ruler.title, SIDE, 16, font_size="13", font_weight="600")], []
    for i, key in enumerate(ruler.keys):
        y = top + i * ROW
        below.append(text(numbers[key].name, SIDE, y + 11))
        below.append(stroke((SIDE, y + TRACK, WIDTH - SIDE, y + TRACK), GRID, "1"))
        moved += _row(numbers[key], key, box, line, y + TRACK, ident)
    below += _axis(line, box, ruler.unit)
    return Picture(top + box.height + 42, "".join(below), tuple(moved))


def _line(ruler: Ruler, values: "np.ndarray[tuple[int, int], np.dtype[np.float64]]") -> Line:
    log = ruler.scale == "log"
    if log and (values < 0).any():
        key = ruler.keys[int((values < 0).any(axis=0).argmax())]
        raise ValueError(f"ruler: got a negative {key!r} on a log scale; use scale='linear'")
    if (values == -math.inf).any():
        raise ValueError("ruler: got minus infinity, which has no place; return NaN instead")
    finite = values[np.isfinite(values) & ((values > 0) | (not log))]
    axis = spanning([finite], ruler.limits, log, "limits")
    if finite.size and not axis.low <= finite.min() <= finite.max() <= axis.high:
        raise ValueError(
            f"limits: got {ruler.limits} for values from {finite.min():.6g} to "
            f"{finite.max():.6g}; give wider ones, or none"
        )
    zero, infinite = bool(log and (values == 0).any()), bool(np.isinf(values).any())
    return Line(axis, END if zero else 0.0, 1 - END if infinite else 1.0)


def _row(number: Number, key: str, box: Box, line: Line, y: float, ident: str) -> list[Element]:
    """The mark with its value, and the words that stand in its place where there is no value."""

    def known(output: Output) -> float:
        value = float(output[key])
        return math.nan if math.isnan(value) else line.place(value)

    def unknown(output: Output) -> float:
        return 0.0 if math.isnan(output[key]) else math.nan

    shape = {"d": marker(number.kind), "fill": colour(number.kind, "number"), "stroke": PAPER}
    slot = tag("tspan", {"data-lk-text": key})
    mark = tag("path", shape | {"stroke-width": "1.5"})
    mark += beside(SIGNS[number.kind] + slot, number.kind, font_weight="650", font_size="13")
    at = {"transform": f"translate(0 {short(y)})"}
    return [
        _placed(known, f"{ident}.{key}", box, tag("g", at, mark)),
        _placed(unknown, f"{ident}.no.{key}", box, tag("g", at, beside(slot, "grey"))),
    ]


def _placed(where: Callable[[Output], float], name: str, box: Box, inner: str) -> Element:
    def codes(output: Output) -> Codes:
        return positions(where(output))

    return Element("place", box, {"x": Channel(name, codes)}, inner=inner)


def _axis(line: Line, box: Box, unit: str) -> list[str]:
    y = box.y + box.height + 2
    left, right = (box.x + at * box.width for at in (line.first, line.last))
    parts = [stroke((left, y, right, y), INK, "0.8")]
    for at, label in line.ticks():
        x = box.x + at * box.width
        parts.append(stroke((x, y, x, y + 4), INK, "0.8"))
        parts.append(text(label, x, y + 16, text_anchor="middle", font_size="11.5"))
    return [*parts, text(unit, WIDTH / 2, y + 33, text_anchor="middle")]
