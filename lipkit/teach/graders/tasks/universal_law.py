"""Chapter *The universal law*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import generic
from lipkit.lipschitz import exact_plane
from lipkit.networks import ReluNetwork, TwoLayerNetwork
from lipkit.teach import graders as g
from lipkit.theory.robustness_law import gradient_norms, grouped_network

_SAME = 1e-6


# -- ex1: where the law starts to speak ----------------------------------------------------------
def _last(n: int, d: int, *, lost: float = 2.0**9, above: float = 1.0) -> int:
    """The largest p with (eps/2^9)^2 nd > above^2 (p log(60/eps) + log(4/delta))."""
    eps, delta = 0.5, 0.01
    room = (eps / (lost * above)) ** 2 * n * d - math.log(4 / delta)
    return math.ceil(room / math.log(60 / eps)) - 1


def _starts(n: int, d: int) -> Sequence[g.Check]:
    true = _last(n, d)
    without_log = math.floor((0.5 / 2**9) ** 2 * n * d)
    whole = g.witness(
        lambda p: p == round(p) and p >= 1,
        name="a number of parameters",
        expected="a whole number, at least one",
        hint="The largest whole p for which the bound exceeds 1.",
    )
    value = g.close_to(
        true,
        rtol=0.5 / true,
        name="where it starts",
        expected="the largest p for which the printed bound exceeds 1",
        hint="Square both sides, and solve for p.",
        mistakes={
            "The logarithm of 60WJ/ε multiplies p.": lambda p: abs(p - without_log) <= 2,
            "Solve for a bound above 1, not above 2.": lambda p: p == _last(n, d, above=2),
            "The constant stands outside the root: square it, too.": (
                lambda p: abs(p - _last(n, d, lost=2**4.5)) <= 0.01 * p
            ),
            "That is n times d; the theorem has a constant and a logarithm.": float(n * d),
            "One more, and the bound is at most 1; one less, and it is not the largest.": (
                lambda p: abs(p - true) <= 2
            ),
        },
    )
    return [g.gate(whole), value]


def _own_sizes(draws: g.Draws) -> Mapping[str, Any]:
    return {"n": draws.integer(5, 40) * 10**5, "d": draws.integer(5, 20) * 100}


# -- ex2: steeper than twenty --------------------------------------------------------------------
@lru_cache(maxsize=1)
def _groups() -> TwoLayerNetwork:
    return grouped_network(*generic(800, 1200, rng=0), 100)


def _tangential(x: Array) -> float:
    return float(gradient_norms(_groups(), x[None])[0])


def _clear(x: Array) -> bool:
    z = _groups().W @ x + _groups().b
    return bool((np.abs(z) > 1e-9 * np.linalg.norm(_groups().W, axis=1)).all())


def _active_labels(x: Array) -> set[float]:
    return set(np.sign(_groups().a[_groups().W @ x + _groups().b > 0]))


_STEEP = [
    g.gate(
        g.witness(
            lambda x: abs(float(np.linalg.norm(x)) - 1) < _SAME,
            name="on the sphere",
            expected="a point of length 1",
            said=lambda x: f"a point of length {np.linalg.norm(x):.6g}",
            hint="Divide the point by its length.",
        )
    ),
    g.gate(
        g.witness(
            _clear,
            name="not at a kink",
            expected="no neuron exactly at its threshold",
            said=lambda x: "a point at a kink",
            hint="At a kink the formal gradient proves nothing: move a little.",
        )
    ),
    g.witness(
        lambda x: _tangential(x) > 20,
        name="steeper than twenty",
        expected="a slope along the sphere above 20",
        said=lambda x: f"the slope {_tangential(x):.4g} along the sphere",
        mistakes={
            "No neuron is on there: aim at what several neurons respond to.": (
                lambda x: not _active_labels(x)
            ),
            "Only one label is on there; what do two labels do to each other along the sphere?": (
                lambda x: len(_active_labels(x)) == 1
            ),
        },
        hint="How many groups can share a point before they fall below their thresholds?",
    ),
]

# -- ex3: the vacuous sentence -------------------------------------------------------------------
_VACUOUS = g.one_of(
    "c",
    "sentence c",
    "(c)",
    name="the vacuous sentence",
    expected="the sentence that can never say more than is known without it",
    hint="Where a sentence says more than 1, can anything in its class fit?",
    mistakes={
        "Its hypotheses hold for every class of functions that fits; and on close points it "
        "exceeds 1.": ["a", "sentence a"],
        "It is an average over labels, and says so; within the class it can exceed 1.": [
            "b",
            "sentence b",
        ],
        "It is weak at this n, but at a larger one it speaks.": ["d", "sentence d"],
        "It bounds another number than the slope, and says so.": ["e", "sentence e"],
    },
)


# -- ex4: three kinks ----------------------------------------------------------------------------
def _bent(answer: Mapping[str, Array]) -> float:
    """The constant of v.x + sum of ReLU(u_j.x), exact."""
    U, v = answer["U"], answer["v"]
    rows = np.vstack([U, v, -v])
    outer = np.array([[1.0, 1.0, 1.0, 1.0, -1.0]])
    kept = np.linalg.norm(rows, axis=1) > 0
    return float(exact_plane(ReluNetwork([rows[kept], outer[:, kept]])).value)


def _apart(answer: Mapping[str, Array]) -> bool:
    U = answer["U"]
    crossed = [U[i, 0] * U[j, 1] - U[i, 1] * U[j, 0] for i, j in ((0, 1), (0, 2), (1, 2))]
    return bool(min(map(abs, crossed)) > _SAME)


_KINKS = [
    g.gate(
        g.witness(
            lambda a: bool(np.allclose(np.linalg.norm(a["U"], axis=1), 1, atol=_SAME)),
            name="unit vectors",
            expected="rows of U of length 1",
            said=lambda a: f"rows of length {g.show(np.linalg.norm(a['U'], axis=1))}",
        )
    ),
    g.gate(
        g.witness(
            _apart,
            name="three different lines",
            expected="three lines u·x = 0, no two the same",
            said=lambda a: "two kinks on one line",
            hint="u and −u have the same line.",
        )
    ),
    g.witness(
        lambda a: _bent(a) <= 1 + _SAME,
        name="no steeper than one",
        expected="a constant of at most 1",
        said=lambda a: f"the constant {_bent(a):.4g}",
        mistakes={
            "Without v, all three gates open at once add up.": lambda a: not a["v"].any(),
            "Choose v so that the gradient is half of a sum with signs.": (
                lambda a: not np.allclose(a["v"], -a["U"].sum(axis=0) / 2, atol=1e-3)
            ),
        },
        hint="Which of the eight sums with signs are left out in the plane?",
    ),
]


# -- ex5: no class escapes -----------------------------------------------------------------------
def _how_many(d: int) -> Sequence[g.Check]:
    true = 2.0 * 3.0**d
    return [
        g.close_to(
            true,
            rtol=1e-3,
            name="the number of points",
            expected="the n from which the law of the dimension says at least 2",
            hint="Solve (n/2)^(1/d) − 1 = 2 for n.",
            mistakes={
                "The root is one less than the slope plus one.": 2.0 * 2.0**d,
                "Half of the points are lost to the centres: where does the 2 go?": 3.0**d,
                "The slope is asked to be 2, so the root is more.": 2.0**d,
                "Of balls in d dimensions the d-th power counts, not d times.": 6.0 * d,
            },
        )
    ]


def _own_dimension(draws: g.Draws) -> Mapping[str, Any]:
    return {"d": draws.integer(8, 30)}


TASKS = {
    "ex1": g.Task(
        title="Where it starts to speak",
        answer="a whole number p",
        reads=g.number,
        checks=_starts,
        parameters={"n": 10**6, "d": 1000},
        draw=_own_sizes,
    ),
    "ex2": g.Task(
        title="Steeper than twenty",
        answer="an array of shape (1200,), a point of the sphere",
        reads=g.array(1200),
        checks=_STEEP,
    ),
    "ex3": g.Task(
        title="The sentence that says nothing",
        answer='a letter, "a" to "e"',
        reads=g.text,
        checks=[_VACUOUS],
    ),
    "ex4": g.Task(
        title="Three kinks",
        answer='a dict: "U", an array (3, 2) with unit rows; "v", an array (2,)',
        reads=g.fields(U=g.array(3, 2), v=g.array(2)),
        checks=_KINKS,
    ),
    "ex5": g.Task(
        title="No class escapes",
        answer="a number of points n",
        reads=g.number,
        checks=_how_many,
        parameters={"d": 20},
        draw=_own_dimension,
    ),
}
