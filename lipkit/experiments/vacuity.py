"""The law of a whole weight-bounded class against the budget: where it bites, nothing fits."""

from typing import Any

import numpy as np

from lipkit import _validate
from lipkit.data import Points, four_points, generic
from lipkit.experiments._registry import experiment
from lipkit.theory.rademacher import neuron_rademacher, relu_neuron_sup
from lipkit.theory.robustness_law import interpolation_floor, whole_class_law

BUDGETS = tuple(float(budget) for budget in np.geomspace(0.1, 100, 61))


CIRCLE: dict[str, Any] = {"points": "circle", "n": 50, "budgets": BUDGETS}


@experiment(
    sizes={
        "test": {"points": "circle", "n": 8, "budgets": (0.1, 1.0, 9.0), "draws": 50, "labels": 20},
        "quick": CIRCLE | {"draws": 2000, "labels": 200},
        "standard": CIRCLE | {"draws": 20_000, "labels": 2000},
        "full": CIRCLE | {"draws": 200_000, "labels": 20_000},
    }
)
def vacuity(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Two-layer ReLU networks, :math:`\|a\|_2 \le A`, :math:`\|w_\ell\|_2 \le B`, in the plane.

    The ``budget`` is :math:`AB\sqrt k`. ``given``: the law :math:`n/(AB\sqrt k\,\nu(y))` for the
    labels at hand; ``averaged``: :math:`1/(AB\sqrt k\,\rho_1)`, an average over labels;
    ``can_fit``: 1 where a fit is not excluded, 0 where it is; ``edge``: the budget where that
    changes. There ``given`` is 1, and ``averaged`` is :math:`\nu(y)/\mathbb E \nu`, which
    ``at_edge`` holds for many random labels. ``rho`` is :math:`\rho_1` with its ``half_width``.
    ``points`` is "circle" (n uniform points of it, both labels) or "sq4" (the four points SQ4, n is
    ignored and :math:`\rho_1` is exact).
    """
    exact = _validate.one_of(params["points"], "points", ("circle", "sq4")) == "sq4"
    X, y = four_points() if exact else _circle(params["n"], seed)
    rho = neuron_rademacher(X, params["draws"], exact=exact, rng=np.random.default_rng([seed, 1]))
    signs = np.random.default_rng([seed, 2]).choice([-1.0, 1.0], size=(params["labels"], len(y)))
    nu = np.array([relu_neuron_sup(X, s).value for s in (y, *signs)])
    budgets = np.array(params["budgets"])
    laws = [whole_class_law(X, y, 1, budget, 1.0) for budget in budgets]
    return {
        "budget": budgets,
        "given": np.array([law.value for law in laws]),
        "averaged": 1 / (budgets * rho.mean),
        "can_fit": np.array([float(law.details["can_fit"]) for law in laws]),
        "edge": len(y) / nu[0],
        "at_edge": nu[1:] / (len(y) * rho.mean),
        "own_edge": nu[0] / (len(y) * rho.mean),
        "rho": rho.mean,
        "half_width": rho.half_width,
        "floor": interpolation_floor(X, y).value,
    }


def _circle(n: int, seed: int) -> Points:
    """n points of the circle with both labels."""
    X, y = generic(n, 2, rng=seed)
    y[:2] = [1.0, -1.0]
    return Points(X, y)
