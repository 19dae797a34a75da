"""Gaussian equivalence tested: activations, and the Gaussian features that stand for them."""

import math
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.experiments.surrogate_runs import draw
from lipkit.networks import ActivationConstants, RandomFeatures
from lipkit.regression import adversarial_least_squares, rf_risks
from lipkit.theory.adversarial_features import asymptotic_risk

SETTING: dict[str, Any] = {
    "psi2": 4.0,
    "tau2": 0.01,
    "eps": 0.25,
    "psi1": (2.0, 4.0, 8.0, 16.0, 24.0),
}
NAMES = ("relu", "erf", "gaussian")
RELU = "shifted_relu"


@experiment(
    sizes={
        "test": SETTING | {"dims": (20,), "psi1": (2.0, 8.0)},
        "quick": SETTING | {"dims": (30,), "psi1": (2.0, 8.0, 24.0)},
        "standard": SETTING | {"dims": (30, 60)},
        "full": SETTING | {"dims": (50, 100, 200)},
    },
    seeds={"test": 4, "quick": 1, "standard": 40, "full": 40},
)
def feature_equivalence(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The standard risk of three fits over its limit, less 1: ``relu``, ``erf``, ``gaussian``.

    The third has Gaussian features :math:`\mu_1Wx + \mu_*u` with the constants of the ReLU, and the
    matrices that belong to them; x, W and the noise are those of the ReLU fit. Convex surrogate, l2
    radius ``eps``. Arrays with axes ``dims``, ``psi1``, rounded to six decimals.
    """
    shape = len(params["dims"]), len(params["psi1"])
    found = np.empty((len(NAMES), *shape))
    for i, d in enumerate(params["dims"]):
        for k, psi1 in enumerate(params["psi1"]):
            found[:, i, k] = _ratios(d, psi1, params, seed)
    return {name: np.round(part - 1, 6) for name, part in zip(NAMES, found, strict=True)}


def gaussian_features(
    W: Array, X: Array, c: ActivationConstants, rng: np.random.Generator
) -> Array:
    r"""The features :math:`\mu_1Wx + \mu_*u`, ``(n, N)``, with fresh standard normal u.

    [Hassani and Javanmard 2024, section 6.]

    >>> from lipkit.networks import activation_constants
    >>> one = activation_constants("erf")
    >>> gaussian_features(np.eye(2), np.ones((3, 2)), one, np.random.default_rng(0)).shape
    (3, 2)
    """
    linear = X @ W.T
    return c.mu1 * linear + math.sqrt(c.mu_star2) * rng.normal(size=linear.shape)


def gaussian_matrix(W: Array, c: ActivationConstants) -> Array:
    r"""The gradient matrix that belongs to them: :math:`\mu_1^2WW^\top + (\dot\mu^2-\mu_1^2)I`.

    >>> from lipkit.networks import activation_constants
    >>> gaussian_matrix(np.eye(2), activation_constants("relu"))
    array([[0.5, 0. ],
           [0. , 0.5]])
    """
    return np.asarray(c.mu1**2 * (W @ W.T) + (c.dmu2 - c.mu1**2) * np.eye(len(W)))


def gaussian_risk(theta: Array, W: Array, c: ActivationConstants, tau2: float) -> float:
    r"""The standard risk of a readout of Gaussian features; the teacher is e₁.

    .. math:: \tau^2 + \|\beta - \mu_1W^\top\theta\|^2 + \mu_*^2\|\theta\|^2

    >>> from lipkit.networks import activation_constants
    >>> gaussian_risk(np.zeros(2), np.eye(2), activation_constants("relu"), 0.25)
    1.25
    """
    missed = np.eye(W.shape[1])[0] - c.mu1 * (W.T @ theta)
    return float(tau2 + missed @ missed + c.mu_star2 * (theta @ theta))


def without_second(d: int, psi1: float, params: dict[str, Any], seed: int) -> float:
    r"""The standard risk over its limit, less 1, of ReLU features without :math:`c_2h_2`.

    Independent noise of the same variance takes its place, so :math:`\kappa`, :math:`\kappa_J` and
    the limit are those of the ReLU; the draws are those of :func:`feature_equivalence`. [Derived.]

    >>> setting = {"psi2": 4.0, "tau2": 0.01, "eps": 0.25}
    >>> round(without_second(12, 8.0, setting, 0), 2)
    0.07
    """
    features, X, noise = draw(d=d, psi1=psi1, psi2=params["psi2"], activation=RELU, seed=seed)
    c, W = features.constants, features.W
    square, rng = 1 / (4 * math.pi), np.random.default_rng([seed, 2, len(W)])  # square: c_2^2
    preactivations = X @ W.T
    second = (preactivations**2 - 1) / math.sqrt(2)
    Z = features.features(X) + math.sqrt(square) * (rng.normal(size=second.shape) - second)
    shared = square * ((W @ W.T) ** 2 - np.eye(len(W)))  # what c_2 h_2 adds off the diagonal
    y = X[:, 0] + math.sqrt(params["tau2"]) * noise
    J2 = features.gradient_matrix() - 2 * shared
    theta = adversarial_least_squares(Z, y, params["eps"], gradient_matrix=J2, tol=1e-6).theta
    spread = theta @ (features.covariance() - shared) @ theta
    risk = 1 + params["tau2"] - 2 * c.mu1 * (W[:, 0] @ theta) + spread
    limit = asymptotic_risk(psi1, params["psi2"], tau2=params["tau2"], eps=params["eps"])
    return float(risk / limit.standard_risk - 1)


def _ratios(d: int, psi1: float, params: dict[str, Any], seed: int) -> list[float]:
    psi2, tau2, eps = params["psi2"], params["tau2"], params["eps"]
    found = []
    for name in (RELU, "erf"):
        features, X, noise = draw(d=d, psi1=psi1, psi2=psi2, activation=name, seed=seed)
        y = X[:, 0] + math.sqrt(tau2) * noise
        limit = asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps, activation=name).standard_risk
        found.append(_risk(features, X, y, tau2, eps) / limit)
        if name == RELU:
            stand_in = _gaussian(features, X, y, tau2, eps, seed) / limit
    return [*found, stand_in]


def _risk(features: RandomFeatures, X: Array, y: Array, tau2: float, eps: float) -> float:
    J2 = features.gradient_matrix()
    fit = adversarial_least_squares(features.features(X), y, eps, gradient_matrix=J2)
    teacher = np.eye(features.input_dim)[0]
    return rf_risks(fit.theta, features.W, teacher, tau2, 0.0, features.activation).standard


def _gaussian(
    features: RandomFeatures, X: Array, y: Array, tau2: float, eps: float, seed: int
) -> float:
    c, W = features.constants, features.W
    Z = gaussian_features(W, X, c, np.random.default_rng([seed, 1, len(W)]))
    fit = adversarial_least_squares(Z, y, eps, gradient_matrix=gaussian_matrix(W, c))
    return gaussian_risk(fit.theta, W, c, tau2)
