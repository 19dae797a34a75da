"""Activations with the constants that bounds need."""

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

from lipkit import _validate
from lipkit._validate import Array


@dataclass(frozen=True)
class Activation:
    r"""A scalar function :math:`\psi`, its derivative, and its smallest and largest slope.

    ``lipschitz`` is :math:`\sup|\psi'|` on the real line. The derivative at a kink is 0 by
    convention for ReLU and for the absolute value.

    >>> activation("tanh").lipschitz
    1.0
    """

    name: str
    function: Callable[[Array], Array]
    derivative: Callable[[Array], Array]
    slopes: tuple[float, float]

    @property
    def lipschitz(self) -> float:
        """The largest absolute slope."""
        return max(abs(slope) for slope in self.slopes)

    def __call__(self, z: Array) -> Array:
        return self.function(z)


def activation(name: str | Activation) -> Activation:
    r"""The activation of that name; an Activation passes through.

    Names: relu, abs, identity, tanh, erf, and shifted_relu, which is
    :math:`\max(z, 0) - 1/\sqrt{2\pi}`, of mean 0 under a standard Gaussian.

    Raises ``ValueError`` for an unknown name.

    >>> activation("relu")(np.array([-1.0, 2.0]))
    array([0., 2.])
    """
    if isinstance(name, Activation):
        return name
    return _ACTIVATIONS[_validate.one_of(name, "activation", tuple(_ACTIVATIONS))]


def _relu(z: Array) -> Array:
    return np.maximum(z, 0.0)


def _shifted_relu(z: Array) -> Array:
    return np.maximum(z, 0.0) - 1 / math.sqrt(2 * math.pi)


def _step(z: Array) -> Array:
    return (z > 0).astype(np.float64)


def _gauss(z: Array) -> Array:
    return np.asarray(2 / math.sqrt(math.pi) * np.exp(-(z**2)))


_ACTIVATIONS = {
    a.name: a
    for a in (
        Activation("relu", _relu, _step, (0.0, 1.0)),
        Activation("abs", np.abs, np.sign, (-1.0, 1.0)),
        Activation("identity", np.asarray, np.ones_like, (1.0, 1.0)),
        Activation("tanh", np.tanh, lambda z: 1 - np.tanh(z) ** 2, (0.0, 1.0)),
        Activation("erf", special.erf, _gauss, (0.0, 2 / math.sqrt(math.pi))),
        Activation("shifted_relu", _shifted_relu, _step, (0.0, 1.0)),
    )
}
