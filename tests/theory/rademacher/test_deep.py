"""Bounds by formula: digest values, and no network of the class above them."""

import math
from typing import Any

import numpy as np
import pytest

from lipkit.data import generic
from lipkit.theory.rademacher import (
    finite_class_rademacher_bound,
    frobenius_rademacher_bound,
    linear_rademacher,
    neuron_rademacher,
    peeling_rademacher_bound,
    rademacher_mc,
    two_layer_rademacher,
)


def test_digest_values() -> None:
    assert frobenius_rademacher_bound(1, 10**4, [2, 2, 2]) == pytest.approx(0.2132087, abs=5e-8)
    quoted = frobenius_rademacher_bound(1, 10**4, [2, 2, 2], sharp=False)
    assert quoted == pytest.approx(0.2431467, abs=5e-8)
    assert peeling_rademacher_bound(1, 10**4, [2, 2, 2]) == pytest.approx(0.32, rel=1e-14)
    assert quoted.kind == "upper"


@pytest.mark.parametrize(
    ("card", "n", "d", "bound"),
    [(500, 100, 20, 0.2617615), (500, 100, 100, 0.1708654), (2000, 400, 100, 0.0891859)],
)
def test_digest_values_of_finite_classes(card: int, n: int, d: int, bound: float) -> None:
    found = finite_class_rademacher_bound(n, d, math.log(card), c=d / (d - 1))
    assert found == pytest.approx(bound, abs=5e-8)


@pytest.mark.parametrize(("n", "d", "seen"), [(100, 20, 0.046), (100, 100, 0.021)])
def test_distance_functions_stay_below(n: int, d: int, seen: float) -> None:
    """500 one-Lipschitz functions |x - c| - 1; the digest saw 0.046 and 0.021."""
    centres = generic(500, d, rng=0).X
    averages = []
    for seed in range(10):
        X, _ = generic(n, d, rng=seed + 1)
        F = np.clip(np.linalg.norm(X[:, None] - centres, axis=2) - 1, -1, 1)
        drawn = rademacher_mc(lambda S, F=F: (S @ F).max(axis=1), n, 100, vectorized=True)
        averages.append(float(drawn))
    assert np.mean(averages) == pytest.approx(seen, rel=0.15)
    bound = finite_class_rademacher_bound(n, d, math.log(500), c=d / (d - 1))
    assert np.mean(averages) < bound


def test_one_layer_is_the_linear_class() -> None:
    X, _ = generic(10, 3, rng=0)
    bound = frobenius_rademacher_bound(1.0, 10, [2.0])
    assert bound == pytest.approx(2 / math.sqrt(10))
    assert linear_rademacher(X, 2.0, exact=True) <= bound
    assert peeling_rademacher_bound(1.0, 10, [2.0]) == pytest.approx(float(bound))


@pytest.mark.parametrize("n", [2, 5, 10])
def test_two_layers_against_the_exact_value(n: int) -> None:
    """Frobenius norms M1 and M2 give exactly M1 M2 rho_1: at most 0.46 of the bound, says 3.1."""
    for seed in range(3):
        X, _ = generic(n, 2, rng=seed)
        rho = neuron_rademacher(X, exact=True)
        exact = two_layer_rademacher(rho, 5, 2.0, 3.0, "frobenius")
        bound = frobenius_rademacher_bound(1.0, n, [3.0, 2.0])
        assert exact <= 0.46 * bound
        assert exact <= peeling_rademacher_bound(1.0, n, [3.0, 2.0])


def test_deeper_networks_never_follow_signs_better() -> None:
    """A lower answer for three layers by random networks, far below, never above."""
    draws = np.random.default_rng(0)
    X, _ = generic(6, 3, rng=0)
    nets = []
    for _ in range(3000):
        W = [draws.normal(size=shape) for shape in ((4, 3), (4, 4), (1, 4))]
        h = X.T
        for layer in W[:-1]:
            h = np.maximum(layer / np.linalg.norm(layer) @ h, 0)
        nets.append((W[-1] / np.linalg.norm(W[-1]) @ h)[0])
    F = np.array(nets)
    best = rademacher_mc(lambda s: float((F @ s).max()), 6, exact=True, side="lower")
    assert 0 < best < frobenius_rademacher_bound(1.0, 6, [1.0, 1.0, 1.0])


def test_depth_costs_a_root_and_peeling_a_power() -> None:
    ones = [[1.0] * D for D in (1, 5, 17)]
    roots = [frobenius_rademacher_bound(1, 1, norms) for norms in ones]
    powers = [peeling_rademacher_bound(1, 1, norms) for norms in ones]
    assert roots == pytest.approx(
        [1, 1 + math.sqrt(8 * math.log(2)), 1 + math.sqrt(32 * math.log(2))]
    )
    assert powers == [1, 16, 2**16]
    long = frobenius_rademacher_bound(3.0, 100, [2.0] * 4)
    assert long == pytest.approx(16 * 3 / 10 * frobenius_rademacher_bound(1, 1, [1.0] * 4))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: frobenius_rademacher_bound(0.0, 10, [1.0]), "R: got 0.0"),
        (lambda: frobenius_rademacher_bound(1.0, 0, [1.0]), "n: got 0"),
        (lambda: frobenius_rademacher_bound(1.0, 10, []), "norms: got"),
        (lambda: frobenius_rademacher_bound(1.0, 10, [1.0, -1.0]), "norms: got .* one positive"),
        (lambda: peeling_rademacher_bound(1.0, 10, [0.0]), "norms: got"),
        (lambda: finite_class_rademacher_bound(10, 0, 1.0), "d: got 0"),
        (lambda: finite_class_rademacher_bound(10, 2, -1.0), "log_card: got -1.0"),
        (lambda: finite_class_rademacher_bound(10, 2, 1.0, L=0.0), "L: got 0.0"),
        (lambda: finite_class_rademacher_bound(10, 2, 1.0, c=0.0), "c: got 0.0"),
    ],
)
def test_bad_input(call: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        call()
