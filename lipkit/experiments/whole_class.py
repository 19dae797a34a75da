"""The law of a whole weight-bounded class beside what that class can fit: one view."""

from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array
from lipkit.data import four_points, generic
from lipkit.theory.rademacher import relu_neuron_sup, two_layer_rademacher

POINTS = ("sq4", "circle")
WEIGHTS = np.geomspace(0.01, 100, 121)


def whole_class(
    points: str = "circle", norm: str = "l2_rows", k: int = 16, weights: float = 1.0
) -> dict[str, Any]:
    r"""Two-layer ReLU networks of k neurons in the plane, :math:`AB` = ``weights``, all labels.

    ``complexity`` is :math:`\widehat{\mathfrak R}_n`, exact, and ``law`` its reciprocal, what the
    law of the whole class promises on average over labels. ``share`` is the exact percentage of
    the :math:`2^n` label vectors that some member follows with average margin 1, without which no
    member fits; ``ceiling`` is what Markov allows, the complexity where it is below 1. The
    ``_curve`` entries are the same over the ``grid`` of :math:`AB`; ``nothing`` is the law where
    the last label vector is lost. ``points`` is "sq4" or "circle" (ten points), ``norm`` as in
    :func:`~lipkit.theory.rademacher.two_layer_rademacher`.
    Raises ``ValueError`` for other points or norms, k below 1 or weights not positive.
    [Derived, digest of the laws of robustness, 1.4, 2.1 and 2.3.]

    >>> seen = whole_class("sq4", "path", 1, 2.0)
    >>> round(seen["law"], 3), seen["share"]
    (1.468, 0.0)
    """
    nu = neuron_suprema(points)
    n = len(nu).bit_length() - 1
    rho = float(nu.mean()) / n
    weights = _validate.positive(weights, "weights")
    per_weight = float(two_layer_rademacher(1.0, k, 1.0, 1.0, norm))
    reach = per_weight * WEIGHTS
    complexity = per_weight * weights * rho
    return {
        "grid": WEIGHTS,
        "law_curve": 1 / (reach * rho),
        "share_curve": np.array([_share(nu, n, r) for r in reach]),
        "ceiling_curve": 100 * np.minimum(1, reach * rho),
        "complexity": complexity,
        "law": 1 / complexity,
        "share": _share(nu, n, per_weight * weights),
        "ceiling": 100 * min(1.0, complexity),
        "nothing": float(nu.max()) / (n * rho),
    }


@lru_cache(maxsize=2)
def neuron_suprema(points: str) -> Array:
    r""":math:`\nu(\sigma)` for every sign vector, exact; ten points of a circle, or SQ4."""
    name = _validate.one_of(points, "points", POINTS)
    X = four_points().X if name == "sq4" else generic(10, 2, rng=3).X
    signs = product((-1.0, 1.0), repeat=len(X))
    return np.array([relu_neuron_sup(X, s).value for s in signs])


def _share(nu: Array, n: int, reach: float) -> float:
    return float(100 * np.mean(reach * nu >= n * (1 - 1e-12)))
