"""The risk of trained random features, without a test set."""

import math
from typing import NamedTuple

from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit.networks import Activation, RandomFeatures


class Risks(NamedTuple):
    """``standard``, ``robust`` and ``grad_norm``, the root mean square gradient in l2."""

    standard: float
    robust: float
    grad_norm: float


def rf_risks(
    theta: ArrayLike,
    W: ArrayLike,
    beta: ArrayLike,
    tau2: float,
    eps_test: float,
    activation: str | Activation = "relu",
) -> Risks:
    r"""The risks of :math:`f(x) = \theta^\top\sigma(Wx)` on :math:`y = \beta^\top x + \xi`.

    .. math:: A^2 = \tau^2 + \|\beta\|^2 - 2\mu_1\theta^\top W\beta + \theta^\top\Sigma\theta
              + (\mu_0 \mathbf 1^\top\theta)^2, \qquad s^2 = \theta^\top J^2\theta

    for :math:`x \sim N(0, I_d)` and noise of variance ``tau2``: ``standard`` :math:`A^2` is exact
    for any theta. ``robust`` is :math:`A^2 + 2\sqrt{2/\pi}\,\varepsilon s A + \varepsilon^2 s^2`,
    l2 attacks of radius ``eps_test``: exact up to a Gaussian residual, a concentrated gradient and
    linearisation, which hold in the limit for trained theta (see :func:`attack`). Shapes: theta
    ``(N,)``, W ``(N, d)`` with unit rows, beta ``(d,)``. Raises ``ValueError`` where they do not
    fit or a number is negative. [Derived, digest 7.5.]

    >>> rf_risks([1.0], [[1.0, 0.0]], [0.8, 0.0], 0.25, 0.5, "identity").standard
    0.29
    """
    features = RandomFeatures(W, activation=activation)
    theta, beta = _validate.real_array(theta, "theta", 1), _validate.real_array(beta, "beta", 1)
    _check_shapes(features, theta.shape, beta.shape)
    tau2 = _validate.nonnegative(tau2, "tau2")
    eps = _validate.nonnegative(eps_test, "eps_test")
    found = features.constants
    spread = theta @ features.covariance() @ theta + (found.mu0 * theta.sum()) ** 2
    risk = float(tau2 + beta @ beta - 2 * found.mu1 * (theta @ (features.W @ beta)) + spread)
    risk = round(risk, 15) if risk > 0 else 0.0
    s = math.sqrt(max(float(theta @ features.gradient_matrix() @ theta), 0.0))
    robust = risk + 2 * math.sqrt(2 / math.pi * risk) * eps * s + (eps * s) ** 2
    return Risks(risk, robust, s)


def _check_shapes(features: RandomFeatures, theta: tuple[int, ...], beta: tuple[int, ...]) -> None:
    n_features, d = features.W.shape
    if theta != (n_features,) or beta != (d,):
        raise ValueError(
            f"theta, beta: got shapes {theta} and {beta}, expected ({n_features},) and ({d},) for "
            f"W of shape ({n_features}, {d})"
        )
