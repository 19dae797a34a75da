"""The notebook of lesson 1: dual norms, four points, gradients, the product bound, a ridge."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz import exact_plane
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.norms import dual_exponent
from lipkit.teach.graders import (
    Case,
    Check,
    Draws,
    Task,
    Wrong,
    agrees,
    array,
    case,
    close_to,
    fields,
    function,
    homogeneous,
    item,
    not_mutating,
    number,
    shape,
    show,
    upper,
)
from lipkit.teach.graders.tasks._lesson_radius import CERTIFICATE


# -- task1: the dual norm ------------------------------------------------------------------------
def _dual(g: Array, p: float) -> float:
    return float(np.linalg.norm(g, dual_exponent(p)))


_GRADIENTS = [np.array([3.0, -4.0]), np.array([1.0, -2.0, 0.5]), np.array([-2.5]), np.zeros(3)]
_DUAL_MISTAKES: dict[str, Callable[..., Any]] = {
    "That is the norm in p itself; the gradient is measured in the dual norm.": np.linalg.norm,
    "A gradient's entries count with their size: a step may go against each of them.": (
        lambda g, p: g.sum()
    ),
}


def _dual_at(*ps: float, name: str, hint: str) -> Check:
    return agrees(
        _dual,
        [case(g, p) for p in ps for g in _GRADIENTS],
        mistakes=_DUAL_MISTAKES,
        name=name,
        expected="the largest gain of a step of size 1 in the p-norm",
        hint=hint,
    )


_DUAL_NORM = [
    shape(inputs=[case(_GRADIENTS[0], 2)], name="gives a number"),
    homogeneous(1, [case(_GRADIENTS[1], 2)], hint="Twice the gradient, twice the gain."),
    _dual_at(2, name="p = 2", hint="The best step goes along the gradient."),
    _dual_at(
        1,
        np.inf,
        name="p = 1 and p = ∞",
        hint="What is 1/p' at the ends? Treat them by themselves.",
    ),
    _dual_at(1.5, 3, 10, name="p in between", hint="Solve 1/p + 1/p' = 1 for p'."),
    not_mutating([case(_GRADIENTS[1], 3)]),
]


# -- task2: your own four points -----------------------------------------------------------------
def _four_points(alpha: float, beta: float) -> Sequence[Check]:
    truth = {"l1": max(alpha, beta), "l2": float(np.hypot(alpha, beta)), "linf": alpha + beta}
    step = "What does the best step of size 1 in that norm look like, and what does it gain?"
    hints = {
        truth["linf"]: "That is the gradient's own norm in another norm than the dual one.",
        truth["l1"]: "That is the gradient's own norm in another norm than the dual one.",
        2 * truth["l2"]: "That is the product bound, twice the truth.",
    }
    constants = [
        item(
            key,
            close_to(
                value,
                rtol=1e-3,
                mistakes={hint: wrong for wrong, hint in hints.items() if wrong != value},
                name="the constant",
                expected=f"the constant of {alpha:g}|x1| - {beta:g}|x2|",
                hint=step,
            ),
        )
        for key, value in truth.items()
    ]

    def attained(pair: Array) -> None:
        f = alpha * np.abs(pair[:, 0]) - beta * np.abs(pair[:, 1])
        apart = np.linalg.norm(pair[0] - pair[1])
        if apart == 0:
            raise Wrong(f"twice the same point, {show(pair[0])}", expected="two points")
        if abs(f[0] - f[1]) < truth["l2"] * apart * (1 - 1e-6):
            said = f"the quotient {abs(f[0] - f[1]) / apart:.4g}, at {show(pair)}"
            raise Wrong(said, expected="two points whose quotient is the constant for the 2-norm")

    way = "Stay where the gradient is one and the same, and move along it."
    return [*constants, item("pair", Check("a proof of the constant from below", attained, way))]


# -- task3: the gradient of a network ------------------------------------------------------------
def _gradient(W: Array, b: Array, a: Array, x: Array) -> Array:
    return np.asarray((a * (W @ x + b > 0)) @ W)


def _network_at(d: int, width: int, seed: int) -> Case:
    draws = np.random.default_rng(seed)
    W, b, a = draws.normal(size=(width, d)), draws.normal(size=width), draws.normal(size=width)
    return case(W, b, a, draws.normal(size=d), about=f"{width} neurons, {d} inputs")


_ONE_NEURON = [
    case(np.array([[2.0, -1.0]]), np.array([b]), np.array([3.0]), np.array([x, 1.0]), about=about)
    for x, b, about in (
        (2.0, 0.0, "one neuron, on"),
        (-2.0, 0.0, "one neuron, off"),
        (2.0, -4.0, "one neuron, off by its bias"),
    )
]
_GRADIENT_MISTAKES = {
    "The gate of a neuron asks for w·x + b, with the bias.": lambda W, b, a, x: (
        (a * (W @ x > 0)) @ W
    ),
    "A neuron that is on passes its weights on as they are, not times its height.": (
        lambda W, b, a, x: (a * np.maximum(W @ x + b, 0)) @ W
    ),
    "Neurons that are off pass nothing on.": lambda W, b, a, x: a @ W,
    "The output weights are missing.": lambda W, b, a, x: (W @ x + b > 0) @ W,
}
_NETWORK_GRADIENT = [
    shape(2, inputs=_ONE_NEURON, name="an array like x"),
    *(
        agrees(
            _gradient,
            inputs,
            rtol=1e-4,
            atol=1e-6,
            mistakes=_GRADIENT_MISTAKES,
            name=name,
            expected="the gradient of the network at x",
            hint="Which neurons are on at x, and what does each of them add to the gradient?",
        )
        for name, inputs in (
            ("one neuron", _ONE_NEURON),
            ("random networks", [_network_at(d, 3 * d, seed) for seed, d in enumerate((2, 5, 20))]),
        )
    ),
    not_mutating([_network_at(3, 4, 7)]),
]


# -- task4: the product bound --------------------------------------------------------------------
def _product(weights: Sequence[Array], p: float) -> float:
    return float(np.prod([np.linalg.norm(W, p) for W in weights]))


def _truth(weights: Sequence[Array], p: float) -> float:
    return exact_plane(ReluNetwork(list(weights)), p).value


_TWO_LAYERS = [np.array([[1.0, -2], [3, 0], [0, 1]]), np.array([[2.0, -1, 1]])]
_SQUARE = [np.array([[1.0, 0], [-1, 0], [0, 1], [0, -1]]), np.array([[1.0, 1, -1, -1]])]
_DEEP = [list(sample_random_relu(2, 8, depth, rng=depth).weights) for depth in (1, 2, 3)]
_PRODUCT_MISTAKES = {
    "Without an order np.linalg.norm is the Frobenius norm, of all entries.": (
        lambda weights, p: np.prod([np.linalg.norm(W) for W in weights])
    ),
    "Column sums and row sums are the other way round.": (
        lambda weights, p: _product([W.T for W in weights], p)
    ),
    "Those are the norms of the entries, not of the operators.": (
        lambda weights, p: np.prod([np.linalg.norm(W.ravel(), p) for W in weights])
    ),
    "One layer after the other: their factors multiply.": (
        lambda weights, p: sum(np.linalg.norm(W, p) for W in weights)
    ),
}


def _product_at(p: float, name: str) -> list[Check]:
    inputs = [case(weights, p) for weights in (_TWO_LAYERS, _SQUARE, *_DEEP)]
    return [
        upper(_truth, inputs, name=f"{name}: an upper answer", hint="Some step gains more."),
        agrees(
            _product,
            inputs,
            mistakes=_PRODUCT_MISTAKES,
            name=f"{name}: the product",
            expected="the product of the operator norms from the p-norm to the p-norm",
            hint="What does a matrix do to the vectors of size 1, in that norm?",
        ),
    ]


_PRODUCT_BOUND = [
    shape(inputs=[case(_SQUARE, 2)], name="gives a number"),
    *_product_at(2, "p = 2"),
    *_product_at(1, "p = 1"),
    *_product_at(np.inf, "p = ∞"),
]


# -- task5: a ridge ------------------------------------------------------------------------------
def ridge(seed: int, *, d: int = 1000, groups: int = 14, points: int = 4) -> dict[str, Array]:
    """The groups network of ``points`` orthonormal points a neuron, in a random position."""
    basis = np.linalg.qr(np.random.default_rng(seed).normal(size=(d, groups)))[0].T
    labels = np.repeat([1.0, -1.0], groups // 2)
    return {"W": np.sqrt(points) * basis, "b": np.full(groups, -0.5), "a": 2 * labels}


def _steep(W: Array, b: Array, a: Array) -> Sequence[Check]:
    def on_the_sphere(x: Array) -> None:
        length = np.linalg.norm(x)
        if abs(length - 1) > 1e-6:
            raise Wrong(f"a point of length {length:.6g}", expected="a point of length 1")

    def steep(x: Array) -> None:
        before = W @ x + b
        if (np.abs(before) < 1e-9).any():
            raise Wrong("a neuron exactly at its threshold", expected="a point off all kinks")
        slope = float(np.linalg.norm(_gradient(W, b, a, x)))
        if slope < 12 * (1 - 1e-9):
            said = f"a gradient of length {slope:.4g}; neurons on: {(before > 0).sum()}"
            raise Wrong(said, expected="a gradient at least 12 long", hint=_way(slope))

    return [
        Check("on the sphere", on_the_sphere, "Divide by the length.", gate=True),
        Check("steep enough", steep),
    ]


def _way(slope: float) -> str:
    if slope == 0:
        return "The neurons that are off are flat: which point is sure to switch one on?"
    if slope < 5:
        return "One neuron is on. Gradients add up: can you switch on several at once?"
    return "Going up is one thing, being steep another: neurons of both labels add to the slope."


def _own_four_points(draws: Draws) -> Mapping[str, Any]:
    alpha = draws.integer(2, 9)
    return {"alpha": alpha, "beta": draws.choice([k for k in range(2, 10) if k != alpha])}


TASKS = {
    "task1": Task(
        title="The dual norm",
        answer="a function dual_norm(g, p)",
        reads=function,
        checks=_DUAL_NORM,
    ),
    "task2": Task(
        title="Your own four points",
        answer='a dict {"l1": a number, "l2": a number, "linf": a number, "pair": two points}',
        reads=fields(l1=number, l2=number, linf=number, pair=array(2, 2)),
        checks=_four_points,
        parameters={"alpha": 3, "beta": 4},
        draw=_own_four_points,
    ),
    "task3": Task(
        title="The gradient of a network",
        answer="a function gradient(W, b, a, x)",
        reads=function,
        checks=_NETWORK_GRADIENT,
    ),
    "task4": Task(
        title="The product bound",
        answer="a function product_bound(weights, p)",
        reads=function,
        checks=_PRODUCT_BOUND,
    ),
    "task5": Task(
        title="A ridge",
        answer="a point, an array of length 1000",
        reads=array(1000),
        checks=_steep,
        parameters=ridge(0),
        draw=lambda draws: ridge(draws.integer(0, 10**6)),
    ),
    "task6": Task(
        title="A radius",
        answer="a function radius(logits, label, K)",
        reads=function,
        checks=CERTIFICATE,
    ),
}
