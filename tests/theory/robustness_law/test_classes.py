"""Linear, quadratic and undercomplete laws, each below the best fit found another way."""

import math
from itertools import product
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import minimize

from lipkit.bound import Bracket, tightest
from lipkit.data import four_points, generic
from lipkit.lipschitz import exact_plane, exact_shallow, sampling
from lipkit.networks import ReluNetwork, TwoLayerNetwork
from lipkit.theory.robustness_law import (
    gradient_norms,
    interpolation_floor,
    is_vacuous,
    linear_interpolant,
    linear_law,
    linear_network,
    min_lipschitz_quadratic,
    quadratic_law,
    spectral_proxy,
    spectral_proxy_bound,
    undercomplete_law,
)

SQ4, LABELS = four_points()


class TestLinear:
    @given(n=st.integers(1, 6), extra=st.integers(0, 4), seed=st.integers(0, 200))
    @settings(max_examples=60)
    def test_law_floor_and_fit(self, n: int, extra: int, seed: int) -> None:
        X, y = generic(n, n + extra, rng=seed)
        w = linear_interpolant(X, y)
        np.testing.assert_allclose(X @ w, y, atol=1e-6)
        size = np.linalg.norm(w)
        assert size == pytest.approx(math.sqrt(y @ np.linalg.solve(X @ X.T, y)), rel=1e-6)
        assert linear_law(X, y).value <= size * (1 + 1e-9)
        assert interpolation_floor(X, y).value <= size * (1 + 1e-9)

    def test_no_fit_is_flatter(self) -> None:
        X, y = generic(4, 6, rng=0)
        w = linear_interpolant(X, y)
        null = np.linalg.svd(X)[2][4:]
        for t in np.random.default_rng(0).normal(size=(50, 2)):
            other = w + t @ null
            np.testing.assert_allclose(X @ other, y, atol=1e-9)
            assert np.linalg.norm(other) >= np.linalg.norm(w)

    @pytest.mark.parametrize("gamma", [0.3, 1.0])
    def test_attained_by_the_sum_of_the_points(self, gamma: float) -> None:
        X, y = generic(20, 5, rng=0)
        law = linear_law(X, y, gamma)
        w = law.value * (y @ X) / np.linalg.norm(y @ X)
        assert np.mean(y * (X @ w)) == pytest.approx(gamma)

    def test_tight_on_orthonormal_points(self) -> None:
        assert linear_law(np.eye(5), np.ones(5)).value == pytest.approx(math.sqrt(5))
        assert np.linalg.norm(linear_interpolant(np.eye(2), [1.0, -1.0])) == pytest.approx(2**0.5)

    def test_the_digests_pair(self) -> None:
        """n = 50, d = 200: means 7.10 and 8.17 over 200 draws."""
        found = []
        for seed in range(60):
            X, y = generic(50, 200, rng=seed)
            found.append([linear_law(X, y).value, np.linalg.norm(linear_interpolant(X, y))])
        assert np.mean(found, axis=0) == pytest.approx([7.10, 8.17], rel=0.03)

    def test_no_linear_function_has_a_margin(self) -> None:
        assert linear_law(SQ4, LABELS).value == math.inf
        assert linear_law([[0.1], [0.2], [0.3]], [1.0, 1.0, -1.0]).value == math.inf

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="X: got rank 2 for 4 points in 2 dimensions"):
            linear_interpolant(SQ4, LABELS)
        with pytest.raises(ValueError, match="X: got rank 1 for 2 points"):
            linear_interpolant([[1.0, 0.0], [1.0, 0.0]], [1.0, -1.0])
        with pytest.raises(ValueError, match="y: got the label 3"):
            linear_law(SQ4, [3.0, 1.0, 1.0, 1.0])
        with pytest.raises(ValueError, match=r"gamma: got -1\.0"):
            linear_law(SQ4, LABELS, -1.0)


class TestLinearNetwork:
    @given(n=st.integers(1, 6), extra=st.integers(0, 4), seed=st.integers(0, 200))
    @settings(max_examples=40)
    def test_an_exact_fit_with_one_gradient(self, n: int, extra: int, seed: int) -> None:
        X, _ = generic(n, n + extra, rng=seed)
        y = np.random.default_rng(seed).normal(size=n)  # any real labels
        f, w = linear_network(X, y), linear_interpolant(X, y)
        np.testing.assert_allclose(f(X), y, atol=1e-6)
        Z = np.random.default_rng(seed).normal(size=(50, n + extra))
        np.testing.assert_allclose(f(Z), Z @ w, atol=1e-9)
        np.testing.assert_allclose(f.gradient(Z), np.tile(w, (50, 1)))
        lengths = gradient_norms(f, np.vstack([Z, -Z]), tangential=False)
        np.testing.assert_allclose(lengths, np.linalg.norm(w))

    def test_two_neurons_without_biases(self) -> None:
        f = linear_network(*generic(3, 5, rng=0))
        assert (f.widths, f.bias_free, float(f(np.zeros(5)))) == ((2,), True, 0.0)

    @pytest.mark.parametrize("n", [1, 4, 6])
    def test_its_exact_constant_is_the_length(self, n: int) -> None:
        X, y = generic(n, 6, rng=n)
        bound = exact_shallow(linear_network(X, y))
        assert bound.kind == "exact"
        assert bound.value == pytest.approx(np.linalg.norm(linear_interpolant(X, y)), rel=1e-9)
        assert linear_law(X, y).value <= bound.value * (1 + 1e-9)

    def test_labels_that_are_all_zero(self) -> None:
        f = linear_network(np.eye(2), [0.0, 0.0])
        assert not f(np.eye(2)).any()
        assert exact_shallow(f).value == 0

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="X: got rank 2 for 4 points in 2 dimensions"):
            linear_network(SQ4, LABELS)
        with pytest.raises(ValueError, match=r"y: got shape \(3,\), expected \(2,\)"):
            linear_network(np.eye(2), [1.0, 1.0, 1.0])


class TestQuadratic:
    def test_digest_values(self) -> None:
        assert quadratic_law(SQ4, LABELS, 1).value == 4.0
        assert quadratic_law(SQ4, LABELS, 2).value == quadratic_law(SQ4, LABELS).value == 2.0
        values = SQ4**2 @ [1.0, -1.0]  # T = diag(1, -1): constant 2, attained
        np.testing.assert_array_equal(values, LABELS)

    @pytest.mark.parametrize("k", [1, 2, 3, None])
    def test_no_form_of_rank_k_has_the_margin_at_less(self, k: int | None) -> None:
        X, y = generic(12, 3, rng=0)
        law = quadratic_law(X, y, k, 1.0)

        def cost(flat: Any) -> float:
            """2 |T| over the margin: least when the margin is had most cheaply."""
            Q, values = flat[:9].reshape(3, 3), flat[9:]
            Q = np.linalg.qr(Q)[0][:, :k]
            T = (Q * values[: Q.shape[1]]) @ Q.T
            margin = np.mean(y * ((X @ T) * X).sum(axis=1))
            return 2 * np.linalg.norm(T, 2) / margin if margin > 1e-3 else 1e3

        starts = np.random.default_rng(0).normal(size=(8, 12))
        best = min(minimize(cost, s, method="Nelder-Mead").fun for s in starts)
        assert law.value <= best * (1 + 1e-9)
        assert best == pytest.approx(law.value, rel=0.02)  # and the law is that optimum

    @given(n=st.integers(1, 8), d=st.integers(2, 4), seed=st.integers(0, 100))
    @settings(max_examples=40)
    def test_below_the_flattest_fit(self, n: int, d: int, seed: int) -> None:
        X, y = generic(min(n, d * (d + 1) // 2), d, rng=seed)
        fit = min_lipschitz_quadratic(X, y)
        assert quadratic_law(X, y).value <= fit.bracket.upper.value * (1 + 1e-9)

    def test_all_labels(self) -> None:
        X, _ = generic(5, 3, rng=3)
        for y in product((-1.0, 1.0), repeat=5):
            fit = min_lipschitz_quadratic(X, y)
            assert quadratic_law(X, y).value <= fit.bracket.upper.value * (1 + 1e-9)

    def test_the_rate(self) -> None:
        """The digest's 6.61 and 8.14 (semicircle: 6.39 and 7.75), one draw each."""
        for n, d, seen in ((147, 20, 6.61), (325, 30, 8.14)):
            law = quadratic_law(*generic(n, d, rng=0))
            assert law.value == pytest.approx(seen, rel=0.08)

    def test_opposite_labels_on_points_equal_up_to_sign(self) -> None:
        assert quadratic_law([[0.6, 0.8], [-0.6, -0.8]], [1.0, -1.0]).value == math.inf

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="k: got 0"):
            quadratic_law(SQ4, LABELS, 0)
        with pytest.raises(ValueError, match="y: got the label 0"):
            quadratic_law(SQ4, np.zeros(4))


class TestUndercomplete:
    @pytest.mark.parametrize("k", [1, 2])
    def test_digest_value(self, k: int) -> None:
        law = undercomplete_law(SQ4, LABELS, k)
        assert (law.value, law.details["pairs"]) == (pytest.approx(math.sqrt(2)), 2)

    @given(n=st.integers(2, 8), seed=st.integers(0, 200))
    @settings(max_examples=30)
    def test_below_every_fit_that_sees_one_direction(self, n: int, seed: int) -> None:
        """The flattest g of u.x is the floor of the projected points; all u, finely."""
        X, y = generic(n, 2, rng=seed)
        X *= np.random.default_rng(seed).random((n, 1))
        if abs(y.sum()) == n:
            return
        angles = np.linspace(0, np.pi, 90)
        U = np.column_stack([np.cos(angles), np.sin(angles)])
        flattest = min(interpolation_floor(X @ u[:, None], y).value for u in U)
        assert undercomplete_law(X, y, 1).value <= flattest * (1 + 1e-9)

    @pytest.mark.parametrize("k", [1, 2, 3])
    def test_below_random_projections(self, k: int) -> None:
        X, y = generic(12, 4, rng=k)
        law = undercomplete_law(X, y, k).value
        draws = np.random.default_rng(0)
        for _ in range(100):
            P = np.linalg.qr(draws.normal(size=(4, k)))[0]
            assert law <= interpolation_floor(X @ P, y).value

    def test_with_all_directions_it_is_a_law_for_every_function(self) -> None:
        X, y = generic(15, 3, rng=0)
        assert undercomplete_law(X, y, 3).value <= interpolation_floor(X, y).value
        assert is_vacuous(undercomplete_law(X, y, 3), X, y)

    def test_the_digests_draw(self) -> None:
        X, y = generic(20_000, 40, rng=0)
        found = [undercomplete_law(X, y, k).value for k in (1, 5, 10)]
        assert found == pytest.approx([8.45, 3.81, 2.71], rel=0.02)

    def test_pairs_that_coincide(self) -> None:
        assert undercomplete_law([[0.5], [0.5]], [1.0, -1.0], 1).value == math.inf

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((SQ4, np.ones(4), 1), "y: got the label 1 only, expected both"),
            ((3 * SQ4, LABELS, 1), "X: got length 3 in row 0, expected points in the unit ball"),
            ((SQ4, LABELS, 0), "k: got 0"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            undercomplete_law(*arguments)


class TestSpectralProxy:
    @pytest.mark.parametrize("seed", range(5))
    def test_an_upper_answer(self, seed: int) -> None:
        draws = np.random.default_rng(seed)
        W, a = draws.normal(size=(6, 2)), draws.normal(size=6)
        proxy = spectral_proxy(W, a)
        assert proxy.value == pytest.approx(np.linalg.norm(a) * np.linalg.norm(W, 2))
        truth = exact_plane(TwoLayerNetwork(W, np.zeros(6), a).to_relu_network())
        assert truth.value <= proxy.value
        assert spectral_proxy(W, a, lip=2.0).value == pytest.approx(2 * proxy.value)
        assert Bracket(sampling(ReluNetwork([W, a[None]]), rng=0), proxy).ratio >= 1

    def test_it_says_nothing_of_the_constant(self) -> None:
        """Two neurons that cancel: the proxy is as large as you like, the function is 0."""
        f = TwoLayerNetwork([[50.0], [50.0]], [0.0, 0.0], [50.0, -50.0])
        assert spectral_proxy(f.W, f.a).value == pytest.approx(5000)
        np.testing.assert_allclose(f(np.linspace(-1, 1, 11)[:, None]), 0, atol=1e-12)
        law = spectral_proxy_bound(100, 4)
        with pytest.raises(ValueError, match="different quantity"):
            Bracket(law, spectral_proxy(f.W, f.a))
        with pytest.raises(ValueError, match="different quantity"):
            tightest([law, quadratic_law(SQ4, LABELS)])

    def test_value(self) -> None:
        assert spectral_proxy_bound(100, 4).value == 5.0

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: spectral_proxy([[1.0]], [1.0, 2.0]), r"a: got shape \(2,\) for W of shape"),
            (lambda: spectral_proxy([[1.0]], [1.0], lip=0.0), "lip: got 0.0"),
            (lambda: spectral_proxy(np.zeros((0, 2)), []), "a: got shape"),
            (lambda: spectral_proxy_bound(0, 1), "n: got 0"),
            (lambda: spectral_proxy_bound(1, 0), "k: got 0"),
        ],
    )
    def test_bad_input(self, call: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()


class TestGradientNorms:
    def test_parts_along_the_sphere(self) -> None:
        draws = np.random.default_rng(0)
        f = TwoLayerNetwork(draws.normal(size=(5, 3)), draws.normal(size=5), draws.normal(size=5))
        Z = draws.normal(size=(20, 3))
        whole, along = gradient_norms(f, Z, tangential=False), gradient_norms(f, Z)
        np.testing.assert_allclose(whole, np.linalg.norm(f.gradient(Z), axis=1))
        radial = np.sum(f.gradient(Z) * Z, axis=1) / np.linalg.norm(Z, axis=1)
        np.testing.assert_allclose(along**2 + radial**2, whole**2)
        np.testing.assert_allclose(gradient_norms(f.to_relu_network(), Z), along)

    def test_bad_input(self) -> None:
        f = TwoLayerNetwork([[1.0, 2.0]], [0.0], [1.0])
        with pytest.raises(ValueError, match="Z: got the origin"):
            gradient_norms(f, [[0.0, 0.0]])
        with pytest.raises(ValueError, match="X: got shape"):
            gradient_norms(f, [[1.0]])
        with pytest.raises(ValueError, match="network: got several outputs"):
            gradient_norms(ReluNetwork([np.eye(2)]), [[1.0, 0.0]])
