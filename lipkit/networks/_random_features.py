"""Random features: a frozen first layer, and what it does to Gaussian inputs, exactly."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.networks._activation_constants import ActivationConstants, activation_constants
from lipkit.networks._activations import Activation
from lipkit.networks._activations import activation as find_activation
from lipkit.networks._kernels import covariance_kernel, slope_kernel
from lipkit.networks._two_layer import TwoLayerNetwork


class RandomFeatures:
    r"""The features :math:`x \mapsto \sigma(Wx)` of a frozen W with rows on the unit sphere.

    ``W`` has shape ``(N, d)``, float64. A readout :math:`\theta` gives
    :math:`f(x) = \theta^\top\sigma(Wx)`. Raises ``ValueError`` unless every row has length 1 within
    1e-8. [Hassani and Javanmard 2024, section 2, for the shifted ReLU.]

    >>> RandomFeatures([[0.6, 0.8]], activation="relu").features([[1.0, 1.0], [-1.0, 0.0]])
    array([[1.4],
           [0. ]])
    """

    def __init__(self, W: ArrayLike, *, activation: str | Activation = "relu"):
        self.W = _validate.real_array(W, "W", 2)
        self.activation = find_activation(activation)
        if min(self.W.shape) == 0:
            raise ValueError(f"W: got shape {self.W.shape}, expected nothing empty")
        lengths = np.linalg.norm(self.W, axis=1)
        worst = int(np.argmax(np.abs(lengths - 1)))
        if abs(lengths[worst] - 1) > 1e-8:
            raise ValueError(
                f"W: got length {lengths[worst]:.10g} in row {worst}, expected unit rows; divide "
                "each row by its length"
            )

    @property
    def input_dim(self) -> int:
        """The number of inputs, d."""
        return int(self.W.shape[1])

    @property
    def n_features(self) -> int:
        """The number of features, N."""
        return len(self.W)

    @property
    def constants(self) -> ActivationConstants:
        """The Gaussian constants of the activation."""
        return activation_constants(self.activation)

    def __repr__(self) -> str:
        return f"RandomFeatures({self.input_dim} → {self.n_features}, {self.activation.name})"

    def features(self, X: ArrayLike) -> Array:
        r"""The features :math:`\sigma(Wx)`: ``(n, d)`` gives ``(n, N)``, a point ``(N,)``."""
        batch, single = _validate.points(X, self.input_dim)
        Z = np.asarray(self.activation(batch @ self.W.T))
        return Z[0] if single else Z

    def mean(self) -> Array:
        r"""The mean :math:`\mu_0 \mathbf 1` under :math:`x \sim N(0, I_d)`, shape ``(N,)``."""
        return np.full(self.n_features, self.constants.mu0)

    def covariance(self) -> Array:
        r"""The covariance of the features under :math:`x \sim N(0, I_d)`, exactly.

        .. math:: \Sigma_{k\ell} = \mathbb E\sigma(w_k^\top x)\sigma(w_\ell^\top x) - \mu_0^2

        Shape ``(N, N)``, float64; a closed form in :math:`t = w_k^\top w_\ell` for relu, abs, erf,
        identity, a Hermite series to 1e-11 for others, with ``ValueError`` where that does not
        converge (kinks, rows nearly parallel). Relu and shifted relu have the same. [Digest of
        adversarial random features, 7.1.]

        >>> t = RandomFeatures([[1.0, 0.0], [0.5, 0.75**0.5]])
        >>> t.covariance().round(6)
        array([[0.340845, 0.145344],
               [0.145344, 0.340845]])
        """
        kernel = covariance_kernel(self.activation, self._cosines())
        return _with_diagonal(kernel, self.constants.mu1**2 + self.constants.mu_star2)

    def gradient_matrix(self) -> Array:
        r"""The matrix :math:`J^2` of the mean squared gradient under :math:`x \sim N(0, I_d)`.

        .. math:: \mathbb E\|\nabla_x f(x)\|_2^2 = \theta^\top J^2 \theta, \qquad
                  J^2 = (WW^\top) \odot \mathbb E[\sigma'(Wx)\sigma'(Wx)^\top]

        Shape ``(N, N)``, float64, exact as in :meth:`covariance`. [Hassani and Javanmard 2024,
        section 4; digest 2.2.]

        >>> RandomFeatures([[1.0, 0.0], [0.5, 0.75**0.5]]).gradient_matrix().round(6)
        array([[0.5     , 0.166667],
               [0.166667, 0.5     ]])
        """
        t = self._cosines()
        return _with_diagonal(t * slope_kernel(self.activation, t), self.constants.dmu2)

    def network(self, theta: ArrayLike) -> TwoLayerNetwork:
        r"""The network :math:`f(x) = \theta^\top\sigma(Wx)`; ``theta`` has shape ``(N,)``."""
        return TwoLayerNetwork(self.W, np.zeros(self.n_features), theta, self.activation)

    def _cosines(self) -> Array:
        t = np.clip(self.W @ self.W.T, -1.0, 1.0)
        np.fill_diagonal(t, 1.0)
        return t


def sample_random_features(
    d: int, n_features: int, *, activation: str | Activation = "relu", rng: Seed
) -> RandomFeatures:
    r"""Features with rows of W drawn uniformly from the unit sphere of :math:`\mathbb R^d`.

    One ``(n_features, d)`` array of standard normals, its rows divided by their lengths. The
    paper's activation is ``"shifted_relu"``; the shift changes neither limit nor matrices. Raises
    ``ValueError`` for sizes below 1. [Hassani and Javanmard 2024, section 2.]

    >>> sample_random_features(10, 25, activation="erf", rng=0)
    RandomFeatures(10 → 25, erf)
    """
    d, n_features = _validate.count(d, "d"), _validate.count(n_features, "n_features")
    W = _validate.generator(rng).normal(size=(n_features, d))
    return RandomFeatures(W / np.linalg.norm(W, axis=1, keepdims=True), activation=activation)


def _with_diagonal(matrix: Array, value: float) -> Array:
    np.fill_diagonal(matrix, value)
    return matrix
