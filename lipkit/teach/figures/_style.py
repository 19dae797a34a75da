"""Colours, roles, sizes: what makes every figure of the book look like the others."""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, Final

import matplotlib as mpl
from cycler import cycler
from matplotlib.figure import Figure

from lipkit import _validate

# Okabe and Ito's hues, darker on a light page and lighter on a dark one, for contrast. The page's
# style sheet gives the variables --lk-c1 … --lk-c7; figures are drawn in the light values.
LIGHT: Final = ("#0069b0", "#b33c00", "#1a8058", "#86306e", "#b5860b", "#2f96c8", "#222832")
DARK: Final = ("#4ba3e0", "#f5853f", "#3cc48f", "#d69cc0", "#f7bb25", "#9bd8fb", "#e6e9ed")

PALETTE: Final = LIGHT
"""Blue, vermilion, green, purple, ochre, sky, ink: in this order, for what is no bound."""

INK: Final = LIGHT[6]
MUTED: Final = "#c3c9d1"
"""For grid lines and other things that must not be seen first."""
PAPER: Final = "#fefefe"  # the page behind the figure; #ffffff stays white
NEUTRAL: Final = "#727b87"  # on both pages

ADAPTS: Final = {
    **{colour: f"var(--lk-c{i}, {colour})" for i, colour in enumerate(LIGHT, start=1)},
    INK: "currentColor",
    "#000000": "currentColor",
    MUTED: f"var(--lk-muted, {MUTED})",
    PAPER: f"var(--lk-paper, {PAPER})",
}


@dataclass(frozen=True)
class Role:
    """A colour and a marker that stand for one kind of answer, always together.

    >>> dict(**LOWER)
    {'color': '#0069b0', 'marker': '^'}
    """

    color: str
    marker: str

    @property
    def ink(self) -> str:
        """The colour of text in this role: grey would be too faint to read."""
        return INK if self.color == NEUTRAL else self.color

    def keys(self) -> tuple[str, str]:
        """What ``**role`` hands to ``plot`` (a line with markers) or ``scatter`` (markers)."""
        return ("color", "marker")

    def __getitem__(self, key: str) -> str:
        return str(getattr(self, key))


LOWER: Final = Role(LIGHT[0], "^")
UPPER: Final = Role(LIGHT[1], "v")
EXACT: Final = Role(INK, "o")
ESTIMATE: Final = Role(LIGHT[3], "D")
GREY: Final = Role(NEUTRAL, "s")

ROLES: Final = {"lower": LOWER, "upper": UPPER, "exact": EXACT, "estimate": ESTIMATE, "grey": GREY}
"""The role of each kind of bound, and grey for everything else."""


def role_of(role: Role | str) -> Role:
    """A role by itself or by the kind of a bound."""
    return role if isinstance(role, Role) else ROLES[_validate.one_of(role, "role", tuple(ROLES))]


# matplotlib's own 10 pt and 1.5 pt lines stay: they are read when an artist is made, after `new`.
_STYLE: Final[Any] = {
    "figure.facecolor": "none",
    "axes.facecolor": "none",
    "savefig.facecolor": "none",
    "text.color": INK,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "xtick.color": INK,
    "ytick.color": INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.linewidth": 0.8,
    "xtick.minor.width": 0.5,
    "ytick.minor.width": 0.5,
    "axes.axisbelow": True,
    "grid.color": MUTED,
    "grid.linewidth": 0.6,
    "axes.xmargin": 0.02,
    "xtick.minor.pad": 5.0,
    "ytick.minor.pad": 5.0,
    "axes.prop_cycle": cycler(color=LIGHT[:6]),
    "image.cmap": "viridis",
    "svg.fonttype": "none",
    "svg.hashsalt": "lipkit",
}


@contextmanager
def style() -> Iterator[None]:
    """matplotlib's defaults and the book's style on top; what was set before comes back after."""
    with mpl.rc_context():
        mpl.rcdefaults()
        mpl.rcParams.update(_STYLE)
        yield


def new(
    *, rows: int = 1, columns: int = 1, width: float = 5.2, height: float = 3.4, **subplots_kw: Any
) -> tuple[Figure, Any]:
    """A figure and its axes in the book's style; pyplot and the global settings stay untouched.

    Sizes are inches. Up to the default width, 10 pt text is at least 9 px high on a 390 px phone:
    stack panels in rows rather than columns. Further keywords go to :meth:`Figure.subplots`.

    >>> fig, ax = new()
    >>> lines = ax.plot([1, 2], [3, 4], **UPPER)
    """
    with style():
        fig = Figure(figsize=(width, height), layout="constrained")
        return fig, fig.subplots(rows, columns, **subplots_kw)
