r"""The gradient at a fixed point: a Gaussian vector times an independent random length.

For weights of the generalised He initialisation and independent symmetric biases, with
:math:`\mathrm{ReLU}'(0) = 0`, exactly, at any depth L, width N and number of inputs d:

.. math:: \nabla f(x_0) \overset d= g \prod_{\ell=1}^L \sqrt{\tfrac2N \chi^2_{K_\ell}},
          \qquad g \sim N(0, I_d),\ K_\ell \sim \mathrm{Bin}(N, \tfrac12)

all independent, where :math:`x_0 \ne 0`, or no first-layer bias has an atom at 0.
[Derived, digest of random ReLU networks, 3.1, Theorem A.]
"""

import math

import numpy as np
from scipy import special, stats

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.norms import dual_exponent, vector_norm
from lipkit.theory.random_relu._sizes import architecture

_ENTRIES = 2**20  # numbers in one block of Gaussian vectors: 8 MB


def gradient_norm_law(d: int, width: int, depth: int, size: int, rng: Seed, p: float = 2) -> Array:
    r"""Draws from the exact law of :math:`\|\nabla f(x_0)\|_{p'}` at a fixed point, no network.

    .. math:: \|\nabla f(x_0)\|_{p'} \overset d=
              \|g\|_{p'} \prod_{\ell=1}^L \sqrt{\tfrac2N \chi^2_{K_\ell}},
              \qquad g \sim N(0, I_d),\ K_\ell \sim \mathrm{Bin}(N, \tfrac12)

    For Gaussian weights of :func:`~lipkit.networks.sample_random_relu`, any symmetric biases, and
    any :math:`x_0 \ne 0`; at 0 the first layer's biases must not be 0. p is the input norm.
    Returns a float64 array ``(size,)``, output per unit of input norm: a law, not a bound of one
    network's constant, which is stochastically at least as large. Raises ``ValueError`` for sizes
    below 1 or p below 1.
    [Derived, digest of random ReLU networks, 3.1, Theorem A.]

    >>> float(np.median(gradient_norm_law(5, 40, 3, 10**5, rng=0) ** 2).round(1))
    3.5
    """
    d, width, depth = architecture(d, width, depth)
    size, p = _validate.count(size, "size"), _validate.exponent(p)
    draws = _validate.generator(rng)
    on = draws.binomial(width, 0.5, size=(size, depth))
    factors = 2 / width * 2 * draws.standard_gamma(on / 2)
    return np.asarray(_gaussian_norms(d, p, size, draws) * np.sqrt(factors.prod(axis=1)))


def gradient_moments(d: int, width: int, depth: int) -> tuple[float, float]:
    r"""The means of :math:`\|\nabla f(x_0)\|_2^2` and of its square, exactly.

    .. math:: \mathbb E\|\nabla f(x_0)\|_2^2 = d, \qquad
              \mathbb E\|\nabla f(x_0)\|_2^4 = d(d+2)(1 + 5/N)^L

    Under the assumptions of :func:`gradient_norm_law`. Raises ``ValueError`` for sizes below 1.
    [Derived, digest of random ReLU networks, 3.1.]

    >>> gradient_moments(5, 40, 3)
    (5.0, 49.833984375)
    """
    d, width, depth = architecture(d, width, depth)
    return float(d), float(d * (d + 2) * (1 + 5 / width) ** depth)


def dead_probability(width: int, depth: int) -> float:
    r"""How likely the gradient at a fixed point is 0: :math:`1 - (1 - 2^{-N})^L`.

    Then some layer is switched off altogether. Raises ``ValueError`` for sizes below 1.
    [Derived, digest of random ReLU networks, 3.1.]

    >>> dead_probability(2, 3)
    0.578125
    """
    _, width, depth = architecture(1, width, depth)
    return float(-math.expm1(depth * math.log1p(-(2.0**-width))))


def log_length_moments(width: int, depth: int) -> tuple[float, float]:
    r"""Mean and variance of :math:`\sum_\ell \ln \frac2N \chi^2_{K_\ell}`, no layer being dead.

    Exact; about :math:`-\frac{5L}{2N}` and :math:`\frac{5L}N` for wide layers. By this
    :math:`\ln\|\nabla f(x_0)\|_2^2` differs from that of a Gaussian vector, and nearly normally for
    deep networks: at a fixed ratio L/N gradients are lognormal, not concentrated. Raises
    ``ValueError`` for sizes below 1. [Derived, digest of random ReLU networks, 3.1.]

    >>> [round(moment, 4) for moment in log_length_moments(100, 10)]
    [-0.2542, 0.5194]
    """
    _, width, depth = architecture(1, width, depth)
    on = np.arange(1, width + 1)
    chance = stats.binom.pmf(on, width, 0.5) / -math.expm1(-width * math.log(2))
    means = math.log(4 / width) + special.digamma(on / 2)
    mean = float(chance @ means)
    variance = float(chance @ ((means - mean) ** 2 + special.polygamma(1, on / 2)))
    return depth * mean, depth * variance


def _gaussian_norms(d: int, p: float, size: int, draws: np.random.Generator) -> Array:
    if p == 2:
        return np.asarray(np.sqrt(draws.chisquare(d, size=size)))
    rows = max(1, _ENTRIES // d)
    norms = [
        vector_norm(draws.normal(size=(min(rows, size - start), d)), dual_exponent(p))
        for start in range(0, size, rows)
    ]
    return np.concatenate(norms)
