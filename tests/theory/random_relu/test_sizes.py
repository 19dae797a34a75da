"""Exponents, constants and leading sizes: digest tables and what the methods answer."""

import math

import numpy as np
import pytest
from scipy import integrate, optimize

from lipkit.lipschitz import autolip, eclipse_fast, lipsdp, seqlip
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.theory.random_relu import (
    exponent,
    fixed_point_exponent,
    gaussian_dual_norm,
    lower_width_ratio,
    proved_gap,
    relaxation_sizes,
    steepest_constant,
    upper_width_ratio,
)


def test_digest_table_of_exponents():
    p = (1, 4 / 3, 2, 4, math.inf)
    assert [exponent(q) for q in p] == pytest.approx([0.5, 0.5, 0.5, 0.75, 1])
    assert [fixed_point_exponent(q) for q in p] == pytest.approx([0, 0.25, 0.5, 0.75, 1])


@pytest.mark.parametrize("p", [4 / 3, 2, 3, 4, math.inf])
def test_the_fixed_point_exponent_is_that_of_a_gaussian(p):
    sizes = np.array([2000, 8000])
    norms = [gaussian_dual_norm(int(d), p) for d in sizes]
    slope = np.log(norms[1] / norms[0]) / np.log(4)
    assert slope == pytest.approx(fixed_point_exponent(p), abs=0.01)


def test_the_steepest_constant_by_the_digests_equation():
    """mu solves (1/2) int s^2 / (mu - s^2)^2 = 1 over the semicircle of radius 2 / sqrt pi."""
    R = 2 / math.sqrt(math.pi)

    def over_the_semicircle(f):
        value, _ = integrate.quad(
            lambda t: f(R * math.sin(t)) * 2 / math.pi * math.cos(t) ** 2, -math.pi / 2, math.pi / 2
        )
        return value

    mu = optimize.brentq(
        lambda m: over_the_semicircle(lambda s: s**2 / (m - s**2) ** 2) / 2 - 1, R**2 + 1e-3, 5
    )
    assert mu == pytest.approx(1.345514, abs=5e-6)
    top = 0.5 + mu + over_the_semicircle(lambda s: s**2 / (mu - s**2)) / 2
    assert math.sqrt(top) == pytest.approx(1.468794, abs=5e-6)
    assert steepest_constant() == pytest.approx(math.sqrt(top + 0.181690), abs=5e-6)
    assert steepest_constant() == pytest.approx(1.529394, abs=5e-7)


def test_leading_sizes_against_the_methods():
    d, width = 5, 2000
    sizes = relaxation_sizes(d, width)
    f = sample_random_relu(d, width, 1, rng=0)
    assert autolip(f).value == pytest.approx(sizes["autolip"], rel=0.05)
    assert eclipse_fast(f).value == pytest.approx(sizes["eclipse_fast"], rel=0.05)
    assert sizes["eclipse_fast"] / sizes["autolip"] == pytest.approx(0.707, abs=5e-4)
    # without the terms of the order of the root of d: 0.399 and 0.318
    assert sizes["lipsdp"] / math.sqrt(2 * width) == pytest.approx(1 / math.sqrt(2 * math.pi))
    assert sizes["seqlip"] / math.sqrt(2 * width) == pytest.approx(1 / math.pi)


def test_lipsdp_and_seqlip_at_moderate_width():
    f = sample_random_relu(10, 400, 1, rng=0)
    assert lipsdp(f).value == pytest.approx(12.6594, rel=1e-3)  # digest, 4.5
    assert relaxation_sizes(10, 400)["lipsdp"] == pytest.approx(11.284, abs=5e-4)
    found = [seqlip(sample_random_relu(2, 18, 1, rng=s)).value for s in range(5)]
    assert np.mean(found) > relaxation_sizes(2, 18)["seqlip"]
    assert isinstance(f, ReluNetwork)


def test_the_gap_and_the_widths():
    assert proved_gap(8, 1024, 1) == 1
    assert proved_gap(8, 1024, 4) == pytest.approx(math.sqrt(4 * math.log(math.e * 128)))
    assert proved_gap(8, 1024, 8) == pytest.approx(math.sqrt(2) * proved_gap(8, 1024, 4))
    assert lower_width_ratio(8, 1000, 1) == 125
    assert lower_width_ratio(8, 1000, 3) == pytest.approx(1000 / (9 * (8 + math.log(3))))
    assert upper_width_ratio(8, 1000, 2) == pytest.approx(1000 / (64 * (1 + math.log(1000)) ** 2))
    for ratio in (lower_width_ratio, upper_width_ratio):
        assert ratio(8, 2000, 2) > ratio(8, 1000, 2) > ratio(8, 1000, 3) > ratio(9, 1000, 3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: exponent(0.5), "p: got 0.5, expected 1 <= p <= inf"),
        (lambda: fixed_point_exponent(-1), "p: got -1"),
        (lambda: proved_gap(8, 7, 2), "width: got 7, expected at least d = 8"),
        (lambda: lower_width_ratio(8, 7, 0), "depth: got 0"),
        (lambda: upper_width_ratio(0, 7, 1), "d: got 0"),
        (lambda: relaxation_sizes(5, 0), "width: got 0"),
    ],
)
def test_bad_input(call, message):
    with pytest.raises(ValueError, match=message):
        call()
