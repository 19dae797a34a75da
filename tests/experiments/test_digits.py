"""The digits network and the six numbers, against cases that can be done by hand."""

from itertools import product

import numpy as np
import pytest

from lipkit import lipschitz
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.digits import _trained, digits_network, flip_distances, margins
from lipkit.experiments.six_numbers import all_six, clever, data_jacobian, local_pairs, one_noise
from lipkit.networks import ReluNetwork, sample_random_relu


@pytest.fixture(scope="module")
def trained():
    return digits_network(0, epochs=10)


def linear(seed, outputs=3, inputs=4):
    return ReluNetwork([np.random.default_rng(seed).normal(size=(outputs, inputs))])


def test_the_same_seed_trains_the_same_network(trained):
    _trained.cache_clear()
    again, _ = digits_network(0, epochs=10)
    assert again is not trained[0]
    for W, V in zip(trained[0].weights, again.weights, strict=True):
        np.testing.assert_array_equal(W, V)


def test_it_is_trained_once_and_nobody_can_spoil_it_for_others():
    network, split = digits_network(0, epochs=1)
    split.train.X[:], split.test.y[:] = 7.0, 7
    again, clean = digits_network(0, epochs=1)
    assert again is network
    assert clean.train.X.max() == 1
    assert set(clean.test.y) == set(range(10))
    for array in (*network.weights, *network.biases):
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 1.0


def test_margins_are_positive_exactly_where_the_decision_is_right(trained):
    network, split = trained
    right = network(split.test.X).argmax(axis=1) == split.test.y
    np.testing.assert_array_equal(margins(network, *split.test) > 0, right)


@pytest.mark.parametrize("seed", range(5))
def test_the_walk_finds_the_distance_to_the_boundary_of_a_linear_classifier(seed):
    network = linear(seed)
    X = np.random.default_rng([seed, 1]).normal(size=(50, 4))
    y = network(X).argmax(axis=1)
    W = network.weights[0]
    gap = network(X)[np.arange(50), y][:, None] - network(X)
    length = np.linalg.norm(W[y][:, None, :] - W, axis=2)
    nearest = np.divide(gap, length, out=np.full_like(gap, np.inf), where=length > 0).min(axis=1)
    found = flip_distances(network, X, y)
    assert (found >= nearest).all()
    assert (found <= 1.05 * nearest + 0.01).all()


def test_a_walk_that_cannot_arrive_says_so():
    constant = ReluNetwork([np.zeros((2, 3))], [[1.0, 0.0]])
    assert np.isinf(flip_distances(constant, np.ones((1, 3)), np.array([0]))).all()


def test_one_noise_is_one_quotient_of_the_jacobian():
    network = linear(0)
    X = np.zeros((1, 4))
    u = np.random.default_rng(3).uniform(0.25e-4, 1e-4, size=(1, 4))
    expected = np.linalg.norm(network.weights[0] @ u[0]) / np.linalg.norm(u)
    assert one_noise(network, X, rng=3) == pytest.approx(expected, rel=1e-8)
    assert one_noise(network, X, rng=3) < data_jacobian(network, X)


def test_data_jacobian_of_a_linear_map_is_its_spectral_norm():
    network = linear(1)
    assert data_jacobian(network, np.zeros((2, 4))) == pytest.approx(
        np.linalg.norm(network.weights[0], 2)
    )


@pytest.mark.parametrize("seed", range(5))
def test_local_pairs_never_exceeds_the_norm_of_a_linear_map(seed):
    network = linear(seed)
    corners = np.array(list(product((-1.0, 1.0), repeat=4)))
    exact = np.abs(corners @ network.weights[0].T).sum(axis=1).max()
    assert local_pairs(network, np.full((3, 4), 0.5)) <= exact * (1 + 1e-9)


@pytest.mark.parametrize("seed", range(5))
def test_local_pairs_comes_near_the_norm_where_the_climb_has_one_top(seed):
    a = np.random.default_rng(seed).normal(size=6)
    network = ReluNetwork([np.stack([a, 2 * a])])
    found = local_pairs(network, np.full((3, 6), 0.5))
    exact = 3 * np.abs(a).sum()
    assert 0.9 * exact <= found <= exact * (1 + 1e-9)


def test_clever_lies_beyond_every_sampled_slope():
    network = sample_random_relu(3, 16, 2, rng=0)
    points = np.random.default_rng(5).uniform(size=(1000, 3))
    slopes = np.linalg.norm(network.gradient(points), axis=1)
    assert clever(network, np.ones(1), batches=20, size=50, rng=5) >= slopes.max()


def test_each_number_is_on_the_side_that_its_kind_says(trained):
    network, split = trained
    six = all_six(network, split, batches=20, seed=0)
    upper = lipschitz.autolip(network, certified=True).value
    assert six["one_noise"] <= upper
    assert six["data_jacobian"] <= upper
    assert six["spectral_product"] == pytest.approx(upper)
    assert six["row_product"] == pytest.approx(lipschitz.autolip(network, np.inf).value)
    rows = [lipschitz.autolip(network.with_readout(e), np.inf).value for e in np.eye(10)]
    assert six["local_pairs"] <= sum(rows)


def test_no_promise_of_an_upper_answer_is_broken():
    six = EXPERIMENTS["six_numbers"]
    result = six(six.params("test"), seed=1)
    assert result["broken_spectral_product"] == 0
    assert result["broken_one_noise"] > 0.5
    assert np.all((result["needed"] >= 0) & (result["needed"] <= result["spectral_product"]))
