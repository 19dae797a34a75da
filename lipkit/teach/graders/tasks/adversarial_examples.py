"""Chapter *Adversarial examples*: what its exercises ask for."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz import exact_line
from lipkit.networks import ReluNetwork
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._least_value import least_value
from lipkit.teach.graders.tasks._what_the_box_leaves import BOXED


# -- ex1: the runner-up does not set the limit ---------------------------------------------------
def _two_rules(first: float, second: float, L: float, near: float, far: float) -> Sequence[g.Check]:
    """Leads over classes 1 and 2, the constant to l-infinity, those of the two differences."""
    pairs = min(first / near, second / far)
    return [
        g.item(
            "rule",
            g.close_to(
                first / (2 * L),
                rtol=1e-3,
                name="one constant",
                expected="the margin over twice the constant, as q is infinity",
                hint="Two logits may move by the constant each.",
                mistakes={
                    "Both logits may move.": first / L,
                    "That factor belongs to another q.": first / (np.sqrt(2) * L),
                    "The margin is the lead over the runner-up.": second / (2 * L),
                    "Which constant belongs to this rule?": pairs,
                },
            ),
        ),
        g.item(
            "pairs",
            g.close_to(
                pairs,
                rtol=1e-3,
                name="a constant for each pair",
                expected="the least, over the other classes, of lead over constant",
                hint="There are two other classes; which one is reached first?",
                mistakes={
                    "The runner-up does not always set the limit.": first / near,
                    "A difference is one output: no factor of 2.": pairs / 2,
                    "Each lead has its own constant.": first / far,
                },
            ),
        ),
        g.item(
            "limit",
            g.close_to(
                1.0 if first / near < second / far else 2.0,
                name="the class that sets the limit",
                expected="the class whose radius is the smaller one",
                hint="Compare lead over constant for classes 1 and 2.",
            ),
        ),
    ]


def _own_leads(draws: g.Draws) -> Mapping[str, Any]:
    first = draws.integer(1, 4)
    second, near = first + draws.integer(1, 4), draws.integer(2, 5)
    far = near * (second + 1 + draws.integer(1, 4))  # so that the runner-up is not the limit
    L = far // 2 + draws.integer(1, 5)
    return {name: float(v) for name, v in zip(_LEADS, (first, second, L, near, far), strict=True)}


_LEADS = {"first": 1.0, "second": 3.0, "L": 10.0, "near": 4.0, "far": 20.0}


# -- ex3: six reports ----------------------------------------------------------------------------
_VERDICTS = {"A": "weak", "B": "weak", "C": "false", "D": "fine", "E": "weak", "F": "fine"}
_ASK = {
    "A": "One step is a point of the same ball.",
    "B": "Which of the two balls contains the other?",
    "C": "On which side of the truth does each of the two numbers stand?",
    "D": "On which side of the truth does each of the two numbers stand?",
    "E": "Who should find more, chance or a gradient?",
    "F": "Which of the two balls contains the other?",
}


def _word(answer: str) -> str:
    if answer not in ("weak", "false", "fine"):
        raise g.Wrong(g.show(answer), expected='one of "weak", "false", "fine"')
    return answer


def _report(answer: Any) -> str:
    return _word(g.text(answer))


_REPORTS = [
    g.item(
        letter,
        g.one_of(
            verdict,
            name=f"report {letter}",
            expected="another verdict",
            hint=_ASK[letter],
        ),
    )
    for letter, verdict in _VERDICTS.items()
]


# -- ex4: a rule without loss, and one with ------------------------------------------------------
def _share(pair: Array, L: float) -> float:
    """The rule's radius over the distance to the tie, which is 1."""
    return float((pair[0] - pair[1]) / (np.sqrt(2) * L))


def _has_constant(L: float) -> g.Check:
    return g.gate(
        g.witness(
            lambda both: all(abs(np.linalg.norm(v) - L) < 1e-5 * L for v in both.values()),
            name="the constant",
            said=lambda both: " and ".join(f"{np.linalg.norm(v):.6g}" for v in both.values()),
            expected=f"two networks with a² + b² = {L * L:g}, to six digits",
            hint="What is the constant of t ↦ (a t, b t) in Euclidean lengths?",
        )
    )


_LEADING = g.gate(
    g.witness(
        lambda both: all(v[0] > v[1] for v in both.values()),
        name="the first logit leads",
        expected="a > b in both, so that there is a margin at t = 1",
        hint="At t = 1 the logits are a and b.",
    )
)


def _sharp_and_lossy(L: float) -> Sequence[g.Check]:
    return [
        _has_constant(L),
        _LEADING,
        g.witness(
            lambda both: abs(_share(both["sharp"], L) - 1) < 1e-4,
            name="without loss",
            said=lambda both: f"{_share(both['sharp'], L):.4g} of the distance",
            expected="a radius that is the distance",
            mistakes={
                "One logit that stands still wastes its share.": lambda both: (
                    min(abs(both["sharp"])) < 1e-6 * L
                )
            },
            hint="How do the two logits share a Euclidean length, to come together soonest?",
        ),
        g.witness(
            lambda both: _share(both["lossy"], L) <= 0.1 * (1 + 1e-6),
            name="with loss",
            said=lambda both: f"{_share(both['lossy'], L):.4g} of the distance",
            expected="a radius of at most a tenth of the distance",
            hint="When does a large change of both logits change the margin little?",
        ),
    ]


# -- ex5: steep and safe -------------------------------------------------------------------------
def _slope_inside(net: ReluNetwork) -> float:
    return exact_line(net, box=([-1.0], [1.0])).value


_STEEP = [
    g.gate(
        g.witness(
            lambda net: max(net.widths) <= 6,
            name="six neurons",
            said=lambda net: f"{max(net.widths)} neurons",
            expected="at most six neurons",
            hint="One is enough.",
        )
    ),
    g.gate(
        g.witness(
            lambda net: abs(float(net([0.0])) - 1) < 1e-9,
            name="margin one",
            said=lambda net: f"f(0) = {float(net([0.0])):.6g}",
            expected="f(0) = 1",
            hint="The last layer may have a bias: ReluNetwork(weights, biases).",
        )
    ),
    g.witness(
        lambda net: _slope_inside(net) >= 1000 * (1 - 1e-9),
        name="steep nearby",
        said=lambda net: f"slope {_slope_inside(net):.6g} on [-1, 1]",
        expected="a slope of at least 1000 somewhere in [-1, 1]",
        hint="A neuron's slope is its two weights multiplied.",
    ),
    g.witness(
        lambda net: least_value(net, 10.0) > 0,
        name="never misread",
        said=lambda net: f"{least_value(net, 10.0):.6g} somewhere on [-10, 10]",
        expected="f > 0 on all of [-10, 10]",
        hint="Which way may a score be steep without danger?",
    ),
]


# -- ex6: too strong a teacher -------------------------------------------------------------------
def _shares(rows: Array) -> bool:
    return bool(((rows >= 0) & (rows <= 1)).all() and (rows[:, 1] <= rows[:, 0] + 1e-9).all())


_TEACHERS = [
    g.gate(
        g.witness(
            _shares,
            name="shares, the robust one not larger",
            said=g.show,
            expected="numbers between 0 and 1, the accuracy first",
            mistakes={
                "Shares, not percentages.": lambda rows: bool((rows > 1).any()),
                "Which of the two can be larger?": lambda rows: bool(
                    (rows[:, 1] > rows[:, 0]).all()
                ),
            },
            hint="A digit that stands under attack is read correctly without one.",
        )
    ),
    g.witness(
        lambda rows: rows[0, 0] > 0.9 and rows[1, 0] > 0.75 and rows[2, 0] < 0.7,
        name="the size of the accuracies",
        said=lambda rows: g.show(rows[:, 0]),
        expected="wide ranges, in which such accuracies lie",
        mistakes={"Are the rows in the order .02, .1, .2?": lambda rows: rows[2, 0] > rows[0, 0]},
        hint="Fifteen epochs, five attack steps, seed 0?",
    ),
    g.witness(
        lambda rows: 0.35 < rows[0, 1] < rows[1, 1] and rows[2, 1] < 0.45,
        name="who stands",
        said=lambda rows: g.show(rows[:, 1]),
        expected="wide ranges, in which such robust accuracies lie",
        mistakes={
            "Were all three attacked at .1?": lambda rows: rows[0, 1] > rows[1, 1],
            "Was the attack strong enough?": lambda rows: bool(
                (rows[:, 0] - rows[:, 1] < 0.05).all()
            ),
        },
        hint="Test digits, ε = .1 for each of the three.",
    ),
]


TASKS = {
    "ex1": g.Task(
        title="The runner-up does not set the limit",
        answer='a dict: "rule" and "pairs", two radii; "limit", the class that sets the second',
        reads=g.fields(rule=g.number, pairs=g.number, limit=g.number),
        checks=_two_rules,
        parameters=_LEADS,
        draw=_own_leads,
    ),
    "ex2": g.Task(
        title="What the box leaves",
        answer="a function least(w, x, eps), which returns a number",
        reads=g.function,
        checks=BOXED,
    ),
    "ex3": g.Task(
        title="Six reports",
        answer='a dict: for each of "A" to "F" one of "weak", "false", "fine"',
        reads=g.fields(**dict.fromkeys(_VERDICTS, _report)),
        checks=_REPORTS,
    ),
    "ex4": g.Task(
        title="A rule without loss, and one with",
        answer='a dict: "sharp" and "lossy", two numbers (a, b) each',
        reads=g.fields(sharp=g.array(2), lossy=g.array(2)),
        checks=_sharp_and_lossy,
        parameters={"L": 3.0},
        draw=lambda draws: {"L": float(draws.integer(2, 12))},
    ),
    "ex5": g.Task(
        title="Steep and safe",
        answer="a ReluNetwork of one input, with one hidden layer",
        reads=g.network(inputs=1, hidden=1),
        checks=_STEEP,
    ),
    "ex6": g.Task(
        title="Too strong a teacher",
        answer="three rows of numbers (accuracy, robust accuracy): trained at .02, .1 and .2",
        reads=g.array(3, 2),
        checks=_TEACHERS,
    ),
}
