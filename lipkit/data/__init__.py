"""Data sets that come as arrays: points X, one a row, and labels y."""

from lipkit.data._cifar import cifar10
from lipkit.data._digits import digits
from lipkit.data._mnist import mnist
from lipkit.data._points import Points, Split
from lipkit.data._synthetic import four_points, generic, moons

__all__ = ["Points", "Split", "cifar10", "digits", "four_points", "generic", "mnist", "moons"]
