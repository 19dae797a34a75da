"""Depth against width: what explodes is the product of norms, not the network."""

import math
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetworkBatch, sample_random_relu_batch
from lipkit.theory.random_relu import deep_union_bound, gradient_norm_law, log_length_moments

LAW_DRAWS = 40_000
DELTA = 0.01  # the union bounds fail at most so often
FAST: dict[str, Any] = {"d": 8, "search": "batch"}
SLOW: dict[str, Any] = {"d": 8, "search": "ascent"}


@experiment(
    sizes={
        "test": FAST | {"d": 4, "widths": (16, 32), "depths": (1, 3), "nets": 5},
        "quick": FAST | {"widths": (64, 128, 256, 512), "depths": (1, 2, 4, 8), "nets": 5},
        "standard": SLOW | {"widths": (64, 128, 256, 512), "depths": (1, 2, 4, 8, 16), "nets": 7},
        "full": SLOW | {"widths": (64, 256, 1024), "depths": (1, 2, 4, 8, 16), "nets": 50},
    },
    seeds={"test": 2, "quick": 1, "standard": 1, "full": 5},
)
def depth_width(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Slopes over :math:`\sqrt d` (l2, no biases): a row for each depth, a column for each width.

    ``search`` is "ascent", of each network by itself, or "batch", quicker by far, which loses touch
    with many layers. Medians over networks: ``typical`` (one point), ``steepest`` (the steepest
    found, kind lower; quartiles ``steepest_low`` and ``steepest_high``), ``product`` (of the
    layers' norms, kind upper). ``law`` is the median of the exact law at a point. ``proved`` is
    the union bound that holds with probability 1 - ``DELTA``, and ``tame`` what it would be if the
    hidden map were 2-Lipschitz, as is proved for widths beyond an unknown constant times
    :math:`dL^3\ln^2(eN)`. ``spread`` is the standard deviation of :math:`\ln \|\nabla f\|^2` at
    one point that depth adds, by its law.
    """
    d, depths, widths = params["d"], params["depths"], params["widths"]
    how = params["search"], params["nets"], seed
    cells = [[_cell(d, N, L, *how) for N in widths] for L in depths]
    maps = {name: np.array([[cell[name] for cell in row] for row in cells]) for name in cells[0][0]}
    return {"width": np.array(widths), "depth": np.array(depths), **maps}


def _cell(d: int, width: int, depth: int, search: str, nets: int, seed: int) -> dict[str, float]:
    rng = np.random.default_rng([seed, width, depth])
    batch = sample_random_relu_batch(nets, d, width, depth, rng=rng)
    typical = np.linalg.norm(batch.gradient(np.ones(d)), axis=1)
    found = _found(batch, search, rng)
    low, steepest, high = np.quantile(found, (0.25, 0.5, 0.75))
    product = [lipschitz.autolip(batch[i]).value for i in range(nets)]
    root = math.sqrt(d)
    return {
        "typical": float(np.median(typical)) / root,
        "law": float(np.median(gradient_norm_law(d, width, depth, LAW_DRAWS, 0))) / root,
        "steepest": float(steepest) / root,
        "steepest_low": float(low) / root,
        "steepest_high": float(high) / root,
        "product": float(np.median(product)) / root,
        "proved": deep_union_bound(d, width, depth, DELTA).value / root,
        "tame": deep_union_bound(d, width, depth, DELTA, hidden=2.0).value / root,
        "spread": math.sqrt(log_length_moments(width, depth)[1]),
    }


def _found(batch: ReluNetworkBatch, search: str, rng: np.random.Generator) -> Array:
    if search == "batch":
        return lipschitz.gradient_lower_bounds(batch, starts=16, steps=20, rng=rng)
    return np.array([lipschitz.ascent(batch[i], rng=i).value for i in range(len(batch))])
