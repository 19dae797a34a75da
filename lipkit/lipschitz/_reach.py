"""How far the preactivations of a network reach over a box, and the gates that this leaves open."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._question import Question
from lipkit.lipschitz._rounding import affine_image
from lipkit.networks import ReluNetwork

OFF, OPEN, ON = -1, 0, 1
Signs = Sequence[NDArray[np.int8]]  # a layer's decided gates: OFF, OPEN or ON


@dataclass(frozen=True)
class Reach:
    """Bounds ``lower[l] <= z <= upper[l]`` of each hidden layer's preactivations, ``(width,)``."""

    lower: list[Array]
    upper: list[Array]

    def gates(self) -> list[tuple[Array, Array]]:
        """Each gate's smallest and largest value, 0 or 1, wherever the network has a gradient.

        A preactivation that never is negative has gate 1: where it is 0 on an open set, its own
        gradient is 0 there.
        """
        return [
            ((low >= 0).astype(np.float64), ((high > 0) | (low >= 0)).astype(np.float64))
            for low, high in zip(self.lower, self.upper, strict=True)
        ]

    def open_gates(self) -> list[NDArray[np.bool_]]:
        """Which gates are not decided, layer by layer."""
        return [low != high for low, high in self.gates()]

    @property
    def empty(self) -> bool:
        """Whether the decided gates contradict the box: no point reaches them."""
        pairs = zip(self.lower, self.upper, strict=True)
        return any((low > high).any() for low, high in pairs)


def reach(question: Question) -> Reach:
    """Over the question's box; without one every preactivation may be anything."""
    if question.box is None:
        return unbounded(question.network)
    return interval_reach(question.network, *question.box)


def unbounded(network: ReluNetwork) -> Reach:
    """Over all of space."""
    free = [np.full(n, np.inf) for n in network.widths]
    return Reach([-side for side in free], free)


def interval_reach(
    network: ReluNetwork, lower: Array, upper: Array, signs: Signs | None = None
) -> Reach:
    """By interval arithmetic, layer after layer, rounded outward.

    ``signs`` restricts the box to where the decided gates are as they say.
    """
    lows: list[Array] = []
    highs: list[Array] = []
    for layer, (W, b) in enumerate(zip(network.weights[:-1], network.biases[:-1], strict=True)):
        low, high = affine_image(lower, upper, W, b)
        low, high = clip(low, high, None if signs is None else signs[layer])
        lows.append(low)
        highs.append(high)
        lower, upper = np.maximum(low, 0), np.maximum(high, 0)
    return Reach(lows, highs)


def clip(low: Array, high: Array, signs: NDArray[np.int8] | None) -> tuple[Array, Array]:
    """The bounds of preactivations whose gates are decided."""
    if signs is None:
        return low, high
    return (
        np.where(signs == ON, np.maximum(low, 0), low),
        np.where(signs == OFF, np.minimum(high, 0), high),
    )
