"""The shapes a data set comes in."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array


class Points(NamedTuple):
    """Points and their labels; ``X, y = points`` unpacks them.

    ``X`` has shape ``(n, d)``, float64, and ``y`` shape ``(n,)``: int64 classes 0, 1, … or float64
    values, such as signs. Images from a folder are ``(n, channels, height, width)``, float32.

    >>> Points(np.zeros((4, 2)), np.ones(4))
    Points(X: (4, 2) float64, y: (4,) float64)
    """

    X: Array
    y: NDArray[Any]

    def __repr__(self) -> str:
        X, y = np.asarray(self.X), np.asarray(self.y)
        return f"Points(X: {X.shape} {X.dtype}, y: {y.shape} {y.dtype})"


class Split(NamedTuple):
    """Points to train on and points to test on; ``train, test = split`` unpacks them."""

    train: Points
    test: Points
