"""Random points to look at a network from, and pairs of them."""

import math

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz._question import Question
from lipkit.networks import ReluNetwork

_NEAR = (1e-3, 1e-1)  # lengths of the short steps, beside the distance to the origin or the box


def random_points(question: Question, n: int, rng: np.random.Generator) -> Array:
    """``(n, d)`` points: uniform in the box, or Gaussian directions at the radii of the kinks.

    Without biases the radius changes no gradient, and all points lie on the sphere of radius
    :math:`\\sqrt d`.
    """
    d = question.network.input_dim
    if question.box is not None:
        lower, upper = question.box
        return np.clip(lower + rng.random((n, d)) * (upper - lower), lower, upper)
    X = rng.normal(size=(n, d))
    X *= math.sqrt(d) / np.linalg.norm(X, axis=1, keepdims=True)
    if question.network.bias_free:
        return X
    low, high = kink_radii(question.network, X)
    return np.asarray(X * np.exp(rng.uniform(math.log(low), math.log(high), size=(n, 1))))


def random_pairs(question: Question, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    """``n`` pairs: every other one far apart (both points drawn alike), the rest a short step."""
    X = random_points(question, n, rng)
    Y = random_points(question, n, rng)
    steps = rng.normal(size=X.shape) / math.sqrt(X.shape[1])
    short, long = np.log(_NEAR)
    steps *= np.exp(rng.uniform(short, long, size=(n, 1)))
    if question.box is None:
        steps *= np.linalg.norm(X, axis=1, keepdims=True)
    else:
        steps *= question.box[1] - question.box[0]
    Y[1::2] = X[1::2] + steps[1::2]
    return X, Y if question.box is None else np.clip(Y, *question.box)


def kink_radii(network: ReluNetwork, X: Array) -> tuple[float, float]:
    """Radii, in units of the points ``X``, between which nearly all neurons change sign.

    At radius r a neuron is r times its bias-free preactivation plus a bias: they balance at their
    ratio. A decade is added on both sides.
    """
    free = network.without_biases()
    growth = [np.sqrt(np.mean(z**2, axis=0)) for z in free.preactivations(X[:256])]
    g, b = np.concatenate(growth), np.abs(np.concatenate(network.biases[:-1]))
    moving = (g > 0) & (b > 0)
    if not moving.any():
        return 0.1, 10.0
    low, high = np.quantile(b[moving] / g[moving], (0.1, 0.9))
    return float(low) / 10, float(high) * 10
