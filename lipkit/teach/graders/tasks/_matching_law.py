"""Chapter *Fitting noise*, ex2: the matching law, and the shorter ways that miss it."""

import numpy as np

from lipkit._validate import Array
from lipkit.data import four_points, generic
from lipkit.teach import graders as g
from lipkit.theory.robustness_law import interpolation_floor, linear_law, matching_law


def _balanced(n: int, d: int, seed: int, about: str = "") -> g.Case:
    X = generic(n, d, model="gaussian", rng=seed).X
    y = np.where(np.random.default_rng(seed).permutation(n) < n // 2, 1.0, -1.0)
    return g.case(X, y, about=about or f"{n} random points in {d} dimensions")


_SQUARE = g.case(*four_points(), about="SQ4")
_LINE = g.case(
    np.array([[0.0], [1.0], [1.1], [3.0]]),
    np.array([1.0, -1.0, 1.0, -1.0]),
    about="four points of a line",
)
_CASES = [_SQUARE, _LINE, *(_balanced(n, d, seed) for n, d, seed in ((6, 2, 1), (12, 3, 2)))]
_LARGE = [_balanced(60, 5, 3)]


def _matching(X: Array, y: Array) -> float:
    return matching_law(X, y).value


def _prices(X: Array, y: Array) -> Array:
    return np.asarray(np.linalg.norm(X[y > 0][:, None] - X[y < 0], axis=2))


def _in_order(X: Array, y: Array) -> float:
    return len(y) / float(np.trace(_prices(X, y)))


def _nearest_first(X: Array, y: Array) -> float:
    prices, total = _prices(X, y), 0.0
    for _ in range(len(y) // 2):
        i, j = np.unravel_index(prices.argmin(), prices.shape)
        total += float(prices[i, j])
        prices[i], prices[:, j] = np.inf, np.inf
    return len(y) / total


MATCHING = [
    g.shape(inputs=_CASES[:1], name="gives a number"),
    g.lower(
        lambda X, y: interpolation_floor(X, y).value,
        _CASES,
        name="not above the floor",
        expected="at most what the flattest fit pays",
        hint="How many points are there, and how many pairs?",
    ),
    g.agrees(
        _matching,
        _CASES,
        name="the law",
        expected="the number of points over the cheapest price",
        hint="The price of a matching is the sum over all its pairs.",
        mistakes={
            "That is the floor: one pair only.": lambda X, y: interpolation_floor(X, y).value,
            "n counts points, not pairs.": lambda X, y: _matching(X, y) / 2,
            "The first with the first is one matching, not the cheapest.": _in_order,
            "Taking the nearest pair first is not always the cheapest.": _nearest_first,
            "That is a price; the law has it below the line.": lambda X, y: (
                len(y) / _matching(X, y)
            ),
            "That is the linear law.": lambda X, y: linear_law(X, y).value,
        },
    ),
    g.homogeneous(-1, _CASES[:2], hint="Twice the distances, half the slope."),
    g.agrees(_matching, _LARGE, name="sixty points", hint="Trying all matchings takes too long."),
    g.not_mutating(_CASES[1:2]),
]
