"""Ridge regression, and the interpolator it tends to."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from lipkit import _validate
from lipkit._validate import Array


def ridge_least_squares(Z: ArrayLike, y: ArrayLike, ridge: float = 0.0) -> Array:
    r"""Plain training: the minimiser ``(N,)`` of

    .. math:: \tfrac1{2n}\|y - Z\theta\|_2^2 + \tfrac{\lambda_r}2 \|\theta\|_2^2

    for ``Z`` ``(n, N)`` and ``y`` ``(n,)``. ``ridge = 0``: least squares, and where that leaves a
    choice the solution of least :math:`\|\theta\|_2`. Raises ``ValueError`` for shapes that do not
    fit or a negative ridge. [Standard; normalised as in the digest of adversarial random features,
    6.1.]

    >>> ridge_least_squares([[1.0, 1.0]], [2.0])
    array([1., 1.])
    """
    Z, y = _validate.real_array(Z, "Z", 2), _validate.real_array(y, "y", 1)
    if y.shape != Z.shape[:1] or min(Z.shape) == 0:
        raise ValueError(
            f"Z, y: got shapes {Z.shape} and {y.shape}, expected (n, N) and (n,) with n, N >= 1"
        )
    weight = _validate.nonnegative(ridge, "ridge") * len(y)
    if weight == 0:
        return np.asarray(np.linalg.lstsq(Z, y, rcond=None)[0])
    wide = len(y) <= Z.shape[1]
    gram = Z @ Z.T if wide else Z.T @ Z
    gram.flat[:: len(gram) + 1] += weight
    solved = linalg.solve(gram, y if wide else Z.T @ y, assume_a="pos")
    return np.asarray(Z.T @ solved if wide else solved)
