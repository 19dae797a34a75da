"""What the explorers of chapter 1 show, against brute force."""

import numpy as np
import pytest

from lipkit.experiments.digits import digits_network
from lipkit.experiments.digits_plane import digits_plane
from lipkit.experiments.ridge import planes, ridge_network
from lipkit.experiments.turned_slice import steepest_in_disc, turned_slice
from lipkit.lipschitz import linear_regions
from lipkit.networks import ReluNetwork

SMALL = {"n": 60, "d": 120, "points": 200, "grid": 21}


def directions(turn: float) -> tuple[ReluNetwork, np.ndarray]:
    """The slice of `turned_slice`, spelled out by Gram and Schmidt."""
    network, witness = ridge_network(60, 120, 20, 0)
    random, ridge = planes(network, np.asarray(witness.witness), 0)
    basis = list(ridge)
    for r in random:
        r = r - sum((r @ b) * b for b in basis)
        basis.append(r / np.linalg.norm(r))
    t = np.radians(turn)
    flat = np.array(basis[2:]) * np.sign(np.sum(basis[2:] * random, axis=1))[:, None]
    return network, np.cos(t) * flat + np.sin(t) * ridge


@pytest.mark.parametrize("turn", [0.0, 37.0, 61.5, 90.0])
def test_the_slope_is_that_of_the_steepest_point_of_the_disc(turn):
    seen = turned_slice(turn, 20, **SMALL)
    network, plane = directions(turn)
    np.testing.assert_allclose(plane @ plane.T, np.eye(2), atol=1e-12)
    angle, radius = np.random.default_rng(1).uniform(size=(2, 40_000)) * [[2 * np.pi], [1]]
    disc = np.sqrt(radius)[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    slopes = np.linalg.norm(network.gradient(disc @ plane) @ plane.T, axis=1)
    assert 0.99 * seen["slope"] <= slopes.max() <= seen["slope"] * (1 + 1e-12)
    if seen["slope"] > 0:
        point = np.array([seen["u"], seen["v"]])
        assert np.linalg.norm(point) < 1
        attained = np.linalg.norm(plane @ network.gradient(point @ plane))
        assert attained == pytest.approx(seen["slope"])
    assert seen["slope"] <= seen["product"]


def test_a_whole_turn_leads_from_nothing_to_the_ridge():
    flat, ridge = turned_slice(0, 20, **SMALL), turned_slice(90, 20, **SMALL)
    assert flat["slope"] < 0.5 * ridge["slope"]
    assert ridge["slope"] >= ridge["found"] > 2 * ridge["probed"]
    network, plane = directions(90)
    heights = network(np.linspace(-1, 1, 21)[:, None] * plane[0])
    np.testing.assert_allclose(ridge["heights"][10], heights, atol=1e-12)


def test_regions_outside_the_disc_do_not_count():
    step = ReluNetwork([[[1.0, 0.0]], [[1.0]]], [[-1.2], [0.0]])  # steep only where x > 1.2
    assert steepest_in_disc(linear_regions(step, ([-2, -2], [2, 2])))[0] == 0
    near = ReluNetwork([[[3.0, 0.0]], [[1.0]]], [[-2.97], [0.0]])  # a sliver of the disc
    slope, point = steepest_in_disc(linear_regions(near, ([-1, -1], [1, 1])))
    assert slope == pytest.approx(3)
    assert point[0] >= 0.99


def test_the_plane_goes_through_its_images():
    network, split = digits_network(0)
    X, y = split.test
    seen = digits_plane(0, 0)
    for label in (3, 5, 8):
        at = digits_plane(seen[f"u{label}"], seen[f"v{label}"])
        np.testing.assert_allclose(at["image"][::-1].ravel(), X[y == label][0], atol=1e-12)
        assert at["read"] == network(X[y == label][0]).argmax()


def test_the_slope_here_is_that_of_its_facet_and_of_small_steps():
    first = digits_plane(0, 0)
    for i in range(0, len(first["facets"]), 97):
        centre = first["facets"][i].mean(axis=0)
        at = digits_plane(*centre)
        assert at["here"] == pytest.approx(first["slopes"][i])
        assert at["here"] <= first["steepest"] <= first["found"] <= first["product"]
    network, at = digits_network(0)[0], digits_plane(0.3, -0.7)
    base = network(at["image"][::-1].ravel())
    quotients = []
    for t in np.linspace(0, np.pi, 181):
        step = digits_plane(0.3 + 1e-6 * np.cos(t), -0.7 + 1e-6 * np.sin(t))
        quotients.append(np.linalg.norm(network(step["image"][::-1].ravel()) - base) / 1e-6)
    assert max(quotients) == pytest.approx(at["here"], rel=1e-3)
    assert at["margin"] > 0
