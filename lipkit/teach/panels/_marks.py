"""What is drawn in a plot. Each mark names the entries of the view's dict that it draws."""

from dataclasses import dataclass
from typing import TypeAlias

Ref: TypeAlias = str | float
Limits: TypeAlias = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A line through points."""

    x: str
    y: str
    label: str
    role: str
    dash: bool


@dataclass(frozen=True)
class Band:
    """The area between two curves."""

    x: str
    low: str
    high: str
    label: str
    role: str


@dataclass(frozen=True)
class Rule:
    """A line across the plot, at one x or one y."""

    x: Ref | None
    y: Ref | None
    label: str
    role: str


@dataclass(frozen=True)
class Dot:
    """One point."""

    x: Ref
    y: Ref
    label: str
    role: str


@dataclass(frozen=True)
class Heat:
    """Values on a rectangle, by colour."""

    z: str
    x: Limits
    y: Limits
    label: str
    limits: Limits | None
    disc: bool
    pixels: bool


@dataclass(frozen=True)
class Patches:
    """Polygons of the plane, by colour."""

    polygons: str
    levels: str
    inside: str | None
    label: str
    limits: Limits | None


Mark: TypeAlias = Curve | Band | Rule | Dot | Heat | Patches


def curve(x: str, y: str, label: str = "", role: str = "ink", *, dash: bool = False) -> Curve:
    """A line through the points (x, y), two arrays of one length; NaN leaves a gap.

    ``role`` is a kind of answer, grey, ink or a colour of ``figures.PALETTE``; the label stands at
    the end of the line.

    >>> curve("width", "slope", "the climb", "lower").role
    'lower'
    """
    return Curve(x, y, label, role, dash)


def band(x: str, low: str, high: str, label: str = "", role: str = "grey") -> Band:
    """The area between the curves ``low`` and ``high`` over ``x``, three arrays of one length.

    >>> band("width", "lowest", "highest", "ten seeds").high
    'highest'
    """
    return Band(x, low, high, label, role)


def rule(
    *, x: Ref | None = None, y: Ref | None = None, label: str = "", role: str = "grey"
) -> Rule:
    """A reference line across the plot at one x or one y: a number, or the key of one.

    >>> rule(y=1.0, label="the truth").y
    1.0
    """
    if (x is None) == (y is None):
        raise TypeError(f"rule: got x={x!r} and y={y!r}, expected one of the two")
    return Rule(x, y, label, role)


def dot(x: Ref, y: Ref, label: str = "", role: str = "ink") -> Dot:
    """A point at (x, y): numbers, or the keys of two.

    >>> dot("u", "v", "you are here").label
    'you are here'
    """
    return Dot(x, y, label, role)


def heat(
    z: str,
    *,
    x: Limits,
    y: Limits,
    label: str = "",
    limits: Limits | None = None,
    disc: bool = False,
    pixels: bool = False,
) -> Heat:
    """Values ``(rows, columns)`` by colour: rows from y[0] up to y[1], columns from x[0] to x[1].

    One scale serves all states: ``limits``, or what they need; a value beyond is drawn as the
    nearest end. Zero is transparent, values of both signs take two hues. ``disc`` keeps what lies
    inside the ellipse in the rectangle. Colours change in steps, as on a map of heights;
    ``pixels`` draws an image instead, whose squares fill the rectangle, in full shades.

    >>> heat("heights", x=(-1, 1), y=(-1, 1), label="height", disc=True).disc
    True
    """
    return Heat(z, x, y, label, limits, disc, pixels)


def patches(
    polygons: str,
    levels: str,
    *,
    inside: str | None = None,
    label: str = "",
    limits: Limits | None = None,
) -> Patches:
    """Polygons ``[(k, 2), …]`` filled by one value each; ``inside`` is the index of one to outline.

    >>> patches("facets", "slopes", inside="here", label="slope").levels
    'slopes'
    """
    return Patches(polygons, levels, inside, label, limits)
