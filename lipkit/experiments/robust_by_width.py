"""The explorer of the curse: robust risk against width, and what becomes of the teacher."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import optimize

from lipkit.experiments.kept_signal import Split, attacked_split, plain_split
from lipkit.theory.adversarial_features import adversarial_risk

PSI2, EPS_TEST = 4.0, 0.25
STOPS = (0.3, 1.0, 2.0, 3.0, 5.0, 8.0, 15.0, 30.0, 100.0, 300.0, 1e3, 1e4)
RADII = (0.02, 0.1, 0.25, 0.5, 0.9)
RIDGES = (0.0, 0.1, 1.0, 10.0)
WIDTHS = np.unique(np.concatenate([np.geomspace(0.3, 1e4, 46), STOPS]))


def robust_by_width(psi1: float, eps: float, ridge: float, tau2: float) -> dict[str, Any]:
    r"""Limits at l2 test radius 1/4 and four points per input, for the shifted ReLU.

    Curves over ``width``: robust risk ``attacked`` of the convex surrogate for radius ``eps`` and
    ``plain`` of least squares, both with the penalty ``ridge``; ``kept_attacked``, ``kept_plain``:
    the share of the teacher in their linear parts. The same at ``psi1``, with ``_here``. ``null``
    is the risk of the model 0, ``linear`` that of the best multiple of the teacher.
    """
    attacked, plain = _attacked(eps, ridge, tau2), _plain(ridge, tau2)
    here = int(np.argmin(np.abs(np.log(WIDTHS / psi1))))
    if math.isclose(WIDTHS[here], psi1):
        own = Split(*(x[here] for x in attacked)), Split(*(x[here] for x in plain))
    else:
        own = attacked_split(psi1, PSI2, tau2, eps, ridge), plain_split(psi1, PSI2, tau2, ridge)
    return {
        "width": WIDTHS,
        "attacked": _robust(attacked),
        "plain": _robust(plain),
        "kept_attacked": attacked.kept,
        "kept_plain": plain.kept,
        "attacked_here": float(_robust(own[0])),
        "plain_here": float(_robust(own[1])),
        "kept_attacked_here": float(own[0].kept),
        "kept_plain_here": float(own[1].kept),
        "null": 1.0 + tau2,
        "linear": best_linear(tau2, EPS_TEST)[1],
    }


def best_linear(tau2: float, eps: float) -> tuple[float, float]:
    r"""The multiple c of a teacher of length 1 with the least robust risk, and that risk.

    .. math:: \min_c\ \mathbb E(|AZ|+\varepsilon|c|)^2, \qquad A^2=\tau^2+(1-c)^2

    Exact for linear models, l2 attacks of radius ``eps``; a part across the teacher would raise
    both A and the slope. [Derived, digest section 12, exercise 8.]

    >>> c, risk = best_linear(0.01, 0.25)
    >>> round(c, 4), round(risk, 4)
    (0.9716, 0.1101)
    """
    found = optimize.minimize_scalar(
        lambda c: float(adversarial_risk(tau2 + (1 - c) ** 2, c, eps)),
        bounds=(0, 1), method="bounded", options={"xatol": 1e-10},
    )  # fmt: skip
    return float(found.x), float(found.fun)


def _robust(split: Split) -> Any:
    return adversarial_risk(split.standard, split.grad_norm, EPS_TEST)


@lru_cache(maxsize=8)
def _listed(tau2: float) -> Split:
    """All radii and ridges of the page at once: much faster than one after the other."""
    eps, ridge = np.array(RADII)[:, None, None], np.array(RIDGES)[:, None]
    return attacked_split(WIDTHS, PSI2, tau2, eps, ridge)


@lru_cache(maxsize=256)
def _attacked(eps: float, ridge: float, tau2: float) -> Split:
    if eps in RADII and ridge in RIDGES:
        place = RADII.index(eps), RIDGES.index(ridge)
        return Split(*(x[place] for x in _listed(tau2)))
    return attacked_split(WIDTHS, PSI2, tau2, eps, ridge)


@lru_cache(maxsize=64)
def _plain(ridge: float, tau2: float) -> Split:
    return plain_split(WIDTHS, PSI2, tau2, ridge)
