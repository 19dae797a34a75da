"""What the upper bounds lose on wide shallow networks: they do not know which cells exist."""

from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetworkBatch, sample_random_relu_batch
from lipkit.theory.random_relu import relaxation_sizes, shallow_union_bound

METHODS = ("autolip", "eclipse_fast", "lipsdp", "seqlip_greedy")


@experiment(
    sizes={
        "test": {"d": 3, "widths": (20, 80), "nets": 2},
        "quick": {"d": 5, "widths": (25, 50, 100, 200, 400), "nets": 3},
        "standard": {"d": 5, "widths": (25, 50, 100, 200, 400, 800), "nets": 10},
        "full": {"d": 5, "widths": (25, 50, 100, 200, 400, 800, 1600), "nets": 20},
    },
    seeds={"test": 2, "quick": 1, "standard": 2, "full": 5},
)
def relaxation_growth(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Answers of methods (l2, no biases) against the width, means over networks.

    ``steepest`` is what a search finds, kind lower. ``autolip``, ``eclipse_fast``, ``lipsdp`` are
    upper bounds; ``seqlip_greedy`` is an estimate, a value of what all gates together could reach,
    so a lower bound of that relaxation. ``size_...`` are their leading orders and ``union`` what
    holds with probability 0.98. ``slope_...`` are log-log slopes in the width, the last two
    widths'.
    """
    d, widths = params["d"], params["widths"]
    rows = []
    for width in widths:
        rng = np.random.default_rng([seed, width])
        batch = sample_random_relu_batch(params["nets"], d, width, 1, rng=rng)
        steepest = lipschitz.gradient_lower_bounds(batch, starts=16, steps=30, rng=rng)
        rows.append([float(steepest.mean()), *(_mean(name, batch) for name in METHODS)])
    found = dict(zip(("steepest", *METHODS), np.array(rows).T, strict=True))
    sizes = [relaxation_sizes(d, width) for width in widths]
    step = np.log(widths[-1] / widths[-2])
    return {
        "width": np.array(widths),
        **found,
        **{f"size_{name}": np.array([size[name] for size in sizes]) for name in sizes[0]},
        "union": np.array([shallow_union_bound(d, width, 0.02).value for width in widths]),
        **{f"slope_{name}": float(np.log(v[-1] / v[-2]) / step) for name, v in found.items()},
    }


def _mean(name: str, batch: ReluNetworkBatch) -> float:
    method = lipschitz.METHODS[name]
    return float(np.mean([method(batch[i], rng=0).value for i in range(len(batch))]))
