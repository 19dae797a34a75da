"""The universal law for coin flips with the constants of its proof, for any class of parameters."""

import math

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory._border import probability
from lipkit.theory.robustness_law._answer import lower
from lipkit.theory.robustness_law._isoperimetry import leftover


def parametric_law(
    n: int,
    d: int,
    p: int,
    W: float = 1.0,
    J: float = 1.0,
    delta: float = 0.01,
    gamma: float = 1.0,
    c: float = 1.0,
) -> Bound:
    r"""A class with p real parameters: with probability at least 1 - delta every fit has

    .. math:: \mathrm{Lip}(f) \ge \tfrac34 \gamma \sqrt{\frac{nd}{32 c\,(\log N +
              \log(1/\delta'))}}, \qquad \log N = p \log(1 + 4\sqrt2\, WJ/\gamma)

    with :math:`\delta' = \delta - 2 e^{-n(3\gamma/4)^2/8} > 0`.

    *Hypotheses.* The parameters lie in a set of diameter at most W, and moving them by t moves f by
    at most Jt everywhere; n independent points of a c-isoperimetric law in d dimensions; fair
    labels independent of them; an exact fit (gamma = 1), or an MSE of at most 1 - eps
    (gamma = eps/2). *Proof.* A set of diameter W lies in a ball of radius :math:`W/\sqrt2` (Jung),
    so N functions come within :math:`\gamma/4` of each function of Lipschitz constant at most L;
    :func:`isoperimetric_law` for them, with margin :math:`\tfrac34\gamma`.
    Kind: lower, with high probability. A value up to 1 says nothing.
    Raises ``ValueError`` if :math:`\delta' \le 0`, gamma exceeds 1, or an argument is out of range.
    [Derived, as digest of the laws of robustness, 2.4; order: Bubeck and Sellke 2021, Thm 3.]

    >>> round(parametric_law(10**6, 1000, 10**4).value, 4)
    30.4477
    """
    n, d, p = (_validate.count(v, name) for v, name in ((n, "n"), (d, "d"), (p, "p")))
    gamma, delta = _validate.positive(gamma, "gamma"), probability(delta)
    if gamma > 1:
        raise ValueError(f"gamma: got {gamma:g}, expected at most 1, which is an exact fit")
    reach = _validate.positive(W, "W") * _validate.positive(J, "J")
    log_net = p * math.log1p(4 * math.sqrt(2) * reach / gamma)
    size = log_net + math.log(1 / leftover(delta, n * (0.75 * gamma) ** 2 / 8))
    return lower(
        0.75 * gamma * math.sqrt(n * d / (32 * _validate.positive(c, "c") * size)),
        of=f"member of a class with {p} bounded parameters",
        reading="tail",
        gamma=gamma,
        failure=delta,
        method="isoperimetry",
        source="2.4",
        log_net=log_net,
    )
