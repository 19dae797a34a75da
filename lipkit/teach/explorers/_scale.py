"""Colours of levels: how strong, which of two hues, and the key that says so."""

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from lipkit.teach.explorers._axis import round_step, tick_text
from lipkit.teach.explorers._colours import GRID, HUES
from lipkit.teach.explorers._draw import short
from lipkit.teach.explorers._elements import WIDTH, Output, tag, text
from lipkit.teach.explorers._lettering import width_of
from lipkit.teach.panels import Heat, Patches, Plot

BANDS = 12  # at most so many steps of strength from zero to the top
FINE = 8  # parts of a step; the first of all is zero, and stays transparent
LENGTH = 92.0  # of the key


@dataclass(frozen=True)
class Scale:
    """The values of no colour and full colour; ``low`` below 0 is the full colour of a second hue.

    ``bands`` is the number of visible steps, 0 for a smooth scale.
    """

    low: float
    high: float
    bands: int

    @property
    def signed(self) -> bool:
        """Whether zero is in the middle."""
        return self.low < 0


def scale_of(plot: Plot, outputs: Sequence[Output]) -> Scale | None:
    """The scale of the plot's heat map or patches, for all states."""
    marks = [mark for mark in plot.marks if isinstance(mark, Heat | Patches)]
    if not marks:
        return None
    if len(marks) > 1:
        raise ValueError("plot: got two marks with a colour scale, expected one; use two plots")
    mark = marks[0]
    low, high = _reach(mark, outputs) if mark.limits is None else mark.limits
    if not (low < high and (low >= 0 or low == -high)):
        raise ValueError(f"limits: got {mark.limits}, expected (−a, a), or (a, b) with 0 ≤ a < b")
    bands = 0
    if isinstance(mark, Heat) and not mark.pixels:
        bands = round((high - max(low, 0.0)) / round_step(high - max(low, 0.0), BANDS))
    return Scale(low, high, bands)


def _reach(mark: Heat | Patches, outputs: Sequence[Output]) -> tuple[float, float]:
    """From zero, or from its negative, to the first round number that no value exceeds."""
    key = mark.z if isinstance(mark, Heat) else mark.levels
    values = [np.ravel(output[key]) for output in outputs]
    finite = np.concatenate([each[np.isfinite(each)] for each in values])
    largest = float(np.abs(finite).max(initial=0.0)) or 1.0
    step = round_step(largest, BANDS)
    top = round(math.ceil(largest / step - 1e-9) * step, 12 - math.floor(math.log10(step)))
    return (-top if finite.min(initial=0.0) < 0 else 0.0), top


def paint(scale: Scale, ident: str) -> str:
    """A filter that turns strengths, red for the first hue and blue for the second, into colour.

    Between pixels of two signs both are there; their difference is what was interpolated.
    """
    rows = ("1 0 -1 0 0", "-1 0 1 0 0")
    parts = "".join(_hue(i, hue, rows[i], scale.bands) for i, hue in enumerate(HUES))
    both = "".join(tag("feMergeNode", {"in": f"hue{i}"}) for i in range(2))
    region = {"x": "0", "y": "0", "width": "1", "height": "1"}
    space = {"color-interpolation-filters": "sRGB"}
    return tag("filter", {"id": ident} | region | space, parts + tag("feMerge", {}, both))


def _hue(i: int, hue: str, row: str, bands: int) -> str:
    """One channel as opacity, in steps, and the hue where it is opaque."""
    matrix = {"in": "SourceGraphic", "type": "matrix", "values": "0 0 0 0 0 " * 3 + row}
    parts = tag("feColorMatrix", matrix | {"result": f"strength{i}"})
    if bands:
        table = {"type": "discrete", "tableValues": " ".join(_strengths(bands))}
        steps = {"in": f"strength{i}", "result": f"strength{i}"}
        parts += tag("feComponentTransfer", steps, tag("feFuncA", table))
    parts += tag("feFlood", {"style": f"flood-color:{hue}"})
    return parts + tag(
        "feComposite", {"operator": "in", "in2": f"strength{i}", "result": f"hue{i}"}
    )


def _strengths(bands: int) -> list[str]:
    steps = [short((i // FINE + 0.7) / (bands - 0.3), 3) for i in range(FINE * bands)]
    return ["0", *steps[1:]]


def key(scale: Scale, label: str, ident: str, y: float) -> str:
    """Name, colours and end values in one line above a plot."""
    low, high = tick_text(scale.low), tick_text(scale.high)
    right = WIDTH - 8 - width_of([high]) - 5
    left = right - LENGTH
    named = left - 5 - width_of([low]) - 10
    ends = ["#00f", "#000", "#f00"] if scale.signed else ["#000", "#f00"]
    stops = "".join(
        tag("stop", {"offset": short(i / (len(ends) - 1)), "stop-color": colour})
        for i, colour in enumerate(ends)
    )
    bar = {"x": short(left), "y": short(y), "width": short(LENGTH), "height": "9"}
    filled = {"fill": f"url(#{ident}-strength)", "filter": f"url(#{ident}-paint)"}
    parts = [
        tag("linearGradient", {"id": f"{ident}-strength"}, stops),
        tag("rect", bar | filled),
        tag("rect", bar | {"fill": "none", "stroke": GRID, "stroke-width": "0.8"}),
        text(low, left - 5, y + 9, text_anchor="end", font_size="11.5"),
        text(high, right + 5, y + 9, font_size="11.5"),
        text(label, named, y + 9, text_anchor="end"),
    ]
    return "".join(parts)
