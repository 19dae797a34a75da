"""Random features: exact matrices against formulas, series and Monte Carlo."""

import math
from typing import Any

import numpy as np
import pytest

from lipkit.networks import (
    Activation,
    RandomFeatures,
    activation,
    activation_constants,
    sample_random_features,
)

NAMES = "relu", "shifted_relu", "abs", "identity", "tanh", "erf"
PAIR = np.array([[1.0, 0.0], [0.5, math.sqrt(0.75)]])


def test_the_printed_pair() -> None:
    for name in ("relu", "shifted_relu"):
        features = RandomFeatures(PAIR, activation=name)
        covariance, gradient = features.covariance(), features.gradient_matrix()
        assert covariance[0, 1] == pytest.approx(0.1453439474, abs=6e-11)
        assert np.diag(covariance) == pytest.approx([0.3408450569] * 2, abs=6e-11)
        assert gradient == pytest.approx(np.array([[1 / 2, 1 / 6], [1 / 6, 1 / 2]]), rel=1e-14)


def test_erf_formulas() -> None:
    features = sample_random_features(6, 9, activation="erf", rng=0)
    t = features.W @ features.W.T
    np.testing.assert_allclose(
        features.covariance(), 2 / math.pi * np.arcsin(2 * t / 3), atol=1e-15
    )
    gradient = 4 / math.pi * t / np.sqrt(9 - 4 * t**2)
    np.testing.assert_allclose(features.gradient_matrix(), gradient, atol=1e-15)


@pytest.mark.parametrize("name", NAMES)
def test_monte_carlo(name: str) -> None:
    """Mean, covariance and gradient, entry by entry within five standard errors."""
    features = sample_random_features(5, 4, activation=name, rng=1)
    n = 200_000
    X = np.random.default_rng(2).normal(size=(n, 5))
    Z = features.features(X) - features.mean()
    for i in range(4):
        assert abs(Z[:, i].mean()) < 5 * Z[:, i].std() / math.sqrt(n) + 1e-15
        for j in range(i + 1):
            product = Z[:, i] * Z[:, j]
            error = 5 * product.std() / math.sqrt(n) + 1e-15
            assert abs(product.mean() - features.covariance()[i, j]) < error
    theta = np.array([1.0, -0.5, 2.0, 0.3])
    square = (features.network(theta).gradient(X) ** 2).sum(1)
    error = 5 * square.std() / math.sqrt(n) + 1e-12
    assert abs(square.mean() - theta @ features.gradient_matrix() @ theta) < error


@pytest.mark.parametrize("name", ["relu", "abs", "erf", "identity"])
def test_series_reproduces_closed_forms(name: str) -> None:
    """An Activation of one's own goes through the Hermite series."""
    psi = activation(name)
    own = Activation("own", lambda z: psi.function(z), lambda z: psi.derivative(z), psi.slopes)
    draws = np.random.default_rng(0).normal(size=(12, 40))
    W = draws / np.linalg.norm(draws, axis=1, keepdims=True)
    closed, series = RandomFeatures(W, activation=psi), RandomFeatures(W, activation=own)
    np.testing.assert_allclose(series.covariance(), closed.covariance(), atol=1e-11)
    np.testing.assert_allclose(series.gradient_matrix(), closed.gradient_matrix(), atol=1e-11)


def test_equal_and_opposite_rows() -> None:
    W = np.array([[0.6, 0.8], [0.6, 0.8], [-0.6, -0.8]])
    for name in ("relu", "erf", "tanh"):
        found = activation_constants(name)
        covariance = RandomFeatures(W, activation=name).covariance()
        total = found.mu1**2 + found.mu_star2
        assert covariance[:2, :2] == pytest.approx(np.full((2, 2), total), rel=1e-11)
    J2 = RandomFeatures(W, activation="relu").gradient_matrix()
    assert pytest.approx(np.array([[0.5, 0.5, 0], [0.5, 0.5, 0], [0, 0, 0.5]]), abs=1e-15) == J2


def test_a_kinked_activation_of_ones_own_refuses_near_rows() -> None:
    own = Activation("kink", lambda z: np.maximum(z - 0.3, 0), lambda z: 1.0 * (z > 0.3), (0, 1))
    W = np.array([[1.0, 0.0], [math.cos(1e-3), math.sin(1e-3)]])
    with pytest.raises(ValueError, match=r"400 Hermite terms leave .* expected 1e-11"):
        RandomFeatures(W, activation=own).covariance()


def test_positive_semidefinite() -> None:
    for name in NAMES:
        features = sample_random_features(10, 30, activation=name, rng=3)
        for matrix in (features.covariance(), features.gradient_matrix()):
            np.testing.assert_array_equal(matrix, matrix.T)
            assert np.linalg.eigvalsh(matrix).min() > -1e-12


def test_sampling() -> None:
    features = sample_random_features(7, 20, rng=5)
    normals = np.random.default_rng(5).normal(size=(20, 7))
    np.testing.assert_allclose(features.W, normals / np.linalg.norm(normals, axis=1)[:, None])
    assert features.activation.name == "relu"
    assert (features.input_dim, features.n_features) == (7, 20)
    assert repr(features) == "RandomFeatures(7 → 20, relu)"
    assert features.features(np.ones(7)).shape == (20,)
    assert features.features(np.ones((3, 7))).shape == (3, 20)


@pytest.mark.parametrize(
    ("W", "message"),
    [
        ([[1.0, 1e-3]], "W: got length 1.0000005 in row 0, expected unit rows"),
        ([[1.0, 0.0], [0.0, 2.0]], "W: got length 2 in row 1"),
        ([1.0, 0.0], "W: got shape"),
        (np.ones((0, 3)), "expected nothing empty"),
        ([[math.nan, 1.0]], "W: got NaN"),
    ],
)
def test_bad_weights(W: Any, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        RandomFeatures(W)


def test_bad_arguments() -> None:
    assert RandomFeatures([[1.0, 1e-9]]).n_features == 1
    with pytest.raises(ValueError, match="n_features: got 0"):
        sample_random_features(3, 0, rng=0)
    with pytest.raises(TypeError, match=r"d: got 2\.5, expected an integer"):
        sample_random_features(2.5, 3, rng=0)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="got 'gelu'"):
        sample_random_features(3, 3, activation="gelu", rng=0)
    with pytest.raises(ValueError, match=r"\(2,\), expected \(3,\) or"):
        sample_random_features(3, 3, rng=0).features([1.0, 2.0])
