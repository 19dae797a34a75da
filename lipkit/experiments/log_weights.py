"""What bounded weights really do in the two-layer law: they enter through a logarithm."""

from typing import Any

import numpy as np

from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import two_layer_law

WEIGHTS = tuple(float(10**e) for e in range(7))
WIDTHS = (10, 40, 160, 640, 2560)
SIZE: dict[str, Any] = {"n": 10**6, "d": 100, "weights": WEIGHTS, "widths": WIDTHS}


@experiment(
    sizes=dict.fromkeys(("test", "quick", "standard", "full"), SIZE),
    seeds=dict.fromkeys(("test", "quick", "standard", "full"), 1),
)
def log_weights(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The law against the bound A = B of the weights (k = 10), and against k (A = B = 10).

    A formula: nothing is drawn. ``conjectured`` is :math:`\sqrt{n/k}`, without its constant;
    ``slope`` is that of the law in k on log-log axes, and ``silent`` the first k at which the law
    is at most 1.
    """
    n, d = params["n"], params["d"]
    widths = np.array(params["widths"])
    by_width = np.array([two_layer_law(n, d, int(k), 10, 10).value for k in widths])
    return {
        "A": np.array(params["weights"]),
        "by_weight": np.array([two_layer_law(n, d, 10, A, A).value for A in params["weights"]]),
        "k": widths,
        "by_width": by_width,
        "conjectured": np.sqrt(n / widths),
        "slope": float(np.polyfit(np.log(widths), np.log(by_width), 1)[0]),
        "silent": float(_first_silent(n, d)),
    }


def _first_silent(n: int, d: int) -> int:
    """The law falls in k: double, then halve."""
    high = 1
    while two_layer_law(n, d, high, 10, 10).value > 1:
        high *= 2
    low = high // 2
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (
            (middle, high) if two_layer_law(n, d, middle, 10, 10).value > 1 else (low, middle)
        )
    return high
