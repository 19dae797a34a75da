"""One rule: from a margin and a Lipschitz constant to a radius that no attack can enter."""

import math
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit._validate import Array
from lipkit.bound import Bound
from lipkit.certificates._labels import outputs_and_labels
from lipkit.certificates._margin import leads


def certified_radius(
    logits: ArrayLike, y: Any, bound: Bound, *, constant_network: bool = False
) -> Array:
    r"""The radius within which the class cannot change, from the margin m and a constant L.

    .. math:: r(x) = \frac{m(x)}{2^{1 - 1/q}\, L}

    On the open :math:`\ell_p` ball of radius r around x the network keeps its class, if L bounds
    its constant for the pair (p, q): two logits move apart by at most
    :math:`|\Delta_y| + |\Delta_j| \le 2^{1-1/q} \|\Delta\|_q`. So the divisor is 2 L for q = inf,
    :math:`\sqrt2 L` for q = 2, and L for q = 1. With one output and signs :math:`r = y f(x) / L`
    for every q; a pair of logits is one output, :math:`f_y - f_j`, with a constant of its own, so
    the least of those radii over j is never worse.

    Parameters
    ----------
    logits, y
        As for :func:`margin`, of the network that ``bound`` is about.
    bound
        A :class:`~lipkit.bound.Bound` of kind ``"upper"`` or ``"exact"``; p and q are its norms.
        If it holds on a box only, so does the promise: among the points of that box.
    constant_network
        L = 0 says that the network is constant. True gives right points the radius ``inf``.

    Returns ``(n,)`` float64, in units of the input: a lower answer of the distance to the nearest
    point of another class, up to rounding. It is 0 where the class is wrong or tied. Raises
    ``TypeError`` if ``bound`` is no ``Bound``, and ``ValueError`` if it is a lower bound, an
    estimate or one that holds on the data only, if L = 0, and as :func:`margin` does.
    [Derived, digest of layer norms, section 6.]

    >>> from lipkit.bound import NETWORK
    >>> L = Bound(3.0, "upper", quantity=NETWORK, norm=(2, np.inf), method="by hand")
    >>> certified_radius([[2.0, 1.0], [0.0, 1.0]], [0, 0], L).round(4)
    array([0.1667, 0.    ])
    """
    z, classes = outputs_and_labels(logits, y)
    L = _constant(bound, constant_network)
    q = bound.norm[1]
    factor = 1.0 if z.shape[1] == 1 else 2.0 ** (1 - 1 / q)
    lead = np.maximum(leads(z, classes), 0.0)
    if L == 0:
        return np.where(lead > 0, math.inf, 0.0)
    return np.asarray(lead / (factor * L))


def _constant(bound: Any, constant_network: bool) -> float:
    if not isinstance(bound, Bound):
        raise TypeError(
            f"bound: got {type(bound).__name__}, expected a lipkit Bound, which says its side and "
            "its norms; lipkit.lipschitz and lipkit.norms return them"
        )
    if bound.kind not in ("upper", "exact"):
        raise ValueError(
            f"bound: got one of kind {bound.kind!r}, expected 'upper' or 'exact': a constant that "
            "may be too small certifies nothing; take an upper bound"
        )
    if isinstance(bound.domain, str) and bound.domain != "global":
        raise ValueError(
            f"bound: got one that holds on {bound.domain!r}, expected 'global' or a box: the "
            "points between the data are where an attack goes; take a global bound"
        )
    if bound.value == 0 and not constant_network:
        raise ValueError(
            "bound: got L = 0, which makes the network constant, expected a positive constant; "
            "pass constant_network=True if it is, for infinite radii"
        )
    return bound.value
