"""Second moments of activations at correlated Gaussians, and of their derivatives."""

import math
from collections.abc import Callable
from functools import lru_cache

import numpy as np

from lipkit._validate import Array
from lipkit.networks._activations import Activation, activation
from lipkit.networks._gaussian_quadrature import nodes_and_weights, resolved_pieces

_TERMS = 400
_RESOLVED = 1e-11
_NEGLIGIBLE = 1e-17


def covariance_kernel(psi: Activation, t: Array) -> Array:
    r""":math:`\mathrm{Cov}(\sigma(a), \sigma(b))` for standard Gaussians of correlation t."""
    return _kernel(psi, t, 0)


def slope_kernel(psi: Activation, t: Array) -> Array:
    r""":math:`\mathbb E\sigma'(a)\sigma'(b)` for standard Gaussians of correlation t."""
    return _kernel(psi, t, 1)


def _kernel(psi: Activation, t: Array, order: int) -> Array:
    t = np.clip(t, -1.0, 1.0)
    if psi in _CLOSED:
        return _CLOSED[psi][order](t)
    return _series(psi, t, order)


def _relu(t: Array) -> Array:
    angle = math.pi - np.arccos(t)
    return (np.sqrt((1 - t) * (1 + t)) + t * angle - 1) / (2 * math.pi)


def _relu_slope(t: Array) -> Array:
    return (math.pi - np.arccos(t)) / (2 * math.pi)


def _abs(t: Array) -> Array:
    return 2 / math.pi * (np.sqrt((1 - t) * (1 + t)) + t * np.arcsin(t) - 1)


def _abs_slope(t: Array) -> Array:
    return 2 / math.pi * np.arcsin(t)


def _erf(t: Array) -> Array:
    return 2 / math.pi * np.arcsin(2 * t / 3)


def _erf_slope(t: Array) -> Array:
    return 4 / (math.pi * np.sqrt(9 - 4 * t**2))


_Kernel = Callable[[Array], Array]
_FORMULAS: dict[str, tuple[_Kernel, _Kernel]] = {
    "relu": (_relu, _relu_slope),
    "shifted_relu": (_relu, _relu_slope),
    "abs": (_abs, _abs_slope),
    "identity": (np.asarray, np.ones_like),
    "erf": (_erf, _erf_slope),
}
_CLOSED = {activation(name): kernels for name, kernels in _FORMULAS.items()}


def _series(psi: Activation, t: Array, order: int) -> Array:
    r"""Hermite series :math:`\sum_k c_k^2 t^k`, or :math:`\sum_k k c_k^2 t^{k-1}`."""
    squares, left = _hermite_squares(psi)
    weights = squares[1:] * np.arange(1, _TERMS) if order else squares
    reach = np.abs(t) ** (_TERMS - order)
    error = left[order] * np.where(np.abs(t) == 1, 0.0, reach)
    if error.max(initial=0.0) > _RESOLVED:
        worst = np.abs(t.flat[np.argmax(error)])
        raise ValueError(
            f"activation: got {psi.name!r} at a correlation of {worst:.6f}, where {_TERMS} Hermite "
            f"terms leave {error.max():.1e}, expected {_RESOLVED:g}; use an activation with a "
            "closed form (relu, erf) or rows of W less alike"
        )
    largest = np.abs(t[t < 1]).max(initial=0.0)
    needed = np.flatnonzero(weights * largest ** np.arange(len(weights)) > _NEGLIGIBLE)
    terms = weights[: needed.max(initial=0) + 1]
    total = np.polynomial.polynomial.polyval(t, terms if order else np.r_[0.0, terms[1:]])
    exact = weights.sum() + left[order] - (0.0 if order else squares[0])
    return np.where(t == 1, exact, total)


@lru_cache(maxsize=16)
def _hermite_squares(psi: Activation) -> tuple[Array, tuple[float, float]]:
    """Squared coefficients, and what the series of the function and of the slope leave out."""
    pieces = resolved_pieces(psi.function, psi.derivative)
    fine = pieces
    while len(fine) < 400:
        middle = fine.mean(1)
        fine = np.concatenate(
            [np.column_stack([fine[:, 0], middle]), np.column_stack([middle, fine[:, 1]])]
        )
    z, weights = (part.ravel() for part in nodes_and_weights(fine))
    value, slope = psi.function(z), psi.derivative(z)
    root = np.sqrt(weights)
    before, now = np.zeros_like(z), root.copy()
    squares = np.empty(_TERMS)
    for k in range(_TERMS):
        squares[k] = (root * value @ now) ** 2
        before, now = now, (z * now - math.sqrt(k) * before) / math.sqrt(k + 1)
    rest = weights @ value**2 - squares.sum()
    slope_rest = weights @ slope**2 - squares @ np.arange(_TERMS)
    return squares, (max(float(rest), 0.0), max(float(slope_rest), 0.0))
