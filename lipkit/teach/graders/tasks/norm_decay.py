"""Chapter *Norm decay*: what its exercises ask for."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.norms import conv_norm
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._norm_decay_traps import CLIPPED, TESTS_OF_PULLS

_TAPS = np.arange(1.0, 10.0).reshape(1, 1, 3, 3)
_RANDOM = np.random.default_rng(4).integers(1, 10, size=(3, 2, 3, 3)) * np.where(
    np.random.default_rng(5).random((3, 2, 3, 3)) < 0.5, -1.0, 1.0
)
_HOLES = _RANDOM * (np.arange(54).reshape(3, 2, 3, 3) % 4 > 0)


# -- ex1: a sub-gradient by hand -----------------------------------------------------------------
def _by_hand(a: int, b: int, c: int) -> Sequence[g.Check]:
    signs = np.sign([a, b, c])
    left, middle, right = abs(a), abs(b), abs(c)
    rows = g.close_to(
        signs,
        name="for the sup norm",
        expected="the signs of the taps that the largest row holds",
        mistakes={
            "A step along g, not the taps themselves.": [a, b, c],
            "The sign of each tap counts.": np.abs(signs),
        },
        hint="Write down both rows; which taps does the longer one hold?",
    )
    columns = g.close_to(
        signs * [1, 0, 1],
        name="for the norm p = 1",
        expected="the signs of the taps that read one pixel together",
        mistakes={
            "That is the row again; a column belongs to one pixel.": signs,
            "Which column is the largest?": signs * [0, 1, 0],
        },
        hint="Write down the four columns: which taps meet on the second pixel?",
    )
    until = g.close_to(
        (left + right - middle) / 2,
        name="how far",
        expected="the step at which another column is as large",
        mistakes={
            "By then another column is larger: watch the middle tap.": min(left, right),
            "Both taps of the column shrink.": left + right - middle,
        },
        hint="After a step η, what are the four column sums?",
    )
    return [g.item("sup", rows), g.item("one", columns), g.item("until", until)]


def _own_taps(draws: g.Draws) -> Mapping[str, Any]:
    a, c = draws.integer(2, 9), draws.integer(2, 9)
    return {"a": a, "b": -draws.integer(abs(a - c) + 1, a + c - 1), "c": c}


# -- ex2: what to pull at ------------------------------------------------------------------------
def _norm(K: Array, n: int, stride: int, padding: int) -> float:
    return conv_norm(K, np.inf, input_size=n, stride=stride, padding=padding).value


def _products(pull: Callable[..., Any], given: g.Case) -> tuple[Array, Array]:
    """What the student's function gives there, and the kernel."""
    K = given.args[0]
    return np.asarray(g.array(*K.shape)(g.call(pull, given))), K


def _gives_the_norm(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    def test(pull: Any) -> None:
        for given in cases:
            found, K = _products(pull, given)
            value, norm = float((found * K).sum()), _norm(*given.args)
            if not np.isclose(value, norm, rtol=1e-6, atol=1e-9):
                side = "too large" if value > norm else "too small"
                said = f"⟨g, K⟩ = {value:.6g}, {side}"
                raise g.Wrong(said, at=str(given), expected="⟨g, K⟩ equal to the norm", hint=hint)

    return g.Check(name, test, hint)


def _stays_below(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    def test(pull: Any) -> None:
        for given in cases:
            found, K = _products(pull, given)
            draws = np.random.default_rng(0)
            others = [draws.normal(size=K.shape) for _ in range(40)]
            for other in [*others, found, *(np.sign(found) * abs(x) for x in others)]:
                if (found * other).sum() > _norm(other, *given.args[1:]) * (1 + 1e-9) + 1e-9:
                    said = f"⟨g, K'⟩ above the norm of another kernel K', for g = {g.show(found)}"
                    raise g.Wrong(
                        said, at=str(given), expected="⟨g, K'⟩ at most the norm of every K'"
                    )

    return g.Check(name, test, hint)


_LARGE = [g.case(_TAPS, 5, 1, 1, about="K, n, stride, padding"), g.case(-_RANDOM, 6, 1, 1)]
_STRIDED = [g.case(_RANDOM, 7, 2, 1), g.case(_TAPS, 8, 3, 0)]
_SMALL = [g.case(_TAPS, 1, 1, 1), g.case(_RANDOM, 2, 1, 1), g.case(-_RANDOM, 2, 2, 2)]
_ZEROS = [g.case(_HOLES, 5, 1, 1), g.case(np.zeros((2, 1, 3, 3)), 4, 1, 1, about="no taps")]
_PULL = [
    g.gate(
        _gives_the_norm(_LARGE, "large images", "Which channel is the largest, and in which signs?")
    ),
    _gives_the_norm(_STRIDED, "strides", "Some output sees no padding here, too."),
    _gives_the_norm(_SMALL, "images smaller than the kernel", "Pull only at taps that are read."),
    _gives_the_norm(_ZEROS, "taps that are 0", "A weight of 0 adds nothing, and has no sign."),
    _stays_below(
        [*_LARGE, *_STRIDED, *_SMALL, *_ZEROS],
        "no other kernel objects",
        "A subgradient of the norm lies in the unit ball of the dual norm: signs on one row.",
    ),
    g.not_mutating([_LARGE[1], _SMALL[1]]),
]


# -- ex3: the same function, a smaller product ---------------------------------------------------
def _pair(pull: Any, given: g.Case) -> tuple[Array, Array]:
    found = g.call(pull, given)
    if not isinstance(found, (tuple, list)) or len(found) != 2:
        raise g.Wrong(g.show(found), at=str(given), expected="a pair (V1, V2)")
    return tuple(  # type: ignore[return-value]
        np.asarray(g.array(*W.shape)(V)) for V, W in zip(found, given.args, strict=True)
    )


def _same_function(answer: Any) -> None:
    for given in _NETWORKS:
        W1, W2 = given.args
        V1, V2 = _pair(answer, given)
        x = np.random.default_rng(1).normal(size=(W1.shape[1], 50))
        before, after = W2 @ np.maximum(W1 @ x, 0), V2 @ np.maximum(V1 @ x, 0)
        if not np.allclose(before, after, rtol=1e-6, atol=1e-9):
            gap = np.abs(before - after).max()
            said = f"outputs that differ by up to {gap:.3g}"
            raise g.Wrong(said, at=str(given), expected="the outputs of the network as it was")


def _small_product(answer: Any) -> None:
    for given in _NETWORKS:
        W1, W2 = given.args
        V1, V2 = _pair(answer, given)
        product = np.linalg.norm(V1, np.inf) * np.linalg.norm(V2, np.inf)
        least = (np.abs(W2) @ np.abs(W1)).sum(axis=1).max()
        if product > least * (1 + 1e-6):
            before = np.linalg.norm(W1, np.inf) * np.linalg.norm(W2, np.inf)
            hint = "Is it smaller than it was at all?" if product > before * (1 - 1e-9) else ""
            said = f"a product that is {product / least:.4g} times the least one"
            raise g.Wrong(said, at=str(given), expected="the least product there is", hint=hint)


_draws = np.random.default_rng(6)
_NETWORKS = [
    g.case(np.array([[1.0, -2.0], [0.5, 0.5]]), np.array([[1.0, 8.0]]), about="W1, W2"),
    g.case(_draws.normal(size=(6, 4)) * _draws.lognormal(0, 2, (6, 1)), _draws.normal(size=(3, 6))),
    g.case(
        np.array([[3.0, 1.0], [0.0, 0.0], [0.0, -1.0]]),
        np.array([[1.0, 5.0, 0.0], [2.0, -9.0, 4.0]]),
        about="a neuron that reads nothing",
    ),
]
_GAUGE = [
    g.gate(
        g.Check(
            "the same function",
            _same_function,
            "What leaves a ReLU unchanged but for a factor, and where can the factor go?",
        )
    ),
    g.Check(
        "the least product",
        _small_product,
        "If every row of the first matrix is as long as the longest, none of its slack is wasted.",
    ),
    g.not_mutating(_NETWORKS),
]


TASKS = {
    "ex1": g.Task(
        title="A subgradient by hand",
        answer='a dict: "sup" and "one", three numbers each, and "until", a number',
        reads=g.fields(sup=g.array(3), one=g.array(3), until=g.number),
        checks=_by_hand,
        parameters={"a": 2, "b": -3, "c": 4},
        draw=_own_taps,
    ),
    "ex2": g.Task(
        title="What to pull at",
        answer="a function pull(K, n, stride, padding) that returns an array like K",
        reads=g.function,
        checks=_PULL,
    ),
    "ex3": g.Task(
        title="The same function, a smaller product",
        answer="a function shrink(W1, W2) that returns a pair of matrices",
        reads=g.function,
        checks=_GAUGE,
    ),
    "ex4": g.Task(
        title="Four traps, one test",
        answer="a function fine(pull) that returns True or False",
        reads=g.function,
        checks=TESTS_OF_PULLS,
    ),
    "ex5": g.Task(
        title="Clipped, and still too large",
        answer="a kernel, an array (3, 3)",
        reads=g.array(3, 3),
        checks=CLIPPED,
    ),
}
