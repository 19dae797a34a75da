"""What must hold of every method: order, scaling, and the symmetries of a network."""

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.bound import Bracket
from lipkit.lipschitz import METHODS, ascent, autolip, exact_line, exact_plane, sampling
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import integer_networks

FEW = {"n": 40, "starts": 3, "steps": 8, "walks": 1}
NORMS = st.sampled_from((1, 1.5, 2, np.inf))
SEEDS = st.integers(0, 10**6)


def answers(network, p, box=None):
    """Every method that takes this network, by name."""
    exact = exact_line if network.input_dim == 1 else exact_plane
    return {
        "sampling": sampling(network, p, box=box, n=FEW["n"]).value,
        "ascent": ascent(network, p, box=box, **FEW).value,
        "exact": exact(network, p, box=box).value,
        "autolip": autolip(network, p, box=box).value,
    }


def same(left, right, factor=1.0, but=()):
    for name in left.keys() - set(but):
        assert right[name] == pytest.approx(factor * left[name], rel=1e-9, abs=1e-12), name


@settings(max_examples=40)
@given(SEEDS, NORMS, st.integers(1, 3), st.booleans())
def test_lower_exact_upper_stand_in_order(seed, p, depth, biased):
    bias = "normal" if biased else "zero"
    network = sample_random_relu(2, 6, depth, bias=bias, rng=seed)
    found = answers(network, p, (-1, 1) if biased else None)
    values = [found[name] for name in ("sampling", "ascent", "exact", "autolip")]
    assert all(a <= b * (1 + 1e-9) for a, b in pairwise(values))


@settings(max_examples=30)
@given(integer_networks(2, biases=False), NORMS)
def test_order_of_degenerate_networks(network, p):
    found = answers(network, p)
    values = [found[name] for name in ("sampling", "ascent", "exact", "autolip")]
    assert all(a <= b * (1 + 1e-9) for a, b in pairwise(values))


@settings(max_examples=15)
@given(SEEDS, st.integers(0, 2), st.sampled_from((1e-3, 0.7, 40.0)))
def test_a_layer_scaled_scales_every_answer(seed, layer, factor):
    network = sample_random_relu(2, 6, 2, rng=seed)
    weights = list(network.weights)
    weights[layer] = factor * weights[layer]
    same(answers(network, 2), answers(ReluNetwork(weights), 2), factor)


@settings(max_examples=15)
@given(SEEDS)
def test_the_last_layer_scaled_with_biases_in_a_box(seed):
    network = sample_random_relu(2, 6, 2, bias="normal", rng=seed)
    same(answers(network, 2, (-1, 1)), answers(network.with_readout([-3.0]), 2, (-1, 1)), 3)


@settings(max_examples=15)
@given(SEEDS, st.integers(0, 1))
def test_neurons_may_be_permuted(seed, layer):
    network = sample_random_relu(2, 7, 2, bias="normal", rng=seed)
    order = np.random.default_rng(seed).permutation(7)
    weights, biases = list(network.weights), list(network.biases)
    weights[layer], biases[layer] = weights[layer][order], biases[layer][order]
    weights[layer + 1] = weights[layer + 1][:, order]
    same(answers(network, 1, (-2, 2)), answers(ReluNetwork(weights, biases), 1, (-2, 2)))


@settings(max_examples=15)
@given(SEEDS)
def test_a_neuron_may_be_rescaled_but_the_product_bound_sees_it(seed):
    network = sample_random_relu(2, 6, 1, bias="normal", rng=seed)
    (W, a), (b, _) = network.weights, network.biases
    c = np.array([1.0, 2.0, 0.25, 8.0, 1.0, 0.5])
    other = ReluNetwork([c[:, None] * W, a / c], [c * b, [0]])
    box = (-1, 1)
    for p in (1, 2, np.inf):
        exact = exact_plane(network, p, box=box).value
        assert exact_plane(other, p, box=box).value == pytest.approx(exact, rel=1e-9)
        assert autolip(other, p).value >= exact * (1 - 1e-9)


@settings(max_examples=15)
@given(SEEDS, st.tuples(st.floats(-5, 5), st.floats(-5, 5)))
def test_a_translation_moves_the_box_and_the_answers_with_it(seed, shift):
    network = sample_random_relu(2, 6, 2, bias="normal", rng=seed)
    moved = network.restrict(np.eye(2), -np.array(shift))  # x -> f(x - shift)
    here, there = (-np.ones(2), np.ones(2)), (np.array(shift) - 1, np.array(shift) + 1)
    same(answers(network, 2, here), answers(moved, 2, there), but=("ascent", "sampling"))


def test_global_constants_on_the_line_do_not_see_a_translation():
    network = sample_random_relu(1, 10, 2, bias="normal", rng=0)
    moved = network.restrict([[1.0]], [1000.0])
    assert exact_line(moved).value == pytest.approx(exact_line(network).value, rel=1e-9)


@settings(max_examples=15)
@given(SEEDS, NORMS)
def test_biases_do_not_decrease_the_constant(seed, p):  # digest, Theorem C
    network = sample_random_relu(1, 8, 3, bias="normal", rng=seed)
    free = exact_line(network.without_biases(), p).value
    assert exact_line(network, p).value >= free * (1 - 1e-12)


@settings(max_examples=15)
@given(SEEDS)
def test_a_larger_window_holds_a_larger_constant(seed):
    network = sample_random_relu(2, 8, 2, bias="normal", rng=seed)
    sizes = (0.1, 0.5, 1.0, 4.0)
    values = [exact_plane(network, box=(-s, s)).value for s in sizes]
    assert values == sorted(values) or np.diff(values).min() > -1e-12


def test_a_line_through_a_plane_is_no_steeper_than_the_plane():
    network = sample_random_relu(2, 10, 2, rng=0)
    whole = exact_plane(network).value
    found = []
    for angle in np.linspace(0, np.pi, 50, endpoint=False):
        u = np.array([np.cos(angle), np.sin(angle)])
        found.append(exact_line(network.restrict(u, 0.1 * u[::-1] * [1, -1])).value)
    assert 0.9 * whole < max(found) <= whole * (1 + 1e-12)


KINDS = {
    "autolip": "upper",
    "eclipse_fast": "upper",
    "interval": "upper",
    "exact_line": "exact",
    "exact_plane": "exact",
    "crown": "upper",
    "sampling": "lower",
    "seqlip_greedy": "estimate",
    "ascent": "lower",
    "lipsdp": "upper",
    "seqlip": "upper",
    "exact_shallow": "exact",
    "branch_and_bound": "exact",
    "mip_shallow": "exact",
}


def test_methods_answer_to_one_signature_and_bracket():
    network = sample_random_relu(2, 8, 1, rng=0)
    line = network.restrict([1, 0])
    assert list(METHODS) == list(KINDS)
    bounds = {}
    for name, method in METHODS.items():
        p = 1 if name == "mip_shallow" else 2
        given = line if name == "exact_line" else network
        bounds[name] = method(given, p, q=None, box=None, rng=0)
    assert {name: bound.kind for name, bound in bounds.items()} == KINDS
    for name, bound in bounds.items():
        assert bound.method == name
        assert bound.quantity == "Lipschitz constant of a network"
        assert bound.source
    for name in ("autolip", "lipsdp", "crown", "seqlip"):
        assert Bracket(bounds["ascent"], bounds[name]).contains(bounds["exact_plane"].value)


@pytest.mark.parametrize("name", METHODS)
def test_every_method_keeps_the_box_it_was_given(name):
    network = sample_random_relu(2, 6, 1, rng=0)
    network = network.restrict([1.0, 0.5]) if name == "exact_line" else network
    box = (-np.ones(network.input_dim), np.linspace(1, 2, network.input_dim))
    bound = METHODS[name](network, 1 if name == "mip_shallow" else 2, box=box)
    assert [side.tolist() for side in bound.domain] == [side.tolist() for side in box]
    if isinstance(bound.witness, np.ndarray):
        assert ((box[0] <= bound.witness) & (bound.witness <= box[1])).all()


@pytest.mark.parametrize("name", METHODS)
def test_every_method_answers_the_same_twice_and_leaves_the_network_alone(name):
    network = sample_random_relu(1 if name == "exact_line" else 2, 6, 1, rng=0)
    before = [W.copy() for W in network.weights]
    p = 1 if name == "mip_shallow" else 2
    first, again = (METHODS[name](network, p, rng=4) for _ in range(2))
    assert first == again
    assert all((old == W).all() for W, old in zip(network.weights, before, strict=True))
