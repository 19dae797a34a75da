"""How flat can a quadratic network be that fits n random labels, and what does its law say?"""

from typing import Any

import numpy as np

from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import (
    interpolation_floor,
    min_frobenius_quadratic,
    min_lipschitz_quadratic,
    quadratic_law,
)

SHARES = (0.08, 0.15, 0.3, 0.5, 0.7)


@experiment(
    sizes={
        "test": {"d": 8, "shares": (0.1, 0.5), "tol": 1e-3},
        "quick": {"d": 30, "shares": SHARES, "tol": 1e-4},
        "standard": {"d": 60, "shares": SHARES, "tol": 1e-5},
        "full": {"d": 100, "shares": SHARES, "tol": 1e-5},
    }
)
def quadratic_fit(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Slopes on the unit ball of forms :math:`x^\top T x` through n points of the sphere.

    ``n`` are the ``shares`` of the d(d+1)/2 points that any form can fit. For each of them: the
    ``floor`` of all functions, the ``law`` of quadratic networks, the least constant between
    ``proved`` (below) and ``found`` (above), and the constant of the fit with the least Frobenius
    norm. ``gap`` is the largest relative distance of the two sides, ``fit_error`` the largest error
    at a point.
    """
    d, rows = params["d"], []
    for share in params["shares"]:
        n = round(share * d * (d + 1) / 2)
        X, y = generic(n, d, rng=seed)
        fit = min_lipschitz_quadratic(X, y, tol=params["tol"])
        rows.append(
            (
                n,
                interpolation_floor(X, y).value,
                quadratic_law(X, y).value,
                fit.bracket.lower.value,
                fit.bracket.upper.value,
                2 * np.linalg.norm(min_frobenius_quadratic(X, y), 2),
                1 - 1 / fit.bracket.ratio,
                np.abs(fit.network(X) - y).max(),
            )
        )
    n, floor, law, proved, found, frobenius, gap, error = map(np.array, zip(*rows, strict=True))
    return {
        "n": n,
        "floor": floor,
        "law": law,
        "proved": proved,
        "found": found,
        "frobenius": frobenius,
        "gap": float(gap.max()),
        "fit_error": float(error.max()),
    }
