"""Kinks: the network is rebuilt from them, and each is steep on one side."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.bound import Bracket
from lipkit.data import generic
from lipkit.lipschitz import linear_regions
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.robustness_law import (
    kink_coefficients,
    kink_law,
    kink_lower_bound,
    spectral_proxy,
)


def small_network(k: int, d: int, seed: int) -> TwoLayerNetwork:
    """Whole weights, so that hyperplanes coincide, miss the ball, or are none at all."""
    draws = np.random.default_rng(seed)
    W = draws.integers(-1, 2, size=(k, d)).astype(float)
    b = draws.choice([-2.0, -0.5, 0.0, 0.5, 2.0], size=k)
    return TwoLayerNetwork(draws.choice([1.0, 2.0, -3.0], (k, 1)) * W, b, draws.integers(-2, 3, k))


def inside(n: int, d: int, seed: int) -> Any:
    X = generic(n, d, rng=seed).X
    return X * np.random.default_rng(seed).random((n, 1)) ** (1 / d)


class TestCoefficients:
    @given(k=st.integers(1, 8), d=st.integers(1, 3), seed=st.integers(0, 500))
    @settings(max_examples=150)
    def test_the_same_function_on_the_ball(self, k: int, d: int, seed: int) -> None:
        f = small_network(k, d, seed)
        kinks = kink_coefficients(f.W, f.b, f.a)
        X = inside(200, d, seed)
        np.testing.assert_allclose(kinks(X), f(X), atol=1e-9)
        np.testing.assert_allclose(np.linalg.norm(kinks.u, axis=1), 1, rtol=1e-12)
        assert (np.abs(kinks.t) < 1).all()
        assert (kinks.alpha != 0).all()
        assert len(kinks.alpha) <= k
        planes = {tuple(np.round(np.r_[u, t], 6)) for u, t in zip(kinks.u, kinks.t, strict=True)}
        opposite = {tuple(-np.array(plane)) for plane in planes}
        assert len(planes) == len(kinks.t)
        assert not planes & opposite

    def test_bends_that_cancel_are_no_kinks(self) -> None:
        kinks = kink_coefficients([[1.0, 0.0], [-2.0, 0.0]], [-0.5, 1.0], [2.0, -1.0])
        assert len(kinks.alpha) == 0  # 2 ReLU(s) - 2 ReLU(-s) = 2 s
        np.testing.assert_allclose(kinks.v, [2.0, 0.0])
        assert kinks.c0 == pytest.approx(-1.0)

    def test_a_neuron_without_weight_is_a_constant(self) -> None:
        kinks = kink_coefficients([[0.0], [0.0]], [1.5, -1.0], [2.0, 7.0])
        assert (len(kinks.alpha), kinks.c0) == (0, 3.0)

    def test_shapes(self) -> None:
        with pytest.raises(ValueError, match="b, a: got shapes"):
            kink_coefficients([[1.0]], [0.0, 1.0], [1.0])


class TestBoundOfANetwork:
    def test_digest_values(self) -> None:
        ramp = kink_lower_bound([[1.0], [1.0]], [0.0, -0.5], [3.0, -3.0])
        assert (ramp.value, ramp.details["kinks"]) == (1.5, 2)
        assert kink_lower_bound([[1.0], [-1.0]], [0.0, 0.0], [1.0, 1.0]).value == 1.0

    @given(k=st.integers(1, 7), seed=st.integers(0, 500))
    @settings(max_examples=60)
    def test_never_above_the_exact_constant_in_the_disc(self, k: int, seed: int) -> None:
        f = small_network(k, 2, seed)
        bound = kink_lower_bound(f.W, f.b, f.a)
        steepest = max(
            np.linalg.norm(region.gradient)
            for region in linear_regions(f.to_relu_network(), ([-1, -1], [1, 1]))
            if reaches_disc(region.vertices)
        )
        assert bound.value <= steepest * (1 + 1e-9) + 1e-12

    @pytest.mark.parametrize("domain", ["ball", "sphere"])
    @pytest.mark.parametrize("seed", range(6))
    def test_one_side_of_the_kink_is_that_steep(self, domain: str, seed: int) -> None:
        draws = np.random.default_rng(seed)
        W, b, a = draws.normal(size=(5, 4)), draws.uniform(-0.6, 0.6, 5), draws.normal(size=5)
        f = TwoLayerNetwork(W, b, a)
        bound = kink_lower_bound(W, b, a, domain=domain)
        kinks = kink_coefficients(W, b, a)
        tilt = np.sqrt(1 - kinks.t**2) if domain == "sphere" else 1.0
        assert bound.value == pytest.approx((np.abs(kinks.alpha) * tilt).max() / 2)
        j = int((np.abs(kinks.alpha) * tilt).argmax())
        x = bound.witness
        assert kinks.u[j] @ x == pytest.approx(kinks.t[j])
        length = np.linalg.norm(x)
        assert length == pytest.approx(1) if domain == "sphere" else length < 1
        sides = [x + step * kinks.u[j] for step in (1e-7, -1e-7)]
        gradients = [f.gradient(z) for z in sides]
        if domain == "sphere":
            gradients = [g - (g @ x) * x for g in gradients]
        assert max(map(np.linalg.norm, gradients)) >= bound.value * (1 - 1e-6)

    def test_three_kinks_that_cancel_as_far_as_they_can(self) -> None:
        """Directions at 0, 60, 120 degrees and the right affine part: Lip is 1, not 3."""
        u = np.array([[math.cos(t), math.sin(t)] for t in (0, math.pi / 3, 2 * math.pi / 3)])
        v = -u.sum(axis=0) / 2
        W, a = np.vstack([u, v, -v]), np.array([1, 1, 1, 1.0, -1.0])
        found = kink_lower_bound(W, np.zeros(5), a)
        assert (found.value, found.details["kinks"]) == (pytest.approx(0.5), 3)
        X = inside(500, 2, 0)
        steep = np.linalg.norm(TwoLayerNetwork(W, np.zeros(5), a).gradient(X), axis=1)
        np.testing.assert_allclose(steep, 1.0, rtol=1e-12)

    def test_a_network_without_kinks(self) -> None:
        flat = kink_lower_bound([[1.0]], [5.0], [3.0])
        assert (flat.value, flat.witness, flat.details["kinks"]) == (0.0, None, 0)

    def test_it_makes_no_bracket_with_a_bound_elsewhere(self) -> None:
        W, b, a = [[1.0], [-1.0]], [0.0, 0.0], [1.0, 1.0]
        with pytest.raises(ValueError, match="different domain"):
            Bracket(kink_lower_bound(W, b, a), spectral_proxy(W, a))

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="domain: got 'cube'"):
            kink_lower_bound(np.eye(3), np.zeros(3), np.ones(3), domain="cube")
        with pytest.raises(ValueError, match="domain: got the sphere in 2 dimensions"):
            kink_lower_bound(np.eye(2), np.zeros(2), np.ones(2), domain="sphere")


def reaches_disc(vertices: Any) -> bool:
    """Whether some point of a fine mesh of the polygon lies in the open unit disc."""
    weights = np.random.default_rng(0).dirichlet(np.full(len(vertices), 0.3), size=2000)
    return bool((np.linalg.norm(weights @ vertices, axis=1) < 1).any())


class TestLaw:
    def test_digest_values(self) -> None:
        assert kink_law(400, 1).value == 2.375
        assert kink_law(10**4, 3).value == pytest.approx(4.95)
        assert kink_law(10**4, 1, delta=0.05).value == pytest.approx(3.819635, abs=5e-7)
        assert kink_law(4, 5, delta=0.05).value == 0.0

    def test_some_labels_is_not_most_labels(self) -> None:
        some, tail = kink_law(10**4, 1), kink_law(10**4, 1, delta=0.05)
        assert "the hardest labels" in some.quantity
        assert "fair labels (probability 0.95)" in tail.quantity
        assert some.value > tail.value
        assert kink_law(10**4, 1, P=0.05).value == pytest.approx(0.5)  # delta sqrt n - 1 over 8
        assert kink_law(10**4, 1, P=0.1, delta=0.05).value == tail.value  # P is ignored

    def test_without_kinks_against_all_labels(self) -> None:
        """Affine functions: the least constant of an exact fit for each of the 2^n labels."""
        n = 9
        for seed in range(3):
            X = inside(n, n, seed)
            flattest = np.sort([affine_fit(X, np.array(y)) for y in product((-1, 1), repeat=n)])
            assert kink_law(n, 0).value <= flattest[-1]
            for i in range(0, 2**n, 16):
                share = (i + 1) / 2**n
                assert kink_law(n, 0, P=share).value <= flattest[i]
            for delta in (0.3, 0.6, 0.9):
                law = kink_law(n, 0, delta=delta).value
                assert np.mean(flattest < law) <= delta

    def test_where_it_falls_below_the_trivial(self) -> None:
        n = 10**4
        assert kink_law(n, 16).value > 1 >= kink_law(n, 17).value  # 6m + 3 >= 100 from m = 17

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((0, 1), "n: got 0"),
            ((10, -1), "m: got -1"),
            ((10, 1, 0.0), "P: got 0.0"),
            ((10, 1, 1.1), "P: got 1.1, expected a fraction"),
            ((10, 1, 1.0, 0.0), "delta: got 0.0"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            kink_law(*arguments)


def affine_fit(X: Any, y: Any) -> float:
    """min |w| over w.x + c that fits exactly: a least-norm problem in the centred data."""
    differences = X[1:] - X[0]
    return float(np.linalg.norm(np.linalg.lstsq(differences, y[1:] - y[0], rcond=None)[0]))
