"""What is special without biases, digest 3.6, and how statements scale and grow."""

import math
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.lipschitz import exact_line, exact_plane, exact_shallow, interval, seqlip
from lipkit.networks import ReluNetwork, initialisation_factor, sample_random_relu
from lipkit.theory.random_relu import (
    deep_union_bound,
    fixed_point_lower_bound,
    log_patterns,
    lower_width_ratio,
    product_upper_bound,
    proved_gap,
    shallow_union_bound,
    upper_width_ratio,
)

TINY = ReluNetwork([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, -2, 1, 0.5]]])
NETWORKS = st.tuples(st.integers(1, 5), st.integers(1, 12), st.integers(1, 4), st.integers(0, 999))


# -- without biases ------------------------------------------------------------------------------
@given(NETWORKS, st.floats(0.01, 100))
@settings(max_examples=30)
def test_homogeneous_of_degree_one(sizes, t):
    d, width, depth, seed = sizes
    f = sample_random_relu(d, width, depth, rng=seed)
    x = np.random.default_rng(seed).normal(size=d)
    np.testing.assert_allclose(f(t * x), t * f(x), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(f.gradient(t * x), f.gradient(x), rtol=1e-9, atol=1e-12)
    assert f(x) == pytest.approx(f.gradient(x) @ x, abs=1e-9)  # Euler


def test_the_constant_of_any_ball_around_the_origin_is_the_global_one():
    """A point where the plane's constant is attained can be drawn to the origin."""
    f = sample_random_relu(2, 16, 3, rng=0)
    exact = exact_plane(f)
    near = 1e-6 * np.asarray(exact.witness)
    assert np.linalg.norm(f.gradient(near)) == pytest.approx(exact.value)
    assert exact.value == pytest.approx(1.6860890831, abs=5e-11)  # the digest's S3
    away = interval(f, box=(1000 * np.ones(2) - 0.01, 1000 * np.ones(2) + 0.01))
    assert away.value < exact.value  # and elsewhere a local constant is smaller


@pytest.mark.parametrize(("p", "constant"), [(1, 2.5), (2, math.sqrt(8.5)), (np.inf, 4.0)])
def test_values_on_the_sphere_stay_below_the_constant(p, constant):
    turns = np.linspace(0, 2 * np.pi, 4001)
    X = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    X /= np.linalg.norm(X, ord=p, axis=1, keepdims=True)
    largest = np.abs(TINY(X)).max()
    assert exact_plane(TINY, p).value == pytest.approx(constant)
    assert largest <= constant + 1e-12
    if p == 2:
        assert largest == pytest.approx(2.5, abs=1e-5)  # strictly below 2.9155


@given(st.integers(1, 5), st.integers(1, 12), st.integers(0, 999))
@settings(max_examples=20)
def test_opposite_gradients_add_up(d, width, seed):
    f = sample_random_relu(d, width, 1, rng=seed)
    x = np.random.default_rng(seed).normal(size=d)
    whole = f.weights[1] @ f.weights[0]
    np.testing.assert_allclose(f.gradient(x) + f.gradient(-x), whole[0], atol=1e-12)


@pytest.mark.parametrize("seed", range(5))
def test_positive_readouts_make_free_gates_exact(seed):
    f = sample_random_relu(3, 9, 1, rng=seed)
    positive = ReluNetwork([f.weights[0], np.abs(f.weights[1])])
    assert seqlip(positive).value == pytest.approx(exact_shallow(positive).value)
    assert seqlip(f).value >= exact_shallow(f).value * (1 - 1e-9)


@given(st.integers(1, 20), st.integers(1, 5), st.integers(0, 999))
@settings(max_examples=20)
def test_one_input_has_two_slopes(width, depth, seed):
    f = sample_random_relu(1, width, depth, rng=seed)
    ends = np.abs(f(np.array([[1.0], [-1.0]]))).max()
    for p in (1, 2, np.inf):
        assert exact_line(f, p).value == pytest.approx(ends)


# -- other variances -----------------------------------------------------------------------------
@pytest.mark.parametrize("depth", [1, 3])
def test_biases_that_are_scaled_along(depth):
    """First-layer variance 2/d, readout 1/N: hidden biases times the root of N/d, digest 1."""
    d, width = 1, 15
    f = sample_random_relu(d, width, depth, bias="normal", rng=4)
    g = sample_random_relu(d, width, depth, bias="normal", init="kaiming_linear", rng=4)
    along = math.sqrt(width / d)
    scaled = ReluNetwork(g.weights, [along * b for b in g.biases])
    factor = initialisation_factor("kaiming_linear", d, width, depth)
    assert exact_line(scaled).value == pytest.approx(factor * exact_line(f).value)
    x = np.linspace(-3, 3, 50)[:, None]
    np.testing.assert_allclose(scaled.gradient(x), factor * f.gradient(x))
    assert not np.allclose(g.gradient(x), factor * f.gradient(x))  # a point sees the scale
    assert exact_line(g).value == pytest.approx(factor * exact_line(f).value)  # the constant not


# -- how the statements grow ---------------------------------------------------------------------
def increasing(values):
    return bool((np.diff(values) > 0).all())


def test_more_inputs_neurons_and_layers_cost_more():
    many = (8, 16, 64, 500)
    assert increasing([log_patterns(d, 600, 2) for d in many])
    assert increasing([log_patterns(8, N, 2) for N in many])
    assert increasing([log_patterns(8, 64, L) for L in (1, 2, 5)])
    for bound in (product_upper_bound, deep_union_bound):
        assert increasing([bound(d, 600, 2, 0.1).value for d in many])
        assert increasing([bound(8, 64, L, 0.1).value for L in (1, 2, 5)])
    assert increasing([product_upper_bound(8, N, 3, 0.1).value for N in (64, 256, 1024)])
    assert increasing([shallow_union_bound(d, 600, 0.1).value for d in many])
    assert increasing([deep_union_bound(8, N, 3, 0.1, hidden=2).value for N in many])
    assert increasing([fixed_point_lower_bound(d, 600, 2, 0.1).value for d in many])
    assert increasing([fixed_point_lower_bound(8, N, 4, 0.1).value for N in (20, 64, 500)])
    assert increasing([-fixed_point_lower_bound(8, 64, L, 0.1).value for L in (1, 3, 9)])


@given(st.integers(1, 200), st.integers(1, 300), st.integers(1, 8))
@settings(max_examples=40)
def test_the_entropy_is_at_most_its_power(d, more, depth):
    """ln |S| <= dL ln(eN/d), central or not, for N >= d."""
    width = d + more
    power = d * depth * math.log(math.e * width / d)
    for bias in (False, True):
        assert log_patterns(d, width, depth, bias) <= power * (1 + 1e-12)


@pytest.mark.parametrize("p", [1, 1.5, 2, 4, np.inf])
def test_in_the_norm_of_the_inputs(p):
    """The gradient's norm falls as the input norm p falls: so do both sides of the constant."""
    norms = [q for q in (1, 1.5, 2, 4, np.inf) if q <= p]
    for bound in (fixed_point_lower_bound, deep_union_bound):
        values = [bound(30, 200, 2, 0.1, q).value for q in norms]
        assert all(a <= b * (1 + 1e-9) for a, b in pairwise(values))


def test_the_width_that_is_asked_for():
    """Doubling the width doubles the lower ratio, nearly doubles the upper one."""
    d, depth = 8, 4
    assert lower_width_ratio(d, 2000, depth) == pytest.approx(2 * lower_width_ratio(d, 1000, depth))
    assert lower_width_ratio(d, 1000, depth) == pytest.approx(1000 / (16 * (8 + math.log(4))))
    grown = upper_width_ratio(d, 2000, depth) / upper_width_ratio(d, 1000, depth)
    assert 1.6 < grown < 2
    value = 1000 / (8 * 64 * math.log(math.e * 1000) ** 2)
    assert upper_width_ratio(d, 1000, depth) == pytest.approx(value)
    assert proved_gap(d, 1000, 1) == 1
    assert proved_gap(d, 1000, 4) == pytest.approx(math.sqrt(4 * math.log(math.e * 125)))
    assert increasing([proved_gap(d, N, 2) for N in (8, 100, 10**6)])
