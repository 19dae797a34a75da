"""The flattest fits of random labels, class by class, beside the law of each class."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import (
    cap_lipschitz,
    interpolation_floor,
    linear_interpolant,
    linear_law,
    matching_law,
    min_lipschitz_quadratic,
    quadratic_law,
)


@experiment(
    sizes={
        "test": {"d": 8, "linear": (2, 6), "forms": (8, 20), "tol": 1e-3},
        "quick": {
            "d": 60,
            "linear": (2, 6, 14, 30, 44, 54, 58),
            "forms": (60, 150, 300, 600, 1000, 1400, 1700),
            "tol": 1e-3,
        },
        "standard": {
            "d": 60,
            "linear": (2, 6, 14, 30, 44, 54, 58),
            "forms": (60, 150, 300, 600, 1000, 1400, 1700),
            "tol": 1e-5,
        },
        "full": {
            "d": 100,
            "linear": (2, 10, 30, 60, 90, 98),
            "forms": (100, 400, 1000, 2000, 3500, 4500),
            "tol": 1e-5,
        },
    }
)
def noise_by_class(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Slopes of fits of n balanced random labels on the unit sphere, n growing over one draw.

    For every n of ``linear`` and ``forms``: ``floor`` (any function, exact) and ``matching`` (its
    law); ``linear_fit`` (exact) and ``linear_law`` for the first; for the second the least constant
    of a quadratic form on the unit ball between ``form_proved`` and ``form_found``, and its
    ``form_law``. ``caps``: the constant of a network of n neurons on the sphere, exact, with the
    caps as large as the points allow. ``gap`` is the largest relative distance of the two sides.
    """
    d, small, large = params["d"], params["linear"], params["forms"]
    X, _ = generic(max(*small, *large), d, rng=seed)
    y = np.where(np.arange(len(X)) % 2 == 0, 1.0, -1.0)  # the points are exchangeable
    every = np.array(sorted({*small, *large}))
    fits = [min_lipschitz_quadratic(X[:n], y[:n], tol=params["tol"]).bracket for n in large]
    return {
        "n": every,
        "floor": np.array([interpolation_floor(X[:n], y[:n]).value for n in every]),
        "matching": np.array([matching_law(X[:n], y[:n]).value for n in every]),
        "caps": np.array([_caps(X[:n]) for n in every]),
        "n_linear": np.array(small),
        "linear_fit": np.array([np.linalg.norm(linear_interpolant(X[:n], y[:n])) for n in small]),
        "linear_law": np.array([linear_law(X[:n], y[:n]).value for n in small]),
        "n_forms": np.array(large),
        "form_proved": np.array([fit.lower.value for fit in fits]),
        "form_found": np.array([fit.upper.value for fit in fits]),
        "form_law": np.array([quadratic_law(X[:n], y[:n]).value for n in large]),
        "gap": max(1 - 1 / fit.ratio for fit in fits),
    }


def _caps(X: Array) -> float:
    """The constant of disjoint caps as large as the points allow."""
    products = X @ X.T
    np.fill_diagonal(products, -1.0)
    return cap_lipschitz(X, float(np.sqrt((1 + products.max()) / 2))).value
