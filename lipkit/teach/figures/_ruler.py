"""The log ruler: a few numbers on one logarithmic axis, each with a flag that covers no other."""

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal
from string import ascii_uppercase

from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties
from matplotlib.textpath import TextPath

from lipkit import _validate
from lipkit.teach.figures._finish import finish, plain
from lipkit.teach.figures._style import GREY, INK, NEUTRAL, PAPER, Role, role_of, style

_WIDTH = 5.2 * 72  # points, as all lengths here
_SIDE, _FOOT = 10.0, 46.0  # margins
_FIRST, _STEP, _LINE = 12.0, 36.0, 13.0  # to the first flag, from flag to flag, from line to line
_SIGNS = {"exact": "= ", "upper": "≤ ", "lower": "≥ ", "estimate": "≈ ", "grey": ""}
_AWAY = {"lower": ROUND_FLOOR, "upper": ROUND_CEILING}
_SLACK = Decimal("1e-9")  # rounding errors of the value itself must not move its last digit


@dataclass
class _Flag:
    """A pole at x, and a text as wide as ``width`` to the right of it (``turn`` 1) or left (-1)."""

    x: float
    width: float
    name: str
    text: str
    role: Role
    side: int = 1
    level: float = 0
    turn: int = 1

    @property
    def span(self) -> tuple[float, float]:
        ends = self.x + self.turn * 3, self.x + self.turn * (3 + self.width)
        return min(ends), max(ends)


def ruler(entries: Sequence[tuple[str, float, str]], *, unit: str, names: bool = True) -> Figure:
    """Numbers on one logarithmic axis.

    Parameters
    ----------
    entries
        ``(label, value, kind)``: a positive number, and lower, upper, exact, estimate or grey.
    unit
        What is measured, with its unit; it names the axis.
    names
        False hides labels and kinds: the entries are A, B, C, … in the order given. A number is
        rounded to the side of its kind all the same.

    >>> fig = ruler([("ascent", 2.4, "lower"), ("product", 31.0, "upper")], unit="slope")
    """
    if not 1 <= len(entries) <= len(ascii_uppercase):
        raise ValueError(f"entries: got {len(entries)}, expected 1 to {len(ascii_uppercase)}")
    if not all(label.strip() for label, _, _ in entries):
        raise ValueError("entries: got a blank label, expected a name for each number")
    values = [_validate.positive(value, f"entries, {label!r}") for label, value, _ in entries]
    low, high = _limits(values)
    scale = (_WIDTH - 2 * _SIDE) / math.log(high / low)
    flags = []
    for letter, (label, value, kind) in zip(ascii_uppercase, entries, strict=False):
        role = role_of(kind) if names else GREY
        short = _short(value, kind)
        name, text = (label, _SIGNS[kind] + short) if names else (letter, short)
        width = max(_width(name, "normal"), _width(text, "bold"))
        flags.append(_Flag(math.log(value / low) * scale, width, name, text, role))
    flags.sort(key=lambda flag: flag.x)
    _place(flags)
    with style():
        fig = Figure(figsize=(_WIDTH / 72, 1))
        ax = _axis(fig, flags, (low, high), unit)
        for flag in flags:
            _draw(ax, flag, low * math.exp(flag.x / scale), scale)
        finish(fig)
    return fig


def _limits(values: Sequence[float]) -> tuple[float, float]:
    """The ends of the axis: a margin around the values, and at least a factor of ten in all."""
    low, high = min(values), max(values)
    pad = max(0.06 * math.log(high / low), (math.log(10) - math.log(high / low)) / 2, 0.05)
    return low * math.exp(-pad), high * math.exp(pad)


def _short(value: float, kind: str) -> str:
    """Three digits, or whole from 100 on: a lower answer rounded down, an upper one up."""
    exact, whole = Decimal(float(value)), 100 <= value < 1e5
    last = Decimal(1).scaleb(0 if whole else exact.adjusted() - 2)
    short = exact.quantize(last, rounding=ROUND_HALF_EVEN)
    if abs(short - exact) > _SLACK * exact:
        short = exact.quantize(last, rounding=_AWAY.get(kind, ROUND_HALF_EVEN))
    return f"{short:,}" if whole else plain(float(short))


def _width(text: str, weight: str) -> float:
    """The width of a line of 10 pt text in points, and a little for another font."""
    line = TextPath((0, 0), text, size=10, prop=FontProperties(weight=weight))
    return float(line.get_extents().width) + 4


def _place(flags: list[_Flag]) -> None:
    """Sides and levels: of all ways that keep flags and poles apart, the one that takes least room.

    A flag hangs to the right unless the page ends there. There is always a way: right ones above,
    left ones below.
    """
    for flag in flags:
        if flag.span[1] > _WIDTH - _SIDE:
            flag.turn = -1
    ways = [tuple(flag.turn for flag in flags)]
    if len(flags) <= 8:
        ways = [*itertools.product((1, -1), repeat=len(flags))]
    best = min(ways, key=lambda sides: _room(flags, sides))
    for flag, side, level in zip(flags, best, _levels(flags, best), strict=True):
        flag.side, flag.level = side, level


def _room(flags: list[_Flag], sides: tuple[int, ...]) -> tuple[float, ...]:
    """What a way costs: the height of both sides, the levels in all, neighbours on one side."""
    levels = _levels(flags, sides)
    heights = [
        max((level for level, s in zip(levels, sides, strict=True) if s == side), default=-1.0)
        for side in (1, -1)
    ]
    neighbours = sum(a == b for a, b in itertools.pairwise(sides))
    return sum(heights), sum(levels), neighbours, -sides[0]


def _levels(flags: list[_Flag], sides: tuple[int, ...]) -> list[float]:
    """The lowest levels for these sides; infinite where two poles would run through both flags."""
    levels = [0.0] * len(flags)
    under = [
        (i, j)
        for i, j in itertools.permutations(range(len(flags)), 2)
        if sides[i] == sides[j] and _goes_under(flags[i], flags[j], i > j)
    ]
    for _ in flags:
        for i, j in under:
            levels[j] = max(levels[j], levels[i] + 1)
    stuck = any(levels[j] <= levels[i] for i, j in under)
    return [math.inf] * len(flags) if stuck else levels


def _goes_under(a: _Flag, b: _Flag, later: bool) -> bool:
    """Whether a must be lower than b, since its pole would cut b's text or since one of them must.

    Of flags that overlap, the one nearer to the end that they point to is the lower one, so that
    poles stay clear of texts.
    """
    if b.span[0] - 2 < a.x < b.span[1] + 2:
        return True
    cut = a.span[0] - 2 < b.x < a.span[1] + 2
    overlap = a.span[0] - 10 < b.span[1] and b.span[0] - 10 < a.span[1]
    lower = later == (a.turn > 0) if a.turn == b.turn else a.turn < 0
    return overlap and lower and not cut


def _axis(fig: Figure, flags: list[_Flag], limits: tuple[float, float], unit: str) -> Axes:
    """An axis whose vertical unit is the point, high enough for all flags."""
    up, down = (
        max([_FIRST + _STEP * (f.level + 1) for f in flags if f.side == side], default=_FIRST)
        for side in (1, -1)
    )
    height = up + down + _FOOT
    fig.set_size_inches(_WIDTH / 72, height / 72)
    box = (_SIDE / _WIDTH, _FOOT / height, 1 - 2 * _SIDE / _WIDTH, (up + down) / height)
    ax = fig.add_axes(box, xscale="log", xlim=limits, ylim=(-down, up), xlabel=unit)
    ax.yaxis.set_visible(False)
    ax.spines["left"].set_visible(False)
    ax.axhline(0, color=NEUTRAL, linewidth=0.8, zorder=1)
    return ax


def _draw(ax: Axes, flag: _Flag, value: float, scale: float) -> None:
    edge = flag.side * (_FIRST + _STEP * flag.level + 2 * _LINE)
    top = edge if flag.side > 0 else edge + 2 * _LINE
    ax.plot([value, value], [0, edge], color=NEUTRAL, linewidth=0.8, zorder=1)
    ax.scatter([value], [0], s=64, zorder=3, clip_on=False, edgecolors=PAPER, **flag.role)
    at = value * math.exp(flag.turn * 3 / scale)
    align = "left" if flag.turn > 0 else "right"
    ax.text(at, top - 3, flag.name, color=INK, ha=align, va="top")
    ax.text(at, top - 3 - _LINE, flag.text, color=flag.role.ink, weight="bold", ha=align, va="top")
