"""Random ReLU networks: the generalised He initialisation, and the other usual ones."""

from collections.abc import Iterator

import numpy as np

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.networks import _draws
from lipkit.networks._batch import ReluNetworkBatch
from lipkit.networks._bias_laws import BiasLaw, bias_law
from lipkit.networks._draws import Part
from lipkit.networks._initialisations import weight_law
from lipkit.networks._relu import ReluNetwork


def sample_random_relu(
    d: int,
    width: int,
    depth: int,
    *,
    bias: BiasLaw = "zero",
    init: str = "generalised_he",
    rng: Seed,
) -> ReluNetwork:
    r"""A network with hidden weights :math:`N(0, 2/N)`, N the width, and readout :math:`N(0, 1)`.

    The first layer's variance is 2/N too, not 2/d: at a fixed point the gradient is then close to a
    standard Gaussian vector. Other variances change every statement by a factor, see
    :func:`initialisation_factor`.

    Parameters
    ----------
    d, width, depth
        Inputs, neurons of each hidden layer, hidden layers; one output.
    bias
        The symmetric law of every hidden bias: ``"zero"``; ``"normal"``, ``"uniform"`` on [-1, 1]
        or ``"cauchy"``, each also with a scale as in ``("normal", 0.1)``; ``"fan_in"``, uniform on
        :math:`\pm 1/\sqrt{\text{fan-in}}` as in ``torch.nn.Linear``; or a function
        ``law(rng, size)`` of your own. The output has none.
    init
        The law of the weights: ``"generalised_he"``, ``"kaiming_normal"``, ``"kaiming_linear"``,
        ``"lecun_normal"``, ``"xavier_normal"`` or ``"torch_default"``.
    rng
        Seed or Generator. Draws, layer by layer: the weights, then the biases if there are any; the
        readout last. A scale multiplies what is drawn.

    Raises ``ValueError`` for sizes below 1, an unknown law or a scale that is not positive; warns
    if 10 000 draws of your own law look asymmetric.
    [Model: Geuchen et al. 2023 and Dirksen et al. 2025, from summaries; draws: digest of random
    ReLU networks, section 1.]

    >>> f = sample_random_relu(3, 8, 2, rng=0)
    >>> np.linalg.norm(f.gradient([1.0, -0.5, 2.0])).round(10)
    np.float64(2.0622304195)
    """
    return sample_random_relu_batch(1, d, width, depth, bias=bias, init=init, rng=rng)[0]


def sample_random_relu_batch(
    n: int,
    d: int,
    width: int,
    depth: int,
    *,
    bias: BiasLaw = "zero",
    init: str = "generalised_he",
    rng: Seed,
) -> ReluNetworkBatch:
    """The next ``n`` networks that :func:`sample_random_relu` draws from one generator, stacked.

    Arguments and errors are those of :func:`sample_random_relu`. The first networks are the same
    whatever n. ``weights[l]`` has shape ``(n, out, in)``, float64. Where so many do not fit in
    memory, use :func:`sample_random_relu_chunks`.

    >>> sample_random_relu_batch(1000, 3, 8, 2, rng=0)
    ReluNetworkBatch(1000 × 3 → 8 → 8 → 1, no biases)
    """
    n = _validate.count(n, "n")
    parts, generator = _parts(d, width, depth, bias, init), _validate.generator(rng)
    return _batch(n, parts, generator)


def sample_random_relu_chunks(
    n: int,
    d: int,
    width: int,
    depth: int,
    *,
    chunk: int,
    bias: BiasLaw = "zero",
    init: str = "generalised_he",
    rng: Seed,
) -> Iterator[ReluNetworkBatch]:
    """The networks of :func:`sample_random_relu_batch`, at most ``chunk`` of them at a time.

    One after the other the batches hold the same n networks whatever ``chunk``, and no more than
    one of them need be in memory. Arguments and errors are those of
    :func:`sample_random_relu_batch`; they are checked before the first batch is asked for.

    >>> [len(some) for some in sample_random_relu_chunks(10, 3, 8, 2, chunk=4, rng=0)]
    [4, 4, 2]
    """
    n, chunk = _validate.count(n, "n"), _validate.count(chunk, "chunk")
    parts, generator = _parts(d, width, depth, bias, init), _validate.generator(rng)
    return (_batch(min(chunk, n - start), parts, generator) for start in range(0, n, chunk))


def _parts(d: int, width: int, depth: int, bias: BiasLaw, init: str) -> list[Part]:
    """The arrays of one network in the order in which they are drawn."""
    d, width, depth = (
        _validate.count(v, name) for v, name in ((d, "d"), (width, "width"), (depth, "depth"))
    )
    law, biases = weight_law(init, d, width), bias_law(bias)
    *hidden, last = law.scales(depth)
    parts = []
    for fan_in, scale in zip((d, *[width] * (depth - 1)), hidden, strict=True):
        parts.append(Part((width, fan_in), law.draw, scale))
        if biases is not None:
            draw, size = biases
            parts.append(Part((width,), draw, size(fan_in)))
    return [*parts, Part((1, width), law.draw, last)]


def _batch(n: int, parts: list[Part], rng: np.random.Generator) -> ReluNetworkBatch:
    arrays = _draws.draw_parts(n, parts, rng)
    weights = [array for array in arrays if array.ndim == 3]
    drawn = [array for array in arrays if array.ndim == 2]
    return ReluNetworkBatch(
        weights,
        [*(drawn or [np.zeros(W.shape[:2]) for W in weights[:-1]]), np.zeros((n, 1))],
    )
