"""Two-layer networks and the constants of their activations."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.networks import Activation, TwoLayerNetwork, activation

NAMES = ["relu", "abs", "identity", "tanh", "erf"]
TORCH: Any = {
    "relu": torch.relu,
    "abs": torch.abs,
    "identity": lambda z: z,
    "tanh": torch.tanh,
    "erf": torch.erf,
}


def network(name: str, seed: int, *, k: int = 5, d: int = 3) -> TwoLayerNetwork:
    draws = np.random.default_rng(seed)
    W, b, a = draws.normal(size=(k, d)), draws.normal(size=k), draws.normal(size=k)
    return TwoLayerNetwork(W, b, a, name)


class TestTwoLayerNetwork:
    @pytest.mark.parametrize("name", NAMES)
    @given(seed=st.integers(0, 10**6), k=st.integers(1, 5), d=st.integers(1, 4))
    @settings(max_examples=10)
    def test_value_and_gradient_against_torch(self, name: str, seed: int, k: int, d: int) -> None:
        f = network(name, seed, k=k, d=d)
        X = np.random.default_rng([seed, 1]).normal(size=(6, d))
        x = torch.tensor(X, requires_grad=True)
        z = x @ torch.tensor(f.W).T + torch.tensor(f.b)
        out = TORCH[name](z) @ torch.tensor(f.a)
        (grad,) = torch.autograd.grad(out.sum(), x)
        np.testing.assert_allclose(f(X), out.detach().numpy(), rtol=1e-11, atol=1e-12)
        np.testing.assert_allclose(f.gradient(X), grad.numpy(), rtol=1e-11, atol=1e-12)
        assert isinstance(f(X[0]), float)
        assert f(X[0]) == pytest.approx(f(X)[0], rel=1e-12, abs=1e-12)
        np.testing.assert_allclose(f.gradient(X[0]), f.gradient(X)[0], rtol=1e-11, atol=1e-12)

    def test_as_a_relu_network(self) -> None:
        f = network("relu", 0)
        X = np.random.default_rng(1).normal(size=(50, 3))
        g = f.to_relu_network()
        np.testing.assert_allclose(g(X), f(X), rtol=1e-12)
        np.testing.assert_allclose(g.gradient(X), f.gradient(X), rtol=1e-12)
        with pytest.raises(ValueError, match="activation: got 'tanh', expected 'relu'"):
            network("tanh", 0).to_relu_network()

    def test_what_it_is(self) -> None:
        f = network("erf", 0)
        assert (f.input_dim, f.width, f.activation.name) == (3, 5, "erf")
        assert repr(f) == "TwoLayerNetwork(3 → 5 → 1, erf)"

    def test_copies_what_it_gets(self) -> None:
        W = np.eye(2)
        f = TwoLayerNetwork(W, np.zeros(2), np.ones(2))
        W[0, 0] = 9
        assert f([1.0, 0.0]) == 1.0

    def test_own_activation(self) -> None:
        square = Activation("square", np.square, lambda z: 2 * z, (-math.inf, math.inf))
        f = TwoLayerNetwork([[1.0, 2.0]], [0.5], [3.0], square)
        assert f([1.0, 1.0]) == 3 * 3.5**2
        assert f.gradient([1.0, 1.0]).tolist() == [21.0, 42.0]

    @pytest.mark.parametrize(
        ("W", "b", "a", "name", "message"),
        [
            (np.eye(2), np.ones(3), np.ones(2), "relu", r"\(3,\) and \(2,\), expected \(2,\)"),
            (np.eye(2), np.ones(2), np.ones(1), "relu", r"\(2,\) and \(1,\), expected \(2,\)"),
            (np.ones(2), np.ones(2), np.ones(2), "relu", "W: got shape"),
            (np.eye(2), np.ones((2, 1)), np.ones(2), "relu", "b: got shape"),
            (np.eye(2), np.ones(2), np.ones((1, 2)), "relu", "a: got shape"),
            (np.eye(2), np.ones(2), [1.0, math.nan], "relu", "a: got NaN"),
            (np.eye(2), np.ones(2), np.ones(2), "gelu", "activation: got 'gelu', expected one of"),
        ],
    )
    def test_bad_input(self, W: Any, b: Any, a: Any, name: str, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            TwoLayerNetwork(W, b, a, name)

    def test_bad_points(self) -> None:
        with pytest.raises(ValueError, match=r"\(2,\), expected \(3,\) or \(n, 3\)"):
            network("relu", 0)([1.0, 2.0])


class TestActivation:
    @pytest.mark.parametrize("name", NAMES)
    def test_slopes_are_those_of_the_function(self, name: str) -> None:
        """Difference quotients stay within the slopes, and come close to both."""
        psi = activation(name)
        z = np.linspace(-30, 30, 600_001)
        quotients = np.diff(psi(z)) / np.diff(z)
        low, high = psi.slopes
        assert quotients.min() == pytest.approx(low, abs=1e-6)
        assert quotients.max() == pytest.approx(high, abs=1e-6)
        assert psi.lipschitz == max(abs(low), abs(high))

    @pytest.mark.parametrize("name", NAMES)
    def test_derivative(self, name: str) -> None:
        psi = activation(name)
        z, h = np.linspace(-3, 3, 60), 1e-6  # 0 is not among them
        np.testing.assert_allclose(
            psi.derivative(z), (psi(z + h) - psi(z - h)) / (2 * h), atol=1e-8
        )
        assert psi.derivative(z).min() >= psi.slopes[0]
        assert psi.derivative(z).max() <= psi.slopes[1]

    def test_kinks(self) -> None:
        for name in ("relu", "abs"):
            assert activation(name).derivative(np.zeros(1)).tolist() == [0.0]

    def test_passes_through_and_refuses(self) -> None:
        tanh = activation("tanh")
        assert activation(tanh) is tanh
        with pytest.raises(ValueError, match="'relu', 'abs', 'identity', 'tanh', 'erf'"):
            activation("sigmoid")
