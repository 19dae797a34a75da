"""Projected gradient ascent on single points: what the linearised loss misses."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.networks import Activation, RandomFeatures, TwoLayerNetwork


@dataclass(frozen=True)
class FeatureAttack:
    r"""What the attack found at each point, arrays ``(n,)`` but ``adversarial`` ``(n, d)``.

    ``residuals`` is :math:`|y - f(x)|` at the points found, ``clean`` the same without attack,
    ``linearised`` :math:`|y - f(x)| + \varepsilon\|\nabla f(x)\|_2`, ``grad_norms`` the l2 norms
    of the gradient.
    """

    residuals: Array
    clean: Array
    linearised: Array
    grad_norms: Array
    adversarial: Array


def attack(
    theta: ArrayLike,
    W: ArrayLike,
    X: ArrayLike,
    y: ArrayLike,
    eps: float,
    steps: int = 20,
    *,
    starts: int = 2,
    activation: str | Activation = "relu",
    rng: Seed = 0,
) -> FeatureAttack:
    r"""Projected gradient ascent of :math:`|y - f(x + \delta)|` over :math:`\|\delta\|_2 \le
    \varepsilon`.

    For :math:`f = \theta^\top\sigma(W\cdot)`: ``theta`` ``(N,)``, ``W`` ``(N, d)`` with unit rows,
    ``X`` ``(n, d)``, ``y`` ``(n,)``. Steps of length :math:`2.5\varepsilon/\text{steps}` along the
    gradient, from the point itself and from random points of the ball; the best point met is kept,
    so that the answer is at least the clean residual. Raises ``ValueError`` for shapes that do not
    fit or a negative radius. [Standard; used as the check of digest 8.5.]

    >>> X, y = np.array([[1.0, 0.0]]), np.array([2.0])
    >>> attack([1.0], [[0.6, 0.8]], X, y, 0.5, activation="identity").residuals.round(6)
    array([1.9])
    """
    features = RandomFeatures(W, activation=activation)
    network = features.network(_validate.real_array(theta, "theta", 1))
    X, y = _validate.real_array(X, "X", 2), _validate.real_array(y, "y", 1)
    if X.shape[1] != features.input_dim or y.shape != X.shape[:1]:
        raise ValueError(
            f"X, y: got shapes {X.shape} and {y.shape}, expected (n, {features.input_dim}) and (n,)"
        )
    radius = _validate.nonnegative(eps, "eps", "radius")
    steps, starts = _validate.count(steps, "steps"), _validate.count(starts, "starts")
    draws = _validate.generator(rng)
    clean = np.abs(y - network(X))
    best, where = clean.copy(), X.copy()
    for start in range(starts):
        shift = np.zeros_like(X) if start == 0 else _ball(draws, X.shape, radius)
        shift, found = ascend(network, X, y, shift, radius, steps)
        better = found > best
        best[better], where[better] = found[better], (X + shift)[better]
    slopes = np.linalg.norm(network.gradient(X), axis=1)
    return FeatureAttack(best, clean, clean + radius * slopes, slopes, where)


def ascend(
    network: TwoLayerNetwork, X: Array, y: Array, shift: Array, radius: float, steps: int
) -> tuple[Array, Array]:
    """The best shift met on the way, and the absolute residual there, point by point."""
    best, found = shift, np.abs(y - network(X + shift))
    for _ in range(steps):
        residual = y - network(X + shift)
        gradient = -np.sign(residual)[:, None] * network.gradient(X + shift)
        shift = _project(shift + 2.5 * radius / steps * _unit(gradient), radius)
        now = np.abs(y - network(X + shift))
        best = np.where((now > found)[:, None], shift, best)
        found = np.maximum(now, found)
    return best, found


def _unit(v: Array) -> Array:
    lengths = np.linalg.norm(v, axis=1, keepdims=True)
    return np.asarray(v / np.where(lengths > 0, lengths, 1.0))


def _project(v: Array, radius: float) -> Array:
    lengths = np.linalg.norm(v, axis=1, keepdims=True)
    return np.asarray(v * np.minimum(1.0, radius / np.where(lengths > 0, lengths, 1.0)))


def _ball(draws: np.random.Generator, shape: tuple[int, ...], radius: float) -> Array:
    n, d = shape
    return radius * draws.uniform(size=(n, 1)) ** (1 / d) * _unit(draws.normal(size=shape))
