"""Adversarial training proper, at small size: the inner maximum attacked, not linearised."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike
from scipy import linalg

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks import Activation, RandomFeatures, TwoLayerNetwork
from lipkit.regression._adversarial import adversarial_least_squares
from lipkit.regression._attack import ascend


@dataclass(frozen=True)
class AttackTraining:
    r"""``theta`` ``(N,)``, and where it came from.

    ``surrogate`` ``(N,)`` is the minimiser of the convex surrogate; ``losses``
    ``(steps,)`` are :math:`\tfrac1{2n}\sum_i(y_i - f(x_i + \delta_i))^2` at the attacks of each
    step.
    """

    theta: Array
    surrogate: Array
    losses: Array


def train_under_attack(
    W: ArrayLike,
    X: ArrayLike,
    y: ArrayLike,
    eps: float,
    *,
    steps: int = 600,
    attack_steps: int = 3,
    lr: float = 0.01,
    activation: str | Activation = "relu",
    start: ArrayLike | None = None,
) -> AttackTraining:
    r"""Random features trained against projected gradient attacks, from the surrogate's minimiser.

    .. math:: \min_\theta \tfrac1{2n}\sum_i \max_{\|\delta_i\|_2 \le \varepsilon}
              (y_i - \theta^\top\sigma(W(x_i + \delta_i)))^2

    Adam in the coordinates :math:`L^\top\theta`, :math:`J^2 = LL^\top`, its rate falling to 0 along
    half a cosine; the attacks go on from the last step's and from their opposites. ``start``
    ``(N,)`` is another place to begin; the objective is convex, so it matters only to how far the
    steps come. The inner maximum is found from below, so the losses are lower bounds of the true
    ones, and nothing certifies the answer. For some hundred features and points. ``W`` ``(N, d)``
    with unit rows, ``X`` ``(n, d)``, ``y`` ``(n,)``. Deterministic. Raises ``ValueError`` like
    :func:`adversarial_least_squares`.
    [Standard; the experiment of digest 8.6.]

    >>> trained = train_under_attack(np.eye(2), np.eye(2), [1.0, 2.0], 0.1, activation="identity")
    >>> bool(np.abs(trained.theta - trained.surrogate).max() < 0.02)
    True
    """
    features = RandomFeatures(W, activation=activation)
    X, _ = _validate.points(X, features.input_dim)
    steps, attack_steps = (
        _validate.count(steps, "steps"),
        _validate.count(attack_steps, "attack_steps"),
    )
    lr = _validate.positive(lr, "lr")
    J2 = features.gradient_matrix()
    y = _validate.real_array(y, "y", 1)
    surrogate = adversarial_least_squares(features.features(X), y, eps, gradient_matrix=J2).theta
    L = np.asarray(linalg.cholesky(J2, lower=True), dtype=np.float64)
    begin = surrogate if start is None else _start(start, len(surrogate))
    adam = _Adam(L.T @ begin, lr * max(float(np.linalg.norm(L.T @ surrogate)), 1e-3), steps)
    shift, losses = np.zeros_like(X), np.empty(steps)
    for step in range(steps):
        theta = _back(L, adam.point)
        shift = _two_sided(features.network(theta), X, y, shift, eps, attack_steps)
        Z = features.features(X + shift)
        residuals = y - Z @ theta
        losses[step] = (residuals**2).mean() / 2
        adam.move(linalg.solve_triangular(L, -Z.T @ residuals / len(y), lower=True))
    return AttackTraining(_back(L, adam.point), surrogate, losses)


def _start(start: ArrayLike, neurons: int) -> Array:
    begin = _validate.real_array(start, "start", 1)
    if begin.shape != (neurons,):
        raise ValueError(
            f"start: got shape {begin.shape}, expected ({neurons},), one weight for each neuron; "
            "give the readout to begin at, or None for the surrogate's minimiser"
        )
    return begin


def _back(L: Array, phi: Array) -> Array:
    return np.asarray(linalg.solve_triangular(L, phi, lower=True, trans="T"))


def _two_sided(
    network: TwoLayerNetwork, X: Array, y: Array, shift: Array, eps: float, steps: int
) -> Array:
    """From the last shift and from its opposite: near a fitted point both residuals are large."""
    here, found = ascend(network, X, y, shift, eps, steps)
    there, other = ascend(network, X, y, -shift, eps, steps)
    return np.where((found >= other)[:, None], here, there)


class _Adam:
    """Adam, its rate falling along half a cosine."""

    def __init__(self, point: Array, rate: float, steps: int):
        self.point = point
        self.rate, self.steps = rate / np.sqrt(len(point)), steps
        self.mean, self.square, self.count = np.zeros_like(point), np.zeros_like(point), 0

    def move(self, gradient: Array) -> None:
        """One step."""
        self.count += 1
        self.mean = 0.9 * self.mean + 0.1 * gradient
        self.square = 0.99 * self.square + 0.01 * gradient**2
        mean = self.mean / (1 - 0.9**self.count)
        square = self.square / (1 - 0.99**self.count)
        rate = self.rate * (1 + np.cos(np.pi * self.count / self.steps)) / 2
        self.point = self.point - rate * mean / (np.sqrt(square) + 1e-12)
