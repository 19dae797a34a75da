"""The product bound: its factors, its norm pairs, and its certificate."""

import math
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipkit.lipschitz import ascent, autolip
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import gradients_around, pair_norm_by_directions

PS = (1, 1.5, 2, 4, np.inf)
WEIGHTS = [np.random.default_rng(0).normal(size=s) for s in ((5, 2), (6, 5), (3, 6))]


def test_the_product_of_the_layers_norms_and_the_pair_of_the_last():
    network = ReluNetwork(WEIGHTS)
    hidden = [np.linalg.norm(W, 2) for W in WEIGHTS[:2]]
    rows = np.linalg.norm(WEIGHTS[2], axis=1).max()
    bound = autolip(network, 2, q=np.inf)
    assert bound.value == pytest.approx(math.prod(hidden) * rows, rel=1e-14)
    assert bound.details["factors"] == pytest.approx([*hidden, rows])
    assert (bound.kind, bound.norm, bound.domain) == ("upper", (2, np.inf), "global")
    columns = [np.abs(W).sum(axis=0).max() for W in WEIGHTS[:2]]
    spread = np.linalg.norm(WEIGHTS[2], axis=0).max()
    assert autolip(network, 1, q=2).value == pytest.approx(math.prod(columns) * spread)


@pytest.mark.parametrize("p", PS)
@pytest.mark.parametrize("q", PS)
@pytest.mark.parametrize("certified", [False, True])
def test_an_upper_bound_in_every_norm_pair(p, q, certified):
    network = ReluNetwork(WEIGHTS)
    truth = max(pair_norm_by_directions(J, p, q, 2001) for J in gradients_around(network))
    bound = autolip(network, p, q=q, certified=certified)
    assert bound.value >= truth
    assert bound.certified == certified
    linear = ReluNetwork([WEIGHTS[2] @ WEIGHTS[1] @ WEIGHTS[0]])
    slope = pair_norm_by_directions(linear.weights[0], p, q)
    # one layer: the bound is at most the square root of both dimensions too large
    assert slope * (1 - 1e-6) <= autolip(linear, p, q=q).value <= slope * math.sqrt(6)


@pytest.mark.parametrize("p", PS)
def test_one_output_takes_the_dual_norm_whatever_q(p):
    network = sample_random_relu(3, 6, 2, rng=0)
    plain = autolip(network, p)
    assert plain.norm == (p, p)
    for q in PS:
        bound = autolip(network, p, q=q)
        assert bound.value == plain.value
        assert bound.norm == (p, q)


@given(st.integers(0, 10**6), st.sampled_from(PS))
def test_certified_is_never_below_the_exact_product(seed, p):
    rng = np.random.default_rng(seed)
    A, a = rng.normal(size=(3, 4)), rng.normal(size=3)
    bound = autolip(ReluNetwork([A, [a]]), p, certified=True)
    plain = autolip(ReluNetwork([A, [a]]), p)
    assert plain.value * (1 - 1e-14) <= bound.value <= plain.value * (1 + 1e-8)
    if p in (1, np.inf):
        sums = [sum(map(Fraction, np.abs(c))) for c in (A.T if p == 1 else A)]
        last = max(map(Fraction, np.abs(a))) if p == 1 else sum(map(Fraction, np.abs(a)))
        assert Fraction(bound.value) >= max(sums) * last
    if p == 2:
        assert Fraction(bound.details["factors"][1]) ** 2 >= sum(Fraction(x) ** 2 for x in a)


def test_a_box_changes_the_domain_and_not_the_number():
    network = sample_random_relu(2, 6, 2, bias="normal", rng=0)
    bound = autolip(network, box=(-1, 1))
    assert bound.value == autolip(network).value
    assert [side.tolist() for side in bound.domain] == [[-1, -1], [1, 1]]
    assert ascent(network, box=(-1, 1)).subject == bound.subject


def test_power_iteration_would_be_too_small():
    # the second singular vector is the obvious start, and a power iteration stays on it
    network = ReluNetwork([np.diag([1.0, 3.0]), [[1.0, 1.0]]])
    assert autolip(network).value == pytest.approx(3 * math.sqrt(2), rel=1e-14)


def test_spectral_norms_under_an_l1_readout_would_be_too_small():  # digest, section 6.2
    # with both neurons on the gradient is (2, 0): 2 in l1, where the norms are 2 and max |a| = 1
    network = ReluNetwork([[[1.0, 1.0], [1.0, -1.0]], [[1.0, 1.0]]])
    assert network.gradient([1.0, 0.0]).tolist() == [2, 0]
    assert np.linalg.norm(network.weights[0], 2) * np.abs(network.weights[1]).max() < 1.5
    assert autolip(network, 1).value == 2
