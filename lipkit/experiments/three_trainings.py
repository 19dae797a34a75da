"""Theory, the convex surrogate, and adversarial training: three curves of one risk."""

import math
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.experiments.surrogate_runs import attacked_risk, draw, fresh
from lipkit.networks import RandomFeatures
from lipkit.regression import attack, rf_risks, train_under_attack

SETTING: dict[str, Any] = {"psi2": 2.0, "tau2": 0.25, "eps": 0.5}


@experiment(
    sizes={
        "test": SETTING | {"d": 15, "psi1": (1.0, 3.0), "steps": 60, "tests": 300},
        "quick": SETTING | {"d": 50, "psi1": (1.0,), "steps": 600, "tests": 8000},
        "standard": SETTING
        | {"d": 50, "psi1": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0), "steps": 600, "tests": 8000},
        "full": SETTING
        | {"d": 100, "psi1": (0.5, 1.0, 2.0, 3.0, 4.0, 6.0, 8.0), "steps": 1200, "tests": 8000},
    },
    seeds={"test": 2, "quick": 1, "standard": 6, "full": 20},
)
def three_trainings(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""One training set for each width, fitted by the convex surrogate and by adversarial training.

    Adversarial training starts at the surrogate's minimiser and takes ``steps`` steps of Adam, each
    on points that projected gradient ascent has moved by up to ``eps`` in l2. For each of the two:
    ``…_formula`` is the robust risk by the formula in :math:`A` and :math:`s`; ``…_attacked`` the
    mean squared residual at ``tests`` fresh points, attacked (kind: lower, of the robust risk up to
    sampling); ``…_loss`` half of that on the training points; ``…_linear`` the same with the
    linearised inner maximum of each point. ``moved`` is the relative distance of the two in the
    gradient norm. A column for each ``psi1``, rounded to six decimals.
    """
    rows = [_compare(psi1, params, seed) for psi1 in params["psi1"]]
    return {name: np.round([row[name] for row in rows], 6) for name in rows[0]}


def _compare(psi1: float, params: dict[str, Any], seed: int) -> dict[str, float]:
    d, psi2, tau2, eps = (params[name] for name in ("d", "psi2", "tau2", "eps"))
    relu = "shifted_relu"
    features, X, noise = draw(d=d, psi1=psi1, psi2=psi2, activation=relu, seed=seed)
    y = X[:, 0] + math.sqrt(tau2) * noise
    trained = train_under_attack(features.W, X, y, eps, steps=params["steps"], activation=relu)
    test = fresh(d=d, n=params["tests"], tau2=tau2, seed=seed)
    found: dict[str, float] = {}
    for name, theta in (("surrogate", trained.surrogate), ("attack", trained.theta)):
        measured = _measured(features, theta, (X, y), test, tau2, eps)
        found |= {f"{name}_{key}": value for key, value in measured.items()}
    J2, step = features.gradient_matrix(), trained.theta - trained.surrogate
    length = trained.surrogate @ J2 @ trained.surrogate
    return found | {"moved": math.sqrt(step @ J2 @ step / length) if length > 0 else 0.0}


def _measured(
    features: RandomFeatures,
    theta: Array,
    train: tuple[Array, Array],
    test: tuple[Array, Array],
    tau2: float,
    eps: float,
) -> dict[str, float]:
    teacher, kind = np.eye(features.input_dim)[0], features.activation
    own = attack(theta, features.W, *train, eps, 40, starts=3, activation=kind)
    return {
        "formula": rf_risks(theta, features.W, teacher, tau2, eps, kind).robust,
        "attacked": attacked_risk(theta, features, test, eps),
        "loss": float(np.mean(own.residuals**2) / 2),
        "linear": float(np.mean(own.linearised**2) / 2),
    }
