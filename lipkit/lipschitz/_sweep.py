r"""Walk once along a line or a circle and stop at every kink: all the linear pieces on the way.

On the curve every neuron is a form of two numbers: :math:`z = \alpha t + \beta` along a line,
:math:`z = \alpha \cos\theta + \beta \sin\theta` around a circle. So a layer's kinks are its forms'
zeros on each piece, and between two of them one sign a neuron says what comes after.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from lipkit._validate import Array
from lipkit.networks import ReluNetwork

# Two kinks this close, beside the terms they are computed from, are one kink: some 4500 times the
# unit roundoff.
_RELATIVE_GAP = 1e-12


class Curve(Protocol):
    """A curve of one parameter, and how a form ``(alpha, beta)`` behaves along it."""

    def point(self, t: Array) -> Array:
        """The two numbers that a form multiplies: ``(2, n)``."""

    def zeros(self, alpha: Array, beta: Array, start: Array) -> Array:
        """Where each form vanishes on the piece that begins at ``start``, NaN for nowhere."""

    def steepness(self, alpha: Array, beta: Array) -> Array:
        """The size of each form's derivative at its zero."""

    def inside(self, start: Array, end: Array) -> Array:
        """A parameter well inside each piece."""


@dataclass(frozen=True)
class Pieces:
    """``k`` pieces between ``cuts`` ``(k + 1,)``, the output's forms ``(k, 2, n_out)`` on each.

    ``dropped`` counts the slivers that were too short to be told from rounding.
    """

    cuts: Array
    forms: Array
    dropped: int


def sweep(network: ReluNetwork, curve: Curve, cuts: Array, start: Array) -> Pieces:
    """All pieces of the network along the curve.

    ``start`` has shape ``(2, d)``: the input's forms. Biases join the second number of each form,
    which must then be 1 along the curve.
    """
    hidden = np.broadcast_to(start, (len(cuts) - 1, *start.shape))
    dropped = 0
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        z = _apply(W, b, hidden)
        new_cuts, slivers = _kinks(W, b, hidden, z, cuts, curve)
        dropped += slivers
        parent = np.searchsorted(cuts, new_cuts[:-1], side="right") - 1
        cuts, z = new_cuts, z[parent]
        x = curve.point(curve.inside(cuts[:-1], cuts[1:]))
        gates = z[:, 0] * x[0][:, None] + z[:, 1] * x[1][:, None] > 0
        hidden = z * gates[:, None, :]
    return Pieces(cuts, _apply(network.weights[-1], network.biases[-1], hidden), dropped)


def _apply(W: Array, b: Array, hidden: Array) -> Array:
    """The forms ``(k, 2, n_out)`` of ``W h + b``: one matrix product for all pieces."""
    k, two, n = hidden.shape
    z = (hidden.reshape(k * two, n) @ W.T).reshape(k, two, len(W))
    z[:, 1] += b
    return z


def _kinks(
    W: Array, b: Array, hidden: Array, z: Array, cuts: Array, curve: Curve
) -> tuple[Array, int]:
    """The cuts with the layer's kinks among them, and how many slivers that left out."""
    alpha, beta = z[:, 0], z[:, 1]
    zeros = curve.zeros(alpha, beta, cuts[:-1, None])
    piece, neuron = np.nonzero((zeros > cuts[:-1, None]) & (zeros < cuts[1:, None]))
    t = zeros[piece, neuron]
    size = np.einsum("kcn,kn->ck", np.abs(hidden[piece]), np.abs(W[neuron]))
    size[1] += np.abs(b[neuron])
    steepness = curve.steepness(alpha[piece, neuron], beta[piece, neuron])
    doubt = _RELATIVE_GAP * np.sum(size * np.abs(curve.point(t)), axis=0) / steepness
    apart = (t - cuts[piece] > doubt) & (cuts[piece + 1] - t > doubt)
    slivers = int(np.sum(~apart))
    order = np.argsort(t[apart], kind="stable")
    t, doubt = t[apart][order], doubt[apart][order]
    gap = np.diff(t)
    near = gap <= np.maximum(doubt[1:], doubt[:-1])
    slivers += int(np.sum(near & (gap > 0)))
    keep = np.ones(len(t), dtype=bool)
    keep[1:] = ~near
    return np.sort(np.concatenate([cuts, t[keep]])), slivers
