"""The law of the training residuals, with an atom where points are fitted exactly."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lipkit import _validate
from lipkit.theory.adversarial_features._answer import AsymptoticRisk


def residual_law(answer: AsymptoticRisk, r: ArrayLike) -> Any:
    r"""The share of training points whose absolute residual is at most r, in the limit.

    .. math:: |\hat r| = \tfrac{p}{1+p}\,A\,(|Z| - \nu)_+, \qquad
              P(|\hat r| \le r) = \mathrm{erf}\Bigl(\tfrac{1}{\sqrt2}
              \bigl(\nu + \tfrac{1+p}{p}\,\tfrac{r}{A}\bigr)\Bigr)

    for an ``answer`` of :func:`asymptotic_risk` or :func:`linear_adversarial_theory`: the atom at 0
    is its ``interpolated_fraction``. In the zero phase the residuals are the labels; in exact
    recovery all are 0. Floats or arrays, shape of the answer and then that of ``r``; 0 for negative
    ``r``. Raises ``ValueError`` for an ``r`` that is not finite. [Derived, digest 3.4 and 5.4.]

    >>> from lipkit.theory.adversarial_features import asymptotic_risk
    >>> risk = asymptotic_risk(4, 2, tau2=0.25, eps=0.5)
    >>> residual_law(risk, [-0.1, 0.0, 0.5]).round(4)
    array([0.    , 0.7029, 0.9898])
    """
    r = _validate.real_array(r, "r")
    nu, p, risk, zero, exact = (
        np.expand_dims(np.asarray(value), tuple(range(np.ndim(value), np.ndim(value) + r.ndim)))
        for value in (
            answer.nu, answer.p, answer.standard_risk, answer.zero_phase, answer.exact_recovery
        )
    )  # fmt: skip
    free = np.where(zero | exact, 1.0, p / (1 + p))  # how far a residual follows the left-out one
    size = free * np.sqrt(np.where(exact, 1.0, risk))
    below = special.erf((np.where(exact, 0.0, nu) + r / size) / math.sqrt(2))
    share = np.where(r < 0, 0.0, np.where(exact, 1.0, below))
    return share if share.ndim else float(share)
