"""What was looked at, what came of it, and that it stays below the truth."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import exact_line, exact_plane, sampling
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import integer_networks

BOX = (np.array([-1.0, 0.5]), np.array([0.5, 2.0]))


@pytest.mark.parametrize("slopes", ["gradients", "quotients"])
@given(st.integers(0, 10**6), st.sampled_from([(1, 1), (2, 2), (np.inf, np.inf), (1, np.inf)]))
@settings(max_examples=20)
def test_below_the_exact_answer_with_a_witness_that_shows_it(slopes, seed, pair):
    rng = np.random.default_rng(seed)
    network = ReluNetwork([rng.normal(size=s) for s in ((6, 2), (5, 6), (2, 5))])
    p, q = pair
    for box in (None, BOX):
        bound = sampling(network, p, q=q, box=box, rng=seed, n=60, slopes=slopes)
        assert bound.kind == "lower"
        assert bound.norm == (p, q)
        assert bound.value <= exact_plane(network, p, q=q, box=box).value * (1 + 1e-12)
        if slopes == "quotients":
            x, y = bound.witness
            rise = np.linalg.norm(network(x) - network(y), ord=q)
            assert rise / np.linalg.norm(x - y, ord=p) == pytest.approx(bound.value, rel=1e-10)
        inside = np.atleast_2d(bound.witness)
        assert box is None or ((box[0] <= inside) & (inside <= box[1])).all()


@settings(max_examples=60)
@given(integer_networks(1, depth=3), st.sampled_from(["gradients", "quotients"]))
def test_never_above_the_exact_constant_of_degenerate_networks(network, slopes):
    assert sampling(network, slopes=slopes, n=100).value <= exact_line(network).value * (1 + 1e-12)
    points = np.arange(-6.0, 7.0)[:, None] / 2  # many of them on kinks
    bound = sampling(network, slopes=slopes, points=points)
    assert bound.value <= exact_line(network).value * (1 + 1e-12)


def test_many_points_find_the_constant_of_one_variable():
    for seed in range(5):
        network = sample_random_relu(1, 10, 2, bias="normal", rng=seed)
        exact = exact_line(network).value
        assert sampling(network, n=20_000).value == pytest.approx(exact, rel=1e-12)


def test_the_steepest_of_your_own_points():
    network = sample_random_relu(4, 12, 2, bias="normal", rng=0)
    X = np.random.default_rng(1).normal(size=(50, 4))
    bound = sampling(network, points=X)
    norms = np.linalg.norm(network.gradient(X), axis=1)
    assert bound.value == pytest.approx(norms.max(), rel=1e-14)
    assert (bound.witness == X[norms.argmax()]).all()
    assert bound.domain == "global"
    assert bound.details["points"] == 50


def test_quotients_of_your_own_points_take_all_pairs_or_n():
    network = sample_random_relu(4, 12, 2, bias="normal", rng=0)
    X = np.random.default_rng(1).normal(size=(30, 4))
    X[7] = X[3]  # a pair without a quotient
    f, i, j = network(X), *np.triu_indices(30, 1)
    runs = np.linalg.norm(X[i] - X[j], axis=1)
    truth = (np.abs(f[i] - f[j])[runs > 0] / runs[runs > 0]).max()
    bound = sampling(network, points=X, slopes="quotients")
    assert bound.value == pytest.approx(truth, rel=1e-10)
    assert bound.details == {"pairs": 435}
    some = sampling(network, points=X, slopes="quotients", n=100)
    assert some.details == {"pairs": 100}
    assert some.value <= bound.value


def test_quotients_take_any_norm_pair_of_several_outputs():
    network = ReluNetwork([np.eye(3), np.eye(3)])
    bound = sampling(network, 4, q=3, slopes="quotients")
    assert 0 < bound.value <= 3 ** (1 / 3 - 1 / 4)  # of the identity from l4 to l3
    with pytest.raises(ValueError, match="norm pair: got l4 to l3"):
        sampling(network, 4, q=3)


def test_without_biases_the_radius_is_that_of_the_sphere():
    network = sample_random_relu(9, 12, 1, rng=0)
    assert np.linalg.norm(sampling(network).witness) == pytest.approx(3)


@pytest.mark.parametrize("size", [1e-6, 1.0, 1e6])
def test_points_are_drawn_where_the_kinks_are(size):
    # relu(x - size) rises only beyond its kink, and so does its mirror image
    network = ReluNetwork([[[1.0], [-1.0]], [[1.0, 1.0]]], [[-size, -size], [0]])
    assert sampling(network, n=40).value == 1
    assert sampling(network, n=40, slopes="quotients").value > 0.5
    bump = ReluNetwork([[[1.0], [1.0], [1.0]], [[1.0, -2.0, 1.0]]], [[size, 0, -size], [0]])
    assert sampling(bump, n=400).value == 1  # flat beyond its kinks


def test_seeds_repeat_and_differ():
    network = sample_random_relu(6, 30, 2, rng=0)
    first, again, other = (sampling(network, n=20, rng=s).value for s in (1, 1, 2))
    assert first == again != other
    generator = np.random.default_rng(1)
    assert sampling(network, n=20, rng=generator).value == first
    assert sampling(network, n=20, rng=generator).value != first


def test_bad_input():
    network = sample_random_relu(2, 4, 1, rng=0)
    with pytest.raises(ValueError, match="slopes: got 'secants', expected one of 'gradients'"):
        sampling(network, slopes="secants")
    with pytest.raises(ValueError, match="n: got 0, expected at least 1"):
        sampling(network, n=0)
    with pytest.raises(ValueError, match=r"points: got shape \(3,\)"):
        sampling(network, points=[1.0, 2.0, 3.0])
    with pytest.raises(ValueError, match="points: got 1 of 2 outside the box"):
        sampling(network, box=(0, 1), points=[[0.5, 0.5], [0.5, 1.5]])
    with pytest.raises(ValueError, match="points: got one, expected at least two"):
        sampling(network, points=[[0.5, 0.5]], slopes="quotients")
    with pytest.raises(ValueError, match="points: got none"):
        sampling(network, points=np.empty((0, 2)))
    with pytest.raises(TypeError, match="rng: got None"):
        sampling(network, rng=None)


def test_rounding_is_no_slope():
    # relu(3 - 3 relu(x) - 3 relu(1 - x)) is 0 everywhere, and a few 1e-16 in floating point
    flat = ReluNetwork([[[1], [-1]], [[-3, -3]], [[1]]], [[0, 1], [3], [0]])
    X = np.linspace(0.0, 1.0, 101)[:, None]
    assert flat(X).max() > 0
    assert exact_line(flat).value == 0
    assert sampling(flat, slopes="quotients", box=(0, 1)).value == 0
    assert sampling(flat, slopes="quotients", points=X).value == 0
    assert sampling(flat, points=X).value == 0
