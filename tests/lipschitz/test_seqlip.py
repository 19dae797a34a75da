"""SeqLip: brute force over all gates, its place in the order, and why greedy is an estimate."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import (
    autolip,
    exact_plane,
    exact_shallow,
    lipsdp,
    seqlip,
    seqlip_greedy,
)
from lipkit.lipschitz._subsets import climbing_subset_norm, largest_subset_norm, subset_sums
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.degenerate import some_network
from tests.lipschitz.oracles import TINY

SEEDS = st.integers(0, 10**6)


def brute_force(A, B):
    """The largest spectral norm of all 2**N matrices A diag(s) B."""
    sums = subset_sums(np.einsum("mn,nk->nmk", A, B))
    return np.linalg.norm(sums, ord=2, axis=(1, 2)).max()


def product_by_brute_force(weights):
    """SeqLip by its formula: singular bases and all gates of every layer."""
    U, s, V = zip(*(np.linalg.svd(W, full_matrices=False) for W in weights), strict=True)
    ends = (0, len(weights) - 1)
    roots = [s[k] if k in ends else np.sqrt(s[k]) for k in range(len(weights))]
    value = 1.0
    for k in range(len(weights) - 1):
        value *= brute_force(roots[k + 1][:, None] * V[k + 1], U[k] * roots[k])
    return value


def test_digest_values():
    assert seqlip(TINY).value == pytest.approx(math.sqrt(8.5), rel=1e-12)
    s1 = sample_random_relu(2, 16, 1, rng=0)
    assert seqlip(s1).value == pytest.approx(2.5487420965, abs=5.1e-11)
    assert seqlip(s1).kind == "upper"
    assert seqlip(s1).details["maximum"] == [True]


@pytest.mark.parametrize("outputs", [1, 3])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_the_formula_by_brute_force(depth, outputs):
    for seed in range(12):
        network = some_network(seed, depth=depth, outputs=outputs)
        wanted = product_by_brute_force(network.weights)
        assert seqlip(network).value == pytest.approx(wanted, rel=1e-9, abs=1e-12)


@given(SEEDS, st.integers(1, 9), st.integers(1, 4), st.integers(1, 4))
@settings(max_examples=60)
def test_branching_finds_the_maximum(seed, n, m, k):
    rng = np.random.default_rng(seed)
    A, B = rng.normal(size=(m, n)), rng.normal(size=(n, k))
    if seed % 3 == 0:
        A, B = np.round(A), np.round(B)
    wanted = brute_force(A, B)
    assert largest_subset_norm(A, B, 10**6)[0] == pytest.approx(wanted, rel=1e-9, abs=1e-12)
    climbed = climbing_subset_norm(A, B, np.random.default_rng(seed))
    assert climbed <= wanted * (1 + 1e-12)


def test_many_neurons_by_two_halves():
    # 22 neurons: all four million sums, as one of 2048 plus one of 2048
    for seed in range(3):
        network = sample_random_relu(6, 22, 1, rng=seed)
        V = network.weights[1].T * network.weights[0]
        first, second = subset_sums(V[:11]), subset_sums(V[11:])
        squares = np.sum(first**2, axis=1)[:, None] + np.sum(second**2, axis=1)
        longest = math.sqrt((squares + 2 * first @ second.T).max())
        assert seqlip(network).value == pytest.approx(longest, rel=1e-10)


def test_out_of_branches_it_is_still_an_upper_bound():
    network = sample_random_relu(5, 40, 1, rng=1)
    full = seqlip(network)
    assert full.details["maximum"] == [True]
    for branches in (1, 20, 60):
        short = seqlip(network, branches=branches)
        assert short.details["maximum"] == [False]
        assert full.value <= short.value <= lipsdp(network).value * (1 + 1e-4)


@given(SEEDS)
@settings(max_examples=25)
def test_its_place_for_one_hidden_layer(seed):  # digest, sections 4.5 and 5.14
    network = some_network(seed, depth=1, inputs=2)
    value = seqlip(network).value
    exact = exact_shallow(network).value
    above = lipsdp(network).value
    assert exact <= value * (1 + 1e-9)
    assert value <= above * (1 + 1e-9)
    assert above <= math.sqrt(math.pi / 2) * value * (1 + 1e-6) + 1e-12
    assert value <= autolip(network).value * (1 + 1e-9)


@given(SEEDS)
@settings(max_examples=20)
def test_never_below_the_constant_of_deep_networks(seed):
    network = some_network(seed - seed % 2, inputs=2)
    exact = exact_plane(network).value
    value = seqlip(network).value
    assert exact <= value * (1 + 1e-9)
    assert value <= autolip(network).value * (1 + 1e-9)


@given(SEEDS, st.integers(1, 8), st.integers(1, 3))
@settings(max_examples=25)
def test_a_convex_network_without_biases_has_that_constant(seed, n, d):  # digest, section 3.6.5
    rng = np.random.default_rng(seed)
    network = ReluNetwork([rng.normal(size=(n, d)), rng.uniform(0, 2, size=(1, n))])
    assert seqlip(network).value == pytest.approx(exact_shallow(network).value, rel=1e-9)


def test_greedy_is_an_estimate_and_can_be_below_the_constant():  # digest, section 6.6
    rows = [15, -7, -2, -9, 6, 3, -13, -2, -7, -1, -12, -4, -14, -12, 22, -5, -18, -13, 3, 2, -4]
    rows = np.reshape([*rows, -9, -17, -26], (8, 3)) / 10
    network = ReluNetwork([rows, np.ones((1, 8))])
    greedy, exact = seqlip_greedy(network), exact_shallow(network)
    assert greedy.kind == "estimate"
    assert greedy.value == pytest.approx(7.9075912894, abs=1e-10)
    assert exact.value == pytest.approx(7.9177016867, abs=1e-10)
    assert seqlip(network).value == pytest.approx(exact.value, rel=1e-10)


@given(SEEDS)
@settings(max_examples=20)
def test_greedy_is_never_above_the_maximum_and_repeats(seed):
    network = some_network(seed, outputs=1 + seed % 2)
    greedy = seqlip_greedy(network, rng=seed)
    assert greedy.value <= seqlip(network).value * (1 + 1e-9)
    assert greedy == seqlip_greedy(network, rng=np.random.default_rng(seed))


def test_scales_far_from_one():
    network = sample_random_relu(3, 6, 2, rng=0)
    plain = seqlip(network).value
    for factor in (1e-120, 1e120):
        weights = [factor * network.weights[0], *network.weights[1:]]
        assert seqlip(ReluNetwork(weights)).value == pytest.approx(factor * plain, rel=1e-9)
    tiny = [1e-200 * network.weights[0], 1e150 * network.weights[1], network.weights[2]]
    assert seqlip(ReluNetwork(tiny)).value == pytest.approx(1e-50 * plain, rel=1e-9)


def test_linear_and_dead():
    assert seqlip(ReluNetwork([[[3.0, 4.0], [0.0, 0.0]]])).value == pytest.approx(5)
    dead = ReluNetwork([[[1.0], [0.0]], [[0.0, 2.0]]])
    assert seqlip(dead).value == 0
    assert seqlip_greedy(dead).value == 0


@pytest.mark.parametrize("method", [seqlip, seqlip_greedy])
def test_other_norms_are_refused(method):
    network = sample_random_relu(2, 4, 1, rng=0)
    with pytest.raises(ValueError, match=r"got l1 to l1, expected p = 2.*works in l2"):
        method(network, 1)
    two = network.with_readout(np.ones((2, 1)))
    with pytest.raises(ValueError, match=r"got l2 to linf, expected p = 2 \(and q = 2"):
        method(two, 2, q=np.inf)
    assert method(network, 2, q=np.inf).norm == (2, np.inf)


def test_branches_must_be_a_count():
    with pytest.raises(ValueError, match="branches: got 0"):
        seqlip(TINY, branches=0)
