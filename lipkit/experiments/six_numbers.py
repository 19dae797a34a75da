"""Six numbers that public libraries call *the* Lipschitz constant, for one network.

Which of them breaks its promise?

Each is our own few lines for the definition found in one library; the chapter links them.
"""

from typing import Any

import numpy as np
from scipy import stats

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.data import Split
from lipkit.experiments._registry import experiment
from lipkit.experiments.digits import digits_network, flip_distances, margins
from lipkit.networks import ReluNetwork
from lipkit.norms import matrix_norm, pair_norm


def one_noise(network: ReluNetwork, X: Array, *, eps: float = 1e-4, rng: int = 0) -> float:
    r"""The largest :math:`\|f(x+u)-f(x)\|_2/\|u\|_2` over the rows x, one noise u a row.

    The entries of u are uniform in [eps/4, eps], all of them positive. Kind: lower, pair (2, 2).
    """
    u = np.random.default_rng(rng).uniform(eps / 4, eps, size=X.shape)
    change = np.linalg.norm(network(X + u) - network(X), axis=1)
    return float((change / np.linalg.norm(u, axis=1)).max())


def clever(network: ReluNetwork, c: Array, *, batches: int, size: int, rng: int = 0) -> float:
    r"""The end of a reversed Weibull law fitted to batch maxima of :math:`\|\nabla(c\cdot f)\|_2`.

    Points are uniform in the unit cube. Kind: estimate, on neither side; pair (2, 2).
    """
    points = np.random.default_rng(rng).uniform(size=(batches * size, network.input_dim))
    slopes = np.linalg.norm(network.with_readout(c).gradient(points), axis=1)
    maxima = slopes.reshape(batches, size).max(axis=1)
    return float(stats.weibull_max.fit(maxima, 1.0)[1])


def data_jacobian(network: ReluNetwork, X: Array) -> float:
    r"""The largest singular value of the Jacobian at any row of X. Kind: lower, pair (2, 2)."""
    return float(pair_norm(network.jacobian(X), 2, 2).max())


def spectral_product(network: ReluNetwork) -> float:
    r"""The product of the layers' spectral norms. Kind: upper, pair (2, 2)."""
    return lipschitz.METHODS["autolip"](network).value


def local_pairs(network: ReluNetwork, X: Array, *, eps: float = 8 / 255, steps: int = 50) -> float:
    r"""The mean over rows of the largest :math:`\|f(x)-f(y)\|_1/\|x-y\|_\infty` found nearby.

    Both points climb by signed steps within eps of the row and within the unit cube.
    Kind: lower, of the mean of the local constants; pair (inf, 1).
    """
    low, high = np.maximum(X - eps, 0.0), np.minimum(X + eps, 1.0)
    first, second = _nudged(X, low, high, 0), _nudged(X, low, high, 1)
    best = np.zeros(len(X))
    for _ in range(steps):
        change, apart = network(first) - network(second), first - second
        spread = np.abs(apart).max(axis=1)
        quotient = np.abs(change).sum(axis=1) / spread
        best = np.maximum(best, quotient)
        largest = (np.abs(apart) == spread[:, None]) * np.sign(apart)
        pull = (quotient / spread)[:, None] * largest
        rise = [
            np.einsum("no,nod->nd", np.sign(change), network.jacobian(x)) for x in (first, second)
        ]
        up = rise[0] / spread[:, None] - pull, -rise[1] / spread[:, None] + pull
        first = np.clip(first + eps / 5 * np.sign(up[0]), low, high)
        second = np.clip(second + eps / 5 * np.sign(up[1]), low, high)
    return float(best.mean())


def row_product(network: ReluNetwork) -> float:
    r"""The product of the layers' largest absolute row sums. Kind: upper, pair (inf, inf)."""
    return float(np.prod([matrix_norm(W, np.inf).value for W in network.weights]))


def all_six(network: ReluNetwork, split: Split, *, batches: int, seed: int) -> dict[str, float]:
    """The six numbers of one network by name."""
    X = split.test.X
    runner_up, best = np.asarray(network(X[0])).argsort()[-2:]
    c = np.eye(network.output_dim)[best] - np.eye(network.output_dim)[runner_up]
    return {
        "one_noise": one_noise(network, X, rng=seed),
        "clever": clever(network, c, batches=batches, size=100, rng=seed),
        "data_jacobian": data_jacobian(network, X),
        "spectral_product": spectral_product(network),
        "local_pairs": local_pairs(network, X),
        "row_product": row_product(network),
    }


@experiment(
    sizes={
        "test": {"epochs": 10, "batches": 20},
        "quick": {"epochs": 30, "batches": 100},
        "standard": {"epochs": 30, "batches": 500},
        "full": {"epochs": 30, "batches": 500},
    }
)
def six_numbers(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The six numbers L, and for each the share of promises it breaks.

    The promise: a test digit with margin m keeps its class within :math:`m/(\sqrt2\,L)`. It holds
    if L bounds the (2, 2) constant from above. A walk that flips the class at a distance r proves
    every promise with :math:`L < m/(\sqrt2\,r)` broken; ``needed`` is that value for each digit
    that is read correctly.
    """
    network, split = digits_network(seed, epochs=params["epochs"])
    margin = margins(network, *split.test)
    right = margin > 0
    distance = flip_distances(network, split.test.X[right], split.test.y[right])
    needed = margin[right] / (np.sqrt(2) * distance)
    numbers = all_six(network, split, batches=params["batches"], seed=seed)
    return {
        "accuracy": float(right.mean()),
        **numbers,
        **{f"broken_{name}": float((needed > L).mean()) for name, L in numbers.items()},
        "needed": needed,
    }


def _nudged(X: Array, low: Array, high: Array, rng: int) -> Array:
    draws = np.random.default_rng(rng)
    return np.asarray(np.clip(X + 1e-3 * draws.normal(size=X.shape), low, high))
