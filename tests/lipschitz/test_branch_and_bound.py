"""Branch and bound against exact answers, in a box and in all of space, and what it promises."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import (
    ascent,
    branch_and_bound,
    crown,
    exact_line,
    exact_plane,
    exact_shallow,
    interval,
    sampling,
)
from lipkit.lipschitz._branch_and_bound import _Search
from lipkit.lipschitz._homogeneous import homogenised, territory
from lipkit.lipschitz._part import contract
from lipkit.lipschitz._question import ask
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.oracles import FLAT, IDENTITY, TINY, integer_networks
from tests.lipschitz.shallow_oracle import constants

NORMS = (1, 2, np.inf)
SEEDS = st.integers(0, 10**6)


@pytest.mark.parametrize("p", NORMS)
def test_digest_networks_in_all_of_space(p):
    for network in (TINY, *(sample_random_relu(2, 16, depth, rng=0) for depth in (1, 3))):
        bound = branch_and_bound(network, p)
        assert bound.kind == "exact"
        assert bound.value == pytest.approx(exact_plane(network, p).value, rel=1e-8)
        assert bound.details["open"] == 0
        slope = sampling(network, p, points=[bound.witness]).value
        assert slope == pytest.approx(bound.value, rel=1e-12)
    biased = sample_random_relu(3, 10, 1, bias="normal", rng=0)
    value = dict(zip(NORMS, (3.0819311904, 3.2767504382, 4.8840123754), strict=True))[p]
    assert branch_and_bound(biased, p).value == pytest.approx(value, rel=1e-8)


@given(SEEDS, st.sampled_from(NORMS), st.integers(1, 3), st.booleans())
@settings(max_examples=25)
def test_in_a_window(seed, p, depth, he):
    network = some_network(seed, inputs=2, depth=depth, widest=6)
    if he:
        network = sample_random_relu(2, 6, depth, bias="normal", rng=seed)
    box = ([-1, -0.5], [0.5, 1])
    exact = exact_plane(network, p, box=box)
    bound = branch_and_bound(network, p, box=box, rng=seed)
    assert bound.kind == "exact"
    assert bound.value == pytest.approx(exact.value, rel=1e-8, abs=1e-12)
    assert (np.array(box[0]) <= bound.witness).all()
    assert (bound.witness <= np.array(box[1])).all()


@settings(max_examples=25)
@given(integer_networks(2, biases=False, most=4))
def test_crowded_integer_networks_in_the_plane(network):
    exact = exact_plane(network).value
    bound = branch_and_bound(network)
    assert bound.value == pytest.approx(exact, rel=1e-8, abs=1e-12)


@settings(max_examples=20)
@given(integer_networks(1, most=4))
def test_with_biases_on_the_whole_line(network):
    bound = branch_and_bound(network)
    assert bound.kind == "exact"
    assert bound.value == pytest.approx(exact_line(network).value, rel=1e-8, abs=1e-12)


@pytest.mark.parametrize("seed", range(12))
def test_one_hidden_layer_in_three_and_four_dimensions(seed):
    network = some_network(seed, depth=1, widest=6, inputs=3 + seed % 2)
    for p, value in zip(NORMS, constants(network)[0], strict=True):
        bound = branch_and_bound(network, p)
        assert bound.value == pytest.approx(value, rel=1e-8, abs=1e-12)
    he = sample_random_relu(3 + seed % 2, 9, 1, bias="normal" if seed % 3 else "zero", rng=seed)
    assert branch_and_bound(he).value == pytest.approx(exact_shallow(he).value, rel=1e-8)


def test_deep_networks_with_several_outputs():
    for seed in range(4):
        rng = np.random.default_rng(seed)
        network = ReluNetwork([rng.normal(size=s) for s in ((6, 2), (5, 6), (3, 5))])
        for p, q in ((1, 1), (2, 2), (2, np.inf), (np.inf, np.inf)):
            exact = exact_plane(network, p, q=q).value
            assert branch_and_bound(network, p, q=q).value == pytest.approx(exact, rel=1e-8)


def test_kinked_functions():  # digest, section 6.1
    for network, truth in ((FLAT, 0.0), (IDENTITY, 1.0)):
        for box in (None, (-1, 1), (0, 1)):
            assert branch_and_bound(network, box=box) == truth


def test_out_of_nodes_it_is_an_upper_bound_that_falls():
    network = sample_random_relu(3, 12, 2, rng=0)
    box = (np.array([0.2, -1, -1]), np.ones(3))
    found = [branch_and_bound(network, box=box, nodes=n) for n in (1, 5, 25, 800)]
    values = [bound.value for bound in found]
    assert [bound.kind for bound in found] == ["upper", "upper", "upper", "exact"]
    assert values == sorted(values, reverse=True)
    truth = values[-1]
    assert values[0] <= crown(network, box=box).value * (1 + 1e-12)
    for bound in found[:-1]:
        assert bound.details["at least"] <= truth * (1 + 1e-9)
        assert bound.details["open"] > 0
        slope = sampling(network, points=[bound.witness]).value
        assert slope == pytest.approx(bound.details["at least"], rel=1e-12)
    assert found[0].certified  # nothing was dropped yet
    assert not found[2].certified  # and later something was, by a linear program
    assert not found[3].certified


def test_a_slope_that_no_point_shows_is_not_certified():
    question = ask(sample_random_relu(3, 8, 2, rng=0), 2, None, None)
    search = _Search(question, territory(question), ascent(question.network))
    assert search.answer().certified
    search.closed = search.top  # of a decided part, in floating point
    assert (search.answer().kind, search.answer().certified) == ("upper", False)


def test_a_gap_stops_early():
    network = sample_random_relu(3, 16, 2, rng=0)
    exact = branch_and_bound(network)
    rough = branch_and_bound(network, gap=0.2)
    assert rough.details["nodes"] < exact.details["nodes"]
    assert exact.value <= rough.value * (1 + 1e-9)
    assert rough.value <= 1.2 * rough.details["at least"] * (1 + 1e-9)


def test_time_stops_it_too():
    network = sample_random_relu(6, 20, 3, rng=0)
    bound = branch_and_bound(network, time_limit=0.01)
    assert bound.kind == "upper"
    assert bound.value >= bound.details["at least"]


def test_the_same_twice():
    network = sample_random_relu(3, 10, 2, bias="normal", rng=0)
    first, again = (branch_and_bound(network, rng=3, nodes=50) for _ in range(2))
    assert first == again
    assert first.details == again.details


def test_many_inputs_are_one_box():
    network = sample_random_relu(40, 4, 1, rng=0)
    assert len(territory(ask(network, 2, None, None)).boxes) == 1
    bound = branch_and_bound(network)
    assert bound.value == pytest.approx(exact_shallow(network).value, rel=1e-8)


def test_homogenised_is_the_network_seen_from_tau():
    network = sample_random_relu(3, 5, 3, bias="normal", rng=0)
    wide = homogenised(network)
    assert wide.bias_free
    X = np.random.default_rng(0).normal(size=(20, 3))
    for tau in (1e-3, 1.0, 7.0):
        points = np.column_stack([tau * X, np.full(20, tau)])
        np.testing.assert_allclose(wide(points), tau * network(X), rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(wide.gradient(points)[:, :3], network.gradient(X), rtol=1e-9)


@given(SEEDS)
def test_contracting_a_box_loses_no_point(seed):
    rng = np.random.default_rng(seed)
    A = rng.normal(size=(3, 3))
    A /= np.linalg.norm(A, axis=1, keepdims=True)
    c = rng.normal(size=3)
    X = rng.uniform(-1, 1, size=(400, 3))
    inside = X[(X @ A.T + c >= 0).all(axis=1)]
    box = contract(A, c, -np.ones(3), np.ones(3))
    if box is None:
        assert len(inside) == 0
    else:
        assert (box[0] <= inside).all()
        assert (inside <= box[1]).all()
        assert (box[0] >= -1).all()
        assert (box[1] <= 1).all()


def test_a_box_around_the_origin_of_a_network_without_biases_sees_everything():
    network = sample_random_relu(3, 12, 2, rng=0)  # digest, section 3.6.2
    whole, window = branch_and_bound(network), branch_and_bound(network, box=(-0.3, 0.2))
    assert window.value == pytest.approx(whole.value, rel=1e-9)
    assert window.details["nodes"] < 1.5 * whole.details["nodes"]
    assert (np.abs(window.witness) <= 0.3).all()
    off = ([-0.1, 0.2, -1], [1, 1, 1])
    X = np.random.default_rng(0).uniform(*off, size=(3000, 3))
    bound = branch_and_bound(network, box=off)
    assert np.linalg.norm(network.gradient(X), axis=1).max() <= bound.value * (1 + 1e-9)


def test_below_interval_and_above_sampling():
    for seed in range(6):
        network = some_network(seed, inputs=3, depth=2)
        box = (-np.ones(3), np.ones(3))
        bound = branch_and_bound(network, box=box, nodes=20)
        assert bound.value <= interval(network, box=box).value * (1 + 1e-12)
        assert sampling(network, box=box, n=200).value <= bound.value * (1 + 1e-9)


class TestBadInput:
    def test_nodes(self):
        with pytest.raises(ValueError, match="nodes: got 0, expected at least 1"):
            branch_and_bound(TINY, nodes=0)

    def test_gap(self):
        with pytest.raises(ValueError, match=r"gap: got -1.0, expected at least 0"):
            branch_and_bound(TINY, gap=-1)

    def test_time_limit(self):
        with pytest.raises(ValueError, match="time_limit: got -1"):
            branch_and_bound(TINY, time_limit=-1)

    def test_pair(self):
        with pytest.raises(ValueError, match="norm pair: got l3 to l3 for 2 outputs"):
            branch_and_bound(ReluNetwork([np.eye(2), np.eye(2)]), 3)
