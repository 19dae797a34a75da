"""The norm of a network's last layer, from above and in any pair, with or without its rounding."""

import math
from fractions import Fraction

import numpy as np

from lipkit._validate import Array
from lipkit.bound import LAYER, Bound
from lipkit.norms import dual_exponent, matrix_norm, pair_norm

_PADDING = 1e-11  # more than all roundings of a norm of fewer than 10 000 entries together


def upper_pair_norm(A: Array, p: float, q: float, certified: bool) -> Bound:
    r"""An upper bound of :math:`\|A\|_{p \to q}`, A ``(m, n)``: the norm itself where it is closed.

    Otherwise the smaller of :math:`\|A\|_{p \to p}\, m^{(1/q - 1/p)_+}` and
    :math:`\|A\|_{q \to q}\, n^{(1/q - 1/p)_+}`. ``certified``: valid in real arithmetic.
    """
    closed = min(A.shape) == 1 or p == 1 or math.isinf(q)
    if not closed:
        return _square_factor(A, p, q, certified)
    value = _certified_pair_norm(A, p, q) if certified else float(pair_norm(A, p, q))
    return _layer(value, p, q, certified)


def _square_factor(A: Array, p: float, q: float, certified: bool) -> Bound:
    """By the norms of A from lp to lp and from lq to lq; they are one and the same for p = q."""
    m, n = A.shape
    power = max(0.0, 1 / q - 1 / p)
    through_p = matrix_norm(A, p, certified=certified) * m**power
    through_q = matrix_norm(A, q, certified=certified) * n**power
    value = min(through_p, through_q)
    return _layer(value * (1 + _PADDING) if certified and p != q else value, p, q, certified)


def _layer(value: float, p: float, q: float, certified: bool) -> Bound:
    return Bound(
        value, "upper", quantity=LAYER, norm=(p, q), method="norm pair", certified=certified
    )


def _certified_pair_norm(A: Array, p: float, q: float) -> float:
    """An upper bound, valid in real arithmetic, where :func:`pair_norm` has a closed form."""
    by_columns = p == 1 or A.shape[1] == 1
    vectors, r = (A.T, q) if by_columns else (A, dual_exponent(p))
    return max(_norm_rounded_up(v, r) for v in vectors)


def _norm_rounded_up(v: Array, r: float) -> float:
    largest = float(np.abs(v).max())
    if math.isinf(r) or largest == 0:
        return largest
    if r == 1:
        return _up(sum(map(Fraction, np.abs(v))))
    if r == 2:
        return math.nextafter(math.sqrt(_up(sum(Fraction(x) ** 2 for x in v))), math.inf)
    return float(largest * np.sum((np.abs(v) / largest) ** r) ** (1 / r)) * (1 + _PADDING)


def _up(value: Fraction | int) -> float:
    try:
        nearest = float(value)
    except OverflowError:
        return math.inf
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)
