"""Chapter *One number of a class*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import four_points, generic
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._sup_then_mean import COMPLEXITY, signs
from lipkit.theory.rademacher import linear_rademacher
from lipkit.theory.robustness_law import linear_interpolant, linear_law, min_depth_to_fit

_THREE_DIGITS = 3e-3


# -- ex1: the labels at hand ---------------------------------------------------------------------
def _at_hand(size: float) -> Sequence[g.Check]:
    X = size * four_points().X
    law = linear_law(X, [1.0, 1.0, -1.0, -1.0]).value
    average = 1 / float(linear_rademacher(X, exact=True))
    bound = g.close_to(
        law,
        rtol=_THREE_DIGITS,
        name="the bound",
        expected="the law of the linear cone for these four labels",
        hint="How well do linear functions of slope at most 1 follow these labels?",
        mistakes={
            "That is an average over all labels; these labels are given.": average,
            "That is how well they are followed; the law divides by it.": 1 / law,
            "The mean over the points: there are four of them.": law / 4,
            "A length, not its square.": law**2,
            "Divide by the length of the sum of the labelled points.": law * 4,
        },
    )
    return [bound]


def _own_size(draws: g.Draws) -> Mapping[str, Any]:
    return {"size": draws.integer(2, 9) / 10}


# -- ex2: which norm -----------------------------------------------------------------------------
def _norms(k: int, A: float, B: float) -> Sequence[g.Check]:
    base, root = A * B, math.sqrt(k)

    def factor(key: str, power: float, said: str, others: Mapping[str, float]) -> g.Check:
        check = g.close_to(
            base * k**power,
            rtol=_THREE_DIGITS,
            name="the factor",
            expected=said,
            hint="How large can the sum of |a| times the length of the row be?",
            mistakes={**others, "That is the bound on one layer alone.": A},
        )
        return g.item(key, check)

    with_root = {"Its square root: a has length A, not each entry.": base * k}
    return [
        factor(
            "path",
            0,
            "the factor for the path norm",
            {
                "The path norm adds up all neurons: does their number matter?": base * root,
                "All neurons share one budget.": base * k,
            },
        ),
        factor(
            "rows",
            0.5,
            "the factor for a in length and every row",
            {**with_root, "All neurons may have the best row; how large is the sum of |a|?": base},
        ),
        factor(
            "entries",
            1,
            "the factor for every entry of a and every row",
            {
                "Each entry may be as large as A.": base * root,
                "There are k neurons, each with a budget of its own.": base,
            },
        ),
    ]


def _own_norms(draws: g.Draws) -> Mapping[str, Any]:
    root = draws.integer(3, 9)
    return {"k": root**2, "A": float(draws.integer(2, 5)), "B": float(draws.integer(2, 5))}


# -- ex4: a report -------------------------------------------------------------------------------
def _report(k: int, rho: float) -> Sequence[g.Check]:
    complexity = math.sqrt(k) * rho
    share = g.close_to(
        complexity,
        rtol=_THREE_DIGITS,
        name="the share",
        expected="what Markov's inequality leaves of the label vectors",
        hint="What average with its labels does a fit have, and how often is that reached?",
        mistakes={
            "That is the law itself; of how many label vectors does it speak?": 1 / complexity,
            "A fit is followed perfectly: can every label vector be, if the mean is so small?": 1,
            "That is one neuron; which factor have k of them under these bounds?": rho,
            "That factor is for entries; here a has length at most 1.": k * rho,
            "That is the share that it cannot fit, at least.": 1 - complexity,
            "For the average to hold, a few may be fitted; not none.": 0,
        },
    )
    return [share]


def _own_report(draws: g.Draws) -> Mapping[str, Any]:
    root = draws.integer(3, 8)
    return {"k": root**2, "rho": round(draws.integer(5, 30) / 100 / root, 5)}


# -- ex5: how many layers ------------------------------------------------------------------------
def _layers(power: int, M: float) -> Sequence[g.Check]:
    n = 10**power
    depth = min_depth_to_fit(n, M)

    def product_alone(x: Any) -> bool:
        return bool(x == math.ceil(power * math.log(10) / (2 * math.log(M))))

    def without_root(x: Any) -> bool:
        return bool(x == min_depth_to_fit(n**2, M))

    def above(x: Any) -> bool:
        return bool(x > depth)

    layers = g.close_to(
        depth,
        rtol=1e-9,
        name="the layers",
        expected="the least depth that the theorem allows",
        hint="The left side contains the depth, too: try one after the other.",
        mistakes={
            "The root of the depth counts, too: it saves layers.": product_alone,
            "The root of n is on the other side.": without_root,
            "A smaller depth is allowed as well.": above,
            "Is the left side as large as the right?": lambda x: x < depth,
        },
    )
    guarantees = g.one_of(
        "neither",
        "nothing",
        name="what it guarantees",
        expected="what follows from having so many layers",
        hint="Is the condition necessary or sufficient, and for what?",
        mistakes={
            "It is necessary for fitting: with fewer layers not all labels can be fitted.": [
                "fitting",
                "fit",
                "a fit",
                "both",
            ],
            "Robustness plays no part in it: the same depth can be steep.": [
                "slope",
                "a slope",
                "small slope",
                "robustness",
            ],
        },
    )
    return [g.item("layers", layers), g.item("guarantees", guarantees)]


def _own_layers(draws: g.Draws) -> Mapping[str, Any]:
    return {"power": draws.integer(4, 10), "M": float(draws.choice([1.5, 2.0, 2.5, 3.0]))}


# -- ex6: how often the average is wrong ---------------------------------------------------------
@lru_cache(maxsize=1)
def _fits() -> tuple[Array, Array, float]:
    """The flattest fit of each label vector, its own law, and the law on average."""
    X = generic(8, 24, rng=1).X
    fit = np.array([np.linalg.norm(linear_interpolant(X, s)) for s in signs(8)])
    own = np.array([linear_law(X, s).value for s in signs(8)])
    return fit, own, 1 / float(linear_rademacher(X, exact=True))


def _below() -> float:
    fit, _, average = _fits()
    return float(np.mean(fit < average))


def _laws_below(x: Any) -> bool:
    _, own, average = _fits()
    return bool(np.isclose(x, np.mean(own < average), rtol=5e-3))


_BELOW = g.close_to(
    _below,
    rtol=_THREE_DIGITS,
    name="the share",
    expected="the share of label vectors whose flattest fit is flatter than the average law",
    hint="Are all 256 label vectors there, and the complexity exact?",
    mistakes={
        "That is the share that is at least as steep.": lambda x: np.isclose(x, 1 - _below(), 5e-3),
        "Those are the laws for given labels; the fits are asked.": _laws_below,
        "Does an average bound each of its members?": 0,
        "A share is at most 1: divide the count by the number of label vectors.": lambda x: x > 1,
    },
)

TASKS = {
    "ex1": g.Task(
        title="The labels at hand",
        answer="a number, the lower bound of the slope",
        reads=g.number,
        checks=_at_hand,
        parameters={"size": 1.0},
        draw=_own_size,
    ),
    "ex2": g.Task(
        title="Which norm",
        answer='a dict of three factors: "path", "rows" and "entries"',
        reads=g.fields(path=g.number, rows=g.number, entries=g.number),
        checks=_norms,
        parameters={"k": 16, "A": 2.0, "B": 3.0},
        draw=_own_norms,
    ),
    "ex3": g.Task(
        title="Sup, then mean",
        answer="a function complexity(F) of an array of shape (functions, points)",
        reads=g.function,
        checks=COMPLEXITY,
    ),
    "ex4": g.Task(
        title="A report",
        answer="a number, the largest share of the label vectors",
        reads=g.number,
        checks=_report,
        parameters={"k": 25, "rho": 0.02},
        draw=_own_report,
    ),
    "ex5": g.Task(
        title="How many layers",
        answer='a dict: "layers", a count; "guarantees", "fitting", "slope" or "neither"',
        reads=g.fields(layers=g.number, guarantees=g.text),
        checks=_layers,
        parameters={"power": 6, "M": 2.0},
        draw=_own_layers,
    ),
    "ex6": g.Task(
        title="How often the average is wrong",
        answer="a number, the share of the label vectors",
        reads=g.number,
        checks=[_BELOW],
    ),
}
