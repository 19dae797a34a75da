"""Two inputs, where the constant is known exactly at any depth."""

import math
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit.experiments._registry import experiment
from lipkit.networks import sample_random_relu


@experiment(
    sizes={
        "test": {"width": 20, "depths": (1, 2, 4), "nets": 4},
        "quick": {"width": 100, "depths": (1, 2, 4, 8, 12), "nets": 10},
        "standard": {"width": 400, "depths": (1, 2, 4, 8, 12), "nets": 10},
        "full": {"width": 400, "depths": (1, 2, 4, 8, 16, 32), "nets": 100},
    },
    seeds={"test": 2, "quick": 1, "standard": 2, "full": 10},
)
def plane_depth(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The exact constant over :math:`\sqrt2` (l2, no biases) and the pieces, against the depth.

    ``mean`` over networks with its standard error ``stderr``; ``pieces`` is the mean number of
    linear pieces over 2NL, which tends to 1 with the width; ``product`` the mean product bound over
    :math:`\sqrt2`.
    """
    depths, width, nets = params["depths"], params["width"], params["nets"]
    rows = [[exact_in_the_plane(width, L, [seed, L, i]) for i in range(nets)] for L in depths]
    values = np.array(rows)  # (depth, net, answer)
    mean = values.mean(axis=1)
    return {
        "depth": np.array(depths),
        "mean": mean[:, 0],
        "stderr": values[:, :, 0].std(axis=1, ddof=1) / math.sqrt(nets),
        "pieces": mean[:, 1],
        "product": mean[:, 2],
    }


def exact_in_the_plane(width: int, depth: int, seed: list[int]) -> tuple[float, float, float]:
    r"""Of one network: exact constant over :math:`\sqrt2`, pieces over 2NL, product bound."""
    network = sample_random_relu(2, width, depth, rng=np.random.default_rng(seed))
    exact = lipschitz.exact_plane(network)
    arcs = exact.details["arcs"] / (2 * width * depth)
    root = math.sqrt(2)
    return exact.value / root, arcs, lipschitz.autolip(network).value / root
