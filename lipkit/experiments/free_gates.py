"""What is lost where every neuron may choose its gate: the network's twin, and answers by width."""

from functools import lru_cache
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetwork, sample_random_relu

WIDTHS = (4, 8, 16, 32, 64)


def twin(network: ReluNetwork) -> ReluNetwork:
    r"""For :math:`f = \sum_i a_i \mathrm{ReLU}(w_i \cdot x + b_i)` the network
    :math:`f^\circ = \sum_i \mathrm{ReLU}(a_i w_i \cdot x)`.

    Its constant is the largest norm of a partial sum of the vectors :math:`a_i w_i`: what f would
    have if all gate patterns existed. [Derived, digest of random ReLU networks, 3.6.5.]

    >>> line = ReluNetwork([[[1.0], [-1.0]], [[1.0, -1.0]]])  # x
    >>> lipschitz.exact_line(line).value, lipschitz.exact_line(twin(line)).value
    (1.0, 2.0)
    """
    if network.depth != 1 or network.output_dim != 1:
        raise ValueError(f"network: got {network!r}, expected one hidden layer and one output")
    W, a = network.weights
    return ReluNetwork([a.T * W, np.ones_like(a)])


@experiment(
    sizes={
        "test": {"d": 2, "width": 8},
        "quick": {"d": 3, "width": 64},
        "standard": {"d": 3, "width": 256},
        "full": {"d": 4, "width": 256},
    }
)
def free_gates(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Answers about one random shallow network without biases, l2, global.

    ``exact`` is its constant, ``free`` the twin's, also exact; ``lipsdp``, ``eclipse_fast``,
    ``interval`` and ``autolip`` are upper bounds, ``sampling`` (2000 points) a lower one.
    """
    network = sample_random_relu(params["d"], params["width"], 1, rng=seed)
    names = ("lipsdp", "eclipse_fast", "interval", "autolip", "sampling")
    return {
        "exact": lipschitz.exact_shallow(network).value,
        "free": lipschitz.exact_shallow(twin(network)).value,
        **{name: lipschitz.METHODS[name](network, rng=seed).value for name in names},
    }


def answers_by_width(d: int, width: int, draw: int = 0) -> dict[str, Any]:
    """The answers of :func:`free_gates` at one width, and over all ``WIDTHS``: ``by_exact``, ….

    With ``ascent``, a lower answer, and ``seqlip_greedy``, an estimate of the twin's constant.
    ``lost`` is what LipSDP loses: its answer over the exact constant.
    """
    runs = [_answers(d, n, draw) for n in WIDTHS]
    here = _answers(d, width, draw)
    curves = {f"by_{name}": np.array([run[name] for run in runs]) for name in here}
    lost = here["lipsdp"] / here["exact"]
    return {"widths": np.array(WIDTHS, dtype=float), **here, **curves, "lost": lost}


@lru_cache(maxsize=256)
def _answers(d: int, width: int, draw: int) -> dict[str, Any]:
    network = sample_random_relu(d, width, 1, rng=draw)
    searched = {
        name: lipschitz.METHODS[name](network, rng=draw).value
        for name in ("ascent", "seqlip_greedy")
    }
    return {**free_gates({"d": d, "width": width}, draw), **searched}
