"""One neuron where the best cannot be found: a search from below, two norms from above."""

import numpy as np

from lipkit._validate import Array
from lipkit.theory.rademacher._neuron_exact import Maximiser

_STEPS = np.geomspace(2.0, 0.02, 60)


def ascent(X: Array, restarts: int, draws: np.random.Generator) -> Maximiser:
    r"""Steps of falling size along the gradient on the sphere, from several starts.

    Starts are :math:`\pm X^\top \sigma` and random directions. Finds a value, not the supremum.
    """

    def maximise(S: Array) -> tuple[Array, Array]:
        found = [_climb(X, s, draws.normal(size=(restarts, X.shape[1]))) for s in S]
        return np.array([value for value, _ in found]), np.array([w for _, w in found])

    return maximise


def _climb(X: Array, s: Array, starts: Array) -> tuple[float, Array]:
    w = _unit(np.concatenate([[s @ X, -(s @ X)], starts]))
    best, witness = 0.0, np.zeros(X.shape[1])
    for step in _STEPS:
        z = w @ X.T
        sums = np.maximum(z, 0.0) @ s
        top = int(np.abs(sums).argmax())
        if abs(sums[top]) > best:
            best, witness = float(abs(sums[top])), w[top].copy()
        gradient = np.sign(sums)[:, None] * ((z > 0) * s) @ X
        w = _unit(w + step * _unit(gradient))
    return best, witness


def norm_bounds(X: Array, S: Array) -> Array:
    r"""The smaller of two upper bounds for each row of signs, shape ``(draws,)``.

    :math:`\tfrac12 \|X^\top\sigma\| + \tfrac12 \sqrt n \|X\|_{op}`, since
    :math:`\psi(t) = (t + |t|)/2`; and :math:`\max_\pm \sqrt{n_\pm} \|X_\pm\|_{op}`, since the two
    signs pull against each other.
    """
    whole = np.linalg.norm(S @ X, axis=1) / 2 + np.sqrt(len(X)) * np.linalg.norm(X, ord=2) / 2
    parts = [max(_part_bound(X[s > 0]), _part_bound(X[s < 0])) for s in S]
    return np.asarray(np.minimum(whole, parts))


def _part_bound(X: Array) -> float:
    return float(np.sqrt(len(X)) * np.linalg.norm(X, ord=2)) if len(X) else 0.0


def _unit(v: Array) -> Array:
    length = np.linalg.norm(v, axis=-1, keepdims=True)
    return np.asarray(np.divide(v, length, out=np.zeros_like(v), where=length > 0))
