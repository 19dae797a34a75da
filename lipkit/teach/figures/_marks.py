"""Small marks: direct labels, bands, filled regions, heat maps."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from matplotlib.axes import Axes
from matplotlib.collections import PolyCollection, QuadMesh
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit.teach.figures._style import PAPER, Role, role_of, style

_SIDES: dict[str, tuple[tuple[float, float], str, str]] = {
    "right": ((7, 0), "left", "center"),
    "left": ((-7, 0), "right", "center"),
    "above": ((0, 6), "center", "bottom"),
    "below": ((0, -6), "center", "top"),
}


def label_line(
    ax: Axes, x: float, y: float, text: str, role: Role | str, *, side: str = "right"
) -> None:
    """Write a label in the role's colour beside the point (x, y): right, left, above or below it.

    It names a line where the line is, so that no legend has to.
    """
    offset, horizontal, vertical = _SIDES[_validate.one_of(side, "side", tuple(_SIDES))]
    ax.annotate(
        text,
        (x, y),
        xytext=offset,
        textcoords="offset points",
        color=role_of(role).ink,
        ha=horizontal,
        va=vertical,
        annotation_clip=False,
    )


def band(
    ax: Axes,
    x: ArrayLike,
    low: ArrayLike,
    high: ArrayLike,
    role: Role | str,
    label: str | None = None,
) -> None:
    """Shade between ``low`` and ``high``, arrays like ``x``; the label stands at the end."""
    x, low, high = (np.asarray(values, dtype=float) for values in (x, low, high))
    ax.fill_between(x, low, high, color=role_of(role).color, alpha=0.2, linewidth=0)
    if label is not None:
        label_line(ax, x[-1], (low[-1] + high[-1]) / 2, label, role)


def regions(
    ax: Axes,
    polygons: Sequence[ArrayLike],
    values: ArrayLike,
    *,
    label: str | None,
    limits: tuple[float, float] | None = None,
) -> PolyCollection:
    """Fill polygons of the plane, arrays ``(k, 2)``, by one value each, such as the slope there.

    ``label`` names the value, with its unit, on a colour bar; None draws no bar. ``limits`` are the
    ends of the colour scale. More than a thousand polygons become an image.
    """
    values = _validate.real_array(values, "values", 1)
    if len(values) != len(polygons):
        raise ValueError(
            f"values: got {len(values)} for {len(polygons)} polygons, expected one each"
        )
    shapes = [_validate.real_array(polygon, "polygons", 2) for polygon in polygons]
    many = len(shapes) > 1000
    filled = PolyCollection(
        shapes, cmap="viridis", linewidths=0.1 if many else 0.5, edgecolors=PAPER, rasterized=many
    )
    filled.set_array(values)
    _scale(filled, limits)
    ax.add_collection(filled)
    corners = np.concatenate(shapes)
    ax.set_xlim(corners[:, 0].min(), corners[:, 0].max())
    ax.set_ylim(corners[:, 1].min(), corners[:, 1].max())
    ax.set_aspect("equal")
    _colour_bar(ax, filled, label)
    return filled


def heat(
    ax: Axes,
    x: ArrayLike,
    y: ArrayLike,
    Z: ArrayLike,
    label: str | None,
    *,
    limits: tuple[float, float] | None = None,
) -> QuadMesh:
    """Draw ``Z[i, j]`` at ``(x[j], y[i])`` by colour, as an image.

    ``label`` names Z, with its unit, on a colour bar; None draws no bar. ``limits`` are the ends of
    the colour scale: give panels that are compared the same ones.
    """
    x, y = _validate.real_array(x, "x", 1), _validate.real_array(y, "y", 1)
    Z = _validate.real_array(Z, "Z", 2)
    if Z.shape != (len(y), len(x)):
        raise ValueError(f"Z: got shape {Z.shape}, expected ({len(y)}, {len(x)}): a row for each y")
    mesh = ax.pcolormesh(x, y, Z, cmap="viridis", shading="nearest", rasterized=True)
    _scale(mesh, limits)
    _colour_bar(ax, mesh, label)
    return mesh


def _scale(mappable: Any, limits: tuple[float, float] | None) -> None:
    if limits is not None:
        mappable.set_clim(*limits)


def _colour_bar(ax: Axes, mappable: Any, label: str | None) -> None:
    if label is None:
        return
    with style():
        beside = ax.inset_axes((1.03, 0.0, 0.035, 1.0))  # as high as the axes, at any aspect
        bar = ax.figure.colorbar(mappable, cax=beside, label=label)
    bar.outline.set_visible(False)
