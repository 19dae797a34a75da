"""The law of the gradient at a fixed point against networks, and its moments."""

import math

import numpy as np
import pytest
from scipy import stats

from lipkit.networks import sample_random_relu, sample_random_relu_batch
from lipkit.theory.random_relu import (
    dead_probability,
    gaussian_dual_norm,
    gradient_moments,
    gradient_norm_law,
    log_length_moments,
)

LEVEL = 1e-3  # each Kolmogorov-Smirnov test fails by chance once in a thousand seeds
NETS = 3000


def laplace(rng, size):
    return rng.laplace(scale=2.0, size=size)


def gradients(d, width, depth, bias, seed, x=None):
    batch = sample_random_relu_batch(NETS, d, width, depth, bias=bias, rng=seed)
    return batch.gradient(np.arange(1.0, d + 1) if x is None else x)


def shallow_cdf(t, d, width):
    """P(|grad|^2 <= t) for one hidden layer: a sum over K and an integral over chi^2_K."""
    nodes, weights = np.polynomial.legendre.leggauss(400)
    total = np.full(len(t), stats.binom.pmf(0, width, 0.5))
    for k in range(1, width + 1):
        length = 2 / width * stats.chi2.ppf((1 + nodes) / 2, k)
        inner = stats.chi2.cdf(t[:, None] / length, d) @ weights / 2
        total += stats.binom.pmf(k, width, 0.5) * inner
    return total


@pytest.mark.parametrize(
    ("d", "width", "depth", "bias"),
    [
        (5, 40, 3, "zero"),
        (5, 40, 3, ("cauchy", 5.0)),
        (3, 10, 2, "normal"),
        (8, 6, 4, ("uniform", 0.3)),
        (1, 20, 1, ("cauchy", 0.1)),
        (20, 8, 1, "zero"),
        (2, 30, 6, laplace),
        (4, 7, 2, "fan_in"),
    ],
)
def test_networks_follow_the_law(d, width, depth, bias):
    """At three input norms: the whole vector is Gaussian times a length, not only its l2 norm."""
    G = gradients(d, width, depth, bias, seed=d + width)
    for p, dual in ((2, 2), (1, np.inf), (np.inf, 1)):
        law = gradient_norm_law(d, width, depth, 200_000, rng=1, p=p)
        found = np.linalg.norm(G, ord=dual, axis=1)
        assert stats.ks_2samp(found, law).pvalue > LEVEL


@pytest.mark.parametrize(("d", "width"), [(3, 8), (6, 3)])
def test_the_law_s_distribution_by_quadrature(d, width):
    law = gradient_norm_law(d, width, 1, 20_000, rng=2) ** 2
    at = np.sort(law)[::200]
    at = at[at > 0]
    empirical = np.array([(law <= t).mean() for t in at])
    assert np.abs(shallow_cdf(at, d, width) - empirical).max() < 1.95 / math.sqrt(20_000)


def test_the_direction_is_uniform_and_independent_of_the_length():
    G = gradients(4, 12, 2, "normal", seed=5)
    G = G[G.any(axis=1)]
    length = np.linalg.norm(G, axis=1)
    first = G[:, 0] / length
    beta = stats.beta(1.5, 1.5, loc=-1, scale=2)  # a coordinate of the sphere in four dimensions
    assert stats.ks_1samp(first, beta.cdf).pvalue > LEVEL
    assert stats.spearmanr(np.abs(first), length).pvalue > LEVEL


def test_at_the_origin_with_biases():  # digest: medians 1.348 against 1.329
    found = np.linalg.norm(gradients(3, 10, 2, "normal", 0, np.zeros(3)), axis=1)
    law = gradient_norm_law(3, 10, 2, 200_000, rng=0)
    assert stats.ks_2samp(found, law).pvalue > LEVEL
    assert np.median(law**2) == pytest.approx(1.329, abs=0.01)
    assert np.median(found**2) == pytest.approx(1.348, abs=0.08)
    assert not sample_random_relu(3, 10, 2, rng=0).gradient(np.zeros(3)).any()


def test_without_symmetry_the_law_fails():
    """Large positive biases switch every gate on: K = N, and the square is doubled."""
    with pytest.warns(UserWarning, match="expected a symmetric one"):
        G = gradients(5, 40, 1, lambda rng, size: np.full(size, 1e3), seed=0)
    squares = (G**2).sum(axis=1)
    assert squares.mean() == pytest.approx(2 * 5, rel=0.05)
    law = gradient_norm_law(5, 40, 1, 200_000, rng=0)
    assert stats.ks_2samp(np.sqrt(squares), law).pvalue < 1e-10


def test_digest_quantiles():
    squares = gradient_norm_law(5, 40, 3, 400_000, rng=0) ** 2
    assert np.quantile(squares, [0.1, 0.5, 0.9]) == pytest.approx([0.962, 3.507, 10.73], rel=0.01)


def test_digest_moments():
    assert gradient_moments(5, 40, 3) == (5, 49.833984375)
    for d, width, depth in ((5, 40, 3), (2, 10, 1), (3, 50, 8)):
        squares = gradient_norm_law(d, width, depth, 400_000, rng=1) ** 2
        mean, square = gradient_moments(d, width, depth)
        assert squares.mean() == pytest.approx(mean, rel=0.02)
        assert (squares**2).mean() == pytest.approx(square, rel=0.1)
        # exercise 1: the variance of the square over d, for one layer
        spread = (1 + 2 / d) * (1 + 5 / width) ** depth - 1
        assert square / d**2 - 1 == pytest.approx(spread)


def test_dead_layers():  # digest: 0.5817 of 20 000 networks
    assert dead_probability(2, 3) == 0.578125
    G = gradients(3, 2, 3, "normal", seed=0)
    dead = (G == 0).all(axis=1).mean()
    assert abs(dead - 0.578125) < 4 * math.sqrt(0.25 / NETS)
    law = gradient_norm_law(3, 2, 3, 100_000, rng=0)
    assert (law == 0).mean() == pytest.approx(0.578125, abs=0.006)
    assert dead_probability(1, 1) == 0.5
    assert dead_probability(200, 2) == pytest.approx(2 * 2.0**-200, rel=1e-12)


@pytest.mark.parametrize(("width", "depth"), [(3, 1), (10, 4), (60, 20)])
def test_moments_of_the_log_length(width, depth):
    mean, variance = log_length_moments(width, depth)
    rng = np.random.default_rng(0)
    on = rng.binomial(width, 0.5, size=(200_000, depth))
    alive = (on > 0).all(axis=1)
    logs = np.log(2 / width * rng.chisquare(np.maximum(on, 1))).sum(axis=1)[alive]
    assert logs.mean() == pytest.approx(mean, abs=5 * math.sqrt(variance / len(logs)))
    assert logs.var() == pytest.approx(variance, rel=0.03)


def test_wide_networks_are_lognormal_with_five_l_over_n():
    for width in (200, 2000):
        mean, variance = log_length_moments(width, 7)
        assert mean == pytest.approx(-35 / (2 * width), rel=10 / width)
        assert variance == pytest.approx(35 / width, rel=20 / width)


def test_gaussian_norms_against_draws():
    g = np.abs(np.random.default_rng(0).normal(size=(100_000, 7)))
    for p, q in ((1, np.inf), (2, 2), (np.inf, 1)):
        assert np.linalg.norm(g, ord=q, axis=1).mean() == pytest.approx(
            gaussian_dual_norm(7, p), rel=0.004
        )
    for p, q in ((1.5, 3), (4, 4 / 3), (1.02, 51)):
        mean = np.linalg.norm(g, ord=q, axis=1).mean()
        assert mean * 0.998 <= gaussian_dual_norm(7, p) <= 1.25 * mean
    assert gaussian_dual_norm(1, 1) == pytest.approx(math.sqrt(2 / math.pi))
    assert gaussian_dual_norm(1, 2) == pytest.approx(math.sqrt(2 / math.pi))
    assert gaussian_dual_norm(128, 1) == pytest.approx(2.86, abs=0.1)
    assert gaussian_dual_norm(10**6, 2) == pytest.approx(1000, rel=1e-5)
    assert gaussian_dual_norm(10**5, 1) == pytest.approx(math.sqrt(2 * math.log(10**5)), rel=0.1)


def test_it_repeats_and_blocks_do_not_matter(monkeypatch):
    once = gradient_norm_law(3, 5, 2, 100, rng=3, p=1)
    monkeypatch.setattr("lipkit.theory.random_relu._law._ENTRIES", 3)
    assert (gradient_norm_law(3, 5, 2, 100, np.random.default_rng(3), 1) == once).all()
    assert once.shape == (100,)


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: gradient_norm_law(0, 1, 1, 1, 0), ValueError, "d: got 0, expected at least 1"),
        (lambda: gradient_norm_law(1, 0, 1, 1, 0), ValueError, "width: got 0"),
        (lambda: gradient_norm_law(1, 1, 0, 1, 0), ValueError, "depth: got 0"),
        (lambda: gradient_norm_law(1, 1, 1, 0, 0), ValueError, "size: got 0"),
        (lambda: gradient_norm_law(1, 1, 1, 1, None), TypeError, "rng: got None"),
        (lambda: gradient_norm_law(1, 1, 1, 1, 0, 0.5), ValueError, r"p: got 0\.5"),
        (lambda: gradient_moments(5, 40, 0), ValueError, "depth: got 0"),
        (lambda: gradient_moments(5, 40.0, 1), TypeError, r"width: got 40\.0"),
        (lambda: dead_probability(2, 0), ValueError, "depth: got 0"),
        (lambda: log_length_moments(0, 2), ValueError, "width: got 0"),
        (lambda: gaussian_dual_norm(3, 0), ValueError, "p: got 0"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
