"""For p < 2 a chosen point beats a fixed one: one step towards a coordinate's slope."""

import math
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import NETWORK, Bound
from lipkit.networks import ReluNetwork
from lipkit.theory.random_relu._answer import DIGEST
from lipkit.theory.random_relu._sizes import architecture

_ENTRIES = 2**20


def one_step_lower_bound(network: ReluNetwork, coordinate: int | None = None) -> Bound:
    r"""A lower bound of :math:`\mathrm{Lip}_1` of a shallow network at points :math:`\pm y`.

    .. math:: \mathrm{Lip}_1(f) \ge \tfrac12\Big|\sum_i c_i\, \mathrm{sign}(w_i \cdot y)\Big|,
              \qquad c_i = a_i w_{ij}, \quad y = \sum_i c_i (w_i - w_{ij} e_j)

    Half the difference of the slopes along coordinate j at y and -y, far out if there are biases.
    ``coordinate`` is j, from 0; None takes the best of all. For random networks with
    :math:`N \gg d \gg 1` about :math:`\sqrt{d/\pi}`, where a fixed point has
    :math:`\sqrt{2\ln d}`. Holds for every network of one hidden layer and one output. Kind: lower,
    pair (1, 1), global, output per input norm; the witness is y. Raises ``TypeError`` for what is
    no ``ReluNetwork``, ``ValueError`` for another depth, several outputs, or no such coordinate.
    [Derived, digest of random ReLU networks, 3.2, after Theorem D.]

    >>> from lipkit.networks import sample_random_relu
    >>> one_step_lower_bound(sample_random_relu(50, 400, 1, rng=0), 0).value > math.sqrt(50) / 4
    True
    """
    W, a = _shallow(network)
    C = a[:, None] * W
    Y = C.T @ W  # row j is y of coordinate j, once its own entry is dropped
    np.fill_diagonal(Y, 0.0)
    Z = W @ Y.T
    unsure = np.where(Z == 0, np.abs(C), 0.0).sum(axis=0)
    values = np.maximum(np.abs((C * np.sign(Z)).sum(axis=0)) - unsure, 0.0) / 2
    best = int(values.argmax()) if coordinate is None else _within(coordinate, W.shape[1])
    return Bound(
        float(values[best]),
        "lower",
        quantity=NETWORK,
        norm=(1, 1),
        method="one step along a coordinate",
        source=f"derived; {DIGEST}, 3.2",
        witness=Y[best].copy(),
        details={"coordinate": best},
    )


def one_step_law(d: int, width: int, size: int, rng: Seed) -> Array:
    r"""Draws from the exact law of :func:`one_step_lower_bound` at one fixed coordinate.

    .. math:: \tfrac12 \|c\| \Big|\sum_i \hat c_i\,
              \mathrm{sign}\big(\zeta_i + (R - \hat c \cdot \zeta)\hat c_i\big)\Big|

    :math:`c_i = \sqrt{2/N}\, g_i h_i` with independent standard normals g, h and :math:`\zeta`,
    :math:`\hat c = c/\|c\|`, and :math:`R \sim \chi_{d-1}`. For random networks of
    :func:`~lipkit.networks.sample_random_relu`. Returns a float64 array ``(size,)``, output per
    input norm. Raises ``ValueError`` for d below 2 or other sizes below 1.
    [Derived, digest of random ReLU networks, 3.2.]

    >>> float(np.mean(one_step_law(50, 400, 2000, rng=0) / math.sqrt(50)).round(2))
    0.49
    """
    d, (_, width, _) = _validate.count(d, "d", 2), architecture(d, width)
    size, draws = _validate.count(size, "size"), _validate.generator(rng)
    rows = max(1, _ENTRIES // width)
    return np.concatenate(
        [_one_steps(d, width, min(rows, size - i), draws) for i in range(0, size, rows)]
    )


def _one_steps(d: int, width: int, n: int, draws: np.random.Generator) -> Array:
    a, w, zeta = draws.normal(size=(3, n, width))
    c = math.sqrt(2 / width) * a * w
    length = np.linalg.norm(c, axis=1, keepdims=True)
    unit = c / length
    along = (unit * zeta).sum(axis=1, keepdims=True)
    R = np.sqrt(draws.chisquare(d - 1, size=(n, 1)))
    return np.asarray(np.abs((c * np.sign(zeta + (R - along) * unit)).sum(axis=1)) / 2)


def _shallow(network: Any) -> tuple[Array, Array]:
    if not isinstance(network, ReluNetwork):
        raise TypeError(f"network: got {type(network).__name__}, expected a ReluNetwork")
    if network.depth != 1 or network.output_dim != 1:
        raise ValueError(
            f"network: got {network!r}, expected one hidden layer and one output; use "
            "lipschitz.ascent with p = 1 for others"
        )
    return network.weights[0], network.weights[1][0]


def _within(coordinate: Any, d: int) -> int:
    j = _validate.count(coordinate, "coordinate", 0)
    if j >= d:
        raise ValueError(f"coordinate: got {j}, expected 0 to {d - 1}, one of the inputs")
    return j
