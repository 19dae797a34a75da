r"""A network whose gates open gradually, so that its Jacobian has a derivative to climb.

The Jacobian :math:`W_L D_{L-1} \cdots D_0 W_0` is constant on each linear piece: its derivative
says nothing. With gates :math:`g = \mathrm{sigmoid}(\beta z / s)` in place of the steps D, and
hidden values :math:`h = z g`, it moves; as :math:`\beta` grows it becomes the Jacobian again.
[Derived, digest of random ReLU networks, section 5.9 (iii).]
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import expit

from lipkit._validate import Array
from lipkit.networks import ReluNetwork


@dataclass(frozen=True)
class Trace:
    """One batch of points through the annealed network.

    For each hidden layer: preactivations ``z``, ``gates`` and their steepness :math:`\\beta / s`,
    all ``(n, width)``.
    """

    z: list[Array]
    gates: list[Array]
    rates: list[Array]


def forward(network: ReluNetwork, X: Array, beta: float, scales: list[Array] | None) -> Trace:
    """The points ``(n, d)`` through the network with gates of sharpness ``beta``.

    The scale s is that of ``scales`` (one array a layer), or the layer's root mean square at each
    point; no derivative goes through it.
    """
    z: list[Array] = []
    gates: list[Array] = []
    rates: list[Array] = []
    hidden = X
    for layer, (W, b) in enumerate(zip(network.weights[:-1], network.biases[:-1], strict=True)):
        z.append(hidden @ W.T + b)
        s = _root_mean_square(z[-1]) if scales is None else scales[layer]
        rates.append(beta / np.maximum(s, 1e-100) * np.ones_like(z[-1]))
        gates.append(expit(z[-1] * rates[-1]))
        hidden = z[-1] * gates[-1]
    return Trace(z, gates, rates)


def pull_back(network: ReluNetwork, trace: Trace, c: Array) -> Array:
    r"""The rows :math:`c^T J` ``(n, d)`` of the annealed Jacobians, ``c`` ``(n, n_out)``."""
    v = c @ network.weights[-1]
    for W, g in zip(reversed(network.weights[:-1]), reversed(trace.gates), strict=True):
        v = (v * g) @ W
    return np.asarray(v)


def push_forward(network: ReluNetwork, trace: Trace, u: Array) -> tuple[Array, list[Array]]:
    r"""The columns :math:`J u` ``(n, n_out)``, ``u`` ``(n, d)``, and what enters each gate."""
    entering: list[Array] = []
    for W, g in zip(network.weights[:-1], trace.gates, strict=True):
        entering.append(u @ W.T)
        u = entering[-1] * g
    return np.asarray(u @ network.weights[-1].T), entering


def climb(network: ReluNetwork, trace: Trace, c: Array, entering: list[Array]) -> Array:
    r"""The derivative of :math:`c^T J(x)\, u` in x, ``(n, d)``, with c and u held.

    One pass back: ``v`` carries the adjoint of u's image, ``w`` that of the hidden values.
    """
    v = c @ network.weights[-1]
    w = np.zeros_like(v)
    for layer in reversed(range(network.depth)):
        W, g = network.weights[layer], trace.gates[layer]
        slope_of_gate = g * (1 - g) * trace.rates[layer]
        w = (w * g + (v * entering[layer] + w * trace.z[layer]) * slope_of_gate) @ W
        v = (v * g) @ W
    return np.asarray(w)


def _root_mean_square(z: Array) -> Array:
    return np.asarray(np.sqrt(np.mean(z**2, axis=1, keepdims=True)))
