"""Chapter *Bounding a network*: what its exercises ask for."""

from collections.abc import Mapping, Sequence
from itertools import combinations
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz import exact_shallow
from lipkit.networks import ReluNetwork
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._certificate_by_hand import certificate, own_line
from lipkit.teach.graders.tasks._patterns_that_exist import PATTERNS, partial_sums


def _vectors(net: ReluNetwork) -> Array:
    return np.asarray(net.weights[1].T * net.weights[0])


_SMALL = g.gate(
    g.witness(
        lambda net: net.input_dim <= 2 and max(net.widths) <= 12 and net.bias_free,
        name="small enough to look at all patterns",
        expected="one or two inputs, at most 12 neurons, no biases",
    )
)


# -- ex2: a climb that ends below the truth ------------------------------------------------------
def _climbed(net: ReluNetwork) -> float:
    Q, u = _vectors(net), np.eye(net.input_dim)[0]
    for _ in range(2 ** min(len(Q), 12)):
        after = Q[Q @ u > 0].sum(axis=0)
        if np.allclose(after, u, rtol=1e-12, atol=0):
            break
        u = after
    return float(np.linalg.norm(u))


def _constant(net: ReluNetwork, p: float = 2) -> float:
    return exact_shallow(net, p).value


def _said_climb(net: ReluNetwork) -> str:
    return f"the climb ends at {_climbed(net):.4g}, the constant is {_constant(net):.4g}"


_CLIMB = [
    _SMALL,
    g.gate(
        g.witness(
            lambda net: _climbed(net) > 0,
            name="the climb gets somewhere",
            said=_said_climb,
            expected="a positive number at the end of the climb",
            hint="Some neuron must be on at the first unit vector.",
        )
    ),
    g.witness(
        lambda net: _climbed(net) <= 0.9 * _constant(net) * (1 + 1e-9),
        name="below the truth",
        said=_said_climb,
        expected="a climb that ends at most at nine tenths of the constant",
        mistakes={
            "Below the truth, but not by enough.": lambda net: (
                _climbed(net) < 0.999 * _constant(net)
            )
        },
        hint="The climb goes uphill from where it starts. Where is another hill?",
    ),
]


# -- ex3: the program at the origin --------------------------------------------------------------
def _at_origin(net: ReluNetwork) -> float:
    return float(np.abs(partial_sums(_vectors(net))).sum(axis=1).max())


def _no_parallel_rows(net: ReluNetwork) -> bool:
    W = net.weights[0]
    lengths = np.linalg.norm(W, axis=1)
    if not lengths.all():
        return False
    units = W / lengths[:, None]
    pairs = combinations(units, 2)
    return all(abs(u[0] * v[1] - u[1] * v[0]) > 1e-6 for u, v in pairs)


def _ratio(net: ReluNetwork) -> float:
    return _at_origin(net) / _constant(net, np.inf)


_ORIGIN = [
    _SMALL,
    g.gate(
        g.witness(
            _no_parallel_rows,
            name="no parallel rows",
            expected="rows of W that are not zero and not parallel, in pairs",
            hint="Neurons with one hyperplane can be merged, and a good program does that first.",
        )
    ),
    g.witness(
        lambda net: _ratio(net) >= 1.3 * (1 - 1e-9),
        name="wrong at the origin",
        said=lambda net: (
            f"{_at_origin(net):.4g} at the origin, constant {_constant(net, np.inf):.4g}"
        ),
        expected="at least thirteen tenths of the constant at the origin, p = inf",
        mistakes={
            "With positive outputs the best pattern always exists.": (
                lambda net: bool((net.weights[1] >= 0).all())
            ),
            "With negative outputs only, the best pattern always exists, too.": (
                lambda net: bool((net.weights[1] <= 0).all())
            ),
            "That is the right way; it is not enough yet.": lambda net: _ratio(net) > 1.001,
        },
        hint="Which patterns cannot exist if the rows of W add up to zero?",
    ),
]


# -- ex5: the root of the width ------------------------------------------------------------------
_TWINS = np.array([3.3, 5.7, 10.2])  # medians of 20 networks differ by less than a tenth from it


def _near_the_twins(rows: Array) -> bool:
    return bool((np.abs(np.log(rows[:, 1] / _TWINS)) < np.log(1.25)).all())


_ROOTS = [
    g.gate(
        g.each(
            "row",
            g.witness(
                lambda row: 0 < row[0] <= row[1] * (1 + 1e-9),
                name="the twin is the steeper one",
                said=lambda row: f"exact {g.show(row[0])}, twin {g.show(row[1])}",
                expected="positive numbers, the exact constant first, and no twin below it",
                hint="The network's patterns are some of those that the twin may choose from.",
            ),
        )
    ),
    g.witness(
        _near_the_twins,
        name="the size of the twins",
        said=lambda rows: g.show(rows[:, 1]),
        expected="wide ranges, in which such medians lie",
        mistakes={
            "Were they divided by something?": lambda rows: bool((rows[:, 1] < 2).all()),
            "Is that the product bound?": lambda rows: bool((rows[:, 1] > 1.6 * _TWINS).all()),
            "Are the rows in the order 25, 100, 400?": lambda rows: bool(rows[0, 1] > rows[2, 1]),
        },
        hint="The twin has the rows a_i w_i, and outputs 1.",
    ),
    g.witness(
        lambda rows: bool(((rows[:, 0] > 1.2) & (rows[:, 0] < 3.6)).all()),
        name="the size of the constants",
        said=lambda rows: g.show(rows[:, 0]),
        expected="wide ranges, in which such medians lie",
        hint="Is it the exact constant in ℓ2, of the network itself?",
    ),
]


# -- ex6: what a tolerance may claim -------------------------------------------------------------
def _tolerated(slope: float, eps: float) -> Sequence[g.Check]:
    return [
        g.close_to(
            np.sqrt(slope**2 * (1 - eps) - eps),
            rtol=1e-3,
            name="what may be returned",
            expected="the least root of rho for which P + εI has no negative eigenvalue",
            hint="Write down P + εI, two by two, and minimise rho over t.",
            mistakes={
                "That is rho; asked is its root.": slope**2 * (1 - eps) - eps,
                "That is the true constant, which an exact solver returns.": (
                    lambda x: abs(x - slope) < 1e-3 * slope
                ),
                "ε stands in both diagonal entries.": np.sqrt(slope**2 - eps),
                "ε stands in both diagonal entries: rho + ε, not rho.": slope * np.sqrt(1 - eps),
                "The best t is not 1 when P may be a little negative.": np.sqrt(
                    slope**2 / (1 + eps) - eps
                ),
                "The slope enters only one of the two terms.": slope * np.sqrt(1 - 2 * eps),
                "That is what its multiplier proves.": slope * (1 - eps) / np.sqrt(1 - 2 * eps),
            },
        )
    ]


def _own_tolerance(draws: g.Draws) -> Mapping[str, Any]:
    return {"slope": float(draws.integer(2, 20)), "eps": draws.integer(5, 40) / 100}


TASKS = {
    "ex1": g.Task(
        title="Patterns that exist",
        answer="a function both(W, a), which returns two numbers",
        reads=g.function,
        checks=PATTERNS,
    ),
    "ex2": g.Task(
        title="A climb that ends below the truth",
        answer="(W, a) of a network with one hidden layer, without biases, or a ReluNetwork",
        reads=g.network(hidden=1),
        checks=_CLIMB,
    ),
    "ex3": g.Task(
        title="The program at the origin",
        answer="(W, a) of a network with two inputs and one hidden layer, or a ReluNetwork",
        reads=g.network(inputs=2, hidden=1),
        checks=_ORIGIN,
    ),
    "ex4": g.Task(
        title="A certificate by hand",
        answer='a dict: "t", two multipliers; "K", the number that they prove',
        reads=g.fields(t=g.array(2), K=g.number),
        checks=certificate,
        parameters={"left": 3.0, "most": 4.1},
        draw=own_line,
    ),
    "ex5": g.Task(
        title="The root of the width",
        answer="three rows of numbers (exact, twin): 25, 100 and 400 neurons",
        reads=g.array(3, 2),
        checks=_ROOTS,
    ),
    "ex6": g.Task(
        title="What a tolerance may claim",
        answer="a number",
        reads=g.number,
        checks=_tolerated,
        parameters={"slope": 3.0, "eps": 0.1},
        draw=_own_tolerance,
    ),
}
