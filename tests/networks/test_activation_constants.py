"""Gaussian constants of activations, against formulas, another quadrature and their inequality."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from scipy import integrate

from lipkit.networks import Activation, activation, activation_constants

NAMES = "relu", "shifted_relu", "abs", "identity", "tanh", "erf"
FIELDS = "mu0", "mu1", "mu_star2", "dmu2"


@pytest.mark.parametrize(
    ("name", "printed"),
    [
        ("relu", {"mu1": 0.5, "mu_star2": 0.25 - 1 / (2 * math.pi), "dmu2": 0.5, "kappa_j": 1.0,
                  "kappa": 0.3633802276, "mu0": 1 / math.sqrt(2 * math.pi)}),
        ("shifted_relu", {"mu0": 0.0, "mu1": 0.5, "dmu2": 0.5, "kappa": 0.3633802276}),
        ("erf", {"mu0": 0.0, "mu1": 0.6514700159, "mu_star2": 0.0401458728, "dmu2": 0.5694100347,
                 "kappa": 0.0945915, "kappa_j": 0.3416408}),
        ("tanh", {"mu0": 0.0, "mu1": 0.6057055096, "mu_star2": 0.0274153260, "dmu2": 0.4644029024,
                  "kappa": 0.0747257645, "kappa_j": 0.2658197782}),
        ("identity", {"mu0": 0.0, "mu1": 1.0, "mu_star2": 0.0, "dmu2": 1.0, "kappa": 0.0,
                      "kappa_j": 0.0}),
        ("abs", {"mu1": 0.0, "kappa": math.inf, "kappa_j": math.inf, "dmu2": 1.0}),
    ],
)  # fmt: skip
def test_printed_values(name: str, printed: dict[str, float]) -> None:
    found = activation_constants(name)
    for field, value in printed.items():
        assert getattr(found, field) == pytest.approx(value, rel=1e-7, abs=6e-8), field


@pytest.mark.parametrize("name", NAMES)
def test_quadrature_reproduces_every_closed_form(name: str) -> None:
    """Without a derivative, with one, and through an Activation of one's own."""
    psi, closed = activation(name), activation_constants(name)
    own = Activation(name, psi.function, lambda z: psi.derivative(z), psi.slopes)
    for found in (
        activation_constants(psi.function),
        activation_constants(psi.function, psi.derivative),
        activation_constants(own),
        activation_constants(psi),
    ):
        for field in FIELDS:
            assert getattr(found, field) == pytest.approx(getattr(closed, field), abs=1e-12)


@given(st.lists(st.tuples(st.floats(-2, 2), st.floats(-2, 2)), min_size=1, max_size=4))
@settings(max_examples=25)
@example([(1.0, 1e-3)])  # nearer to 0 than the first node of a piece that begins there
@example([(2.0, -1e-9), (1.0, 1.75 + 2e-4)])
def test_kinks_anywhere(kinks: list[tuple[float, float]]) -> None:
    """Sums of a relu of any kink: against adaptive quadrature told where the kinks are."""

    def function(z: Any) -> Any:
        return z + sum(a * np.maximum(z - b, 0) for a, b in kinks)

    def slope(z: Any) -> Any:
        return 1 + sum(a * (z > b) for a, b in kinks)

    found = activation_constants(function)
    points = sorted({b for _, b in kinks})

    def mean(f: Any) -> float:
        return float(sum(
            integrate.quad(lambda z: f(z) * math.exp(-z * z / 2), low, high, epsabs=1e-13)[0]
            for low, high in zip([-12, *points], [*points, 12], strict=True)
        ) / math.sqrt(2 * math.pi))  # fmt: skip

    mu0, mu1, square = mean(function), mean(slope), mean(lambda z: function(z) ** 2)
    assert found.mu0 == pytest.approx(mu0, abs=1e-10)
    assert found.mu1 == pytest.approx(mu1, abs=1e-10)
    assert found.mu_star2 == pytest.approx(square - mu0**2 - mu1**2, abs=1e-9)
    assert found.dmu2 == pytest.approx(mean(lambda z: slope(z) ** 2), abs=1e-9)


@pytest.mark.parametrize("function", [np.tanh, np.sin, np.abs, lambda z: z**3 + z, np.exp,
                                      lambda z: np.maximum(z - 0.3, 0)])  # fmt: skip
def test_twice_kappa(function: Any) -> None:
    found = activation_constants(function)
    gradient, rest = found.dmu2 - found.mu1**2, found.mu_star2
    assert gradient >= 2 * rest * (1 - 1e-12)


def test_polynomials_of_degree_two_reach_twice_kappa() -> None:
    found = activation_constants(lambda z: 0.3 + z + 0.7 * z**2)
    assert found.kappa_j == pytest.approx(2 * found.kappa, rel=1e-12)
    assert found.mu_star2 == pytest.approx(2 * 0.49, rel=1e-12)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ((np.sign,), "has a jump"),
        ((np.tanh, lambda z: 1 - np.tanh(z)), "derivative is not its own"),
        ((lambda z: np.exp(z**2 / 4),), "grows too fast"),
        ((lambda z: np.where(z > 3, np.nan, z),), "not finite"),
        ((lambda z: 1.0,), "another shape"),
        ((lambda z: np.sin(1e7 * z),), "not resolved"),
        (("gelu",), "activation: got 'gelu', expected one of"),
    ],
)
def test_refused(given: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        activation_constants(*given)


def test_an_activation_by_the_name_of_another_is_itself() -> None:
    own = Activation("relu", np.tanh, activation("tanh").derivative, (0.0, 1.0))
    assert activation_constants(own).mu1 == pytest.approx(activation_constants("tanh").mu1)
