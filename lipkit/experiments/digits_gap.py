"""How far apart the two sides are on networks trained on digits, everywhere and near an image."""

from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit.data import digits
from lipkit.experiments._registry import experiment
from lipkit.experiments.digits import digits_network
from lipkit.networks import ReluNetwork

_EFFORT: dict[str, Any] = {"starts": 32, "steps": 300, "walks": 8, "n": 10_000}


def wide_digits_network(width: int, epochs: int, seed: int) -> ReluNetwork:
    """64 inputs, three hidden layers of ``width``, ten outputs; trained as ``digits_network``."""
    from lipkit.training import fit, mlp

    model = mlp((64, width, width, width, 10), rng=seed)
    if epochs:
        train = digits(rng=seed).train
        fit(model, train, epochs=epochs, batch_size=64, lr=0.05, progress=False, rng=seed)
    return ReluNetwork.from_torch(model)


@experiment(
    sizes={
        "test": {"width": 8, "epochs": 1},
        "quick": {"width": 32, "epochs": 30},
        "standard": {"width": 128, "epochs": 30},
        "full": {"width": 256, "epochs": 30},
    }
)
def digits_gap(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Global answers of a digits network, l2 to l2: ``found``, ``lipsdp``, ``product``.

    ``lost`` is LipSDP over the steepest point found, so at least what LipSDP loses.
    ``epochs = 0`` is the network at birth. The ascent works as hard as in a thorough bracket.
    """
    network = wide_digits_network(params["width"], params["epochs"], seed)
    solver = "newton" if params["width"] <= 64 else "descent"
    found = lipschitz.ascent(network, rng=seed, **_EFFORT).value
    lipsdp = lipschitz.lipsdp(network, solver=solver).value
    product = lipschitz.autolip(network).value
    return {"found": found, "lipsdp": lipsdp, "product": product, "lost": lipsdp / found}


@experiment(
    sizes={
        "test": {"radius": 0.01, "nodes": 3},
        "quick": {"radius": 0.01, "nodes": 30},
        "standard": {"radius": 0.01, "nodes": 1000},
        "full": {"radius": 0.01, "nodes": 10_000},
    }
)
def digits_box(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Local answers, l2 to l2, on a box around a test digit.

    Each pixel moves by ``radius`` at most; ``nodes`` bounds the parts that branch and bound may
    split. ``seed`` is the number of the test digit, of the digits network of seed 0. ``interval``,
    ``crown`` and ``parts`` (branch and bound) are upper bounds on the box, ``found`` is a lower
    one; ``at`` is the slope at the digit.
    """
    network, split = digits_network(0)
    x, r = split.test.X[seed], params["radius"]
    box = (x - r, x + r)
    found = lipschitz.ascent(network, box=box, rng=0).value
    parts = lipschitz.branch_and_bound(network, box=box, nodes=params["nodes"])
    return {
        "at": float(np.linalg.norm(network.jacobian(x), 2)),
        "found": max(found, parts.details["at least"]),
        "parts": parts.value,
        "crown": lipschitz.crown(network, box=box).value,
        "interval": lipschitz.interval(network, box=box).value,
    }
