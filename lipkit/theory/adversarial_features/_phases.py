"""Where training ends in the zero model."""

from typing import Any

from numpy.typing import ArrayLike

from lipkit.networks import Activation, ActivationConstants
from lipkit.theory.adversarial_features._border import broadcast, constants, shaped
from lipkit.theory.adversarial_features._problem import Problem
from lipkit.theory.adversarial_features._solve import zero_threshold


def eps_max(
    psi1: ArrayLike,
    psi2: ArrayLike,
    tau2: ArrayLike,
    *,
    activation: str | Activation | ActivationConstants = "relu",
) -> Any:
    r"""The l2 radius from which on adversarial training switches the model off.

    .. math:: \varepsilon_{\max}^2 = \frac{\pi}{2(1+\tau^2)}\Bigl\{\psi_1[1 - \kappa_J m(\kappa_J)]
              + \frac{1+\tau^2}{\psi_2}\psi_1[1 + (\kappa - \kappa_J) m(\kappa_J)]\Bigr\}

    A ridge does not move it. The arguments broadcast; a float or float64 array. Raises
    ``ValueError`` for an argument out of range. [Derived, digest 5.5.]

    >>> round(eps_max(2, 2, 0.25), 10)
    1.2648361527
    """
    found = constants(activation)
    columns, shape = broadcast(psi1=psi1, psi2=psi2, tau2=tau2, kappa=found.kappa,
                               kappa_j=found.kappa_j, eps=0.0, ridge=0.0)  # fmt: skip
    return shaped(zero_threshold(Problem.of(columns)), shape)
