"""Laws for all functions at once: by matching, and by dimension."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory.rademacher import matching_cost
from lipkit.theory.robustness_law._answer import lower, ratio
from lipkit.theory.robustness_law._data import signed

_LEAST = 5e-324  # the smallest number above 0: no statement for random labels is certain


def matching_law(
    X: ArrayLike, y: ArrayLike, gamma: float = 1.0, anchor: ArrayLike | None = None
) -> Bound:
    r"""The law of all functions: :math:`\mathrm{Lip}(f) \ge \gamma n / \mathcal M(X, y)`.

    :math:`\mathcal M` is the least total distance at which the points labelled +1 can be matched to
    those labelled -1, see :func:`~lipkit.theory.rademacher.matching_cost`. Unlike the floor it
    also covers fits that are good on average only: :math:`\frac1n\sum y_i f(x_i) \ge \gamma`.

    ``X`` is ``(n, d)``, ``y`` ``(n,)`` in {-1, +1}. Without an ``anchor`` it holds for every f and
    needs balanced labels. With one, a point ``(d,)``, it holds for every f that is 0 there, and the
    surplus is matched to it. ``inf`` if :math:`\mathcal M = 0`. Kind: lower, units labels per
    length, on every domain that contains the points (and the anchor).
    Raises ``ValueError`` for other labels, gamma not positive, or unbalanced labels without an
    anchor. [Derived, digest of the laws of robustness, 1.5b.]

    >>> from lipkit.data import four_points
    >>> round(matching_law(*four_points()).value, 6)
    1.414214
    """
    X, y = signed(X, y)
    gamma = _validate.positive(gamma, "gamma")
    if anchor is None and y.sum() != 0:
        raise ValueError(
            f"y: got {int((y > 0).sum())} labels +1 of {len(y)}, expected half of them; pass an "
            "anchor, a point where the functions are 0"
        )
    cost = matching_cost(X, y, anchor)
    return lower(
        ratio(gamma * len(y), cost),
        of="function" if y.sum() == 0 else "function, zero at the anchor,",
        gamma=gamma,
        method="matching",
        source="1.5b",
        cost=cost,
    )


def dimension_law(n: int, d: int) -> Bound:
    r"""The law of the dimension: :math:`\mathrm{Lip}(f) \ge (n/2)^{1/d} - 1` for random labels.

    With probability at least :math:`1 - 2^{-n/2}` over independent fair labels every function that
    fits n > 2 points of the unit ball in d dimensions exactly is that steep, whatever the points
    are. In fixed dimension no class of functions is robust as n grows. 0 for n up to 2.
    Kind: lower, with high probability. Raises ``ValueError`` for n or d below 1.
    [Derived, digest of the laws of robustness, 1.5c; the easy half of a law of Wu, Huang and Zhang
    2023, of which the abstract was read.]

    >>> round(dimension_law(1000, 2).value, 5), round(dimension_law(1000, 3).value, 6)
    (21.36068, 6.937005)
    """
    n, d = _validate.count(n, "n"), _validate.count(d, "d")
    value = max(0.0, float((n / 2) ** (1 / d) - 1))
    return lower(
        value,
        reading="tail",
        failure=max(float(np.exp2(-n / 2)), _LEAST),
        domain="unit ball",
        method="packing",
        source="1.5c",
    )
