"""Room that texts take, and how to give each its own."""

import math
import textwrap
from collections.abc import Sequence

LINE = 13.0  # height of a line of text
CHARACTER = 6.6  # about the width of one


def wrapped(label: str) -> list[str]:
    """The label in lines of about fifteen characters."""
    return textwrap.wrap(label, 15, break_long_words=False)


def width_of(lines: Sequence[str]) -> float:
    """About the width of the widest line."""
    return max(map(len, lines), default=0) * CHARACTER


def spread(
    places: Sequence[float], heights: Sequence[float], low: float, high: float
) -> list[float]:
    """Places between ``low`` and ``high``, in the same order, that keep the heights apart.

    NaN stays NaN. Labels move as little as one pass down and one pass up require.
    """
    order = sorted((i for i, y in enumerate(places) if not math.isnan(y)), key=lambda i: places[i])
    result = list(places)
    edge = low
    for i in order:
        result[i] = max(places[i], edge + heights[i] / 2)
        edge = result[i] + heights[i] / 2
    edge = high
    for i in reversed(order):
        result[i] = min(result[i], edge - heights[i] / 2)
        edge = result[i] - heights[i] / 2
    return result
