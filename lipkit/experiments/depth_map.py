"""Four kinds of answers at every depth and width that were measured."""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

ALONG_DEPTH = ("law", "steepest", "steepest_low", "steepest_high", "proved", "product")
ALONG_WIDTH = ("law", "steepest", "steepest_low", "steepest_high", "tame")


def depth_map(measured: Mapping[str, Any]) -> Callable[..., dict[str, Any]]:
    r"""The view of one result of :func:`depth_width`: slopes over :math:`\sqrt d`, l2, no biases.

    The view takes a width and a depth that were measured. ``by_depth_...`` are the slopes against
    all depths at that width, ``by_width_...`` those against all widths at that depth, and ``law``,
    ``steepest``, ``proved``, ``product`` and ``tame`` those of this architecture; ``lost`` is the
    product bound over the steepest slope found: at most so many times is it too large (of medians).
    """
    widths, depths = ([int(n) for n in measured[name]] for name in ("width", "depth"))

    def view(width: int, depth: int) -> dict[str, Any]:
        row, column = depths.index(depth), widths.index(width)
        here = {name: float(measured[name][row, column]) for name in (*ALONG_DEPTH, "tame")}
        return {
            "depths": np.array(depths),
            "widths": np.array(widths),
            **{f"by_depth_{name}": measured[name][:, column] for name in ALONG_DEPTH},
            **{f"by_width_{name}": measured[name][row] for name in ALONG_WIDTH},
            **here,
            "lost": here["product"] / here["steepest"],
        }

    return view
