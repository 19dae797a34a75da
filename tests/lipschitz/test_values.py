"""The table of test networks in the digest, to all its printed digits, and the pitfalls."""

import math

import numpy as np
import pytest

from lipkit.lipschitz import ascent, autolip, exact_line, exact_plane, sampling
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import FLAT, IDENTITY, TINY

S1, S3 = (sample_random_relu(2, 16, depth, rng=0) for depth in (1, 3))

EXACT = [
    (TINY, (2.5, math.sqrt(8.5), 4.0), 1e-12),
    (S1, (2.0323725909, 2.2627035173, 3.1749187631), 5.1e-11),
    (S3, (1.4113337387, 1.6860890831, 2.3338484941), 5.1e-11),
]
# AutoLip of S1 for p = inf is printed as 11.8967663026; the digits 11.8967661026 are recomputed
# in rational arithmetic.
PRODUCT = [
    (TINY, (6.0, 2.5 * math.sqrt(3), 9.0), (1e-12,) * 3),
    (S1, (8.5715125348, 5.7050503523, 11.8967661026), (5.1e-11,) * 3),
    (S3, (330.0864371, 34.3168653718, 341.2546742), (5.1e-8, 5.1e-11, 5.1e-8)),
]
NORMS = (1, 2, np.inf)


@pytest.mark.parametrize(("network", "values", "digits"), EXACT)
def test_exact_plane_has_the_digest_s_values(network, values, digits):
    for p, value in zip(NORMS, values, strict=True):
        bound = exact_plane(network, p)
        assert bound.kind == "exact"
        assert bound.value == pytest.approx(value, rel=0, abs=digits)


@pytest.mark.parametrize(("network", "values", "digits"), EXACT)
def test_ascent_reaches_them_from_below(network, values, digits):
    for p, value in zip(NORMS, values, strict=True):
        assert ascent(network, p).value == pytest.approx(value, rel=0, abs=digits)


@pytest.mark.parametrize(("network", "values", "digits"), PRODUCT)
def test_autolip_has_the_digest_s_values(network, values, digits):
    for p, value, precision in zip(NORMS, values, digits, strict=True):
        assert autolip(network, p).value == pytest.approx(value, rel=0, abs=precision)


def test_exact_values_with_biases_on_the_line():  # digest, section 5.3
    network = sample_random_relu(1, 16, 1, bias="normal", rng=0)
    assert exact_line(network).value == pytest.approx(1.9083167719, abs=5.1e-11)
    free = exact_line(network.without_biases()).value
    assert free == pytest.approx(1.9049265448, abs=5.1e-11)
    assert ascent(network).value == pytest.approx(1.9083167719, abs=5.1e-11)


def test_exact_values_with_biases_in_the_plane():  # the window reaches beyond all vertices
    network = sample_random_relu(2, 16, 1, bias="normal", rng=0)
    # the digest prints ...674 for p = 1; the gradient in rationals is 1.72393236733
    for p, value in zip(NORMS, (1.7239323673, 1.8574859358, 2.4195933081), strict=True):
        bound = exact_plane(network, p, box=(-1e4, 1e4))
        assert bound.value == pytest.approx(value, abs=5.1e-11)
        assert bound.details == {"regions": 137, "dropped": 0}
        assert value + 5.1e-11 >= ascent(network, p).value >= 0.95 * value
    free = exact_plane(network.without_biases()).value
    assert free == pytest.approx(1.3973881645, abs=1e-10)


# -- kinks: digest, section 6.1 --------------------------------------------------------------------
def test_a_formal_gradient_at_a_kink_is_not_believed():
    assert FLAT.gradient([0.0]).tolist() == [1.0]  # while the function is 0 everywhere
    assert IDENTITY.gradient([0.0]).tolist() == [0.0]  # while the function is x
    assert sampling(FLAT, points=[[0.0], [-10.0]]).value == 0
    assert sampling(FLAT, points=[[0.0], [-10.0]]).witness is None
    assert sampling(IDENTITY, points=[[0.0], [0.5]]).witness.tolist() == [0.5]


@pytest.mark.parametrize(("network", "truth"), [(FLAT, 0.0), (IDENTITY, 1.0)])
def test_every_method_gets_the_kinked_functions_right(network, truth):
    assert exact_line(network).value == truth
    assert exact_line(network, box=(-1, 1)).value == truth
    assert exact_line(network, box=(0, 1)).value == truth
    assert ascent(network).value == truth
    assert sampling(network).value == truth
    assert sampling(network, slopes="quotients").value == pytest.approx(truth, abs=1e-12)
    assert sampling(network, slopes="quotients").value <= truth
    assert autolip(network).value >= truth


def test_a_gate_that_opens_only_by_rounding_outside_the_box_does_not_count():
    # relu(3 x - 0.3) on [0, 0.1] is 0, but 3 * 0.1 - 0.3 = 5.6e-17 in floating point
    hinge = ReluNetwork([[[3.0]], [[1.0]]], [[-0.3], [0]])
    assert hinge.gradient([0.1]).tolist() == [3.0]
    assert sampling(hinge, points=[[0.1], [0.05]]).value == 0
    assert ascent(hinge, box=(0, 0.1)).value == 0
    assert exact_line(hinge, box=(0, 0.1)).value == 0
    assert exact_line(hinge, box=(0, 0.11)).value == 3


def test_a_neuron_that_nothing_feeds_hides_no_gradient():
    # the second hidden neuron has no weights, the second layer only a dead input: z = 0 for good
    network = ReluNetwork([[[1.0], [0.0]], [[1.0, 0.0], [0.0, 1.0]], [[2.0, 5.0]]])
    assert sampling(network, points=[[3.0]]).value == 2
    assert exact_line(network).value == 2


@pytest.mark.parametrize("weight", [1.0, 1e12])
def test_a_sliver_too_thin_to_resolve_makes_the_answer_a_lower_one(weight):
    edge = ReluNetwork([[[1.0], [1.0]], [[weight, -weight]]], [[-1.0, -1.0 - 1e-12], [0.0]])
    on_line = exact_line(edge)
    assert on_line.kind == "lower"
    assert on_line.details["dropped"] > 0
    wall = ReluNetwork([[[1.0, 0.0]] * 2, edge.weights[1]], edge.biases)
    in_window = exact_plane(wall, box=([0.0, 0.0], [2.0, 2.0]))
    assert in_window.kind == "lower"
    assert in_window.details["dropped"] > 0


def test_a_thin_sliver_that_can_be_resolved_is_exact():
    edge = ReluNetwork([[[1.0], [1.0]], [[1.0, -1.0]]], [[-1.0, -1.0 - 1e-9], [0.0]])
    assert exact_line(edge).kind == "exact"
    assert exact_line(edge) == 1
    wall = ReluNetwork([[[1.0, 0.0]] * 2, edge.weights[1]], edge.biases)
    in_window = exact_plane(wall, box=([0.0, 0.0], [2.0, 2.0]))
    assert in_window.kind == "exact"
    assert in_window == 1


def test_repeated_and_mirrored_neurons_leave_the_answer_exact():
    f = ReluNetwork([[[1.0], [1.0], [-1.0], [3.0]], [[1.0, 2.0, -1.0, 1.0]]], [[1, 1, -1, 3], [0]])
    assert exact_line(f).kind == "exact"
