"""Least squares without a ridge on Gaussian data: its risk, in the limit and at a given size."""

import math

from lipkit import _validate
from lipkit.theory._border import nonnegative
from lipkit.theory.adversarial_features import RiskAndGradient


def ridgeless_risk(n_over_d: float, tau2: float) -> RiskAndGradient:
    r"""Limits of the risk and the length of least squares, of least norm for n < d.

    .. math:: A^2 = \tau^2\tfrac{\delta}{\delta - 1},\ s^2 = 1 + \tfrac{\tau^2}{\delta - 1}
              \ (\delta > 1),\qquad A^2 = 1 - \delta + \tfrac{\tau^2}{1 - \delta},\
              s^2 = \delta + \tfrac{\tau^2\delta}{1 - \delta}\ (\delta < 1)

    Unit teacher, x from N(0, I), noise ``tau2``, which the risk includes; ``inf`` twice at 1.
    Raises ``ValueError`` unless n_over_d > 0 and tau2 >= 0. [Derived, by the comparison.]

    >>> ridgeless_risk(2.0, 0.25).standard_risk, ridgeless_risk(0.5, 0.25).standard_risk
    (0.5, 1.0)
    """
    delta = _validate.positive(n_over_d, "n_over_d")
    tau2 = nonnegative(tau2, "tau2")
    if delta == 1:
        return RiskAndGradient(math.inf, math.inf)
    extra = tau2 / abs(delta - 1)
    if delta > 1:
        return RiskAndGradient(tau2 + extra, math.sqrt(1 + extra))
    return RiskAndGradient(1 - delta + extra, math.sqrt(delta * (1 + extra)))


def expected_ridgeless_risk(n: int, d: int, tau2: float) -> float:
    r"""The mean risk of least squares, of least norm for n < d, at this size.

    .. math:: \tau^2\frac{n - 1}{n - d - 1}\ (n > d + 1),\qquad
              1 - \frac nd + \tau^2\frac{d - 1}{d - n - 1}\ (n < d - 1)

    Unit teacher, x from N(0, I), noise ``tau2`` included; ``inf`` for n from d - 1 to d + 1 if
    there is noise. Raises ``ValueError`` unless n, d >= 1 and tau2 >= 0. [Derived, by the mean of
    an inverse Wishart matrix.]

    >>> expected_ridgeless_risk(201, 99, 0.25), expected_ridgeless_risk(100, 100, 0.25)
    (0.49504950495049505, inf)
    """
    n, d = _validate.count(n, "n"), _validate.count(d, "d")
    tau2 = nonnegative(tau2, "tau2")
    missed = max(1 - n / d, 0.0)
    if tau2 == 0:
        return missed
    if abs(n - d) <= 1:
        return math.inf
    return missed + tau2 * (max(n, d) - 1) / (abs(n - d) - 1)
