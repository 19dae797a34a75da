"""The frame of a plot: two axes in a box, and channels of what stands on them."""

from dataclasses import dataclass
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.teach.explorers._axis import Axis
from lipkit.teach.explorers._codes import levels, positions
from lipkit.teach.explorers._draw import Box
from lipkit.teach.explorers._elements import Channel, Output
from lipkit.teach.explorers._scale import Scale
from lipkit.teach.explorers._shapes import Shapes
from lipkit.teach.panels import Ref

EDGE = 0.01  # a mark this far off the axis is still drawn


@dataclass(frozen=True)
class Frame:
    """Axes and box of one plot; ``name`` is unique in the page, ``ident`` in the explorer."""

    name: str
    ident: str
    axes: dict[str, Axis]
    box: Box
    scale: Scale | None

    def fraction(self, side: str, ref: Ref, output: Output) -> Array:
        """Where an entry of the output, or a number, stands on one axis."""
        return self.axes[side].fraction(on(side, ref, output))

    def along(self, side: str, ref: Ref) -> Channel:
        """Positions on one axis."""
        name = f"{self.ident}.{side}.{ref}"
        return Channel(name, lambda output: positions(self.fraction(side, ref, output)))

    def point(self, side: str, ref: Ref) -> Channel:
        """The position of one mark; a gap where it would be off the axis."""

        def inside(output: Output) -> Any:
            fraction = self.fraction(side, ref, output)
            off = (fraction < -EDGE) | (fraction > 1 + EDGE)
            return positions(np.where(off, np.nan, fraction))

        return Channel(f"{self.ident}.{side}.{ref}.", inside)

    def corners(self, side: str, ref: str, inside: str) -> Channel:
        """Positions of the corners of that one polygon whose index is ``inside``."""

        def chosen(output: Output) -> Any:
            corners = output[ref].one(int(output[inside]))
            return positions(self.axes[side].fraction(corners[:, "xy".index(side)]))

        return Channel(f"{self.ident}.{side}.{ref}.{inside}", chosen)

    def level(self, ref: str) -> Channel:
        """Steps of the colour scale; rows of a picture from the top."""
        assert self.scale is not None
        low, high = self.scale.low, self.scale.high

        def steps(output: Output) -> Any:
            z = output[ref]
            return levels(z[::-1] if z.ndim == 2 else z, low, high)

        return Channel(f"{self.ident}.level.{ref}", steps)


def on(side: str, ref: Ref, output: Output) -> Any:
    """What a mark refers to: a number given as such, or an entry of the output."""
    found = output[ref] if isinstance(ref, str) else ref
    return found.corners[:, "xy".index(side)] if isinstance(found, Shapes) else found
