"""Biases cannot decrease the constant; searching near the origin suggests that they do."""

import math
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetworkBatch, sample_random_relu, sample_random_relu_batch

LINE: dict[str, Any] = {"width": 20, "depth": 3}
SEARCH: dict[str, Any] = {"d": 8, "search_width": 64, "scales": (0.0, 0.1, 1.0, 10.0)}


@experiment(
    sizes={
        "test": LINE | SEARCH | {"nets": 20, "searched": 4, "points": 200},
        "quick": LINE | SEARCH | {"nets": 200, "searched": 15, "points": 2000},
        "standard": LINE | SEARCH | {"nets": 1000, "searched": 50, "points": 2000},
        "full": LINE | SEARCH | {"nets": 10_000, "searched": 200, "points": 20_000},
    },
    seeds={"test": 2, "quick": 1, "standard": 5, "full": 20},
)
def bias_floor(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Exact constants on the line with and without normal biases, and two searches beyond it.

    ``with_biases`` and ``without`` are exact, one entry a network of one input, at equal weights;
    ``ratio`` is their quotient, never below 1. On ``searched`` shallow networks of d inputs whose
    biases have the ``scales``: the medians of the steepest of ``points`` points of norm
    :math:`\sqrt d` (``near``) and of a search of all of space (``anywhere``). Both are lower
    bounds; only the second looks where the constant is attained.
    """
    exact = [_line(params, seed * params["nets"] + i) for i in range(params["nets"])]
    with_biases, without = np.array(exact).T
    near, anywhere = _searches(params, np.random.default_rng([seed, 1]))
    return {
        "with_biases": with_biases,
        "without": without,
        "ratio": with_biases / without,
        "scale": np.array(params["scales"]),
        "near": near,
        "anywhere": anywhere,
    }


def _line(params: dict[str, Any], seed: int) -> tuple[float, float]:
    f = sample_random_relu(1, params["width"], params["depth"], bias="normal", rng=seed)
    return lipschitz.exact_line(f).value, lipschitz.exact_line(f.without_biases()).value


def _searches(params: dict[str, Any], rng: np.random.Generator) -> tuple[Array, Array]:
    """The same weights and directions at every scale of the biases."""
    d, n = params["d"], params["searched"]
    batch = sample_random_relu_batch(n, d, params["search_width"], 1, bias="normal", rng=rng)
    X = rng.normal(size=(params["points"], d))
    X *= math.sqrt(d) / np.linalg.norm(X, axis=1, keepdims=True)
    near, anywhere = [], []
    for scale in params["scales"]:
        scaled = ReluNetworkBatch(batch.weights, [scale * b for b in batch.biases])
        slopes = np.linalg.norm(scaled.gradient(X), axis=2).max(axis=1)
        near.append(np.median(slopes))
        anywhere.append(np.median(_anywhere(batch, scaled)))
    return np.array(near), np.array(anywhere)


def _anywhere(batch: ReluNetworkBatch, scaled: ReluNetworkBatch) -> Array:
    """The steeper of what is found with these biases and far out, where they do not matter."""
    free = ReluNetworkBatch(batch.weights)
    found = [lipschitz.gradient_lower_bounds(f, starts=16, steps=30, rng=0) for f in (free, scaled)]
    return np.maximum(*found)
