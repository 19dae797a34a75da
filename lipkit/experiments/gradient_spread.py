"""How far gradients and attacks at single points are from the formula, as the size grows."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.experiments.surrogate_runs import draw, fresh
from lipkit.regression import adversarial_least_squares, attack

RELU = "shifted_relu"
BINS = np.linspace(0.6, 1.4, 41)
QUANTILES = (0.05, 0.5, 0.95)
SETTING: dict[str, Any] = {"psi1": 4.0, "psi2": 2.0, "tau2": 0.25, "eps": 0.5, "points": 500}


@experiment(
    sizes={
        "test": SETTING | {"dims": (12, 48)},
        "quick": SETTING | {"dims": (50,)},
        "standard": SETTING | {"dims": (50, 100, 200)},
        "full": SETTING | {"dims": (50, 100, 200, 400), "points": 2000},
    },
    seeds={"test": 4, "quick": 1, "standard": 20, "full": 20},
)
def gradient_spread(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The surrogate's minimiser at fresh points: its gradients, and an attack on it.

    Arrays with axis ``dims``: ``grad_norm`` :math:`s=\|J\theta\|_2`; ``mean`` and ``sd`` of
    :math:`\|\nabla f(x)\|_2` over ``points`` fresh points; ``loss_ratio``, the mean squared
    residual under projected gradient attacks of l2 radius ``eps`` (kind: lower) over the mean of
    :math:`(|r| + \varepsilon s)^2`, at the same points. With a second axis: ``histogram``, the
    share of points with :math:`\|\nabla f(x)\|_2/s` in each of :data:`BINS`, and ``reached``, the
    :data:`QUANTILES` over the points of the attacked residual over :math:`|r| + \varepsilon s`.
    Rounded to six decimals. [Digest of adversarial random features, 8.5 and 11, E5.]
    """
    rows = [_row(d, params, seed) for d in params["dims"]]
    return {name: np.round([row[name] for row in rows], 6) for name in rows[0]}


def spread_exponent(dims: ArrayLike, sd: ArrayLike) -> tuple[float, float]:
    """The power of d in the standard deviations, ``(seeds, dims)``, and its standard error.

    A line through the logarithms for each seed; the mean of their slopes over seeds.

    >>> spread_exponent([50, 200], [[0.2, 0.1], [0.4, 0.2]])
    (-0.5, 0.0)
    """
    x = np.log(np.asarray(dims, float))
    x = x - x.mean()
    slopes = np.log(np.asarray(sd, float)) @ x / (x @ x)
    error = slopes.std(ddof=1) / math.sqrt(len(slopes))
    return round(float(slopes.mean()), 12), round(float(error), 12)


def _row(d: int, params: dict[str, Any], seed: int) -> dict[str, Any]:
    features, X, noise = draw(
        d=d, psi1=params["psi1"], psi2=params["psi2"], activation=RELU, seed=seed
    )
    y = X[:, 0] + math.sqrt(params["tau2"]) * noise
    J2 = features.gradient_matrix()
    fit = adversarial_least_squares(
        features.features(X), y, params["eps"], gradient_matrix=J2, tol=1e-6
    )
    test = fresh(d=d, n=params["points"], tau2=params["tau2"], seed=seed)
    return _measured(fit.theta, features.W, fit.grad_norm, test, params["eps"])


def _measured(
    theta: Array, W: Array, s: float, test: tuple[Array, Array], eps: float
) -> dict[str, Any]:
    hit = attack(theta, W, *test, eps, activation=RELU)
    formula = hit.clean + eps * s
    counts, _ = np.histogram(hit.grad_norms / s, BINS)
    return {
        "grad_norm": s,
        "mean": hit.grad_norms.mean(),
        "sd": hit.grad_norms.std(ddof=1),
        "loss_ratio": np.mean(hit.residuals**2) / np.mean(formula**2),
        "histogram": counts / len(hit.clean),
        "reached": np.quantile(hit.residuals / formula, QUANTILES),
    }
