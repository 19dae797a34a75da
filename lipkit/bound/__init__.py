"""Typed answers: a number that says which side of the truth it is on, in which norms, and where.

A :class:`Bound` is one answer, a :class:`Bracket` a lower and an upper one of the same quantity.
"""

from lipkit.bound._bound import LAYER, NETWORK, Bound, Kind
from lipkit.bound._bracket import Bracket
from lipkit.bound._combine import compose, tightest

__all__ = ["LAYER", "NETWORK", "Bound", "Bracket", "Kind", "compose", "tightest"]
