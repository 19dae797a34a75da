"""Chapter *Fitting noise*, ex4: the flattest form through 150 labels, from both sides."""

from functools import lru_cache

import numpy as np

from lipkit._validate import Array
from lipkit.data import generic
from lipkit.teach import graders as g
from lipkit.theory.robustness_law import (
    min_frobenius_quadratic,
    min_lipschitz_quadratic,
    quadratic_law,
)


@lru_cache(maxsize=1)
def _form() -> tuple[float, float, float]:
    """Law, least slope, and the slope of the fit of least Frobenius norm."""
    X, y = generic(150, 20, rng=0)
    best = min_lipschitz_quadratic(X, y, tol=1e-6, iters=20_000).bracket
    return quadratic_law(X, y).value, best.upper.value, _steepness(min_frobenius_quadratic(X, y))


def _steepness(T: Array) -> float:
    return 2 * float(np.linalg.norm(T, 2))


def _near(value: float, true: float) -> bool:
    return bool(abs(value / true - 1) < 0.012)


FORM = [
    g.item(
        "law",
        g.close_to(
            lambda: _form()[0],
            rtol=2e-3,
            name="the law",
            expected="what the law says for these points and labels",
            hint="All singular values, and the slope on the unit ball is twice the norm.",
            mistakes={
                "The slope is twice the norm of T.": lambda x: _near(x, _form()[0] / 2),
                "A law is not the least slope of a fit.": lambda x: _near(x, _form()[1]),
            },
        ),
    ),
    g.witness(
        lambda answer: answer["lower"] <= _form()[1] * (1 + 1e-5),
        name="lower is a lower answer",
        said=lambda answer: f"lower {answer['lower']:.6g}",
        expected="a number that no form through the data falls below",
        hint="Is it proved for all forms that fit, or is it the slope of one of them?",
        mistakes={
            "That is one fit's slope; another fit is flatter.": (
                lambda answer: _near(answer["lower"], _form()[2])
            )
        },
    ),
    g.witness(
        lambda answer: answer["upper"] >= _form()[1] * (1 - 1e-5),
        name="upper is an upper answer",
        said=lambda answer: f"upper {answer['upper']:.6g}",
        expected="a slope that some form through the data has",
        hint="The steepest of many points is a lower answer for one form.",
        mistakes={
            "The slope is twice the norm of T.": lambda a: _near(a["upper"], _form()[1] / 2),
            "That is the law, which no fit attains here.": lambda a: _near(a["upper"], _form()[0]),
        },
    ),
    g.witness(
        lambda answer: answer["upper"] <= 1.01 * answer["lower"] * (1 + 1e-9),
        name="close together",
        said=lambda answer: f"from {answer['lower']:.6g} to {answer['upper']:.6g}",
        expected="two answers at most one per cent apart",
        hint="Both sides come from one convex program.",
        mistakes={
            "The fit of least Frobenius norm is not the flattest.": (
                lambda answer: _near(answer["upper"], _form()[2])
            ),
            "The law is a lower answer, and a loose one here.": (
                lambda answer: _near(answer["lower"], _form()[0])
            ),
        },
    ),
]
