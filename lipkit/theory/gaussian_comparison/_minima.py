"""Exact minima over a ball and over all sign vectors, and their shadows."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array


def sign_minimum(G: ArrayLike) -> Array:
    r""":math:`\min\|Gv\|_2/\sqrt d` over all :math:`v\in\{\pm1\}^d`, exactly.

    For each matrix of ``(..., n, d)``: an array ``(...)``. By looking at each pair ±v, with memory
    for :math:`2^{d-1}` numbers a matrix. Raises ``ValueError`` for fewer than two axes or d > 26.
    [By enumeration.]

    >>> round(float(sign_minimum([[3.0, 4.0, 2.0]])) * 3**0.5, 6)
    1.0
    """
    G = _matrices(G)
    d = G.shape[-1]
    if d > 26:
        raise ValueError(f"G: got {d} columns, expected at most 26; there are 2^{d} sign vectors")
    A, B = G[..., : d // 2] @ _signs(d // 2), G[..., d // 2 :] @ _signs(d - d // 2, half=True)
    squares = np.sum(A**2, axis=-2)[..., :, None] + np.sum(B**2, axis=-2)[..., None, :]
    squares += 2 * np.swapaxes(A, -1, -2) @ B
    best = np.argmin(squares.reshape(*G.shape[:-2], -1), axis=-1)
    # the expanded square loses half of the digits where it is smallest: that pair is summed anew
    i, j = np.divmod(best, B.shape[-1])
    left = np.take_along_axis(A, i[..., None, None], axis=-1)
    right = np.take_along_axis(B, j[..., None, None], axis=-1)
    return _norm((left + right)[..., 0]) / math.sqrt(d)


def sign_shadow(g: ArrayLike, h: ArrayLike) -> Array:
    r"""The shadow of :func:`sign_minimum`, :math:`(\|g\|_2 - \|h\|_1/\sqrt d)_+`.

    ``g`` ``(..., n)`` and ``h`` ``(..., d)``. [Derived.]

    >>> float(sign_shadow([3.0, 4.0], [1.0, 1.0, 1.0, 1.0]))
    3.0
    """
    g, h = _validate.real_array(g, "g"), _validate.real_array(h, "h")
    spent = np.abs(h).sum(axis=-1) / math.sqrt(h.shape[-1])
    return np.asarray(np.maximum(_norm(g) - spent, 0.0))


def sign_floor(n_over_d: float) -> float:
    r"""No image of a sign vector is shorter, in the limit: :math:`\sqrt\rho`.

    .. math:: \rho - 1 - \ln\rho = \frac{2\ln 2}{\alpha},\quad 0 < \rho < 1,\quad \alpha = n/d

    The minimum of :func:`sign_minimum` over :math:`\sqrt n` is at least this less any constant,
    with probability tending to 1. Raises ``ValueError`` unless positive. [Derived, by counting.]

    >>> round(sign_floor(1.0), 4)
    0.3191
    """
    target = 2 * math.log(2) / _validate.positive(n_over_d, "n_over_d")
    low, high = -1 - target, 0.0  # of the logarithm, in which the left side has no pole
    for _ in range(100):
        log_rho = (low + high) / 2
        above = math.exp(log_rho) - 1 - log_rho > target
        low, high = (log_rho, high) if above else (low, log_rho)
    return math.exp(low / 2)


def ball_minimum(G: ArrayLike, zeta: ArrayLike) -> Array:
    r""":math:`\min_{\|v\|_2\le1}\|\zeta + Gv\|_2`, exactly.

    For each of ``(..., n, d)`` and ``(..., n)``: an array ``(...)``, 0 where the ball reaches all.
    Raises ``ValueError`` for shapes that do not fit. [Standard, by the secular equation.]

    >>> round(float(ball_minimum(np.eye(2), [0.0, 3.0])), 9)
    2.0
    """
    G, zeta = _matrices(G), _validate.real_array(zeta, "zeta")
    if zeta.shape != G.shape[:-1]:
        raise ValueError(f"zeta: got shape {zeta.shape}, expected {G.shape[:-1]}")
    left, scale, _ = np.linalg.svd(G, full_matrices=False)
    inside = np.einsum("...ij,...i->...j", left, zeta)
    outside = np.maximum(np.sum(zeta**2, axis=-1) - np.sum(inside**2, axis=-1), 0.0)
    outside = outside * (G.shape[-2] > G.shape[-1])  # where all can be fitted, rounding is left
    low, high = np.full(outside.shape, -60.0), np.full(outside.shape, 30.0)
    for _ in range(60):
        middle = (low + high) / 2
        long = _norm(scale * inside / (scale**2 + np.exp(middle)[..., None])) > 1
        low, high = np.where(long, middle, low), np.where(long, high, middle)
    weight = np.exp(high)[..., None]
    left_over = np.sum((inside * weight / (scale**2 + weight)) ** 2, axis=-1)
    return np.asarray(np.sqrt(np.where(high < -50, outside, outside + left_over)))


def ball_shadow(zeta: ArrayLike, g: ArrayLike, h: ArrayLike) -> Array:
    r"""The shadow of :func:`ball_minimum`.

    .. math:: \min_{0\le\alpha\le1}\big(\|\zeta + \alpha g\|_2 - \alpha\|h\|_2\big)_+

    ``zeta``, ``g`` ``(..., n)`` and ``h`` ``(..., d)``. [Derived.]

    >>> float(ball_shadow([3.0, 0.0], [0.0, 4.0], [4.0]))
    1.0
    """
    zeta, g = _validate.real_array(zeta, "zeta"), _validate.real_array(g, "g")
    G, H = _norm(g), _norm(_validate.real_array(h, "h"))
    shift = np.sum(zeta * g, axis=-1) / G**2
    across = np.sqrt(np.maximum(np.sum(zeta**2, axis=-1) / G**2 - shift**2, 0.0))
    slope = np.minimum(H / G, 1 - 1e-12)  # from 1 on the cost falls all along: the end is best
    at = np.clip(across * slope / np.sqrt(1 - slope**2) - shift, 0.0, 1.0)
    at = np.where(H >= G, 1.0, at)
    return np.asarray(np.maximum(G * np.hypot(at + shift, across) - at * H, 0.0))


def _matrices(G: ArrayLike) -> Array:
    array = _validate.real_array(G, "G")
    if array.ndim < 2 or min(array.shape[-2:]) == 0:
        raise ValueError(f"G: got shape {array.shape}, expected matrices (..., n, d)")
    return array


def _signs(d: int, *, half: bool = False) -> Array:
    codes = np.arange(2 ** (d - 1) if half else 2**d)
    return np.asarray(1.0 - 2.0 * (codes >> np.arange(d)[:, None] & 1))


def _norm(v: Array) -> Array:
    return np.asarray(np.linalg.norm(v, axis=-1))
