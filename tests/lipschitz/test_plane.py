"""The sweep around the circle against rational arithmetic, a fine grid and the regions."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import exact_plane, linear_regions
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import gradients_around, integer_networks, pair_norm_by_directions

PAIRS = [(1, None), (2, None), (np.inf, None), (1, 1.5), (1, 2), (1, np.inf), (3, np.inf)]


@settings(max_examples=150)
@given(integer_networks(2, biases=False, depth=3), st.sampled_from((1, 1.5, 2, 4, np.inf)))
def test_equals_rational_arithmetic(network, p):
    dual = {1: np.inf, 1.5: 3, 2: 2, 4: 4 / 3, np.inf: 1}[p]
    truth = np.linalg.norm(gradients_around(network)[:, 0], ord=dual, axis=1).max()
    assert exact_plane(network, p).value == pytest.approx(truth, rel=1e-12, abs=1e-12)


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_norm_pairs_of_several_outputs_against_a_grid_of_directions(p, q):
    weights = [np.random.default_rng(k).normal(size=s) for k, s in enumerate(((6, 2), (3, 6)))]
    network = ReluNetwork(weights)
    gradients = gradients_around(network)
    truth = max(pair_norm_by_directions(J, p, p if q is None else q) for J in gradients)
    assert exact_plane(network, p, q=q).value == pytest.approx(truth, rel=1e-6)


def test_agrees_with_a_fine_grid_of_directions():
    for seed in range(6):
        network = sample_random_relu(2, 20, 1 + seed % 3, rng=seed)
        angles = np.linspace(0, 2 * np.pi, 200_001)
        X = np.stack([np.cos(angles), np.sin(angles)], axis=1)
        truth = np.linalg.norm(network.gradient(X), axis=1).max()
        assert exact_plane(network).value == pytest.approx(truth, rel=1e-9)


@pytest.mark.parametrize("p", [1, 2, np.inf])
def test_the_window_around_0_says_the_same_as_the_circle(p):
    for seed in range(5):
        network = sample_random_relu(2, 16, 1 + seed % 3, rng=seed)
        circle = exact_plane(network, p)
        window = exact_plane(network, p, box=([-1, -2], [2, 1]))
        assert window.value == pytest.approx(circle.value, rel=1e-12)
        assert isinstance(window.domain, tuple)
        assert circle.domain == "global"
        regions = linear_regions(network, ([-1, -2], [2, 1]))
        assert window.details["regions"] == len(regions)


def test_arcs_are_as_many_as_kac_and_rice_expect():
    # digest, section 3.6.6: arcs / (2 N L) was 1.002 on four networks of this size
    ratios = [
        exact_plane(sample_random_relu(2, 100, 4, rng=seed)).details["arcs"] / (2 * 100 * 4)
        for seed in range(4)
    ]
    assert np.mean(ratios) == pytest.approx(1.0, abs=0.06)


@pytest.mark.parametrize("width", [1, 5, 16])
def test_each_line_through_the_origin_makes_two_sectors(width):
    for seed in range(5):
        network = sample_random_relu(2, width, 1, rng=seed)
        assert exact_plane(network).details["arcs"] == 2 * width


def test_the_sweeps_own_cuts_count_where_a_neuron_has_its_kink_and_nowhere_else():
    across = ReluNetwork([[[0, 1], [1, 0]], [[1, 1]]])  # kinks on both axes
    tilted = ReluNetwork([[[1, 2], [-1, -2]], [[1, -1]]])  # relu(z) - relu(-z) = z
    deep = ReluNetwork([[[0, 1], [0, -1]], [[1, 0], [0, 1]], [[1, 2]]])
    flat = ReluNetwork([[[0, 0]], [[1]]])
    assert [exact_plane(f).details["arcs"] for f in (across, tilted, deep, flat)] == [4, 2, 2, 1]


def test_repeated_opposite_and_dead_neurons():
    W = [[1, 2], [2, 4], [-1, -2], [0, 0], [0.1, 0.3]]
    network = ReluNetwork([W, [[1, -1, 0.5, 3, 2]]])
    truth = np.linalg.norm(gradients_around(network)[:, 0], axis=1).max()
    assert exact_plane(network).value == pytest.approx(truth, rel=1e-12)
    assert exact_plane(network).details["arcs"] == 4  # two lines through the origin


def test_opposite_neurons_whose_rows_round_apart():
    rng = np.random.default_rng(0)
    W = rng.normal(size=(4, 2))
    scales = rng.uniform(1, 2, size=(4, 1))
    # relu(z) - relu(-z) = z: with one pair each the network is linear, whatever the scales
    rows, readout = np.vstack([W, -scales * W]), np.hstack([np.ones(4), -1 / scales[:, 0]])
    network = ReluNetwork([rows, [readout]])
    truth = np.linalg.norm(W.sum(axis=0))
    assert exact_plane(network).value == pytest.approx(truth, rel=1e-12)
    assert exact_plane(network, box=(-1, 1)).value == pytest.approx(truth, rel=1e-12)


def test_the_witness_attains_the_value():
    for network, box in (
        (sample_random_relu(2, 20, 3, rng=1), None),
        (sample_random_relu(2, 20, 3, bias="normal", rng=1), ([-1, 0], [1, 3])),
    ):
        bound = exact_plane(network, box=box)
        assert np.linalg.norm(network.gradient(bound.witness)) == pytest.approx(bound.value)


def test_what_it_cannot_do_it_says():
    with pytest.raises(ValueError, match=r"got biases and no box.*box=\(lower, upper\)"):
        exact_plane(sample_random_relu(2, 4, 1, bias="normal", rng=0))
    with pytest.raises(ValueError, match=r"got 3 inputs, expected 2; network\.restrict"):
        exact_plane(sample_random_relu(3, 4, 1, rng=0))
    with pytest.raises(ValueError, match="norm pair: got l3 to l3 for 2 outputs"):
        exact_plane(ReluNetwork([np.eye(2), np.eye(2)]), 3)
