"""A state as HTML: the kernel's inputs, the matrix, and a bar for each number."""

import math
from collections.abc import Mapping
from html import escape
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.teach.explorers._colours import GRID, HUES, colour
from lipkit.teach.explorers._elements import flat, tag
from lipkit.teach.explorers._format import shown
from lipkit.teach.explorers._page import number_name
from lipkit.teach.panels import Number

CELL = 18  # of the matrix, in the units of its drawing
_BARS = "width:100%;border-collapse:collapse;font-variant-numeric:tabular-nums"
_TRACK = "min-width:6rem;width:45%"


def numbers_of(output: Mapping[str, Any], numbers: Mapping[str, Number]) -> dict[str, str]:
    """Every number as it is shown."""
    return {key: shown(float(output[key]), number) for key, number in numbers.items()}


def matrix(values: Array, label: str) -> str:
    """Levels in [-1, 1], the last row first, as an image; nothing where there is no entry."""
    rows, columns = values.shape
    cells = [
        tag("rect", {**_place(i, j), "width": f"{CELL}", "height": f"{CELL}"} | fill(level))
        for i, row in enumerate(values[::-1])
        for j, level in enumerate(row)
    ]
    frame = {
        "viewBox": f"-1 -1 {columns * CELL + 2} {rows * CELL + 2}",
        "class": "lk-ex-picture lk-kernel-matrix",
        "role": "img",
        "aria-label": label,
        "stroke": GRID,
        "stroke-width": "0.6",
    }
    return tag("svg", frame, "".join(cells))


def _place(i: int, j: int) -> dict[str, str]:
    return {"x": str(j * CELL), "y": str(i * CELL)}


def fill(level: float) -> dict[str, str]:
    """The hue of a sign, as opaque as the level is far from zero."""
    if math.isnan(level):
        return {"display": "none"}
    return {"fill": HUES[int(level < 0)], "fill-opacity": f"{round(abs(level), 3) + 0.0:g}"}


def bars(output: Mapping[str, Any], numbers: Mapping[str, Number]) -> str:
    """A table of the numbers, each with a bar from zero."""
    texts, shares = numbers_of(output, numbers), shares_of(output, numbers)
    rows = []
    for key, number in numbers.items():
        width = f"width:{shares[key]:g}%"
        bar = {"class": "lk-kernel-bar", "data-lk-bar": key}
        bar["style"] = f"{width};height:.7em;background:{colour(number.kind, key)}"
        cells = tag("th", {"scope": "row", "style": "text-align:left"}, number_name(number))
        cells += tag("td", {"style": "text-align:right", "data-lk-text": key}, escape(texts[key]))
        cells += tag("td", {"style": _TRACK, "aria-hidden": "true"}, tag("div", bar))
        rows.append(tag("tr", {}, cells))
    return tag("table", {"class": "lk-kernel-norms", "style": _BARS}, "".join(rows))


def shares_of(output: Mapping[str, Any], numbers: Mapping[str, Number]) -> dict[str, float]:
    """The length of each bar, in percent of the longest."""
    values = np.array([float(output[key]) for key in numbers])
    most = np.nanmax(values, initial=0.0) or 1.0
    return dict(zip(numbers, np.round(np.nan_to_num(values / most) * 100, 1), strict=True))


def taps(kernel: Array, name: str) -> str:
    """The nine inputs; each is as strong in colour as its tap is large."""
    most = np.abs(kernel).max() or 1.0
    inputs = []
    for i, row in enumerate(kernel):
        for j, tap in enumerate(row):
            fixed = {"type": "number", "step": "any", "min": "-99", "max": "99", "data-lk-tap": ""}
            fixed |= {"aria-label": f"tap in row {i + 1}, column {j + 1}", "autocomplete": "off"}
            fixed |= {"value": f"{tap:.4g}", "style": tint(tap / most), "id": f"{name}-{i}{j}"}
            inputs.append(f"<input{flat(fixed)} disabled>")
    return "".join(inputs)


def tint(level: float) -> str:
    """A background that lets the number be read."""
    strong = round(abs(level) * 35)
    return f"background:color-mix(in srgb, {HUES[int(level < 0)]} {strong}%, transparent)"
