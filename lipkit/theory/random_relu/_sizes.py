"""Norms of a standard Gaussian vector: the size of a gradient at a fixed point."""

import math
from itertools import pairwise
from typing import Any

import numpy as np
from scipy import integrate, special, stats

from lipkit import _validate
from lipkit.norms import dual_exponent


def architecture(d: Any, width: Any, depth: Any = 1) -> tuple[int, int, int]:
    """Inputs, neurons a layer and hidden layers, each an integer of at least 1."""
    return (
        _validate.count(d, "d"),
        _validate.count(width, "width"),
        _validate.count(depth, "depth"),
    )


def gaussian_dual_norm(d: int, p: float = 2) -> float:
    r"""The mean :math:`\mathbb E \|g\|_{p'}` of :math:`g \sim N(0, I_d)`, p the input norm.

    Exact for p in {1, 2, inf}: an integral, :math:`\sqrt2\,\Gamma(\frac{d+1}2)/\Gamma(\frac d2)`,
    :math:`d\sqrt{2/\pi}`. Otherwise an upper bound, asymptotically equal: the smaller of
    :math:`(d\,\mathbb E|g_1|^{p'})^{1/p'}` and :math:`d^{1/p'} \mathbb E\|g\|_\infty`. A gradient
    at a fixed point has about this size. Raises ``ValueError`` for d below 1 or p below 1.
    [Standard; digest of random ReLU networks, section 3.2.]

    >>> [round(gaussian_dual_norm(100, p), 2) for p in (1, 2, math.inf)]
    [2.75, 9.98, 79.79]
    """
    d, q = _validate.count(d, "d"), dual_exponent(_validate.exponent(p))
    if q == 1:
        return d * math.sqrt(2 / math.pi)
    if q == 2:
        return float(math.sqrt(2) * special.poch(d / 2, 1 / 2))
    if math.isinf(q):
        return _mean_maximum(d)
    log_moment = math.log(2) * q / 2 + math.lgamma((q + 1) / 2) - math.log(math.pi) / 2
    jensen = math.exp((math.log(d) + log_moment) / q)
    return float(min(jensen, d ** (1 / q) * _mean_maximum(d)))


def gaussian_dual_quantile(d: int, p: float, failure: float) -> float:
    r"""A number that :math:`\|g\|_{p'}` exceeds but with probability ``failure``.

    Exact for p in {1, 2}. Markov's inequality for exp(-s |g|_1), whose mean is erfcx(s/sqrt 2)^d,
    for p = inf. The others by comparing norms.
    """
    q = dual_exponent(p)
    euclidean = float(stats.chi.ppf(failure, d))
    if q <= 2:
        s = np.geomspace(1e-3, 1e3, 1000)
        bounds = (math.log(failure) - d * np.log(special.erfcx(s / math.sqrt(2)))) / s
        return float(max(euclidean, d ** (1 / q - 1) * bounds.max()))
    largest = float(stats.norm.isf(-math.expm1(math.log(failure) / d) / 2))
    return float(max(largest, d ** (1 / q - 1 / 2) * euclidean))


def dual_ball_radius(d: int, p: float) -> float:
    r"""The largest :math:`\|u\|_2` with :math:`\|u\|_p \le 1`: :math:`d^{(1/2 - 1/p)_+}`."""
    return float(d ** max(0.0, 0.5 - 1 / p))


def _mean_maximum(d: int) -> float:
    """The mean of the largest of d absolute values: P(max > t), integrated."""

    def exceeds(t: float) -> float:
        return -math.expm1(d * math.log1p(-math.erfc(t / math.sqrt(2)))) if t > 0 else 1.0

    middle = math.sqrt(2 * math.log(d + 1))
    pieces = (0.0, middle / 2, middle, middle + 2, middle + 12)
    return float(sum(integrate.quad(exceeds, a, b)[0] for a, b in pairwise(pieces)))
