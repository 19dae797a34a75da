"""What floating point may have lost in a product, and how to pay for it."""

import numpy as np

from lipkit._validate import Array

U = 2.0**-53  # unit roundoff of float64
TINY = 1e-290  # more than every underflow of one product together, flush-to-zero included


def gamma(n: int) -> float:
    r"""The constant :math:`\gamma_n = nu / (1 - nu)`, u the unit roundoff."""
    return n * U / (1 - n * U)


def affine_image(
    lower: Array, upper: Array, W: Array, b: Array | float = 0.0
) -> tuple[Array, Array]:
    r"""Bounds of :math:`W v + b` over the box: :math:`W_\pm` times its corners, rounded outward.

    ``lower`` and ``upper`` have shape ``(..., n)``, ``W`` ``(m, n)``; the answers ``(..., m)``.
    """
    plus, minus = np.maximum(W, 0).T, np.minimum(W, 0).T
    size = np.maximum(np.abs(lower), np.abs(upper)) @ np.abs(W).T + np.abs(b)
    error = gamma(4 * W.shape[1] + 16) * size + TINY
    low = lower @ plus + upper @ minus + b - error
    high = upper @ plus + lower @ minus + b + error
    return low, high
