"""The two pictures an explorer is put together from: a plot, and a ruler."""

from dataclasses import dataclass

from lipkit import _validate
from lipkit.teach.panels._marks import Limits, Mark


@dataclass(frozen=True)
class Plot:
    """Marks on two axes."""

    marks: tuple[Mark, ...]
    xlabel: str
    ylabel: str
    title: str
    xlim: Limits | None
    ylim: Limits | None
    xscale: str
    yscale: str
    aspect: str
    drag: tuple[str | None, str | None]
    height: float


@dataclass(frozen=True)
class Ruler:
    """Numbers on one axis, a row each."""

    keys: tuple[str, ...]
    unit: str
    scale: str
    title: str
    limits: Limits | None


def plot(
    *marks: Mark,
    xlabel: str = "",
    ylabel: str = "",
    title: str = "",
    xlim: Limits | None = None,
    ylim: Limits | None = None,
    xscale: str = "linear",
    yscale: str = "linear",
    aspect: str = "auto",
    drag: tuple[str | None, str | None] = (None, None),
    height: float = 200,
) -> Plot:
    """Marks on two axes whose ranges are the same in every state.

    A limit that is not given is what all states need. ``aspect`` "equal" gives both axes one
    scale; otherwise the plot is ``height`` high, at a width of 310. ``drag`` names the controls
    that follow a pointer dragged along x and along y. Without labels the axes are not drawn.

    >>> from lipkit.teach.panels import dot
    >>> plot(dot(0, 1), xlabel="u", ylabel="v", drag=("u", None)).drag
    ('u', None)
    """
    if not marks:
        raise ValueError("plot: got no marks, expected at least one, such as panels.curve(…)")
    _validate.one_of(xscale, "xscale", ("linear", "log"))
    _validate.one_of(yscale, "yscale", ("linear", "log"))
    _validate.one_of(aspect, "aspect", ("auto", "equal"))
    _validate.positive(height, "height")
    return Plot(marks, xlabel, ylabel, title, xlim, ylim, xscale, yscale, aspect, drag, height)


def ruler(
    *keys: str, unit: str, scale: str = "log", title: str = "", limits: Limits | None = None
) -> Ruler:
    """A row for each number, all on one axis: the mark of its kind, and its value beside it.

    On a logarithmic ruler 0 has a place of its own at the left end, and infinity at the right.

    >>> ruler("slope", "product", unit="slope").keys
    ('slope', 'product')
    """
    if not keys:
        raise ValueError("ruler: got no keys, expected the names of numbers")
    return Ruler(keys, unit, _validate.one_of(scale, "scale", ("linear", "log")), title, limits)
