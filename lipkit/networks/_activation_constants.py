"""What a Gaussian sees of an activation: the constants of its Hermite expansion."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from functools import lru_cache

from lipkit._validate import Array
from lipkit.networks._activations import Activation
from lipkit.networks._activations import activation as find_activation
from lipkit.networks._gaussian_quadrature import gaussian_moments


@dataclass(frozen=True)
class ActivationConstants:
    r"""Gaussian constants of an activation, G standard normal.

    .. math:: \mu_0 = \mathbb E\sigma(G),\quad \mu_1 = \mathbb E G\sigma(G),\quad
              \mu_*^2 = \mathbb E\sigma(G)^2 - \mu_0^2 - \mu_1^2,\quad
              \dot\mu^2 = \mathbb E\sigma'(G)^2

    in the fields ``mu0``, ``mu1``, ``mu_star2`` and ``dmu2``.
    [Digest of adversarial random features, 2.4 and 2.5.]
    """

    mu0: float
    mu1: float
    mu_star2: float
    dmu2: float

    @property
    def kappa(self) -> float:
        r""":math:`\kappa = \mu_*^2/\mu_1^2`; infinite for an activation without linear part."""
        return self.mu_star2 / self.mu1**2 if self.mu1 else math.inf

    @property
    def kappa_j(self) -> float:
        r""":math:`\kappa_J = (\dot\mu^2 - \mu_1^2)/\mu_1^2 \ge 2\kappa`."""
        return self.dmu2 / self.mu1**2 - 1 if self.mu1 else math.inf


def activation_constants(
    activation: str | Activation | Callable[[Array], Array],
    derivative: Callable[[Array], Array] | None = None,
) -> ActivationConstants:
    r"""The constants :math:`\mu_0, \mu_1, \mu_*^2, \dot\mu^2` and the ratios κ, κ_J.

    ``activation`` is a name of :func:`activation`, an :class:`Activation`, or a function of
    float64 arrays. Names but tanh: closed forms. Others: piecewise Gauss–Legendre quadrature that
    halves a piece until it is resolved, so that kinks cost nothing, to about 1e-12; ``derivative``
    is taken from the interpolant where it is not given. Raises ``ValueError`` for a function with a
    jump, that grows too fast for its moments to exist, is not finite, or whose ``derivative`` is
    another function's. [Digest of adversarial random features, 2.5.]

    >>> round(activation_constants("relu").kappa, 7)
    0.3633802
    >>> import numpy as np
    >>> round(activation_constants(np.tanh).kappa_j, 9)
    0.265819778
    """
    if isinstance(activation, str):
        activation = find_activation(activation)
    if not isinstance(activation, Activation):
        return _by_quadrature(activation, derivative)
    if derivative is None and activation in _BUILT_IN:
        return _built_in(activation.name)
    return _by_quadrature(activation.function, derivative or activation.derivative)


@lru_cache
def _built_in(name: str) -> ActivationConstants:
    if name in _CLOSED:
        return _CLOSED[name]
    psi = find_activation(name)
    return _by_quadrature(psi.function, psi.derivative)


def _by_quadrature(
    function: Callable[[Array], Array], derivative: Callable[[Array], Array] | None
) -> ActivationConstants:
    mean, slope, square, square_slope = gaussian_moments(function, derivative)
    rest = max(square - mean**2 - slope**2, 0.0)
    return ActivationConstants(mean, slope, rest, square_slope)


_BUILT_IN = tuple(map(find_activation, ("relu", "shifted_relu", "abs", "identity", "tanh", "erf")))
_MEAN = 1 / math.sqrt(2 * math.pi)  # of ReLU
_CLOSED = {
    "relu": ActivationConstants(_MEAN, 0.5, 0.25 - _MEAN**2, 0.5),
    "shifted_relu": ActivationConstants(0.0, 0.5, 0.25 - _MEAN**2, 0.5),
    "abs": ActivationConstants(2 * _MEAN, 0.0, 1 - 4 * _MEAN**2, 1.0),
    "identity": ActivationConstants(0.0, 1.0, 0.0, 1.0),
    "erf": ActivationConstants(
        0.0,
        2 / math.sqrt(3 * math.pi),
        2 / math.pi * math.asin(2 / 3) - 4 / (3 * math.pi),
        4 / (math.pi * math.sqrt(5)),
    ),
}
