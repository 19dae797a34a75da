"""One law, four readings: every label vector of a few points, its flattest fit and its bounds."""

from itertools import product
from typing import Any

import numpy as np

from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.theory.rademacher import linear_rademacher
from lipkit.theory.robustness_law import linear_interpolant, linear_law, rademacher_law


@experiment(
    sizes={
        "test": {"n": 6, "d": 24, "delta": 0.1},
        "quick": {"n": 10, "d": 40, "delta": 0.1},
        "standard": {"n": 12, "d": 48, "delta": 0.1},
        "full": {"n": 14, "d": 56, "delta": 0.1},
    }
)
def label_readings(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Linear functions on n points of the sphere in d dimensions, all :math:`2^n` label vectors.

    ``fit``: the constant of the flattest exact fit of each, in increasing order; ``given``: the law
    for those labels, in the same order. ``average`` is :math:`1/\widehat{\mathfrak R}_n`, which
    bounds the mean of ``fit`` and its largest entry; ``markov`` and ``mcdiarmid`` are the two tails
    that may fail with probability ``delta``. ``below`` is the share of label vectors that are
    fitted with less than ``average``, ``below_given`` the share whose law for given labels is.
    """
    n, delta = params["n"], params["delta"]
    X = generic(n, params["d"], rng=seed).X
    labels = [np.array(y) for y in product((-1.0, 1.0), repeat=n)]
    fit = np.array([np.linalg.norm(linear_interpolant(X, y)) for y in labels])
    given = np.array([linear_law(X, y).value for y in labels])
    unit = linear_rademacher(X, exact=True)
    average = rademacher_law(1.0, unit).value
    order = np.argsort(fit)
    return {
        "fit": fit[order],
        "given": given[order],
        "average": average,
        "markov": rademacher_law(1.0, unit, delta=delta).value,
        "mcdiarmid": rademacher_law(1.0, unit, n, delta=delta).value,
        "below": float(np.mean(fit < average)),
        "below_given": float(np.mean(given < average)),
    }
