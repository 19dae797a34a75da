"""A proof, in floating point, that a matrix is positive definite."""

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz._rounding import U, gamma


def is_positive_definite(A: Array, error: Array | float = 0.0) -> bool:
    r"""Whether all symmetric matrices within ``error`` of A, entry by entry, are proved definite.

    ``A`` is ``(n, n)``, float64, symmetric; ``error`` of the same shape, or one number. True is a
    proof: Cholesky of :math:`A - cI` ran to its end, and c pays for its rounding, at most
    :math:`\gamma_{n+8} / (1 - \gamma_{n+8})\, \mathrm{tr} A`, for underflow, and for ``error``.
    False says nothing. A is first scaled by powers of two to a diagonal of about 1.
    [Demmel; Higham 2002, Thm. 10.3; digest of random ReLU networks, section 5.11 (3).]

    >>> A = np.array([[1.0, 1.0], [1.0, 1.0]])
    >>> is_positive_definite(A), is_positive_definite(A + 1e-12 * np.eye(2))
    (False, True)
    """
    n = len(A)
    diagonal = np.diagonal(A)
    if not (np.isfinite(A).all() and (diagonal > 0).all()):
        return False
    power = -np.round(np.log2(diagonal) / 2).astype(int)
    scaled = np.ldexp(A, power[:, None] + power)
    doubt = np.ldexp(np.broadcast_to(error, A.shape), power[:, None] + power)
    diagonal = np.diagonal(scaled)
    rounding = gamma(n + 8) / (1 - gamma(n + 8)) * float(diagonal.sum())
    underflow = n * (n + 1 + float(diagonal.max())) * 2.0**-1021
    c = (rounding + underflow + float(doubt.sum(axis=1).max())) * (1 + (4 * n + 16) * U)
    shifted = scaled.copy()
    np.fill_diagonal(shifted, np.nextafter(diagonal - c, -np.inf))
    try:
        return bool(np.isfinite(np.linalg.cholesky(shifted)).all())
    except np.linalg.LinAlgError:
        return False
