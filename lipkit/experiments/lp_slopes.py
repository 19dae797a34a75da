"""How slopes of shallow random networks grow with the number of inputs, from l1 to l-infinity."""

import math
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetworkBatch, sample_random_relu_batch
from lipkit.norms import dual_exponent
from lipkit.theory.random_relu import exponent, fixed_point_exponent, gaussian_dual_norm

NORMS = (1.0, 1.5, 2.0, 4.0, math.inf)
SHALLOW: dict[str, Any] = {"ratio": 8, "norms": NORMS, "points": 2000}


@experiment(
    sizes={
        "test": SHALLOW | {"dims": (4, 8, 16), "nets": 5, "points": 200},
        "quick": SHALLOW | {"dims": (4, 8, 16, 32, 64), "nets": 15},
        "standard": SHALLOW | {"dims": (4, 8, 16, 32, 64, 128), "nets": 50},
        "full": SHALLOW | {"dims": (4, 8, 16, 32, 64, 128, 256, 512), "nets": 100},
    },
    seeds={"test": 2, "quick": 1, "standard": 5, "full": 20},
)
def lp_slopes(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Typical and steepest slopes :math:`\|\nabla f\|_{p'}` against d, width ``ratio`` times d.

    Arrays have a row for each ``p`` (infinity as 1e9) and a column for each d. Medians over
    networks: ``typical`` (one point), ``random`` (the steepest of ``points``), ``steepest``
    (found by climbing or among these; kind lower, as all of them), with quartiles ``steepest_low``
    and ``steepest_high``.
    ``slope_...`` are log-log slopes in d, of one-sided estimates; ``exponent`` and ``fixed_point``
    are the proved powers of the constant and of one gradient, ``gaussian`` the mean of
    :math:`\|g\|_{p'}`. Raises ``ValueError`` for fewer than two different d: no line goes through
    one point.
    """
    dims, norms = _several(params["dims"]), params["norms"]
    found: dict[str, Any] = {name: [] for name in ("typical", "random", "steepest")}
    for d in dims:
        stream = np.random.default_rng([seed, d])
        batch = sample_random_relu_batch(params["nets"], d, params["ratio"] * d, 1, rng=stream)
        for name, slopes in _slopes(batch, norms, params["points"], stream).items():
            found[name].append(slopes)
    every = {name: np.stack(columns, axis=1) for name, columns in found.items()}  # (p, d, nets)
    medians = {name: np.median(values, axis=2) for name, values in every.items()}
    low, high = np.quantile(every["steepest"], (0.25, 0.75), axis=2)
    return {
        "d": np.array(dims),
        "p": np.array([min(p, 1e9) for p in norms]),
        **medians,
        "steepest_low": low,
        "steepest_high": high,
        **{f"slope_{name}": _log_slopes(dims, values) for name, values in medians.items()},
        "exponent": np.array([exponent(p) for p in norms]),
        "fixed_point": np.array([fixed_point_exponent(p) for p in norms]),
        "gaussian": np.array([[gaussian_dual_norm(d, p) for d in dims] for p in norms]),
    }


def _several(dims: tuple[int, ...]) -> tuple[int, ...]:
    if len(set(dims)) < 2:
        raise ValueError(
            f"dims: got {tuple(dims)}, expected two or more different numbers of inputs, since "
            "slopes in d are fitted; add one"
        )
    return dims


def _slopes(
    batch: ReluNetworkBatch, norms: tuple[float, ...], points: int, rng: np.random.Generator
) -> dict[str, Array]:
    """Each kind of slope of every network, a row for each p."""
    G = batch.gradient(np.ones(batch.input_dim))
    search = lipschitz.gradient_lower_bounds
    random = np.stack([search(batch, p, starts=points, steps=0, rng=rng) for p in norms])
    climbed = np.stack([search(batch, p, starts=16, steps=30, rng=rng) for p in norms])
    return {
        "typical": np.stack([np.linalg.norm(G, ord=dual_exponent(p), axis=1) for p in norms]),
        "random": random,
        "steepest": np.maximum(climbed, random),
    }


def _log_slopes(dims: tuple[int, ...], values: Array) -> Array:
    return np.asarray(np.polyfit(np.log(dims), np.log(values).T, 1)[0])
