"""Norms of matrices, from one lp space to the same or to another."""

import math
from fractions import Fraction

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import LAYER, Bound
from lipkit.norms._gram import gram_upper_bound
from lipkit.norms._vector import dual_exponent, lengths


def matrix_norm(A: ArrayLike, p: float, *, certified: bool = False) -> Bound:
    r"""The operator norm :math:`\|A\|_p = \sup_{x \ne 0} \|Ax\|_p / \|x\|_p`, pair (p, p).

    Parameters
    ----------
    A
        Shape ``(m, n)``, float64.
    p
        1 (largest column sum), ``inf`` (largest row sum) and 2 (largest singular value) are exact
        up to rounding. Every other p gives an upper bound by Riesz-Thorin interpolation,
        :math:`\|A\|_p \le \|A\|_{p_0}^{1-\theta} \|A\|_{p_1}^{\theta}` between the neighbours in
        {1, 2, inf}: finding the norm itself is NP-hard.
    certified
        True returns an upper bound that accounts for every rounding.

    Returns a :class:`~lipkit.bound.Bound`, kind exact or upper, in units of output per input.
    Raises ``ValueError`` for a wrong shape, entries that are not finite, or p below 1. [Standard.]

    >>> matrix_norm([[1.0, -2.0], [0.0, 3.0]], 1).value
    5.0
    >>> matrix_norm([[3.0, 0.0], [4.0, 5.0]], 2, certified=True).kind
    'upper'
    """
    A = _validate.real_array(A, "A", 2)
    p = _validate.exponent(p)
    if p not in (1.0, 2.0, math.inf):
        value, method = _interpolated(A, p, certified), "Riesz-Thorin"
        return _answer(value, "upper", p, p, method, certified)
    if not certified:
        method = "SVD" if p == 2 else "column sums" if p == 1 else "row sums"
        value = float(np.linalg.norm(A, ord=p)) if A.size else 0.0
        return _answer(value, "exact", p, p, method, False)
    method = "Gram iteration" if p == 2 else "sums rounded up"
    return _answer(_certified_norm(A, p), "upper", p, p, method, True)


def pair_norm(A: ArrayLike, p: float, q: float) -> Array:
    r"""The norm :math:`\|A\|_{p \to q} = \sup_{x \ne 0} \|Ax\|_q / \|x\|_p`, many matrices at once.

    ``A`` has shape ``(..., m, n)``, the answer ``(...)``, float64. Exact, up to rounding, where a
    closed form exists: one row (:math:`\|a\|_{p'}`), one column, p = 1 (largest column in lq),
    q = inf (largest row in the dual of lp), p = q = 2. Raises ``ValueError`` for any other pair,
    where the norm is hard to compute. [Standard.]

    >>> A = [[3.0, 0.0], [4.0, 5.0]]
    >>> float(pair_norm(A, 1, 2)), float(pair_norm(A, 2, np.inf))
    (5.0, 6.4031242374328485)
    """
    A = _validate.real_array(A, "A")
    p, q = _validate.exponent(p), _validate.exponent(q, "q")
    if A.ndim < 2:
        raise ValueError(f"A: got shape {A.shape}, expected (..., m, n)")
    rows, columns = A.shape[-2:]
    if rows == 0 or columns == 0:
        return np.zeros(A.shape[:-2])
    if p == 1 or columns == 1:
        return np.asarray(lengths(A, q, axis=-2).max(axis=-1))
    if math.isinf(q) or rows == 1:
        return np.asarray(lengths(A, dual_exponent(p)).max(axis=-1))
    if p == 2 and q == 2:
        return _spectral_norms(A)
    raise ValueError(
        f"norm pair: got l{p:g} to l{q:g} for {rows} outputs, expected p = 1, q = inf or "
        "p = q = 2; other pairs have no closed form, so choose one of these or a single output"
    )


def _spectral_norms(A: Array) -> Array:
    """Roots of the Gram matrices' largest eigenvalues: several times faster than an SVD."""
    size = np.abs(A).max(axis=(-2, -1), keepdims=True)
    scaled = np.divide(A, size, out=np.zeros_like(A), where=size > 0)
    turned = np.swapaxes(scaled, -2, -1)
    gram = scaled @ turned if A.shape[-2] <= A.shape[-1] else turned @ scaled
    return np.asarray(size[..., 0, 0] * np.sqrt(np.linalg.eigvalsh(gram)[..., -1].clip(0)))


def _answer(value: float, kind: str, p: float, q: float, method: str, certified: bool) -> Bound:
    return Bound(
        value,
        "exact" if kind == "exact" else "upper",
        quantity=LAYER,
        norm=(p, q),
        method=method,
        certified=certified,
    )


def _certified_norm(A: Array, p: float) -> float:
    """An upper bound for p in {1, 2, inf}, valid in real arithmetic."""
    if p == 2:
        return gram_upper_bound(A)
    columns = A.T if p == 1 else A
    exact = max((sum(map(Fraction, np.abs(c))) for c in columns), default=Fraction(0))
    return _round_up(exact) if exact else 0.0


def _round_up(value: Fraction | int) -> float:
    try:
        nearest = float(value)
    except OverflowError:
        return math.inf
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)


def _interpolated(A: Array, p: float, certified: bool) -> float:
    """Riesz-Thorin between the two nearest of 1, 2 and inf: 1/p = (1 - t)/low + t/high."""
    low, high = (1.0, 2.0) if p < 2 else (2.0, math.inf)
    t = (1 / low - 1 / p) / (1 / low - 1 / high)
    ends = [matrix_norm(A, end, certified=certified).value for end in (low, high)]
    if min(ends) == 0:
        return 0.0
    try:
        value = math.exp((1 - t) * math.log(ends[0]) + t * math.log(ends[1]))
    except OverflowError:
        return math.inf
    # the exponent's relative error is below 8 ulp times its size: one part in 1e12 covers it
    return math.nextafter(value * (1 + 1e-12), math.inf) if certified else value
