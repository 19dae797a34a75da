"""How steep a linear map is: the norm of a Jacobian from lp to lq."""

import numpy as np

from lipkit._validate import Array
from lipkit.norms import pair_norm


def slopes(jacobians: Array, p: float, q: float) -> Array:
    r"""The norms :math:`\|J\|_{p \to q}` of Jacobians ``(n, n_out, d)``, shape ``(n,)``.

    For one output that is :math:`\|\nabla f\|_{p'}`, whatever q. Raises ``ValueError`` for a pair
    that has no closed form, as :func:`lipkit.norms.pair_norm` does.

    >>> slopes(np.array([[[3.0, -4.0]]]), 2, 2), slopes(np.array([[[3.0, -4.0]]]), np.inf, 2)
    (array([5.]), array([7.]))
    """
    n_out, d = jacobians.shape[1:]
    if p == q == 2 and min(n_out, d) > 1:
        return _largest_singular_values(jacobians)
    return pair_norm(jacobians, p, q)


def _largest_singular_values(J: Array) -> Array:
    """From the smaller Gram matrix; the largest eigenvalue loses nothing by squaring."""
    size = np.abs(J).max(axis=(1, 2), keepdims=True, initial=0.0)
    J = np.divide(J, size, out=np.zeros_like(J), where=size > 0)
    transposed = J.transpose(0, 2, 1)
    gram = J @ transposed if J.shape[1] <= J.shape[2] else transposed @ J
    return np.asarray(size[:, 0, 0] * np.sqrt(np.linalg.eigvalsh(gram)[:, -1]))
