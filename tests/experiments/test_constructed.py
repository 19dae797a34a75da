"""Networks whose constant is known, and what probing finds of it."""

import numpy as np
import pytest

from lipkit import lipschitz
from lipkit.experiments import EXPERIMENTS
from lipkit.experiments.probing import grouped_orthonormal, positive_network
from lipkit.experiments.ridge import planes, ridge_network


@pytest.mark.parametrize(("d", "seed"), [(2, 0), (2, 1), (5, 2), (20, 3)])
def test_the_constant_of_positive_outputs_is_attained_at_its_own_gradient(d, seed):
    network, exact = positive_network(d, seed)
    found = lipschitz.ascent(network, rng=seed)
    gradient = network.gradient(found.witness)
    assert found.value <= exact * (1 + 1e-12)
    np.testing.assert_allclose(network.gradient(gradient), gradient)
    assert found.value == pytest.approx(exact)


def test_the_constant_of_positive_outputs_is_exact_in_the_plane():
    for seed in range(10):
        network, exact = positive_network(2, seed)
        assert exact == pytest.approx(lipschitz.exact_plane(network).value)


@pytest.mark.parametrize("m", [1, 2, 3])
def test_the_groups_constant_is_between_a_gradient_and_the_product_bound(m):
    network, exact = grouped_orthonormal(m, seed=0)
    W = network.weights[0]
    inside = W.sum(axis=0) * 10  # every neuron is on far out along the sum of orthogonal rows
    assert np.linalg.norm(network.gradient(inside)) == pytest.approx(exact)
    assert lipschitz.autolip(network).value == pytest.approx(exact)


@pytest.mark.parametrize("family", ["positive", "groups"])
def test_no_probe_finds_more_than_everything(family):
    result = EXPERIMENTS["probing"]({"family": family, "size": 3, "n": 100}, seed=0)
    for name in ("pairs", "gradients", "ascent"):
        assert 0 < result[name] <= 1 + 1e-12
    assert result["pairs"] <= result["ascent"] + 1e-12


def test_the_ridge_is_invisible_to_random_points_and_fits_its_labels():
    result = EXPERIMENTS["ridge"]({"n": 100, "d": 300, "k": 25, "points": 500, "grid": 11}, seed=0)
    assert result["fit_error"] < 1e-8
    assert result["witness"] > 10
    assert result["random"] < 0.1 * result["witness"]
    assert result["witness"] <= result["product"]


def test_the_planes_are_orthonormal_and_pass_through_the_witness():
    network, witness = ridge_network(60, 120, 20, 0)
    for plane in planes(network, np.asarray(witness.witness), 0):
        np.testing.assert_allclose(plane @ plane.T, np.eye(2), atol=1e-12)
    steep = planes(network, np.asarray(witness.witness), 0)[1]
    np.testing.assert_allclose(steep[0], witness.witness, atol=1e-12)
    assert steep[1] @ network.gradient(witness.witness) > 0


def test_the_product_bound_is_never_below_the_exact_constant():
    gap = EXPERIMENTS["product_gap"]
    ratios = [
        gap({"width": 8, "depth": depth}, seed)["ratio"] for depth in (1, 3) for seed in (0, 1)
    ]
    assert min(ratios) >= 1
