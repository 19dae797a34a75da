"""Adversarial training of a wide model that begins at the plain fit, and how far it comes."""

import math
from typing import Any

import numpy as np

from lipkit.experiments._registry import experiment
from lipkit.experiments.surrogate_runs import attacked_risk, draw, fresh
from lipkit.regression import ridge_least_squares, train_under_attack

SETTING: dict[str, Any] = {
    "d": 24,
    "psi1": 20.0,
    "psi2": 4.0,
    "tau2": 0.01,
    "eps": 0.25,
    "activation": "erf",
    "steps": (100, 300, 1000),
    "tests": 1000,
}


@experiment(
    sizes={
        "test": SETTING | {"d": 8, "psi1": 12.0, "steps": (10, 60), "tests": 300},
        "quick": SETTING | {"d": 12, "steps": (100,)},
        "standard": SETTING,
        "full": SETTING | {"steps": (100, 300, 1000, 10_000)},
    },
    seeds={"test": 2, "quick": 1, "standard": 3, "full": 8},
)
def wide_starts(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Adam on attacked points from the least squares fit of least norm; a column for each length.

    The first column is the start, 0 steps; then one run for each of ``steps``, each with its own
    decay of the rate. ``risk`` and ``loss``: mean squared residual under projected gradient
    attacks (kind: lower) of l2 radius ``eps`` at ``tests`` fresh points and at the training points.
    The data are those of ``wide_trainings`` for the same ``psi1`` and seed.
    """
    kind, eps, tau2 = params["activation"], params["eps"], params["tau2"]
    shared = {name: params[name] for name in ("d", "psi1", "psi2", "activation")}
    features, X, xi = draw(seed=seed, **shared)
    y = X[:, 0] + math.sqrt(tau2) * xi
    plain = ridge_least_squares(features.features(X), y)
    thetas = [plain]
    for steps in params["steps"]:
        run = train_under_attack(
            features.W, X, y, eps, steps=steps, activation=kind, start=plain
        )  # fmt: skip
        thetas.append(run.theta)
    test = fresh(d=params["d"], n=params["tests"], tau2=tau2, seed=seed)
    return {
        "risk": np.round([attacked_risk(theta, features, test, eps) for theta in thetas], 6),
        "loss": np.round([attacked_risk(theta, features, (X, y), eps) for theta in thetas], 6),
    }
