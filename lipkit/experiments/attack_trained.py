"""The digits network and its twin that was trained against an attack, side by side."""

from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit.certificates import local_slope
from lipkit.data import Split
from lipkit.experiments._registry import experiment
from lipkit.experiments.digits import SIZES, digits_network, margins
from lipkit.experiments.two_radii import NORMS, attacked_radius, pair_radius, read_correctly
from lipkit.networks import ReluNetwork

SETTING: dict[str, Any] = {"eps": 0.1, "attack_steps": 5, "epochs": 30}


@experiment(
    sizes={
        "test": SETTING | {"attack_steps": 2, "epochs": 3, "images": 20, "steps": 5},
        "quick": SETTING | {"images": 100, "steps": 20},
        "standard": SETTING | {"images": 100, "steps": 20},
        "full": SETTING | {"images": 450, "steps": 200},
    },
    seeds={"test": 1, "quick": 1, "standard": 5, "full": 20},
)
def attack_trained(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""What PGD training in the :math:`\ell_\infty` ball of radius ``eps`` changes, and what not.

    What :func:`side_by_side` measures, for the digits network and for one of the same sizes, first
    weights and number of epochs that was trained on attacked points.
    """
    plain, split = digits_network(seed, epochs=params["epochs"])
    trained = train(split, params["eps"], params["attack_steps"], params["epochs"], seed)
    return side_by_side(plain, trained, split, params["eps"], params["images"], params["steps"])


def train(split: Split, eps: float, attack_steps: int, epochs: int, seed: int) -> ReluNetwork:
    """The network of the digits, trained on the points that PGD finds."""
    from lipkit.training import fit, mlp

    model = mlp(SIZES, rng=seed)
    fit(
        model,
        split.train,
        method="pgd",
        eps=eps,
        attack_steps=attack_steps,
        epochs=epochs,
        batch_size=64,
        progress=False,
        rng=seed,
    )
    return ReluNetwork.from_torch(model)


def side_by_side(
    plain: ReluNetwork, trained: ReluNetwork, split: Split, eps: float, images: int, steps: int
) -> dict[str, float]:
    """The measures of both, with the prefixes ``plain_`` and ``trained_``."""
    both = {"plain": plain, "trained": trained}
    return {
        f"{who}_{name}": value
        for who, network in both.items()
        for name, value in _measured(network, split, eps, images, steps).items()
    }


def _measured(
    network: ReluNetwork, split: Split, eps: float, images: int, steps: int
) -> dict[str, float]:
    r"""Accuracy, the share that ``stands`` under attack (upper), and medians of the first images.

    ``constant_l2`` is the product bound. Medians over images read correctly: ``margin``; ``slope``,
    the local slope for :math:`\ell_2` (lower); for each norm ``certified`` (pairs, lower) and
    ``attacked`` radius (upper).
    """
    from lipkit.attacks import robust_accuracy

    X, y = split.test
    stands = robust_accuracy(network, X, y, eps=eps, steps=steps)
    X, y = read_correctly(network, split.test, images)
    found = {
        "accuracy": stands.clean,
        "stands": stands.value,
        "constant_l2": lipschitz.autolip(network).value,
        "margin": float(np.median(margins(network, X, y))),
        "slope": float(np.median(local_slope(network, X, y, 2))),
    }
    for name, p in NORMS.items():
        attacked = attacked_radius(network, X, y, p, steps=steps)
        found[f"certified_{name}"] = float(np.median(pair_radius(network, X, y, p)))
        found[f"attacked_{name}"] = float(np.median(attacked))
    return found
