"""Random ReLU networks with the generalised He initialisation."""

import math

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.networks._relu import ReluNetwork


def sample_random_relu(
    d: int, width: int, depth: int, *, bias: str = "zero", rng: Seed
) -> ReluNetwork:
    r"""A network with hidden weights :math:`N(0, 2/N)`, N the width, and readout :math:`N(0, 1)`.

    The first layer's variance is 2/N too, not 2/d: at a fixed point the gradient is then close to a
    standard Gaussian vector. ``depth`` counts hidden layers. ``bias`` is ``"zero"`` or ``"normal"``
    (hidden biases N(0, 1)). Draws, layer by layer: the weights, then the biases if there are any;
    the readout last. Raises ``ValueError`` for sizes below 1.
    [Model: Geuchen et al. 2023, from a summary; draws: digest of random ReLU networks, section 1.]

    >>> f = sample_random_relu(3, 8, 2, rng=0)
    >>> np.linalg.norm(f.gradient([1.0, -0.5, 2.0])).round(10)
    np.float64(2.0622304195)
    """
    d, width, depth = (
        _validate.count(v, name) for v, name in ((d, "d"), (width, "width"), (depth, "depth"))
    )
    bias = _validate.one_of(bias, "bias", ("zero", "normal"))
    draws = _validate.generator(rng)
    weights: list[Array] = []
    biases: list[Array] = []
    for n_in in (d, *[width] * (depth - 1)):
        weights.append(draws.normal(size=(width, n_in)) * math.sqrt(2 / width))
        biases.append(draws.normal(size=width) if bias == "normal" else np.zeros(width))
    weights.append(draws.normal(size=(1, width)))
    return ReluNetwork(weights, [*biases, np.zeros(1)])
