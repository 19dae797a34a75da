"""Chapter *Deep random networks*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz import exact_line, exact_plane
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.teach import graders as g

_THREE_DIGITS = 3e-3


# -- ex1: how deep until a share -----------------------------------------------------------------
def _until(times: int) -> Sequence[g.Check]:
    log = math.log(times)
    ratio = g.close_to(
        0.8 * log,
        rtol=_THREE_DIGITS,
        name="the ratio",
        expected="the L/N at which the median slope is that share of the root mean square slope",
        hint="The median of a normal logarithm is its mean. What is the slope's logarithm?",
        mistakes={
            "That is where the squared slope has fallen so far; take the root.": 0.4 * log,
            "The natural logarithm is meant.": 0.8 * math.log10(times),
            "That is N/L.": 1 / (0.8 * log),
            "Halve the logarithm once, for the root; and compare with the root mean square slope, "
            "not with the mean slope.": 1.6 * log,
        },
    )
    return [ratio]


def _own_share(draws: g.Draws) -> Mapping[str, Any]:
    return {"times": draws.integer(4, 40)}


# -- ex2: flat without its biases ----------------------------------------------------------------
_STEEP = 100.0


def _line(network: ReluNetwork) -> float:
    return exact_line(network).value


_RAMP = [
    g.gate(
        g.witness(
            lambda f: bool(any(b.any() for b in f.biases[:-1])),
            name="hidden biases",
            expected="a network with a hidden bias that is not 0",
            hint="A bias of the output shifts all values alike.",
        )
    ),
    g.witness(
        lambda f: _line(f.without_biases()) <= 1 + 1e-9,
        name="flat without its biases",
        expected="a constant of at most 1 once all biases are 0",
        said=lambda f: f"the constant {g.show(_line(f.without_biases()))} without biases",
        hint="Two steep neurons that cancel each other when both kinks are at 0.",
    ),
    g.witness(
        lambda f: _line(f.without_biases()) > 1e-9,
        name="not constant",
        expected="without its biases, still some slope",
        said=lambda f: f"the constant {g.show(_line(f.without_biases()))} without biases",
        hint="One more neuron is enough.",
    ),
    g.witness(
        lambda f: _line(f) >= _STEEP * (1 - 1e-9),
        name="steep with them",
        expected="a constant of at least 100",
        said=lambda f: f"the constant {g.show(_line(f))}",
        hint="Between two kinks only one of two opposite neurons need be on.",
    ),
]


# -- ex3: how much the hidden layers stretch -----------------------------------------------------
def _stretch(weights: Sequence[Array], x: Array) -> float:
    J, h = np.eye(len(x)), np.asarray(x, dtype=float)
    for W in weights:
        z = W @ h
        J, h = (z > 0)[:, None] * (W @ J), np.maximum(z, 0)
    return float(np.linalg.norm(J, 2))


def _product(weights: Sequence[Array], x: Array) -> float:
    return float(np.prod([np.linalg.norm(W, 2) for W in weights]))


def _no_gates(weights: Sequence[Array], x: Array) -> float:
    J = np.eye(len(x))
    for W in weights:
        J = W @ J
    return float(np.linalg.norm(J, 2))


def _first_gates(weights: Sequence[Array], x: Array) -> float:
    """The gates of the last layer are forgotten."""
    J, h = np.eye(len(x)), np.asarray(x, dtype=float)
    for i, W in enumerate(weights):
        z = W @ h
        on = (z > 0) | (i == len(weights) - 1)
        J, h = on[:, None] * (W @ J), np.maximum(z, 0)
    return float(np.linalg.norm(J, 2))


def _frobenius(weights: Sequence[Array], x: Array) -> float:
    J, h = np.eye(len(x)), np.asarray(x, dtype=float)
    for W in weights:
        z = W @ h
        J, h = (z > 0)[:, None] * (W @ J), np.maximum(z, 0)
    return float(np.linalg.norm(J))


def _gain(weights: Sequence[Array], x: Array) -> float:
    h = np.asarray(x, dtype=float)
    for W in weights:
        h = np.maximum(W @ h, 0)
    return float(np.linalg.norm(h) / np.linalg.norm(x))


def _case(d: int, width: int, depth: int, seed: int) -> g.Case:
    f = sample_random_relu(d, width, depth, rng=seed)
    x = np.random.default_rng(seed).normal(size=d)
    about = f"{d} inputs, {depth} hidden layers of {width} neurons, seed {seed}"
    return g.case(list(f.weights[:-1]), x, about=about)


_CASES = [_case(3, 8, 3, 2), _case(3, 6, 1, 1), _case(8, 64, 4, 3), _case(5, 20, 6, 4)]
_STRETCH = [
    g.shape(inputs=_CASES[:1], name="gives a number"),
    g.agrees(
        _stretch,
        _CASES,
        name="the stretch",
        expected="the l2 norm of the Jacobian of the hidden layers at x",
        hint="The Jacobian is a product of gated matrices, with the gates of x at each layer.",
        mistakes={
            "That is the product of the norms.": _product,
            "At x about half of the neurons are off.": _no_gates,
            "The last hidden layer has gates, too.": _first_gates,
            "The norm from l2 to l2 is the largest singular value.": _frobenius,
            "That is the stretch of the point x itself; the steepest direction is asked.": _gain,
        },
    ),
    g.not_mutating(_CASES[:1]),
]


# -- ex4: pieces and steepness -------------------------------------------------------------------
@lru_cache(maxsize=1)
def _plane() -> tuple[float, float]:
    """The mean constant over the root of 2, and the mean number of pieces over 2NL."""
    answers = [exact_plane(sample_random_relu(2, 50, 4, rng=seed)) for seed in range(30)]
    constants = [b.value / math.sqrt(2) for b in answers]
    pieces = [b.details["arcs"] / (2 * 50 * 4) for b in answers]
    return float(np.mean(constants)), float(np.mean(pieces))


_CONSTANT = g.close_to(
    lambda: _plane()[0],
    rtol=_THREE_DIGITS,
    name="the constant",
    expected="the mean over the 30 networks of the exact constant over the root of 2",
    hint="Are they the networks of the seeds 0 to 29, with four hidden layers?",
    mistakes={
        "Divided by the root of 2 is asked.": lambda x: np.isclose(x, _plane()[0] * 2**0.5, 5e-3),
    },
)
_PIECES = g.close_to(
    lambda: _plane()[1],
    rtol=_THREE_DIGITS,
    name="the pieces",
    expected="the mean number of pieces over 2NL",
    hint="With 50 neurons a layer and four hidden layers, 2NL is 400.",
    mistakes={
        "Divided by 2NL is asked.": lambda x: x > 100,
        "Over 2NL: there are four hidden layers.": lambda x: 3 < x < 100,
        "Each neuron has two zeros on the circle.": lambda x: 1.5 < x < 3,
    },
)


# -- ex5: no dead neurons ------------------------------------------------------------------------
def _all_on(depth: int) -> Sequence[g.Check]:
    factor = g.close_to(
        2 ** (depth / 2),
        rtol=_THREE_DIGITS,
        name="the factor",
        expected="the root mean square slope with all gates on, over that without biases",
        hint="What does one layer do to the mean square of a row, with and without gates?",
        mistakes={
            "That is the factor of the mean square; take the root.": 2.0**depth,
            "The gates have changed, and with them the slopes.": 1.0,
            "A worst direction is not what a slope at a point has.": (2 * 2**0.5) ** depth,
            "They grow: which of the two is larger?": 2 ** (-depth / 2),
            "Every hidden layer has gates.": lambda x: any(
                np.isclose(x, 2 ** (n / 2), rtol=5e-3) for n in (depth - 1, depth + 1)
            ),
        },
    )
    return [factor]


def _own_depth(draws: g.Draws) -> Mapping[str, Any]:
    return {"depth": draws.integer(4, 16)}


TASKS = {
    "ex1": g.Task(
        title="How deep until a tenth",
        answer="a number, the depth over the width",
        reads=g.number,
        checks=_until,
        parameters={"times": 10},
        draw=_own_share,
    ),
    "ex2": g.Task(
        title="Flat without its biases",
        answer="a network with one input and one output",
        reads=g.network(inputs=1),
        checks=_RAMP,
    ),
    "ex3": g.Task(
        title="How much the hidden layers stretch",
        answer="a function stretch(weights, x) of a list of matrices and a point",
        reads=g.function,
        checks=_STRETCH,
    ),
    "ex4": g.Task(
        title="Pieces and steepness",
        answer='a dict: "constant", the mean constant over the root of 2; "pieces", over 2NL',
        reads=g.fields(constant=g.number, pieces=g.number),
        checks=[g.item("constant", _CONSTANT), g.item("pieces", _PIECES)],
    ),
    "ex5": g.Task(
        title="No dead neurons",
        answer="a number, the factor of the root mean square slope",
        reads=g.number,
        checks=_all_on,
        parameters={"depth": 10},
        draw=_own_depth,
    ),
}
