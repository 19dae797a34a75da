"""Where the network of groups is steep: a point that several groups of both labels share."""

from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import NETWORK, Bound
from lipkit.networks import TwoLayerNetwork
from lipkit.norms import dual_vector, vector_norm
from lipkit.theory.robustness_law._groups import Rows

_CLEAR = 1e-9  # a preactivation this close to 0, relative to its size, may be a kink
_MOST_SIZES = 17


def group_witness(network: TwoLayerNetwork, *, p: float = 2, rng: Seed, trials: int = 200) -> Bound:
    r"""A steep point of a network of groups: :math:`x \propto \sum_{g \in A} w_g`.

    All of A is active there, its groups are orthogonal or nearly so, and the gradient
    :math:`\sum_A 2 \xi_g w_g` is long, about :math:`2\sqrt{m|A|}` for groups of m points. With as
    many groups of each label it is orthogonal to x, that is, all of it lies along the sphere. A is
    drawn at random with :math:`2m \le |A| \le 4m`, as far as there are groups: ``trials`` sets for
    each of up to 17 sizes, and the steepest point wins. m is read off as :math:`\|w_g\|_2^2`.

    A lower bound of :math:`\sup |f(x) - f(x')| / \|x - x'\|_p` over the unit sphere: at the witness
    no neuron is at its kink, and the value is the slope :math:`|\nabla f \cdot u| / \|u\|_p` in a
    direction u tangent to the sphere (for p = 2 the length of the gradient's tangential part).
    ``details`` holds the rows in A as ``"groups"`` and the number of ``"active"`` neurons.
    [Derived, digest of the laws of robustness, 5.3; exact for orthonormal data, a heuristic search
    with valid answers for others.]

    Raises ``TypeError`` for another network and ``ValueError`` unless it is a ReLU network with
    groups of both labels (the signs of ``network.a``).

    >>> from lipkit.theory.robustness_law import grouped_network
    >>> f = grouped_network(np.eye(4), [1.0, 1.0, -1.0, -1.0], 4)
    >>> round(group_witness(f, rng=0).value, 6)
    2.828427
    """
    positive, negative = _group_rows(network)
    p, trials = _validate.exponent(p), _validate.count(trials, "trials")
    draws = _validate.generator(rng)
    best: dict[str, Any] = {"value": 0.0, "witness": None, "details": {}}
    for half in _half_sizes(network, min(len(positive), len(negative))):
        member = np.zeros((trials, network.width))
        for rows in (positive, negative):
            ranks = np.argsort(draws.random((trials, len(rows))), axis=1)
            np.put_along_axis(member, rows[ranks[:, :half]], 1.0, axis=1)
        x, slopes = _slopes(network, member @ network.W, p)
        i = int(np.argmax(slopes))
        if slopes[i] > best["value"]:
            active = int((network.W @ x[i] + network.b > 0).sum())
            found = {"groups": np.flatnonzero(member[i]), "active": active}
            best = {"value": float(slopes[i]), "witness": x[i], "details": found}
    return Bound(
        kind="lower",
        quantity=NETWORK,
        norm=(p, p),
        domain="unit sphere",
        method="group witness",
        source="digest of the laws of robustness, 5.3",
        **best,
    )


def _group_rows(network: TwoLayerNetwork) -> tuple[Rows, Rows]:
    if not isinstance(network, TwoLayerNetwork):
        raise TypeError(
            f"network: got {type(network).__name__}, expected a TwoLayerNetwork of groups"
        )
    if network.activation.name != "relu":
        raise ValueError(f"network: got activation {network.activation.name!r}, expected 'relu'")
    positive, negative = np.flatnonzero(network.a > 0), np.flatnonzero(network.a < 0)
    if not (len(positive) and len(negative)):
        raise ValueError(
            "network: got groups of one label only, expected both; a constant fits one label"
        )
    return positive, negative


def _half_sizes(network: TwoLayerNetwork, most: int) -> Rows:
    """Half the sizes of A to try: m to 2m groups of each label, as far as there are any."""
    m = max(1, round(float(np.mean(np.sum(network.W**2, axis=1)))))
    top = min(2 * m, most)
    return np.unique(np.linspace(min(m, top), top, _MOST_SIZES).round().astype(int))


def _slopes(network: TwoLayerNetwork, X: Array, p: float) -> tuple[Array, Array]:
    """The rows of X put on the sphere, and a slope of f there along it; 0 next to a kink."""
    length = np.linalg.norm(X, axis=1, keepdims=True)
    x = np.divide(X, length, out=np.zeros_like(X), where=length > 0)
    z = x @ network.W.T + network.b
    scale = np.linalg.norm(network.W, axis=1) + np.abs(network.b)
    clear = (np.abs(z) > _CLEAR * scale).all(axis=1) & (length[:, 0] > 0)
    gradient = network.gradient(x)
    tangential = _tangent(gradient, x)
    best = np.zeros(len(x))
    for u in (tangential, _tangent(dual_vector(tangential, p), x)):
        size = vector_norm(u, p)
        slope = np.abs(np.sum(gradient * u, axis=1))
        slope = np.divide(slope, size, out=np.zeros_like(size), where=size > 1e-12)
        best = np.maximum(best, slope)
    return x, np.where(clear, best, 0.0)


def _tangent(v: Array, x: Array) -> Array:
    return np.asarray(v - np.sum(v * x, axis=1, keepdims=True) * x)
