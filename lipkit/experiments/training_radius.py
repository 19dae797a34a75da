"""The explorer of adversarial linear regression: which radius to train against."""

import math
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.theory.adversarial_features import adversarial_risk, linear_adversarial_theory

GRID = np.linspace(0.025, 2.2, 88)  # at n/d = 1/2 the model is 0 from 2.17 on, at the latest


def training_radius(ratio: float, tau2: float, eps_test: float) -> dict[str, Any]:
    r"""Limits of the risk under l2 attacks of radius ``eps_test``, against the training radius.

    ``radius`` with ``robust`` and ``standard`` risk. ``best`` is the least robust risk on this grid
    and ``best_radius`` where it is taken, the nearest to ``eps_test`` if several are; ``same`` is
    the robust risk of training against ``eps_test`` itself, ``plain`` of least squares (of least
    norm for ``ratio`` = n/d below 1), ``null`` of the model 0, ``oracle`` of the best multiple of
    the teacher, which no training reaches. All include the noise ``tau2``. Raises ``ValueError``
    for ``ratio`` 1, where least squares has no finite risk.
    """
    standard, length = _limits(ratio, tau2)
    robust = adversarial_risk(standard, length, eps_test)
    best = float(robust.min())
    ties = np.flatnonzero(robust <= best * (1 + 1e-9))
    at = GRID[ties[np.argmin(np.abs(GRID[ties] - eps_test))]]
    return {
        "radius": GRID,
        "robust": robust,
        "standard": standard,
        "best": best,
        "best_radius": float(at),
        "same": _same(ratio, tau2, eps_test),
        "plain": float(adversarial_risk(*least_squares(ratio, tau2), eps_test)),
        "null": 1.0 + tau2,
        "oracle": shrunken_teacher(tau2, eps_test),
    }


def least_squares(ratio: float, tau2: float) -> tuple[float, float]:
    r"""Limits of the risk and the length of least squares, of least norm for n/d below 1.

    .. math:: A^2 = \tau^2\tfrac{\delta}{\delta - 1},\ s^2 = 1 + \tfrac{\tau^2}{\delta - 1}
              \quad\text{or}\quad A^2 = 1 - \delta + \tfrac{\tau^2}{1 - \delta},\
              s^2 = \delta + \tfrac{\tau^2\delta}{1 - \delta}

    Unit teacher, x from N(0, I), ratio :math:`\delta = n/d`. Raises ``ValueError`` for 1.
    [Standard.]

    >>> least_squares(2.0, 0.25)[0], least_squares(0.5, 0.25)[0]
    (0.5, 1.0)
    """
    if ratio == 1:
        raise ValueError("ratio: got 1, where the risk of least squares is infinite; take another")
    extra = tau2 / abs(ratio - 1)
    if ratio > 1:
        return tau2 + extra, math.sqrt(1 + extra)
    return 1 - ratio + extra, math.sqrt(ratio * (1 + extra))


def shrunken_teacher(tau2: float, eps: float) -> float:
    r"""The least robust risk of :math:`x \mapsto c\langle\beta, x\rangle` over c in [0, 1].

    .. math:: \min_c\ A^2 + 2\sqrt{2/\pi}\,\varepsilon c A + \varepsilon^2c^2,\quad
              A^2 = \tau^2 + (1 - c)^2

    On a grid of step 1e-4, which misses the minimum by less than 1e-7. l2 attacks of radius eps,
    unit teacher. [Derived, digest of adversarial random features, exercise 8.]

    >>> round(shrunken_teacher(0.25, 0.5), 4)
    0.7871
    """
    c = np.linspace(0, 1, 10_001)
    return float(adversarial_risk(tau2 + (1 - c) ** 2, c, eps).min())


def _same(ratio: float, tau2: float, eps: float) -> float:
    near = int(np.argmin(np.abs(GRID - eps)))
    if math.isclose(GRID[near], eps):  # as all radii of the page are
        standard, length = _limits(ratio, tau2)
        return float(adversarial_risk(standard[near], length[near], eps))
    return float(linear_adversarial_theory(ratio, tau2, eps).adversarial_risk)


@lru_cache(maxsize=64)
def _limits(ratio: float, tau2: float) -> tuple[Array, Array]:
    found = linear_adversarial_theory(ratio, tau2, GRID)
    return found.standard_risk, found.grad_norm
