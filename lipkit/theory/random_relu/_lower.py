"""Lower bounds at a fixed point: the constant is at least as steep as one gradient."""

import math

import numpy as np
from scipy import special, stats

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory._border import probability
from lipkit.theory.random_relu._answer import statement
from lipkit.theory.random_relu._sizes import architecture, gaussian_dual_quantile


def fixed_point_lower_bound(
    d: int, width: int, depth: int, delta: float, p: float = 2, *, bias: bool = False
) -> Bound:
    r"""What :math:`\mathrm{Lip}_p` is at least with probability :math:`1 - \delta`, by one point.

    .. math:: \mathrm{Lip}_p(f) \ge \|\nabla f(x_0)\|_{p'} \overset d=
              \|g\|_{p'} \prod_\ell \sqrt{\tfrac2N \chi^2_{K_\ell}}

    The value is a product of two numbers that the factors exceed but with probability
    :math:`\delta/2` each: of the Gaussian norm (exact quantiles for p in {1, 2}), and of the random
    length by Markov's inequality for its negative moments. It is 0, and silent, where layers die
    with more than that probability. Any biases at all, because they cannot decrease the constant:
    ``bias`` only says of which networks the answer speaks. Kind: lower, pair (p, p), global, output
    per input norm. Right in size for p >= 2; for p < 2 some other point is steeper by a power of d.
    Raises ``ValueError`` for sizes below 1, p below 1 or delta outside (0, 1).
    [Derived, digest of random ReLU networks, 3.2, Theorems B and C.]

    >>> round(fixed_point_lower_bound(100, 10_000, 1, 0.01).value, 3)
    7.891
    """
    sizes, p = architecture(d, width, depth), _validate.exponent(p)
    delta = probability(delta)
    gaussian = max(0.0, gaussian_dual_quantile(sizes[0], p, delta / 2))
    length = math.sqrt(_product_quantile(*sizes[1:], delta / 2))
    return statement(
        gaussian * length,
        "lower",
        sizes=sizes,
        p=p,
        bias=bias,
        failure=delta,
        method="gradient at a fixed point",
        source="3.2",
        gaussian=gaussian,
        length=length,
    )


def quarter_root_lower_bound(d: int, width: int, *, bias: bool = False) -> Bound:
    r"""Shallow networks: :math:`\mathrm{Lip}_2(f) \ge \frac14\sqrt d`, and how surely.

    .. math:: P\big(\mathrm{Lip}_2(f) \ge \tfrac14\sqrt d\big) \ge 1 - 0.908^d - 0.82^N

    The first paper is reported to prove this size, :math:`\frac14\sqrt d`; its statement was not
    read, and this proof and its probability are ours. Any biases. Kind: lower, pair (2, 2), global;
    the value is 0 where the probability would be. Raises ``ValueError`` for sizes below 1.
    [Size: Geuchen et al. 2023, third-hand; derived, digest of random ReLU networks, 3.2.]

    >>> bound = quarter_root_lower_bound(100, 1000)
    >>> bound.value, round(bound.details["probability"], 4)
    (2.5, 0.9999)
    """
    sizes = architecture(d, width)
    d, width, _ = sizes
    failure = (math.exp(0.5) / 2) ** (d / 2)
    failure += (math.exp(1 / 8) / 2 * (1 + 1 / math.sqrt(5))) ** width
    silent = failure >= 1
    return statement(
        0.0 if silent else math.sqrt(d) / 4,
        "lower",
        sizes=sizes,
        p=2,
        bias=bias,
        failure=0.0 if silent else failure,
        method="gradient at a fixed point, Chernoff",
        source="3.2",
    )


def _product_quantile(width: int, depth: int, failure: float) -> float:
    r"""A number that :math:`\prod_\ell \frac2N\chi^2_{K_\ell}` exceeds but with that probability.

    Half of it pays for a layer with fewer than m neurons on; otherwise, for 0 < s < m/2,
    P(product <= t) <= t^s E[(2/N chi^2_K)^(-s); K >= m]^L.
    """
    least = int(stats.binom.ppf(failure / (2 * depth), width, 0.5))  # P(K < least) is smaller
    if least == 0:
        return 0.0
    on = np.arange(least, width + 1)
    log_chance = stats.binom.logpmf(on, width, 0.5)
    powers = np.geomspace(1e-3, 0.999, 400) * least / 2
    log_gamma = special.gammaln(on / 2 - powers[:, None]) - special.gammaln(on / 2)
    log_moment = special.logsumexp(log_chance + log_gamma, axis=1) - powers * math.log(4 / width)
    return float(np.exp(((math.log(failure / 2) - depth * log_moment) / powers).max()))
