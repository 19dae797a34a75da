"""The last touches: plain text, few ticks, titles at the left, legends without frames."""

import math
from typing import Any

from matplotlib.axis import Axis
from matplotlib.figure import Figure
from matplotlib.text import Text
from matplotlib.ticker import AutoLocator, LogFormatterSciNotation, MaxNLocator

from lipkit.teach.figures._untex import untex

_RAISED = str.maketrans("-0123456789", "⁻⁰¹²³⁴⁵⁶⁷⁸⁹")


def plain(value: float) -> str:
    """A number on a logarithmic axis in the shortest plain text."""
    power = math.floor(math.log10(value) + 1e-9)
    if -3 <= power <= 3:
        return f"{value:.6g}"
    factor = value / 10.0**power
    times = "" if math.isclose(factor, 1) else f"{factor:.3g}×"
    return times + "10" + str(power).translate(_RAISED)


class PlainLog(LogFormatterSciNotation):
    """Labels the ticks that matplotlib would label, in text that needs no typesetting."""

    def __call__(self, x: float, pos: Any = None) -> str:
        """The label of a tick at x, empty where there is none."""
        return plain(x) if super().__call__(x, pos) and x > 0 else ""


def finish(fig: Figure) -> None:
    """Set what matplotlib decides when it is called, not when the axes are made."""
    for text in fig.findobj(Text):
        if "$" in text.get_text():
            text.set_text(untex(text.get_text()))
    for ax in fig.axes:
        for each in (ax, *ax.child_axes):
            _finish_axis(each.xaxis)
            _finish_axis(each.yaxis)
        title = ax.get_title()
        if title and ax.axison:
            ax.set_title("")
            ax.set_title(title, loc="left", fontsize=11)
    legends = [ax.get_legend() for ax in fig.axes] + list(fig.legends)
    for legend in legends:
        if legend is not None:
            legend.set_frame_on(False)


def _finish_axis(axis: Axis) -> None:
    """Few ticks, and logarithmic ones in plain text, unless the author chose others."""
    if type(axis.get_major_locator()) is AutoLocator:
        axis.set_major_locator(MaxNLocator(nbins=6, steps=[1, 2, 5, 10]))
    if type(axis.get_major_formatter()) is LogFormatterSciNotation:
        axis.set_major_formatter(PlainLog())
    if type(axis.get_minor_formatter()) is LogFormatterSciNotation:
        axis.set_minor_formatter(PlainLog(labelOnlyBase=False))
