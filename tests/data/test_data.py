"""Data sets: what they hold, that a seed repeats them, and that no two callers share an array."""

import math
import sys
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipkit.data import Points, Split, digits, four_points, generic, moons

seeds = st.integers(0, 2**32 - 1)


class TestDigits:
    def test_the_source(self) -> None:
        from sklearn.datasets import load_digits

        X, y = load_digits(return_X_y=True)
        split = digits()
        rows = {(*x, label) for x, label in zip(X / 16, y, strict=True)}
        for points in split:
            assert (points.X.dtype, points.y.dtype) == (np.float64, np.int64)
            assert points.X.min() == 0.0
            assert points.X.max() == 1.0
            assert {(*x, c) for x, c in zip(points.X, points.y, strict=True)} <= rows
        assert len(split.train.X) + len(split.test.X) == len(X) == 1797
        assert split.train.X.sum() + split.test.X.sum() == pytest.approx(X.sum() / 16, rel=1e-12)

    @pytest.mark.parametrize("fraction", [0.1, 0.25, 0.5, 0.9])
    def test_each_class_keeps_its_share(self, fraction: float) -> None:
        split = digits(test_fraction=fraction)
        train, test = (np.bincount(points.y, minlength=10) for points in split)
        np.testing.assert_array_equal(test, np.round(fraction * (train + test)))

    def test_nothing_is_on_both_sides(self) -> None:
        train, test = digits()
        assert not {x.tobytes() for x in train.X} & {x.tobytes() for x in test.X}

    def test_the_seed_decides(self) -> None:
        for a, b in zip(digits(rng=3), digits(rng=np.random.default_rng(3)), strict=True):
            np.testing.assert_array_equal(a.X, b.X)
            np.testing.assert_array_equal(a.y, b.y)
        assert not np.array_equal(digits(rng=3).test.X, digits(rng=4).test.X)

    def test_callers_share_nothing(self) -> None:
        first = digits()
        first.train.X[:], first.test.y[:] = 7.0, 7
        assert digits().train.X.max() == 1.0
        assert set(digits().test.y) == set(range(10))

    @pytest.mark.parametrize("fraction", [0.0, -0.1, 1.0, 1.5, 0.001, 0.9999, math.nan])
    def test_bad_fraction(self, fraction: float) -> None:
        with pytest.raises(ValueError, match="test_fraction: got"):
            digits(test_fraction=fraction)

    def test_without_scikit_learn(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(sys.modules, "sklearn.datasets", None)
        with pytest.raises(ImportError, match=r"pip install 'lipkit\[data\]'"):
            digits()


class TestPoints:
    def test_unpack(self) -> None:
        split = digits()
        assert isinstance(split, Split)
        X, y = split.train
        assert X is split.train.X
        assert y is split.train.y
        train, test = split
        assert (train, test) == (split.train, split.test)

    def test_repr_is_one_line(self) -> None:
        assert repr(moons(5, rng=0)) == "Points(X: (5, 2) float64, y: (5,) float64)"
        assert "\n" not in repr(digits())


class TestMoons:
    def test_without_noise_two_half_circles(self) -> None:
        X, y = moons(200, noise=0.0, rng=0)
        upper, lower = X[y > 0], X[y < 0]
        np.testing.assert_allclose(np.linalg.norm(upper, axis=1), 1, rtol=1e-12)
        np.testing.assert_allclose(np.linalg.norm(lower - [1.0, 0.5], axis=1), 1, rtol=1e-12)
        assert upper[:, 1].min() >= 0
        assert lower[:, 1].max() <= 0.5

    @given(n=st.integers(1, 50), seed=seeds)
    def test_balanced_as_far_as_n_allows(self, n: int, seed: int) -> None:
        X, y = moons(n, rng=seed)
        assert X.shape == (n, 2)
        assert X.dtype == y.dtype == np.float64
        assert y.sum() == n % 2
        assert set(y) <= {-1.0, 1.0}

    def test_noise_has_that_size(self) -> None:
        n = 20_000
        clean, noisy = (moons(n, noise=s, rng=0).X for s in (0.0, 0.3))
        # the standard error of this estimate is 0.3 / sqrt(4 n) = 0.001
        assert (noisy - clean).std() == pytest.approx(0.3, abs=0.005)

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            ({"n": 0}, ValueError, "n: got 0"),
            ({"n": 2.5}, TypeError, "n: got 2.5"),
            ({"noise": -0.1}, ValueError, "noise: got -0.1"),
            ({"noise": math.nan}, ValueError, "noise: got NaN"),
            ({"rng": None}, TypeError, "rng: got None"),
        ],
    )
    def test_bad_input(self, call: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            moons(**{"n": 4, "rng": 0, **call})


class TestGeneric:
    @given(n=st.integers(1, 20), d=st.integers(1, 10), seed=seeds)
    def test_sphere(self, n: int, d: int, seed: int) -> None:
        X, y = generic(n, d, rng=seed)
        assert X.shape == (n, d)
        assert y.shape == (n,)
        assert set(y) <= {-1.0, 1.0}
        np.testing.assert_allclose(np.linalg.norm(X, axis=1), 1, rtol=1e-12)

    @pytest.mark.parametrize("model", ["sphere", "gaussian"])
    def test_moments(self, model: str) -> None:
        """Mean 0, covariance I/d, fair labels that ignore the points: within 5 standard errors."""
        n, d = 40_000, 4
        X, y = generic(n, d, model=model, rng=0)
        error = 5 / math.sqrt(n)
        np.testing.assert_allclose(X.mean(axis=0), 0, atol=error / math.sqrt(d))
        np.testing.assert_allclose(X.T @ X / n, np.eye(d) / d, atol=error * math.sqrt(2) / d)
        assert abs(y.mean()) < error
        np.testing.assert_allclose(X.T @ y / n, 0, atol=error / math.sqrt(d))

    def test_gaussian_lengths_vary(self) -> None:
        lengths = np.linalg.norm(generic(1000, 4, model="gaussian", rng=0).X, axis=1)
        assert lengths.std() > 0.2
        assert np.mean(lengths**2) == pytest.approx(1, abs=0.1)

    def test_the_draws(self) -> None:
        draws = np.random.default_rng(5)
        Z = draws.normal(size=(6, 3))
        signs = draws.choice([-1.0, 1.0], size=6)
        X, y = generic(6, 3, model="gaussian", rng=5)
        np.testing.assert_array_equal(X, Z / math.sqrt(3))
        np.testing.assert_array_equal(y, signs)
        sphere = generic(6, 3, rng=5)
        np.testing.assert_allclose(sphere.X, Z / np.linalg.norm(Z, axis=1, keepdims=True))
        np.testing.assert_array_equal(sphere.y, signs)

    @pytest.mark.parametrize(
        ("call", "error", "message"),
        [
            ({"n": 0}, ValueError, "n: got 0"),
            ({"d": 0}, ValueError, "d: got 0"),
            ({"model": "cube"}, ValueError, "model: got 'cube', expected one of 'sphere'"),
            ({"rng": 1.5}, TypeError, "rng: got 1.5"),
        ],
    )
    def test_bad_input(self, call: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            generic(**{"n": 4, "d": 2, "rng": 0, **call})


def test_four_points() -> None:
    X, y = four_points()
    assert X.tolist() == [[1, 0], [0, 1], [-1, 0], [0, -1]]
    assert y.tolist() == [1, -1, 1, -1]
    X[:] = 5
    assert four_points().X.max() == 1
    assert isinstance(four_points(), Points)
