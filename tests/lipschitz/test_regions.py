"""The polygons against rational arithmetic, and what must hold of every tiling."""

import numpy as np
import pytest
from hypothesis import given, settings

from lipkit.lipschitz import linear_regions
from lipkit.networks import ReluNetwork, sample_random_relu
from tests.lipschitz.oracles import areas_by_pattern, integer_networks

LOWER, UPPER = np.array([-2.0, -1.0]), np.array([1.0, 3.0])


@settings(max_examples=60)
@given(integer_networks(2, most=3))
def test_equal_rational_arithmetic(network):
    truth = areas_by_pattern(network, LOWER, UPPER)
    regions = linear_regions(network, (LOWER, UPPER))
    assert sorted(tuple(r.pattern.tolist()) for r in regions) == sorted(truth)
    for region in regions:
        area, gradient = truth[tuple(region.pattern.tolist())]
        assert region.area == pytest.approx(area, rel=1e-9)
        np.testing.assert_allclose(region.gradient, gradient, rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("bias", ["zero", "normal"])
@pytest.mark.parametrize("depth", [1, 2, 3])
def test_a_tiling_of_the_window(bias, depth):
    network = sample_random_relu(2, 24, depth, bias=bias, rng=depth)
    regions = linear_regions(network, (LOWER, UPPER))
    areas = np.array([region.area for region in regions])
    assert areas.sum() == pytest.approx(12.0, rel=1e-9)
    assert (areas > 0).all()
    for region in regions:
        edges = np.roll(region.vertices, -1, axis=0) - region.vertices
        after = np.roll(edges, -1, axis=0)
        turns = edges[:, 0] * after[:, 1] - edges[:, 1] * after[:, 0]
        assert (turns > -1e-12).all()  # convex, counter-clockwise
        assert (region.vertices >= LOWER).all()
        assert (region.vertices <= UPPER).all()


@pytest.mark.parametrize("bias", ["zero", "normal"])
def test_random_points_find_their_region(bias):
    network = sample_random_relu(2, 12, 2, bias=bias, rng=5)
    regions = linear_regions(network, (LOWER, UPPER))
    X = np.random.default_rng(0).uniform(LOWER, UPPER, size=(2000, 2))
    found = np.zeros(len(X), dtype=int)
    for region in regions:
        edges = np.roll(region.vertices, -1, axis=0) - region.vertices
        away = X[:, None] - region.vertices
        inside = (edges[:, 0] * away[..., 1] - edges[:, 1] * away[..., 0] > 1e-9).all(axis=1)
        found += inside
        wanted = np.broadcast_to(region.gradient, (inside.sum(), 2))
        np.testing.assert_allclose(network.gradient(X[inside]), wanted, atol=1e-12)
        gates = np.concatenate([z > 0 for z in network.preactivations(X[inside])], axis=1)
        assert (gates == region.pattern).all()
    assert (found <= 1).all()
    assert (found == 1).mean() > 0.995  # the rest lie within 1e-9 of an edge


def test_lines_through_vertices_and_repeated_neurons_make_no_slivers():
    W = [[1, 0], [1, 0], [0, 1], [1, 1], [1, -1], [0.1, 0.1], [-1, 1], [0, 0]]
    regions = linear_regions(ReluNetwork([W, [np.arange(1.0, 9)]]), (-1, 1))
    assert [region.area for region in regions] == pytest.approx([0.5] * 8)
    pencil = np.array([[np.cos(a), np.sin(a)] for a in np.linspace(0, np.pi, 40, endpoint=False)])
    shift = -pencil @ np.array([0.1, 0.3])  # all through one point that is no float
    regions = linear_regions(ReluNetwork([pencil, np.ones((1, 40))], [shift, [0]]), (-1, 1))
    assert len(regions) == 80
    assert sum(region.area for region in regions) == pytest.approx(4.0, rel=1e-12)


def test_general_position_has_as_many_regions_as_counted():
    # N lines in general position, all crossings inside: 1 + N + N (N - 1) / 2
    rng = np.random.default_rng(0)
    angles = rng.uniform(0, np.pi, size=15)
    W = np.stack([np.cos(angles), np.sin(angles)], axis=1)
    network = ReluNetwork([W, np.ones((1, 15))], [rng.uniform(-1, 1, size=15), [0]])
    assert len(linear_regions(network, (-1e4, 1e4))) == 1 + 15 + 15 * 14 // 2


def test_several_outputs_and_no_hidden_layer():
    regions = linear_regions(ReluNetwork([np.eye(2), [[1, 2], [3, 4], [5, 6]]]), (-1, 1))
    assert {region.gradient.shape for region in regions} == {(3, 2)}
    (only,) = linear_regions(ReluNetwork([[[1.0, 2.0]]]), ([0, 0], [1, 2]))
    assert only.gradient.tolist() == [1, 2]
    assert only.area == 2
    assert only.pattern.shape == (0,)
    assert only.vertices.tolist() == [[0, 0], [1, 0], [1, 2], [0, 2]]


def test_bad_input():
    with pytest.raises(ValueError, match="got 1 inputs, expected 2"):
        linear_regions(ReluNetwork([[[1.0]]]), (-1, 1))
    with pytest.raises(ValueError, match="expected lower < upper"):
        linear_regions(ReluNetwork([[[1.0, 1.0]]]), (1, -1))


@pytest.mark.parametrize("reach", [1e3, 1e5, 1e7])
def test_small_regions_are_not_lost_in_a_large_window(reach):
    network = sample_random_relu(2, 16, 1, bias="normal", rng=0)
    regions = linear_regions(network, (-10 * reach, 10 * reach))
    assert len(regions) == 137  # digest, section 5.3
    assert sum(region.area for region in regions) == pytest.approx(400 * reach**2, rel=1e-9)
