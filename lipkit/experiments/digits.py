"""One small network trained on scikit-learn's digits; it comes back throughout the book."""

from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.certificates import margin
from lipkit.data import Split, digits
from lipkit.networks import ReluNetwork

SIZES = (64, 32, 32, 32, 10)


def digits_network(seed: int = 0, *, epochs: int = 30) -> tuple[ReluNetwork, Split]:
    """The network, 64 inputs, three hidden layers of 32, ten logits, and the data it has learned.

    SGD with momentum 0.9, batches of 64, cosine schedule from 0.05; the same seed gives the same
    weights on the same machine and torch version. It is trained once a process; its arrays are
    read-only.
    """
    return _trained(seed, epochs), digits(rng=seed)


@lru_cache(maxsize=4)
def _trained(seed: int, epochs: int) -> ReluNetwork:
    from lipkit.training import fit, mlp

    model = mlp(SIZES, rng=seed)
    X, y = digits(rng=seed).train
    fit(model, (X, y), epochs=epochs, batch_size=64, lr=0.05, progress=False, rng=seed)
    return ReluNetwork.from_torch(model)


def margins(network: ReluNetwork, X: Array, y: NDArray[np.int64]) -> Array:
    """The logit of class y minus the largest other one; negative where the decision is not y."""
    return np.asarray(margin(network(X), y))


def flip_distances(
    network: ReluNetwork, X: Array, y: NDArray[np.int64], *, steps: int = 200
) -> Array:
    """How far a walk goes until the decision is no longer y: an upper answer of the true distance.

    Each step goes to where the linearised margin of the nearest class vanishes, but never further
    than 0.05. Euclidean distances, shape ``(n,)``; ``inf`` where the walk did not arrive.
    """
    x, distance = X.copy(), np.full(len(X), np.inf)
    for _ in range(steps):
        flipped = (np.asarray(network(x)).argmax(axis=1) != y) & np.isinf(distance)
        distance[flipped] = np.linalg.norm(x[flipped] - X[flipped], axis=1)
        going = np.isinf(distance)
        if not going.any():
            break
        x[going] += _step(network, x[going], y[going])
    return distance


def _step(network: ReluNetwork, x: Array, y: NDArray[np.int64]) -> Array:
    """The step over the nearest linearised decision boundary, at most 0.05 long."""
    rows = np.arange(len(x))
    logits, J = np.asarray(network(x)), network.jacobian(x)
    gap = logits[rows, y][:, None] - logits
    normal = J[rows, y][:, None, :] - J
    length = np.linalg.norm(normal, axis=2)
    reach = np.divide(gap, length, out=np.full_like(gap, np.inf), where=length > 0)
    nearest = reach.argmin(axis=1)
    far = np.clip(1.02 * reach[rows, nearest] + 1e-4, 0.0, 0.05)
    scale = far / np.maximum(length[rows, nearest], 1e-300)
    return np.asarray(-scale[:, None] * normal[rows, nearest])
