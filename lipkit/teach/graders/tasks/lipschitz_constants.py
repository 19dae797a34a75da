"""Chapter *Lipschitz constants*: what its exercises ask for."""

from collections.abc import Mapping, Sequence
from itertools import product
from typing import Any

import numpy as np

from lipkit.lipschitz import autolip, exact_line, exact_plane
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._longer_training import LONGER_TRAINING


def _product(net: ReluNetwork) -> float:
    return autolip(net).value


# -- ex1: rescale a neuron -----------------------------------------------------------------------
_COORDINATES = (-1000.0, -2.0, -1.0, 0.0, 0.001, 1.0, 3.0, 1000.0)


def _rescaled(s: float, t: float, target: float) -> Sequence[g.Check]:
    unchanged = g.agrees(
        lambda x: s * max(x[0], 0.0) + t * max(x[1], 0.0),
        [np.array(x) for x in product(_COORDINATES, repeat=2)],
        atol=1e-6,
        name="the function is unchanged",
        expected=f"the function {s:g} ReLU(x1) + {t:g} ReLU(x2), everywhere",
        hint="What leaves a neuron larger must enter the sum smaller, and c > 0.",
    )
    large = g.witness(
        lambda net: _product(net) >= target * (1 - 1e-9),
        name="the product bound is large",
        said=lambda net: f"the product bound {_product(net):.4g}, of {g.show(net)}",
        expected=f"a product bound of at least {target:g}",
        mistakes={
            f"The right way, and {target:g} lies further along it.": (
                lambda net: _product(net) > 2 * np.hypot(s, t)
            )
        },
        hint="Both neurons rescaled alike change nothing; what if only one is?",
    )
    return [g.gate(unchanged), large]


def _own_function(draws: g.Draws) -> Mapping[str, Any]:
    s, t = draws.decimal(1, 9, places=1), draws.decimal(1, 9, places=1)
    return {"s": s, "t": t, "target": float(draws.integer(10, 99) * 100)}


# -- ex2: positive outputs -----------------------------------------------------------------------
def _longest_partial_sum(net: ReluNetwork) -> float:
    vectors = net.weights[1].T * net.weights[0]
    subsets = np.array(list(product((0.0, 1.0), repeat=len(vectors))))
    return float(np.linalg.norm(subsets @ vectors, axis=1).max())


def _attains_it(net: ReluNetwork) -> bool:
    exact = exact_line(net) if net.input_dim == 1 else exact_plane(net)
    return exact.value > _longest_partial_sum(net) * (1 - 1e-6)


_MIXED_SIGNS = [
    g.gate(
        g.witness(
            lambda net: net.input_dim <= 2 and max(net.widths) <= 12 and net.bias_free,
            name="small enough to look at all partial sums",
            expected="one or two inputs, at most 12 neurons, no biases",
        )
    ),
    g.gate(
        g.witness(
            lambda net: bool((net.weights[1] < 0).any()),
            name="a negative output weight",
            expected="some a_i < 0; for positive ones the statement holds",
        )
    ),
    g.counterexample(
        _attains_it,
        name="the longest partial sum is not attained",
        expected="a Lipschitz constant smaller than the longest partial sum of the a_i w_i",
        hint="Which neurons make up the longest sum, and is there a point where just they are on?",
    ),
]


# -- ex3: all the pieces of a line ---------------------------------------------------------------
def _line(w: Any, a: Any, b: Any = None, c: float = 0.0, *, about: str) -> g.Case:
    """The network c + Σ a_i ReLU(w_i t + b_i)."""
    biases = [np.zeros(len(w)) if b is None else b, [c]]
    return g.case(ReluNetwork([np.reshape(w, (-1, 1)), [a]], biases), about=about)


def _slope(net: ReluNetwork) -> float:
    return exact_line(net).value


def _at_kinks(net: ReluNetwork) -> float:
    """The largest formal gradient at the kinks."""
    w, b = net.weights[0][:, 0], net.biases[0]
    kinks = -b[w != 0] / w[w != 0]
    return float(np.abs(net.gradient(kinks[:, None])).max(initial=0.0))


def _slopes_on(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    return g.agrees(
        _slope,
        cases,
        name=name,
        expected="the size of the steepest slope, over all pieces of the line",
        hint=hint,
        mistakes={
            "That is the product bound, an upper answer.": _product,
            "That is a formal gradient at a kink; look between the kinks.": _at_kinks,
        },
    )


_SIMPLE = [
    _line([1], [1], about="one neuron"),
    _line([1, 1], [1, -1], [0, -1], about="a ramp from 0 to 1"),
    _line([2, -3], [1, 1], about="steepest on the left"),
    _line([1, -1], [-2, 0.5], c=7, about="steepest where it falls"),
]
_HIDDEN = [
    _line([1, 1, 1], [500, -1000, 500], [0, -0.001, -0.002], about="a narrow spike"),
    _line([1, 1, -1], [1, -2, 0.5], [-3000, -4000, -2000], about="far from 0"),
]
_COINCIDING = [
    _line([1, -1], [1, -1], about="the function x"),
    _line([1, -1, 1, -1], [1, -1, -1, 1], [10, -10, 0, 0], -10, about="the zero function"),
    _line([1, 2, -1], [1, -1, 1], [-1, -2, 1], about="three kinks at 1"),
]
_BLIND = [_line([0, 1, -2], [5, 1, 1], [1, -1, 1], about="the first neuron is constant")]
_CONSTANT = [_line([0, 0], [1, -2], [1, -1], about="a constant")]
_RANDOM = [
    g.case(
        sample_random_relu(1, 16, 1, bias="normal", rng=seed),
        about=f'sample_random_relu(1, 16, 1, bias="normal", rng={seed})',
    )
    for seed in range(20)
]
_PIECES = [
    (_SIMPLE, "simple networks", "Draw the line by hand: each piece has a slope, also the ends."),
    (_HIDDEN, "narrow or far pieces", "Random points step over pieces; kinks say where they are."),
    (_COINCIDING, "kinks that coincide", "Between equal kinks is but the kink: is that a slope?"),
    (_BLIND, "a neuron whose weight is 0", "Where is the kink of a neuron that sees no input?"),
    (_CONSTANT, "no kink at all", "The line still has one piece, and it needs one point."),
    (_RANDOM, "random networks", "Do you look beyond the first and the last kink, too?"),
]
_STEEPEST = [
    g.shape(inputs=_SIMPLE[:1], name="gives a number"),
    *(_slopes_on(*piece) for piece in _PIECES),
    g.not_mutating([*_SIMPLE, *_RANDOM[:1]]),
]


# -- ex5: the operator norm that was not ---------------------------------------------------------
def _cost(net: ReluNetwork) -> float:
    """By how much the product of Frobenius norms is larger than that of operator norms."""
    if not all(W.any() for W in net.weights):
        return 1.0  # both are 0
    layers = [W / np.abs(W).max() for W in net.weights]
    return float(np.prod([np.linalg.norm(W) / np.linalg.norm(W, 2) for W in layers]))


_OPERATOR_NORMS = ("spectral", "operator", "2", "l2", "euclidean", "largest singular value")
_NORM = g.one_of(
    *("Frobenius", "fro", "Hilbert-Schmidt", "Schatten-2"),
    name="which norm",
    expected="the matrix norm that np.linalg.norm(W) computes",
    hint="Try it on the identity matrix.",
    mistakes={
        "As an operator norm that is 1 on the identity. What does the code give?": _OPERATOR_NORMS
    },
)
_KIND = g.bound_kind(
    "upper",
    name="which side",
    expected="another kind of answer about the Lipschitz constant",
    hint="Compare the root of the sum of all squared singular values with the largest one.",
)
_FREE = g.witness(
    lambda net: _cost(net) < 1 + 1e-9,
    name="costs nothing",
    said=lambda net: f"{_cost(net):.9g} times the product of operator norms, on {g.show(net)}",
    expected="the same number from both products",
    hint="How many singular values of a layer may differ from 0?",
)
_NOT_THE_OPERATOR_NORM = [
    g.item("norm", _NORM),
    g.item("kind", _KIND),
    g.item("free", _FREE),
]


# -- ex6: two honest answers ---------------------------------------------------------------------
def _two_answers(inputs: int, outputs: int) -> Sequence[g.Check]:
    both = np.sqrt(inputs * outputs)
    ratio = g.close_to(
        both,
        rtol=1e-3,
        name="the largest ratio E/D",
        expected="what the two changes of norm can gain together",
        hint="How long in ℓ1 can a vector of ℓ2 length 1 be, and in ℓ2 one of ℓ∞ length 1?",
        mistakes={
            "The inputs are measured in another norm, too.": np.sqrt(outputs),
            "The outputs are measured in another norm, too.": np.sqrt(inputs),
            "Which vectors of the unit cube are longest in ℓ2, and how long?": inputs * outputs,
            "Both changes of norm make E larger.": np.sqrt(inputs / outputs),
            "The two changes come one after the other.": np.sqrt(inputs) + np.sqrt(outputs),
            "The norms differ, so E need not be at most D.": 1.0,
            "How long in ℓ2 is the longest vector of the unit cube? And the outputs?": inputs,
            "How long in ℓ1 can a vector of ℓ2 length 1 be? And the inputs?": outputs,
            "The two changes come one after the other, and each is too large.": inputs + outputs,
            "Right for the outputs; the inputs gain less.": inputs * np.sqrt(outputs),
            "Right for the inputs; the outputs gain less.": np.sqrt(inputs) * outputs,
            "That is D over E.": 1 / both,
            "That is E over D as it was; how large could it be?": lambda x: 3.2 < x < 3.5,
            "That is E as it was; asked is how large E over D could be.": lambda x: 300 < x < 450,
            "Is that E? Asked is E over D, which needs no network.": (
                lambda x: 50 * both < x < 250 * both
            ),
        },
    )
    return [ratio]


def _own_sizes(draws: g.Draws) -> Mapping[str, Any]:
    return {"inputs": draws.integer(20, 999), "outputs": draws.integer(3, 19)}


TASKS = {
    "ex1": g.Task(
        title="Rescale a neuron",
        answer="(W, a) of a network of two inputs, without biases, or a ReluNetwork",
        reads=g.network(inputs=2),
        checks=_rescaled,
        parameters={"s": 1.0, "t": 1.0, "target": 1000.0},
        draw=_own_function,
    ),
    "ex2": g.Task(
        title="Positive outputs",
        answer="(W, a) of a network with one hidden layer, without biases, or a ReluNetwork",
        reads=g.network(hidden=1),
        checks=_MIXED_SIGNS,
    ),
    "ex3": g.Task(
        title="All the pieces of a line",
        answer="a function steepest(f), which takes a ReluNetwork and returns a number",
        reads=g.function,
        checks=_STEEPEST,
    ),
    "ex4": g.Task(
        title="Longer training",
        answer="three rows of numbers (found, product, margin, radius): 5, 20 and 80 epochs",
        reads=g.array(3, 4),
        checks=LONGER_TRAINING,
    ),
    "ex5": g.Task(
        title="The operator norm that was not",
        answer='a dict: "norm", its name; "kind", of the answer; "free", a network it is free on',
        reads=g.fields(norm=g.text, kind=g.kind, free=g.network(outputs=None)),
        checks=_NOT_THE_OPERATOR_NORM,
    ),
    "ex6": g.Task(
        title="Two honest answers",
        answer="a number, the largest ratio E/D",
        reads=g.number,
        checks=_two_answers,
        parameters={"inputs": 64, "outputs": 10},
        draw=_own_sizes,
    ),
}
