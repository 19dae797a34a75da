"""Typical and steepest slopes of shallow random networks, for one norm of the inputs."""

from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.experiments.lp_slopes import SHALLOW, lp_slopes
from lipkit.networks import initialisation_factor
from lipkit.theory.random_relu import gradient_norm_law

DIMS = (4, 8, 16, 32, 64)
DRAWS = 40_000
FOUND = ("steepest", "steepest_low", "steepest_high", "random")


def lp_dichotomy(
    p: float, d: int = 64, init: str = "generalised_he", *, nets: int = 15, seed: int = 0
) -> dict[str, Any]:
    r"""Slopes against d for the norm p, and their ratio at one d; width eight times d, no biases.

    Medians over networks: ``steepest`` found (quartiles ``low`` and ``high``) and ``random``, the
    steepest of 2000 points, kind lower; ``typical`` is the median of the exact law at a point, from
    40 000 draws. What is found for p = 1 counts for larger p, too, since dual norms grow with p.
    ``guide`` and ``point_guide`` are the proved powers :math:`d^{\max(1/2, 1 - 1/p)}` and
    :math:`d^{1 - 1/p}` through the last values. ``init`` multiplies every slope by its factor and
    leaves ``ratio`` alone. [Derived, digest of random ReLU networks, 3.1, 3.5, 4.1.]
    """
    found, dims, at = _measured(p, nets, seed), np.array(DIMS), DIMS.index(d)
    factor = np.array([initialisation_factor(init, n, 8 * n, 1) for n in DIMS])
    slopes = {name: factor * found[name] for name in (*FOUND, "typical")}
    steepest, typical = slopes["steepest"], slopes["typical"]
    shift = float(np.log(factor[-1] / factor[0]) / np.log(DIMS[-1] / DIMS[0]))
    powers = {name: round(found[name] + shift, 9) + 0.0 for name in ("exponent", "fixed_point")}
    return {
        "inputs": dims,
        **slopes,
        "guide": steepest[-1] * (dims / dims[-1]) ** powers["exponent"],
        "point_guide": typical[-1] * (dims / dims[-1]) ** powers["fixed_point"],
        **powers,
        "steep_here": float(steepest[at]),
        "random_here": float(slopes["random"][at]),
        "typical_here": float(typical[at]),
        "ratio": float(steepest[at] / typical[at]),
    }


def steepness_by_width(
    widths: tuple[int, ...], d: int, p: float, *, nets: int = 15, seed: int = 0
) -> dict[str, Array]:
    r"""Steepest slope found (median and quartiles) and a typical one, for each width.

    Widths are multiples of d. The first three entries are those of :func:`lp_dichotomy`, kind
    lower; ``typical`` is the median of the exact law.
    """
    rows = []
    for width in widths:
        sizes = {"dims": (d // 2, d), "ratio": width // d, "nets": nets, "norms": (p,)}
        found: dict[str, Any] = lp_slopes(SHALLOW | sizes, seed)
        rows.append([*(found[name][0][-1] for name in FOUND), typical_slope(d, width, p)])
    return dict(zip((*FOUND, "typical"), np.array(rows).T, strict=True))


def typical_slope(d: int, width: int, p: float, seed: int = 0) -> float:
    r"""The median of :math:`\|\nabla f(x_0)\|_{p'}`, one hidden layer, from draws of its law."""
    return float(np.median(gradient_norm_law(d, width, 1, DRAWS, seed, p)))


@lru_cache(maxsize=32)
def _measured(p: float, nets: int, seed: int) -> dict[str, Any]:
    raw: dict[str, Any] = lp_slopes(SHALLOW | {"dims": DIMS, "nets": nets, "norms": (p,)}, seed)
    found = {name: raw[name][0] for name in FOUND}
    if p > 1:
        floor = _measured(1.0, nets, seed)
        found = {name: np.maximum(values, floor[name]) for name, values in found.items()}
    typical = np.array([typical_slope(d, 8 * d, p, seed) for d in DIMS])
    powers = {name: float(raw[name][0]) for name in ("exponent", "fixed_point")}
    return {**found, "typical": typical, **powers}
