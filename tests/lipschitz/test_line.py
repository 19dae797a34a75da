"""The sweep along a line against rational arithmetic and against a dense grid of quotients."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import exact_line
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import integer_networks, slopes_on_line

QS = (1, 1.5, 2, np.inf)


@settings(max_examples=150)
@given(integer_networks(1, outputs=2, depth=3), st.sampled_from(QS))
def test_equals_rational_arithmetic_on_the_whole_line(network, q):
    truth = np.linalg.norm(slopes_on_line(network), ord=q, axis=1).max()
    assert exact_line(network, q=q).value == pytest.approx(truth, rel=1e-12, abs=1e-12)


@settings(max_examples=100)
@given(integer_networks(1, depth=3), st.integers(-4, 3), st.integers(1, 4))
def test_equals_rational_arithmetic_on_an_interval(network, lower, length):
    truth = np.abs(slopes_on_line(network, lower, lower + length)).max()
    bound = exact_line(network, box=(lower, lower + length))
    assert bound.value == pytest.approx(truth, rel=1e-12, abs=1e-12)
    assert lower <= bound.witness[0] <= lower + length


@pytest.mark.parametrize("seed", range(8))
def test_deep_networks_on_a_line_against_a_grid_of_quotients(seed):
    rng = np.random.default_rng(seed)
    deep = sample_random_relu(5, 12, 1 + seed % 4, bias="normal", rng=rng)
    line = deep.restrict(rng.normal(size=5), rng.normal(size=5))
    t = np.linspace(-3, 3, 200_001)
    quotients = np.abs(np.diff(line(t[:, None])) / np.diff(t))
    bound = exact_line(line, box=(-3, 3))
    assert quotients.max() == pytest.approx(bound.value, rel=1e-8)
    assert exact_line(line).value >= bound.value * (1 - 1e-12)


def test_the_witness_lies_in_a_piece_that_attains_the_value():
    network = sample_random_relu(1, 20, 3, bias="normal", rng=3)
    for box in (None, (0, 1), (-np.ones(1), [0.5])):
        bound = exact_line(network, box=box)
        assert abs(network.gradient(bound.witness)[0]) == pytest.approx(bound.value, rel=1e-12)


def test_pieces_are_counted_and_unbounded_ones_are_seen():
    ramp = ReluNetwork([[[1.0]], [[-2.0]]], [[-5.0], [0.0]])  # steep only beyond 5
    assert exact_line(ramp).details == {"pieces": 2, "dropped": 0}
    assert exact_line(ramp).value == 2
    assert exact_line(ramp, box=(0, 4)).value == 0
    mirrored = ReluNetwork([[[-1.0]], [[-2.0]]], [[-5.0], [0.0]])
    assert exact_line(mirrored).value == 2


def test_kinks_that_rounding_pulls_apart_are_one():
    # relu(x - 0.3) and relu(0.3 - x), the second with its kink at fl(3 * 0.1) = 0.3 + 5.6e-17:
    # between the two kinks both would be off, or on, and a slope of 0 or 2 would appear
    for tenth in (3 * 0.1, 0.3):
        bend = ReluNetwork([[[1.0], [-1.0]], [[1.0, -1.0]]], [[-0.3, tenth], [0.0]])
        bound = exact_line(bend)
        assert bound.value == 1
        assert bound.details["pieces"] == 2
    apart = ReluNetwork([[[1.0], [-1.0]], [[1.0, -1.0]]], [[-0.3, 0.3 + 1e-9], [0.0]])
    assert exact_line(apart).details["pieces"] == 3
    assert exact_line(apart).value == 2


def test_a_sliver_between_two_kinks_is_not_a_piece():
    spike = ReluNetwork([[[1e16], [1e16]], [[1.0, -1.0]]], [[-1e16, -1e16 - 2], [0.0]])
    bound = exact_line(spike)  # rises by 2 within 2e-16 of 1
    assert bound.details == {"pieces": 2, "dropped": 1}
    assert bound.value == 0


def test_affine_networks_have_one_piece():
    bound = exact_line(ReluNetwork([[[3.0], [-4.0]]]), 2)
    assert bound.value == 5
    assert bound.details["pieces"] == 1


def test_more_inputs_are_refused_with_a_way_out():
    with pytest.raises(ValueError, match=r"got 3 inputs, expected 1; network\.restrict"):
        exact_line(sample_random_relu(3, 4, 1, rng=0))
