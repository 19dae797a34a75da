"""Labels beside a plot: at the right of what ends there, above vertical lines, none on another."""

import math
from collections.abc import Callable, Sequence
from html import escape
from typing import Any

import numpy as np

from lipkit.teach.explorers._codes import Codes, positions
from lipkit.teach.explorers._colours import colour, text_colour
from lipkit.teach.explorers._draw import Box, short
from lipkit.teach.explorers._elements import Channel, Element, Output, stroke, tag, text
from lipkit.teach.explorers._frame import EDGE, Frame
from lipkit.teach.explorers._lettering import LINE, spread, wrapped
from lipkit.teach.explorers._marks import HALO, beside, head_text, margin_text
from lipkit.teach.panels import Curve, Rule


def margin_labels(marks: Sequence[Any], frame: Frame) -> list[Element]:
    """Labels of curves, bands and horizontal lines, at the height where each ends."""
    named = [mark for mark in marks if margin_text(mark)]
    blocks = [wrapped(margin_text(mark)) for mark in named]
    heights = [LINE * len(block) for block in blocks]
    x = frame.box.x + frame.box.width + 7

    def places(output: Output) -> list[float]:
        ends = [frame.box.y + frame.box.height * (1 - _end(m, frame, output)) for m in named]
        return spread(ends, heights, frame.box.y - 4, frame.box.y + frame.box.height + 6)

    return [
        Element(
            "place",
            frame.box,
            {"y": Channel(f"{frame.ident}.label.{i}", _height(places, i, frame.box))},
            inner=_block(block, x, text_colour(mark.role)),
        )
        for i, (mark, block) in enumerate(zip(named, blocks, strict=True))
    ]


def _height(places: Callable[[Output], list[float]], i: int, box: Box) -> Callable[[Output], Codes]:
    return lambda output: positions(1 - (places(output)[i] - box.y) / box.height)


def _block(lines: Sequence[str], x: float, ink: str) -> str:
    first = -(len(lines) - 1) / 2 * LINE
    rows = "".join(text(line, x, first + i * LINE, dy=".35em") for i, line in enumerate(lines))
    return tag("g", {"fill": ink, **HALO}, rows)


def _end(mark: Any, frame: Frame, output: Output) -> float:
    """The height, as a fraction, of the last point that is in sight; NaN if there is none."""
    if isinstance(mark, Rule):
        x, refs = np.zeros(1), [mark.y or 0.0]
    else:
        x = frame.fraction("x", mark.x, output)
        refs = [mark.y] if isinstance(mark, Curve) else [mark.low, mark.high]
    ys = [np.atleast_1d(frame.fraction("y", ref, output)) for ref in refs]
    middle = np.mean(np.clip(ys, 0, 1), axis=0)
    seen = np.flatnonzero(np.isfinite(middle) & (x >= -EDGE) & (x <= 1 + EDGE))
    return float(middle[seen[-1]]) if len(seen) else math.nan


def head_labels(marks: Sequence[Any], frame: Frame) -> list[Element]:
    """Labels of vertical lines, each on a line of its own above the plot."""
    found = []
    for i, mark in enumerate(mark for mark in marks if head_text(mark)):
        y = frame.box.y - 3 - LINE * i
        pole = stroke((0, y - 8, 0, frame.box.y), colour(mark.role, "rule"), "1.2")
        inner = pole + beside(escape(mark.label), mark.role, 5, y=short(y), dy="0")
        found.append(Element("place", frame.box, {"x": frame.point("x", mark.x)}, inner=inner))
    return found
