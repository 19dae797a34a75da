"""What moves in a drawing: elements, each with the channels of codes that it is drawn from."""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from html import escape
from typing import Any, TypeAlias

from lipkit.teach.explorers import _draw
from lipkit.teach.explorers._codes import Codes
from lipkit.teach.explorers._draw import Box

Output: TypeAlias = Mapping[str, Any]

WIDTH = 310.0  # of every drawing, in its own units: about a pixel each on a phone and on a desk
_TURNS = re.compile(r'(data-lk-turn="([\d.]+)")')


@dataclass(frozen=True)
class Channel:
    """Codes as a function of the view's output; one name, one function."""

    name: str
    codes: Callable[[Output], Codes]


@dataclass(frozen=True)
class Element:
    """One thing that a verb of ``_draw`` moves; ``inner`` is what a placed group holds.

    ``signed`` and ``columns`` are for levels: whether they have two signs, and an image's width.
    """

    verb: str
    box: Box
    channels: Mapping[str, Channel]
    attributes: Mapping[str, str] = field(default_factory=dict)
    inner: str = ""
    signed: bool = False
    columns: int = 0

    def markup(self, number: int, output: Output) -> str:
        """The element as SVG for one output of the view."""
        data = {name: channel.codes(output) for name, channel in self.channels.items()}
        fixed = {"data-lk-move": str(number), **self.attributes}
        if self.verb == "patches":
            shapes = _draw.patches(self.box, data, self.signed)
            return tag("g", fixed, "".join(tag("path", shape) for shape in shapes))
        if self.verb == "image":
            return tag("image", fixed | _draw.image(data, self.signed, self.columns))
        if self.verb == "place":
            side = _draw.turned(data) if "x" in data else 1
            return tag("g", fixed | _draw.place(self.box, data), _turn(self.inner, side))
        return tag("path", fixed | getattr(_draw, self.verb)(self.box, data))


@dataclass(frozen=True)
class Picture:
    """A drawing: what never moves below and above, and the elements between.

    ``drag`` names the controls that a pointer moves along x and y, with the fractions of the axis
    where their values are.
    """

    height: float
    below: str
    elements: tuple[Element, ...]
    above: str = ""
    drag: tuple[tuple[str, list[float]] | None, ...] = ()

    def markup(self, first: int, output: Output, label: str) -> str:
        """The SVG for one output; its elements are numbered from ``first`` on."""
        moved = "".join(one.markup(first + i, output) for i, one in enumerate(self.elements))
        frame = {
            "viewBox": f"0 0 {WIDTH:g} {self.height:g}",
            "class": "lk-ex-picture",
            "role": "img",
            "aria-label": label,
            "fill": "currentColor",
            "font-size": "12",
        }
        return tag("svg", frame, self.below + moved + self.above)


def tag(name: str, attributes: Mapping[str, str], inner: str = "") -> str:
    """One element of markup."""
    return f"<{name}{flat(attributes)}>{inner}</{name}>"


def flat(attributes: Mapping[str, str]) -> str:
    """Attributes as they stand in a tag."""
    return "".join(f' {key}="{escape(value)}"' for key, value in attributes.items())


def _turn(inner: str, side: int) -> str:
    """Texts beside a mark, moved to one side; ``data-lk-turn`` says how far from it they are."""
    anchor = "start" if side > 0 else "end"
    sign = "" if side > 0 else "-"
    return _TURNS.sub(rf'\1 x="{sign}\2" text-anchor="{anchor}"', inner)


def text(content: str, x: float, y: float, **attributes: str) -> str:
    """A line of text in a drawing."""
    fixed = {key.replace("_", "-"): value for key, value in attributes.items()}
    return tag("text", {"x": _draw.short(x), "y": _draw.short(y)} | fixed, escape(content))


def stroke(ends: tuple[float, float, float, float], colour: str, width: str) -> str:
    """A straight line (x1, y1, x2, y2) that never moves."""
    places = dict(zip(("x1", "y1", "x2", "y2"), map(_draw.short, ends), strict=True))
    return tag("line", places | {"stroke": colour, "stroke-width": width})
