"""Chapter *Gaussian comparison*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.teach import graders as g

_ONE_PERCENT = 1e-2


# -- ex1: three lengths --------------------------------------------------------------------------
def _lengths(rows: int, columns: int) -> Sequence[g.Check]:
    long, less = math.sqrt(rows), math.sqrt(columns)
    squares = {"Lengths are asked, not their squares.": lambda x: x > 2 * (long + less)}
    typical = {"That is an image of a vector chosen without looking.": long}
    shortest = g.close_to(
        long - less,
        rtol=_ONE_PERCENT,
        name="the length",
        expected="the length of the shortest image of a unit vector",
        hint="Which two vectors stand for the matrix, and how long are they?",
        mistakes={"The root comes before the difference.": math.sqrt(rows - columns), **typical},
    )
    longest = g.close_to(
        long + less,
        rtol=_ONE_PERCENT,
        name="the length",
        expected="the length of the longest image of a unit vector",
        hint="Which two vectors stand for the matrix, and how long are they?",
        mistakes={
            "The root comes before the sum.": math.sqrt(rows + columns),
            **typical,
            **squares,
        },
    )
    nonnegative = g.close_to(
        long + math.sqrt(columns / 2),
        rtol=_ONE_PERCENT,
        name="the length",
        expected="the length of the longest image of a nonnegative unit vector",
        hint="In the shadow v stands in h·v alone: how large can a nonnegative unit v make it?",
        mistakes={
            "That is what any unit vector may reach.": long + less,
            "Half of the entries of h are of use; how long is that half?": long + less / 2,
            **typical,
        },
    )
    checks = {"shortest": shortest, "longest": longest, "nonnegative": nonnegative}
    return [g.item(name, check) for name, check in checks.items()]


def _own_matrix(draws: g.Draws) -> Mapping[str, Any]:
    return {"rows": draws.integer(25, 40) ** 2, "columns": draws.integer(8, 18) ** 2}


# -- ex2: the shadow's minimiser -----------------------------------------------------------------
def _shadow(n: int, d: int, seed: int, *, along: float = 0.0) -> g.Case:
    rng = np.random.default_rng(seed)
    long = rng.normal(size=n)
    short = rng.normal(size=d)
    short *= 0.6 * np.linalg.norm(long) / np.linalg.norm(short)
    said = f"{n} points, {d} inputs" + (", noise along g" if along else "")
    return g.case(rng.normal(size=n) / 2 + along * long, long, short, about=said)


_SHADOWS = [
    _shadow(6, 2, 1),
    _shadow(40, 10, 2),
    _shadow(8, 3, 3, along=-0.5),
    _shadow(8, 3, 4, along=2.0),
]


def _parts(xi: Array, long: Array, short: Array) -> tuple[float, float, float]:
    k = float(np.linalg.norm(short) / np.linalg.norm(long))
    shift = float(xi @ long / (long @ long))
    across = float(np.linalg.norm(xi - shift * long) / np.linalg.norm(long))
    return k, shift, across


def _minimiser(xi: Array, long: Array, short: Array) -> float:
    k, shift, across = _parts(xi, long, short)
    return max(across * k / math.sqrt(1 - k**2) - shift, 0.0)


def _signed(xi: Array, long: Array, short: Array) -> float:
    k, shift, across = _parts(xi, long, short)
    return across * k / math.sqrt(1 - k**2) - shift


def _orthogonal(xi: Array, long: Array, short: Array) -> float:
    k = float(np.linalg.norm(short) / np.linalg.norm(long))
    return float(np.linalg.norm(xi) / np.linalg.norm(long)) * k / math.sqrt(1 - k**2)


_MINIMISER = [
    g.shape(inputs=_SHADOWS[:1], name="gives a number"),
    g.agrees(
        _minimiser,
        _SHADOWS,
        rtol=1e-6,
        atol=1e-6,
        name="the minimiser",
        expected="the distance at which the shadow's cost is smallest",
        hint="The cost is convex: where is its slope 0, and is that allowed?",
        mistakes={
            "A distance is at least 0.": _signed,
            "ξ and g are not orthogonal in a finite draw.": _orthogonal,
        },
    ),
    g.not_mutating(_SHADOWS[:1]),
]


# -- ex3: coins for points -----------------------------------------------------------------------
@cache
def _coin_risk() -> float:
    risks = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.choice([-1.0, 1.0], size=(100, 50))
        off = np.linalg.lstsq(X, rng.normal(size=100) / 2, rcond=None)[0]
        risks.append(0.25 + float(off @ off))
    return float(np.mean(risks))


def _coins() -> Sequence[g.Check]:
    mean = _coin_risk()
    return [
        g.close_to(
            mean,
            rtol=_ONE_PERCENT,
            name="the mean risk",
            expected="the mean risk of the forty runs, noise included",
            hint="Draw the points first, then the noise, from one generator for each seed.",
            mistakes={
                "The risk includes the noise.": mean - 0.25,
                "That is the mean training residual, squared.": lambda x: abs(x - 0.125) < 0.01,
                "That is the risk of the model 0.": 1.25,
                "The distance enters by its square.": 0.25 + math.sqrt(mean - 0.25),
            },
        )
    ]


# -- ex4: the same vector twice ------------------------------------------------------------------
def _twice(n: int) -> Sequence[g.Check]:
    return [
        g.close_to(
            math.sqrt(2 * n),
            rtol=2e-2,
            name="the maximum",
            expected="the largest value of u·Gu",
            hint="u·Gu sees a symmetric matrix only: which, and what is its largest eigenvalue?",
            mistakes={
                "That is the maximum over two vectors, chosen separately.": 2 * math.sqrt(n),
                "That is the length of an image chosen without looking.": math.sqrt(n),
                "Its symmetric part is (G + Gᵀ)/2.": 2 * math.sqrt(2 * n),
            },
        )
    ]


def _own_size(draws: g.Draws) -> Mapping[str, Any]:
    return {"n": 50 * draws.integer(5, 12)}


# -- ex5: all signs ------------------------------------------------------------------------------
def _matrix(n: int, d: int, seed: int) -> g.Case:
    rng = np.random.default_rng(seed)
    return g.case(rng.normal(size=(n, d)), about=f"{n} rows, {d} columns")


_MATRICES = [
    g.case(np.array([[3.0, 4.0, 2.0]]), about="one row, (3, 4, 2)"),
    *(_matrix(n, d, seed) for seed, (n, d) in enumerate(((1, 6), (4, 4), (3, 8), (10, 10)))),
]


def _shortest(G: Array) -> float:
    d = G.shape[1]
    signs = 1.0 - 2.0 * (np.arange(2**d) >> np.arange(d)[:, None] & 1)
    return float(np.linalg.norm(G @ signs, axis=0).min()) / math.sqrt(d)


def _relaxed(G: Array) -> float:
    n, d = G.shape
    return float(np.linalg.svd(G, compute_uv=False)[-1]) if n >= d else 0.0


def _rounded(G: Array) -> float:
    v = np.where(np.linalg.svd(G)[2][-1] >= 0, 1.0, -1.0)
    return float(np.linalg.norm(G @ v)) / math.sqrt(len(v))


_SIGNS = [
    g.shape(inputs=_MATRICES[:1], name="gives a number"),
    g.agrees(
        _shortest,
        _MATRICES,
        rtol=1e-8,
        atol=1e-10,
        name="the shortest",
        expected="the least length over all vectors of signs",
        hint="There are few enough to try them all.",
        mistakes={
            "The length is divided by the root of the number of columns.": (
                lambda G: _shortest(G) * math.sqrt(G.shape[1])
            ),
            "That is the shortest over all unit vectors.": _relaxed,
            "The signs of the best unit vector are not the best signs.": _rounded,
        },
    ),
    g.not_mutating(_MATRICES[1:2]),
]


TASKS = {
    "ex1": g.Task(
        title="Three lengths",
        answer='a dict: "shortest", "longest" and "nonnegative", three lengths',
        reads=g.fields(shortest=g.number, longest=g.number, nonnegative=g.number),
        checks=_lengths,
        parameters={"rows": 900, "columns": 400},
        draw=_own_matrix,
    ),
    "ex2": g.Task(
        title="The shadow's minimiser",
        answer="a function shadow_minimiser(xi, g, h) of three arrays, which returns a number",
        reads=g.function,
        checks=_MINIMISER,
    ),
    "ex3": g.Task(
        title="Coins for points",
        answer="a number, the mean risk",
        reads=g.number,
        checks=_coins,
    ),
    "ex4": g.Task(
        title="The same vector twice",
        answer="a number, the largest value of u·Gu over unit vectors u",
        reads=g.number,
        checks=_twice,
        parameters={"n": 400},
        draw=_own_size,
    ),
    "ex5": g.Task(
        title="All signs",
        answer="a function shortest(G) of an array, which returns a number",
        reads=g.function,
        checks=_SIGNS,
    ),
}
