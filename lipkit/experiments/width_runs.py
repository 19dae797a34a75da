"""Random features of every width, fitted by the convex surrogate and plainly, and split in two."""

import math
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.experiments.feature_equivalence import gaussian_features, gaussian_matrix
from lipkit.experiments.kept_signal import attacked_split, plain_split
from lipkit.experiments.surrogate_runs import draw
from lipkit.networks import RandomFeatures
from lipkit.regression import adversarial_least_squares, ridge_least_squares

SETTING: dict[str, Any] = {
    "psi2": 4.0,
    "tau2": 0.01,
    "eps": 0.25,
    "features": ("erf", "gaussian"),
    "psi1": (1.0, 2.0, 3.0, 5.0, 8.0, 12.0, 20.0, 30.0),
}
MEASURED = ("standard", "grad_norm", "kept", "nonlinear")
FITS = ("surrogate", "plain")


@experiment(
    sizes={
        "test": SETTING | {"d": 15, "psi1": (2.0, 8.0)},
        "quick": SETTING | {"d": 60, "psi1": (2.0, 12.0)},
        "standard": SETTING | {"d": 60},
        "full": SETTING | {"d": 150},
    },
    seeds={"test": 4, "quick": 1, "standard": 20, "full": 40},
)
def width_runs(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""One training set and one first layer for each width and kind of features, fitted twice.

    ``surrogate_…`` is the minimiser of the convex surrogate for l2 radius ``eps``, ``plain_…`` the
    least-squares fit, of least :math:`\|\theta\|_2` where that leaves a choice. Of each, with the
    linear part :math:`a=\mu_1W^\top\theta`: ``standard`` risk :math:`A^2` with noise, exact;
    ``grad_norm`` :math:`\|J\theta\|_2`; ``kept`` :math:`\beta\cdot a`; ``nonlinear``, the variance
    of the rest, so that :math:`A^2=\tau^2+\|\beta-a\|_2^2+\text{nonlinear}`. Arrays with axes
    ``features`` (an activation, or "gaussian": Gaussian features with the constants of the ReLU),
    ``psi1``; rounded to six decimals.
    """
    shape = len(params["features"]), len(params["psi1"])
    found = np.empty((*shape, len(FITS), len(MEASURED)))
    for i, kind in enumerate(params["features"]):
        for k, psi1 in enumerate(params["psi1"]):
            found[i, k] = _fitted(kind, psi1, params, seed)
    return {
        f"{fit}_{name}": np.round(found[:, :, i, j], 6)
        for i, fit in enumerate(FITS)
        for j, name in enumerate(MEASURED)
    }


def width_limits(psi1: Any, params: dict[str, Any], kind: str) -> dict[str, Array]:
    """What the theory says of :func:`width_runs` for one kind of features, at the widths given.

    >>> width_limits([8.0], width_runs.params("test"), "gaussian")["surrogate_kept"].round(4)
    array([0.6598])
    """
    name = _activation(kind)
    first = attacked_split(
        psi1, params["psi2"], params["tau2"], params["eps"], activation=name
    )._asdict()
    second = plain_split(psi1, params["psi2"], params["tau2"], activation=name)._asdict()
    return {
        f"{fit}_{part}": split[part]
        for fit, split in zip(FITS, (first, second), strict=True)
        for part in MEASURED
    }


def _activation(kind: str) -> str:
    return "shifted_relu" if kind == "gaussian" else kind


def _fitted(kind: str, psi1: float, params: dict[str, Any], seed: int) -> list[list[float]]:
    shared = {name: params[name] for name in ("d", "psi2")}
    features, X, noise = draw(psi1=psi1, activation=_activation(kind), seed=seed, **shared)
    y = X[:, 0] + math.sqrt(params["tau2"]) * noise
    if kind == "gaussian":
        draws, c = np.random.default_rng([seed, 1, len(features.W)]), features.constants
        Z = gaussian_features(features.W, X, c, draws)
        J2 = gaussian_matrix(features.W, c)
        covariance = J2 + (c.mu_star2 + c.mu1**2 - c.dmu2) * np.eye(len(J2))
    else:
        Z, J2 = features.features(X), features.gradient_matrix()
        covariance = features.covariance()
    attacked = adversarial_least_squares(Z, y, params["eps"], gradient_matrix=J2, tol=1e-6).theta
    thetas = attacked, ridge_least_squares(Z, y)
    return [_split(theta, features, covariance, J2, params["tau2"]) for theta in thetas]


def _split(
    theta: Array, features: RandomFeatures, covariance: Array, J2: Array, tau2: float
) -> list[float]:
    linear = features.constants.mu1 * (features.W.T @ theta)
    nonlinear = float(theta @ covariance @ theta - linear @ linear)
    missed = np.eye(len(linear))[0] - linear
    risk = tau2 + float(missed @ missed) + nonlinear
    return [risk, math.sqrt(float(theta @ J2 @ theta)), float(linear[0]), nonlinear]
