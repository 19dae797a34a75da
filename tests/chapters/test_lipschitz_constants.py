"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

import numpy as np
import pytest
from scipy import stats
from scipy.special import betainc

from lipkit import lipschitz
from lipkit.data import four_points, generic
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.digits import digits_network
from lipkit.experiments.ridge import ridge_network
from lipkit.networks import Activation, ReluNetwork, TwoLayerNetwork, sample_random_relu
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


def test_the_constant_is_the_steepest_gradient_and_the_steepest_quotient():
    for seed in range(5):
        f = sample_random_relu(2, 8, 2, bias="normal", rng=seed)
        facets = lipschitz.linear_regions(f, box=([-1, -1], [1, 1]))
        steepest = max(np.linalg.norm(facet.gradient) for facet in facets)
        X, Y = np.random.default_rng(seed).uniform(-1, 1, size=(2, 20_000, 2))
        quotients = np.abs(f(X) - f(Y)) / np.linalg.norm(X - Y, axis=1)
        near = Y + 1e-7 * (X - Y)
        local = np.abs(f(Y) - f(near)) / np.linalg.norm(Y - near, axis=1)
        assert quotients.max() <= steepest * (1 + 1e-9)
        assert 0.99 * steepest <= local.max() <= steepest * (1 + 1e-6)


def test_steepest_gradient_needs_a_convex_set(breaks):
    ramp = ReluNetwork([[[1], [1]], [[1, -1]]], [[1, -1], [0]])
    halves = [([-2], [-1]), ([1], [2])]
    steepest = max(lipschitz.exact_line(ramp, box=half).value for half in halves)
    left, right = -1 - 1e-6, 1 + 1e-6
    quotient = (ramp([right]) - ramp([left])) / (right - left)
    breaks(found=quotient, at_most=steepest, margin=0.9)


def test_steepest_gradient_needs_points_of_differentiability(breaks):
    x = np.array([[-10.0], [0.0], [3.0]])
    np.testing.assert_array_equal(ZERO(x), 0)
    formal = np.abs(ZERO.gradient(x)).max()  # autodiff's value at a kink is one of these
    breaks(found=formal, at_most=lipschitz.exact_line(ZERO).value, margin=0.9)


def test_steepest_gradient_needs_an_open_set(breaks):
    f = ReluNetwork([[[1, 0], [-1, 0], [0, 1], [0, -1]], [[1, -1, 1, 1]]])  # x_1 + |x_2|
    on_the_line = np.array([[-2.0, 0.0], [1.0, 0.0], [3.0, 0.0]])
    above, below = (f(on_the_line + np.array([0.0, t])) for t in (1e-6, -1e-6))
    kink = (above - 2 * f(on_the_line) + below) / 1e-6
    np.testing.assert_allclose(kink, 2)  # so no point of the set is one of differentiability
    quotient = np.abs(np.diff(f(on_the_line)) / np.diff(on_the_line[:, 0])).max()
    breaks(found=quotient, at_most=0.0, margin=0.9)  # the steepest of no gradients is 0


def test_product_bound_needs_an_activation_with_constant_one(breaks):
    double = Activation("double", lambda z: 2 * np.maximum(z, 0), lambda z: 2.0 * (z > 0), (0, 2))
    f = TwoLayerNetwork([[1.0]], [0.0], [1.0], double)
    product = matrix_norm(f.W, 2) * matrix_norm(f.a[None, :], 2)
    breaks(found=f([1.0]) - f([0.0]), at_most=product, margin=0.9)


def flips(f, x, y):
    """How far y is from x, if the decision at y is another one."""
    assert np.argmax(f(x)) != np.argmax(f(y))
    return float(np.linalg.norm(np.subtract(y, x)))


def test_radius_holds_and_is_exact_on_the_four_points():
    logits = SQUARE.with_readout([[1.0], [-1.0]])
    x = np.array([1.0, 0.0])
    radius = float(np.subtract(*logits(x))) / (np.sqrt(2) * lipschitz.exact_plane(logits).value)
    turns = np.linspace(0, 2 * np.pi, 1000)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    inside = np.argmax(logits(x + 0.999 * radius * circle), axis=1)
    assert set(inside) == {0}
    assert radius < flips(logits, x, [0.499, 0.501]) < 1.01 * radius


def test_radius_needs_its_norm_pair(breaks):
    logits = SQUARE.with_readout([[1.0], [-1.0]])
    other_pair = lipschitz.exact_plane(logits, 1, q=np.inf).value
    radius = float(np.subtract(*logits([1.0, 0.0]))) / (np.sqrt(2) * other_pair)
    breaks(found=flips(logits, [1.0, 0.0], [0.499, 0.501]), at_least=radius, margin=0.7)


def test_radius_needs_an_upper_answer(breaks):
    f = ReluNetwork([[[1.0], [-1.0]]])
    lower = 0.5 * lipschitz.exact_line(f).value
    radius = float(np.subtract(*f([1.0]))) / (np.sqrt(2) * lower)
    breaks(found=flips(f, [1.0], [-0.001]), at_least=radius, margin=0.9)


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


def test_the_ridge_is_where_two_thousand_random_points_are_not():
    ridge = EXPERIMENTS["ridge"]
    params = ridge.params("quick")
    result = ridge(params, 0)
    network, witness = ridge_network(params["n"], params["d"], params["k"], 0)
    X, y = generic(params["n"], params["d"], rng=0)
    np.testing.assert_allclose(network(X), y, atol=1e-8)
    x = np.asarray(witness.witness)
    u = network.gradient(x) - network.gradient(x) @ x * x  # along the sphere
    ahead, behind = (np.cos(t) * x + np.sin(t) * u / np.linalg.norm(u) for t in (1e-6, -1e-6))
    slope = (network(ahead) - network(behind)) / np.linalg.norm(ahead - behind)
    np.testing.assert_allclose(np.linalg.norm([x, ahead, behind], axis=1), 1)
    assert slope == pytest.approx(result["witness"], rel=1e-6)
    assert slope > 25
    sphere = generic(2000, params["d"], rng=7).X  # fresh points, and no neuron is on at any
    assert network.preactivations(sphere)[0].max() < 0
    assert result["random"] == 0


def test_the_product_loses_a_factor_of_thousands_in_eight_layers():
    turns = np.linspace(0, 2 * np.pi, 5000, endpoint=False)
    circle = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    ratios, found = [], []
    for seed in range(20):
        f = sample_random_relu(2, 32, 8, rng=seed)
        product = np.prod([np.linalg.norm(W, 2) for W in f.weights])
        ratios.append(product / np.linalg.norm(f.gradient(circle), axis=1).max())
        found.append(EXPERIMENTS["product_gap"]({"width": 32, "depth": 8}, seed)["ratio"])
    assert np.median(found) == pytest.approx(np.median(ratios), rel=1e-3)
    assert np.median(found) > 1000


def test_the_digits_network_lies_between_a_point_and_a_product():
    network, _ = digits_network(0)
    found, upper = lipschitz.ascent(network, rng=0), lipschitz.autolip(network, certified=True)
    x, J = np.asarray(found.witness), network.jacobian(found.witness)
    direction = np.linalg.svd(J)[2][0]
    step = 1e-6 * direction
    slope = np.linalg.norm(network(x + step) - network(x - step)) / 2e-6
    assert slope == pytest.approx(found.value, rel=1e-6)
    product = np.prod([np.linalg.norm(W, 2) for W in network.weights])
    assert product <= upper.value <= product * (1 + 1e-9)
    assert float(f"{found:.1f}") <= slope < product <= float(f"{upper:.1f}")
