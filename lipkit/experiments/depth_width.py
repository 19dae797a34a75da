"""Depth against width: what explodes is the product of norms, not the network."""

import math
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit.experiments._registry import experiment
from lipkit.networks import sample_random_relu_batch
from lipkit.theory.random_relu import deep_union_bound, log_length_moments


@experiment(
    sizes={
        "test": {"d": 4, "widths": (16, 32), "depths": (1, 3), "nets": 5},
        "quick": {"d": 8, "widths": (64, 128, 256, 512), "depths": (1, 2, 4, 8), "nets": 5},
        "standard": {"d": 8, "widths": (64, 256, 1024), "depths": (1, 2, 4, 8, 16), "nets": 15},
        "full": {"d": 32, "widths": (64, 256, 1024), "depths": (1, 2, 4, 8, 16), "nets": 50},
    },
    seeds={"test": 2, "quick": 1, "standard": 5, "full": 20},
)
def depth_width(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Slopes over :math:`\sqrt d` (l2, no biases): a row for each depth, a column for each width.

    Medians over networks: ``typical`` (one point), ``steepest`` (the steepest found, kind lower),
    ``product`` (of the layers' norms, kind upper). ``proved`` is the union bound that holds with
    probability 0.99, and ``tame`` what it would be if the hidden map were 2-Lipschitz, as is proved
    for widths beyond an unknown constant times :math:`dL^3\ln^2(eN)`. ``spread`` is the standard
    deviation of :math:`\ln \|\nabla f\|^2` at one point that depth adds, by its exact law.
    """
    d, depths, widths = params["d"], params["depths"], params["widths"]
    cells = [[_cell(d, N, L, params["nets"], seed) for N in widths] for L in depths]
    names = ("typical", "steepest", "product", "proved", "tame", "spread")
    maps = {name: np.array([[cell[name] for cell in row] for row in cells]) for name in names}
    return {"width": np.array(widths), "depth": np.array(depths), **maps}


def _cell(d: int, width: int, depth: int, nets: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng([seed, width, depth])
    batch = sample_random_relu_batch(nets, d, width, depth, rng=rng)
    typical = np.linalg.norm(batch.gradient(np.ones(d)), axis=1)
    steepest = lipschitz.gradient_lower_bounds(batch, starts=16, steps=20, rng=rng)
    product = [lipschitz.autolip(batch[i]).value for i in range(nets)]
    root = math.sqrt(d)
    return {
        "typical": float(np.median(typical)) / root,
        "steepest": float(np.median(steepest)) / root,
        "product": float(np.median(product)) / root,
        "proved": deep_union_bound(d, width, depth, 0.01).value / root,
        "tame": deep_union_bound(d, width, depth, 0.01, hidden=2.0).value / root,
        "spread": math.sqrt(log_length_moments(width, depth)[1]),
    }
