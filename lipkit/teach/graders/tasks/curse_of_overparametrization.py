"""Chapter *The curse of overparametrisation*: what its exercises ask for."""

import math
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import optimize

from lipkit._validate import Array
from lipkit.networks import activation_constants, sample_random_features
from lipkit.teach import graders as g
from lipkit.theory.adversarial_features import adversarial_risk, asymptotic_risk, rf_ridge_theory

_THREE_DIGITS = 3e-3
_TWO_DIGITS = 1.5e-2


# -- ex1: the best straight answer ---------------------------------------------------------------
def _straight(tau2: float, eps: float) -> Sequence[g.Check]:
    def risk(c: float) -> float:
        return float(adversarial_risk(tau2 + (1 - c) ** 2, c, eps))

    best = _least(risk)
    ridge = 1 / (1 + eps**2)
    no_cross = _least(lambda c: tau2 + (1 - c) ** 2 + (eps * c) ** 2)
    multiple = g.close_to(
        best,
        rtol=_THREE_DIGITS,
        name="the multiple",
        expected="the c at which the robust risk of cβ is least",
        hint="Write A and s in terms of c, and look where the derivative of the risk changes sign.",
        mistakes={
            "The cross term 2√(2/π)εsA is missing.": lambda c: np.isclose(c, ridge, 3e-3),
            "Without an attack the teacher is best; here it is not.": 1.0,
            "The noise is part of A.": _least(
                lambda c: float(adversarial_risk((1 - c) ** 2, c, eps))
            ),
        },
    )
    value = g.close_to(
        risk(best),
        rtol=_THREE_DIGITS,
        name="the risk",
        expected="the robust risk of the best multiple, noise included",
        hint="Put your c into A² + 2√(2/π)εsA + ε²s².",
        mistakes={
            "That is the risk of the teacher itself.": risk(1.0),
            "That is the null risk.": risk(0.0),
            "That is its standard risk.": tau2 + (1 - best) ** 2,
            "The noise is part of the risk.": risk(best) - tau2,
            "That multiple minimises a risk without its cross term.": risk(no_cross),
        },
    )
    return [g.item("c", multiple), g.item("risk", value)]


def _least(function: Any) -> float:
    found = optimize.minimize_scalar(
        function, bounds=(0, 1), method="bounded", options={"xatol": 1e-10}
    )
    return float(found.x)


def _own_noise(draws: g.Draws) -> Mapping[str, Any]:
    return {"tau2": draws.integer(2, 10) / 20, "eps": draws.integer(6, 14) / 20}


# -- ex2: two prices -----------------------------------------------------------------------------
def _prices(d: int, width: int) -> Sequence[g.Check]:
    c = activation_constants("erf")
    kappa, kappa_j = float(c.kappa), float(c.kappa_j)
    gradient, norm = kappa / kappa_j * width, kappa * d
    first = g.close_to(
        gradient,
        rtol=_THREE_DIGITS,
        name="under the least gradient",
        expected="the price of the linear part over that of the rest, in squared gradient",
        hint="Divide the two entries of the first row.",
        mistakes={
            "Upside down: which of the two is dear?": kappa_j / kappa * width,
            "The rest costs gradient, too: where is κ_J?": kappa * width,
            "How many neurons share the rest?": kappa / kappa_j * d,
            "The linear part costs its own gradient, however many neurons share it.": (
                kappa / kappa_j * d
            ),
        },
    )
    second = g.close_to(
        norm,
        rtol=_THREE_DIGITS,
        name="under the least norm",
        expected="the price of the linear part over that of the rest, in squared norm",
        hint="Divide the two entries of the second row: what happens to N?",
        mistakes={
            "In squared norm the linear part is shared by all neurons.": kappa * width,
            "The gradient does not count here.": kappa / kappa_j * d,
            "Upside down: which of the two is dear?": d / kappa,
        },
    )
    return [g.item("gradient", first), g.item("norm", second)]


def _own_size(draws: g.Draws) -> Mapping[str, Any]:
    return {"d": 10 * draws.integer(5, 20), "width": 500 * draws.integer(2, 12)}


# -- ex3: the interpolator of least gradient -----------------------------------------------------
def _least_gradient(Z: Array, y: Array, J2: Array) -> Array:
    G = np.linalg.solve(J2, Z.T)
    return np.asarray(G @ np.linalg.solve(Z @ G, y))


def _least_norm(Z: Array, y: Array, J2: Array) -> Array:
    return np.asarray(np.linalg.lstsq(Z, y, rcond=None)[0])


def _first_power(Z: Array, y: Array, J2: Array) -> Array:
    values, vectors = np.linalg.eigh(J2)
    return _least_gradient(Z, y, (vectors * np.sqrt(values)) @ vectors.T)


def _multiplied(Z: Array, y: Array, J2: Array) -> Array:
    return _least_gradient(Z, y, np.asarray(np.linalg.inv(J2), dtype=np.float64))


def _in_phi(Z: Array, y: Array, J2: Array) -> Array:
    """The solution in the coordinates Jθ, not taken back."""
    values, vectors = np.linalg.eigh(J2)
    return np.asarray((vectors * np.sqrt(values)) @ vectors.T @ _least_gradient(Z, y, J2))


def _case(d: int, width: int, n: int, seed: int, activation: str) -> g.Case:
    draws = np.random.default_rng(seed)
    features = sample_random_features(d, width, activation=activation, rng=draws)
    X = draws.normal(size=(n, d))
    y = X[:, 0] + 0.5 * draws.normal(size=n)
    about = f"{width} {activation} features, {n} points"
    return g.case(features.features(X), y, features.gradient_matrix(), about=about)


_CASES = [
    _case(4, 9, 3, 1, "shifted_relu"),
    _case(10, 40, 20, 2, "erf"),
    _case(10, 60, 20, 3, "tanh"),
]
_INTERPOLATOR = [
    g.shape(None, inputs=_CASES, name="gives a vector"),
    g.agrees(
        _least_gradient,
        _CASES,
        name="the interpolator",
        expected="the θ that fits every label with the least ‖Jθ‖",
        hint="With the multiplier a: J²θ = Zᵀa and Zθ = y.",
        mistakes={
            "That one has the least ‖θ‖.": _least_norm,
            "J2 is J² already.": _first_power,
            "J² belongs on the other side.": _multiplied,
            "That is Jθ; the readout is asked for.": _in_phi,
        },
    ),
    g.not_mutating(_CASES[:1]),
]


# -- ex4: where it crosses -----------------------------------------------------------------------
@lru_cache(maxsize=1)
def _sweep() -> tuple[Array, Array]:
    psi1 = np.geomspace(50, 1e4, 1500)
    found = asymptotic_risk(psi1, 4, tau2=0.01, eps=0.25, activation="erf")
    return psi1, np.asarray(found.adversarial_risk)


def _crossing() -> float:
    psi1, risk = _sweep()
    return float(psi1[np.argmax(risk > 1.01)])


def _relu_crossing() -> float:
    psi1 = np.geomspace(50, 1000, 400)
    risk = np.asarray(asymptotic_risk(psi1, 4, tau2=0.01, eps=0.25).adversarial_risk)
    return float(psi1[np.argmax(risk > 1.01)])


_FROM = g.close_to(
    _crossing,
    rtol=_TWO_DIGITS,
    name="the crossing",
    expected="the width from which on the robust risk is above the null risk",
    hint="Sweep ψ₁ on a logarithmic grid up to some thousands.",
    mistakes={
        "That is where the ReLU crosses.": lambda x: np.isclose(x, _relu_crossing(), rtol=1.5e-2),
        "That is where the risk is highest.": lambda x: np.isclose(
            x, _sweep()[0][_sweep()[1].argmax()], rtol=5e-2
        ),
        "The null risk contains the noise.": lambda x: np.isclose(
            x, _sweep()[0][np.argmax(_sweep()[1] > 1.0)], rtol=1e-2
        ),
        "N/n or N/d? The width is counted per input.": lambda x: np.isclose(
            4 * x, _crossing(), rtol=1.5e-2
        ),
    },
)
_HIGHEST = g.close_to(
    lambda: float(_sweep()[1].max()),
    rtol=1e-3,
    name="the highest",
    expected="the largest robust risk over all widths",
    hint="Beyond the crossing: how far right does your sweep go?",
    mistakes={
        "That is the null risk, which is exceeded.": 1.01,
        "That is the standard risk, without the attack.": lambda x: x < 1.01,
    },
)


# -- ex5: nearly no attack -----------------------------------------------------------------------
def _factor(psi1: float, eps: float = 1e-3) -> float:
    nearly = asymptotic_risk(psi1, 4, tau2=0.01, eps=eps, eps_test=0.25).adversarial_risk
    return float(nearly / adversarial_risk(*rf_ridge_theory(psi1, 4, 0.01), 0.25))


def _standard_factor(psi1: float) -> float:
    nearly = asymptotic_risk(psi1, 4, tau2=0.01, eps=1e-3).standard_risk
    return float(nearly / rf_ridge_theory(psi1, 4, 0.01).standard_risk)


_WIDE = g.close_to(
    lambda: _factor(30),
    rtol=_TWO_DIGITS,
    name="the wide model",
    expected="its robust risk over that of plain least squares, at ψ₁ = 30",
    hint="Test radius ¼ in both; rf_ridge_theory has the fit without an attack.",
    mistakes={
        "So small an attack is no small change here.": lambda x: abs(x - 1) < 0.05,
        "The test radius is ¼, not the training radius.": lambda x: np.isclose(
            x, _standard_factor(30), rtol=5e-2
        ),
        "Which over which?": lambda x: np.isclose(x * _factor(30), 1, rtol=2e-2),
        "A factor is asked for, not a risk.": lambda x: np.isclose(x, 0.8032, rtol=2e-3),
    },
)
_NARROW = g.close_to(
    lambda: _factor(1),
    rtol=5e-3,
    name="the narrow model",
    expected="its robust risk over that of plain least squares, at ψ₁ = 1",
    hint="The same two lines, with another width.",
    mistakes={
        "How many least-squares fits does a narrow model have?": lambda x: x > 1.5,
        "A factor is asked for, not a risk.": lambda x: math.isclose(x, 1.007, rel_tol=1e-4),
    },
)


TASKS = {
    "ex1": g.Task(
        title="The best straight answer",
        answer='a dict: "c", the best multiple; "risk", its robust risk',
        reads=g.fields(c=g.number, risk=g.number),
        checks=_straight,
        parameters={"tau2": 0.25, "eps": 0.5},
        draw=_own_noise,
    ),
    "ex2": g.Task(
        title="Two prices",
        answer='a dict: "gradient" and "norm", the two penalties of the linear part',
        reads=g.fields(gradient=g.number, norm=g.number),
        checks=_prices,
        parameters={"d": 100, "width": 2000},
        draw=_own_size,
    ),
    "ex3": g.Task(
        title="The interpolator of least gradient",
        answer="a function least_gradient(Z, y, J2) of three arrays, which returns a vector",
        reads=g.function,
        checks=_INTERPOLATOR,
    ),
    "ex4": g.Task(
        title="Where it crosses",
        answer='a dict: "from", the width; "highest", the largest robust risk',
        reads=g.fields(**{"from": g.number, "highest": g.number}),
        checks=[g.item("from", _FROM), g.item("highest", _HIGHEST)],
    ),
    "ex5": g.Task(
        title="Nearly no attack",
        answer='a dict: "wide" and "narrow", the factors at ψ₁ = 30 and 1',
        reads=g.fields(wide=g.number, narrow=g.number),
        checks=[g.item("wide", _WIDE), g.item("narrow", _NARROW)],
    ),
}
