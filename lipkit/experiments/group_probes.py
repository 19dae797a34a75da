"""The groups network under three probes: random points, points near the data, a chosen point."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import (
    gradient_norms,
    group_witness,
    grouped_network,
    interpolation_floor,
    spectral_proxy,
)

RADII = (0.1, 0.2, 0.4, 0.7, 1.0)


LARGE: dict[str, Any] = {"n": 800, "d": 1200, "groups": (1, 2, 4, 8)}


@experiment(
    sizes={
        "test": {"n": 60, "d": 150, "groups": (1, 3), "points": 200, "beside": 20, "trials": 20},
        "quick": LARGE | {"points": 2000, "beside": 200, "trials": 20},
        "standard": LARGE | {"points": 20_000, "beside": 800, "trials": 200},
        "full": LARGE | {"points": 200_000, "beside": 800, "trials": 1000},
    }
)
def group_probes(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The steepest slope along the sphere that each probe finds; all of them are lower answers.

    For every size m of the ``groups`` a network of ``k`` = n/m neurons fits n random labels.
    ``random``: the best of ``points`` uniform points of the sphere; ``near``: the best of points
    at five distances from ``beside`` of the data; ``witness``: a point that many groups share;
    ``product``: the upper bound by norms; ``floor``: what any function pays.
    """
    n, d = params["n"], params["d"]
    X, y = generic(n, d, rng=seed)
    random = generic(params["points"], d, rng=_stream(seed, 1)).X
    near = _near(X[: params["beside"]], _stream(seed, 2))
    rows = []
    for m in params["groups"]:
        f = grouped_network(X, y, n // m)
        rows.append(
            (
                f.width,
                gradient_norms(f, random).max(),
                gradient_norms(f, near).max(),
                group_witness(f, rng=_stream(seed, 3), trials=params["trials"]).value,
                spectral_proxy(f.W, f.a).value,
                np.abs(f(X) - y).max(),
            )
        )
    k, at_random, at_near, witness, product, error = map(np.array, zip(*rows, strict=True))
    return {
        "k": k,
        "random": at_random,
        "near": at_near,
        "witness": witness,
        "product": product,
        "floor": interpolation_floor(X, y).value,
        "fit_error": float(error.max()),
    }


def _near(X: Array, draws: np.random.Generator) -> Array:
    """Each point moved by a random vector of about each length, and put back on the sphere."""
    noise = draws.normal(size=(len(RADII), *X.shape)) / np.sqrt(X.shape[1])
    moved = (X + np.array(RADII)[:, None, None] * noise).reshape(-1, X.shape[1])
    return np.asarray(moved / np.linalg.norm(moved, axis=1, keepdims=True))


def _stream(seed: int, number: int) -> np.random.Generator:
    """A generator of its own: probes must not be drawn from the numbers the data came from."""
    return np.random.default_rng([seed, number])
