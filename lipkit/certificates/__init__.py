"""What a margin and a slope say about one input: certified radii, local slopes, separation."""

from lipkit.certificates._margin import margin
from lipkit.certificates._radius import certified_radius
from lipkit.certificates._separation import ClassSeparation, class_separation
from lipkit.certificates._slope import linear_radius, local_slope
from lipkit.certificates._steep import SteepClassifier, robust_steep_classifier

__all__ = [
    "ClassSeparation",
    "SteepClassifier",
    "certified_radius",
    "class_separation",
    "linear_radius",
    "local_slope",
    "margin",
    "robust_steep_classifier",
]
