"""The shortest image of a sign vector, found by looking at all, beside its shadow."""

import math
from typing import Any

import numpy as np

from lipkit.experiments._registry import experiment
from lipkit.theory.gaussian_comparison import sign_minimum, sign_shadow

SHADOW_LIMIT = 1 - math.sqrt(2 / math.pi)


@experiment(
    sizes={
        "test": {"dims": (2, 4, 8)},
        "quick": {"dims": (4, 8, 12, 16)},
        "standard": {"dims": (4, 6, 8, 10, 12, 14, 16, 18, 20, 22)},
        "full": {"dims": (4, 8, 12, 16, 20, 24, 26)},
    },
    seeds={"test": 3, "quick": 10, "standard": 100, "full": 100},
)
def sign_vectors(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""For square Gaussian matrices G and every d of ``dims``, over :math:`\sqrt d`, rounded.

    ``least`` :math:`\min\|Gv\|_2/\sqrt d` over all :math:`v\in\{\pm1\}^d`, exact, and ``shadow``
    :math:`(\|g\|_2 - \|h\|_1/\sqrt d)_+` of two independent vectors.
    """
    rngs = [np.random.default_rng([seed, d]) for d in params["dims"]]
    rows = [_pair(rng, d) for rng, d in zip(rngs, params["dims"], strict=True)]
    least, shadow = np.array(rows).T.round(8)
    return {"least": least, "shadow": shadow}


def _pair(rng: np.random.Generator, d: int) -> tuple[float, float]:
    least = float(sign_minimum(rng.normal(size=(d, d))))
    cast = float(sign_shadow(rng.normal(size=d), rng.normal(size=d)))
    return least / math.sqrt(d), cast / math.sqrt(d)
