"""The largest eigenvalue of many Hermitian matrices, bounded above by Cholesky factorisation."""

import math
from collections.abc import Iterable
from typing import Any

import numpy as np

UNIT = 2.0**-53  # unit roundoff of float64
_GAP = 1e-12  # how far above the largest eigenvalue found the bound is tried first
_FLOOR = 1e-60  # no bound is tried below this: matrices have entries of about 1


def top_eigenvalue(matrices: Iterable[Any]) -> tuple[float, float]:
    r"""The largest eigenvalue of all matrices: as computed, and an upper bound of it.

    Each item is one ``(..., r, r)`` array of positive semidefinite Hermitian matrices G. If the
    Cholesky factorisation of :math:`tI - G` runs to its end, then :math:`\lambda_{\max}(G) \le t
    + \gamma_{r+1} \mathrm{tr}(tI - G)`, whatever the order of its sums. The eigenvalues
    themselves are found only where it does not. Rounding in forming G is the caller's affair.
    [Rump 2006, "Verification of positive definiteness"; complex arithmetic by a factor 4.]

    >>> largest, bound = top_eigenvalue([np.diag([1.0, 4.0])])
    >>> largest, bool(largest <= bound <= largest * (1 + 1e-11))
    (4.0, True)
    """
    largest, bound, side = 0.0, _FLOOR, 1
    for G in matrices:
        side = max(side, G.shape[-1])
        gap = _GAP
        while not _below(G, bound):
            largest = max(largest, float(np.linalg.eigvalsh(G)[..., -1].max()))
            bound = max(bound, largest * (1 + gap))
            gap *= 10
    return largest, bound * (1 + 4 * (side + 4) * side * UNIT)


def top_singular_value(matrices: Any) -> float:
    """An upper bound of the l2 norms of ``(..., m, n)`` matrices with entries of about 1."""
    bound = top_eigenvalue([gram(matrices)])[1]
    size = float(np.linalg.norm(matrices, axis=(-2, -1)).max()) * (1 + 1e-9)
    return math.sqrt(bound + product_error(matrices.shape, size)) * (1 + 4 * UNIT)


def gram(X: Any) -> Any:
    """The smaller of the two Gram matrices of each matrix."""
    turned = X.conj().swapaxes(-2, -1)
    return X @ turned if X.shape[-2] <= X.shape[-1] else turned @ X


def product_error(shape: tuple[int, ...], frobenius: float) -> float:
    """How far rounding moves the eigenvalues of a Gram matrix, real or complex."""
    return 4 * (max(shape[-2:]) + 4) * UNIT * frobenius**2


def _below(G: Any, bound: float) -> bool:
    """Whether the Cholesky factorisation of bound I - G runs to its end, for all G at once."""
    rest = -G
    diagonal = np.einsum("...ii->...i", rest)
    diagonal += bound
    try:
        np.linalg.cholesky(rest)
    except np.linalg.LinAlgError:
        return False
    return True
