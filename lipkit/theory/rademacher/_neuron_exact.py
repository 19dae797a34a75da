"""The best neuron for given signs, exactly: arc by arc in the plane, pattern by pattern beyond."""

from collections.abc import Callable
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import nnls

from lipkit._validate import Array
from lipkit.theory.rademacher._patterns import activation_patterns

Maximiser: TypeAlias = Callable[[Array], tuple[Array, Array]]
"""Signs ``(draws, n)`` to suprema ``(draws,)`` and the w that attain them ``(draws, d)``."""


def arcs(X: Array) -> Maximiser:
    """In the plane: between two angles where a point turns on or off the sum is linear in w."""
    start, end, middle = _cut_circle(X)
    on = middle @ X.T > 0

    def maximise(S: Array) -> tuple[Array, Array]:
        G = np.stack([S @ (on * x).T for x in X.T], axis=-1)  # (draws, arcs, 2)
        after, before = _cross(start, G), _cross(G, end)
        length = np.where(after * before >= 0, np.linalg.norm(G, axis=-1), 0.0)
        at_start = np.abs(np.sum(G * start, axis=-1))
        rows, best, edge = np.arange(len(S)), length.argmax(axis=1), at_start.argmax(axis=1)
        values = np.maximum(length[rows, best], at_start[rows, edge])
        turned = np.where(after[rows, best] < 0, -1.0, 1.0)[:, None] * G[rows, best]
        interior = (length[rows, best] >= at_start[rows, edge])[:, None]
        return values, np.where(interior, turned / _positive(values), start[edge])

    return maximise


def patterns(X: Array) -> Maximiser:
    r"""In any dimension: the best :math:`\max_D \max_\pm \|\Pi_{K_D}(\pm X^\top D \sigma)\|_2`.

    :math:`K_D` is the cone of the w with pattern D. By Moreau the length of a projection on a cone
    is a least-squares residual over its polar, one problem with non-negative coefficients.
    """
    on = activation_patterns(X)

    def maximise(S: Array) -> tuple[Array, Array]:
        found = [_best_pattern(X, on, s) for s in S]
        return np.array([value for value, _ in found]), np.array([w for _, w in found])

    return maximise


def _best_pattern(X: Array, on: NDArray[np.bool_], s: Array) -> tuple[float, Array]:
    G = (on * s) @ X
    lengths = np.linalg.norm(G, axis=1)
    best, witness = 0.0, np.zeros(X.shape[1])
    for i in np.argsort(-lengths):
        if lengths[i] <= best:
            break  # a projection is no longer than the vector
        walls = np.where(on[i], 1.0, -1.0)[:, None] * X
        for g in (G[i], -G[i]):
            inside = g + nnls(walls.T, -g)[0] @ walls
            if np.linalg.norm(inside) > best:
                best, witness = float(np.linalg.norm(inside)), inside
    return best, witness / _positive(best)


def _cut_circle(X: Array) -> tuple[Array, Array, Array]:
    """The arcs: unit vectors at their starts, ends and middles, each ``(arcs, 2)``."""
    angles = np.arctan2(X[:, 1], X[:, 0])
    starts = np.unique(np.mod([angles - np.pi / 2, angles + np.pi / 2], 2 * np.pi))
    ends = np.append(starts[1:], starts[0] + 2 * np.pi)
    start, end, middle = (
        np.column_stack([np.cos(t), np.sin(t)]) for t in (starts, ends, (starts + ends) / 2)
    )
    return start, end, middle


def _cross(u: Array, v: Array) -> Array:
    return np.asarray(u[..., 0] * v[..., 1] - u[..., 1] * v[..., 0])


def _positive(lengths: Array | float) -> Array:
    """The lengths as a column, with 1 in place of 0."""
    return np.where(np.asarray(lengths) > 0, lengths, 1.0)[..., None]
