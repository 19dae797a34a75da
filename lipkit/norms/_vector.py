"""The norm of a vector, its dual exponent, and the vector that attains the dual pairing."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array


def dual_exponent(p: float) -> float:
    r"""The exponent :math:`p'` with :math:`1/p + 1/p' = 1`.

    Raises ``ValueError`` for p below 1. [Standard.]

    >>> dual_exponent(1), dual_exponent(2), dual_exponent(4)
    (inf, 2.0, 1.3333333333333333)
    """
    p = _validate.exponent(p)
    if p == 1:
        return math.inf
    return 1.0 if math.isinf(p) else p / (p - 1)


def vector_norm(v: ArrayLike, p: float) -> Array:
    r"""The norm :math:`\|v\|_p = (\sum_i |v_i|^p)^{1/p}` along the last axis.

    ``v`` has shape ``(..., d)``, the answer ``(...)``, both float64, in the units of v. Raises
    ``ValueError`` for p below 1 or entries that are not finite. [Standard.]

    >>> float(vector_norm([3.0, 4.0], 2))
    5.0
    """
    p = _validate.exponent(p)
    return lengths(_validate.real_array(v, "v"), p)


def lengths(v: Array, p: float, axis: int = -1) -> Array:
    """The norms along an axis, scaled first so that no power of an entry over- or underflows."""
    if p == 1 or math.isinf(p):
        return np.asarray(np.linalg.norm(v, ord=p, axis=axis))
    scale = np.max(np.abs(v), axis=axis, keepdims=True, initial=0.0)
    if p == 2:
        scale = np.ldexp(1.0, np.frexp(scale)[1] - 1)  # a power of two rounds nothing
    scaled = np.divide(v, scale, out=np.zeros_like(v), where=scale > 0)
    return np.asarray(np.linalg.norm(scaled, ord=p, axis=axis) * scale.squeeze(axis))


def dual_vector(v: ArrayLike, p: float) -> Array:
    r"""A vector u with :math:`\|u\|_p = 1` and :math:`u \cdot v = \|v\|_{p'}`: the steepest step.

    ``v`` and the answer have shape ``(..., d)``, float64. For p = 1 the first largest coordinate
    takes the whole step; where v is zero, so is u. [Standard: equality in Hölder's inequality.]

    >>> dual_vector([3.0, -4.0], 1), dual_vector([3.0, -4.0], float("inf"))
    (array([ 0., -1.]), array([ 1., -1.]))
    """
    p = _validate.exponent(p)
    v = _validate.real_array(v, "v")
    largest = np.max(np.abs(v), axis=-1, keepdims=True, initial=0.0)
    scaled = np.divide(v, largest, out=np.zeros_like(v), where=largest > 0)
    if math.isinf(p):
        return np.asarray(np.sign(scaled))
    if p == 1:
        u = np.zeros_like(v)
        first = np.argmax(np.abs(v), axis=-1, keepdims=True)
        np.put_along_axis(u, first, np.sign(np.take_along_axis(v, first, axis=-1)), axis=-1)
        return u
    u = np.sign(scaled) * np.abs(scaled) ** (dual_exponent(p) - 1)
    length = np.linalg.norm(u, ord=p, axis=-1, keepdims=True)
    return np.asarray(np.divide(u, length, out=np.zeros_like(u), where=length > 0))
