"""Chapter *Adversarial linear regression*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.regression import exact_recovery_radius
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._the_attack_itself import SHIFT
from lipkit.theory.adversarial_features import adversarial_risk

_THREE_DIGITS = 3e-3


# -- ex1: three adversaries ----------------------------------------------------------------------
def _adversaries(first: float, second: float, r: float, eps: float) -> Sequence[g.Check]:
    norms = {"one": max(abs(first), abs(second)), "two": math.hypot(first, second)}
    norms["sup"] = abs(first) + abs(second)
    own = {"one": norms["sup"], "two": math.nan, "sup": norms["one"]}
    return [
        g.item(name, _adversary(norm, own[name], abs(r), eps, norms["two"]))
        for name, norm in norms.items()
    ]


def _adversary(norm: float, own: float, r: float, eps: float, length: float) -> g.Check:
    return g.close_to(
        (r + eps * norm) ** 2,
        rtol=1e-6,
        name="the loss",
        expected="the squared loss under the worst attack in this norm",
        hint="By how much can the output change: which norm of θ is that?",
        mistakes={
            "Attacks in one norm meet the dual norm of θ, not the same one.": (r + eps * own) ** 2,
            "That is the residual under attack; the loss is its square.": r + eps * norm,
            "That is the clean loss.": r**2,
            "The residual grows first, then it is squared.": r**2 + (eps * norm) ** 2,
            "How large is the attack?": (r + norm) ** 2,
            "The norm of the attack is not ℓ2 in all three.": (r + eps * length) ** 2,
        },
    )


def _own_adversaries(draws: g.Draws) -> Mapping[str, Any]:
    first, second = [(3, 4), (5, 12), (8, 15), (7, 24)][draws.integer(0, 3)]
    sign = 2 * draws.integer(0, 1) - 1
    r, half = float(draws.integer(1, 4)), draws.integer(1, 5)
    return {"first": float(first), "second": float(sign * second), "r": r, "eps": half / 2}


# -- ex3: the best multiple of the teacher -------------------------------------------------------
def _multiple(tau2: float, eps: float) -> Sequence[g.Check]:
    c = np.linspace(0, 1, 100_001)
    risks = adversarial_risk(tau2 + (1 - c) ** 2, c, eps)
    best = float(c[np.argmin(risks)])
    middle = tau2 + (1 - c) ** 2 + (eps * c) ** 2
    c_found = g.close_to(
        best,
        rtol=_THREE_DIGITS,
        name="the multiple",
        expected="the c with the least robust risk",
        hint="Put A² = τ² + (1 − c)² and s = c into the robust risk, and try many c.",
        mistakes={
            "That is the teacher itself; under attack a shorter one does better.": 1.0,
            "The middle term of the robust risk counts, too.": float(c[np.argmin(middle)]),
            "The noise is part of A², and of the middle term.": float(
                c[np.argmin(adversarial_risk((1 - c) ** 2, c, eps))]
            ),
        },
    )
    risk_found = g.close_to(
        float(risks.min()),
        rtol=_THREE_DIGITS,
        name="the least risk",
        expected="the robust risk at the best c, noise included",
        hint="It is below that of the teacher and below the null risk.",
        mistakes={
            "That is the teacher's risk.": float(risks[-1]),
            "That is the null risk.": 1 + tau2,
            "The noise is part of the risk.": float(risks.min()) - tau2,
            "Without the middle term.": float(middle.min()),
        },
    )
    return [g.item("c", c_found), g.item("risk", risk_found)]


def _own_multiple(draws: g.Draws) -> Mapping[str, Any]:
    return {"tau2": draws.integer(10, 50) / 100, "eps": draws.integer(30, 70) / 100}


# -- ex4: a price list for directions ------------------------------------------------------------
def _data(n: int, d: int, length: float, seed: int) -> g.Case:
    rng = np.random.default_rng(seed)
    beta = rng.normal(size=d)
    beta *= length / np.linalg.norm(beta)
    said = f"{n} points, {d} inputs, a teacher of length {length:g}"
    return g.case(rng.normal(size=(n, d)), beta, about=said)


_DATA = [_data(12, 3, 1.0, 1), _data(20, 4, 1.0, 2), _data(15, 4, 2.0, 3), _data(3, 5, 1.0, 4)]


def _not_divided(X: Array, beta: Array) -> float:
    return exact_recovery_radius(X, beta) / float(np.linalg.norm(beta))


def _along_the_teacher(X: Array, beta: Array) -> float:
    return float(np.abs(X @ beta).mean() / np.linalg.norm(beta))


_RADIUS = [
    g.shape(inputs=_DATA[:1], name="gives a number"),
    g.agrees(
        exact_recovery_radius,
        _DATA,
        rtol=1e-6,
        atol=1e-9,
        name="the radius",
        expected="the least mean of |x·h| over the directions that shorten β at rate 1",
        hint="The objective is a mean of absolute values: one more variable for each.",
        mistakes={
            "The mean over the points is asked, not the sum.": (
                lambda X, beta: len(X) * exact_recovery_radius(X, beta)
            ),
            "The condition is β·h = ‖β‖: what if the teacher has length 2?": _not_divided,
            "Along the teacher it is not cheapest; h may be any direction.": _along_the_teacher,
        },
    ),
    g.not_mutating(_DATA[:1]),
]


# -- ex5: perfectly robust -----------------------------------------------------------------------
def _quiet(eps: float) -> Sequence[g.Check]:
    loss = g.close_to(
        eps**2,
        rtol=1e-6,
        name="the loss",
        expected="the mean squared loss under the worst attack, on the training points",
        hint="Which formula needs no attack? All residuals are 0.",
        mistakes={
            "Which gradient did the attack follow at a residual of 0?": lambda x: abs(x) < 1e-9,
            "That is the residual under attack, not the squared loss.": eps,
            "The mean squared loss has no factor of one half.": eps**2 / 2,
            "The slope of the model is 1; the attack is weaker than that.": 1.0,
        },
    )
    return [loss]


def _own_radius(draws: g.Draws) -> Mapping[str, Any]:
    return {"eps": draws.integer(5, 50) / 100}


# -- ex6: the sup norm, and where the signal is --------------------------------------------------
def _switch(d: int) -> Sequence[g.Check]:
    level = math.sqrt(math.pi / 2)
    low = level / math.sqrt(d)
    shared = {
        "Is it the mean of |y| or its inverse that stands below?": lambda x: np.any(
            np.isclose(x, [1 / level, 1 / (level * math.sqrt(d))], rtol=_THREE_DIGITS)
        ),
        "How large is the mean of |y| for a Gaussian y of variance 1?": lambda x: np.any(
            np.isclose(x, [1.0, 1 / math.sqrt(d)], rtol=_THREE_DIGITS)
        ),
        "Without noise and with unlimited data, XᵀX/n is the identity.": lambda x: x > 2,
    }
    axis = g.close_to(
        level,
        rtol=_THREE_DIGITS,
        name="the radius",
        expected="the radius from which on the model is 0",
        hint="Which norm of XᵀY does the theorem take for attacks in the sup norm?",
        mistakes={"For attacks in the sup norm the largest entry counts.": low, **shared},
    )
    spread = g.close_to(
        low,
        rtol=_THREE_DIGITS,
        name="the radius",
        expected="the radius from which on the model is 0",
        hint="Which norm of XᵀY does the theorem take for attacks in the sup norm?",
        mistakes={
            "That is what attacks in ℓ2 need.": level,
            "The same norm p, not its dual.": level * math.sqrt(d),
            **shared,
        },
    )
    return [g.item("axis", axis), g.item("spread", spread)]


def _own_dimension(draws: g.Draws) -> Mapping[str, Any]:
    return {"d": draws.integer(4, 40) * 10}


TASKS = {
    "ex1": g.Task(
        title="Three adversaries",
        answer='a dict: "one", "two" and "sup", the worst squared losses',
        reads=g.fields(one=g.number, two=g.number, sup=g.number),
        checks=_adversaries,
        parameters={"first": 3.0, "second": -4.0, "r": 1.0, "eps": 0.5},
        draw=_own_adversaries,
    ),
    "ex2": g.Task(
        title="The attack itself",
        answer="a function worst_shift(theta, x, y, eps, p), which returns an array like x",
        reads=g.function,
        checks=SHIFT,
    ),
    "ex3": g.Task(
        title="The best multiple of the teacher",
        answer='a dict: "c", the multiple; "risk", its robust risk',
        reads=g.fields(c=g.number, risk=g.number),
        checks=_multiple,
        parameters={"tau2": 0.25, "eps": 0.5},
        draw=_own_multiple,
    ),
    "ex4": g.Task(
        title="A price list for directions",
        answer="a function free_radius(X, beta) of two arrays, which returns a number",
        reads=g.function,
        checks=_RADIUS,
    ),
    "ex5": g.Task(
        title="Perfectly robust",
        answer="a number, the mean squared loss under the worst attack",
        reads=g.number,
        checks=_quiet,
        parameters={"eps": 0.4},
        draw=_own_radius,
    ),
    "ex6": g.Task(
        title="The sup norm, and where the signal is",
        answer='a dict: "axis" and "spread", the radii from which on the model is 0',
        reads=g.fields(axis=g.number, spread=g.number),
        checks=_switch,
        parameters={"d": 100},
        draw=_own_dimension,
    ),
}
