"""Chapter *Adversarially trained random features*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import special

from lipkit._validate import Array
from lipkit.networks import sample_random_features
from lipkit.regression import adversarial_least_squares, rf_risks
from lipkit.teach import graders as g
from lipkit.theory.adversarial_features import mp_resolvent

_THREE_DIGITS = 3e-3


# -- ex1: twice ----------------------------------------------------------------------------------
def _cubic(third: float) -> Sequence[g.Check]:
    b = 1 / third
    mu1, square = 1 + 3 * b, 6 * b**2
    kappa, kappa_j = square / mu1**2, 3 * square / mu1**2
    power = special.factorial2(5) * b**2 + 6 * b + 1
    slopes = 1 + 6 * b + 27 * b**2
    first = g.close_to(
        kappa,
        rtol=_THREE_DIGITS,
        name="κ",
        expected="what is left of the variance, over the squared linear coefficient",
        hint="Which multiple of the cubic is left when its linear part is taken off?",
        mistakes={
            "The cubic has a linear part of its own.": lambda x: np.isclose(x, square, 5e-3),
            "z³ has a linear part: it is not He₃.": special.factorial2(5) * b**2,
            "Take the linear part off the variance.": power / mu1**2,
            "Divide by the square of μ₁.": square / mu1,
            "He₃ has variance 3!, not 1.": b**2 / mu1**2,
        },
    )
    second = g.close_to(
        kappa_j,
        rtol=_THREE_DIGITS,
        name="κ_J",
        expected="what is left of the mean squared slope, over the squared linear coefficient",
        hint="Differentiate the Hermite expansion: which factor has each term?",
        mistakes={
            "Take the square of μ₁ off the mean squared slope.": slopes / mu1**2,
            "Divide by the square of μ₁.": 3 * square,
            "That is twice κ; which degree has the term?": 2 * kappa,
            "That is κ itself.": kappa,
        },
    )
    return [g.item("kappa", first), g.item("kappa_j", second)]


def _own_cubic(draws: g.Draws) -> Mapping[str, Any]:
    return {"third": float(draws.integer(4, 12))}


# -- ex2: no rescue by data ----------------------------------------------------------------------
def _rich(psi1: float, tau2: float) -> Sequence[g.Check]:
    explained = psi1 * (1 - float(mp_resolvent(1.0, psi1)[0]))
    radius = math.sqrt(math.pi * explained / (2 * (1 + tau2)))
    kappa = 1 - 2 / math.pi
    instead = psi1 * (1 - kappa * float(mp_resolvent(kappa, psi1)[0]))
    check = g.close_to(
        radius,
        rtol=_THREE_DIGITS,
        name="the radius",
        expected="the radius from which on the model 0 is best, with unlimited data",
        hint="Divide numerator and denominator by n, and let each go to its mean.",
        mistakes={
            "That is its square.": radius**2,
            "The labels contain the noise.": radius * math.sqrt(1 + tau2),
            "That is the bound for all models; this one explains less.": math.sqrt(math.pi / 2),
            "The resolvent is taken at κ_J, the gradient's number, not at κ.": (
                math.sqrt(math.pi * instead / (2 * (1 + tau2)))
            ),
            "The mean of |y| is not its root mean square.": math.sqrt(explained / (1 + tau2)),
        },
    )
    return [check]


def _own_model(draws: g.Draws) -> Mapping[str, Any]:
    return {"psi1": float(draws.integer(2, 6)), "tau2": draws.integer(1, 8) / 4}


# -- ex3: the largest radius that fits all -------------------------------------------------------
def _fitting_radius(Z: Array, y: Array, J2: Array) -> float:
    n, width = Z.shape
    if n > width:
        return 0.0
    a = np.linalg.solve(Z @ np.linalg.solve(J2, Z.T), y)
    return float(np.sqrt(y @ a) / (n * np.abs(a).max()))


def _without_gradients(Z: Array, y: Array, J2: Array) -> float:
    return _fitting_radius(Z, y, np.eye(len(J2)))


def _first_power(Z: Array, y: Array, J2: Array) -> float:
    values, vectors = np.linalg.eigh(J2)
    return _fitting_radius(Z, y, (vectors * np.sqrt(values)) @ vectors.T)


def _without_n(Z: Array, y: Array, J2: Array) -> float:
    return len(y) * _fitting_radius(Z, y, J2)


def _signed(Z: Array, y: Array, J2: Array) -> float:
    if len(y) > Z.shape[1]:
        return 0.0
    a = np.linalg.solve(Z @ np.linalg.solve(J2, Z.T), y)
    return float(np.sqrt(y @ a) / (len(y) * a.max()))


def _squared(Z: Array, y: Array, J2: Array) -> float:
    if len(y) > Z.shape[1]:
        return 0.0
    a = np.linalg.solve(Z @ np.linalg.solve(J2, Z.T), y)
    return float(y @ a / (len(y) * np.abs(a).max()))


def _case(d: int, width: int, n: int, seed: int, activation: str = "shifted_relu") -> g.Case:
    draws = np.random.default_rng(seed)
    features = sample_random_features(d, width, activation=activation, rng=draws)
    X = draws.normal(size=(n, d))
    y = X[:, 0] + 0.5 * draws.normal(size=n)
    y[0] = -3 * abs(y[0])
    about = f"{width} {activation} features, {n} points"
    return g.case(features.features(X), y, features.gradient_matrix(), about=about)


_WIDE = [_case(5, 12, 6, 1), _case(10, 40, 20, 2), _case(10, 60, 20, 3, "erf")]
_CASES = [*_WIDE, _case(6, 8, 16, 4)]
_RADIUS = [
    g.shape(inputs=_CASES[:1], name="gives a number"),
    g.agrees(
        _fitting_radius,
        _CASES,
        name="the radius",
        expected="the largest radius at which every point is fitted exactly",
        hint="Solve K a = y once; both the root and the maximum are made of a.",
        mistakes={
            "The gradient matrix is missing from K.": _without_gradients,
            "J2 is J² already.": _first_power,
            "Which sum over the points is missing?": _without_n,
            "The largest entry in absolute value.": _signed,
            "A root is missing.": _squared,
        },
    ),
    g.invariant(
        lambda Z, y, J2: (Z, -3 * y, J2),
        _WIDE,
        name="blind to the scale of the labels",
        hint="Labels three times as large, and of the other sign, leave the radius alone.",
    ),
    g.not_mutating(_CASES[:1]),
]


# -- ex4: how fast does chance leave? ------------------------------------------------------------
@lru_cache(maxsize=2)
def _runs(d: int) -> tuple[Array, Array]:
    """Shares fitted and standard risks of the forty runs with the draws of the experiment."""
    n, width = 2 * d, 4 * d
    rows = []
    for seed in range(40):
        draws = np.random.default_rng([seed, width, n])
        features = sample_random_features(d, width, activation="shifted_relu", rng=draws)
        X = draws.normal(size=(n, d))
        y = X[:, 0] + 0.5 * draws.normal(size=n)
        J2 = features.gradient_matrix()
        fit = adversarial_least_squares(features.features(X), y, 0.5, gradient_matrix=J2, tol=1e-6)
        risk = rf_risks(fit.theta, features.W, np.eye(d)[0], 0.25, 0.0, features.activation)
        rows.append((float(fit.interpolated.mean()), risk.standard))
    shares, risks = np.array(rows).T
    return shares, risks


def _fitted() -> float:
    return float(_runs(16)[0].mean())


def _factor() -> float:
    return float(_runs(16)[1].std(ddof=1) / _runs(64)[1].std(ddof=1))


_FITTED = g.close_to(
    _fitted,
    rtol=1e-2,
    name="the share",
    expected="the mean share of exactly fitted points over the 40 runs",
    hint="Are they the seeds 0 to 39, at 16 inputs?",
    mistakes={
        "A share is at most 1.": lambda x: x > 1,
        "That is the share at 64 inputs.": lambda x: np.isclose(x, _runs(64)[0].mean(), rtol=5e-3),
    },
)
_FACTOR = g.close_to(
    _factor,
    rtol=1e-2,
    name="the factor",
    expected="the standard deviation at 16 inputs over that at 64",
    hint="Of the standard risk, over the same 40 seeds, with ddof=1.",
    mistakes={
        "The smaller size scatters more: which over which?": lambda x: x < 1,
        "A standard deviation, not a variance.": lambda x: np.isclose(x, _factor() ** 2, rtol=2e-2),
    },
)


# -- ex5: a formula as a certificate -------------------------------------------------------------
def _one_neuron(eps: float) -> Sequence[g.Check]:
    inside = special.ndtr(eps)
    density = math.exp(-(eps**2) / 2) / math.sqrt(2 * math.pi)
    true = (1 + eps**2) * inside + eps * density
    root = math.sqrt(2 / math.pi)
    check = g.close_to(
        true,
        rtol=_THREE_DIGITS,
        name="the robust risk",
        expected="the mean of the largest squared output within the radius",
        hint="In which direction does the attack go, and what does it do to w·x?",
        mistakes={
            "That is the formula: points just below the kink are not moved across it.": (
                (1 + eps**2) / 2 + eps * root
            ),
            "That is the standard risk.": 0.5,
            "The kink stops the attack at 0, on the far side.": 1 + eps**2,
        },
    )
    return [check]


def _own_radius(draws: g.Draws) -> Mapping[str, Any]:
    return {"eps": draws.integer(6, 24) / 8}


TASKS = {
    "ex1": g.Task(
        title="Twice",
        answer='a dict: "kappa" and "kappa_j" of the cubic z + z³/third',
        reads=g.fields(kappa=g.number, kappa_j=g.number),
        checks=_cubic,
        parameters={"third": 3.0},
        draw=_own_cubic,
    ),
    "ex2": g.Task(
        title="No rescue by data",
        answer="a number, the radius from which on the shifted ReLU model is 0",
        reads=g.number,
        checks=_rich,
        parameters={"psi1": 1.0, "tau2": 0.25},
        draw=_own_model,
    ),
    "ex3": g.Task(
        title="The largest radius that fits all",
        answer="a function fitting_radius(Z, y, J2) of three arrays, which returns a number",
        reads=g.function,
        checks=_RADIUS,
    ),
    "ex4": g.Task(
        title="How fast does chance leave?",
        answer='a dict: "fitted", the mean share; "factor", of the standard deviations',
        reads=g.fields(fitted=g.number, factor=g.number),
        checks=[g.item("fitted", _FITTED), g.item("factor", _FACTOR)],
    ),
    "ex5": g.Task(
        title="A formula as a certificate",
        answer="a number, the exact robust risk of one neuron",
        reads=g.number,
        checks=_one_neuron,
        parameters={"eps": 1.0},
        draw=_own_radius,
    ),
}
