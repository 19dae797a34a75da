"""Bounds with a probability: digest values, and every sampled network on the right side."""

import math

import numpy as np
import pytest
from scipy import stats

from lipkit.bound import NETWORK, Bound, Bracket, tightest
from lipkit.lipschitz import autolip, exact_line, exact_plane, exact_shallow, gradient_lower_bounds
from lipkit.networks import sample_random_relu, sample_random_relu_batch
from lipkit.theory.random_relu import (
    deep_union_bound,
    fixed_point_lower_bound,
    gaussian_dual_norm,
    gradient_norm_law,
    log_patterns,
    product_upper_bound,
    quarter_root_lower_bound,
    shallow_union_bound,
)

NORMS = (1, 1.5, 2, 4, np.inf)


@pytest.mark.parametrize(
    ("d", "width", "value"), [(8, 64, 24.4530), (16, 1024, 28.8939), (128, 1024, 80.0801)]
)
def test_digest_values(d, width, value):
    bound = shallow_union_bound(d, width, 0.02)
    assert bound.value == pytest.approx(value, abs=5e-5)
    assert bound.kind == "upper"
    assert bound.details["probability"] == 0.98


def test_the_union_bound_is_the_formula():
    d, width, delta = 5, 30, 0.1
    t = math.log(2 / delta)
    s = math.sqrt(2 * t)
    size = math.sqrt(2) * (1 + math.sqrt(d / width) + s / math.sqrt(width))
    for bias in (False, True):
        entropy = log_patterns(d, width, 1, bias)
        value = size * (math.sqrt(d) + math.sqrt(2 * (entropy + t)))
        assert shallow_union_bound(d, width, delta, bias).value == pytest.approx(value)
        # the deep bound of one layer differs by E|g| against its bound, the root of d
        deep = size * (gaussian_dual_norm(d) + math.sqrt(2 * (entropy + t)))
        assert deep_union_bound(d, width, 1, delta, bias=bias).value == pytest.approx(deep)


@pytest.mark.parametrize("p", [1, 2, 4])
def test_the_deep_bounds_are_their_formulas(p):
    """Every layer's norm has its share of the failure, the pieces another."""
    d, width, depth, delta = 5, 30, 4, 0.1

    def hidden(r):
        first = math.sqrt(2) * (1 + math.sqrt(d / width) + r / math.sqrt(width))
        return first * (2 * math.sqrt(2) * (1 + r / (2 * math.sqrt(width)))) ** (depth - 1)

    pieces = log_patterns(d, width, depth) + math.log(2 / delta)
    spread = d ** max(0, 1 / 2 - 1 / p) * math.sqrt(2 * pieces)
    value = hidden(math.sqrt(2 * math.log(2 * depth / delta))) * (gaussian_dual_norm(d, p) + spread)
    assert deep_union_bound(d, width, depth, delta, p).value == pytest.approx(value)
    r = math.sqrt(2 * math.log((depth + 1) / delta))
    product = hidden(r) * (math.sqrt(width) + r)
    assert product_upper_bound(d, width, depth, delta).value == pytest.approx(product)


@pytest.mark.parametrize(
    ("d", "width", "depth", "bias", "exact"),
    [
        (1, 10, 3, "zero", exact_line),
        (1, 10, 3, "normal", exact_line),
        (2, 24, 1, "normal", exact_shallow),
        (3, 10, 1, "zero", exact_shallow),
        (2, 12, 3, "zero", exact_plane),
        (2, 30, 6, "zero", exact_plane),
    ],
)
def test_every_sampled_network_obeys(d, width, depth, bias, exact):
    """The exact constants of 15 networks, at a failure of 1e-3 a statement."""
    biased = bias == "normal"
    for p in (1, 2, np.inf):
        upper = deep_union_bound(d, width, depth, 1e-3, p, biased)
        lower = fixed_point_lower_bound(d, width, depth, 1e-3, p, bias=biased)
        assert Bracket(lower, upper).ratio > 1
        for seed in range(15):
            f = sample_random_relu(d, width, depth, bias=bias, rng=seed)
            assert lower.value <= exact(f, p).value <= upper.value


@pytest.mark.parametrize(("d", "width", "depth"), [(8, 64, 1), (20, 40, 2), (5, 100, 4)])
def test_searches_of_larger_networks_stay_between(d, width, depth):
    batch = sample_random_relu_batch(100, d, width, depth, rng=d)
    for p in NORMS:
        found = gradient_lower_bounds(batch, p, rng=0)
        assert found.max() < deep_union_bound(d, width, depth, 1e-3, p).value
        assert found.min() > fixed_point_lower_bound(d, width, depth, 1e-3, p).value
    products = np.array([autolip(batch[i]).value for i in range(100)])
    assert products.max() < product_upper_bound(d, width, depth, 1e-3).value
    assert products.mean() > 0.25 * product_upper_bound(d, width, depth, 1e-3).value


@pytest.mark.parametrize("p", NORMS)
@pytest.mark.parametrize(("d", "width", "depth"), [(30, 100, 1), (10, 60, 4), (100, 400, 3)])
@pytest.mark.parametrize("delta", [0.3, 0.01])
def test_one_point_exceeds_its_bound_as_often_as_promised(d, width, depth, delta, p):
    bound = fixed_point_lower_bound(d, width, depth, delta, p)
    law = gradient_norm_law(d, width, depth, 20_000, rng=0, p=p)
    below = int((law < bound.value).sum())
    assert stats.binomtest(below, 20_000, delta, alternative="greater").pvalue > 1e-3
    assert bound.value > 0.25 * np.quantile(law, delta)  # and it is not idle


def test_the_quarter_root():
    """The numbers of the digest, three digits up, and their inequality by simulation."""
    bound = quarter_root_lower_bound(100, 1000)
    assert bound.value == 2.5
    assert 1 - bound.details["probability"] == pytest.approx(0.908**100, rel=0.02)
    narrow = quarter_root_lower_bound(1000, 20).details["probability"]
    assert 1 - narrow == pytest.approx(0.82**20, rel=0.01)
    for d, width in ((20, 40), (40, 12), (9, 30)):
        claim = quarter_root_lower_bound(d, width)
        law = gradient_norm_law(d, width, 1, 50_000, rng=0)
        assert (law >= claim.value).mean() >= claim.details["probability"] - 1e-3


def test_silent_where_nothing_is_proved():
    assert quarter_root_lower_bound(2, 2).value == 0
    assert quarter_root_lower_bound(2, 2).details["probability"] == 1
    assert fixed_point_lower_bound(5, 3, 4, 0.01).value == 0  # layers die too often


@pytest.mark.parametrize("seed", range(10))
def test_biases_never_decrease_the_constant(seed):
    """Theorem C, on the line, in any depth, and shallow in the plane."""
    for bias in ("normal", ("cauchy", 3.0)):
        f = sample_random_relu(1, 12, 3, bias=bias, rng=seed)
        for p in (1, 2, np.inf):
            assert exact_line(f, p).value >= exact_line(f.without_biases(), p).value * (1 - 1e-9)
        g = sample_random_relu(2, 8, 1, bias=bias, rng=seed)
        assert exact_shallow(g).value >= exact_shallow(g.without_biases()).value * (1 - 1e-9)


class TestScaling:
    def test_in_the_failure_width_and_biases(self):
        for bound in (
            lambda delta, **k: shallow_union_bound(8, 64, delta, **k),
            lambda delta, **k: deep_union_bound(8, 64, 3, delta, **k),
        ):
            values = [bound(delta).value for delta in (0.5, 0.1, 1e-3, 1e-9)]
            assert values == sorted(values)
            assert bound(0.1, bias=True).value > bound(0.1).value
        lows = [fixed_point_lower_bound(20, 200, 2, delta).value for delta in (0.5, 0.1, 1e-3)]
        assert lows == sorted(lows, reverse=True)

    def test_the_logarithm_is_the_proof_s(self):
        """Grows like the root of ln(N/d), at fixed d."""
        values = np.array([shallow_union_bound(8, 2**k, 0.01).value for k in (12, 24, 48)])
        entropy = np.array([8 * math.log(math.e * 2**k / 8) for k in (12, 24, 48)])
        ratio = values / np.sqrt(entropy)
        assert ratio[0] > ratio[1] > ratio[2] > 1.9

    @pytest.mark.parametrize("p", NORMS)
    def test_powers_of_d(self, p):
        """With N = 8d the upper side grows with the right power of d, for each p."""
        d = np.array([100, 400, 1600])
        upper = [deep_union_bound(int(m), 8 * int(m), 1, 0.01, p).value for m in d]
        slope = np.polyfit(np.log(d), np.log(upper), 1)[0]
        assert slope == pytest.approx(max(0.5, 1 - 1 / p), abs=0.06)

    def test_depth(self):
        """2 sqrt 2 a layer in the product, the root of the depth once the hidden map is tame."""
        grown = [product_upper_bound(8, 10**6, depth, 0.01).value for depth in (5, 6)]
        assert grown[1] / grown[0] == pytest.approx(2 * math.sqrt(2), rel=0.01)
        loose = [deep_union_bound(8, 10**6, depth, 0.01).value for depth in (5, 6)]
        assert loose[1] / loose[0] == pytest.approx(2 * math.sqrt(2) * math.sqrt(6 / 5), rel=0.03)
        tame = [deep_union_bound(8, 10**6, depth, 0.01, hidden=2.0).value for depth in (4, 16)]
        assert tame[1] / tame[0] == pytest.approx(2, rel=0.15)

    def test_a_thousand_layers_say_nothing(self):
        assert product_upper_bound(8, 64, 1000, 0.01).value == math.inf
        assert deep_union_bound(8, 64, 1000, 0.01).value == math.inf
        assert deep_union_bound(8, 64, 1000, 0.01, hidden=2.0).value < 1e4

    def test_a_known_hidden_map_enters_as_a_factor(self):
        one, two = (deep_union_bound(8, 64, 3, 0.1, 4, hidden=h) for h in (1.0, 2.0))
        assert two.value == pytest.approx(2 * one.value)
        assert "whose hidden map is 2-Lipschitz" in two.quantity
        measured = Bound(2.0, "upper", quantity=NETWORK, method="autolip")
        assert deep_union_bound(8, 64, 3, 0.1, 4, hidden=measured) == two


def test_statements_about_different_networks_do_not_mix():
    with pytest.raises(ValueError, match="quantity"):
        tightest([shallow_union_bound(8, 64, 0.02), shallow_union_bound(8, 64, 0.02, bias=True)])
    with pytest.raises(ValueError, match="quantity"):
        tightest([shallow_union_bound(8, 64, 0.02), shallow_union_bound(8, 64, 0.01)])
    best = tightest([shallow_union_bound(8, 64, 0.02), deep_union_bound(8, 64, 1, 0.02)])
    assert best.method == "union bound over patterns"
    assert "8 inputs, 1 × 64 neurons, no biases) (probability 0.98)" in best.quantity


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: shallow_union_bound(8, 64, 0.0), ValueError, "delta: got 0.0, expected a prob"),
        (lambda: shallow_union_bound(8, 64, 1.0), ValueError, "delta: got 1.0"),
        (lambda: shallow_union_bound(0, 64, 0.1), ValueError, "d: got 0"),
        (lambda: deep_union_bound(8, 64, 0, 0.1), ValueError, "depth: got 0"),
        (lambda: deep_union_bound(8, 64, 1, 0.1, 0.9), ValueError, "p: got 0.9"),
        (lambda: deep_union_bound(8, 64, 1, 2.0), ValueError, "delta: got 2.0"),
        (lambda: deep_union_bound(8, 64, 1, 0.1, hidden=0.0), ValueError, "hidden: got 0.0"),
        (
            lambda: deep_union_bound(
                8, 64, 1, 0.1, hidden=Bound(1.0, "lower", quantity=NETWORK, method="m")
            ),
            ValueError,
            "hidden: got .* expected an upper bound",
        ),
        (
            lambda: deep_union_bound(
                8, 64, 1, 0.1, hidden=Bound(1.0, "upper", quantity="x", norm=(1, 1), method="m")
            ),
            ValueError,
            "expected an upper bound of the hidden map in l2",
        ),
        (lambda: product_upper_bound(8, 64, 1, -0.1), ValueError, "delta: got -0.1"),
        (lambda: fixed_point_lower_bound(8, 64, 1, 0.0), ValueError, "delta: got 0.0"),
        (lambda: fixed_point_lower_bound(8, 64, 1, 0.1, 0), ValueError, "p: got 0"),
        (lambda: quarter_root_lower_bound(8, 0), ValueError, "width: got 0"),
    ],
)
def test_bad_input(call, error, message):
    with pytest.raises(error, match=message):
        call()
