"""The words an author describes an explorer in: controls, numbers, marks, panels."""

from lipkit.teach.panels._controls import Control as Control
from lipkit.teach.panels._controls import choice, slider, toggle
from lipkit.teach.panels._marks import Band as Band
from lipkit.teach.panels._marks import Curve as Curve
from lipkit.teach.panels._marks import Dot as Dot
from lipkit.teach.panels._marks import Heat as Heat
from lipkit.teach.panels._marks import Limits as Limits
from lipkit.teach.panels._marks import Mark as Mark
from lipkit.teach.panels._marks import Patches as Patches
from lipkit.teach.panels._marks import Ref as Ref
from lipkit.teach.panels._marks import Rule as Rule
from lipkit.teach.panels._marks import band, curve, dot, heat, patches, rule
from lipkit.teach.panels._numbers import Number as Number
from lipkit.teach.panels._numbers import number
from lipkit.teach.panels._panels import Plot as Plot
from lipkit.teach.panels._panels import Ruler as Ruler
from lipkit.teach.panels._panels import plot, ruler

__all__ = [
    "band",
    "choice",
    "curve",
    "dot",
    "heat",
    "number",
    "patches",
    "plot",
    "rule",
    "ruler",
    "slider",
    "toggle",
]
