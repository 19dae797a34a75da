"""Random features fitted by the convex surrogate, beside the limit that two scalars predict."""

import math
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.networks import RandomFeatures, sample_random_features
from lipkit.regression import RegressionFit, adversarial_least_squares, attack, rf_risks
from lipkit.theory.adversarial_features import adversarial_risk, asymptotic_risk

WIDTHS = (0.5, 1.0, 1.5, 2.0, 3.0, 4.0, 6.0, 8.0)
GRID: dict[str, Any] = {
    "psi1": WIDTHS,
    "psi2": 2.0,
    "eps": (0.1, 0.25, 0.5, 0.75, 1.0),
    "tau2": (0.0, 0.25, 1.0),
    "activation": "shifted_relu",
}
MEASURED = ("standard", "grad_norm", "fitted", "objective")


@experiment(
    sizes={
        "test": GRID | {"d": 20, "psi1": (1.0, 4.0), "eps": (0.5,), "tau2": (0.25,)},
        "quick": GRID | {"d": 100, "psi1": (1.0, 4.0), "eps": (0.5, 1.0), "tau2": (0.25,)},
        "standard": GRID | {"d": 100},
        "full": GRID | {"d": 200},
    },
    seeds={"test": 4, "quick": 1, "standard": 20, "full": 100},
)
def surrogate_runs(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""One training set and one first layer for each width, fitted for every noise and radius.

    Arrays with axes ``tau2``, ``eps``, ``psi1``: ``standard`` risk :math:`A^2`, ``grad_norm``
    :math:`\|J\theta\|_2`, the share of training points ``fitted`` exactly, and the ``objective``
    :math:`\tfrac1{2n}\sum_i(|r_i| + \varepsilon\|J\theta\|_2)^2`; l2 attacks of radius ``eps``,
    noise included. The draws of a width do not depend on the other entries of the grid. Rounded to
    six decimals.
    """
    tau2, eps = np.asarray(params["tau2"]), np.asarray(params["eps"])
    found = np.empty((len(MEASURED), len(tau2), len(eps), len(params["psi1"])))
    for k, psi1 in enumerate(params["psi1"]):
        shared = {name: params[name] for name in ("d", "psi2", "activation")}
        features, X, noise = draw(psi1=psi1, seed=seed, **shared)
        J2, Z = features.gradient_matrix(), features.features(X)
        for i, variance in enumerate(tau2):
            y = X[:, 0] + math.sqrt(variance) * noise
            for j, radius in enumerate(eps):
                fit = adversarial_least_squares(Z, y, radius, gradient_matrix=J2, tol=1e-6)
                found[:, i, j, k] = _measured(features, fit, float(variance))
    return {name: np.round(part, 6) for name, part in zip(MEASURED, found, strict=True)}


def draw(
    *, d: int, psi1: float, psi2: float, activation: str, seed: int
) -> tuple[RandomFeatures, Array, Array]:
    """A first layer, n points and n standard normal numbers for the noise; the teacher is e₁.

    >>> features, X, noise = draw(d=5, psi1=2, psi2=3, activation="erf", seed=0)
    >>> features, X.shape, noise.shape
    (RandomFeatures(5 → 10, erf), (15, 5), (15,))
    """
    width, n = round(psi1 * d), round(psi2 * d)
    draws = np.random.default_rng([seed, width, n])
    features = sample_random_features(d, width, activation=activation, rng=draws)
    X = draws.normal(size=(n, d))
    return features, X, draws.normal(size=n)


def fresh(*, d: int, n: int, tau2: float, seed: int) -> tuple[Array, Array]:
    """Test points for a seed of :func:`draw`, and their labels; the teacher is e₁.

    >>> X, y = fresh(d=5, n=3, tau2=0.0, seed=0)
    >>> X.shape, bool((y == X[:, 0]).all())
    ((3, 5), True)
    """
    draws = np.random.default_rng([seed, 2])
    X = draws.normal(size=(n, d))
    return X, X[:, 0] + math.sqrt(tau2) * draws.normal(size=n)


def attacked_risk(
    theta: Array, features: RandomFeatures, points: tuple[Array, Array], eps: float
) -> float:
    """The mean squared residual at points that were attacked: kind lower, of the robust one.

    >>> features, X, noise = draw(d=5, psi1=2, psi2=3, activation="erf", seed=0)
    >>> attacked_risk(np.zeros(10), features, (X, np.ones(15)), 0.5)
    1.0
    """
    hit = attack(theta, features.W, *points, eps, activation=features.activation)
    return float(np.mean(hit.residuals**2))


def limits(params: dict[str, Any]) -> dict[str, Array]:
    """What the theory says of :func:`surrogate_runs`, with the same names and axes.

    >>> limits(surrogate_runs.params("test"))["fitted"].round(4)
    array([[[0.0523, 0.7029]]])
    """
    tau2, eps, psi1 = np.ix_(*(np.asarray(params[name]) for name in ("tau2", "eps", "psi1")))
    r = asymptotic_risk(psi1, params["psi2"], tau2=tau2, eps=eps, activation=params["activation"])
    values = r.standard_risk, r.grad_norm, r.interpolated_fraction, r.train_objective
    return dict(zip(MEASURED, values, strict=True))


def robust(found: dict[str, Any], eps: Any) -> Array:
    """The robust risk at the radii of the training, from ``standard`` and ``grad_norm``.

    >>> robust({"standard": np.ones((1, 1, 1)), "grad_norm": np.zeros((1, 1, 1))}, [0.5])
    array([[[1.]]])
    """
    radius = np.asarray(eps)[:, None]
    return np.asarray(adversarial_risk(found["standard"], found["grad_norm"], radius))


def _measured(features: RandomFeatures, fit: RegressionFit, tau2: float) -> list[float]:
    teacher = np.eye(features.input_dim)[0]
    risks = rf_risks(fit.theta, features.W, teacher, tau2, 0.0, features.activation)
    share = float(fit.interpolated.mean())
    return [risks.standard, risks.grad_norm, share, fit.objective / len(fit.residuals)]
