"""The radius that is certified and the radius at which an attack arrives, of the same digits."""

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.certificates import certified_radius
from lipkit.experiments._registry import experiment
from lipkit.experiments.digits import digits_network, margins
from lipkit.networks import ReluNetwork
from lipkit.norms import vector_norm

NORMS = {"l2": 2.0, "linf": np.inf}
LADDERS = {2.0: (0.05, 3.0), np.inf: (0.01, 0.6)}
_HALVINGS = 40


@experiment(
    sizes={
        "test": {"images": 20, "rungs": 6, "steps": 5, "epochs": 10},
        "quick": {"images": 100, "rungs": 14, "steps": 15, "epochs": 30},
        "standard": {"images": 450, "rungs": 32, "steps": 100, "epochs": 30},
        "full": {"images": 450, "rungs": 64, "steps": 1000, "epochs": 30},
    },
    seeds={"test": 1, "quick": 1, "standard": 5, "full": 10},
)
def two_radii(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Radii of the first test digits that the digits network reads correctly.

    For l2 and linf, by name: ``rule_…``, margin over :math:`2^{1-1/q} L` with q = p and the product
    bound L; ``pairs_…``, the least over j of :math:`(f_y - f_j) / L_{yj}`, product bounds again;
    ``attacked_…``, how far an attack had to go (``inf`` where none arrived). The first two are
    lower answers of the distance to the nearest other decision, the last an upper one, inside the
    pixel box. Grey values; ``constant_…`` is L.
    """
    network, split = digits_network(seed, epochs=params["epochs"])
    X, y = read_correctly(network, split.test, params["images"])
    found: dict[str, Any] = {}
    for name, p in NORMS.items():
        bound = lipschitz.autolip(network, p)
        attacked = attacked_radius(
            network, X, y, p, rungs=params["rungs"], steps=params["steps"], rng=seed
        )
        found |= {
            f"constant_{name}": bound.value,
            f"rule_{name}": certified_radius(network(X), y, bound),
            f"pairs_{name}": pair_radius(network, X, y, p),
            f"attacked_{name}": attacked,
        }
    return found


def read_correctly(
    network: ReluNetwork, points: Any, images: int
) -> tuple[Array, NDArray[np.int64]]:
    """The first ``images`` points that the network reads correctly."""
    X, y = points
    right = margins(network, X, y) > 0
    return X[right][:images], y[right][:images]


def pair_radius(network: ReluNetwork, X: Array, y: NDArray[np.int64], p: float) -> Array:
    """The certified radius with a constant for each pair of logits, ``(n,)``: a lower answer.

    Each difference of two logits is one output, with its own product bound.
    """
    logits = np.asarray(network(X))
    radius = np.full(len(X), np.inf)
    for i, j in combinations(range(logits.shape[1]), 2):
        rows = (y == i) | (y == j)
        if not rows.any():
            continue
        pair = np.zeros(logits.shape[1])
        pair[[i, j]] = 1.0, -1.0
        bound = lipschitz.autolip(network.with_readout(pair), p)
        signs = np.where(y[rows] == i, 1, -1)
        one = certified_radius((logits[rows] @ pair), signs, bound)
        radius[rows] = np.minimum(radius[rows], one)
    return radius


def attacked_radius(
    network: ReluNetwork,
    X: Array,
    y: NDArray[np.int64],
    p: float,
    *,
    rungs: int = 14,
    steps: int = 20,
    rng: int = 0,
) -> Array:
    """How far the nearest misread point found is, ``(n,)``, inside the pixel box: an upper answer.

    APGD on the margin in balls of ``rungs`` growing radii, each point until it falls; from the
    worst point of that ball the straight way back is halved as long as the reading stays wrong: on
    a linear network that is the nearest one. ``inf`` where nothing fell.
    """
    from lipkit.attacks import apgd

    ends, left = np.asarray(X).copy(), np.arange(len(X))
    for eps in np.geomspace(*LADDERS[p], rungs):
        if not len(left):
            break
        found = apgd(
            network,
            X[left],
            y[left],
            eps=float(eps),
            p=p,
            steps=steps,
            loss="margin",
            rng=rng,
        )
        hit = found.success.numpy()
        ends[left[hit]] = found.adversarial.numpy()[hit]
        left = left[~hit]
    return np.asarray(
        np.where(np.isin(np.arange(len(X)), left), np.inf, _back(network, X, ends, y, p))
    )


def _back(network: ReluNetwork, X: Array, ends: Array, y: NDArray[np.int64], p: float) -> Array:
    """The distance from X to the last misread point on the way back from each end."""
    low, high = np.zeros(len(X)), np.ones(len(X))
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        wrong = margins(network, X + middle[:, None] * (ends - X), y) <= 0
        low, high = np.where(wrong, low, middle), np.where(wrong, middle, high)
    return np.asarray(vector_norm(high[:, None] * (ends - X), p))
