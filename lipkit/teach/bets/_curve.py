"""A bet on a curve."""

from collections.abc import Sequence
from html import escape
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.teach.bets._bet import Bet
from lipkit.teach.bets._block import Block, plain
from lipkit.teach.bets._number import limits, within


class Curve(Bet):
    """A bet on a curve: one slider for each of the ``x``, or drawn with the pointer.

    ``x`` are 2 to 12 increasing numbers, ``ylim`` the ends of the vertical axis; both scales are
    "linear" or "log". Raises ``ValueError`` otherwise.

    >>> wager = Curve("doc.risk", "Draw the risk against the width.", x=[10, 100, 1000],
    ...               ylim=(0, 2), xlabel="width", ylabel="risk", xscale="log")
    >>> answer = wager.reveal([1.0, 1.8, 0.4], "It peaks where the network starts to fit.")
    """

    kind = "curve"

    def __init__(
        self,
        name: str,
        question: str,
        *,
        x: ArrayLike,
        ylim: tuple[float, float],
        xlabel: str,
        ylabel: str,
        xscale: str = "linear",
        yscale: str = "linear",
    ):
        super().__init__(name, question)
        self.x = _validate.real_array(x, "x", 1)
        if not 2 <= len(self.x) <= 12 or not (np.diff(self.x) > 0).all():
            raise ValueError(f"x: got {self.x}, expected 2 to 12 increasing numbers; sort them")
        self.xlim = limits((self.x[0], self.x[-1]), xscale, "x")
        self.ylim = limits(ylim, yscale, "ylim")
        self.xlabel, self.ylabel, self.xscale, self.yscale = xlabel, ylabel, xscale, yscale
        ends = f"from {plain(self.ylim[0])} to {plain(self.ylim[1])}"
        at = [plain(value) for value in self.x]
        board, data = self._picture(f"Empty axes: {ylabel} {ends}, {xlabel} {at[0]} to {at[-1]}")
        sliders = "".join(_SLIDER.format(label=escape(f"{xlabel} {value}")) for value in at)
        hint = "<p>Draw on the axes, or move the sliders.</p>"
        inputs = f'{hint}{board}<div class="lk-bet-sliders">{sliders}</div>'
        paper = f"<p>Axes: {escape(ylabel)} {ends}, {escape(xlabel)} {', '.join(at)}.</p>"
        data = {**data, "limits": self.ylim, "labels": at, "xlabel": xlabel}
        self._ask(paper, inputs, data)

    def reveal(
        self,
        truth: ArrayLike,
        text: str = "",
        *,
        x: ArrayLike | None = None,
        band: tuple[ArrayLike, ArrayLike] | None = None,
    ) -> Block:
        """Draw the truth over the reader's curve, and say in ``text`` what it shows.

        ``truth`` has a value for each of the bet's ``x``, or of a finer grid ``x`` that contains
        them; ``band`` is a pair (low, high) of such arrays. Raises ``ValueError`` if a shape does
        not fit, or if ``truth`` leaves ``ylim`` at one of the bet's ``x``.
        """
        grid = self.x if x is None else _validate.real_array(x, "x", 1)
        here = np.flatnonzero(np.isin(grid, self.x))
        if not np.array_equal(grid[here], self.x):
            raise ValueError(f"x: got a grid without all of {self.x}, expected each once; add them")
        line = _like(grid, truth, "truth")
        sides = [_like(grid, side, "band") for side in band or ()]
        values = within(line[here], self.ylim, "truth", 1)
        pairs = [f"{plain(v)} at {plain(at)}" for at, v in zip(self.x, values, strict=True)]
        alt = f"{self.ylabel} against {self.xlabel}: {', '.join(pairs)}"
        svg, data = self._picture(alt, grid, line, sides)
        data = {**data, "truth": values.tolist()}
        return self._tell("The truth is the solid line", text, data, svg)

    def _picture(
        self, alt: str, x: Any = (), truth: Any = (), band: Sequence[Array] = ()
    ) -> tuple[str, dict[str, Any]]:
        """Axes and what is on them; and where the script draws, in the units of the SVG."""
        from lipkit.teach import figures

        fig, ax = figures.new()
        ax.plot(x, truth, color=figures.PALETTE[0])
        if band:
            figures.band(ax, x, band[0], band[1], figures.LOWER)
        ax.set(xscale=self.xscale, yscale=self.yscale, xlabel=self.xlabel, ylabel=self.ylabel)
        ax.set(xlim=self.xlim, ylim=self.ylim)
        svg = figures.show(fig, alt=f"{self.question} {alt}, under the reader's bet").svg
        box, (width, height) = ax.get_position(), 72 * fig.get_size_inches()
        places = box.x0 + box.width * _places(self.x, self.xlim, self.xscale)
        return svg, {
            "x": np.round(places * width, 2).tolist(),
            "top": round((1 - box.y1) * height, 2),
            "height": round(box.height * height, 2),
            "log": self.yscale == "log",
        }


# The value stands in aria-valuetext for those who hear it.
_SLIDER = """<label>{label}<input type="range" min="0" max="100" value="50">
<span aria-hidden="true"></span></label>"""


def _like(grid: Array, line: ArrayLike, name: str) -> Array:
    values = _validate.real_array(line, name, 1)
    if values.shape != grid.shape:
        raise ValueError(
            f"{name}: got {len(values)} numbers for {len(grid)} values of x, expected one each"
        )
    return values


def _places(values: Array, ends: tuple[float, float], scale: str) -> Array:
    """Where values lie between the ends of an axis, as fractions of it."""
    if scale == "log":
        values, ends = np.log10(values), (np.log10(ends[0]), np.log10(ends[1]))
    return np.asarray((values - ends[0]) / (ends[1] - ends[0]), dtype=np.float64)
