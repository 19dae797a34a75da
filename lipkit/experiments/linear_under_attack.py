"""Adversarial linear regression, fitted exactly, beside the limit that two numbers give."""

import math
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.regression import adversarial_least_squares
from lipkit.theory.adversarial_features import adversarial_risk, linear_adversarial_theory

NAMES = ("standard", "length", "robust", "fitted", "objective")
GRID: dict[str, Any] = {
    "ratios": (0.5, 1.0, 3.0),
    "eps": (0.1, 0.25, 0.5, 0.75, 1.0, 1.25),
    "tau2": 0.25,
}


@experiment(
    sizes={
        "test": GRID | {"d": 30, "eps": (0.25, 0.75)},
        "quick": GRID | {"d": 100},
        "standard": GRID | {"d": 300},
        "full": GRID | {"d": 500},
    },
    seeds={"test": 5, "quick": 5, "standard": 20, "full": 40},
)
def linear_under_attack(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""One training set for each n/d, fitted against each l2 radius.

    Arrays with axes ``ratios``, ``eps``: ``standard`` risk :math:`\tau^2 + \|\theta - \beta\|^2`,
    ``length`` :math:`\|\theta\|_2`, ``robust`` risk under attacks of the training radius, the share
    of training points ``fitted`` exactly, and the ``objective``
    :math:`\tfrac1{2n}\sum_i(|r_i| + \varepsilon\|\theta\|_2)^2`. The first three are exact given
    theta, no test set is drawn. The teacher is the first axis. Rounded to six decimals: the fits
    are certified to a relative gap of 1e-8.
    """
    rows = np.array([_rows(ratio, params, seed) for ratio in params["ratios"]])
    return {name: rows[..., i].round(6) for i, name in enumerate(NAMES)}


def linear_limit(ratios: Any, eps: Any, tau2: float) -> dict[str, Array]:
    """What :func:`linear_under_attack` tends to, by the same names, with axes ratios and eps."""
    found = linear_adversarial_theory(np.asarray(ratios)[:, None], tau2, np.asarray(eps))
    return {
        "standard": found.standard_risk,
        "length": found.grad_norm,
        "robust": found.adversarial_risk,
        "fitted": found.interpolated_fraction,
        "objective": found.train_objective,
    }


def training_set(d: int, ratio: float, tau2: float, seed: int) -> tuple[Array, Array]:
    """Points ``(n, d)`` from N(0, I) and labels ``(n,)`` of the first axis, with noise."""
    rng = np.random.default_rng([seed, round(1000 * ratio)])
    X = rng.normal(size=(round(ratio * d), d))
    return X, X[:, 0] + math.sqrt(tau2) * rng.normal(size=len(X))


def _rows(ratio: float, params: dict[str, Any], seed: int) -> list[list[float]]:
    X, y = training_set(params["d"], ratio, params["tau2"], seed)
    return [_measured(X, y, radius, params["tau2"]) for radius in params["eps"]]


def _measured(X: Array, y: Array, eps: float, tau2: float) -> list[float]:
    fit = adversarial_least_squares(X, y, eps)
    off = fit.theta - np.eye(X.shape[1])[0]
    risk, length = tau2 + float(off @ off), fit.grad_norm
    shares = float(fit.interpolated.mean()), fit.objective / len(y)
    return [risk, length, float(adversarial_risk(risk, length, eps)), *shares]
