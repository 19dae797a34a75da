"""Sizes up to constants: powers of d, and how wide a network the deep statements ask for."""

import math

from lipkit import _validate
from lipkit.theory.random_relu._sizes import architecture


def exponent(p: float) -> float:
    r"""The power of d that the constant grows with: :math:`\max(\frac12, 1 - \frac1p)`.

    .. math:: \mathrm{Lip}_p(f) \asymp d^{\max(1/2,\, 1 - 1/p)} \quad \text{with high probability}

    Proved for one hidden layer: the upper side at every width, the lower one for p >= 2 at every
    width and for p < 2 if :math:`N \ge d`. At depth L, for wide networks, the same up to
    :func:`proved_gap`. The constants are absolute and unknown. p is the norm of the inputs. Raises
    ``ValueError`` for p below 1.
    [Dichotomy: Dirksen et al. 2025, abstract read; derived, digest of random ReLU networks, 3.5,
    Theorems B, D, F, H; from :math:`N \ge Cd` to :math:`N \ge d` by leaving out inputs.]

    >>> [exponent(p) for p in (1, 4 / 3, 2, 4, math.inf)]
    [0.5, 0.5, 0.5, 0.75, 1.0]
    """
    return max(0.5, fixed_point_exponent(p))


def fixed_point_exponent(p: float) -> float:
    r"""The power of d of one gradient's norm, :math:`\|g\|_{p'} \asymp d^{1 - 1/p}`.

    For p = 1 a logarithm remains, :math:`\sqrt{2\ln d}`. Below :func:`exponent` where p < 2: only
    there is the steepest point of another order than a typical one. Raises ``ValueError`` for p
    below 1. [Standard; digest of random ReLU networks, 3.2.]

    >>> [round(fixed_point_exponent(p), 2) for p in (1, 4 / 3, 2)]
    [0.0, 0.25, 0.5]
    """
    return 1 - 1 / _validate.exponent(p)


def proved_gap(d: int, width: int, depth: int) -> float:
    r"""The factor between the proved sides, up to constants: :math:`\sqrt{L\ln(eN/d)}`.

    For :math:`N \ge d` and widths that satisfy :func:`upper_width_ratio`; 1 for one hidden layer,
    where the sides match. Slightly inside "logarithmic in the width and linear in the depth", which
    the second paper's abstract announces; this form is ours. Measured, nothing grows with N. Raises
    ``ValueError`` for sizes below 1 or a width below d.
    [Dirksen et al. 2025, abstract read; derived, digest of random ReLU networks, 3.4, Theorem H.]

    >>> round(proved_gap(8, 1024, 4), 2)
    4.84
    """
    d, width, depth = architecture(d, width, depth)
    if width < d:
        raise ValueError(f"width: got {width}, expected at least d = {d}; the bound is for those")
    return 1.0 if depth == 1 else math.sqrt(depth * math.log(math.e * width / d))


def lower_width_ratio(d: int, width: int, depth: int) -> float:
    r"""How wide the network is for the lower bound with p < 2: :math:`N / (L^2(d + \ln L))`.

    Above an absolute constant, unknown, :math:`\mathrm{Lip}_p \ge c\sqrt d` for all p in [1, 2],
    with any biases. Such a condition is needed: a single neuron has
    :math:`\mathrm{Lip}_1 \asymp \sqrt{\ln d}`. Raises ``ValueError`` for sizes below 1.
    [Derived, digest of random ReLU networks, 3.2, Theorem D.]

    >>> lower_width_ratio(8, 1024, 4) > 6
    True
    """
    d, width, depth = architecture(d, width, depth)
    return width / (depth**2 * (d + math.log(depth)))


def upper_width_ratio(d: int, width: int, depth: int) -> float:
    r"""How wide the network is for the deep upper bound: :math:`N / (dL^3\ln^2(eN))`.

    Above an absolute constant, unknown, the map to the last hidden layer is 2-Lipschitz with
    probability :math:`1 - Ce^{-dL\ln(eN/d)}`, for symmetric biases; see ``hidden`` of
    :func:`deep_union_bound`. Whether such a width is needed is open. Raises ``ValueError`` for
    sizes below 1. [Derived, digest of random ReLU networks, 3.4, Theorem H.]

    >>> upper_width_ratio(8, 1024, 4) < 0.1
    True
    """
    d, width, depth = architecture(d, width, depth)
    return width / (d * depth**3 * math.log(math.e * width) ** 2)
