"""Small images in a row, and under each what was changed to make it."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.teach.figures._style import GREY, new


def images(
    panels: Mapping[str, ArrayLike],
    *,
    changes: Mapping[str, ArrayLike],
    notes: Mapping[str, str] | None = None,
    width: float = 5.2,
) -> Figure:
    """A row of grey images, title -> grey values ``(k, l)`` in [0, 1], 1 dark; changes below.

    ``changes`` maps some of the titles to signed arrays, each drawn on its own symmetric scale, two
    hues for the two signs; ``notes`` writes a line under a change. Grey values beyond 0 and 1 are
    drawn as 0 and 1. Raises ``ValueError`` for a change that belongs to no image.

    >>> fig = images({"before": np.eye(3)}, changes={})
    """
    if unknown := set(changes) - set(panels):
        raise ValueError(f"changes: got {sorted(unknown)}, expected some of {list(panels)}")
    height = width / len(panels) * 2.35
    fig, axes = new(rows=2, columns=len(panels), width=width, height=height, squeeze=False)
    for (title, image), above, below in zip(panels.items(), axes[0], axes[1], strict=True):
        _draw(above, _validate.real_array(image, title, 2), "gray_r", 0.0, 1.0)
        above.set_title(title, loc="center", fontsize=10)
        if title not in changes:
            below.axis("off")
            continue
        change = _validate.real_array(changes[title], f"changes[{title!r}]", 2)
        most = float(np.abs(change).max()) or 1.0
        _draw(below, change, "PuOr", -most, most)
        below.set_xlabel((notes or {}).get(title, ""))
    return fig


def _draw(ax: Any, Z: Array, cmap: str, low: float, high: float) -> None:
    rows, columns = Z.shape
    edges = np.arange(columns + 1), np.arange(rows + 1)
    ax.pcolormesh(*edges, Z[::-1], cmap=cmap, vmin=low, vmax=high, rasterized=True)
    ax.set(aspect="equal", xticks=[], yticks=[])
    for spine in ax.spines.values():
        spine.set(visible=True, color=GREY.color)
