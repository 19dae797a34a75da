"""Common misreadings of the laws (digest, section 8): each is a wrong answer that fails here."""

import math

import numpy as np
import pytest

from lipkit.bound import Bracket, tightest
from lipkit.data import four_points, generic
from lipkit.lipschitz import ascent, exact_plane, sampling
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.rademacher import linear_rademacher, two_layer_rademacher
from lipkit.theory.robustness_law import (
    bubeck_sellke_bound,
    cap_network,
    depth_padded_cap_network,
    group_witness,
    grouped_network,
    interpolation_floor,
    is_vacuous,
    kink_law,
    linear_interpolant,
    linear_law,
    min_depth_to_fit,
    quadratic_law,
    rademacher_law,
    spectral_proxy,
    spectral_proxy_bound,
    tensor_network,
    two_layer_law,
    undercomplete_law,
    whole_class_law,
)

SQ4, LABELS = four_points()


def test_1_the_two_layer_law_is_not_proved_for_arbitrary_weights() -> None:
    with pytest.raises(ValueError, match="A: got NaN or infinite"):
        two_layer_law(10**6, 100, 10, math.inf, 1.0)
    assert "bounded weights" in two_layer_law(10**6, 100, 10, 10, 10).quantity
    ours = kink_law(10**6, 10, delta=0.01)  # arbitrary weights: another rate, n/k in the square
    assert ours.value < math.sqrt(10**6 / 10) / 10


def test_2_the_whole_class_law_proves_nothing() -> None:
    """Each time a member fits, the floor says as much or more."""
    X, y = generic(6, 2, rng=1)
    for budget in (0.01, 1.0, 100.0):
        law = whole_class_law(X, y, 10, budget, 1.0)
        assert is_vacuous(law, X, y) or not law.details["can_fit"]


def test_3_the_reciprocal_complexity_is_no_bound_for_the_data_at_hand() -> None:
    unit = linear_rademacher(SQ4, exact=True)
    with pytest.raises(ValueError, match="an average over labels"):
        rademacher_law(1.0, unit, reading="given")
    y = np.array([1.0, 1.0, -1.0, -1.0])
    assert np.linalg.norm([1.0, 1.0]) < 1 / unit
    assert np.array_equal(SQ4 @ [1.0, 1.0], y)


def test_4_bounded_weights_need_a_norm() -> None:
    values = {
        two_layer_rademacher(1.0, 16, 1, 1, norm) for norm in ("path", "l2_rows", "linf_rows")
    }
    assert values == {1.0, 4.0, 16.0}
    with pytest.raises(ValueError, match="norm: got 'bounded weights'"):
        two_layer_rademacher(1.0, 16, 1, 1, "bounded weights")


def test_5_log_n_layers_are_needed_for_fitting_and_do_not_make_a_fit_flat() -> None:
    """As deep as needed and a good deal more, of small layers, and as steep as you like."""
    X, y = generic(20, 40, rng=0)
    slopes = []
    for t in (0.9, 0.999):
        f = depth_padded_cap_network(X, y, 3.0, t)
        assert len(f.weights) >= min_depth_to_fit(20, 3.0, R=math.sqrt(2))
        assert max(np.linalg.norm(W) for W in f.weights) <= 3.0 + 1e-9
        slopes.append(sampling(f, points=X + 1e-9, rng=0).value)
    assert slopes[1] > 50 * slopes[0]
    assert isinstance(min_depth_to_fit(20, 3.0), int)  # a count of layers and no bound of a slope


def test_6_a_bound_of_the_product_is_no_bound_of_the_constant() -> None:
    """The same function, its product as large as you like: the constant does not move."""
    f = TwoLayerNetwork([[1.0, 0.0]], [0.0], [1.0])
    pair = np.array([[0.0, 30.0], [0.0, 30.0]])
    g = TwoLayerNetwork(np.vstack([f.W, pair]), np.zeros(3), [1.0, 20.0, -20.0])
    constants = [exact_plane(h.to_relu_network()).value for h in (f, g)]
    assert constants[0] == pytest.approx(constants[1]) == 1.0
    assert spectral_proxy(g.W, g.a).value > 1000 * spectral_proxy(f.W, f.a).value
    with pytest.raises(ValueError, match="different quantity"):
        tightest([spectral_proxy_bound(100, 2), interpolation_floor(SQ4, LABELS)])


def test_7_the_steepest_of_random_points_is_not_the_constant() -> None:
    X, y = generic(200, 300, rng=0)
    f = grouped_network(X, y, 50)
    random = sampling(f, points=generic(2000, 300, rng=1).X)
    assert random.kind == "lower"
    assert random.value < 0.1 * group_witness(f, rng=0).value


def test_8_many_neurons_do_not_make_a_network_flat() -> None:
    """k = n neurons: every law is silent, and this fit is a hundred times the floor."""
    X, y = generic(20, 30, rng=0)
    f = cap_network(X, y, 0.9999)
    at_points = np.linalg.norm(f.gradient(X), axis=1)
    assert at_points.min() > 100 * interpolation_floor(X, y).value
    assert kink_law(20, f.width).value < 1


def test_9_clean_labels_carry_no_law() -> None:
    with pytest.raises(ValueError, match="sigma2: got 0, expected positive label noise"):
        bubeck_sellke_bound(10**6, 1000, 10**4, 0.5, 0.01, sigma2=0.0)
    X = generic(2000, 5, rng=0).X
    clean = X[:, 0]  # one parameter, constant 1, fits all n labels exactly
    assert linear_interpolant(X[:3], clean[:3]) is not None
    assert np.abs(X @ np.eye(5)[0] - clean).max() == 0


def test_10_domains_and_scalings_do_not_mix() -> None:
    with pytest.raises(ValueError, match="different"):
        tightest([interpolation_floor(SQ4, LABELS), quadratic_law(SQ4, LABELS)])
    X, y = generic(20, 100, rng=0)
    large = 10.0 * X  # |x| = sqrt d
    assert linear_law(large, y).value == pytest.approx(linear_law(X, y).value / 10)
    with pytest.raises(ValueError, match="points in the unit ball; divide all rows"):
        undercomplete_law(large, y, 2)
    with pytest.raises(ValueError, match="different domain"):
        Bracket(
            group_witness(grouped_network(np.eye(4), [1, 1, -1, -1], 4), rng=0),
            spectral_proxy(np.eye(4), np.ones(4)),
        )


def test_11_p_is_a_count_here_and_a_degree_there() -> None:
    with pytest.raises(TypeError, match="p: got inf, expected an integer"):
        bubeck_sellke_bound(10**6, 1000, math.inf, 0.5, 0.01)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="p: got 3, expected an even degree"):
        tensor_network(SQ4, LABELS, 3)


def test_12_a_law_bounds_the_certificate_and_not_the_radius() -> None:
    """Flat, then a ramp of slope 100 at 0: margin over slope is 0.01, the true radius 1.01."""
    X, y = np.array([[-1.0], [1.0]]), np.array([-1.0, 1.0])
    f = TwoLayerNetwork([[0.0], [1.0], [1.0]], [1.0, 0.0, -0.02], [-1.0, 100.0, -100.0])
    np.testing.assert_allclose(f(X), y, atol=1e-12)
    certificate = 1 / ascent(f.to_relu_network(), rng=0).value
    line = np.linspace(-1, 1, 20_001)[:, None]
    radius = line[f(line) >= -1e-9, 0].min() + 1
    most = 1 / interpolation_floor(X, y).value
    assert certificate == pytest.approx(0.01)
    assert radius == pytest.approx(1.01, abs=1e-3)
    assert certificate <= most < radius
