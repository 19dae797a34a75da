"""The floor of random labels against the dimension: what any function pays."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import dimension_law, interpolation_floor

DIMS = (2, 3, 5, 10, 20, 50, 100, 200, 500)


@experiment(
    sizes={
        "test": {"n": 30, "dims": (2, 10)},
        "quick": {"n": 1000, "dims": DIMS},
        "standard": {"n": 4000, "dims": DIMS},
        "full": {"n": 20_000, "dims": DIMS},
    }
)
def floor_by_dimension(params: dict[str, Any], seed: int) -> dict[str, Array]:
    r"""``floor``: the flattest any function through n random labels on the sphere can be, for each
    of the ``dims``; ``law``: what the dimension forces on any n points of the unit ball."""
    n, dims = params["n"], params["dims"]
    return {
        "d": np.array(dims),
        "floor": np.array([interpolation_floor(*generic(n, d, rng=seed)).value for d in dims]),
        "law": np.array([dimension_law(n, d).value for d in dims]),
    }
