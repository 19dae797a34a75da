"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

import math
from itertools import pairwise

import numpy as np
import pytest
from scipy import special, stats

from lipkit import lipschitz
from lipkit.experiments import load_result
from lipkit.experiments.bias_floor import bias_floor
from lipkit.experiments.depth_map import depth_map
from lipkit.experiments.depth_width import depth_width
from lipkit.experiments.hidden_map import hidden_map
from lipkit.experiments.plane_width import plane_width
from lipkit.networks import ReluNetwork, sample_random_relu, sample_random_relu_batch
from lipkit.theory import random_relu as theory
from tests.conftest import ROOT

STORED = ROOT / "book/static/results/depth_width.json"
PLANE = ROOT / "book/static/results/plane_width.json"


def slopes_at_ones(n, d, width, depth, bias, rng):
    batch = sample_random_relu_batch(n, d, width, depth, bias=bias, rng=rng)
    return np.linalg.norm(batch.gradient(np.ones(d)), axis=1)


# -- the gradient at a point ---------------------------------------------------------------------
@pytest.mark.parametrize("bias", ["zero", "normal", ("cauchy", 5.0)])
@pytest.mark.parametrize(("d", "width", "depth"), [(3, 6, 4), (8, 32, 3), (1, 4, 2)])
def test_the_gradient_of_a_deep_network_at_a_point(d, width, depth, bias):
    found = slopes_at_ones(2000, d, width, depth, bias, 21)
    rng = np.random.default_rng(22)  # the law once more, from its formula
    squares = rng.chisquare(d, 50_000)
    for _ in range(depth):
        on = rng.binomial(width, 0.5, 50_000)
        squares *= np.where(on > 0, 2 / width * rng.chisquare(np.maximum(on, 1)), 0.0)
    law = np.sqrt(squares)
    assert stats.ks_2samp(found, law).pvalue > 1e-3
    assert np.mean(squares) / d == pytest.approx(1, abs=0.08)
    assert stats.ks_2samp(found * 1.25, law).pvalue < 1e-3  # it would see a quarter


def test_the_deep_law_needs_gaussian_weights(breaks):
    """Three layers of one neuron, all weights of fair signs: the slope is 0 or one number."""
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(4000, 5))
    found = []
    for w1, w2, u, v, a in signs:
        root = math.sqrt(2)
        f = ReluNetwork([[[root * w1, root * w2]], [[root * u]], [[root * v]], [[a]]])
        found.append(np.linalg.norm(f.gradient([1.0, 0.3])))
    between = np.mean((np.array(found) > 0.1) & (np.array(found) < 3.9))
    law = theory.gradient_norm_law(2, 1, 3, 10**5, 0)
    assert np.mean(np.square(found)) == pytest.approx(2, rel=0.15)  # the second moment is right
    breaks(found=between, at_least=np.mean((law > 0.1) & (law < 3.9)), margin=0.05)


def with_all_gates_on(f):
    """Biases so large, layer by layer, that all gates are on near the origin."""
    biases = [np.full(len(W), 1e6**i) for i, W in enumerate(f.weights[:-1], 1)]
    return ReluNetwork(f.weights, [*biases, [0.0]])


def test_the_deep_law_needs_symmetric_biases(breaks):
    squares = []
    for seed in range(100):
        f = with_all_gates_on(sample_random_relu(8, 64, 3, rng=seed))
        assert all((z > 0).all() for z in f.preactivations(np.ones(8)))
        squares.append(np.sum(f.gradient(np.ones(8)) ** 2) / 8)
    assert np.mean(squares) == pytest.approx(8, rel=0.25)  # two to the depth
    breaks(found=np.mean(squares), at_most=1.0, margin=5)


def test_the_deep_law_needs_a_point_off_the_kinks(breaks):
    f = sample_random_relu(8, 64, 3, rng=0)
    median = float(np.median(theory.gradient_norm_law(8, 64, 3, 20_000, 0)))
    breaks(found=np.linalg.norm(f.gradient(np.zeros(8))), at_least=median, margin=2)


def test_the_logarithm_of_the_slope_is_normal_in_depth_over_width():
    width = 60
    for depth in (6, 60):
        logs = 2 * np.log(theory.gradient_norm_law(8, width, depth, 40_000, 0)) - math.log(8)
        mean = logs.mean() - (special.digamma(4) - math.log(4))  # without the direction's share
        variance = logs.var() - special.polygamma(1, 4)
        assert mean == pytest.approx(-2.5 * depth / width, rel=0.1)
        assert variance == pytest.approx(5 * depth / width, rel=0.12)
    assert abs(stats.skew(logs)) < 0.5
    assert np.median(np.exp(logs / 2)) < 0.4  # of a root mean square of 1


# -- the hidden layers ---------------------------------------------------------------------------
def test_a_layer_meets_d_directions_only():
    square, half, met = [], [], []
    for seed in range(5):
        f, x = sample_random_relu(8, 256, 2, rng=seed), np.ones(8)
        first, second = (z > 0 for z in f.preactivations(x))
        V = np.linalg.qr(first[:, None] * f.weights[0])[0]
        W = f.weights[1]
        square.append(np.linalg.norm(W, 2))
        half.append(np.linalg.norm(W[second], 2))
        met.append(np.linalg.norm(W[second] @ V, 2))
    assert np.mean(square) == pytest.approx(2 * math.sqrt(2), rel=0.03)
    assert np.mean(half) == pytest.approx(1 + math.sqrt(2), rel=0.03)
    assert np.mean(met) == pytest.approx(1 + math.sqrt(2 * 8 / 256), rel=0.08)


def test_the_product_multiplies_and_the_stretch_does_not():
    small = {"width": 128, "depth": 6, "points": 30}
    run = hidden_map(hidden_map.params("test") | {"d": 8} | small, 0)
    assert (run["product"][1:] / run["product"][:-1] > 2.5).all()
    assert run["largest"][-1] < 4 < 200 < run["product"][-1]
    assert run["largest"][-1] < (1 + math.sqrt(2 * 8 / 128)) ** 6  # the layers do not agree
    narrow = hidden_map(hidden_map.params("quick") | {"width": 64, "points": 100}, 0)
    assert narrow["largest"][-1] > 2  # the conclusion of (iii) fails here, for want of width


# -- the union bound -----------------------------------------------------------------------------
def line_stretch(f):
    """The exact constant of the hidden layers of a bias-free network on the line."""
    ends = []
    for x in (1.0, -1.0):
        h = np.array([x])
        for W in f.weights[:-1]:
            h = np.maximum(W @ h, 0)
        ends.append(np.linalg.norm(h))
    return max(ends)


@pytest.mark.parametrize("depth", [1, 4])
def test_the_deep_union_bound_given_the_hidden_layers(depth):
    """On the line both constants are exact. The union pays for far more than two pieces."""
    t, share = 0.5, []
    pieces = depth * math.log(math.e * 30)
    for seed in range(200):
        f = sample_random_relu(1, 30, depth, rng=seed)
        bound = line_stretch(f) * (math.sqrt(2 / math.pi) + math.sqrt(2 * (pieces + t)))
        share.append(lipschitz.exact_line(f).value / bound)
    assert 0.35 < max(share) <= 1  # so it holds on every network, and is not idle


@pytest.mark.parametrize(("d", "width", "depth"), [(1, 20, 3), (8, 40, 2), (40, 40, 5)])
def test_the_norms_of_the_hidden_layers(d, width, depth):
    def bound(r):
        first = math.sqrt(2) * (1 + math.sqrt(d / width) + r / math.sqrt(width))
        return first * (2 * math.sqrt(2) * (1 + r / (2 * math.sqrt(width)))) ** (depth - 1)

    networks = [sample_random_relu(d, width, depth, rng=seed) for seed in range(60)]
    found = [np.prod([np.linalg.norm(W, 2) for W in f.weights[:-1]]) for f in networks]
    assert max(found) <= bound(1.5)
    assert 0.6 * bound(0) < np.mean(found) < bound(0)  # the mean of independent norms


def test_the_deep_union_bound_needs_an_independent_readout(breaks):
    """On the line, two hidden layers; the readout has the signs of the last layer's inputs at 1."""
    width, held = 1024, []
    for seed in range(10):
        f = sample_random_relu(1, width, 2, rng=seed)
        signs = np.sign(f.preactivations(np.ones(1))[1])
        assert abs(signs.mean()) < 0.2  # fair coins: the readout is still standard normal
        knowing = ReluNetwork([*f.weights[:-1], np.abs(f.weights[-1]) * signs])
        pieces = 2 * math.log(math.e * width)
        bound = line_stretch(f) * (math.sqrt(2 / math.pi) + math.sqrt(2 * (pieces + 5)))
        assert lipschitz.exact_line(f).value <= bound
        slope = float(knowing.gradient(np.ones(1))[0])
        assert slope == pytest.approx(math.sqrt(2 * width) / math.pi, rel=0.25)
        held.append(slope <= bound)
    breaks(found=np.mean(held), at_least=1 - math.exp(-5), margin=0.9)


def test_the_tame_hidden_map_needs_symmetric_biases(breaks):
    def stretch(f):
        J = np.eye(2)
        for W, z in zip(f.weights[:-1], f.preactivations(np.ones(2)), strict=True):
            J = (z > 0)[:, None] * (W @ J)
        return np.linalg.norm(J, 2)

    free = [sample_random_relu(2, 400, 4, rng=seed) for seed in range(5)]
    assert max(map(stretch, free)) < 1.5  # so it is not for want of width
    stretches = [stretch(with_all_gates_on(f)) for f in free]
    assert np.min(stretches) > 0.9 * 2**2  # the root of two to the depth
    breaks(found=np.min(stretches), at_most=2.0, margin=1.5)


# -- where the logarithm enters ------------------------------------------------------------------
@pytest.fixture(scope="module")
def plane():
    return {name: np.asarray(v)[0] for name, v in load_result(PLANE).data.items()}


def test_the_pieces_multiply_and_the_constant_does_not(plane):
    grown = plane["pieces"][:, -1] / plane["pieces"][:, 0]
    assert plane["pieces"][0] == pytest.approx(2 * plane["width"])  # a line makes two sectors
    assert grown == pytest.approx([16, 16], rel=0.02)
    rise = plane["mean"][:, -1] - plane["mean"][:, 0]
    error = np.hypot(plane["stderr"][:, -1], plane["stderr"][:, 0])
    assert (rise + 3 * error < 0.5 * (plane["anew"][:, -1] - plane["anew"][:, 0])).all()
    assert np.ptp(plane["mean"][1]) < 4 * plane["stderr"][1].max()  # four layers: no trend is seen
    assert np.ptp(plane["median"][1]) < 0.05 * plane["median"][1].mean()
    assert rise[0] > 3 * error[0]  # one layer: it rises, and most of it up to 32 neurons
    assert plane["mean"][0, 1] - plane["mean"][0, 0] > 0.6 * rise[0]
    assert plane["anew"][1, 0] < plane["mean"][1, 0]  # the dashed line is no bound
    assert (np.diff(plane["anew"], axis=1) > 0).all()


def test_forty_narrow_networks_miss_the_mean(plane):
    """A narrow deep network is sometimes very steep: the first forty suggest a fall with N."""
    narrow = load_result(PLANE).params | {"widths": (16,), "depths": (4,)}
    few, many = plane_width(narrow | {"nets": 40}, 0), plane_width(narrow, 0)
    assert many["mean"][0, 0] == pytest.approx(plane["mean"][1, 0])
    assert few["mean"][0, 0] > 1.2 * many["mean"][0, 0]
    other = plane_width(narrow, 1)  # other networks agree with the many
    assert abs(other["mean"] - many["mean"]) < 3 * np.hypot(other["stderr"], many["stderr"])


def test_the_largest_of_many_planar_gaussians():
    """The dashed line: the size of the largest of M independent gradients is root 2 ln M."""
    rng = np.random.default_rng(0)
    for M in (34, 1000):
        largest = np.linalg.norm(rng.normal(size=(2000, M, 2)), axis=2).max(axis=1)
        assert np.median(largest) == pytest.approx(math.sqrt(2 * math.log(M)), rel=0.06)


# -- the map -------------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def measured():
    return {name: np.asarray(v)[0] for name, v in load_result(STORED).data.items()}


def test_the_product_explodes_and_the_network_does_not(measured):
    product, found = measured["product"], measured["steepest"]
    assert (product[-1] / product[0] > 1e6).all()
    assert (found[-1] / found[0] < 5).all()
    assert found[-1, 2] < 3 * found[0, 2]
    assert (found < measured["proved"]).all()
    assert (found < measured["product"]).all()
    assert (measured["law"] < found).all()
    assert found[-1, -1] < found[-1, 0]  # what is found does not follow the dashed line
    proved = measured["proved"][-1, 2] / product[-1, 2]
    assert proved == pytest.approx(19, abs=0.5)  # as a number it is worth little
    assert (np.diff(measured["tame"], axis=1) > 0).all()
    assert (np.diff(measured["law"], axis=0) < 0).all()


def test_the_stored_map_is_recomputed(measured):
    stored = load_result(STORED)
    again = depth_width(stored.params | {"widths": (64,), "depths": (2,)}, 0)
    for name in ("steepest", "product", "law", "proved", "tame"):
        np.testing.assert_allclose(again[name][0, 0], measured[name][1, 0], rtol=0.05)


def test_a_quick_search_loses_touch_with_sixteen_layers():
    nets = sample_random_relu_batch(3, 8, 64, 16, rng=0)
    quick = lipschitz.gradient_lower_bounds(nets, rng=0)
    slow = np.array([lipschitz.ascent(nets[i], rng=0).value for i in range(3)])
    assert np.median(slow / quick) > 1.5
    medians = [
        np.median(
            lipschitz.gradient_lower_bounds(sample_random_relu_batch(5, 8, 64, L, rng=0), rng=0)
        )
        for L in (4, 16)
    ]
    assert medians[1] < medians[0]  # as the chapter prints


def test_the_view_is_the_map(measured):
    view = depth_map(measured)
    seen = view(128, 4)
    assert seen["steepest"] == measured["steepest"][2, 1]
    assert seen["lost"] == measured["product"][2, 1] / measured["steepest"][2, 1]
    np.testing.assert_array_equal(seen["by_depth_law"], measured["law"][:, 1])
    np.testing.assert_array_equal(seen["by_width_tame"], measured["tame"][2])
    assert seen["law"] == pytest.approx(
        np.median(slopes_at_ones(400, 8, 128, 4, "zero", 3)) / math.sqrt(8), rel=0.08
    )
    with pytest.raises(ValueError, match="100 is not in list"):
        view(100, 4)


# -- biases --------------------------------------------------------------------------------------
@pytest.mark.parametrize("bias", ["normal", ("cauchy", 3.0), ("uniform", 0.01)])
def test_biases_cannot_decrease_the_constant(bias):
    for seed in range(20):
        deep = sample_random_relu(1, 12, 4, bias=bias, rng=seed)
        wide = sample_random_relu(2, 10, 1, bias=bias, rng=seed)
        for f, exact in ((deep, lipschitz.exact_line), (wide, lipschitz.exact_shallow)):
            for p in (1, 2, np.inf):
                assert exact(f, p).value >= exact(f.without_biases(), p).value * (1 - 1e-9)


def test_far_away_a_network_looks_like_one_without_biases():
    f = sample_random_relu(5, 20, 3, bias="normal", rng=0)
    x = np.random.default_rng(0).normal(size=(6, 5))
    gaps = [np.abs(f(s * x) / s - f.without_biases()(x)).max() for s in (1e2, 1e4, 1e6)]
    assert gaps[2] < 1e-4 < gaps[0]
    assert gaps[0] > 50 * gaps[1] > 2500 * gaps[2] * 0.9


@pytest.mark.parametrize("scale", [1e-3, 0.1, 30.0])
def test_the_scale_of_the_biases_does_not_matter(scale):
    for seed in range(10):
        deep = sample_random_relu(1, 12, 3, bias="normal", rng=seed)
        wide = sample_random_relu(2, 9, 1, bias="normal", rng=seed)
        for f, exact in ((deep, lipschitz.exact_line), (wide, lipschitz.exact_shallow)):
            scaled = ReluNetwork(f.weights, [scale * b for b in f.biases])
            assert exact(scaled).value == pytest.approx(exact(f).value)


def clip(z):
    return np.clip(z, -1.0, 1.0)


def test_the_floor_needs_relu(breaks):
    x = np.linspace(-40, 40, 100_001)
    slopes = {b: np.abs(np.diff(clip(clip(x) + b)) / np.diff(x)).max() for b in (0.0, 10.0)}
    assert slopes[0.0] == pytest.approx(1)
    breaks(found=slopes[10.0], at_least=slopes[0.0], margin=0.9)


def test_the_floor_needs_all_of_space(breaks):
    f = ReluNetwork([[[1.0]], [[1.0]]], [[-10.0], [0.0]])
    local = lipschitz.interval(f, 2, box=([-1.0], [1.0])).value  # an upper answer on [-1, 1]
    assert lipschitz.exact_line(f).value == 1
    breaks(found=local, at_least=lipschitz.exact_line(f.without_biases()).value, margin=0.9)


def test_what_the_figure_of_biases_shows():
    scales = (0.1, 1, 10)
    found = bias_floor(bias_floor.params("quick") | {"scales": scales, "searched": 8}, 0)
    assert found["ratio"].min() > 1
    assert np.median(found["ratio"]) == pytest.approx(2.1, abs=0.05)
    assert found["near"][-1] < 0.8 * found["near"][0]
    assert found["anywhere"].min() > 0.97 * found["anywhere"][0]


# -- the exercise without a grader ---------------------------------------------------------------
def test_on_the_line_depth_brings_far_points_together():
    def kernel(r):
        return (math.sqrt(1 - r * r) + r * (math.pi - math.acos(r))) / math.pi

    rho, means = -1.0, []
    for depth in (1, 2, 3, 4):
        rho = kernel(rho)
        means.append((math.sqrt(1 + rho) + math.sqrt(1 - rho)) / math.sqrt(math.pi))
        batch = sample_random_relu_batch(1000, 1, 60, depth, rng=depth)
        ends = np.abs(batch.gradient(np.array([[1.0], [-1.0]])))[..., 0].max(axis=1)
        assert ends.mean() == pytest.approx(means[-1], abs=4 * ends.std() / math.sqrt(1000) + 0.03)
    assert means[0] == pytest.approx(2 / math.sqrt(math.pi))
    assert all(a > b for a, b in pairwise(means))
    assert means[-1] > math.sqrt(2 / math.pi)
