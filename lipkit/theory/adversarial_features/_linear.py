"""Adversarial linear regression, exactly: the case without hidden features."""

from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lipkit._validate import Array
from lipkit.theory.adversarial_features._answer import AsymptoticRisk
from lipkit.theory.adversarial_features._asymptotic import theory
from lipkit.theory.adversarial_features._border import broadcast, shaped
from lipkit.theory.adversarial_features._problem import Problem
from lipkit.theory.adversarial_features._resolvents import all_ones
from lipkit.theory.adversarial_features._threshold import Threshold


def linear_adversarial_theory(
    n_over_d: ArrayLike, tau2: ArrayLike, eps: ArrayLike, *, eps_test: ArrayLike | None = None
) -> AsymptoticRisk:
    r"""What adversarial linear regression ends in, as d goes to infinity.

    .. math:: \hat\theta = \arg\min_\theta \tfrac1{2n}\sum_i
              (|y_i - \langle x_i, \theta\rangle| + \varepsilon\|\theta\|_2)^2,
              \qquad y_i = \langle x_i, \beta\rangle + \xi_i

    with :math:`x_i \sim N(0, I_d)`, :math:`\|\beta\|_2 = 1` and noise of variance ``tau2``. The
    inner maximum over l2 attacks is exact here. Without noise, for n > d and eps up to
    :func:`exact_recovery_threshold`, the answer is the teacher itself: ``exact_recovery``; for
    n = d that is only the limit of small eps, and below about 1e-6 rounding hides the root. The
    arguments broadcast. Raises like :func:`asymptotic_risk`, ``RuntimeError`` in that last case.
    [Derived, digest 6.2.]

    >>> risk = linear_adversarial_theory(3, 0.25, 0.25)
    >>> round(risk.standard_risk, 10), round(risk.grad_norm, 10)
    (0.3601237572, 0.9234630304)
    """
    columns, shape = broadcast(
        n_over_d=n_over_d, tau2=tau2, eps=eps, eps_test=eps if eps_test is None else eps_test
    )
    ratio, tau2, eps, test = columns.values()
    recovered = (tau2 == 0) & (ratio > 1) & (eps <= _threshold(ratio))
    one, nothing = np.ones_like(ratio), np.zeros_like(ratio)
    # Recovered entries are solved with some noise, and overwritten below.
    problem = Problem(one, ratio, np.where(recovered, 1.0, tau2), eps, nothing, nothing, nothing,
                      all_ones)  # fmt: skip
    answer = theory(problem, test, shape)
    return (
        _overwrite(answer, recovered.reshape(shape), eps.reshape(shape))
        if recovered.any()
        else answer
    )


def exact_recovery_threshold(n_over_d: ArrayLike) -> Any:
    r"""Up to this l2 radius noiseless adversarial linear regression returns the teacher.

    .. math:: \varepsilon_*^2 = \frac{\mathbb E(|Z| - \nu)_+}{\nu\,\delta},
              \qquad P(|Z| \le \nu) = 1/\delta, \quad \delta = n/d

    0 for :math:`\delta \le 1`; below :math:`\sqrt{2/\pi}`. Broadcasts; raises ``ValueError`` unless
    positive. [Derived, digest 6.2.]

    >>> round(exact_recovery_threshold(3.0), 7)
    0.5835636
    """
    columns, shape = broadcast(n_over_d=n_over_d)
    return shaped(_threshold(columns["n_over_d"]), shape)


def _threshold(ratio: Array) -> Array:
    enough = ratio > 1
    nu = np.sqrt(2) * special.erfinv(1 / np.where(enough, ratio, 2.0))
    return np.where(enough, np.sqrt(Threshold.at(nu).excess / (nu * np.maximum(ratio, 1))), 0.0)


def _overwrite(answer: AsymptoticRisk, recovered: Array, eps: Array) -> AsymptoticRisk:
    test = np.asarray(answer.eps_test)
    exact: dict[str, Any] = {
        "standard_risk": 0.0, "adversarial_risk": test**2, "grad_norm": 1.0, "alpha2": 0.0,
        "sigma2": 0.0, "interpolated_fraction": 1.0, "train_objective": eps**2 / 2,
        "train_mse": 0.0, "exact_recovery": True, "zero_phase": False, "plateau": False,
    } | dict.fromkeys(("nu", "p", "lam", "beta", "tau_g", "tau_q", "gamma"), np.nan)  # fmt: skip
    changed = {
        name: np.where(recovered, value, getattr(answer, name)) for name, value in exact.items()
    }
    return replace(answer, **{k: v if v.ndim else v.item() for k, v in changed.items()})
