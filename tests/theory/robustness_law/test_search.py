"""The search for steep points of the sphere, and the law of parameters for coin flips."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipkit.data import generic
from lipkit.networks import ReluNetwork, TwoLayerNetwork
from lipkit.theory.robustness_law import (
    cap_network,
    gradient_norms,
    gradient_search,
    isoperimetric_law,
    parametric_law,
    spectral_proxy,
    two_layer_law,
)


def random_network(d, k, seed):
    rng = np.random.default_rng(seed)
    return TwoLayerNetwork(rng.normal(size=(k, d)), rng.normal(size=k), rng.normal(size=k), "relu")


# -- the search ----------------------------------------------------------------------------------
@given(st.integers(2, 6), st.integers(1, 20), st.integers(0, 100))
def test_the_search_proves_what_it_says(d, k, seed):
    f = random_network(d, k, seed)
    X, _ = generic(5, d, rng=seed)
    found = gradient_search(f, X, rng=seed, rounds=3, points=50)
    assert found.kind == "lower"
    assert np.linalg.norm(found.witness) == pytest.approx(1)
    assert found.value == pytest.approx(gradient_norms(f, found.witness[None])[0])
    assert found.details["random"] <= found.value <= spectral_proxy(f.W, f.a).value * (1 + 1e-9)
    near = found.witness + 1e-7 * np.random.default_rng(0).normal(size=(20, d))
    near /= np.linalg.norm(near, axis=1, keepdims=True)
    slopes = np.abs(f(near) - f(found.witness)) / np.linalg.norm(near - found.witness, axis=1)
    assert (slopes <= found.value * (1 + 1e-3)).all()


def test_it_finds_the_rim_of_a_cap_that_random_points_miss():
    X, y = generic(20, 60, rng=0)
    found = gradient_search(cap_network(X, y, 0.8), X, rng=1)  # not the numbers X is made of
    assert found.details["random"] == 0
    assert 2.5 < found.value <= math.sqrt(1.8 / 0.2) + 1e-9


def test_it_finds_the_steepest_arc_of_a_circle():
    for seed in range(10):
        f = random_network(2, 15, seed)
        turns = np.linspace(0, 2 * np.pi, 100_000)
        best = gradient_norms(f, np.stack([np.cos(turns), np.sin(turns)], axis=1)).max()
        found = gradient_search(f, generic(10, 2, rng=seed).X, rng=0)
        assert found.value == pytest.approx(best, rel=0.01)


def test_the_search_repeats():
    f, X = random_network(8, 30, 0), generic(10, 8, rng=1).X
    once, again = gradient_search(f, X, rng=5), gradient_search(f, X, rng=5)
    assert once.value == again.value
    more = gradient_search(f, X, rng=5, rounds=0)
    assert more.value == more.details["start"] <= once.value


def test_the_search_refuses_bad_input():
    f, X = random_network(3, 4, 0), np.eye(3)
    with pytest.raises(TypeError, match="TwoLayerNetwork"):
        gradient_search(ReluNetwork([np.eye(3), np.ones((1, 3))]), X, rng=0)
    with pytest.raises(ValueError, match="dimensions"):
        gradient_search(f, np.eye(2), rng=0)
    with pytest.raises(ValueError, match="origin"):
        gradient_search(f, np.zeros((1, 3)), rng=0)
    with pytest.raises(ValueError, match="points"):
        gradient_search(f, X, rng=0, points=0)


# -- the law of parameters -----------------------------------------------------------------------
@pytest.mark.parametrize(("k", "A", "B"), [(1, 1.0, 1.0), (10, 10.0, 10.0), (300, 1e4, 2.0)])
def test_two_layers_are_a_class_of_parameters(k, A, B):
    n, d = 10**6, 100
    rho = math.sqrt(k * (A**2 + 2 * B**2))
    J = math.sqrt(k * (4 * B**2 + 2 * A**2))
    general = parametric_law(n, d, k * (d + 2), W=2 * rho, J=J).value
    special = two_layer_law(n, d, k, A, B).value
    assert 0.9 * special < general <= special  # Jung's radius is larger than the ball's own


def test_it_is_the_law_of_a_list_at_three_quarters_of_the_margin():
    n, d, p, W, J, gamma = 10**5, 200, 40, 3.0, 5.0, 0.6
    log_net = p * math.log(1 + 4 * math.sqrt(2) * W * J / gamma)
    law = parametric_law(n, d, p, W, J, gamma=gamma, c=1.1)
    assert law.details["log_net"] == pytest.approx(log_net)
    assert law.value == pytest.approx(isoperimetric_law(n, d, log_net, 0.75 * gamma, c=1.1).value)


def test_a_net_of_that_size_exists():
    rng = np.random.default_rng(0)
    side, step = 1.0, 0.5  # a square of diameter sqrt 2, greedily separated by more than 1/2
    net = []
    for point in rng.uniform(0, side, size=(20_000, 2)):
        if all(np.linalg.norm(point - other) > step for other in net):
            net.append(point)
    gamma, J = 4 * step, 1.0  # eta / J = gamma / (4 J)
    assert len(net) <= (1 + 4 * math.sqrt(2) * math.sqrt(2) * side * J / gamma) ** 2


@pytest.mark.parametrize(
    ("options", "match"),
    [({"gamma": 1.5}, "gamma"), ({"W": 0}, "W"), ({"J": -1}, "J"), ({"delta": 1}, "delta")],
)
def test_the_law_of_parameters_refuses(options, match):
    with pytest.raises(ValueError, match=match):
        parametric_law(10**6, 100, 10, **options)


def test_too_few_points_are_named():
    with pytest.raises(ValueError, match="lopsided"):
        parametric_law(10, 100, 10)
