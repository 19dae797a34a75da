"""The linear system behind one active set, in the smaller of its two dimensions."""

from typing import Protocol

import numpy as np
from numpy.typing import NDArray
from scipy import linalg

from lipkit._validate import Array

_JITTER = 1e-13
_REFINEMENTS = 1  # take back what the jitter did
_TINY = 1e-9  # a weight below counts as 0


class System(Protocol):
    r"""Solves :math:`(FF^\top/\rho + \mathrm{diag}(w))\, u = b` for weights w in [0, 1]."""

    def solve(self, rho: float, weights: Array, b: Array) -> Array:
        """u for right-hand sides in the columns of b."""
        ...


class SampleSystem:
    """For n at most N: one factor of size n."""

    def __init__(self, F: Array):
        self.gram = F @ F.T
        self._level = _JITTER * float(np.trace(self.gram)) / len(F)

    def solve(self, rho: float, weights: Array, b: Array) -> Array:
        matrix = self.gram / rho
        matrix.flat[:: len(matrix) + 1] += weights + self._level / rho
        factor = linalg.cho_factor(matrix, lower=True, overwrite_a=True, check_finite=False)
        u = linalg.cho_solve(factor, b, check_finite=False)
        for _ in range(_REFINEMENTS):
            left = b - self.gram @ u / rho - weights[:, None] * u
            u = u + linalg.cho_solve(factor, left, check_finite=False)
        return np.asarray(u)


class FeatureSystem:
    """For n above N: a factor of size N, and one for the points that are fitted exactly."""

    def __init__(self, F: Array):
        self.F = F
        self.gram = F.T @ F
        self._level = _JITTER * float(np.trace(self.gram)) / len(self.gram)

    def solve(self, rho: float, weights: Array, b: Array) -> Array:
        fitted = weights < _TINY
        F0, F1 = self.F[fitted], self.F[~fitted]
        scaled = F1 / weights[~fitted, None]
        matrix = self._gram(weights, fitted, F0, F1, scaled)
        matrix.flat[:: len(matrix) + 1] += rho
        factor = linalg.cholesky(matrix, lower=True, overwrite_a=True, check_finite=False)
        phi = linalg.solve_triangular(factor, scaled.T @ b[~fitted], lower=True)
        u = np.empty_like(b)
        if fitted.any():
            G = linalg.solve_triangular(factor, F0.T, lower=True)
            inner = G.T @ G
            inner.flat[:: len(inner) + 1] += self._level / rho
            u[fitted] = linalg.solve(inner, b[fitted] - G.T @ phi, assume_a="pos")
            phi = phi + G @ u[fitted]
        phi = linalg.solve_triangular(factor, phi, lower=True, trans="T")
        u[~fitted] = (b[~fitted] - F1 @ phi) / weights[~fitted, None]
        return u

    def _gram(
        self, weights: Array, fitted: NDArray[np.bool_], F0: Array, F1: Array, scaled: Array
    ) -> Array:
        if (weights[~fitted] == 1).all():
            return np.asarray(self.gram - F0.T @ F0)
        return np.asarray(F1.T @ scaled)


def system(F: Array) -> System:
    """The cheaper of the two."""
    return SampleSystem(F) if F.shape[0] <= F.shape[1] else FeatureSystem(F)
