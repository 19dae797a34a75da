"""The trace coefficients of the effective estimator, one by one."""

from typing import Any, NamedTuple

from numpy.typing import ArrayLike

from lipkit.theory.adversarial_features._border import broadcast, check_pair, shaped
from lipkit.theory.adversarial_features._problem import Estimator, Problem


class TraceCoefficients(NamedTuple):
    r"""``D``, ``a0``, ``a1``, ``b0``, ``b1``, ``B`` and ``kappa_mix``: floats or arrays."""

    D: Any
    a0: Any
    a1: Any
    b0: Any
    b1: Any
    B: Any
    kappa_mix: Any


def rf_trace_coeffs(
    omega1: ArrayLike, omega2: ArrayLike, psi1: ArrayLike, kappa: ArrayLike, kappa_j: ArrayLike
) -> TraceCoefficients:
    r"""Degrees of freedom, risk and gradient of the generalised ridge estimator.

    .. math:: \hat\theta = (\Omega + \omega_1 J^2 + \omega_2\mu_1^2 I)^{-1}
              (\mu_1 W\beta - \eta\,\Omega^{1/2} g/\sqrt d)

    has D degrees of freedom an input, excess risk :math:`a_0 + \eta^2 a_1`, squared gradient
    :math:`b_0 + \eta^2 b_1`; the class explains :math:`B` of the signal, and the effective ridge is
    ``kappa_mix``. The arguments broadcast. Raises ``ValueError`` for an argument out of range.
    [Derived, digest 5.1.]

    >>> import numpy as np
    >>> c = rf_trace_coeffs(0.5, 0.0, 2.0, 1 - 2 / np.pi, 1.0)
    >>> round(c.D, 10), round(c.a0, 10), round(c.b1, 10)
    (1.0123571763, 0.1248123055, 0.9671566697)
    """
    columns, shape = broadcast(
        omega1=omega1, omega2=omega2, psi1=psi1, psi2=1.0, kappa=kappa, kappa_j=kappa_j,
        tau2=0.0, eps=0.0, ridge=0.0,
    )  # fmt: skip
    weights = columns.pop("omega1"), columns.pop("omega2")
    check_pair(columns["kappa"], columns["kappa_j"], shape)
    problem = Problem.of(columns)
    found = Estimator(problem, *weights)
    sigma2 = problem.sigma2
    values = (
        *(found.degrees, found.c0 - sigma2, found.a1, found.b0, found.b1),
        *(problem.resolvent(problem.kappa, problem.psi1).x_first, found.kappa_mix),
    )
    return TraceCoefficients(*(shaped(value, shape) for value in values))
