"""A certified upper bound of the spectral norm: Gram iteration with every rounding paid for."""

import math

import numpy as np

from lipkit._validate import Array

_U = 2.0**-53  # unit roundoff of float64
_TINY = 1e-290  # more than every underflow of one step together, flush-to-zero included
_MOST_STEPS = 40


def gram_upper_bound(A: Array, *, rtol: float = 1e-10) -> float:
    r"""An upper bound of :math:`\|A\|_2` that holds in real arithmetic: :math:`\|G_K\|_F^{1/2^K}`.

    :math:`G_0 = A`, :math:`G_k = G_{k-1}^T G_{k-1}`: the Schatten-:math:`2^{K+1}` norm, which falls
    to the spectral norm. ``A`` is ``(m, n)``, float64, with both sides below 10 000. Rounding: each
    product's entries err by at most :math:`\gamma_m |G|^T |G|`, and the error is carried back
    through the square roots. Stops once another step gains less than ``rtol``.
    [Derived, digest of random ReLU networks, section 5.1; the iteration is Delattre et al. 2023.]

    >>> A = np.random.default_rng(0).normal(size=(50, 50))
    >>> bool(1.0 <= gram_upper_bound(A) / np.linalg.norm(A, 2) < 1 + 1e-8)
    True
    """
    if max(A.shape) >= 10_000:
        raise ValueError(f"A: got shape {A.shape}, expected sides below 10000; split the matrix")
    G = A if A.shape[0] >= A.shape[1] else A.T
    if not G.any():
        return 0.0
    trail: list[tuple[int, float, int]] = []
    best = math.inf
    for _ in range(_MOST_STEPS):
        power = math.frexp(float(np.abs(G).max()))[1]
        G = np.ldexp(G, -power)  # entries of size 1: neither overflow nor loss
        trail.append((power, _frobenius(G), G.shape[0]))
        bound = _carry_back(trail)
        if bound > best * (1 - rtol):
            break
        best = bound
        G = G.T @ G
    return min(best, bound)


def _frobenius(G: Array) -> float:
    """The Frobenius norm, rounded up."""
    return float(np.linalg.norm(G)) * (1 + (G.size + 4) * _U) + _TINY


def _carry_back(trail: list[tuple[int, float, int]]) -> float:
    """From a bound of the last product's norm back to the first matrix, rounding up all the way."""
    power, bound, _ = trail[-1]
    bound = _times_power(bound, power)
    for power, size, inner in reversed(trail[:-1]):
        gamma = (inner + 2) * _U / (1 - (inner + 2) * _U)
        bound = math.sqrt(bound + gamma * size**2 + _TINY) * (1 + 4 * _U)
        bound = _times_power(bound, power)
    return bound


def _times_power(value: float, power: int) -> float:
    try:
        return math.nextafter(math.ldexp(value, power), math.inf)
    except OverflowError:
        return math.inf
