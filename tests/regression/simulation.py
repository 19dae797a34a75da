"""One draw of the model: data, features, the fit, and its exact risks."""

import numpy as np

from lipkit._validate import Array
from lipkit.networks import RandomFeatures, sample_random_features
from lipkit.regression import RegressionFit, adversarial_least_squares, rf_risks


def draw(
    d: int, psi1: float, psi2: float, tau2: float, *, seed: int, activation: str = "shifted_relu"
) -> tuple[RandomFeatures, Array, Array]:
    """Features, points and labels; the teacher is the first axis."""
    rng = np.random.default_rng(seed)
    features = sample_random_features(d, round(psi1 * d), activation=activation, rng=rng)
    X = rng.normal(size=(round(psi2 * d), d))
    return features, X, X[:, 0] + np.sqrt(tau2) * rng.normal(size=len(X))


def fit(features: RandomFeatures, X: Array, y: Array, eps: float) -> RegressionFit:
    """The convex surrogate with its gradient matrix."""
    J2 = features.gradient_matrix()
    return adversarial_least_squares(features.features(X), y, eps, gradient_matrix=J2)


def measured(
    d: int, psi1: float, psi2: float, tau2: float, eps: float, *, seed: int, activation: str
) -> list[float]:
    """SR, s, AR at eps, fraction fitted, objective of one draw."""
    features, X, y = draw(d, psi1, psi2, tau2, seed=seed, activation=activation)
    found = fit(features, X, y, eps)
    risks = rf_risks(found.theta, features.W, np.eye(d)[0], tau2, eps, activation)
    return [
        *(risks.standard, risks.grad_norm, risks.robust),
        *(found.interpolated.mean(), found.objective / len(y)),
    ]
