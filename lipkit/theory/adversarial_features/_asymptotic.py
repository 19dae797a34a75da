"""The exact asymptotics of adversarially trained random features."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

from lipkit._validate import Array
from lipkit.networks import Activation, ActivationConstants
from lipkit.theory.adversarial_features._answer import AsymptoticRisk
from lipkit.theory.adversarial_features._answer import adversarial_risk as robust
from lipkit.theory.adversarial_features._border import (
    broadcast,
    check_pair,
    constants,
    describe,
    refuse,
    shaped,
)
from lipkit.theory.adversarial_features._columns import Index, Mask
from lipkit.theory.adversarial_features._problem import Problem
from lipkit.theory.adversarial_features._solve import (
    FITTED,
    Solution,
    blurred,
    interior,
    plateau,
    zero_threshold,
)
from lipkit.theory.adversarial_features._threshold import Threshold


def asymptotic_risk(
    psi1: ArrayLike,
    psi2: ArrayLike,
    *,
    tau2: ArrayLike,
    eps: ArrayLike,
    eps_test: ArrayLike | None = None,
    ridge: ArrayLike = 0.0,
    activation: str | Activation | ActivationConstants = "relu",
) -> AsymptoticRisk:
    r"""What adversarial training of random features ends in, as d goes to infinity.

    .. math:: \hat\theta = \arg\min_\theta \frac1{2n}\sum_i \max_{\|\delta_i\|_2 \le \varepsilon}
              \bigl(y_i - \theta^\top\sigma(W(x_i + \delta_i))\bigr)^2
              + \tfrac{\lambda_r}{2}\|\theta\|_2^2

    for N features on the unit sphere, n points :math:`x_i \sim N(0, I_d)`,
    :math:`N/d \to \psi_1`, :math:`n/d \to \psi_2`, a linear teacher of norm 1 and noise of variance
    ``tau2``. l2 attacks: of radius ``eps`` in training, ``eps_test`` in the test (``None``: the
    same). ``ridge`` is :math:`\lambda_r`. All numbers broadcast; float64.

    The paper proves the shifted ReLU without a ridge; other activations and the ridge are derived
    here and checked by simulation. The equations are the paper's five-variable problem reduced to
    two unknowns, ν and p.

    Raises ``ValueError`` for an argument out of range, with its index (``eps = 0`` is another
    model: see :func:`rf_ridge_theory`), and ``RuntimeError`` with the parameters where not exactly
    one root is found. [Hassani and Javanmard 2024, Thm 4.2; digest, sections 4 and 5.]

    >>> risk = asymptotic_risk(4, 2, tau2=0.25, eps=0.5)
    >>> round(risk.standard_risk, 7), round(risk.grad_norm, 7), round(risk.adversarial_risk, 7)
    (0.8530552, 1.0597282, 1.9147609)
    """
    found = constants(activation)
    return adversarial_rf_theory(
        psi1, psi2, tau2, eps, found.kappa, found.kappa_j, ridge, found.mu1, eps_test=eps_test
    )


def adversarial_rf_theory(
    psi1: ArrayLike,
    psi2: ArrayLike,
    tau2: ArrayLike,
    eps: ArrayLike,
    kappa: ArrayLike,
    kappa_j: ArrayLike,
    ridge: ArrayLike = 0.0,
    mu1: float | None = None,
    *,
    eps_test: ArrayLike | None = None,
) -> AsymptoticRisk:
    r""":func:`asymptotic_risk` for a pair :math:`\kappa, \kappa_J` instead of an activation.

    ``mu1`` is needed with a ridge, which enters as :math:`\lambda_r/\mu_1^2`. Raises like
    :func:`asymptotic_risk`, and for :math:`\kappa_J < 2\kappa`, which no activation has.

    >>> pair = adversarial_rf_theory(4, 2, 0.25, 0.5, kappa=1 - 2 / np.pi, kappa_j=1.0)
    >>> round(pair.adversarial_risk, 7)
    1.9147609
    """
    columns, shape = broadcast(
        psi1=psi1, psi2=psi2, tau2=tau2, eps=eps, kappa=kappa, kappa_j=kappa_j, ridge=ridge,
        eps_test=eps if eps_test is None else eps_test,
    )  # fmt: skip
    test = columns.pop("eps_test")
    check_pair(columns["kappa"], columns["kappa_j"], shape)
    if mu1 is None and (columns["ridge"] > 0).any():
        raise ValueError("mu1: got None, expected a number with ridge > 0: it sets the scale")
    columns["ridge"] = columns["ridge"] / (1.0 if mu1 is None else mu1**2)
    return theory(Problem.of(columns), test, shape)


def theory(problem: Problem, eps_test: Array, shape: tuple[int, ...]) -> AsymptoticRisk:
    """The answer for checked columns."""
    refuse(
        problem.eps == 0,
        "eps",
        problem.eps,
        "a positive number: the limit of small eps is min_gradient_interpolator_theory for "
        "psi1 > psi2, and eps = 0 itself is rf_ridge_theory",
        shape,
    )
    zero = problem.eps >= zero_threshold(problem) * (1 - 1e-12)
    solution = Solution.empty(len(zero))
    live = np.flatnonzero(~zero)
    fitted = np.zeros_like(zero)
    wide = live[problem.psi1[live] > problem.psi2[live]]
    if len(wide):
        flat = plateau(problem[wide])
        keep = flat.nu > FITTED
        solution.put(wide[keep], flat[keep])
        fitted[wide[keep]] = True
    rest = live[~fitted[live]]
    if len(rest):
        solution.put(rest, interior(problem[rest]))
        _check(problem[rest], solution[rest], rest, shape)
    values = _report(problem, solution, zero, fitted, eps_test)
    return AsymptoticRisk(**{name: shaped(value, shape) for name, value in values.items()})


def _check(problem: Problem, solution: Solution, rest: Index, shape: tuple[int, ...]) -> None:
    found = np.isfinite(solution.risk + solution.grad_norm + solution.nu)
    failed = np.flatnonzero(~found | blurred(problem, solution))
    if len(failed):
        names = ("psi1", "psi2", "tau2", "eps", "kappa", "kappa_j", "ridge")
        first = failed[0]
        index = tuple(map(int, np.unravel_index(int(rest[first]), shape)))
        got = describe(names, (getattr(problem, name)[first] for name in names))
        raise RuntimeError(
            f"expected exactly one root of the two scalar equations, found none or several at "
            f"index {index}: {got} (ridge over mu1^2); where psi1 = psi2 rounding hides it for "
            "small eps: take a larger eps, or move psi1 off psi2"
        )


def _report(
    problem: Problem, solution: Solution, zero: Mask, fitted: Mask, eps_test: Array
) -> dict[str, Any]:
    null, sigma2 = 1.0 + problem.tau2, problem.sigma2
    nu, p, s = solution.nu, solution.p, np.where(zero, 0.0, solution.grad_norm)
    threshold = Threshold.at(np.where(zero, 1.0, nu))
    risk = np.where(zero, null, solution.risk)
    a, c, degrees = np.sqrt(risk), problem.eps * s, threshold.degrees(p)
    alpha2, q = np.maximum(risk - sigma2, 0.0), p * degrees
    mse = np.where(zero, null, risk * threshold.residual2(p))
    absolute = a * threshold.residual(p)
    objective = np.where(zero, null, mse + 2 * c * absolute + c**2) / 2
    return {
        "standard_risk": risk,
        "adversarial_risk": robust(risk, s, eps_test),
        "grad_norm": s,
        "nu": np.where(zero, 0.0, nu),
        "p": p,
        "lam": solution.lam,
        "alpha2": alpha2,
        "sigma2": sigma2,
        "beta": solution.eta * q,
        "tau_g": solution.eta * degrees,
        "tau_q": q * np.sqrt(alpha2),
        "gamma": solution.omega1 * q * s,
        "interpolated_fraction": np.where(zero, 0.0, special.erf(nu / np.sqrt(2))),
        "train_objective": objective,
        "train_mse": mse,
        "zero_phase": zero,
        "plateau": fitted,
        "exact_recovery": np.zeros_like(zero),
        "eps_test": eps_test,
    }
