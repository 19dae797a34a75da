"""The law of a cone: one number of its flattest part bounds how steep a fit must be."""

import math

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory._border import nonnegative, probability
from lipkit.theory.rademacher import Complexity
from lipkit.theory.robustness_law._answer import READINGS, lower, ratio


def margin_from_mse(mse: float) -> float:
    r"""The average margin :math:`\frac1n \sum y_i f(x_i) \ge \max(0, (1 - \text{mse})/2)`.

    For labels -1 and +1: expand the square. With mse = 1 - eps it is eps/2. Raises ``ValueError``
    for a negative mse. [Derived, digest of the laws of robustness, 1.2; general noise: Bubeck and
    Sellke 2021, Lemma 2.1.]

    >>> margin_from_mse(0.2)
    0.4
    """
    return max(0.0, (1 - nonnegative(mse, "mse")) / 2)


def rademacher_law(
    gamma: float,
    unit_rad: float,
    n: int | None = None,
    b: float = 1.0,
    delta: float | None = None,
    *,
    reading: str | None = None,
) -> Bound:
    r"""The law of a cone of functions, :math:`\mathrm{Lip}(f) \ge \gamma / S`, in four readings.

    S belongs to the cone's 1-Lipschitz part :math:`\mathcal F_1`. Either it is the supremum
    :math:`\hat S(1; y) = \sup_{g \in \mathcal F_1} \frac1n \sum y_i g(x_i)` of the labels at hand,
    or its average over labels, the complexity :math:`\widehat{\mathfrak R}_n(\mathcal F_1)`:

    =========== ============================= ================================================
    ``reading`` ``unit_rad``                  what is at least the value
    =========== ============================= ================================================
    ``given``   :math:`\hat S(1;y)`           the constant of every fit of *these* labels
    ``average`` :math:`\widehat{\mathfrak R}` the best fit's constant, averaged over labels
    ``some``    :math:`\widehat{\mathfrak R}` the constant of every fit of *one* label vector
    ``tail``    :math:`\widehat{\mathfrak R}` every fit's, with probability :math:`1 - \delta`
    =========== ============================= ================================================

    The value is :math:`\gamma/S` in the first three. A tail costs: it is :math:`\delta\gamma/S`
    (Markov), or with ``n`` given (McDiarmid)
    :math:`(\gamma - b\sqrt{2\log(1/\delta)/n})_+ / S`.

    Parameters
    ----------
    gamma
        The average margin :math:`\frac1n\sum y_i f(x_i)` of a fit; 1 for an exact one.
    unit_rad
        S, at least 0; ``inf`` if the cone contains the constants and the labels are not balanced.
        Of a :class:`~lipkit.theory.rademacher.Complexity` the upper end is used; if it was drawn,
        its own ``delta`` comes on top.
    n, b
        The number of points and a bound of :math:`|g(x_i)|` on the class. ``b=1`` from clipping
        needs an exact fit, or gamma = eps/2 from an MSE of at most 1 - eps; a bare average margin
        is not enough.
    delta
        The probability with which a tail may fail.
    reading
        As in the table; by default ``tail`` if ``delta`` is given, otherwise ``average``.

    Kind: lower; readings are different quantities, so :func:`~lipkit.bound.tightest` refuses to mix
    them. Raises ``ValueError`` for gamma or b not positive, delta outside (0, 1), a delta without
    tail or a tail without delta, an average given as ``given``, or a complexity that is itself a
    lower answer. [Derived, digest of the laws of robustness, 1.1.]

    >>> rademacher_law(1.0, 0.25).value, rademacher_law(1.0, 0.25, delta=0.05).value
    (4.0, 0.2)
    >>> tail = rademacher_law(1.0, 0.25, n=800, delta=0.05)
    >>> str(tail), tail.quantity[-40:]
    ('≥ 3.65383', 'that fits fair labels (probability 0.95)')
    """
    gamma, b = _validate.positive(gamma, "gamma"), _validate.positive(b, "b")
    reading = _reading(reading, delta)
    size = _unit_size(unit_rad, reading)
    method, numerator = "cone", gamma
    if delta is not None:
        delta = probability(delta)
        method, numerator = "Markov", delta * gamma
        if n is not None:
            deviation = b * math.sqrt(2 * math.log(1 / delta) / _validate.count(n, "n"))
            method, numerator = "McDiarmid", gamma - deviation
    return lower(
        ratio(numerator, size),
        of="member of the cone",
        reading=reading,
        gamma=gamma,
        failure=delta or 0.0,
        method=method,
        source="1.1",
        unit_rad=size,
    )


def _reading(reading: str | None, delta: float | None) -> str:
    if reading is None:
        return "average" if delta is None else "tail"
    reading = _validate.one_of(reading, "reading", READINGS)
    if (reading == "tail") != (delta is not None):
        raise ValueError(
            f"delta: got {delta!r} with reading {reading!r}; a tail needs the probability with "
            "which it may fail, and the other readings have none"
        )
    return reading


def _unit_size(unit_rad: float, reading: str) -> float:
    if isinstance(unit_rad, Complexity):
        if reading == "given":
            raise ValueError(
                "unit_rad: got a Rademacher complexity, an average over labels, expected the "
                "supremum of the given labels; use reading 'average', 'some' or 'tail'"
            )
        if unit_rad.kind == "lower":
            raise ValueError(
                "unit_rad: got a lower answer, which over-states the law, expected an exact or an "
                "upper one; do not use a search here"
            )
        return unit_rad.upper
    return math.inf if unit_rad == math.inf else nonnegative(unit_rad, "unit_rad")
