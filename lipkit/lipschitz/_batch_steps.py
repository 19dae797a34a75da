r"""Steps uphill for many networks at once, each from several points.

As in :func:`ascent`, gates open gradually: :math:`g = \frac12 (1 + t / (1 + |t|))`,
:math:`t = \beta z / s`, s the root mean square of the layer at the point. The step goes where
:math:`c^T J(x)\, u` grows, u being held. All arrays of points are ``(n, points, d)``.
[Derived, digest of random ReLU networks, section 5.9.]
"""

from dataclasses import dataclass

import numpy as np

from lipkit._validate import Array
from lipkit.norms import dual_vector

_TINY = 1e-300


@dataclass(frozen=True, eq=False)
class Stack:
    """Bias-free networks: ``weights[l]`` ``(n, out, in)``, and the hidden ones ``turned``."""

    weights: list[Array]
    turned: list[Array]

    @classmethod
    def of(cls, weights: list[Array]) -> "Stack":
        """The stack of these weights."""
        return cls(weights, [np.ascontiguousarray(W.swapaxes(1, 2)) for W in weights[:-1]])

    def gradients(self, X: Array) -> Array:
        """The formal gradients at the points."""
        hidden, gates = X, []
        for W in self.turned:
            z = hidden @ W
            gates.append(z > 0)
            hidden = np.maximum(z, 0, out=z)
        v = self.weights[-1]
        for W, gate in zip(self.weights[-2::-1], reversed(gates), strict=True):
            v = (v * gate) @ W
        return np.broadcast_to(v, X.shape)

    def uphill(self, X: Array, beta: float, inputs: int, p: float) -> Array:
        """The direction in which the annealed slope grows.

        u is the step in the first ``inputs`` coordinates in which the soft gradient gains most, for
        steps of one p-norm.
        """
        soft = _soften(self, X, beta)
        v, after = self.weights[-1], []
        for W, gate in zip(self.weights[-2::-1], reversed(soft.gates), strict=True):
            after.append(v)
            v = (v * gate) @ W
        u = _steepest(np.broadcast_to(v, X.shape), inputs, p)
        entering = []
        for W, gate in zip(self.turned, soft.gates, strict=True):
            entering.append(u @ W)
            u = entering[-1] * gate
        w: Array | float = 0.0
        for layer in reversed(range(len(self.turned))):
            moved = entering[layer] * after[len(self.turned) - 1 - layer] + w * soft.z[layer]
            w = (moved * soft.slopes[layer] + w * soft.gates[layer]) @ self.weights[layer]
        return np.asarray(w)


@dataclass(frozen=True, eq=False)
class _Soft:
    """Preactivations, gates, and the gates' derivatives of each layer."""

    z: list[Array]
    gates: list[Array]
    slopes: list[Array]


def _soften(stack: Stack, X: Array, beta: float) -> _Soft:
    soft, hidden = _Soft([], [], []), X
    for W in stack.turned:
        z = hidden @ W
        size = np.einsum("...i,...i->...", z, z) / z.shape[-1]
        rate = (beta / np.sqrt(np.maximum(size, _TINY)))[..., None]
        t = z * rate
        q = 1 / (1 + np.abs(t))
        soft.z.append(z)
        soft.gates.append(0.5 + 0.5 * t * q)
        soft.slopes.append(0.5 * rate * q * q)
        hidden = z * soft.gates[-1]
    return soft


def units(X: Array) -> Array:
    """The points on the unit sphere; 0 stays 0."""
    squares = np.einsum("...i,...i->...", X, X)
    return np.asarray(X / np.sqrt(np.maximum(squares, _TINY))[..., None])


def _steepest(v: Array, inputs: int, p: float) -> Array:
    """The unit step in the first coordinates in which v gains most for its p-norm."""
    if p == 2 and inputs == v.shape[-1]:
        return units(v)
    u = np.zeros(v.shape)
    u[..., :inputs] = dual_vector(v[..., :inputs], p)
    return units(u)
