"""Data sets that come as arrays: points X, one a row, and labels y."""

from lipkit.data._digits import digits
from lipkit.data._points import Points, Split
from lipkit.data._synthetic import four_points, generic, moons

__all__ = ["Points", "Split", "digits", "four_points", "generic", "moons"]
