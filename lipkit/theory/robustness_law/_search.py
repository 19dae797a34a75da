"""The steepest slope along the sphere that a search finds: random, beside the data, then uphill."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import NETWORK, Bound
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.robustness_law._data import labelled

_RADII = (0.1, 0.3, 1.0)
_CLEAR = 1e-9  # a preactivation this close to 0, relative to its size, may be a kink
_KEPT, _TRIALS = 24, 48


def gradient_search(
    network: TwoLayerNetwork, X: ArrayLike, *, rng: Seed, rounds: int = 12, points: int = 2000
) -> Bound:
    r"""A lower bound of :math:`\sup |f(x) - f(x')| / \|x - x'\|_2` over the unit sphere.

    ``points`` random points of the sphere and points at three distances from the data ``X``
    ``(n, d)`` start it. In each round the steepest 24 move: by random steps that shrink, and
    towards the points that open the neurons which the gradient would gain from; the best stay.
    The value is the length of the gradient's part along the sphere at the witness, where no
    preactivation is 0; ``details`` hold the best of the ``"random"`` points and of the start.
    Kind: lower. Raises ``TypeError`` for another network and ``ValueError`` for data of another
    dimension, data at the origin, or sizes below 1.
    [Standard; digest of the laws of robustness, 5.]

    >>> from lipkit.theory.robustness_law import cap_network
    >>> X = np.eye(3)
    >>> gradient_search(cap_network(X, [1.0, -1.0, 1.0]), X, rng=0).value < 19**0.5
    True
    """
    if not isinstance(network, TwoLayerNetwork):
        raise TypeError(f"network: got {type(network).__name__}, expected a TwoLayerNetwork")
    X = _data(X, network.input_dim)
    draws = _validate.generator(rng)
    sphere = _unit(draws.normal(size=(_validate.count(points, "points"), X.shape[1])))
    noise = draws.normal(size=(len(_RADII), *X.shape)) / np.sqrt(X.shape[1])
    near = _unit((X + np.array(_RADII)[:, None, None] * noise).reshape(-1, X.shape[1]))
    at_random = _slopes(network, sphere)
    x, slopes = _best(network, np.concatenate([sphere, near]))
    start = float(slopes[0])
    for size in 0.75 ** np.arange(_validate.count(rounds, "rounds", 0)):
        x, slopes = _best(network, np.concatenate([x, _moved(network, x, size, draws)]))
    return Bound(
        float(slopes[0]),
        "lower",
        quantity=NETWORK,
        domain="unit sphere",
        method="gradient search",
        source="digest of the laws of robustness, 5",
        witness=x[0],
        details={"random": float(at_random.max()), "start": start},
    )


def _data(X: ArrayLike, d: int) -> Array:
    points = _validate.real_array(X, "X", 2)
    points = labelled(points, np.ones(len(points)))[0]
    if points.shape[1] != d:
        raise ValueError(f"X: got points in {points.shape[1]} dimensions, expected {d}")
    if not np.linalg.norm(points, axis=1).all():
        raise ValueError("X: got the origin, which no direction on the sphere belongs to")
    return _unit(points)


def _moved(network: TwoLayerNetwork, x: Array, size: float, draws: np.random.Generator) -> Array:
    """Trials around each point: random steps, and steps that open what the gradient gains from."""
    k, d = x.shape
    random = draws.normal(size=(k, _TRIALS, d)) / np.sqrt(d)
    gain = np.sign((network.gradient(x) @ network.W.T) * network.a)
    opening = _unit(gain @ network.W)[:, None, :] * draws.random((k, _TRIALS, 1))
    half = (np.arange(_TRIALS) % 2)[None, :, None]
    steps = size * np.where(half, random, opening + 0.3 * random)
    return _unit((x[:, None, :] + steps).reshape(-1, d))


def _best(network: TwoLayerNetwork, x: Array) -> tuple[Array, Array]:
    slopes = _slopes(network, x)
    order = np.argsort(-slopes, kind="stable")[:_KEPT]
    return x[order], slopes[order]


def _slopes(network: TwoLayerNetwork, x: Array) -> Array:
    """Slopes along the sphere at its points; 0 next to a kink."""
    gradient = network.gradient(x)
    tangential = gradient - np.sum(gradient * x, axis=1, keepdims=True) * x
    z = np.abs(x @ network.W.T + network.b)
    clear = (z > _CLEAR * (np.linalg.norm(network.W, axis=1) + np.abs(network.b))).all(axis=1)
    return np.asarray(np.where(clear, np.linalg.norm(tangential, axis=1), 0.0))


def _unit(x: Array) -> Array:
    length = np.linalg.norm(x, axis=-1, keepdims=True)
    return np.asarray(np.divide(x, length, out=np.zeros_like(x), where=length > 0))
