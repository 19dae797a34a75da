"""Reweighted ridge regression: slow, but every step helps; by conjugate gradients if large."""

from collections.abc import Callable, Iterator

import numpy as np
from scipy.sparse import linalg

from lipkit._validate import Array
from lipkit.regression._systems import System

Solve = Callable[[float, Array, Array], Array]


def reweighted(F: Array, y: Array, eps: float, solve: Solve) -> Iterator[tuple[Array, Array]]:
    r"""Pairs of :math:`\varphi` and a dual point, without end.

    Each majorises :math:`c|r|` and :math:`\varepsilon\|\varphi\|` by squares at the last step and
    solves :math:`(FF^\top + \rho\,\mathrm{diag}(\eta))\, a = y` with
    :math:`\eta = |r|/(|r| + c)`, :math:`\varphi = F^\top a`. [Digest, 7.3.]
    """
    rho, weights = len(y) * eps**2, np.ones(len(y))
    while True:
        u = solve(rho, weights, y)
        phi = F.T @ u / rho
        residuals = np.abs(y - F @ phi)
        norm = float(np.linalg.norm(phi))
        c = eps * norm
        yield phi, u
        rho = eps * (residuals + c).sum() / norm
        weights = residuals / (residuals + c)


def direct(system: System) -> Solve:
    """One factorisation a step."""
    return lambda rho, weights, y: system.solve(rho, weights, y[:, None])[:, 0]


def conjugate_gradients(F: Array, accuracy: float) -> Solve:
    """Products with F only; the last solution is the next start."""
    diagonal = np.einsum("ij,ij->i", F, F)
    last: list[Array] = []

    def solve(rho: float, weights: Array, y: Array) -> Array:
        shape = len(y), len(y)
        matrix = linalg.LinearOperator(
            shape, lambda u: F @ (F.T @ u) / rho + weights * u, dtype=np.float64
        )
        scale = diagonal / rho + weights
        inverse = linalg.LinearOperator(shape, lambda u: u / scale, dtype=np.float64)
        start = last[0] if last else None
        u, _ = linalg.cg(matrix, y, x0=start, rtol=accuracy, maxiter=2000, M=inverse)
        last[:] = [u]
        return np.asarray(u)

    return solve
