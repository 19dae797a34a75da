"""How much the hidden layers stretch at random points, and what their product claims."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.norms import matrix_norm
from lipkit.theory.random_relu import upper_width_ratio


@experiment(
    sizes={
        "test": {"d": 4, "width": 32, "depth": 3, "points": 20},
        "quick": {"d": 8, "width": 256, "depth": 8, "points": 200},
        "standard": {"d": 8, "width": 1024, "depth": 8, "points": 200},
        "full": {"d": 8, "width": 4096, "depth": 8, "points": 1000},
    },
    seeds={"test": 2, "quick": 2, "standard": 3, "full": 5},
)
def hidden_map(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The l2 norms of the Jacobian of the map to the last hidden layer, layer by layer.

    A row of ``mean`` and ``largest`` for each of the first 1, ..., L hidden layers, over random
    points; ``product`` is that of their norms, kind upper. Proved for very wide networks: at most 2
    everywhere; ``wide`` is :func:`~lipkit.theory.random_relu.upper_width_ratio`. Random points are
    not the worst: ``largest`` is a lower bound.
    """
    d, width, depth = params["d"], params["width"], params["depth"]
    network = sample_random_relu(d, width, depth, rng=seed)
    X = np.random.default_rng([seed, 1]).normal(size=(params["points"], d))
    norms = np.array([_stretch(network, x) for x in X])
    factors = [matrix_norm(W, 2).value for W in network.weights[:-1]]
    return {
        "layer": np.arange(1, depth + 1),
        "mean": norms.mean(axis=0),
        "largest": norms.max(axis=0),
        "product": np.cumprod(factors),
        "wide": upper_width_ratio(d, width, depth),
    }


def _stretch(network: ReluNetwork, x: Array) -> list[float]:
    """The norm of the Jacobian of the first layers at x, for 1, ..., L layers."""
    J, norms = np.eye(len(x)), []
    for W, z in zip(network.weights[:-1], network.preactivations(x), strict=True):
        J = (z > 0)[:, None] * (W @ J)
        norms.append(float(np.linalg.norm(J, ord=2)))
    return norms
