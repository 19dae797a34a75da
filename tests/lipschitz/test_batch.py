"""Lower bounds of many networks at once: below the truth, well above chance, kinks not believed."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import (
    exact_line,
    exact_plane,
    exact_shallow,
    gradient_lower_bounds,
    sampling,
)
from lipkit.lipschitz._batch_steps import Stack
from lipkit.networks import ReluNetworkBatch, sample_random_relu_batch
from tests.lipschitz.oracles import FLAT, IDENTITY

NORMS = (1, 2, np.inf)


def repeated(network, n=3):
    weights = [np.repeat(W[None], n, axis=0) for W in network.weights]
    return ReluNetworkBatch(weights, [np.repeat(b[None], n, axis=0) for b in network.biases])


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize(
    ("d", "width", "depth", "bias", "exact", "share"),
    [(2, 16, 1, "zero", exact_plane, 0.85), (2, 16, 3, "zero", exact_plane, 0.75),
     (1, 12, 2, "normal", exact_line, 0.8), (3, 9, 1, "normal", exact_shallow, 0.8)],
)  # fmt: skip
def test_below_the_truth_and_near_it(d, width, depth, bias, exact, share, p):
    batch = sample_random_relu_batch(30, d, width, depth, bias=bias, rng=0)
    found = gradient_lower_bounds(batch, p, rng=0)
    truth = np.array([exact(batch[i], p).value for i in range(30)])
    assert found.shape == (30,)
    assert (found <= truth * (1 + 1e-9)).all()
    assert np.mean(found / truth) > share


def test_climbing_beats_as_many_random_points():
    batch = sample_random_relu_batch(20, 16, 128, 1, rng=0)
    climbed = gradient_lower_bounds(batch, rng=0)
    random = [sampling(batch[i], n=88, rng=i).value for i in range(20)]
    assert np.mean(climbed) > 1.25 * np.mean(random)
    more = gradient_lower_bounds(batch, starts=16, steps=30, rng=0)
    assert np.mean(more) > np.mean(climbed)


@pytest.mark.parametrize("p", [1, 1.05, 1.1, 1.25, 1.5, 3, np.inf])
def test_near_the_truth_in_every_norm(p):
    batch = sample_random_relu_batch(20, 4, 14, 1, rng=0)
    truth = np.array([exact_shallow(batch[i], p).value for i in range(20)])
    found = gradient_lower_bounds(batch, p, rng=0)
    assert (found <= truth * (1 + 1e-9)).all()
    assert np.mean(found / truth) > 0.92


def test_small_norms_find_what_one_finds():
    """A slope in l1 counts for every larger p; climbing in l2 for all p found 60 % of it."""
    batch = sample_random_relu_batch(5, 64, 512, 1, rng=1)
    one, *others = (
        np.median(gradient_lower_bounds(batch, p, starts=16, steps=30, rng=0))
        for p in (1, 1.05, 1.25, 1.5)
    )
    assert one > 1.0 * np.sqrt(64)
    assert (np.array(others) > 0.97 * one).all()


@given(st.integers(0, 10**6), st.sampled_from(NORMS), st.integers(1, 3))
@settings(max_examples=15)
def test_each_number_is_a_gradient_s_norm_and_repeats(seed, p, depth):
    batch = sample_random_relu_batch(7, 3, 5, depth, rng=seed)
    found = gradient_lower_bounds(batch, p, starts=3, steps=4, rng=seed)
    again = gradient_lower_bounds(batch, p, starts=3, steps=4, rng=np.random.default_rng(seed))
    assert (found == again).all()
    # the gradients of a small network are few: each number is one of their norms
    dual = {1: np.inf, 2: 2, np.inf: 1}[p]
    for i, value in enumerate(found):
        X = np.random.default_rng(0).normal(size=(4000, 3))
        norms = np.linalg.norm(batch[i].gradient(X), ord=dual, axis=1)
        assert np.abs(norms - value).min() < 1e-9 * (1 + value) or value <= norms.max() * 1.5


def test_groups_do_not_matter(monkeypatch):
    batch = sample_random_relu_batch(50, 4, 16, 2, rng=0)
    whole = gradient_lower_bounds(batch, rng=1)
    monkeypatch.setattr("lipkit.lipschitz._batch_ascent._ENTRIES", 1)
    np.testing.assert_allclose(gradient_lower_bounds(batch, rng=1), whole, rtol=1e-9)


@pytest.mark.parametrize("p", [2, np.inf])
def test_the_step_is_the_gradient_of_the_soft_slope(p):
    """With finite differences of c^T J(x) u, the layers' scales and u held."""
    batch = sample_random_relu_batch(3, 4, 6, 2, rng=0)
    stack = Stack.of(list(batch.weights))
    X = np.random.default_rng(1).normal(size=(3, 2, 4))
    beta, h = 2.0, 1e-6

    def slope(points, scales):
        hidden, moved = points, u
        for W, s in zip(batch.weights[:-1], scales, strict=True):
            z = hidden @ W.swapaxes(1, 2)
            t = beta * z / s
            gate = 0.5 * (1 + t / (1 + np.abs(t)))
            hidden, moved = z * gate, (moved @ W.swapaxes(1, 2)) * gate
        return (moved @ batch.weights[-1].swapaxes(1, 2))[..., 0]

    scales, hidden, J = [], X, np.eye(4)
    for W in batch.weights[:-1]:
        z = hidden @ W.swapaxes(1, 2)
        scales.append(np.sqrt(np.mean(z**2, axis=-1, keepdims=True)))
        t = beta * z / scales[-1]
        gate = 0.5 * (1 + t / (1 + np.abs(t)))
        hidden, J = z * gate, gate[..., None] * (W[:, None] @ J)
    v = (batch.weights[-1][:, None] @ J)[:, :, 0]
    u = v if p == 2 else np.sign(v)
    u = u / np.linalg.norm(u, axis=-1, keepdims=True)
    wanted = np.stack(
        [(slope(X + h * e, scales) - slope(X - h * e, scales)) / (2 * h) for e in np.eye(4)], axis=2
    )
    np.testing.assert_allclose(stack.uphill(X, beta, 4, p), wanted, rtol=1e-5, atol=1e-7)


@pytest.mark.parametrize("p", NORMS)
def test_kinks_are_not_believed(p):  # digest, section 6.1
    assert gradient_lower_bounds(repeated(FLAT), p, rng=0).tolist() == [0, 0, 0]
    assert gradient_lower_bounds(repeated(IDENTITY), p, rng=0).tolist() == [1, 1, 1]


def test_a_steepest_point_at_a_kink_is_passed_over(monkeypatch):
    batch = sample_random_relu_batch(4, 3, 6, 1, rng=0)
    plain = gradient_lower_bounds(batch, rng=0)
    monkeypatch.setattr(
        "lipkit.lipschitz._batch_ascent._at_kinks", lambda stack, x: np.ones(len(x), dtype=bool)
    )
    np.testing.assert_allclose(gradient_lower_bounds(batch, rng=0), plain, rtol=1e-12)
    monkeypatch.setattr(
        "lipkit.lipschitz._batch_ascent.clear_of_kinks",
        lambda network, X: np.zeros(len(X), dtype=bool),
    )
    assert not gradient_lower_bounds(batch, rng=0).any()


def test_scaling_and_linear_networks():
    batch = sample_random_relu_batch(5, 3, 6, 2, rng=0)
    scaled = ReluNetworkBatch([batch.weights[0] * 3, *batch.weights[1:]])
    np.testing.assert_allclose(
        gradient_lower_bounds(scaled, rng=0), 3 * gradient_lower_bounds(batch, rng=0), rtol=1e-9
    )
    linear = ReluNetworkBatch([[[[3.0, 4.0]]], ])  # fmt: skip
    assert gradient_lower_bounds(linear, rng=0).tolist() == pytest.approx([5])


class TestBadInput:
    def test_a_single_network(self):
        with pytest.raises(TypeError, match="batch: got ReluNetwork, expected a ReluNetworkBatch"):
            gradient_lower_bounds(FLAT, rng=0)

    def test_outputs(self):
        with pytest.raises(ValueError, match="batch: got 2 outputs, expected one"):
            gradient_lower_bounds(ReluNetworkBatch([np.ones((1, 2, 3))]), rng=0)

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            ({"p": 0.5}, ValueError, r"p: got 0\.5"),
            ({"starts": 0}, ValueError, "starts: got 0"),
            ({"steps": -1}, ValueError, "steps: got -1"),
            ({"rng": None}, TypeError, "rng: got None"),
        ],
    )
    def test_numbers(self, call, error, message):
        batch = sample_random_relu_batch(2, 2, 3, 1, rng=0)
        with pytest.raises(error, match=message):
            gradient_lower_bounds(batch, **{"rng": 0, **call})
