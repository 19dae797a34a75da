"""Networks with a power as activation: a polynomial that nearly fits."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks import Activation, TwoLayerNetwork
from lipkit.theory.robustness_law._data import on_sphere, signed


def tensor_network(X: ArrayLike, y: ArrayLike, p: int = 2) -> TwoLayerNetwork:
    r"""The polynomial :math:`f(x) = \sum_i y_i (x_i \cdot x)^p` as a network, p even.

    ``X`` is ``(n, d)`` on the unit sphere, ``y`` ``(n,)`` in {-1, +1}. It does *not* fit exactly:
    on generic data the error is of order :math:`\sqrt{n \log n / d^p}`, up to a constant that
    depends on p. For p = 2 the matrix :math:`\sum y_i x_i x_i^\top` has at most d eigenvalues, and
    its eigenvectors are the neurons; for larger p there is one neuron a point.
    Raises ``ValueError`` for p odd or below 2, other labels or points off the sphere.
    [Bubeck, Li and Nagaraj 2021, Thm 4; digest of the laws of robustness, 5.4.]

    >>> f = tensor_network([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0])
    >>> f([[1.0, 0.0], [0.0, 1.0]]).round(12), f.width
    (array([ 1., -1.]), 2)
    """
    X, y = signed(X, y)
    X, p = on_sphere(X), _validate.count(p, "p", 2)
    if p % 2:
        raise ValueError(f"p: got {p}, expected an even degree; odd powers are another network")
    if p == 2:
        return quadratic_form_network((y * X.T) @ X)
    return TwoLayerNetwork(X, np.zeros(len(X)), y, power(p))


def quadratic_form_network(T: Array) -> TwoLayerNetwork:
    r"""The form :math:`x^\top T x`, T symmetric, with one neuron for each eigenvalue but 0."""
    values, vectors = np.linalg.eigh(T)
    kept = np.abs(values) > 1e-14 * np.abs(values).max(initial=0.0)
    W = vectors.T[kept]
    return TwoLayerNetwork(W, np.zeros(len(W)), values[kept], power(2))


def power(p: int) -> Activation:
    r"""The activation :math:`t \mapsto t^p`, whose slopes are not bounded."""
    return Activation(
        f"power {p}", lambda z: z**p, lambda z: p * z ** (p - 1), (-math.inf, math.inf)
    )
