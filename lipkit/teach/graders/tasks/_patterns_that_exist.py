"""Chapter *Bounding a network*, ex1: gates that an input can set, and gates that none can."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz import exact_plane
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.teach import graders as g


def _net(W: Array, a: Array) -> ReluNetwork:
    return ReluNetwork([W, np.asarray(a)[None, :]])


def partial_sums(Q: Array) -> Array:
    """All sums ``(2**N, d)`` of rows of Q."""
    return np.array(list(np.ndindex(*[2] * len(Q))), dtype=float) @ Q


def _all(W: Array, a: Array) -> float:
    return float(np.linalg.norm(partial_sums(a[:, None] * W), axis=1).max())


def _existing(W: Array, a: Array) -> float:
    return exact_plane(_net(W, a)).value if W.any() else 0.0


def _both(W: Array, a: Array) -> Array:
    return np.array([_all(W, a), _existing(W, a)])


def _case(W: Any, a: Any, about: str) -> g.Case:
    return g.case(np.array(W, dtype=float), np.array(a, dtype=float), about=about)


def _random(seed: int) -> g.Case:
    net = sample_random_relu(2, 9, 1, rng=seed)
    return _case(net.weights[0], net.weights[1][0], f"sample_random_relu(2, 9, 1, rng={seed})")


_THREE = _case([[1, 0], [0, 1], [-1, -1]], [1, 1, -1], "the three neurons of the text")
_SIMPLE = [
    _THREE,
    _case([[1, 0], [0, 1], [1, 1], [1, -1]], [1, -2, 1, 0.5], "four neurons"),
    _case([[3, 4]], [-2], "one neuron"),
    _case([[1, -3], [1, 1]], [2, 1], "steepest where x₂ is negative"),
]
_PARALLEL = [
    _case([[1, 2], [-1, -2]], [1, -1], "x₁ + 2x₂, written with two neurons"),
    _case([[1, 0], [2, 0], [-1, 0], [0, 1]], [1, -1, 1, 3], "three parallel rows"),
    _case([[0, 1], [0, -3], [1, 0]], [2, 1, -1], "rows along the axes"),
]
_ZERO = [_case([[0, 0], [1, 1]], [5, 1], "a row of zeros")]
_NARROW = [
    _case([[1, 0], [-1, 1e-4], [0, 1]], [100, -100, -1], "two neurons share a narrow cone"),
]
_AS_ASKED = {
    "The first number is of all sets, the second of those that exist.": lambda W, a: _both(W, a)[
        ::-1
    ],
    "Not every set of neurons is on together somewhere.": lambda W, a: _both(W, a)[[0, 0]],
    "The first number may use sets that no point has.": lambda W, a: _both(W, a)[[1, 1]],
}


def _agree(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    return g.agrees(
        _both,
        cases,
        name=name,
        expected="the longest sum of all sets, and of the sets that exist",
        mistakes=_AS_ASKED,
        hint=hint,
    )


PATTERNS = [
    g.shape(2, inputs=_SIMPLE[:1], name="gives two numbers"),
    _agree(
        _SIMPLE, "simple networks", "Draw the lines w·x = 0: which neurons are on in each cell?"
    ),
    _agree(_PARALLEL, "parallel rows", "On a line itself no cell is seen: look between the lines."),
    _agree(_ZERO, "a row of zeros", "Which line belongs to a neuron that sees nothing?"),
    _agree(_NARROW, "a narrow cell", "Random directions miss it; the lines say where it is."),
    _agree(
        [_random(seed) for seed in range(10)], "random networks", "Is the whole circle covered?"
    ),
    g.not_mutating(_SIMPLE[:1]),
]
