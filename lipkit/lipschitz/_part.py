"""A part of space in branch and bound: a box, some gates decided, and what that leaves."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._crown import crown_reach, jacobian_lines
from lipkit.lipschitz._homogeneous import Territory
from lipkit.lipschitz._pair import upper_pair_norm
from lipkit.lipschitz._polytope import deepest_point
from lipkit.lipschitz._question import Question
from lipkit.lipschitz._reach import OFF, ON, OPEN, Reach
from lipkit.networks import ReluNetwork

_INSIDE = 1e-9  # a point this far from all walls shows that the part is not empty
_OUTSIDE = 1e-12  # a part no deeper than this is empty, up to rounding
_SWEEPS = 2  # of the walls over the box


@dataclass(eq=False)
class Part:
    """The points of the box ``home`` where ``A x + c > 0``, rows of length 1: walls between gates.

    They lie in the smaller box ``(lower, upper)``, a little wider than it must be. ``signs`` are
    the decided gates of each layer; ``point`` lies in the part, if one is known.
    """

    ground: Territory
    home: tuple[Array, Array]
    lower: Array
    upper: Array
    A: Array
    c: Array
    signs: list[NDArray[np.int8]]
    reach: Reach
    point: Array | None
    sizes: list[Array]

    @property
    def network(self) -> ReluNetwork:
        """The network, on the territory's coordinates."""
        return self.ground.network

    @property
    def decided(self) -> bool:
        """Whether every gate is decided."""
        return all((sign != OPEN).all() for sign in self.signs)

    def bound(self, question: Question) -> float:
        """An upper bound of the slopes in the part, rounded outward."""
        low, high = jacobian_lines(self.network, self.reach)
        largest = np.maximum(np.abs(low), np.abs(high))[:, : self.ground.inputs]
        return upper_pair_norm(largest, question.p, question.q, certified=True).value

    def is_empty(self) -> bool:
        """Whether the part has no interior; if it has one, a point of it is known from now on.

        A part too thin to tell counts as one without a point.
        """
        if self.point is not None:
            return False
        point, depth = deepest_point(self.A, self.c, *self.home)
        if depth > _INSIDE:
            self.point = point
        return depth <= _OUTSIDE

    def input_point(self) -> Array | None:
        """The part's point in the input space, if one is known and it is not at infinity."""
        if self.point is None or (self.ground.homogeneous and self.point[-1] <= 0):
            return None
        return self.ground.input_point(self.point)

    def jacobian(self) -> Array:
        """The Jacobian where every gate is decided."""
        J: Array = self.network.weights[-1]
        for W, sign in zip(reversed(self.network.weights[:-1]), reversed(self.signs), strict=True):
            J = (J * (sign == ON)) @ W
        return J

    def split(self) -> Iterator["Part | None"]:
        """The two parts on the sides of one neuron; None for a side that the box does not reach."""
        layer = next(k for k, sign in enumerate(self.signs) if (sign == OPEN).any())
        rows, shifts = self._forms(layer)
        neuron = self._choose(layer)
        size = float(np.linalg.norm(rows[neuron]))
        if size == 0:
            yield self._child(layer, neuron, ON if shifts[neuron] > 0 else OFF, None)
            return
        row, shift = rows[neuron] / size, shifts[neuron] / size
        for sign in (ON, OFF):
            yield self._child(layer, neuron, sign, (sign * row, float(sign * shift)))

    def _forms(self, layer: int) -> tuple[Array, Array]:
        """The layer's preactivations as affine functions: all gates before it are decided."""
        M, shift = np.eye(len(self.lower)), np.zeros(len(self.lower))
        for k in range(layer + 1):
            W, b = self.network.weights[k], self.network.biases[k]
            M, shift = W @ M, W @ shift + b
            if k < layer:
                on = self.signs[k] == ON
                M, shift = M * on[:, None], shift * on
        return M, shift

    def _choose(self, layer: int) -> int:
        """The open gate with the most room on both sides and the most weight in the Jacobian."""
        low, high = self.reach.lower[layer], self.reach.upper[layer]
        free = self.signs[layer] == OPEN
        width = np.where(free, high - low, 1.0)
        room = np.where(free, np.maximum(high * -low, 1e-300) / width, 0.0)
        score = np.where(free, self.sizes[layer] * room, -1.0)
        return int(np.argmax(score))

    def _child(
        self, layer: int, neuron: int, sign: int, wall: tuple[Array, float] | None
    ) -> "Part | None":
        A, c, point = self.A, self.c, self.point
        if wall is not None:
            A, c = np.vstack([A, wall[0]]), np.append(c, wall[1])
            inside = point is not None and wall[0] @ point + wall[1] > _INSIDE
            point = point if inside else None
        signs = [s.copy() for s in self.signs]
        signs[layer][neuron] = sign
        box = contract(A, c, self.lower, self.upper)
        return None if box is None else make_part(self.ground, self.home, box, A, c, signs, point)


def whole(ground: Territory, lower: Array, upper: Array) -> Part | None:
    """A box of the territory, no gate decided yet."""
    signs = [np.zeros(n, dtype=np.int8) for n in ground.network.widths]
    nothing, box = np.zeros((0, len(lower))), (lower, upper)
    return make_part(ground, box, box, nothing, np.zeros(0), signs, (lower + upper) / 2)


def make_part(
    ground: Territory,
    home: tuple[Array, Array],
    box: tuple[Array, Array],
    A: Array,
    c: Array,
    signs: list[NDArray[np.int8]],
    point: Array | None,
) -> Part | None:
    """The part with all gates decided that its box decides; None if the box contradicts them."""
    reach = crown_reach(ground.network, *box, signs)
    if reach.empty:
        return None
    for sign, (closed, opened) in zip(signs, reach.gates(), strict=True):
        sign[(sign == OPEN) & (closed == 1)] = ON
        sign[(sign == OPEN) & (opened == 0)] = OFF
    sizes = jacobian_sizes(ground, reach)
    return Part(ground, home, *box, A, c, signs, reach, point, sizes)


def jacobian_sizes(ground: Territory, reach: Reach) -> list[Array]:
    """How much each hidden neuron may weigh in the output, roughly."""
    weight = np.abs(ground.network.weights[-1]).sum(axis=0)
    sizes = [weight]
    hidden = zip(reversed(ground.network.weights[1:-1]), reversed(reach.gates()[1:]), strict=True)
    for W, (_, opened) in hidden:
        weight = (weight * opened) @ np.abs(W)
        sizes.append(weight)
    return sizes[::-1]


def contract(A: Array, c: Array, lower: Array, upper: Array) -> tuple[Array, Array] | None:
    """A smaller box with the same points of ``A x + c >= 0``, or None if there are none."""
    for _ in range(_SWEEPS):
        best = np.where(A > 0, A * upper, A * lower)
        slack = (c + best.sum(axis=1))[:, None]
        blur = 1e-12 * (np.abs(c) + np.abs(best).sum(axis=1))[:, None]
        if (slack + blur < 0).any():
            return None
        with np.errstate(divide="ignore", invalid="ignore"):
            reach = (slack + blur) / np.abs(A)
        low = np.where(A > 0, upper - reach, -np.inf).max(axis=0, initial=-np.inf)
        high = np.where(A < 0, lower + reach, np.inf).min(axis=0, initial=np.inf)
        lower, upper = np.maximum(lower, low), np.minimum(upper, high)
        upper = np.maximum(lower, upper)
    return lower, upper
