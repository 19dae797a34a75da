"""All of space as finitely many boxes: the faces of a cube that every ray from 0 crosses."""

from dataclasses import dataclass

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz._question import Question
from lipkit.networks import ReluNetwork

_MOST_FACED = 32  # inputs; beyond that the cube is looked at as one box, which is right too


@dataclass(frozen=True, eq=False)
class Territory:
    """A network, the boxes ``(lower, upper)`` to look at, and how many of its inputs count.

    The Jacobian's first ``inputs`` columns are those of the network in question. ``homogeneous``:
    a last input tau was added, and a point of the boxes stands for its quotient by tau. Otherwise
    it stands for its product with ``shrink``.
    """

    network: ReluNetwork
    boxes: list[tuple[Array, Array]]
    inputs: int
    homogeneous: bool = False
    shrink: float = 1.0

    def input_point(self, x: Array) -> Array:
        """The point of the input space."""
        return np.asarray(x[:-1] / x[-1] if self.homogeneous else x * self.shrink)


def territory(question: Question) -> Territory:
    r"""The question's box, or the faces of a cube.

    Without biases the gradient is the same along rays, and a box around 0 sees all of space. With
    biases the rays are those of :math:`(x, \tau)`, :math:`\tau \ge 0`, and the network is
    :math:`\tau f(x / \tau)`: every bias is a weight of a neuron that hands :math:`\tau` on.
    """
    net, d, shrink = question.network, question.network.input_dim, 1.0
    if question.box is not None:
        shrink = float(np.minimum(-question.box[0], question.box[1]).min())
        if shrink <= 0 or not net.bias_free:
            return Territory(net, [question.box], d)
    lower, upper = -np.ones(d), np.ones(d)
    if not net.bias_free:
        net, lower, upper = homogenised(net), np.append(lower, 0.0), np.append(upper, 1.0)
    boxes = [(lower, upper)] if d > _MOST_FACED else _faces(lower, upper)
    return Territory(net, boxes, d, len(lower) > d, shrink)


def _faces(lower: Array, upper: Array) -> list[tuple[Array, Array]]:
    """The faces where some coordinate is 1 in size; tau = 0 is no such face."""
    faces = []
    for j in range(len(lower)):
        for side in (lower[j], upper[j]):
            if side == 0:
                continue
            low, high = lower.copy(), upper.copy()
            low[j] = high[j] = side
            faces.append((low, high))
    return faces


def homogenised(network: ReluNetwork) -> ReluNetwork:
    r"""The network :math:`(x, \tau) \mapsto \tau f(x / \tau)` for :math:`\tau > 0`, bias-free."""
    weights = []
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        hands_on = np.append(np.zeros(W.shape[1]), 1.0)
        weights.append(np.vstack([np.column_stack([W, b]), hands_on]))
    last = np.column_stack([network.weights[-1], network.biases[-1]])
    return ReluNetwork([*weights, last])
