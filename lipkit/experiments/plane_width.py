"""Two inputs and more and more neurons: the pieces multiply, the exact constant does not."""

import math
from typing import Any

import numpy as np

from lipkit.experiments._registry import experiment
from lipkit.experiments.plane_depth import exact_in_the_plane

WIDTHS = (16, 32, 64, 128)


@experiment(
    sizes={
        "test": {"depths": (1, 2), "widths": (10, 40), "nets": 4},
        "quick": {"depths": (1, 4), "widths": WIDTHS, "nets": 40},
        "standard": {"depths": (1, 4), "widths": (*WIDTHS, 256), "nets": 400},
        "full": {"depths": (1, 2, 4, 8), "widths": (*WIDTHS, 256, 512, 1024), "nets": 400},
    },
    seeds={"test": 2, "quick": 1, "standard": 1, "full": 10},
)
def plane_width(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The exact constant over :math:`\sqrt2` (l2, no biases), a row for each depth, by width.

    ``mean`` over networks with its standard error ``stderr``, and their ``median``; narrow deep
    networks scatter so much that forty of them can miss the mean by a quarter. ``pieces`` is the
    mean number of linear pieces, M. ``anew`` is :math:`\sqrt{2\ln M}/\sqrt2`, the size of the
    largest of M independent Gaussian gradients: what one would have if each piece drew its own.
    """
    widths, depths, nets = params["widths"], params["depths"], params["nets"]
    runs = [
        [[exact_in_the_plane(N, L, [seed, L, N, i])[:2] for i in range(nets)] for N in widths]
        for L in depths
    ]
    values = np.array(runs)  # (depth, width, net, answer)
    mean = values.mean(axis=2)
    pieces = mean[..., 1] * 2 * np.outer(depths, widths)
    return {
        "width": np.array(widths),
        "depth": np.array(depths),
        "mean": mean[..., 0],
        "median": np.median(values[..., 0], axis=2),
        "stderr": values[..., 0].std(axis=2, ddof=1) / math.sqrt(nets),
        "pieces": pieces,
        "anew": np.sqrt(np.log(pieces)),
    }
