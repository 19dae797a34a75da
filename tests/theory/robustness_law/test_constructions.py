"""Networks built to fit: caps, padded caps, powers. They fit, and are as steep as we say."""

import math
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lipkit.data import four_points, generic
from lipkit.lipschitz import ascent
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.robustness_law import (
    cap_lipschitz,
    cap_network,
    depth_padded_cap_network,
    gradient_norms,
    interpolation_floor,
    min_lipschitz_quadratic,
    tensor_network,
)

SQ4, LABELS = four_points()


def near(X: Any, draws: Any, n: int = 4000) -> Any:
    """Points of the sphere in and around the caps."""
    Z = X[draws.integers(len(X), size=n)] + draws.random((n, 1)) * draws.normal(
        size=(n, X.shape[1])
    ) / math.sqrt(X.shape[1])
    return Z / np.linalg.norm(Z, axis=1, keepdims=True)


def steepest_chord(f: Any, X: Any, Z: Any) -> float:
    Z = np.vstack([X, Z])
    values = f(Z)
    rise = np.abs(values[:, None] - values[None])
    run = np.linalg.norm(Z[:, None] - Z[None], axis=-1)
    return float((rise[run > 1e-9] / run[run > 1e-9]).max())


class TestCaps:
    @given(n=st.integers(1, 30), seed=st.integers(0, 200))
    @settings(max_examples=40)
    def test_an_exact_fit(self, n: int, seed: int) -> None:
        X, y = generic(n, 60, rng=seed)
        f = cap_network(X, y)
        np.testing.assert_allclose(f(X), y, atol=1e-12)
        assert (f.width, f.activation.name) == (n, "relu")

    def test_the_digests_size(self) -> None:
        X, y = generic(500, 60, rng=0)
        f = cap_network(X, y)
        np.testing.assert_allclose(f(X), y, atol=1e-12)
        bound = cap_lipschitz(X)
        assert bound.value == pytest.approx(4.3589, abs=5e-5)
        draws = np.random.default_rng(0)
        Z = near(X, draws)
        steepest = gradient_norms(f, Z).max()
        assert 3.5 < steepest <= bound.value * (1 + 1e-12)
        assert gradient_norms(f, Z, tangential=False).max() > bound.value  # ambient: 10

    @pytest.mark.parametrize("t", [0.0, 0.5, 0.8, 0.9, 0.99])
    @pytest.mark.parametrize("d", [2, 3])
    def test_the_constant_is_exact_in_chord_distance(self, t: float, d: int) -> None:
        """Two caps of opposite labels that just touch, and many chords."""
        half = math.acos(t)
        X = np.zeros((2, d))
        X[:, 0] = [math.cos(half), math.cos(half)]
        X[:, 1] = [math.sin(half), -math.sin(half)]
        f = cap_network(X, [1.0, -1.0], t)
        bound = cap_lipschitz(X, t)
        assert (bound.kind, bound.domain) == ("exact", "unit sphere")
        draws = np.random.default_rng(0)
        found = steepest_chord(f, X, near(X, draws, 700))
        assert found <= bound.value * (1 + 1e-9)
        angles = half + np.array([-1e-6, -1e-7])[:, None] * [1.0]
        rim = np.zeros((2, d))
        rim[:, 0], rim[:, 1] = np.cos(half + angles[:, 0]), np.sin(half + angles[:, 0])
        rise = abs(f(rim)[0] - f(rim)[1])
        assert rise / np.linalg.norm(rim[0] - rim[1]) == pytest.approx(bound.value, rel=1e-4)

    def test_overlapping_caps_still_fit_but_exceed_the_constant(self) -> None:
        """The digest's pair at 1.5 arccos 0.9: 6.6 instead of 4.36."""
        angle = 1.5 * math.acos(0.9)
        X = np.array([[1.0, 0.0], [math.cos(angle), math.sin(angle)]])
        f = cap_network(X, [1.0, -1.0])
        np.testing.assert_allclose(f(X), [1.0, -1.0], atol=1e-12)
        steepest = gradient_norms(f, near(X, np.random.default_rng(0))).max()
        assert steepest == pytest.approx(6.6, abs=0.1)
        with pytest.raises(ValueError, match=r"t: got 0\.9, for which caps are disjoint up to"):
            cap_lipschitz(X)

    def test_more_width_is_no_promise(self) -> None:
        """The same n neurons and labels, ever thinner caps: the fit is as steep as you like."""
        X, y = generic(20, 30, rng=0)
        constants = [cap_lipschitz(X, t).value for t in (0.9, 0.99, 0.9999)]
        assert constants == pytest.approx([4.36, 14.1, 141.4], rel=0.01)
        assert constants[-1] > 50 * interpolation_floor(X, y).value
        np.testing.assert_allclose(cap_network(X, y, 0.9999)(X), y, atol=1e-9)

    @pytest.mark.parametrize(
        ("call", "message"),
        [
            (lambda: cap_network(2 * SQ4, LABELS), "X: got length 2 in row 0, expected .* sphere"),
            (lambda: cap_network(SQ4, LABELS, 1.0), r"t: got 1\.0, expected a height"),
            (lambda: cap_network(SQ4, LABELS, -0.1), r"t: got -0\.1"),
            (lambda: cap_network([[1.0, 0], [0.96, 0.28]], [1, -1]), r"t: got 0\.9, expected at l"),
            (lambda: cap_network([[1.0, 0]] * 2, [1, -1], 0.999), "at least 1, the largest inner"),
            (lambda: cap_lipschitz([[1.0]]), "X: got points on a line"),
            (lambda: cap_lipschitz(3 * SQ4), "X: got length 3"),
        ],
    )
    def test_bad_input(self, call: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            call()


class TestPaddedCaps:
    @pytest.mark.parametrize(("n", "depth"), [(50, 8), (200, 10), (800, 12)])
    def test_the_digests_networks(self, n: int, depth: int) -> None:
        X, y = generic(n, 200, rng=0)
        f = depth_padded_cap_network(X, y, 3.0)
        assert len(f.weights) == depth == f.depth + 1
        assert np.abs(f(X) - y).max() < 1e-12
        self.check(f, 3.0)

    @given(
        n=st.integers(1, 40),
        M=st.floats(1.45, 30),
        t=st.sampled_from([0.8, 0.9, 0.95]),
        seed=st.integers(0, 50),
    )
    @settings(max_examples=60)
    def test_the_cap_network_with_small_layers(self, n: int, M: float, t: float, seed: int) -> None:
        X, y = generic(n, 200, rng=seed)
        f = depth_padded_cap_network(X, y, M, t)
        self.check(f, M)
        gain = math.sqrt(1 + t**2) * n / ((1 - t) * M**2)
        steps = math.log(gain) / math.log(M / math.sqrt(2))
        assert len(f.weights) == 2 + max(1, math.ceil(steps - 1e-9))
        Z = np.vstack([X, near(X, np.random.default_rng(seed), 200)])
        np.testing.assert_allclose(f(Z), cap_network(X, y, t)(Z), atol=1e-9)

    def check(self, f: Any, M: float) -> None:
        """Frobenius norms, the bias of the first layer counted as a column."""
        first = np.column_stack([f.weights[0], f.biases[0]])
        for W in (first, *f.weights[1:]):
            assert np.linalg.norm(W) <= M * (1 + 1e-9)
        assert not any(b.any() for b in f.biases[1:])
        assert set(f.widths[1:]) <= {2}

    def test_small_n_and_large_m(self) -> None:
        assert len(depth_padded_cap_network([[1.0, 0.0]], [1.0], 10.0).weights) == 3

    def test_its_slope_is_that_of_the_caps(self) -> None:
        X, y = generic(30, 100, rng=0)
        f = depth_padded_cap_network(X, y, 3.0)
        Z = near(X, np.random.default_rng(0))
        np.testing.assert_allclose(
            gradient_norms(f, Z), gradient_norms(cap_network(X, y), Z), atol=1e-9
        )

    @pytest.mark.parametrize(
        ("arguments", "message"),
        [
            ((SQ4, LABELS, math.sqrt(2)), "M: got 1.41421, expected more than sqrt 2"),
            ((SQ4, LABELS, 0.0), r"M: got 0\.0"),
            ((SQ4, [1.0, 2.0, 1.0, 1.0], 3.0), "y: got the label 2"),
            ((2 * SQ4, LABELS, 3.0), "X: got length 2"),
        ],
    )
    def test_bad_input(self, arguments: Any, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            depth_padded_cap_network(*arguments)


class TestPowers:
    @pytest.mark.parametrize("p", [2, 4, 6])
    def test_values_and_gradients(self, p: int) -> None:
        X, y = generic(7, 4, rng=0)
        f = tensor_network(X, y, p)
        Z = generic(30, 4, rng=1).X
        np.testing.assert_allclose(f(Z), (Z @ X.T) ** p @ y, atol=1e-12)
        exact = p * ((Z @ X.T) ** (p - 1) * y) @ X
        np.testing.assert_allclose(f.gradient(Z), exact, atol=1e-12)

    def test_a_square_needs_d_neurons(self) -> None:
        X, y = generic(50, 6, rng=0)
        f = tensor_network(X, y)
        assert f.width == 6
        np.testing.assert_allclose(f.W @ f.W.T, np.eye(6), atol=1e-12)
        assert tensor_network(X, y, 4).width == 50

    def test_it_fits_orthonormal_points_only(self) -> None:
        f = tensor_network(np.eye(4), [1.0, 1.0, -1.0, -1.0])
        np.testing.assert_allclose(f(np.eye(4)), [1, 1, -1, -1], atol=1e-12)

    @pytest.mark.parametrize(
        ("n", "d", "error", "slope"), [(100, 100, 0.50, 5.1), (400, 200, 0.48, 6.5)]
    )
    def test_the_digests_draws(self, n: int, d: int, error: float, slope: float) -> None:
        X, y = generic(n, d, rng=0)
        f = tensor_network(X, y)
        assert np.abs(f(X) - y).max() == pytest.approx(error, rel=0.45)
        assert 2 * np.abs(f.a).max() == pytest.approx(slope, rel=0.12)

    def test_on_the_ball_the_constant_is_twice_the_operator_norm(self) -> None:
        f = tensor_network(*generic(9, 3, rng=0))
        top = f.W[np.abs(f.a).argmax()]
        assert np.linalg.norm(f.gradient(top)) == pytest.approx(2 * np.abs(f.a).max())
        inside = generic(3000, 3, rng=1).X
        assert np.linalg.norm(f.gradient(inside), axis=1).max() <= 2 * np.abs(f.a).max()

    @pytest.mark.parametrize(
        ("p", "message"), [(3, "p: got 3, expected an even degree"), (0, "p: got 0"), (1, "p: got")]
    )
    def test_bad_input(self, p: int, message: str) -> None:
        with pytest.raises(ValueError, match=message):
            tensor_network(SQ4, LABELS, p)


class TestRealNetworks:
    """Every construction is an ordinary network: other rooms take it as it is."""

    def test_caps_in_the_search_for_slopes(self) -> None:
        X, y = generic(10, 5, rng=2)
        f = cap_network(X, y, 0.97)
        assert isinstance(f, TwoLayerNetwork)
        found = ascent(f.to_relu_network(), rng=0)
        # in the whole space caps are cones: a neuron alone has the slope 1 / (1 - t)
        assert found.value >= 1 / (1 - 0.97) * (1 - 1e-9)

    def test_the_flattest_form_is_a_network(self) -> None:
        f = min_lipschitz_quadratic(SQ4, LABELS).network
        np.testing.assert_allclose(f(SQ4), LABELS, atol=1e-9)
        np.testing.assert_allclose(f.gradient([0.5, 0.5]), [1.0, -1.0], atol=1e-6)
