"""Chapter *Fitting noise*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from itertools import product
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import generic
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._flattest_form import FORM
from lipkit.teach.graders.tasks._matching_law import MATCHING
from lipkit.theory.rademacher import linear_rademacher
from lipkit.theory.robustness_law import interpolation_floor, linear_law

_THREE_DIGITS = 2e-3


# -- ex1: two numbers for three points -----------------------------------------------------------
def _three(c: float, s: float, labels: Sequence[int]) -> Sequence[g.Check]:
    X = np.array([[1.0, 0.0, 0.0], [c, s, 0.0], [0.0, 0.0, 1.0]])
    y = np.array(labels, dtype=float)
    law, fit = linear_law(X, y).value, float(np.linalg.norm(np.linalg.solve(X, y)))
    signs = [np.array(t, dtype=float) for t in product((-1, 1), repeat=3)]
    average = float(np.mean([np.linalg.norm(t @ X) for t in signs]))
    law_check = g.close_to(
        law,
        rtol=_THREE_DIGITS,
        name="the law",
        expected="the number of points over the length of the sum of labels times points",
        hint="Each point enters with its own label.",
        mistakes={
            "That is an average over all labels; a law for these labels needs these labels.": (
                3 / average
            ),
            "The number of points is missing.": law / 3,
            "That is the length itself; where does it stand in the law?": 3 / law,
            "That is the floor, which any function pays.": interpolation_floor(X, y).value,
            "That is the slope of the fit.": fit,
        },
    )
    fit_check = g.close_to(
        fit,
        rtol=_THREE_DIGITS,
        name="the fit",
        expected="the length of the shortest w with the labels as values",
        hint="Three equations for three unknowns; then the Euclidean length.",
        mistakes={
            "That is the law; does a linear function attain it here?": law,
            "Does the sum of labels times points fit?": 3 / law,
            "That is the floor: a linear function need not reach it.": (
                interpolation_floor(X, y).value
            ),
            "That is the squared length.": fit**2,
        },
    )
    return [g.item("law", law_check), g.item("fit", fit_check)]


def _own_three(draws: g.Draws) -> Mapping[str, Any]:
    c, s = draws.choice([(0.8, 0.6), (5 / 13, 12 / 13), (12 / 13, 5 / 13), (0.28, 0.96)])
    return {"c": c, "s": s, "labels": (1, -1, draws.choice([-1, 1]))}


# -- ex3: an average is no law -------------------------------------------------------------------
_TURN = np.arange(6) * np.pi / 3
_HEXAGON = np.stack([np.cos(_TURN), np.sin(_TURN)], axis=1)


@lru_cache(maxsize=1)
def _stated() -> float:
    return 1 / linear_rademacher(_HEXAGON, exact=True).mean


def _margin(answer: Mapping[str, Any]) -> float:
    return float(np.mean(answer["y"] * (_HEXAGON @ answer["w"])))


def _slope(answer: Mapping[str, Any]) -> float:
    return float(np.linalg.norm(answer["w"]))


_AVERAGE = [
    g.gate(
        g.witness(
            lambda answer: bool(np.isin(answer["y"], (-1.0, 1.0)).all()),
            name="labels",
            said=lambda answer: g.show(answer["y"]),
            expected="six labels, each +1 or -1",
        )
    ),
    g.gate(
        g.witness(
            lambda answer: _margin(answer) >= 1 - 1e-9,
            name="a margin",
            said=lambda answer: f"average margin {_margin(answer):.4g}",
            expected="an average of y times w . x of at least 1",
            hint="Scale w until the margin is right.",
            mistakes={"The sum over the points, not the average?": lambda a: 6 * _margin(a) >= 1},
        )
    ),
    g.witness(
        lambda answer: _slope(answer) <= 0.9 * _stated() * (1 + 1e-9),
        name="flatter than stated",
        said=lambda answer: f"slope {_slope(answer):.4g}, stated {_stated():.4g}",
        expected="a slope of at most nine tenths of what is stated",
        hint="Which labels suit a linear function best?",
        mistakes={
            "Flatter, but not by enough.": lambda answer: _slope(answer) < _stated(),
            "The direction is not the best for these labels.": lambda answer: (
                linear_law(_HEXAGON, answer["y"]).value < 0.99 * _slope(answer)
            ),
        },
    ),
]


# -- ex5: a steep function that is hard to fool --------------------------------------------------
def _slopes(knots: Array) -> Array:
    run, rise = np.diff(knots, axis=0).T
    return np.asarray(np.abs(rise / run))


def _flips(knots: Array) -> float:
    """Where the function first reaches 0."""
    grid = np.union1d(np.linspace(-1, 1, 4001), knots[:, 0])
    values = np.interp(grid, *knots.T)
    return float(grid[np.argmax(values >= 0)])


_KNOTS = [
    g.gate(
        g.witness(
            lambda k: 2 <= len(k) <= 12 and bool((np.diff(k[:, 0]) > 0).all()),
            name="knots in order",
            said=lambda k: f"{len(k)} knots, x from {k[0, 0]:.4g} to {k[-1, 0]:.4g}",
            expected="two to twelve knots, x growing from one to the next",
            hint="A jump has no slope: leave some room for it.",
        )
    ),
    g.gate(
        g.witness(
            lambda k: np.allclose(k[[0, -1]], [[-1, -1], [1, 1]], atol=1e-9),
            name="it fits",
            said=lambda k: f"{g.show(k[0])} to {g.show(k[-1])}",
            expected="f(-1) = -1 at the first knot and f(1) = 1 at the last",
        )
    ),
    g.witness(
        lambda k: bool(_slopes(k).max() >= 20 * (1 - 1e-9)),
        name="steep",
        said=lambda k: f"largest slope {_slopes(k).max():.4g}",
        expected="a slope of at least 20 somewhere",
        hint="How wide is a ramp of that slope that rises by 2?",
    ),
    g.witness(
        lambda k: _flips(k) > 0.5,
        name="far from the other sign",
        said=lambda k: f"the sign changes near {_flips(k):.4g}",
        expected="negative values on all of [-1, 1/2]",
        hint="The law does not say where the function is steep.",
        mistakes={
            "So steep at the point itself? That is not asked.": lambda k: bool(_slopes(k)[0] >= 20)
        },
    ),
]


# -- ex6: noise or a rule ------------------------------------------------------------------------
_SIZES = (200, 800, 3200)


@lru_cache(maxsize=1)
def _rows() -> Array:
    found = []
    for n in _SIZES:
        X, y = generic(n, 200, rng=0)
        found.append([linear_law(X, labels).value for labels in (y, np.sign(X[:, 0]))])
    return np.array(found)


def _is_rows(rows: Array, wrong: Array) -> bool:
    return bool(np.allclose(rows, wrong, rtol=0.02))


_RULE = [
    g.close_to(
        _rows,
        rtol=_THREE_DIGITS,
        name="the laws",
        expected="a law for each n and each kind of label",
        hint="The same points for both; the labels of the rule are the signs of one coordinate.",
        mistakes={
            "Noise first, then the rule.": lambda rows: _is_rows(rows, _rows()[:, ::-1]),
            "The points have length 1 here; nothing is divided by the root of d.": (
                lambda rows: _is_rows(rows, _rows() / math.sqrt(200))
            ),
            "The points have length 1 here; nothing is multiplied by the root of d.": (
                lambda rows: _is_rows(rows, _rows() * math.sqrt(200))
            ),
            "A rule costs less than noise: were both columns computed with fair labels?": (
                lambda rows: bool(np.allclose(rows[:, 0], rows[:, 1], rtol=0.1))
            ),
            "The number of points is missing.": lambda rows: _is_rows(
                rows, _rows() / np.array(_SIZES)[:, None]
            ),
        },
    ),
]

TASKS = {
    "ex1": g.Task(
        title="Two numbers for three points",
        answer='a dict: "law", the law for linear functions; "fit", the slope of the flattest fit',
        reads=g.fields(law=g.number, fit=g.number),
        checks=_three,
        parameters={"c": 0.8, "s": 0.6, "labels": (1, -1, 1)},
        draw=_own_three,
    ),
    "ex2": g.Task(
        title="The matching law",
        answer="a function matching(X, y), which returns a number",
        reads=g.function,
        checks=MATCHING,
    ),
    "ex3": g.Task(
        title="An average is no law",
        answer='a dict: "y", six labels; "w", a vector of the plane',
        reads=g.fields(y=g.array(6), w=g.array(2)),
        checks=_AVERAGE,
    ),
    "ex4": g.Task(
        title="The flattest form, from both sides",
        answer='a dict: "law"; "lower" and "upper", two answers for the least slope of a fit',
        reads=g.fields(law=g.number, lower=g.number, upper=g.number),
        checks=FORM,
    ),
    "ex5": g.Task(
        title="A steep function that is hard to fool",
        answer="knots (x, f(x)) of a piecewise linear function, two numbers a row",
        reads=g.array(None, 2),
        checks=_KNOTS,
    ),
    "ex6": g.Task(
        title="Noise or a rule",
        answer="three rows of numbers (noise, rule): 200, 800 and 3200 points",
        reads=g.array(3, 2),
        checks=_RULE,
    ),
}
