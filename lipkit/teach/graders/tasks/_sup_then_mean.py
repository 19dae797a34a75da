"""Chapter *One number of a class*, ex3: the complexity of a finite class, by its definition."""

from itertools import product

import numpy as np

from lipkit._validate import Array
from lipkit.teach import graders as g


def signs(n: int) -> Array:
    return np.array(list(product((-1.0, 1.0), repeat=n)))


def _complexity(F: Array) -> float:
    n = F.shape[1]
    return float((signs(n) @ F.T).max(axis=1).mean() / n)


def _absolute(F: Array) -> float:
    n = F.shape[1]
    return float(np.abs(signs(n) @ F.T).max(axis=1).mean() / n)


def _not_over_n(F: Array) -> float:
    return _complexity(F) * int(F.shape[1])


def _turned(F: Array) -> float:
    return _complexity(np.ascontiguousarray(F.T))


def _mean_first(F: Array) -> float:
    return 0.0


_DRAWS = np.random.default_rng(7)
_CLASSES = [
    g.case(_DRAWS.normal(size=(5, 4)), about="5 functions, 4 points"),
    g.case(_DRAWS.normal(size=(3, 7)), about="3 functions, 7 points"),
    g.case(np.abs(_DRAWS.normal(size=(6, 5))), about="positive functions"),
    g.case(np.ones((1, 3)), about="one function"),
    g.case(np.eye(8), about="8 functions, each at one point"),
]
COMPLEXITY = [
    g.shape(inputs=_CLASSES[:1], name="gives a number"),
    g.agrees(
        _complexity,
        _CLASSES,
        atol=1e-12,
        name="the complexity",
        expected="the mean over all sign vectors of the best average",
        hint="First the best function for each sign vector, then the mean over sign vectors.",
        mistakes={
            "Without absolute values: a class need not contain the negative of a member.": (
                _absolute
            ),
            "Divide by the number of points.": _not_over_n,
            "Rows are functions, columns are points.": _turned,
            "First the best function, then the mean: in the other order it is always 0.": (
                _mean_first
            ),
        },
    ),
    g.homogeneous(1, _CLASSES[:2], hint="Twice the class, twice the complexity."),
    g.invariant(
        lambda F: F + np.arange(F.shape[1]),
        _CLASSES[:3],
        atol=1e-12,
        name="one function added to all",
        hint="What is added to all members averages out.",
    ),
    g.not_mutating(_CLASSES[:1]),
]
