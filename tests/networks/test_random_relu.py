"""Samplers of random networks: draw order, laws of biases, initialisations and their factors."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from torch import nn

from lipkit.lipschitz import autolip, exact_plane
from lipkit.networks import (
    ReluNetwork,
    ReluNetworkBatch,
    initialisation_factor,
    sample_random_relu,
    sample_random_relu_batch,
)

GAUSSIAN = ("generalised_he", "kaiming_normal", "kaiming_linear", "lecun_normal", "xavier_normal")
INITS = (*GAUSSIAN, "torch_default")


def laplace(rng, size):
    return rng.laplace(size=size)


BIASES = ("zero", "normal", ("normal", 0.1), ("uniform", 2.0), ("cauchy", 3.0), "fan_in", laplace)


def test_digest_values():
    f = sample_random_relu(2, 16, 1, rng=np.random.default_rng(0))
    np.testing.assert_allclose(f.weights[0][0], [0.04445235, -0.04670612], atol=5e-9)
    assert f.weights[1][0, 0] == pytest.approx(-0.15922501, abs=5e-9)
    gradient = sample_random_relu(3, 8, 2, rng=0).gradient([1, -0.5, 2])
    np.testing.assert_allclose(gradient, [1.57638048, -0.99646362, 0.88027218], atol=5e-9)
    assert np.linalg.norm(gradient) == pytest.approx(2.0622304195, abs=5e-11)


@pytest.mark.parametrize(
    ("bias", "draw"),
    [
        ("normal", lambda rng, n, m: rng.normal(size=n)),
        (("normal", 0.1), lambda rng, n, m: 0.1 * rng.normal(size=n)),
        ("uniform", lambda rng, n, m: rng.uniform(-1, 1, size=n)),
        (("uniform", 2.0), lambda rng, n, m: 2 * rng.uniform(-1, 1, size=n)),
        (("cauchy", 3.0), lambda rng, n, m: 3 * rng.standard_cauchy(size=n)),
        ("fan_in", lambda rng, n, m: rng.uniform(-1, 1, size=n) / math.sqrt(m)),
        (laplace, lambda rng, n, m: rng.laplace(size=n)),
        ("zero", lambda rng, n, m: np.zeros(n)),
    ],
)
def test_the_draw_order(bias, draw):
    rng = np.random.default_rng(7)
    f = sample_random_relu(3, 5, 3, bias=bias, rng=7)
    for layer, fan_in in enumerate((3, 5, 5)):
        W = rng.normal(size=(5, fan_in)) * math.sqrt(2 / 5)
        np.testing.assert_allclose(f.weights[layer], W, rtol=1e-15)
        np.testing.assert_allclose(f.biases[layer], draw(rng, 5, fan_in), rtol=1e-15)
    np.testing.assert_array_equal(f.weights[3], rng.normal(size=(1, 5)))
    assert not f.biases[3].any()


@given(
    st.integers(1, 4), st.integers(1, 5), st.integers(1, 3),
    st.sampled_from(BIASES), st.sampled_from(INITS), st.integers(0, 99),
)  # fmt: skip
@settings(max_examples=40)
def test_a_batch_is_the_next_networks(d, width, depth, bias, init, seed):
    rng = np.random.default_rng(seed)
    one = [sample_random_relu(d, width, depth, bias=bias, init=init, rng=rng) for _ in range(3)]
    batch = sample_random_relu_batch(3, d, width, depth, bias=bias, init=init, rng=seed)
    for i, f in enumerate(one):
        for found, wanted in zip(
            (*batch[i].weights, *batch[i].biases), (*f.weights, *f.biases), strict=True
        ):
            np.testing.assert_array_equal(found, wanted)
    assert batch.bias_free == (bias == "zero")


@pytest.mark.parametrize(
    ("bias", "law"),
    [
        ("normal", stats.norm()),
        (("normal", 0.3), stats.norm(scale=0.3)),
        ("uniform", stats.uniform(-1, 2)),
        (("cauchy", 2.0), stats.cauchy(scale=2.0)),
        ("fan_in", stats.uniform(-0.25, 0.5)),
    ],
)
def test_the_law_of_biases(bias, law):
    f = sample_random_relu(16, 4000, 1, bias=bias, rng=0)
    assert stats.ks_1samp(f.biases[0], law.cdf).pvalue > 1e-3


class TestInitialisations:
    @pytest.mark.parametrize("init", INITS)
    @pytest.mark.parametrize(("d", "width", "depth"), [(3, 50, 1), (8, 60, 3)])
    def test_the_mean_square_of_the_gradient(self, init, d, width, depth):
        """E |grad|^2 = factor^2 d, uniform weights included, whatever the symmetric biases."""
        bias = "fan_in" if init == "torch_default" else "zero"
        nets = 4000
        batch = sample_random_relu_batch(nets, d, width, depth, bias=bias, init=init, rng=1)
        squares = (batch.gradient(np.ones(d)) ** 2).sum(axis=1)
        factor = initialisation_factor(init, d, width, depth)
        spread = math.sqrt((1 + 2 / d) * (1 + 5 / width) ** depth - 1)
        assert abs(squares.mean() / (factor**2 * d) - 1) < 4 * spread / math.sqrt(nets)

    @pytest.mark.parametrize("init", GAUSSIAN)
    def test_the_same_draws_give_the_same_network_times_the_factor(self, init):
        for depth in (1, 3):
            he = sample_random_relu(2, 16, depth, rng=0)
            other = sample_random_relu(2, 16, depth, init=init, rng=0)
            factor = initialisation_factor(init, 2, 16, depth)
            for answer in (exact_plane, autolip):
                assert answer(other).value == pytest.approx(factor * answer(he).value)
            x = np.array([0.3, -2.0])
            np.testing.assert_allclose(other.gradient(x), factor * he.gradient(x))

    def test_the_digests_factors(self):
        d, N = 7, 50
        for depth in (1, 2, 5):
            kaiming = initialisation_factor("kaiming_normal", d, N, depth)
            assert kaiming == pytest.approx(math.sqrt(2 / N) * math.sqrt(N / d))
            linear = initialisation_factor("kaiming_linear", d, N, depth)
            assert linear == pytest.approx(1 / math.sqrt(d))  # the constant is of order 1
            default = initialisation_factor("torch_default", d, N, depth)
            assert default == pytest.approx(6 ** (-depth / 2) / math.sqrt(3) / math.sqrt(d))
            assert initialisation_factor("generalised_he", d, N, depth) == 1
            lecun = initialisation_factor("lecun_normal", d, N, depth)
            assert lecun == pytest.approx(2 ** (-depth / 2) * linear)

    def test_torch_draws_from_the_same_laws(self):
        torch.manual_seed(0)
        d, N = 20, 300
        layers = [nn.Linear(d, N), nn.Linear(N, N), nn.Linear(N, 1)]
        f = sample_random_relu(d, N, 2, init="torch_default", bias="fan_in", rng=0)
        for layer, W in zip(layers, f.weights, strict=True):
            theirs = layer.weight.detach().numpy().ravel()
            assert stats.ks_2samp(theirs, W.ravel()).pvalue > 1e-3
        assert stats.ks_2samp(layers[1].bias.detach().numpy(), f.biases[1]).pvalue > 1e-3
        g = sample_random_relu(d, N, 2, init="kaiming_normal", rng=0)
        h = sample_random_relu(d, N, 2, init="xavier_normal", rng=0)
        for layer, W, X in zip(layers, g.weights, h.weights, strict=True):
            nn.init.kaiming_normal_(layer.weight)
            assert stats.ks_2samp(layer.weight.detach().numpy().ravel(), W.ravel()).pvalue > 1e-3
            nn.init.xavier_normal_(layer.weight)
            assert stats.ks_2samp(layer.weight.detach().numpy().ravel(), X.ravel()).pvalue > 1e-3


class TestBatchGradient:
    @given(st.integers(1, 4), st.integers(1, 6), st.integers(1, 3), st.sampled_from(BIASES[:2]))
    @settings(max_examples=20)
    def test_it_is_each_network_s_gradient(self, d, width, depth, bias):
        batch = sample_random_relu_batch(3, d, width, depth, bias=bias, rng=d)
        own = np.random.default_rng(0).normal(size=(3, 5, d))
        found = batch.gradient(own)
        shared = batch.gradient(own[0])
        point = batch.gradient(own[0, 0])
        assert (found.shape, shared.shape, point.shape) == ((3, 5, d), (3, 5, d), (3, d))
        for i in range(3):
            np.testing.assert_allclose(found[i], batch[i].gradient(own[i]), atol=1e-12)
            np.testing.assert_allclose(shared[i], batch[i].gradient(own[0]), atol=1e-12)
            np.testing.assert_allclose(point[i], batch[i].gradient(own[0, 0]), atol=1e-12)

    def test_no_hidden_layer(self):
        batch = ReluNetworkBatch([np.arange(6.0).reshape(2, 1, 3)])
        assert batch.gradient(np.ones((4, 3))).shape == (2, 4, 3)
        np.testing.assert_array_equal(batch.gradient(np.ones(3)), [[0, 1, 2], [3, 4, 5]])

    @pytest.mark.parametrize("shape", [(4,), (5, 4), (3, 5, 3), (), (2, 5, 4)])
    def test_shapes(self, shape):
        batch = sample_random_relu_batch(2, 3, 4, 1, rng=0)
        with pytest.raises(ValueError, match=r"X: got shape .* expected \(d,\), \(m, d\) or"):
            batch.gradient(np.zeros(shape))

    def test_several_outputs(self):
        with pytest.raises(ValueError, match="gradient: got 2 outputs, expected one"):
            ReluNetworkBatch([np.ones((3, 2, 2))]).gradient(np.ones(2))


class TestBadInput:
    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            ({"d": 0}, ValueError, "d: got 0, expected at least 1"),
            ({"width": 0}, ValueError, "width: got 0"),
            ({"depth": 1.5}, TypeError, "depth: got 1.5, expected an integer"),
            ({"bias": "gauss"}, ValueError, "bias: got 'gauss', expected one of 'zero', 'normal'"),
            ({"bias": ("normal", 0.0)}, ValueError, "bias: the scale of 'normal': got 0.0"),
            ({"bias": ("normal", -1.0)}, ValueError, "expected a positive number"),
            ({"bias": ("zero", 1.0)}, ValueError, "bias: got 'zero', expected one of 'normal'"),
            ({"bias": ("normal", 1, 2)}, ValueError, "bias: got"),
            ({"bias": 0.5}, ValueError, "bias: got 0.5, expected one of"),
            ({"bias": lambda rng, n: [0.0]}, ValueError, r"got an array of shape \(1,\) from the"),
            ({"bias": lambda rng, n: np.full(n, np.nan)}, ValueError, "the law returned: got NaN"),
            ({"init": "he"}, ValueError, "init: got 'he', expected one of 'generalised_he'"),
            ({"rng": None}, TypeError, "rng: got None"),
        ],
    )
    def test_of_the_samplers(self, call, error, message):
        with pytest.raises(error, match=message):
            sample_random_relu(**{"d": 2, "width": 3, "depth": 1, "rng": 0, **call})

    def test_of_the_factor(self):
        with pytest.raises(ValueError, match="init: got 'xavier', expected one of"):
            initialisation_factor("xavier", 1, 1, 1)
        with pytest.raises(ValueError, match="depth: got 0"):
            initialisation_factor("kaiming_normal", 1, 1, 0)

    @pytest.mark.parametrize(
        "law",
        [
            lambda rng, n: rng.normal(0.2, 1, n),
            lambda rng, n: rng.exponential(size=n) - 1,  # mean 0 is not enough
            lambda rng, n: np.ones(n),
        ],
    )
    def test_an_asymmetric_law_of_your_own_is_named(self, law):
        with pytest.warns(UserWarning, match="expected a symmetric one; the exact law"):
            f = sample_random_relu(2, 3, 1, bias=law, rng=0)
        assert isinstance(f, ReluNetwork)

    def test_looking_at_a_law_takes_nothing_from_your_generator(self):
        rng = np.random.default_rng(0)
        sample_random_relu(2, 3, 1, bias=laplace, rng=rng)
        again = np.random.default_rng(0)
        again.normal(size=6), again.laplace(size=3), again.normal(size=3)
        assert rng.normal() == again.normal()
