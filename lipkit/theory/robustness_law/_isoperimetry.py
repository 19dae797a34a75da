"""Laws from isoperimetry: bounded parameters, generic points, noisy labels."""

import math

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory._border import nonnegative, probability
from lipkit.theory.robustness_law._answer import lower


def isoperimetric_law(
    n: int, d: int, log_card: float, gamma: float = 1.0, delta: float = 0.01, c: float = 1.0
) -> Bound:
    r"""Finitely many functions with :math:`|f| \le 1`: with probability at least 1 - delta

    .. math:: \mathrm{Lip}(f) \ge \gamma \sqrt{\frac{nd}{32 c\,(\log|\mathcal F| +
              \log(1/\delta'))}}, \qquad \delta' = \delta - 2 e^{-n\gamma^2/8} > 0

    for every f of the class with average margin gamma. The n points are independent of a
    c-isoperimetric law in d dimensions (c = 1 for :math:`N(0, I_d/d)`, d/(d-1) for the unit
    sphere), the labels fair and independent of them. ``log_card`` is :math:`\log|\mathcal F|`.
    Kind: lower, with high probability. Raises ``ValueError`` if :math:`\delta' \le 0` or an
    argument is out of range. [Derived, digest of the laws of robustness, 5.10; order: Bubeck and
    Sellke 2021, Thm 2.]

    >>> round(isoperimetric_law(1000, 100, 200.0).value, 7)
    3.9081094
    """
    gamma, delta = _validate.positive(gamma, "gamma"), probability(delta)
    rest = leftover(delta, _validate.count(n, "n") * gamma**2 / 8)
    size = nonnegative(log_card, "log_card") + math.log(1 / rest)
    return lower(
        gamma * _rate(n, d, c, size),
        of="member of a finite class",
        reading="tail",
        gamma=gamma,
        failure=delta,
        method="isoperimetry",
        source="5.10",
    )


def two_layer_law(
    n: int,
    d: int,
    k: int,
    A: float,
    B: float,
    delta: float = 0.01,
    gamma: float = 1.0,
    c: float = 1.0,
    R: float = 1.0,
) -> Bound:
    r"""Two-layer networks with bounded weights: with probability at least 1 - delta every fit has

    .. math:: \mathrm{Lip}(f) \ge \tfrac34 \gamma \sqrt{\frac{nd}{32 c\,(\log N +
              \log(1/\delta'))}}, \qquad \log N = k(d+2) \log(1 + 8\rho J/\gamma)

    with :math:`\rho^2 = k(A^2 + 2B^2)`, :math:`J^2 = k(B^2(R+1)^2 + A^2(R^2+1))` and
    :math:`\delta' = \delta - 2 e^{-n(3\gamma/4)^2/8} > 0`. The bounds on the weights enter through
    a logarithm only, and the order is :math:`\sqrt{n/k}` up to it.

    *Hypotheses.* n independent points of a c-isoperimetric law in d dimensions, of length at most R
    (sphere: c = d/(d-1); c = 1 is Gaussian and must be truncated); fair labels independent of them;
    k neurons :math:`a_\ell \psi(w_\ell \cdot x + b_\ell)` with :math:`|a_\ell| \le A`,
    :math:`\|w_\ell\|_2, |b_\ell| \le B`, :math:`\psi` 1-Lipschitz and :math:`\psi(0) = 0`; an exact
    fit (gamma = 1), or an MSE of at most 1 - eps (gamma = eps/2).
    Kind: lower, with high probability. A value up to 1 says nothing.
    Raises ``ValueError`` if :math:`\delta' \le 0`, gamma exceeds 1, or an argument is out of range:
    for unbounded weights no such law is proved.
    [Derived, digest of the laws of robustness, 2.4; order: Bubeck and Sellke 2021, Thm 3.]

    >>> round(two_layer_law(n=10**6, d=100, k=10, A=10, B=10).value, 6)
    12.849903
    """
    A, B = _validate.positive(A, "A"), _validate.positive(B, "B")
    gamma, delta = _margin(gamma), probability(delta)
    R, k, d = _validate.positive(R, "R"), _validate.count(k, "k"), _validate.count(d, "d")
    radius = math.sqrt(k * (A**2 + 2 * B**2))
    stretch = math.sqrt(k * (B**2 * (R + 1) ** 2 + A**2 * (R**2 + 1)))
    log_net = k * (d + 2) * math.log1p(8 * radius * stretch / gamma)
    rest = leftover(delta, _validate.count(n, "n") * (0.75 * gamma) ** 2 / 8)
    return lower(
        0.75 * gamma * _rate(n, d, c, log_net + math.log(1 / rest)),
        of="two-layer network with bounded weights",
        reading="tail",
        gamma=gamma,
        failure=delta,
        method="isoperimetry",
        source="2.4",
        log_net=log_net,
    )


def bubeck_sellke_bound(
    n: int,
    d: int,
    p: int,
    eps: float,
    delta: float,
    c: float = 1.0,
    W: float = 1.0,
    J: float = 1.0,
    k: int = 1,
    *,
    sigma2: float = 1.0,
) -> Bound:
    r"""The universal law of Bubeck and Sellke, with its printed constants.

    .. math:: \frac1n\sum_i (f(x_i) - y_i)^2 \le \sigma^2 - \varepsilon \ \Rightarrow\
              \mathrm{Lip}(f) \ge \frac{\varepsilon}{2^9 \sqrt c}
              \sqrt{\frac{nd}{p \log(60WJ/\varepsilon) + \log(4/\delta)}}

    for all f of a class with p real parameters at once, with probability at least 1 - delta.

    *Hypotheses.* The parameters lie in a set of diameter at most W, and moving them by t moves f by
    at most Jt everywhere; points of a mixture of k c-isoperimetric laws in d dimensions; labels in
    [-1, 1] whose noise :math:`\sigma^2 = \mathbb E \mathrm{Var}(y|x)` is positive (``sigma2``; 1
    for fair signs); :math:`8^4 k \log(8k/\delta) \le n\varepsilon^2`; eps and delta in (0, 1).
    Kind: lower, with high probability. A value up to 1 says nothing.
    Raises ``ValueError`` for a hypothesis that fails, and says which.
    [Bubeck and Sellke 2021, Thm 3, statement read.]

    >>> round(bubeck_sellke_bound(10**6, 1000, 10**4, 0.5, 0.01).value, 7)
    0.1411298
    """
    n, d, p = (_validate.count(v, name) for v, name in ((n, "n"), (d, "d"), (p, "p")))
    k, eps, delta = _validate.count(k, "k"), probability(eps, "eps"), probability(delta)
    _check_noise(sigma2, eps)
    _check_sample(n, eps, delta, k)
    reach = 60 * _validate.positive(W, "W") * _validate.positive(J, "J")
    if reach <= eps:
        raise ValueError(
            f"W, J: got 60 W J = {reach:.4g}, expected more than eps = {eps:g}; a class that small "
            "is one function up to eps"
        )
    cost = p * math.log(reach / eps) + math.log(4 / delta)
    return lower(
        eps / 2**9 * math.sqrt(n * d / (_validate.positive(c, "c") * cost)),
        of=f"member of a class with {p} bounded parameters",
        labels=f"with MSE at most {sigma2 - eps:g}",
        reading="tail",
        failure=delta,
        method="Bubeck-Sellke",
        source="5.11",
    )


def leftover(delta: float, exponent: float) -> float:
    r"""What of the allowed failure remains: :math:`\delta - 2e^{-\text{exponent}}`, above 0."""
    rest = delta - 2 * math.exp(-exponent)
    if rest <= 0:
        raise ValueError(
            f"delta: got {delta:g}, expected more than {delta - rest:.4g}, the chance that the "
            "labels alone are lopsided; use more points or a larger delta"
        )
    return rest


def _rate(n: int, d: int, c: float, size: float) -> float:
    n, d = _validate.count(n, "n"), _validate.count(d, "d")
    return math.sqrt(n * d / (32 * _validate.positive(c, "c") * size))


def _margin(gamma: float) -> float:
    gamma = _validate.positive(gamma, "gamma")
    if gamma > 1:
        raise ValueError(
            f"gamma: got {gamma:g}, expected at most 1: the proof clips the function to [-1, 1], "
            "where 1 is an exact fit and eps/2 an MSE of at most 1 - eps"
        )
    return gamma


def _check_noise(sigma2: float, eps: float) -> None:
    noise = nonnegative(sigma2, "sigma2")
    if noise == 0:
        raise ValueError(
            "sigma2: got 0, expected positive label noise: functions of few parameters fit clean "
            "labels and stay flat, so the law has no content"
        )
    if not eps <= noise <= 1:
        raise ValueError(
            f"sigma2: got {sigma2:g}, expected eps = {eps:g} to 1: labels in [-1, 1] have no more "
            "noise, and no fit is better than exact"
        )


def _check_sample(n: int, eps: float, delta: float, k: int) -> None:
    least = 8**4 * k * math.log(8 * k / delta) / eps**2
    if n < least:
        raise ValueError(
            f"n: got {n}, expected at least {math.ceil(least)}: the theorem assumes "
            "8^4 k log(8k/delta) <= n eps^2"
        )
