"""Wide models after plain training, the convex surrogate and adversarial training, attacked."""

import math
from typing import Any

import numpy as np

from lipkit.experiments._registry import experiment
from lipkit.experiments.surrogate_runs import attacked_risk, draw, fresh
from lipkit.regression import ridge_least_squares, train_under_attack

SETTING: dict[str, Any] = {
    "d": 24,
    "psi2": 4.0,
    "tau2": 0.01,
    "eps": 0.25,
    "activation": "erf",
    "psi1": (1.0, 3.0, 8.0, 20.0),
    "steps": 300,
    "tests": 1000,
}


@experiment(
    sizes={
        "test": SETTING | {"d": 10, "psi1": (3.0, 12.0), "steps": 60, "tests": 300},
        "quick": SETTING | {"psi1": (1.0,)},
        "standard": SETTING,
        "full": SETTING | {"d": 80, "tests": 8000},
    },
    seeds={"test": 2, "quick": 1, "standard": 8, "full": 20},
)
def wide_trainings(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""One training set for each width, fitted in three ways, and attacked for each.

    ``plain``: least squares, of least :math:`\|\theta\|_2`; ``surrogate``: the minimiser of the
    convex surrogate; ``attack``: adversarial training from there on, ``steps`` steps of Adam on
    attacked points. ``…_risk`` is the mean squared residual at ``tests`` fresh points, attacked in
    l2 with radius ``eps`` (kind: lower, of the robust risk up to sampling), ``…_loss`` the same at
    the training points. A column for each ``psi1``, rounded to six decimals.
    """
    rows = [_compare(psi1, params, seed) for psi1 in params["psi1"]]
    return {name: np.round([row[name] for row in rows], 6) for name in rows[0]}


def _compare(psi1: float, params: dict[str, Any], seed: int) -> dict[str, float]:
    kind, eps, tau2 = params["activation"], params["eps"], params["tau2"]
    shared = {name: params[name] for name in ("d", "psi2", "activation")}
    features, X, xi = draw(psi1=psi1, seed=seed, **shared)
    y = X[:, 0] + math.sqrt(tau2) * xi
    trained = train_under_attack(features.W, X, y, eps, steps=params["steps"], activation=kind)
    thetas = {
        "plain": ridge_least_squares(features.features(X), y),
        "surrogate": trained.surrogate,
        "attack": trained.theta,
    }
    test = fresh(d=params["d"], n=params["tests"], tau2=tau2, seed=seed)
    return {
        f"{name}_{key}": attacked_risk(theta, features, points, eps)
        for name, theta in thetas.items()
        for key, points in (("risk", test), ("loss", (X, y)))
    }
