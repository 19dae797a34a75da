"""What the theory says of a trained model."""

from dataclasses import dataclass
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lipkit.theory.adversarial_features._border import broadcast, shaped


@dataclass(frozen=True)
class AsymptoticRisk:
    r"""The limits of one trained model, or of many: floats, or arrays of the broadcast shape.

    ``standard_risk`` is :math:`A^2`, ``grad_norm`` :math:`s = \lim\|\nabla_x f\|_2`, and
    ``adversarial_risk`` belongs to ``eps_test``; all risks include the noise :math:`\tau^2`, and
    the null predictor has :math:`1 + \tau^2`. ``sigma2`` is the irreducible risk of the class and
    ``alpha2`` the excess over it. ``nu`` is the soft threshold over A, ``p`` the slope of the
    proximal map, ``lam`` the share of the covariance in the effective penalty; ``beta``, ``tau_g``,
    ``tau_q``, ``gamma`` are the paper's variables. ``interpolated_fraction`` of the training points
    is fitted exactly, ``train_mse`` is the clean training error and ``train_objective`` half the
    mean adversarial training loss, without a ridge term.

    ``zero_phase``: the trained model is 0, and the multipliers ``p``, ``lam``, ``beta``, ``tau_g``,
    ``tau_q``, ``gamma`` are not determined: NaN. ``plateau``: all training points are fitted, and
    without a ridge nothing but the multipliers depends on eps. ``exact_recovery`` (linear theory
    only): the trained model is the teacher; ``nu`` and the multipliers are NaN.
    """

    standard_risk: Any
    adversarial_risk: Any
    grad_norm: Any
    nu: Any
    p: Any
    lam: Any
    alpha2: Any
    sigma2: Any
    beta: Any
    tau_g: Any
    tau_q: Any
    gamma: Any
    interpolated_fraction: Any
    train_objective: Any
    train_mse: Any
    zero_phase: Any
    plateau: Any
    exact_recovery: Any
    eps_test: Any


class RiskAndGradient(NamedTuple):
    """The standard risk (noise included) and the gradient norm: floats or arrays."""

    standard_risk: Any
    grad_norm: Any


def adversarial_risk(standard_risk: ArrayLike, grad_norm: ArrayLike, eps_test: ArrayLike) -> Any:
    r"""The robust risk of a residual :math:`N(0, A^2)` and a gradient of l2 norm s.

    .. math:: \mathrm{AR} = \mathbb E(|AZ| + \varepsilon s)^2
              = A^2 + 2\sqrt{2/\pi}\,\varepsilon s A + \varepsilon^2 s^2

    Attacks of l2 radius ``eps_test``; the arguments broadcast; ``inf`` passes through. Increasing
    in each argument. Raises ``ValueError`` for a negative or NaN argument.
    [Hassani and Javanmard 2024, Thm 4.2 (b), rewritten in A and s.]

    >>> round(adversarial_risk(0.25, 1.0, 0.5), 12)
    0.898942280401
    """
    given = {"standard_risk": standard_risk, "grad_norm": grad_norm}
    infinite = {name: np.isposinf(np.asarray(value, float)) for name, value in given.items()}
    finite = {name: np.where(infinite[name], 1.0, value) for name, value in given.items()}
    columns, shape = broadcast(**finite, eps_test=eps_test)
    risk, s, eps = columns["standard_risk"], columns["grad_norm"], columns["eps_test"]
    total = risk + 2 * np.sqrt(2 / np.pi * risk) * eps * s + (eps * s) ** 2
    endless = infinite["standard_risk"] | (infinite["grad_norm"] & (np.asarray(eps_test) > 0))
    total = np.where(np.broadcast_to(endless, shape).ravel(), np.inf, total)
    return shaped(total, shape)
