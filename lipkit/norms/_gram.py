"""A certified upper bound of the spectral norm: Gram iteration with every rounding paid for."""

from typing import Any

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
    return float(gram_upper_bounds(A, rtol=rtol))


def gram_upper_bounds(A: Any, *, rtol: float = 1e-10, steps: int | None = None) -> Array:
    """The same for many real or complex matrices ``(..., m, n)`` at once: ``(...)``.

    ``steps`` products, or as many as :func:`gram_upper_bound` would take for the slowest of them.
    """
    if max(A.shape[-2:]) >= 10_000:
        raise ValueError(f"A: got shape {A.shape}, expected sides below 10000; split the matrix")
    G = A if A.shape[-2] >= A.shape[-1] else A.swapaxes(-2, -1)
    if not G.any():
        return np.zeros(A.shape[:-2])
    trail: list[tuple[Any, Array, int]] = []
    best = np.full(A.shape[:-2], np.inf)
    for _ in range(_MOST_STEPS if steps is None else steps + 1):
        power = np.frexp(np.abs(G).max(axis=(-2, -1)))[1]
        G = _scaled(G, -power)  # entries of size 1: neither overflow nor loss
        trail.append((power, _frobenius(G), G.shape[-2]))
        bound = _carry_back(trail, 4 if np.iscomplexobj(G) else 1)
        settled = not (bound <= best * (1 - rtol)).any()
        best = np.minimum(best, bound)
        if settled and steps is None:
            break
        G = G.conj().swapaxes(-2, -1) @ G
    return np.where(A.any(axis=(-2, -1)), best, 0.0)


def _scaled(G: Any, power: Any) -> Any:
    if not np.iscomplexobj(G):
        return np.ldexp(G, power[..., None, None])
    parts = np.ascontiguousarray(G).view(np.float64)
    return np.ldexp(parts, power[..., None, None]).view(np.complex128)


def _frobenius(G: Any) -> Array:
    """The Frobenius norms, rounded up."""
    size = 2 * G.shape[-2] * G.shape[-1] if np.iscomplexobj(G) else G.shape[-2] * G.shape[-1]
    return np.asarray(np.linalg.norm(G, axis=(-2, -1)) * (1 + (size + 4) * _U) + _TINY)


def _carry_back(trail: list[tuple[Any, Array, int]], factor: int) -> Array:
    """From a bound of the last product's norm back to the first matrix, rounding up all the way.

    ``factor`` multiplies the unit roundoff: complex products and sums err more than real ones.
    """
    power, bound, _ = trail[-1]
    bound = _times_power(bound, power)
    for power, size, inner in reversed(trail[:-1]):
        gamma = factor * (inner + 2) * _U / (1 - factor * (inner + 2) * _U)
        bound = np.sqrt(bound + gamma * size**2 + _TINY) * (1 + 4 * _U)
        bound = _times_power(bound, power)
    return bound


def _times_power(value: Any, power: Any) -> Array:
    """The next float above value times a power of two, infinity included."""
    with np.errstate(over="ignore"):
        return np.asarray(np.nextafter(np.ldexp(value, power), np.inf))
