"""Chapter *Shallow random networks*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz import autolip, exact_plane, sampling
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.teach import graders as g
from lipkit.theory.random_relu import one_step_lower_bound

_THREE_DIGITS = 3e-3


# -- ex1: two neurons at an angle ----------------------------------------------------------------
def _at_an_angle(angle: float) -> Sequence[g.Check]:
    turn = math.radians(angle)
    both = 2 + 2 * math.cos(turn)
    square = (math.pi - turn) / (2 * math.pi) * both + turn / math.pi
    steepest, typical = math.sqrt(both), math.sqrt(square)
    where_on = (math.pi - turn) / math.pi * both + turn / math.pi
    ratio = g.close_to(
        steepest / typical,
        rtol=_THREE_DIGITS,
        name="the ratio",
        expected="the steepest slope over the root mean square slope",
        hint="Four sectors: how wide is each, and which gradient has it?",
        mistakes={
            "That is the steepest slope; divide it by the root mean square.": steepest,
            "That is the root mean square slope alone.": typical,
            "That is the ratio of the squares.": both / square,
            "Which slope is above which?": typical / steepest,
            "Are the four sectors equally wide at this angle?": math.sqrt(both / ((both + 2) / 4)),
            "There is a sector where no neuron is on; it counts, too.": (
                math.sqrt(both / (square / (1 - (math.pi - turn) / (2 * math.pi))))
            ),
            "Both are on in an angle of π − θ, of the whole turn 2π.": math.sqrt(both / where_on),
            "A root of the mean square, not the mean of the slopes.": (
                steepest / ((math.pi - turn) / (2 * math.pi) * steepest + turn / math.pi)
            ),
        },
    )
    return [ratio]


def _own_angle(draws: g.Draws) -> Mapping[str, Any]:
    return {"angle": float(draws.integer(20, 85))}


# -- ex2: how much the slope varies --------------------------------------------------------------
def _variance(d: int, width: int) -> Sequence[g.Check]:
    direction, length = 1 + 2 / d, 1 + 5 / width
    variance = g.close_to(
        direction * length - 1,
        rtol=_THREE_DIGITS,
        name="the variance",
        expected="the variance of the squared slope over d",
        hint="The two factors are independent, so second moments multiply; then take the mean off.",
        mistakes={
            "That is the second moment; take the square of the mean off.": direction * length,
            "The length varies, too: it is no constant.": 2 / d,
            "The direction varies, too: what is the variance of a squared Gaussian length?": (
                5 / width
            ),
            "K is random, too; and of a product the second moments multiply.": (
                direction * (1 + 4 / width) - 1
            ),
            "On average half of the neurons are on.": direction * (1 + 2 / width) - 1,
            "That is for the squared slope itself; it is to be divided by d.": (
                d**2 * (direction * length - 1)
            ),
            "That is a standard deviation.": math.sqrt(direction * length - 1),
        },
    )
    return [variance]


def _own_sizes(draws: g.Draws) -> Mapping[str, Any]:
    return {"d": draws.integer(3, 12), "width": draws.integer(10, 40)}


# -- ex3: one step -------------------------------------------------------------------------------
def _network(W: Array, a: Array) -> ReluNetwork:
    return ReluNetwork([W, a[None, :]])


def _one_step(W: Array, a: Array) -> float:
    return one_step_lower_bound(_network(W, a), 0).value


def _case(d: int, width: int, seed: int) -> g.Case:
    f = sample_random_relu(d, width, 1, rng=seed)
    return g.case(f.weights[0], f.weights[1][0], about=f"{d} inputs, {width} neurons, seed {seed}")


def _with_first_entry(W: Array, a: Array) -> float:
    c = a * W[:, 0]
    return float(abs(c @ np.sign(W @ (c @ W))) / 2)


def _whole_difference(W: Array, a: Array) -> float:
    return 2 * _one_step(W, a)


def _one_side(W: Array, a: Array) -> float:
    c = a * W[:, 0]
    y = c @ W
    y[0] = 0
    return float(abs(c @ (W @ y > 0)))


def _any_coordinate(W: Array, a: Array) -> float:
    return one_step_lower_bound(_network(W, a)).value


_CASES = [_case(3, 5, 1), _case(8, 64, 2), _case(8, 64, 3), _case(40, 20, 4), _case(50, 200, 5)]
_STEP = [
    g.shape(inputs=_CASES[:1], name="gives a number"),
    g.lower(
        lambda W, a: autolip(_network(W, a), 1).value,
        _CASES,
        name="not above the product bound",
        expected="at most what an upper answer for p = 1 allows",
        hint="The slope in ℓ1 is the largest entry of the gradient.",
    ),
    g.agrees(
        _one_step,
        _CASES,
        name="the step",
        expected="half the difference of the first partial derivatives at y and −y",
        hint="At −y exactly the other neurons are on.",
        mistakes={
            "The first entry of y is to be 0.": _with_first_entry,
            "Half of the difference is asked.": _whole_difference,
            "That is the slope at y alone; where does −y come in?": _one_side,
            "Only the first coordinate is asked, not the best of all.": _any_coordinate,
        },
    ),
    g.not_mutating(_CASES[:1]),
]


# -- ex4: where random points do well ------------------------------------------------------------
@lru_cache(maxsize=1)
def _plane() -> tuple[Array, Array]:
    """The exact constants of the fifty networks, and what two thousand points find."""
    networks = [sample_random_relu(2, 100, 1, rng=seed) for seed in range(50)]
    exact = [exact_plane(f).value for f in networks]
    found = [sampling(f, n=2000, rng=0).value for f in networks]
    return np.array(exact), np.array(found)


def _constant() -> float:
    return float(_plane()[0].mean() / math.sqrt(2))


def _share() -> float:
    exact, found = _plane()
    return float(np.mean(found / exact))


_CONSTANT = g.close_to(
    _constant,
    rtol=_THREE_DIGITS,
    name="the constant",
    expected="the mean over the 50 networks of the exact constant over the root of 2",
    hint="Are they the networks of the seeds 0 to 49, without biases?",
    mistakes={
        "Divided by the root of 2 is asked.": lambda x: np.isclose(x, _constant() * 2**0.5, 5e-3),
        "Divided by the root of 2, once.": lambda x: np.isclose(x, _constant() / 2**0.5, 5e-3),
    },
)
_SHARE = g.close_to(
    _share,
    rtol=_THREE_DIGITS,
    name="the share",
    expected="the mean share of the constant that is found",
    hint="Found over exact for each network, then the mean.",
    mistakes={
        "A share is a number below 1: found over exact.": lambda x: x > 1,
        "How many of 2000 points can miss a sector of the plane?": lambda x: x < 0.9,
    },
)


# -- ex5: it does not grow -----------------------------------------------------------------------
_TORCH = g.close_to(
    1 / math.sqrt(18),
    rtol=_THREE_DIGITS,
    name="the slope",
    expected="the root mean square slope of such a network at a point",
    hint="The variance of a uniform law on ±c, half of the neurons, d entries of each.",
    mistakes={
        "That is the mean square; take its root.": 1 / 18,
        "The uniform law on ±c has variance c²/3.": 1 / math.sqrt(2),
        "The readout is uniform, too.": 1 / math.sqrt(6),
        "Half of the neurons are on, not all.": 1 / 3,
        "With d entries of variance 1/(3d) each, d drops out.": lambda x: x > 1,
    },
)

TASKS = {
    "ex1": g.Task(
        title="Two neurons at an angle",
        answer="a number, the ratio of the steepest to the root mean square slope",
        reads=g.number,
        checks=_at_an_angle,
        parameters={"angle": 60.0},
        draw=_own_angle,
    ),
    "ex2": g.Task(
        title="How much the slope varies",
        answer="a number, the variance of the squared slope over d",
        reads=g.number,
        checks=_variance,
        parameters={"d": 8, "width": 64},
        draw=_own_sizes,
    ),
    "ex3": g.Task(
        title="One step",
        answer="a function one_step(W, a) of two arrays, which returns a number",
        reads=g.function,
        checks=_STEP,
    ),
    "ex4": g.Task(
        title="Where random points do well",
        answer='a dict: "constant", the mean constant over the root of 2; "share", the mean share',
        reads=g.fields(constant=g.number, share=g.number),
        checks=[g.item("constant", _CONSTANT), g.item("share", _SHARE)],
    ),
    "ex5": g.Task(
        title="It does not grow",
        answer="a number, the root mean square slope",
        reads=g.number,
        checks=[_TORCH],
    ),
}
