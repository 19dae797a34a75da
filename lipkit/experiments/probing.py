"""What fraction of the true constant does probing find, as the dimension grows?"""

import math
from itertools import product
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetwork
from lipkit.theory.robustness_law import grouped_network

NEURONS = 16


def positive_network(d: int, seed: int) -> tuple[ReluNetwork, float]:
    r"""A random network :math:`\sum_i a_i \mathrm{ReLU}(w_i \cdot x)`, all :math:`a_i > 0`.

    And its exact ℓ2 constant: every gradient is a partial sum of the vectors :math:`a_i w_i`, and
    the longest of the :math:`2^{16}` partial sums is one. [Derived, digest of random ReLU
    networks, 3.6.5.]
    """
    draws = np.random.default_rng(seed)
    W = draws.normal(size=(NEURONS, d)) * math.sqrt(2 / NEURONS)
    a = np.abs(draws.normal(size=NEURONS))
    subsets = np.array(list(product((0.0, 1.0), repeat=NEURONS)))
    exact = np.linalg.norm(subsets @ (a[:, None] * W), axis=1).max()
    return ReluNetwork([W, a[None, :]]), float(exact)


def grouped_orthonormal(m: int, seed: int) -> tuple[ReluNetwork, float]:
    r"""Groups of m orthonormal points, :math:`k = 4m - 2` of them, half of each label.

    And their network's exact ℓ2 constant :math:`2\sqrt n`.

    The n = mk points fill :math:`\mathbb R^n`. The neurons' vectors are orthogonal of length
    :math:`\sqrt m`, so all of them can be active at once, and no gradient exceeds
    :math:`2\sqrt{mk}`. [Derived, digest of the laws of robustness, 5.3.]
    """
    k = 4 * m - 2
    n = m * k
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(n, n)))[0]
    labels = np.repeat([1.0, -1.0], n // 2)
    return grouped_network(basis, labels, k).to_relu_network(), 2 * math.sqrt(n)


@experiment(
    sizes={
        "test": {"family": "positive", "size": 4, "n": 200},
        "quick": {"family": "positive", "size": 4, "n": 2000},
        "standard": {"family": "positive", "size": 4, "n": 2000},
        "full": {"family": "positive", "size": 4, "n": 20_000},
    }
)
def probing(params: dict[str, Any], seed: int) -> dict[str, Any]:
    """The fractions of the exact constant found by pairs, by gradients at points, and by ascent.

    ``family`` is "positive" (``size`` is the dimension) or "groups" (``size`` is m, the
    dimension is m (4m - 2)). Points are uniform on the unit sphere.
    """
    build = {"positive": positive_network, "groups": grouped_orthonormal}[params["family"]]
    network, exact = build(params["size"], seed)
    points = generic(params["n"], network.input_dim, rng=np.random.default_rng([seed, 1])).X
    sampling, ascent = lipschitz.METHODS["sampling"], lipschitz.METHODS["ascent"]
    found = {
        "pairs": sampling(network, points=points, slopes="quotients"),
        "gradients": sampling(network, points=points),
        "ascent": ascent(network, rng=seed),
    }
    return {
        "dimension": float(network.input_dim),
        "exact": exact,
        **{name: bound.value / exact for name, bound in found.items()},
    }
