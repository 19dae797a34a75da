"""The gradient of random networks at one fixed point, beside its exact law."""

from typing import Any

import numpy as np
from scipy import special, stats

from lipkit.experiments._registry import experiment
from lipkit.networks import sample_random_relu_chunks
from lipkit.theory.random_relu import (
    dead_probability,
    gradient_moments,
    gradient_norm_law,
    log_length_moments,
)

SIZE: dict[str, Any] = {"d": 5, "width": 40, "depth": 3, "bias": "cauchy", "scale": 5.0}
CHUNK = 1000  # networks in memory at a time
QUANTILES = np.array([0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 0.95])


@experiment(
    sizes={
        "test": SIZE | {"nets": 300, "draws": 20_000},
        "quick": SIZE | {"nets": 3000, "draws": 200_000},
        "standard": SIZE | {"nets": 20_000, "draws": 1_000_000},
        "full": SIZE | {"nets": 100_000, "draws": 4_000_000},
    }
)
def gradient_law(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The length :math:`\|\nabla f(x_0)\|_2` of ``nets`` networks and of ``draws`` from its law.

    ``bias`` is "zero", "normal", "uniform" or "cauchy", of that ``scale``. ``networks`` and ``law``
    are the quantiles at ``levels``; ``distance`` is the Kolmogorov-Smirnov distance of the two
    samples and ``pvalue`` that of their test. ``mean_square`` over d should be 1; ``log_variance``,
    of :math:`\ln\|\nabla f\|^2` beyond a Gaussian vector's, is measured, ``log_variance_law`` exact
    and ``five_l_over_n`` its size for wide networks. ``dead`` is the share of zero gradients.
    """
    d, width, depth = params["d"], params["width"], params["depth"]
    bias = "zero" if params["bias"] == "zero" else (params["bias"], params["scale"])
    batches = sample_random_relu_chunks(
        params["nets"], d, width, depth, chunk=CHUNK, bias=bias, rng=seed
    )
    slopes = [np.linalg.norm(batch.gradient(np.ones(d)), axis=1) for batch in batches]
    found = np.concatenate(slopes)
    draws = np.random.default_rng([seed, 1])
    law = gradient_norm_law(d, width, depth, params["draws"], draws)
    test = stats.ks_2samp(found, law)
    logs = np.log(found[found > 0] ** 2)
    return {
        "levels": QUANTILES,
        "networks": np.quantile(found, QUANTILES),
        "law": np.quantile(law, QUANTILES),
        "distance": float(test.statistic),
        "pvalue": float(test.pvalue),
        "mean_square": float(np.mean(found**2) / gradient_moments(d, width, depth)[0]),
        "log_variance": float(logs.var() - special.polygamma(1, d / 2)),
        "log_variance_law": log_length_moments(width, depth)[1],
        "five_l_over_n": 5 * depth / width,
        "dead": float(np.mean(found == 0)),
        "dead_law": dead_probability(width, depth),
    }
