"""Lower answers in exact arithmetic, against rationals written another way."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import ascent, certify_lower, exact_plane
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.oracles import FLAT, IDENTITY, pair_norm_by_directions

SEEDS = st.integers(0, 10**6)


def rational_gradient(network, x):
    """The gradient of a network of one output, as Fractions, one number at a time."""
    hidden = [Fraction(float(t)) for t in x]
    columns = [[Fraction(int(i == j)) for j in range(len(x))] for i in range(len(x))]
    layers = list(zip(network.weights, network.biases, strict=True))
    for k, (W, b) in enumerate(layers):
        rows = [[Fraction(float(w)) for w in row] for row in W]
        z = [sum(w * h for w, h in zip(row, hidden, strict=True)) + Fraction(float(c))
             for row, c in zip(rows, b, strict=True)]  # fmt: skip
        J = [[sum(w * c[j] for w, c in zip(row, columns, strict=True)) for j in range(len(x))]
             for row in rows]  # fmt: skip
        if k == len(layers) - 1:
            return J[0]
        on = [value > 0 for value in z]
        hidden = [value if gate else Fraction(0) for value, gate in zip(z, on, strict=True)]
        columns = [row if gate else [Fraction(0)] * len(x) for row, gate in zip(J, on, strict=True)]
    return None


@given(SEEDS)
@settings(max_examples=40)
def test_rounded_down_by_at_most_a_digit(seed):
    network = some_network(seed)
    x = np.random.default_rng(seed).normal(size=network.input_dim)
    gradient = rational_gradient(network, x)
    sizes = [abs(g) for g in gradient]
    for p, exact in ((1, max(sizes)), (np.inf, sum(sizes))):
        value = Fraction(certify_lower(network, x, p).value)
        assert exact * (1 - Fraction(1, 2**52)) <= value <= exact
    square = sum(g * g for g in gradient)
    value = Fraction(certify_lower(network, x, 2).value)
    assert value * value <= square <= value * value * (1 + Fraction(1, 2**50))
    other = certify_lower(network, x, 1.5).value
    wanted = float(sum(float(g) ** 3 for g in sizes)) ** (1 / 3)
    assert other == pytest.approx(wanted, rel=1e-10)
    assert other <= wanted * (1 + 1e-15)


@pytest.mark.parametrize(("p", "q"), [(1, 1), (1, 2), (2, 2), (2, np.inf), (np.inf, np.inf)])
def test_several_outputs(p, q):
    for seed in range(5):
        rng = np.random.default_rng(seed)
        network = ReluNetwork([rng.normal(size=s) for s in ((6, 2), (5, 6), (3, 5))])
        x = rng.normal(size=2)
        norm = pair_norm_by_directions(network.gradient(x), p, q)
        assert certify_lower(network, x, p, q=q).value == pytest.approx(norm, rel=1e-6)


def test_what_it_says():
    network = sample_random_relu(2, 16, 3, rng=0)
    found = ascent(network)
    bound = certify_lower(network, found.witness)
    assert (bound.kind, bound.certified, bound.method) == ("lower", True, "certify_lower")
    assert bound.witness.tolist() == found.witness.tolist()
    assert bound.value == pytest.approx(1.6860890831, abs=5.1e-11)
    assert bound.value <= exact_plane(network).value * (1 + 1e-15)
    box = (np.minimum(found.witness, 0) - 1, np.maximum(found.witness, 0) + 1)
    assert certify_lower(network, found.witness, box=box).domain != "global"


def test_numbers_of_very_different_sizes():
    network = ReluNetwork([[[1e-300, 1e300]], [[1e-200]]])
    assert certify_lower(network, [1.0, 1e-290], 1).value == pytest.approx(1e100, rel=1e-15)
    tiny = ReluNetwork([[[5e-324]], [[1.0]]])
    assert certify_lower(tiny, [1.0], 1).value == 5e-324


def test_the_certified_value_knows_a_gate_that_rounding_does_not():
    # 0.1 + 0.2 - 0.3 is 5.6e-17 in floats added one by one, and 2.8e-17 in truth
    network = ReluNetwork([[[1.0, 1.0, -1.0]], [[1.0]]])
    assert certify_lower(network, [0.1, 0.2, 0.3], 1).value == 1
    other = network.with_readout([1.0])
    assert certify_lower(other, [-0.1, -0.2, -0.3], 1).value == 0


def test_a_neuron_that_nothing_feeds_is_no_kink():
    network = ReluNetwork([[[1.0], [0.0]], [[1.0, 0.0], [0.0, 1.0]], [[2.0, 5.0]]])
    assert certify_lower(network, [3.0]).value == 2


class TestBadInput:
    @pytest.mark.parametrize(("network", "x"), [(FLAT, 0.0), (FLAT, -10.0), (IDENTITY, 0.0)])
    def test_kink(self, network, x):
        with pytest.raises(ValueError, match="x: got a point at a kink"):
            certify_lower(network, [x])

    def test_box(self):
        with pytest.raises(ValueError, match="x: got a point outside the box"):
            certify_lower(IDENTITY, [2.0], box=(-1, 1))

    def test_shape(self):
        with pytest.raises(ValueError, match=r"x: got shape \(2,\), expected \(1,\)"):
            certify_lower(IDENTITY, [2.0, 1.0])
        with pytest.raises(ValueError, match="expected one point"):
            certify_lower(IDENTITY, [[2.0], [1.0]])
        with pytest.raises(ValueError, match="x: got NaN"):
            certify_lower(IDENTITY, [math.nan])

    def test_pair(self):
        network = ReluNetwork([np.eye(2), np.eye(2)])
        with pytest.raises(ValueError, match="norm pair: got l3 to l3 for 2 outputs"):
            certify_lower(network, [1.0, 2.0], 3)
