"""Heights of a function on discs of the plane, side by side on one scale."""

from collections.abc import Mapping
from typing import Any

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.teach.figures._style import INK, new

DARK = "#101418"  # on the light discs, whatever the page


def discs(
    panels: Mapping[str, ArrayLike],
    *,
    label: str,
    mark: tuple[str, tuple[float, float], str] | None = None,
    notes: Mapping[str, str] | None = None,
    width: float = 5.2,
) -> Figure:
    """One unit disc for each panel: title -> heights ``(k, k)`` on the square [-1, 1]^2.

    All panels share one colour scale, symmetric about 0 and named by ``label``, with a contour at
    every whole height but 0. ``mark`` puts a point with a text into one panel, (title, (x, y),
    text); ``notes`` write into the middle of panels: title -> text.
    Raises ``ValueError`` for heights that are not square.

    >>> fig = discs({"flat": np.zeros((5, 5))}, label="height")
    """
    heights = {title: _validate.real_array(Z, title, 2) for title, Z in panels.items()}
    for title, Z in heights.items():
        if Z.shape[0] != Z.shape[1]:
            raise ValueError(f"{title}: got shape {Z.shape}, expected a square array")
    top = max(_inside(Z) for Z in heights.values()) or 1.0
    fig, axes = new(columns=len(heights), width=width, height=0.56 * width, squeeze=False)
    for ax, (title, Z) in zip(axes[0], heights.items(), strict=True):
        image = _disc(ax, Z, top)
        ax.set_title(title, loc="center")
        if notes and title in notes:
            ax.text(0, 0, notes[title], color=DARK, ha="center", va="center")
        if mark is not None and mark[0] == title:
            _point(ax, mark[1], mark[2])
    bar = fig.colorbar(image, ax=list(axes[0]), label=label, orientation="horizontal")
    bar.ax.set_box_aspect(0.03)
    bar.outline.set_visible(False)
    return fig


def _disc(ax: Any, Z: Array, top: float) -> Any:
    ticks = np.linspace(-1, 1, len(Z))
    rim = Circle((0, 0), 1, facecolor="none", edgecolor=INK, linewidth=0.8)
    ax.add_patch(rim)
    image = ax.pcolormesh(
        ticks, ticks, Z, cmap="PuOr", vmin=-top, vmax=top, shading="nearest", rasterized=True
    )
    image.set_clip_path(rim)
    levels = np.arange(-np.floor(top), np.floor(top) + 1)
    levels = levels[(levels != 0) & (levels > Z.min()) & (levels < Z.max())]
    if len(levels):
        lines = ax.contour(ticks, ticks, Z, levels=levels, colors=DARK, linewidths=0.4, alpha=0.6)
        lines.set_clip_path(rim)
    ax.set(aspect="equal", xlim=(-1.05, 1.05), ylim=(-1.05, 1.05))
    ax.axis("off")
    return image


def _point(ax: Any, at: tuple[float, float], text: str) -> None:
    ax.plot(*at, "o", color="#ffffff", markeredgecolor=DARK, markersize=6, clip_on=False)
    arrow = {"arrowstyle": "-", "color": DARK, "linewidth": 0.8, "shrinkB": 4}
    place = (at[0] - 0.55, at[1])
    ax.annotate(text, at, xytext=place, color=DARK, ha="right", va="center", arrowprops=arrow)


def _inside(Z: Array) -> float:
    """The largest absolute height within the disc."""
    ticks = np.linspace(-1, 1, len(Z))
    return float(np.abs(Z[np.add.outer(ticks**2, ticks**2) <= 1]).max(initial=0.0))
