"""The interpolator of least gradient, the limit of small attacks."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit.networks import Activation, ActivationConstants
from lipkit.theory.adversarial_features._answer import RiskAndGradient
from lipkit.theory.adversarial_features._border import broadcast, constants, refuse, shaped
from lipkit.theory.adversarial_features._problem import Problem
from lipkit.theory.adversarial_features._solve import plateau


def min_gradient_interpolator_theory(
    psi1: ArrayLike,
    psi2: ArrayLike,
    tau2: ArrayLike,
    *,
    activation: str | Activation | ActivationConstants = "relu",
) -> RiskAndGradient:
    r"""The interpolator with the smallest :math:`\|J\theta\|_2`, in the limit.

    .. math:: \lim_{\varepsilon \to 0} \hat\theta^{\varepsilon}
              = \arg\min\{\|J\theta\|_2 : \theta^\top\sigma(Wx_i) = y_i \text{ for all } i\}

    which adversarial training already is for attacks below a threshold. It is not the interpolator
    of least :math:`\|\theta\|_2`. Risk with noise; the gradient in l2. The arguments broadcast.
    Raises ``ValueError`` unless psi1 > psi2: otherwise nothing interpolates.
    [Derived, digest 5.6 and 6.3.]

    >>> risk, gradient = min_gradient_interpolator_theory(4, 2, 0.25)
    >>> round(risk, 10), round(gradient, 10)
    (0.9531220401, 1.2182082228)
    """
    found = constants(activation)
    columns, shape = broadcast(psi1=psi1, psi2=psi2, tau2=tau2, eps=1.0, ridge=0.0,
                               kappa=found.kappa, kappa_j=found.kappa_j)  # fmt: skip
    psi1 = columns["psi1"]
    refuse(
        psi1 <= columns["psi2"], "psi1", psi1, "more than psi2: nothing interpolates below", shape
    )
    solution = plateau(Problem.of(columns))
    failed = np.isnan(solution.risk)
    if failed.any():
        raise RuntimeError(
            f"psi1: got {psi1[failed][0]:.17g} and psi2 {columns['psi2'][failed][0]:.17g}, expected"
            " them apart by more than rounding: the risk is infinite where they meet"
        )
    return RiskAndGradient(shaped(solution.risk, shape), shaped(solution.grad_norm, shape))
