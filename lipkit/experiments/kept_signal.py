"""Where the fit of a wide model goes: the part of the teacher that it keeps, and the rest."""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lipkit._validate import Array
from lipkit.networks import activation_constants
from lipkit.theory.adversarial_features import (
    asymptotic_risk,
    effective_ridge,
    mp_resolvent,
    rf_trace_coeffs,
)


class Split(NamedTuple):
    r"""What becomes of the teacher: arrays of the broadcast shape.

    ``kept`` is :math:`\beta\cdot a`, the share of the teacher in the linear part
    :math:`a = \mu_1W^\top\theta`; ``nonlinear`` is the variance :math:`\mu_*^2\|\theta\|_2^2` of
    the rest of the model; ``standard`` and ``grad_norm`` are the risk :math:`A^2` with noise and
    the l2 gradient norm s.
    """

    kept: Array
    nonlinear: Array
    standard: Array
    grad_norm: Array


def attacked_split(
    psi1: ArrayLike,
    psi2: float,
    tau2: float,
    eps: ArrayLike,
    ridge: ArrayLike = 0.0,
    activation: str = "shifted_relu",
) -> Split:
    r"""The limit of the convex surrogate, split; l2 radius ``eps``, penalty ``ridge``.

    .. math:: \beta\cdot a \to \mathrm{tr}\,\tfrac{X}{M}, \qquad \mu_*^2\|\theta\|_2^2 \to
              \kappa\,\mathrm{tr}\,\tfrac{X + \eta^2(X+\kappa)}{M^2}

    with :math:`X = WW^\top` and :math:`M = X + \kappa + \omega_1(X+\kappa_J) + \omega_2`. Where
    the model is 0 both are 0. [Derived, from the effective estimator of digest 5.1.]

    >>> wide = attacked_split([3.0, 30.0, 3000.0], 4, 0.01, 0.25)
    >>> wide.kept.round(3), wide.nonlinear.round(3)
    (array([0.737, 0.28 , 0.004]), array([0.184, 0.074, 0.001]))
    """
    c = activation_constants(activation)
    psi1, eps, ridge = np.broadcast_arrays(*(np.asarray(a, float) for a in (psi1, eps, ridge)))
    r = asymptotic_risk(psi1, psi2, tau2=tau2, eps=eps, ridge=ridge, activation=activation)
    live = ~np.asarray(r.zero_phase)
    # (E1): p d_f is tau_q over alpha, and the degrees of freedom are tau_g over eta
    q = np.where(live, r.tau_q / np.sqrt(np.maximum(r.alpha2, 1e-300)), 1.0)
    omega1 = np.where(live, (1 - r.lam) / np.where(live, r.lam, 1.0), 1.0)
    eta2 = np.where(live, (r.beta / q) ** 2, 0.0)
    kept, spread = _traces(psi1, omega1, ridge / (c.mu1**2 * q), eta2, c.kappa, c.kappa_j)
    return Split(kept * live, spread * live, np.asarray(r.standard_risk), np.asarray(r.grad_norm))


def plain_split(
    psi1: ArrayLike,
    psi2: float,
    tau2: float,
    ridge: ArrayLike = 0.0,
    activation: str = "shifted_relu",
) -> Split:
    r"""The same for ridge regression, without attacks; at 0 the fit of least norm.

    With a risk of infinity where :math:`\psi_1=\psi_2` and there is no ridge.
    [Derived, digest 6.1.]

    >>> plain_split([3.0, 30.0, 3000.0], 4, 0.01).kept.round(3)
    array([0.855, 0.895, 0.895])
    """
    c = activation_constants(activation)
    psi1, ridge = np.broadcast_arrays(*(np.asarray(a, float) for a in (psi1, ridge)))
    omega = np.asarray(effective_ridge(psi1, psi2, ridge, activation=c))
    t = rf_trace_coeffs(0.0, omega, psi1, c.kappa, c.kappa_j)
    least = tau2 + 1 - t.B + t.a0
    with np.errstate(divide="ignore"):
        eta2 = least / np.maximum(psi2 - t.a1, 0.0)
    kept, spread = _traces(psi1, np.zeros_like(omega), omega, eta2, c.kappa, c.kappa_j)
    return Split(kept, spread, least + eta2 * t.a1, np.sqrt(t.b0 + eta2 * t.b1))


def _traces(
    psi1: Array, omega1: Array, omega2: Array, eta2: Array, kappa: float, kappa_j: float
) -> tuple[Array, Array]:
    lam = 1 / (1 + omega1)
    mixed = lam * (kappa + omega1 * kappa_j + omega2)
    m, m2 = (np.asarray(part) for part in mp_resolvent(mixed, psi1))
    kept = lam * psi1 * (1 - mixed * m)
    signal, noise = m - mixed * m2, m + (kappa - mixed) * m2
    return kept, kappa * lam**2 * psi1 * (signal + eta2 * noise)
