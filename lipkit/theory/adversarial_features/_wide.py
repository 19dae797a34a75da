"""Very wide models: what is left of the signal."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit.networks import Activation, ActivationConstants
from lipkit.theory.adversarial_features._answer import RiskAndGradient
from lipkit.theory.adversarial_features._border import broadcast, constants, shaped


def large_width_expansion(
    psi1: ArrayLike,
    psi2: ArrayLike,
    tau2: ArrayLike,
    *,
    activation: str | Activation | ActivationConstants = "relu",
) -> RiskAndGradient:
    r"""First orders in 1/psi1 of adversarial training, for any fixed eps > 0.

    .. math:: \mathrm{SR} \simeq 1 + \tau^2 - \tfrac{\psi_2}{\psi_1}
              \bigl[\tfrac{2\kappa_J}{\kappa} - (1+\tau^2)\bigr], \qquad
              s \simeq \sqrt{\tfrac{\kappa_J}{\kappa}\tfrac{\psi_2}{\psi_1}(1+\tau^2)}

    The model forgets the linear signal; with :func:`adversarial_risk` the robust risk comes down to
    the null risk from above. Errors: :math:`o(1/\psi_1)` and :math:`o(\psi_1^{-1/2})`, so use it
    for psi1 far above psi2 only. The arguments broadcast. Raises ``ValueError`` for an argument out
    of range. [Derived, digest 6.4.]

    >>> risk, gradient = large_width_expansion(10_000, 4, 0.01)
    >>> round(risk, 5), round(gradient, 5)
    (1.0082, 0.03334)
    """
    found = constants(activation)
    columns, shape = broadcast(psi1=psi1, psi2=psi2, tau2=tau2)
    null, share = 1 + columns["tau2"], columns["psi2"] / columns["psi1"]
    ratio = found.kappa_j / found.kappa
    return RiskAndGradient(
        shaped(null - share * (2 * ratio - null), shape),
        shaped(np.sqrt(ratio * share * null), shape),
    )
