"""The radius up to which a noiseless fit loses nothing: linear programs beside their limit."""

from typing import Any

import numpy as np

from lipkit.experiments._registry import experiment
from lipkit.experiments.linear_under_attack import training_set
from lipkit.regression import exact_recovery_radius
from lipkit.theory.adversarial_features import exact_recovery_threshold

RATIOS: dict[str, Any] = {"ratios": (1.2, 1.5, 2.0, 3.0, 5.0, 8.0)}


@experiment(
    sizes={
        "test": RATIOS | {"d": 20},
        "quick": RATIOS | {"d": 60},
        "standard": RATIOS | {"d": 150},
        "full": RATIOS | {"d": 400},
    },
    seeds={"test": 3, "quick": 4, "standard": 10, "full": 20},
)
def recovery_radii(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""For one draw of Gaussian points for each n/d: the ``radius`` and its ``limit``.

    Arrays like ``ratios``; ``radius`` is :func:`lipkit.regression.exact_recovery_radius`, exact up
    to the solver's tolerance, ``limit`` that of d going to infinity.
    """
    ratios, d = params["ratios"], params["d"]
    points = [training_set(d, ratio, 0.0, seed)[0] for ratio in ratios]
    return {
        "radius": np.array([exact_recovery_radius(X, np.eye(d)[0]) for X in points]),
        "limit": exact_recovery_threshold(np.array(ratios)),
    }
