"""Three trainings of one small network: plain, with norm decay, against an attack."""

import math
from typing import TYPE_CHECKING, Any

import numpy as np

from lipkit.data import Split
from lipkit.experiments import cnn_measures as measure
from lipkit.experiments._registry import experiment

if TYPE_CHECKING:
    from torch import nn

NETWORKS = ("plain", "decayed", "attacked")
SETTING: dict[str, Any] = {
    "width": 16,
    "epochs": 15,
    "lr": 0.02,
    "strength": 3e-3,
    "eps": 0.1,
    "attack_steps": 5,
    "steps_test": 20,
}


@experiment(
    sizes={
        "test": SETTING | {"width": 4, "epochs": 2, "attack_steps": 2, "steps_test": 3},
        "quick": SETTING,
        "standard": SETTING,
        "full": SETTING | {"width": 32, "epochs": 40, "attack_steps": 10, "steps_test": 100},
    },
    seeds={"test": 2, "quick": 1, "standard": 8, "full": 20},
)
def three_cnns(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""One start, one split of the digits and one order of the batches, for three trainings.

    An entry for each of ``NETWORKS``: ``clean`` and ``robust`` test accuracy, the second under
    attacks of sup radius ``eps`` (kind: upper); ``product`` of the layers' norms for the sup norm
    and ``path``, the same of absolute weights multiplied out, both upper answers of the network's
    constant from images to logits; ``steepest``, the largest gradient of a logit at a test image,
    a lower one. ``norms`` has a row of four for each network. No BatchNorm. Rounded.
    """
    split = measure.digit_images(seed)
    rows = [
        _measured(_trained(name, split, params, seed), split, params, seed) for name in NETWORKS
    ]
    return {name: np.round([row[name] for row in rows], 4) for name in rows[0]}


def _trained(name: str, split: Split, params: dict[str, Any], seed: int) -> "nn.Sequential":
    from lipkit.training import NormDecay, fit, small_cnn

    model = small_cnn(measure.IMAGE, width=params["width"], rng=seed)
    how: dict[str, Any] = {}
    if name == "decayed":
        how = {"penalty": NormDecay(params["strength"], math.inf, input_shape=measure.IMAGE)}
    if name == "attacked":
        how = {"method": "pgd", "eps": params["eps"], "attack_steps": params["attack_steps"]}
    size = {"epochs": params["epochs"], "batch_size": 64, "lr": params["lr"]}
    fit(model, split.train, **size, **how, progress=False, rng=seed)
    return model.eval()


def _measured(
    model: "nn.Sequential", split: Split, params: dict[str, Any], seed: int
) -> dict[str, Any]:
    norms = measure.sup_norms(model, fused=False)
    return {
        "clean": measure.accuracy(model, split.test),
        "robust": measure.robust(model, split.test, params["eps"], params["steps_test"], seed),
        "product": math.prod(norms),
        "path": measure.path_bound(model),
        "steepest": measure.steepest(model, split.test.X),
        "norms": norms,
    }
