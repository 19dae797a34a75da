"""Integrals against the standard Gaussian, piece by piece, so that kinks do no harm."""

import math
from collections.abc import Callable

import numpy as np
from numpy.polynomial import legendre
from numpy.typing import NDArray

from lipkit._validate import Array

_REACH = 14.0  # the Gaussian beyond holds 1e-44
_ORDER = 24
_NODES, _WEIGHTS = legendre.leggauss(_ORDER)
_SHORTEST = 2.0**-44
_TOLERANCE = 1e-14
_END_TOLERANCE = 1e-11


def gaussian_moments(
    function: Callable[[Array], Array], derivative: Callable[[Array], Array] | None = None
) -> tuple[float, float, float, float]:
    r""":math:`\mathbb E\sigma,\ \mathbb E G\sigma,\ \mathbb E\sigma^2,\ \mathbb E\sigma'^2`."""
    _check_growth(function)
    pieces = resolved_pieces(function, derivative)
    summed = _integrals(pieces, function, derivative).sum(0)
    mean, slope, square, square_slope, mean_slope = summed
    if abs(mean_slope - slope) > 1e-7 * (1 + abs(slope)):
        raise ValueError(
            f"activation: got E[derivative] = {mean_slope:.9g} and E[G activation] = {slope:.9g}, "
            "expected equal numbers: it has a jump, or derivative is not its own; pass a "
            "continuous function and its derivative"
        )
    return float(mean), float(slope), float(square), float(square_slope)


def _check_growth(function: Callable[[Array], Array]) -> None:
    z = np.array([-_REACH, *np.linspace(-1, 1, 9), _REACH])
    weighted = _evaluate(function, z) ** 2 * np.exp(-(z**2) / 2)
    if weighted[[0, -1]].max() > 1e-12 * weighted[1:-1].max():
        raise ValueError(
            "activation: grows too fast, expected finite moments under a standard Gaussian; "
            "clip it or choose another"
        )


def resolved_pieces(
    function: Callable[[Array], Array], derivative: Callable[[Array], Array] | None = None
) -> Array:
    """Intervals ``(m, 2)`` over [-14, 14] so short that halving changes no moment."""
    open_pieces = np.array([[-_REACH, 0.0], [0.0, _REACH]])
    done = []
    while len(open_pieces):
        middle = open_pieces.mean(1)
        left = np.column_stack([open_pieces[:, 0], middle])
        right = np.column_stack([middle, open_pieces[:, 1]])
        whole = _integrals(open_pieces, function, derivative)
        halves = _integrals(left, function, derivative) + _integrals(right, function, derivative)
        settled = (np.abs(whole - halves) <= _TOLERANCE * (1 + np.abs(whole))).all(1)
        settled &= _smooth_to_the_ends(open_pieces, function)
        settled |= open_pieces[:, 1] - open_pieces[:, 0] < _SHORTEST
        done.append(open_pieces[settled])
        open_pieces = np.concatenate([left[~settled], right[~settled]])
        if sum(map(len, done)) + len(open_pieces) > 20_000:
            raise ValueError(
                "activation: not resolved by 20000 pieces, expected a function that is smooth "
                "between its kinks; simplify it"
            )
    return np.concatenate(done)


def _smooth_to_the_ends(pieces: Array, function: Callable[[Array], Array]) -> NDArray[np.bool_]:
    """Whether the polynomial through the nodes meets the ends: no kink hides before them."""
    value = _evaluate(function, nodes_and_weights(pieces)[0])
    missed = np.abs(_evaluate(function, pieces) - value @ _TO_THE_ENDS.T).max(axis=1)
    return np.asarray(missed <= _END_TOLERANCE * (1 + np.abs(value).max(axis=1)))


def nodes_and_weights(pieces: Array) -> tuple[Array, Array]:
    """Nodes ``(m, 24)`` on the pieces and weights that carry the Gaussian density."""
    middle, half = pieces.mean(1)[:, None], (np.diff(pieces, axis=1) / 2)
    z = middle + half * _NODES
    return z, half * _WEIGHTS * np.exp(-(z**2) / 2) / math.sqrt(2 * math.pi)


def _integrals(
    pieces: Array,
    function: Callable[[Array], Array],
    derivative: Callable[[Array], Array] | None,
) -> Array:
    z, weights = nodes_and_weights(pieces)
    value = _evaluate(function, z)
    if derivative is None:
        slope = value @ _DIFFERENTIATE.T / (np.diff(pieces, axis=1) / 2)
    else:
        slope = _evaluate(derivative, z)
    integrands = np.stack([value, z * value, value**2, slope**2, slope], axis=2)
    return np.asarray(np.einsum("ij,ijk->ik", weights, integrands))


def _evaluate(function: Callable[[Array], Array], z: Array) -> Array:
    values = np.asarray(function(z), dtype=np.float64)
    if values.shape != z.shape or not np.isfinite(values).all():
        raise ValueError(
            "activation: got values of another shape or not finite on [-14, 14], expected a "
            "function of arrays, entry by entry; vectorise it"
        )
    return values


def _differentiation_matrix() -> Array:
    """Values at the nodes to the interpolant's derivative at the nodes."""
    vandermonde = legendre.legvander(_NODES, _ORDER - 1)
    slopes = np.column_stack(
        [legendre.legval(_NODES, legendre.legder(row)) for row in np.eye(_ORDER)]
    )
    return np.asarray(slopes @ np.linalg.inv(vandermonde))


_DIFFERENTIATE = _differentiation_matrix()
_TO_THE_ENDS = legendre.legvander(np.array([-1.0, 1.0]), _ORDER - 1) @ np.linalg.inv(
    legendre.legvander(_NODES, _ORDER - 1)
)
