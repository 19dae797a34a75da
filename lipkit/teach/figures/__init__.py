"""Figures in the book's one style: light and dark, safe for the colour-blind, alt text enforced.

Draw on axes from :func:`new` with matplotlib as usual, then let :func:`show` be a cell's last line.
A role's colour comes with its marker: ``ax.plot(x, y, **UPPER)``.
"""

from lipkit.teach.figures._discs import discs
from lipkit.teach.figures._images import images
from lipkit.teach.figures._marks import band, heat, label_line, regions
from lipkit.teach.figures._picture import Picture, show
from lipkit.teach.figures._ruler import ruler
from lipkit.teach.figures._style import (
    ESTIMATE,
    EXACT,
    GREY,
    LOWER,
    MUTED,
    PALETTE,
    ROLES,
    UPPER,
    Role,
    new,
)

__all__ = [
    "ESTIMATE",
    "EXACT",
    "GREY",
    "LOWER",
    "MUTED",
    "PALETTE",
    "ROLES",
    "UPPER",
    "Picture",
    "Role",
    "band",
    "discs",
    "heat",
    "images",
    "label_line",
    "new",
    "regions",
    "ruler",
    "show",
]
