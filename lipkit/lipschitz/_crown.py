"""Linear relaxation: lines around the gates, carried back to the input and to the last layer."""

from collections.abc import Iterator
from typing import Any

import numpy as np

from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._interval import jacobian_answer
from lipkit.lipschitz._lines import Step, bounds, gate_lines, identity, relu_lines
from lipkit.lipschitz._question import Box, ask
from lipkit.lipschitz._reach import Reach, Signs, clip, unbounded
from lipkit.lipschitz._rounding import affine_image
from lipkit.networks import ReluNetwork

_SOURCE = "Zhang et al. 2018; Shi et al. 2022; digest of random ReLU networks, section 5.10"


def crown(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
) -> Bound:
    r"""An upper bound over a box: as :func:`interval`, with lines in place of intervals.

    On its interval a ReLU lies between two lines, and so does the product of a Jacobian's entry
    with a free gate: for :math:`J \in [\lambda, \mu]`, :math:`\lambda < 0 < \mu`,

    .. math::
        \frac{\lambda (\mu - J)}{\mu - \lambda} \le s J
        \le \frac{\mu (J - \lambda)}{\mu - \lambda} .

    Preactivations are carried back to the box and Jacobians to the last layer's weights, so that
    what cancels there, cancels here. Never above :func:`interval`; equal to it for one hidden
    layer.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p.
    box
        ``(lower, upper)``: the answer's domain. Without one every gate is free, and the answer is
        global.
    rng
        Not used.

    Returns a certified ``Bound`` of kind upper, output norm per input norm: every step is rounded
    outward. Details: how many gates are free. Raises ``ValueError`` or ``TypeError`` for a wrong
    network, p, q or box.
    [Zhang et al. 2018; Shi et al. 2022; digest of random ReLU networks, section 5.10.]

    >>> from lipkit.networks import sample_random_relu
    >>> f = sample_random_relu(2, 16, 3, rng=0)
    >>> small = ([0.9, 0.2], [1.1, 0.4])
    >>> from lipkit.lipschitz import interval
    >>> crown(f, box=small) < 0.8 * interval(f, box=small).value
    True
    """
    question = ask(network, p, q, box)
    net = question.network
    reached = unbounded(net) if question.box is None else crown_reach(net, *question.box)
    low, high = jacobian_lines(net, reached)
    return jacobian_answer(question, reached, low, high, method="crown", source=_SOURCE)


def crown_reach(
    network: ReluNetwork, lower: Array, upper: Array, signs: Signs | None = None
) -> Reach:
    """Bounds of the preactivations over the box where the decided gates are as ``signs`` say."""
    reached = Reach([], [])
    steps: list[Step] = []
    size = np.maximum(np.abs(lower), np.abs(upper))
    hidden, lines = (lower, upper), identity(network.input_dim)
    for layer, (W, b) in enumerate(zip(network.weights[:-1], network.biases[:-1], strict=True)):
        steps.append(Step(lines, W, b, size))
        low, high = _tighter(affine_image(*hidden, W, b), bounds(steps, lower, upper))
        low, high = clip(low, high, None if signs is None else signs[layer])
        reached.lower.append(low)
        reached.upper.append(high)
        if reached.empty:
            return reached
        size = np.maximum(np.abs(hidden[0]), np.abs(hidden[1])) @ np.abs(W).T + np.abs(b)
        hidden, lines = (np.maximum(low, 0), np.maximum(high, 0)), relu_lines(low, high)
    return reached


def jacobian_lines(network: ReluNetwork, reached: Reach) -> tuple[Array, Array]:
    """Bounds of the Jacobian's entries, ``(n_out, d)`` each, from the gates that are left."""
    rows = [_row(network, row, reached) for row in network.weights[-1]]
    return np.stack([low for low, _ in rows]), np.stack([high for _, high in rows])


def _row(network: ReluNetwork, row: Array, reached: Reach) -> tuple[Array, Array]:
    low = high = row
    steps: list[Step] = []
    size = np.abs(row)
    for W, (closed, opened) in _backward(network, reached):
        steps.append(Step(gate_lines(low, high, closed, opened), W.T, 0.0, size))
        gated = np.minimum(low * closed, low * opened), np.maximum(high * closed, high * opened)
        size = np.maximum(np.abs(gated[0]), np.abs(gated[1])) @ np.abs(W)
        low, high = _tighter(affine_image(*gated, W.T), bounds(steps, row, row))
    return low, high


def _backward(network: ReluNetwork, reached: Reach) -> Iterator[tuple[Array, tuple[Array, Array]]]:
    return zip(reversed(network.weights[:-1]), reversed(reached.gates()), strict=True)


def _tighter(first: tuple[Array, Array], second: tuple[Array, Array]) -> tuple[Array, Array]:
    return np.maximum(first[0], second[0]), np.minimum(first[1], second[1])
