"""What the chapter claims: each hypothesis called needed is dropped, and the conclusion breaks."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import betainc

from lipkit import lipschitz
from lipkit.data import four_points
from lipkit.networks import Activation, ReluNetwork, TwoLayerNetwork
from lipkit.norms import matrix_norm
from lipkit.theory.robustness_law import interpolation_floor

SQUARE = ReluNetwork([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, 1, -1, -1]]])
ZERO = ReluNetwork([[[1], [-1], [1], [-1]], [[1, -1, -1, 1]]], [[10, -10, 0, 0], [-10]])


def test_the_four_points_by_hand():
    X, y = four_points()
    np.testing.assert_array_equal(SQUARE(X), y)
    exact = [lipschitz.exact_plane(SQUARE, p=p).value for p in (1, 2, np.inf)]
    np.testing.assert_allclose(exact, [1, np.sqrt(2), 2])
    product = [lipschitz.autolip(SQUARE, p).value for p in (1, 2, np.inf)]
    np.testing.assert_allclose(product, 2 * np.array(exact))
    assert interpolation_floor(X, y).value == pytest.approx(exact[1])


def test_steepest_gradient_needs_a_convex_set():
    ramp = ReluNetwork([[[1], [1]], [[1, -1]]], [[1, -1], [0]])
    for low, high in ((-2, -1), (1, 2)):
        assert lipschitz.exact_line(ramp, box=([low], [high])).value == 0
    left, right = -1 - 1e-6, 1 + 1e-6
    assert (ramp([right]) - ramp([left])) / (right - left) > 0.999


def test_steepest_gradient_needs_points_of_differentiability():
    x = np.array([[-10.0], [0.0], [3.0]])
    np.testing.assert_array_equal(ZERO(x), 0)
    np.testing.assert_array_equal(ZERO.gradient(x).ravel(), [-1, 1, 0])
    assert lipschitz.exact_line(ZERO).value == 0


def test_steepest_gradient_needs_an_open_set():
    f = ReluNetwork([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, -1, 1, 1]]])  # x_1 + |x_2|
    on_the_line = np.array([[-2.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
    np.testing.assert_array_equal(f(on_the_line), on_the_line[:, 0])
    for direction in ([0.0, 1e-9], [0.0, -1e-9]):  # a kink wherever the set is
        slope = (f(on_the_line + direction) - f(on_the_line)) / 1e-9
        np.testing.assert_allclose(slope, 1, rtol=1e-6)
    assert lipschitz.exact_line(f.restrict([1.0, 0.0])).value == 1


def test_product_bound_needs_an_activation_with_constant_one():
    double = Activation("double", lambda z: 2 * np.maximum(z, 0), lambda z: 2.0 * (z > 0), (0, 2))
    f = TwoLayerNetwork([[1.0]], [0.0], [1.0], double)
    product = matrix_norm(f.W, 2) * matrix_norm(f.a[None, :], 2)
    assert product == 1
    assert f([1.0]) - f([0.0]) == 2


def test_radius_is_exact_on_the_four_points_and_needs_its_norm_pair():
    logits = SQUARE.with_readout([[1.0], [-1.0]])
    x = np.array([1.0, 0.0])
    margin = float(np.subtract(*logits(x)))
    upper = lipschitz.autolip(SQUARE.with_readout([[1.0], [-1.0]])).value / 2
    exact = lipschitz.exact_plane(logits).value
    assert exact == pytest.approx(2)
    assert upper == pytest.approx(exact)
    boundary = np.array([0.5, 0.5])
    assert logits(boundary) == pytest.approx([0, 0])
    distance = np.linalg.norm(boundary - x)
    assert margin / (np.sqrt(2) * exact) == pytest.approx(distance)
    other_pair = lipschitz.exact_plane(logits, 1, q=np.inf).value
    assert margin / (np.sqrt(2) * other_pair) > 1.9 * distance


def test_radius_needs_an_upper_answer():
    f = ReluNetwork([[[1.0], [-1.0]]])
    lower = 0.5 * lipschitz.exact_line(f).value
    margin = float(np.subtract(*f([1.0])))
    assert margin / (np.sqrt(2) * lower) > 1.9  # the decision flips at distance 1


@pytest.mark.parametrize("d", [2, 5, 10])
def test_the_share_of_the_cap_is_that_of_simulation(d):
    share = 0.5 * betainc((d - 1) / 2, 0.5, 0.75)
    X = np.random.default_rng(d).normal(size=(100_000, d))
    seen = int((X[:, 0] > 0.5 * np.linalg.norm(X, axis=1)).sum())
    low, high = stats.binomtest(seen, len(X)).proportion_ci(1 - 1e-6)
    assert low <= share <= high
    assert share <= np.exp(-d / 8)


def test_two_honest_answers_can_differ_by_the_root_of_640():
    ones = np.ones((10, 64))
    corner = np.abs(ones @ np.ones(64)).sum()  # the steepest corner of the cube, by symmetry
    assert corner == pytest.approx(np.sqrt(640) * matrix_norm(ones, 2).value)


def test_rescaling_a_neuron_moves_only_the_product_bound():
    for c in (0.01, 0.5, 1.0, 30.0):
        f = ReluNetwork([np.diag([1.0, c]), [[1.0, 1 / c]]])
        assert lipschitz.exact_plane(f).value == pytest.approx(np.sqrt(2))
        expected = max(1, c) * np.sqrt(1 + 1 / c**2)
        assert lipschitz.autolip(f).value == pytest.approx(expected)
