"""Gaussian averages of the soft threshold, the proximal map of the adversarial loss."""

import math
from dataclasses import dataclass

import numpy as np
from scipy import special

from lipkit._validate import Array
from lipkit.theory.adversarial_features._columns import Columns


@dataclass(frozen=True)
class Threshold(Columns):
    r"""Averages over Z standard normal at threshold ν.

    ``inside`` is :math:`P(|Z| \le \nu)`, ``outside`` the rest, ``density``
    :math:`\mathbb E|Z|1_{|Z|>\nu}`, ``excess`` :math:`\mathbb E(|Z| - \nu)_+`, ``inside2``
    :math:`\mathbb E Z^2 1_{|Z| \le \nu}`. [Digest of adversarial random features, 3.4, 5.2.]
    """

    nu: Array
    inside: Array
    outside: Array
    density: Array
    excess: Array
    inside2: Array

    @classmethod
    def at(cls, nu: Array) -> "Threshold":
        density = math.sqrt(2 / math.pi) * np.exp(-(nu**2) / 2)
        outside = special.erfc(nu / math.sqrt(2))
        return cls(
            nu,
            special.erf(nu / math.sqrt(2)),
            outside,
            density,
            np.maximum(density - nu * outside, 0.0),
            np.asarray(special.gammainc(1.5, nu**2 / 2), dtype=np.float64),
        )

    def degrees(self, p: Array) -> Array:
        """d_f, effective degrees of freedom per sample."""
        return (1.0 + p * self.inside) / (1.0 + p)

    def penalty(self, p: Array, eps: Array) -> Array:
        r""":math:`\omega_1`, the weight of the gradient matrix."""
        pull = 1.0 + self.excess / (self.nu * (1.0 + p))
        return eps**2 / (p * self.degrees(p)) * pull

    def moved2(self, p: Array) -> Array:
        r"""V, the mean square step of the proximal map, over A²."""
        nu, far = self.nu, self.outside + self.nu * self.density
        shrunk = far + 2 * p * nu * self.density + (p * nu) ** 2 * self.outside
        return self.inside2 + shrunk / (1.0 + p) ** 2

    def residual2(self, p: Array) -> Array:
        """Mean square of what is left, over A²."""
        nu = self.nu
        left = self.outside - nu * self.density + nu**2 * self.outside
        return (p / (1.0 + p)) ** 2 * np.maximum(left, 0.0)

    def residual(self, p: Array) -> Array:
        """Mean absolute value of what is left, over A."""
        return p / (1.0 + p) * self.excess
