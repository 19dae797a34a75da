"""What the network of groups costs when the points are orthonormal: both sides, by hand."""

import math

from lipkit import _validate
from lipkit.bound import NETWORK, Bound, Bracket


def grouped_bracket(m: int, k_positive: int, k_negative: int) -> Bracket:
    r"""Both sides of the network of groups on orthonormal points, k groups of m points each.

    .. math:: 2\sqrt{ms} \le \mathrm{Lip}_{\text{sphere}}(f) \le \mathrm{Lip}_{\text{ball}}(f)
              \le 2\sqrt{m \min(4m - 1, k)}

    :math:`k = k_+ + k_-`, and s is the largest even number up to :math:`\min(4m - 1, k)` for which
    each label has :math:`s/2` groups. Both sides meet at :math:`2\sqrt{mk} = 2\sqrt n` where the
    labels have equally many groups and :math:`k \le 4m - 1`. Pair (2, 2), Euclidean distance.

    *Why.* Each :math:`w_g` is the sum of its m points, so the :math:`w_g` are orthogonal of length
    :math:`\sqrt m`, and :math:`\sum_g (w_g \cdot x)^2 \le m` on the unit ball. *Above:* an active
    neuron has :math:`w_g \cdot x > \tfrac12`, so fewer than 4m are active, and the gradient
    :math:`\sum_{g \in A} 2 \xi_g w_g` of the active set A has length :math:`2\sqrt{m|A|}`.
    *Below:* at :math:`x = \sum_A w_g / \sqrt{m|A|}` each neuron of A has :math:`w_g \cdot x =
    \sqrt{m/|A|} > \tfrac12` if :math:`|A| < 4m`, the others 0. With as many groups of each label in
    A the gradient is orthogonal to x, that is, all of it lies along the sphere.
    [Derived, digest of the laws of robustness, 5.3; network: Bubeck, Li and Nagaraj 2021, Thm 3.]

    Raises ``ValueError`` for m below 1, negative counts, or no group at all.

    >>> grouped_bracket(2, 3, 3).upper.value == 2 * 12**0.5 == grouped_bracket(2, 3, 3).lower.value
    True
    """
    m = _validate.count(m, "m")
    counts = [
        _validate.count(k, name, 0)
        for k, name in ((k_positive, "k_positive"), (k_negative, "k_negative"))
    ]
    if sum(counts) == 0:
        raise ValueError("k_positive, k_negative: got no group, expected at least one")
    most = min(4 * m - 1, sum(counts))
    balanced = 2 * min(most // 2, *counts)
    lower = _side(2 * math.sqrt(m * balanced), "lower", "balanced set of groups")
    upper = _side(2 * math.sqrt(m * most), "upper", "size of an active set")
    return Bracket(lower, upper)


def _side(value: float, kind: str, method: str) -> Bound:
    return Bound(
        value,
        "lower" if kind == "lower" else "upper",
        quantity=NETWORK,
        domain="unit sphere",
        method=method,
        source="digest of the laws of robustness, 5.3",
    )
