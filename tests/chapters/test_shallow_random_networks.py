"""What the chapter claims; each hypothesis called needed is dropped, and the conclusion breaks."""

import math

import numpy as np
import pytest
from scipy import stats

from lipkit import lipschitz
from lipkit.experiments.lp_dichotomy import lp_dichotomy, steepness_by_width, typical_slope
from lipkit.experiments.random_search import ceiling, random_search, tail
from lipkit.networks import ReluNetwork, sample_random_relu, sample_random_relu_batch
from lipkit.theory import random_relu as theory


def slopes_at_ones(n, d, width, bias, rng):
    batch = sample_random_relu_batch(n, d, width, 1, bias=bias, rng=rng)
    return np.linalg.norm(batch.gradient(np.ones(d)), axis=1)


# -- the gradient at a point ---------------------------------------------------------------------
@pytest.mark.parametrize("bias", ["zero", ("cauchy", 5.0)])
@pytest.mark.parametrize(("d", "width"), [(2, 3), (32, 64)])
def test_the_gradient_at_a_point(d, width, bias):
    found = slopes_at_ones(2000, d, width, bias, 11)
    rng = np.random.default_rng(12)  # the law once more, from its formula
    lengths = rng.chisquare(d, 50_000) * 2 / width
    law = np.sqrt([r * (rng.normal(size=rng.binomial(width, 0.5)) ** 2).sum() for r in lengths])
    assert stats.ks_2samp(found, law).pvalue > 1e-3
    assert np.mean(law**2) / d == pytest.approx(1, abs=0.05)
    assert stats.ks_2samp(found * 1.2, law).pvalue < 1e-3  # it would see a fifth


def test_the_law_needs_gaussian_weights(breaks):
    signs = np.random.default_rng(0).choice([-1.0, 1.0], size=(2000, 3))
    found = []
    for w1, w2, a in signs:
        f = ReluNetwork([[[math.sqrt(2) * w1, math.sqrt(2) * w2]], [[a]]])
        found.append(np.linalg.norm(f.gradient([1.0, 0.3])))
    between = np.mean((np.array(found) > 0.1) & (np.array(found) < 1.9))
    promised = tail(0.1, 2, 1) - tail(1.9, 2, 1)
    assert np.mean(np.square(found)) == pytest.approx(2, abs=0.2)  # the second moment is right
    breaks(found=between, at_least=promised, margin=0.2)


def test_the_law_needs_symmetric_biases(breaks):
    weights = sample_random_relu_batch(500, 8, 64, 1, rng=0).weights
    squares = [
        np.sum(ReluNetwork([W, a], [np.full(64, 1e6), [0.0]]).gradient(np.ones(8)) ** 2) / 8
        for W, a in zip(*weights, strict=True)
    ]
    breaks(found=np.mean(squares), at_most=1.0, margin=0.8)


def test_the_law_needs_a_point_off_the_kinks(breaks):
    f = sample_random_relu(8, 64, 1, rng=0)
    median = typical_slope(8, 64, 2)
    breaks(found=np.linalg.norm(f.gradient(np.zeros(8))), at_least=median, margin=2)


def test_the_variance_of_the_squared_slope():
    squares = slopes_at_ones(20_000, 8, 64, "zero", 3) ** 2 / 8
    assert squares.var() == pytest.approx(0.34765625, rel=0.06)
    d, width = 8, 64
    first, second = theory.gradient_moments(d, width, 1)
    assert second / first**2 - 1 == pytest.approx(0.34765625)


# -- two neurons, cells --------------------------------------------------------------------------
def test_two_neurons_by_hand():
    f = ReluNetwork([np.eye(2), [[1.0, 1.0]]])
    turns = np.linspace(0, 2 * np.pi, 400, endpoint=False) + 1e-3
    slopes = np.linalg.norm(f.gradient(np.stack([np.cos(turns), np.sin(turns)], 1)), axis=1)
    assert set(slopes.round(12)) == {0.0, 1.0, round(math.sqrt(2), 12)}
    assert np.mean(slopes**2) == pytest.approx(1)
    assert lipschitz.exact_plane(f).value == pytest.approx(math.sqrt(2))


def test_half_of_the_gradient_is_the_same_everywhere():
    f = sample_random_relu(5, 20, 1, rng=0)
    V = f.weights[1][0][:, None] * f.weights[0]
    for x in np.random.default_rng(1).normal(size=(20, 5)):
        chosen = np.sign(f.weights[0] @ x) @ V
        np.testing.assert_allclose(f.gradient(x), (V.sum(axis=0) + chosen) / 2)


@pytest.mark.parametrize(("width", "d"), [(5, 5), (9, 2), (40, 7), (1000, 16)])
def test_the_count_is_below_its_power(width, d):
    assert math.log(theory.n_cells(width, d)) <= d * math.log(math.e * width / d)


# -- the union bound -----------------------------------------------------------------------------
@pytest.mark.parametrize("width", [4, 60])
def test_the_union_bound_holds_exactly_in_the_plane(width):
    t, s = 0.5, 1.5
    cells = math.log(2 * width)  # lines through the origin cut the plane into twice as many sectors
    hidden = math.sqrt(2) * (1 + math.sqrt(2 / width) + s / math.sqrt(width))
    bound = hidden * (math.sqrt(2) + math.sqrt(2 * (cells + t)))
    exact = [lipschitz.exact_plane(sample_random_relu(2, width, 1, rng=i)).value for i in range(99)]
    assert 0.3 * bound < max(exact) <= bound  # on every network, far above the chance promised


def test_the_union_bound_needs_an_independent_readout(breaks):
    bound = theory.shallow_union_bound(2, 4096, 0.02).value
    held = []
    for seed in range(50):
        f = sample_random_relu(2, 4096, 1, rng=seed)
        W, a = f.weights
        knowing = np.abs(a) * np.sign(W[:, 0])
        slope = np.linalg.norm(ReluNetwork([W, knowing]).gradient([1.0, 0.0]))
        assert slope == pytest.approx(math.sqrt(2 * 4096) / math.pi, rel=0.1)
        assert np.linalg.norm(f.gradient([1.0, 0.0])) < bound
        held.append(slope <= bound)
    breaks(found=np.mean(held), at_least=0.98, margin=0.9)


def test_the_union_bound_is_silent_for_narrow_networks_and_loses_a_factor_for_wide_ones():
    product = [theory.product_upper_bound(16, N, 1, 0.02).value for N in (16, 1024)]
    union = [theory.shallow_union_bound(16, N, 0.02).value for N in (16, 1024)]
    assert union[0] > product[0]
    assert union[1] < product[1]
    found = steepness_by_width((1024,), 16, 2.0)["steepest"][0]
    assert 3 < union[1] / found < 4


# -- the dichotomy -------------------------------------------------------------------------------
def test_the_ratio_stays_near_two_at_any_width():
    for p in (2.0, np.inf):
        found = steepness_by_width((16, 128, 1024), 16, p, nets=9)
        ratio = found["steepest"] / found["typical"]
        assert (ratio > 1.5).all()
        assert (ratio < 2.4).all()


def test_the_ratio_grows_with_the_inputs_only_below_two():
    one, two, sup = (lp_dichotomy(p) for p in (1, 2, np.inf))
    grown = {p: v["steepest"] / v["typical"] for p, v in ((1, one), (2, two), (3, sup))}
    assert grown[1][-1] > 1.5 * grown[1][0]
    assert np.ptp(grown[2]) < 0.4
    assert np.ptp(grown[3]) < 0.4
    assert (grown[2] < 2.2).all()


def test_one_step_reaches_the_root_of_d():
    for d in (16, 64):
        values = [
            theory.one_step_lower_bound(sample_random_relu(d, 8 * d, 1, rng=i), 0).value
            for i in range(20)
        ]
        assert np.mean(values) > 0.4 * math.sqrt(d)
        assert np.mean(values) == pytest.approx(
            theory.one_step_law(d, 8 * d, 4000, 0).mean(), rel=0.1
        )


def test_one_neuron_has_nothing_to_choose():
    d = 10_000
    slopes = []
    for seed in range(100):  # one neuron: its constant is exact, |a| times the largest weight
        f = sample_random_relu(d, 1, 1, rng=seed)
        slopes.append(np.abs(f.weights[1] * f.weights[0]).max())
        assert lipschitz.exact_shallow(f, 1).value == pytest.approx(slopes[-1])
    wide = theory.one_step_law(d, 8 * d, 20, 0).min() / math.sqrt(d)
    assert np.median(slopes) / math.sqrt(d) < wide - 0.3


def test_the_small_norms_need_a_width_like_d(breaks):
    d, width = 10_000, 25
    tops = []
    for seed in range(20):  # no gradient entry exceeds |a| times the longest column of W
        W, a = sample_random_relu(d, width, 1, rng=seed).weights
        tops.append(np.linalg.norm(a) * np.linalg.norm(W, axis=0).max() / math.sqrt(d))
    square = theory.one_step_law(d, d, 20, 0).min() / math.sqrt(d)  # a lower answer where N = d
    breaks(found=np.median(tops), at_least=square, margin=0.1)


def test_as_many_neurons_as_inputs_reach_the_root_of_d():
    for d in (16, 64, 256, 1024):
        assert theory.one_step_law(d, d, 200, 0).mean() > 0.29 * math.sqrt(d)
    assert theory.one_step_law(1024, 16, 200, 0).mean() < 0.1 * math.sqrt(1024)  # N below d


def step_limit(ratio):
    """E h^2 / sqrt(1 + h^2 ratio), ratio = d/N."""
    h, dh = np.linspace(-10, 10, 200_001, retstep=True)
    return np.sum(h**2 / np.sqrt(1 + ratio * h**2) * stats.norm.pdf(h)) * dh


@pytest.mark.parametrize("more", [1, 8, 64])
def test_the_limit_of_one_step(more):
    d = 512
    found = theory.one_step_law(d, more * d, 200, 0).mean() / math.sqrt(d / math.pi)
    assert found == pytest.approx(step_limit(1 / more), rel=0.02)
    assert step_limit(1 / 8) == pytest.approx(0.866, abs=5e-4)


def test_the_size_needs_an_independent_readout(breaks):
    independent, knowing = [], []
    for seed in range(10):
        f = sample_random_relu(2, 1024, 1, rng=seed)
        W, a = f.weights
        independent.append(lipschitz.exact_plane(f).value)
        aware = ReluNetwork([W, np.abs(a) * np.sign(W[:, 0])])
        knowing.append(np.linalg.norm(aware.gradient([1.0, 0.0])))
    breaks(found=min(knowing), at_most=max(independent), margin=5)


def test_a_point_that_knows_the_fixed_half_is_steeper():
    d, width, slopes = 100, 20_000, []
    for seed in range(8):
        W, (a,) = sample_random_relu(d, width, 1, rng=seed).weights
        m = a @ W / 2
        x = math.sqrt(width / math.pi) / 2 * (W.T * a) @ (W @ m)
        slopes.append(np.linalg.norm((a * (W @ x > 0)) @ W) / math.sqrt(d))
    promised = math.sqrt(1 + 1 / math.pi + math.sqrt(2 / math.pi))
    assert np.mean(slopes) == pytest.approx(promised, rel=0.05)
    assert promised < theory.steepest_constant()


# -- the trap ------------------------------------------------------------------------------------
def test_the_tail_is_that_of_the_law():
    for d, width, slope in ((2, 1, 1.0), (2, 3, 1.0), (16, 128, 5.0)):
        law = theory.gradient_norm_law(d, width, 1, 200_000, 0)
        low, high = stats.binomtest(int((law > slope).sum()), 200_000).proportion_ci(1 - 1e-6)
        assert low <= tail(slope, d, width) <= high


def test_the_ceiling_is_one():
    for points in (20, 200):
        assert points * tail(ceiling(points, 16, 128), 16, 128) == pytest.approx(0.5, rel=1e-6)
    found = random_search(random_search.params("quick"), 0)
    assert (found["found"] < found["ceiling"][:3]).all()
    assert (found["found"][-1] <= found["steepest"]).all()


def test_random_points_fall_behind_as_the_dimension_grows():
    found = random_search(random_search.params("quick"), 0)
    assert found["found"][-1, -1] < 1.3 < 1.7 < found["steepest"][-1]
    assert found["ceiling"][2, -1] < 1.4  # so no luck with other points
    assert found["needed"][-1] > 10
    again = random_search(random_search.params("test"), 0)
    np.testing.assert_array_equal(
        again["found"], random_search(random_search.params("test"), 0)["found"]
    )


def test_the_points_needed_move_with_the_networks_drawn():
    at_64 = random_search.params("quick") | {"dims": (64,), "points": (2000,)}
    needed = [random_search(at_64, seed)["needed"][0] for seed in (1, 2, 3)]
    assert max(needed) - min(needed) > 0.5  # more than the first digit, so print a power, no count
    assert (np.floor(min(needed)), np.ceil(max(needed))) == (10, 12)  # a range printed outwards


# -- the explorer --------------------------------------------------------------------------------
def test_the_view_is_what_a_plain_search_finds():
    seen = lp_dichotomy(np.inf, 8, nets=5)
    batch = sample_random_relu_batch(5, 8, 64, 1, rng=np.random.default_rng([0, 8]))
    X = np.random.default_rng(1).normal(size=(4000, 8))
    slopes = np.abs(batch.gradient(X)).sum(axis=2).max(axis=1)
    assert seen["random_here"] == pytest.approx(np.median(slopes), rel=0.1)
    assert seen["steep_here"] >= seen["random_here"]
    at_ones = np.abs(sample_random_relu_batch(2000, 8, 64, 1, rng=5).gradient(np.ones(8)))
    assert seen["typical_here"] == pytest.approx(np.median(at_ones.sum(axis=1)), rel=0.06)
    assert seen["ratio"] == seen["steep_here"] / seen["typical_here"]


def test_the_variances_move_slopes_and_no_ratio():
    ours, torch_like = (
        lp_dichotomy(2, 16, init, nets=5) for init in ("generalised_he", "kaiming_linear")
    )
    root = np.sqrt(ours["inputs"])
    for name in ("steepest", "random", "typical"):
        np.testing.assert_allclose(torch_like[name] * root, ours[name])
    assert torch_like["ratio"] == pytest.approx(ours["ratio"])
    assert (ours["exponent"], torch_like["exponent"]) == pytest.approx((0.5, 0.0))


def test_what_is_found_for_p_one_counts_for_larger_p():
    norms = [lp_dichotomy(p, nets=5)["steepest"] for p in (1, 1.1, 1.5, 2, np.inf)]
    assert (np.diff(norms, axis=0) >= -0.03 * norms[0]).all()
    for p in (1.1, 1.25):
        assert (lp_dichotomy(p, nets=5)["steepest"] >= norms[0]).all()
