"""The input rules that every law shares."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array


def labelled(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """At least one point, and one label for each: arrays ``(n, d)`` and ``(n,)``."""
    X, y = _validate.real_array(X, "X", 2), _validate.real_array(y, "y", 1)
    if X.size == 0:
        raise ValueError(f"X: got shape {X.shape}, expected at least one point and one coordinate")
    if y.shape != X.shape[:1]:
        raise ValueError(
            f"y: got shape {y.shape}, expected {X.shape[:1]}, one label for each point"
        )
    return X, y


def signed(X: ArrayLike, y: ArrayLike) -> tuple[Array, Array]:
    """At least one point, and a label -1 or +1 for each."""
    X, y = labelled(X, y)
    return X, signs(y)


def signs(y: Array) -> Array:
    """Labels that are all -1 or +1."""
    other = np.setdiff1d(y, [-1.0, 1.0])
    if other.size:
        raise ValueError(f"y: got the label {other[0]:g}, expected -1 and +1 only")
    return y


def both_signs(y: Array) -> Array:
    """Labels -1 and +1 of which each occurs."""
    if len(np.unique(signs(y))) < 2:
        raise ValueError(f"y: got the label {y[0]:g} only, expected both -1 and +1")
    return y


def on_sphere(X: Array) -> Array:
    """Points of Euclidean length 1."""
    lengths = np.linalg.norm(X, axis=1)
    worst = int(np.argmax(np.abs(lengths - 1)))
    if abs(lengths[worst] - 1) > 1e-8:
        raise ValueError(
            f"X: got length {lengths[worst]:.6g} in row {worst}, expected points on the unit "
            "sphere; divide each row by its length"
        )
    return X


def in_ball(X: Array) -> Array:
    """Points of Euclidean length at most 1."""
    lengths = np.linalg.norm(X, axis=1)
    worst = int(lengths.argmax())
    if lengths[worst] > 1 + 1e-8:
        raise ValueError(
            f"X: got length {lengths[worst]:.6g} in row {worst}, expected points in the unit ball; "
            "divide all rows by the largest length, which multiplies the constant by it"
        )
    return X
