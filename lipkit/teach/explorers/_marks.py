"""From marks to elements: what each mark reaches on the axes, and how it is drawn."""

from html import escape
from typing import Any

from lipkit.teach.explorers._colours import PAPER, colour, marker, signed, text_colour
from lipkit.teach.explorers._draw import short
from lipkit.teach.explorers._elements import Element, Output, stroke, tag
from lipkit.teach.explorers._frame import Frame, on
from lipkit.teach.panels import Band, Curve, Dot, Heat, Patches, Rule

HALO = {
    "paint-order": "stroke",
    "stroke": PAPER,
    "stroke-width": "3",
    "stroke-linejoin": "round",
}
_FIELDS = {"x": ("x",), "y": ("y", "low", "high")}


def reach(mark: Any, side: str, output: Output) -> list[Any]:
    """The values that must be on the axis of one side, for one output."""
    if isinstance(mark, Heat):
        return [getattr(mark, side)]
    if isinstance(mark, Patches):
        return [on(side, mark.polygons, output)]
    refs = [getattr(mark, name, None) for name in _FIELDS[side]]
    return [on(side, ref, output) for ref in refs if ref is not None]


def elements(mark: Any, frame: Frame, output: Output) -> list[Element]:
    """What the mark consists of; ``output`` is that of any one state."""
    drawn: list[Element] = _DRAWN[type(mark)](mark, frame, output)
    return drawn


def beside(inner: str, role: str, gap: float = 10, **attributes: str) -> str:
    """A text at the right or the left of a mark, wherever there is room."""
    given = {key.replace("_", "-"): value for key, value in attributes.items()}
    turn = {"data-lk-turn": f"{gap:g}", "dy": ".35em", "fill": text_colour(role)}
    return tag("text", turn | HALO | given, inner) if inner else ""


def _curve(mark: Curve, frame: Frame, _output: Output) -> list[Element]:
    pen = {"fill": "none", "stroke": colour(mark.role, "curve"), "stroke-width": "2.2"}
    pen |= {"stroke-linejoin": "round", "clip-path": f"url(#{frame.name}-box)"}
    if mark.dash:
        pen["stroke-dasharray"] = "6 4"
    ends = {"x": frame.along("x", mark.x), "y": frame.along("y", mark.y)}
    return [Element("line", frame.box, ends, pen)]


def _band(mark: Band, frame: Frame, _output: Output) -> list[Element]:
    fill = {"fill": colour(mark.role, "band"), "fill-opacity": "0.2"}
    ends = {side: frame.along("y", getattr(mark, side)) for side in ("low", "high")}
    channels = {"x": frame.along("x", mark.x), **ends}
    return [Element("band", frame.box, channels, fill | {"clip-path": f"url(#{frame.name}-box)"})]


def _rule(mark: Rule, frame: Frame, _output: Output) -> list[Element]:
    left, top, width, height = frame.box
    if mark.x is None:
        side, ref, ends = "y", mark.y, (left, 0.0, left + width, 0.0)
    else:
        side, ref, ends = "x", mark.x, (0.0, top, 0.0, top + height)
    assert ref is not None
    line = stroke(ends, colour(mark.role, "rule"), "1.2")
    return [Element("place", frame.box, {side: frame.point(side, ref)}, inner=line)]


def _dot(mark: Dot, frame: Frame, _output: Output) -> list[Element]:
    shape = {"d": marker(mark.role), "fill": colour(mark.role, "dot"), "stroke": PAPER}
    inner = tag("path", shape | {"stroke-width": "1.5"})
    inner += beside(escape(mark.label), mark.role)
    ends = {"x": frame.point("x", mark.x), "y": frame.point("y", mark.y)}
    return [Element("place", frame.box, ends, inner=inner)]


def _heat(mark: Heat, frame: Frame, output: Output) -> list[Element]:
    rows, columns = output[mark.z].shape
    assert frame.scale is not None
    across, up = mark.x, mark.y
    if not mark.pixels:
        across, up = _half_wider(across, columns), _half_wider(up, rows)
    edges = _edges(frame, across, up)
    place = dict(zip(("x", "y", "width", "height"), map(short, edges), strict=True))
    place["preserveAspectRatio"] = "none"
    place["filter"] = f"url(#{frame.name}-paint)"
    place["clip-path"] = f"url(#{frame.name}-{'disc' if mark.disc else 'box'})"
    if mark.pixels:
        place["style"] = "image-rendering:pixelated"
    level = {"level": frame.level(mark.z)}
    two = frame.scale.signed
    return [Element("image", frame.box, level, place, signed=two, columns=columns)]


def disc(mark: Heat, frame: Frame) -> dict[str, str]:
    """The ellipse within the rectangle of a heat map."""
    left, top, width, height = _edges(frame, mark.x, mark.y)
    middle = {"cx": short(left + width / 2), "cy": short(top + height / 2)}
    return middle | {"rx": short(width / 2), "ry": short(height / 2)}


def _edges(
    frame: Frame, across: tuple[float, float], up: tuple[float, float]
) -> tuple[float, float, float, float]:
    """Left, top, width and height of a rectangle given on the axes."""
    left, right = frame.box.x + frame.box.width * frame.axes["x"].fraction(across)
    bottom, top = frame.box.y + frame.box.height * (1 - frame.axes["y"].fraction(up))
    return left, top, right - left, bottom - top


def _patches(mark: Patches, frame: Frame, _output: Output) -> list[Element]:
    assert frame.scale is not None
    clip = {"clip-path": f"url(#{frame.name}-box)", "stroke-linejoin": "round"}
    channels = {side: frame.along(side, mark.polygons) for side in ("x", "y")}
    channels["level"] = frame.level(mark.levels)
    edge = {"stroke": PAPER, "stroke-width": "0.5"}
    two = frame.scale.signed
    found = [Element("patches", frame.box, channels, clip | edge, signed=two)]
    if mark.inside is not None:
        pen = {"fill": "none", "stroke": "currentColor", "stroke-width": "2"}
        corners = {side: frame.corners(side, mark.polygons, mark.inside) for side in ("x", "y")}
        found.append(Element("area", frame.box, corners, clip | pen))
    return found


_DRAWN: dict[type, Any] = {
    Curve: _curve,
    Band: _band,
    Rule: _rule,
    Dot: _dot,
    Heat: _heat,
    Patches: _patches,
}


def _half_wider(limits: tuple[float, float], count: int) -> tuple[float, float]:
    """The outer edges of the pixels whose middles span the limits."""
    half = (limits[1] - limits[0]) / max(count - 1, 1) / 2
    return limits[0] - half, limits[1] + half


def margin_text(mark: Any) -> str:
    """What stands at the right of the plot for this mark; nothing for most."""
    line = isinstance(mark, Curve | Band) or (isinstance(mark, Rule) and mark.x is None)
    return signed(mark.label, mark.role) if line and mark.label else ""


def head_text(mark: Any) -> str:
    """What stands above the plot for this mark: the label of a vertical line."""
    return mark.label if isinstance(mark, Rule) and mark.x is not None else ""
