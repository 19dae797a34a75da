"""A constructed network that is flat almost everywhere and steep where nobody looks."""

from typing import Any

import numpy as np
from scipy import special

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.bound import Bound
from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetwork
from lipkit.theory.robustness_law import group_witness, grouped_network


def ridge_network(n: int, d: int, k: int, seed: int) -> tuple[ReluNetwork, Bound]:
    """The groups network, k neurons for n random labels in d dimensions, and its witness."""
    X, y = generic(n, d, rng=seed)
    network = grouped_network(X, y, k)
    return network.to_relu_network(), group_witness(network, rng=seed)


def planes(network: ReluNetwork, witness: Array, seed: int) -> tuple[Array, Array]:
    """Two orthonormal pairs of directions: random, and through the witness along its gradient."""
    draws = _stream(seed, 2)
    random = np.linalg.qr(draws.normal(size=(network.input_dim, 2)))[0].T
    steep = np.stack([witness, network.gradient(witness)])
    return random, np.linalg.qr(steep.T)[0].T * np.sign(np.diag(np.linalg.qr(steep.T)[1]))[:, None]


@experiment(
    sizes={
        "test": {"n": 60, "d": 120, "k": 20, "points": 200, "grid": 21},
        "quick": {"n": 800, "d": 1200, "k": 100, "points": 2000, "grid": 201},
        "standard": {"n": 800, "d": 1200, "k": 100, "points": 20_000, "grid": 401},
        "full": {"n": 800, "d": 1200, "k": 100, "points": 200_000, "grid": 401},
    }
)
def ridge(params: dict[str, Any], seed: int) -> dict[str, Any]:
    """Slopes at random points of the sphere and at the chosen one, and the heights on two slices.

    ``seen`` bounds the chance that a random point of the sphere switches any neuron on; ``global``
    is the steepest of as many random points of the whole space. ``random_slice`` and
    ``ridge_slice`` are heights on the square [-1, 1]^2 of the two planes, rows along the second
    direction. ``fit_error`` is the largest error at the n data points.
    """
    network, witness = ridge_network(params["n"], params["d"], params["k"], seed)
    X, y = generic(params["n"], params["d"], rng=seed)
    points = generic(params["points"], params["d"], rng=_stream(seed, 1)).X
    ticks = np.linspace(-1, 1, params["grid"])
    grid = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    heights = [
        np.reshape(network.restrict(plane)(grid), (params["grid"], params["grid"]))
        for plane in planes(network, np.asarray(witness.witness), seed)
    ]
    return {
        "random": lipschitz.sampling(network, points=points).value,
        "witness": witness.value,
        "global": lipschitz.sampling(network, n=params["points"], rng=seed).value,
        "seen": float(_cap_share(network).sum()),
        "product": lipschitz.autolip(network).value,
        "fit_error": float(np.abs(network(X) - y).max()),
        "random_slice": heights[0],
        "ridge_slice": heights[1],
    }


def _cap_share(network: ReluNetwork) -> Array:
    """For each neuron, the share of the unit sphere on which it is on: half a beta function."""
    W, b = network.weights[0], network.biases[0]
    t = np.clip(-b / np.linalg.norm(W, axis=1), 0.0, 1.0)
    return np.asarray(special.betainc((network.input_dim - 1) / 2, 0.5, 1 - t**2) / 2)


def _stream(seed: int, number: int) -> np.random.Generator:
    """A generator of its own: probes must not be drawn from the numbers the data came from."""
    return np.random.default_rng([seed, number])
