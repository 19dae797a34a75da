"""A plot: two axes, marks, labels, the key of the colours."""

from collections.abc import Mapping, Sequence

import numpy as np

from lipkit.teach.explorers._axis import PAD, Axis, spanning
from lipkit.teach.explorers._colours import GRID, INK
from lipkit.teach.explorers._draw import Box, short
from lipkit.teach.explorers._elements import WIDTH, Output, Picture, stroke, tag, text
from lipkit.teach.explorers._frame import Frame
from lipkit.teach.explorers._labels import head_labels, margin_labels
from lipkit.teach.explorers._lettering import LINE, width_of, wrapped
from lipkit.teach.explorers._marks import disc, elements, head_text, margin_text, reach
from lipkit.teach.explorers._scale import key, paint, scale_of
from lipkit.teach.panels import Control, Heat, Patches, Plot

EDGE = 8.0  # margin where nothing stands
HEAD = 18.0  # height of a line above the plot
TALLEST = 300.0
SMALL = "11.5"
STEPS = 5  # about so many ticks on the vertical axis


def draw_plot(
    plot: Plot, outputs: Sequence[Output], controls: Mapping[str, Control], name: str, ident: str
) -> Picture:
    """The plot for all states, whose outputs set the ranges of its axes."""
    axes = {side: _axis(plot, outputs, side) for side in ("x", "y")}
    scale = scale_of(plot, outputs)
    box = _box(plot, axes, scale is not None)
    frame = Frame(name, ident, axes, box, scale)
    moved = [one for mark in plot.marks for one in elements(mark, frame, outputs[0])]
    moved += head_labels(plot.marks, frame) + margin_labels(plot.marks, frame)
    drag = tuple(_drag(plot, side, controls, frame) for side in ("x", "y"))
    height = box.y + box.height + (38 if plot.xlabel else EDGE)
    above = _area(frame, drag) if any(drag) else ""
    return Picture(height, _below(plot, frame), tuple(moved), above, drag if any(drag) else ())


def _axis(plot: Plot, outputs: Sequence[Output], side: str) -> Axis:
    limits, scale = (plot.xlim, plot.xscale) if side == "x" else (plot.ylim, plot.yscale)
    full = any(isinstance(m, Patches) or (isinstance(m, Heat) and not m.disc) for m in plot.marks)
    groups = (g for output in outputs for mark in plot.marks for g in reach(mark, side, output))
    return spanning(groups, limits, scale == "log", f"{side}lim", 0.0 if full else PAD)


def _box(plot: Plot, axes: Mapping[str, Axis], key: bool) -> Box:
    """Where the axes span, given the room that texts take around them."""
    left = width_of([label for _, label in axes["y"].ticks(STEPS)]) + 10 if plot.ylabel else EDGE
    names = [line for mark in plot.marks for line in wrapped(margin_text(mark))]
    right = min(width_of(names) + 8, 0.4 * WIDTH) if names else EDGE
    heads = LINE * sum(bool(head_text(mark)) for mark in plot.marks)
    top = EDGE + HEAD * (bool(plot.title) + key + bool(plot.ylabel)) + heads
    width, height = WIDTH - left - right, plot.height
    if plot.aspect == "equal":
        ratio = (axes["y"].high - axes["y"].low) / (axes["x"].high - axes["x"].low)
        height = min(width * ratio, TALLEST)
        left, width = left + (width - height / ratio) / 2, height / ratio
    return Box(left, top, width, height)


def _below(plot: Plot, frame: Frame) -> str:
    """All that stands still under the marks."""
    x, y, width, height = map(short, frame.box)
    shape = tag("rect", {"x": x, "y": y, "width": width, "height": height})
    parts = [tag("clipPath", {"id": f"{frame.name}-box"}, shape)]
    parts += [
        tag("clipPath", {"id": f"{frame.name}-disc"}, tag("ellipse", shape))
        for shape in _discs(plot, frame)
    ]
    rim = {"fill": "none", "stroke": INK, "stroke-width": "2"}  # the heat covers its inner half
    parts += [tag("ellipse", shape | rim) for shape in _discs(plot, frame)]
    y_now = EDGE
    if plot.title:
        parts.append(text(plot.title, EDGE / 2, 14, font_size="13", font_weight="600"))
        y_now += HEAD
    if frame.scale is not None:
        mark = next(mark for mark in plot.marks if isinstance(mark, Heat | Patches))
        parts.append(paint(frame.scale, f"{frame.name}-paint"))
        parts.append(key(frame.scale, mark.label, frame.name, y_now))
        y_now += HEAD
    parts += _y_axis(plot, frame, y_now + 10) if plot.ylabel else []
    parts += _x_axis(plot, frame) if plot.xlabel else []
    return "".join(parts)


def _y_axis(plot: Plot, frame: Frame, head: float) -> list[str]:
    left, top, width, height = frame.box
    parts = [text(plot.ylabel, EDGE / 2, head)]
    for at, label in frame.axes["y"].ticks(STEPS):
        y = top + (1 - at) * height
        if frame.scale is None:
            parts.append(stroke((left, y, left + width, y), GRID, "0.7"))
        else:
            parts.append(stroke((left - 4, y, left, y), INK, "0.8"))
        parts.append(text(label, left - 7, y, dy=".35em", text_anchor="end", font_size=SMALL))
    return [*parts, stroke((left, top, left, top + height), INK, "0.8")]


def _x_axis(plot: Plot, frame: Frame) -> list[str]:
    left, bottom, width = frame.box.x, frame.box.y + frame.box.height, frame.box.width
    parts = [text(plot.xlabel, left + width / 2, bottom + 33, text_anchor="middle")]
    for at, label in frame.axes["x"].ticks(max(2, int(width / 50))):
        x = left + at * width
        parts.append(stroke((x, bottom, x, bottom + 4), INK, "0.8"))
        parts.append(text(label, x, bottom + 16, text_anchor="middle", font_size=SMALL))
    return [*parts, stroke((left, bottom, left + width, bottom), INK, "0.8")]


def _discs(plot: Plot, frame: Frame) -> list[dict[str, str]]:
    return [disc(m, frame) for m in plot.marks if isinstance(m, Heat) and m.disc]


def _drag(
    plot: Plot, side: str, controls: Mapping[str, Control], frame: Frame
) -> tuple[str, list[float]] | None:
    name = plot.drag["xy".index(side)]
    if name is None:
        return None
    if name not in controls or controls[name].shape != "range":
        raise ValueError(f"drag: got {name!r}, expected the name of a slider")
    places = frame.axes[side].fraction(controls[name].values)
    if not np.isfinite(places).all():
        raise ValueError(f"drag: got {name!r}, whose values do not all stand on the {side} axis")
    return name, [round(place, 4) for place in places.tolist()]


def _area(frame: Frame, drag: Sequence[object]) -> str:
    x, y, width, height = map(short, frame.box)
    along = "".join(side for side, each in zip("xy", drag, strict=True) if each)
    shape = {"x": x, "y": y, "width": width, "height": height, "fill": "transparent"}
    return tag("rect", shape | {"class": f"lk-ex-area lk-ex-area-{along}"})
