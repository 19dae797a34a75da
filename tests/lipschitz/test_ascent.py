"""Ascent against exact answers, against sampling, and against its own promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import ascent, autolip, exact_line, exact_plane, sampling
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import TINY, gradients_around, integer_networks

NORMS = (1, 2, np.inf)


@pytest.mark.parametrize("p", NORMS)
def test_finds_the_constant_of_random_networks_of_two_inputs(p):
    for seed in range(16, 40):  # digest, section 4: N = 50, L = 1 and 3
        network = sample_random_relu(2, 50, 1 + 2 * (seed % 2), rng=seed)
        assert ascent(network, p).value == pytest.approx(exact_plane(network, p).value, rel=1e-9)


def test_annealing_alone_beats_sampling_where_there_is_room():
    for seed in range(3):
        network = sample_random_relu(32, 256, 1, rng=seed)
        climbed = ascent(network, walks=0, rng=seed, n=500).value
        assert climbed > 1.2 * sampling(network, rng=seed, n=500).value
        # digest, section 4.1: about 1.9 sqrt(d); a random point has about sqrt(d)
        assert 1.6 < climbed / np.sqrt(32) < 2.2


def test_p_1_works_coordinate_by_coordinate():
    # digest, section 4.1, d = 32: 7.15 is the median over 15 networks of width 8 d
    values = [ascent(sample_random_relu(32, 256, 1, rng=s), 1).value for s in range(5)]
    assert np.median(values) == pytest.approx(7.15, rel=0.2)


@given(
    st.integers(0, 10**6),
    st.sampled_from(NORMS),
    st.sampled_from(["zero", "normal"]),
    st.booleans(),
)
@settings(max_examples=25)
def test_never_below_sampling_and_the_same_twice(seed, p, bias, boxed):
    network = sample_random_relu(3, 8, 2, bias=bias, rng=seed)
    box = (-np.ones(3), np.array([0.5, 1, 2])) if boxed else None
    effort = {"starts": 4, "steps": 20, "walks": 1, "n": 50}
    bound = ascent(network, p, box=box, rng=seed, **effort)
    assert bound.value >= sampling(network, p, box=box, rng=seed, n=50).value * (1 - 1e-12)
    assert bound.value <= autolip(network, p).value * (1 + 1e-12)
    again = ascent(network, p, box=box, rng=np.random.default_rng(seed), **effort)
    assert again.value == bound.value
    assert (again.witness == bound.witness).all()
    # the value is the norm of the gradient at the witness
    dual = {1: np.inf, 2: 2, np.inf: 1}[p]
    gradient = network.gradient(bound.witness)
    assert np.linalg.norm(gradient, ord=dual) == pytest.approx(bound.value, rel=1e-12)
    if box is not None:
        assert ((box[0] <= bound.witness) & (bound.witness <= box[1])).all()


@settings(max_examples=40)
@given(integer_networks(1, depth=2))
def test_never_above_the_exact_constant_of_degenerate_networks(network):
    exact = exact_line(network).value
    assert ascent(network, n=50, steps=10).value <= exact * (1 + 1e-12)
    inside = exact_line(network, box=(-1, 2)).value
    assert ascent(network, box=(-1, 2), n=50, steps=10).value <= inside * (1 + 1e-12)


def test_biases_on_the_line_and_in_a_window():
    for seed in range(10):
        line = sample_random_relu(1, 20, 3, bias="normal", rng=seed)
        assert ascent(line).value == pytest.approx(exact_line(line).value, rel=1e-9)
        plane = sample_random_relu(2, 20, 2, bias="normal", rng=seed)
        box = (-0.5, 0.5)
        exact = exact_plane(plane, box=box).value
        assert exact * (1 + 1e-12) >= ascent(plane, box=box).value >= 0.97 * exact


def test_far_out_the_biases_do_not_matter():
    # near 0 every neuron is off; the steepest gradient is that of the network without biases,
    # in a cone so narrow that it reaches beyond the first kinks only far out
    wedge = ReluNetwork([[[1e-3, 1.0], [1e-3, -1.0]], [[1.0, 1.0]], [[1.0]]], [[-1, -1], [0], [0]])
    bound = ascent(wedge, rng=0)
    assert bound.value >= ascent(wedge.without_biases(), rng=0).value
    for seed in range(8):
        network = sample_random_relu(6, 20, 2, bias="normal", rng=seed)
        free = ascent(network.without_biases(), starts=8, walks=0).value
        assert ascent(network, starts=16, walks=0).value >= free * (1 - 1e-12)


PAIRS = [(1, 1), (1, 2), (2, 2), (2, np.inf), (np.inf, np.inf), (1.5, np.inf)]


@pytest.mark.parametrize(("p", "q"), PAIRS)
def test_several_outputs_in_every_pair(p, q):
    for seed in range(4):
        rng = np.random.default_rng(seed)
        network = ReluNetwork([rng.normal(size=s) for s in ((20, 2), (12, 20), (4, 12))])
        exact = exact_plane(network, p, q=q).value
        assert ascent(network, p, q=q).value == pytest.approx(exact, rel=1e-9)


def test_the_best_gradient_of_a_small_network_is_found_whatever_the_scale():
    for scale in (1e-6, 1.0, 1e6):
        network = ReluNetwork([scale * TINY.weights[0], TINY.weights[1]])
        truth = np.linalg.norm(gradients_around(network)[:, 0], axis=1).max()
        assert ascent(network).value == pytest.approx(truth, rel=1e-12)


def test_no_steps_and_no_walks_is_sampling():
    network = sample_random_relu(5, 20, 2, rng=0)
    bound = ascent(network, steps=0, walks=0, n=100)
    assert bound.value == sampling(network, n=100).value


def test_affine_and_dead_networks():
    assert ascent(ReluNetwork([[[3.0, -4.0]]])).value == 5
    dead = ReluNetwork([np.zeros((3, 2)), np.ones((1, 3))])
    assert ascent(dead).value == 0
    assert ascent(ReluNetwork(dead.weights, [[-1, 1, 0], [0]])).value == 0


@pytest.mark.parametrize("option", ["starts", "n"])
def test_sizes_below_one_are_refused(option):
    with pytest.raises(ValueError, match=f"{option}: got 0, expected at least 1"):
        ascent(sample_random_relu(2, 4, 1, rng=0), **{option: 0})
