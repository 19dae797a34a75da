"""Chapter *Large norms*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

import numpy as np

from lipkit.certificates import class_separation
from lipkit.data import digits
from lipkit.lipschitz import exact_line
from lipkit.networks import ReluNetwork
from lipkit.teach import graders as g
from lipkit.teach.graders.tasks._least_value import least_value
from lipkit.teach.graders.tasks._pairs_folded import PAIRS

_THREE_DIGITS = 3e-3


# -- ex1: what a constant of 1e-5 does -----------------------------------------------------------
def _stretch(v: float, c: float, eps: float) -> float:
    return math.sqrt((v + eps) / (v + eps / c**2))


def _gauge(v: float, power: int, eps: float) -> Sequence[g.Check]:
    c = 10.0**-power
    half = math.sqrt(eps / (3 * v + 4 * eps))
    factor = g.close_to(
        _stretch(v, c, eps),
        rtol=_THREE_DIGITS,
        name="the factor",
        expected="by how much the output of BatchNorm, less its shift, is multiplied",
        hint="Write down the gain before and after: which variance stands under the root?",
        mistakes={
            "That would be so for ε = 0.": 1.0,
            "That is the kernel's own factor; the variance has moved as well.": c,
            "Standard deviations are divided by, not variances.": _stretch(v, c, eps) ** 2,
            "The constant ε does not scale.": math.sqrt((v + eps) / (c**2 * v + eps)),
            "Upside down: the output shrinks.": 1 / _stretch(v, c, eps),
        },
    )
    at_half = g.close_to(
        half,
        rtol=_THREE_DIGITS,
        name="half",
        expected="the c at which the factor is one half",
        hint="Square the factor, set it to a quarter, and solve for c².",
        mistakes={
            "There the factor is √½: square it again.": math.sqrt(eps / (v + 2 * eps)),
            "That is c².": half**2,
            "Upside down: c is below 1.": 1 / half,
        },
    )
    return [g.item("factor", factor), g.item("half", at_half)]


def _own_variance(draws: g.Draws) -> Mapping[str, Any]:
    return {"v": draws.integer(2, 20) / 100, "power": draws.integer(2, 3), "eps": 1e-5}


# -- ex3: flat and unsafe ------------------------------------------------------------------------
def _at_zero(net: ReluNetwork) -> tuple[float, float]:
    """The slopes just left and right of 0."""
    step = 1e-9
    left, here, right = (float(net([t])) for t in (-step, 0.0, step))
    return (here - left) / step, (right - here) / step


def _flattest(net: ReluNetwork) -> float:
    return max(map(abs, _at_zero(net)))


_FLAT = [
    g.gate(
        g.witness(
            lambda net: abs(float(net([0.0])) - 1) < 1e-9,
            name="margin one",
            said=lambda net: f"f(0) = {float(net([0.0])):.6g}",
            expected="f(0) = 1",
            hint="The last layer may have a bias: ReluNetwork(weights, biases).",
        )
    ),
    g.gate(
        g.witness(
            lambda net: _flattest(net) <= 0.01,
            name="flat at the point",
            said=lambda net: f"slope {_flattest(net):.6g} at 0",
            expected="a slope of at most 0.01 on both sides of 0",
            hint="Where does a neuron have no slope?",
        )
    ),
    g.witness(
        lambda net: least_value(net, 0.1) < 0,
        name="misread nearby",
        said=lambda net: f"{least_value(net, 0.1):.6g} is the least value on [-0.1, 0.1]",
        expected="f < 0 somewhere on [-0.1, 0.1]",
        hint="Let the kink be near the point, and the other side steep.",
        mistakes={
            "It is steep enough; does it go down?": (
                lambda net: exact_line(net, box=([-0.1], [0.1])).value > 10
            )
        },
    ),
]


# -- ex4: room for a wave ------------------------------------------------------------------------
@cache
def _half_distance(p: float) -> float:
    return class_separation(*digits(rng=0).train, p).r


def _wave_room() -> Sequence[g.Check]:
    r, eps, constant = _half_distance(math.inf), 0.1, 1e6
    eta = r - eps
    half = g.close_to(
        r,
        rtol=_THREE_DIGITS,
        name="half the distance",
        expected="half the least sup distance of two training digits of different classes",
        hint="lipkit.certificates.class_separation(X, y, p) compares all pairs.",
        mistakes={
            "That is the distance; balls around both must not meet.": 2 * r,
            "That is in ℓ2.": lambda got: np.isclose(got, _half_distance(2), _THREE_DIGITS),
        },
    )
    height = g.close_to(
        eta,
        rtol=_THREE_DIGITS,
        name="the height",
        expected="the number that η must stay below",
        hint="How much lead is left on the whole ball, and how much does the wave take?",
        mistakes={
            "The wave lifts one logit and lowers another.": 2 * eta,
            "The ball of radius ε has used up some of it.": r,
            "Two logits move; how large is the lead that they share?": eta / 2,
        },
    )
    frequency = g.close_to(
        (constant + 1) / (eta / 2),
        rtol=_THREE_DIGITS,
        name="the frequency",
        expected="the least ω whose proven constant is a million",
        hint="The proven constant is ηω − 1, with half of the height that you found.",
        mistakes={
            "With half of the height.": (constant + 1) / eta,
            "A frequency, not a slope.": constant,
        },
    )
    return [g.item("r", half), g.item("eta", height), g.item("omega", frequency)]


# -- ex5: a kernel that can only grow ------------------------------------------------------------
def _growing(norm: int, gradient: int, lr: float) -> Sequence[g.Check]:
    after = math.sqrt(norm**2 + (lr * gradient) ** 2)
    length = g.close_to(
        after,
        rtol=1e-4,
        name="the norm after the step",
        expected="the ℓ2 norm of K − lr·g",
        hint="What is the angle between K and its gradient?",
        mistakes={
            "That is for a gradient along the kernel.": norm - lr * gradient,
            "They are not parallel.": norm + lr * gradient,
            "The step is lr·g.": math.hypot(norm, gradient),
        },
    )
    slower = g.close_to(
        100.0,
        rtol=0.15,  # the angles themselves are not small for every student
        name="how much slower",
        expected="the angle of the first step over that of the second",
        hint="Ten times the kernel: what happens to the gradient, and then to the angle?",
        mistakes={
            "The gradient is shorter, too.": 10.0,
            "Does the gradient keep its length?": 1.0,
            "Upside down.": 0.01,
        },
    )
    return [g.item("norm", length), g.item("slower", slower)]


def _own_step(draws: g.Draws) -> Mapping[str, Any]:
    return {
        "norm": draws.integer(3, 9), "gradient": draws.integer(1, 4),
        "lr": draws.integer(1, 5) / 10,
    }  # fmt: skip


TASKS = {
    "ex1": g.Task(
        title="What a constant of 10⁻⁵ does",
        answer='a dict {"factor": …, "half": …}',
        reads=g.fields(factor=g.number, half=g.number),
        checks=_gauge,
        parameters={"v": 0.04, "power": 2, "eps": 1e-5},
        draw=_own_variance,
    ),
    "ex2": g.Task(
        title="Pairs, folded",
        answer="a function pair_radii(W1, W2, logits, y) that returns an array (n,)",
        reads=g.function,
        checks=PAIRS,
    ),
    "ex3": g.Task(
        title="Flat and unsafe",
        answer="a ReluNetwork of one input, with one hidden layer",
        reads=g.network(inputs=1, hidden=1),
        checks=_FLAT,
    ),
    "ex4": g.Task(
        title="Room for a wave",
        answer='a dict {"r": …, "eta": …, "omega": …}',
        reads=g.fields(r=g.number, eta=g.number, omega=g.number),
        checks=_wave_room,
    ),
    "ex5": g.Task(
        title="A kernel that can only grow",
        answer='a dict {"norm": …, "slower": …}',
        reads=g.fields(norm=g.number, slower=g.number),
        checks=_growing,
        parameters={"norm": 5, "gradient": 2, "lr": 0.5},
        draw=_own_step,
    ),
}  # fmt: skip
