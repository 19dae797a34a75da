"""Layers of bounded norm: how many fitting needs, and how many a network that fits has."""

import math
from typing import Any

import numpy as np

from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import (
    cap_lipschitz,
    depth_padded_cap_network,
    min_depth_to_fit,
)


@experiment(
    sizes={
        "test": {"M": 3.0, "sizes": (20, 40), "d": 100},
        "quick": {"M": 3.0, "sizes": (12, 25, 50, 100, 200, 400, 800), "d": 200},
        "standard": {"M": 3.0, "sizes": (12, 50, 200, 800, 3200), "d": 400},
        "full": {"M": 3.0, "sizes": (12, 50, 200, 800, 3200, 12_800), "d": 400},
    }
)
def log_depth(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Both sides of the depth against n, for layers of Frobenius norm at most M.

    ``needed``: no network of fewer layers can fit all label vectors; ``built``: the layers of a
    network of caps that does fit these labels, whose constant on the sphere is ``lipschitz`` at
    every n. Layers are matrices, the bias is a constant input (so R is :math:`\sqrt2`).
    ``slope_needed`` :math:`= 1/(2\log M)` and ``slope_built`` :math:`= 1/\log(M/\sqrt2)` are the
    proved slopes in :math:`\log n`. ``largest_norm`` and ``fit_error`` are measured.
    """
    M, d = params["M"], params["d"]
    rows = []
    for n in params["sizes"]:
        X, y = generic(n, d, rng=seed)
        f = depth_padded_cap_network(X, y, M)
        first = np.column_stack([f.weights[0], f.biases[0]])
        rows.append(
            (
                n,
                min_depth_to_fit(n, M, R=math.sqrt(2)),
                len(f.weights),
                cap_lipschitz(X).value,
                max(np.linalg.norm(W) for W in (first, *f.weights[1:])),
                np.abs(f(X) - y).max(),
            )
        )
    n, needed, built, lipschitz, norm, error = map(np.array, zip(*rows, strict=True))
    return {
        "n": n,
        "needed": needed,
        "built": built,
        "lipschitz": lipschitz,
        "slope_needed": 1 / (2 * math.log(M)),
        "slope_built": 1 / math.log(M / math.sqrt(2)),
        "largest_norm": float(norm.max()),
        "fit_error": float(error.max()),
    }
