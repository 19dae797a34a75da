"""Deep networks and finite classes: bounds by formula, upper answers all of them."""

import math
from collections.abc import Sequence

from lipkit import _validate
from lipkit._validate import Array
from lipkit.theory._border import nonnegative
from lipkit.theory.rademacher._complexity import Complexity


def frobenius_rademacher_bound(
    R: float, n: int, norms: Sequence[float], sharp: bool = True
) -> Complexity:
    r"""Deep networks whose layers have Frobenius norms at most :math:`M_1, \dots, M_D`.

    .. math:: \widehat{\mathfrak R}_n \le \frac{R \prod_j M_j}{\sqrt n}
              \Big( \sqrt{2 \log 2\,(D - 1)} + 1 \Big)

    For :math:`W_D \psi(W_{D-1} \cdots \psi(W_1 x))` with one output, no biases, any widths,
    activations 1-Lipschitz and positively homogeneous, and points of length at most R. D counts the
    matrices; ``sharp=False`` has D in place of D - 1, the form often quoted. Only the square root
    of the depth is paid. Kind: upper. Raises ``ValueError`` for R or a norm not positive, n below 1
    or no layer.
    [Golowich, Rakhlin and Shamir 2018, order read in its abstract; constant derived, digest of the
    laws of robustness, 3.1.]

    >>> frobenius_rademacher_bound(1.0, 10**4, [2, 2, 2])
    0.213209 (upper)
    """
    layers = _layers(norms)
    depth = len(layers) - bool(sharp)
    return _upper(R, n, layers, math.sqrt(2 * math.log(2) * depth) + 1)


def peeling_rademacher_bound(R: float, n: int, norms: Sequence[float]) -> Complexity:
    r"""The same class by peeling off one layer after another: a factor 2 for each activation.

    .. math:: \widehat{\mathfrak R}_n \le 2^{D-1} R \prod_j M_j / \sqrt n

    Kind: upper. Raises as :func:`frobenius_rademacher_bound`.
    [Neyshabur, Tomioka and Srebro 2015, Thm 1, for p = q = 2.]

    >>> peeling_rademacher_bound(1.0, 10**4, [2, 2, 2])
    0.32 (upper)
    """
    layers = _layers(norms)
    return _upper(R, n, layers, 2.0 ** (len(layers) - 1))


def finite_class_rademacher_bound(
    n: int, d: int, log_card: float, L: float = 1.0, c: float = 1.0
) -> Complexity:
    r"""Finitely many L-Lipschitz functions with :math:`|f| \le 1` on isoperimetric points.

    .. math:: \mathfrak R_n(\mathcal F) \le 2\sqrt2\, L \sqrt{\frac{c \log |\mathcal F|}{nd}}
              + \frac{1}{\sqrt n}

    For n independent points of a c-isoperimetric law in d dimensions (c = 1 for
    :math:`N(0, I_d/d)`, d/(d-1) for the unit sphere), on average over points and signs. Both
    conditions on the class are needed. Kind: upper. Raises ``ValueError`` for counts below 1,
    ``log_card`` negative, or L or c not positive.
    [Derived, digest of the laws of robustness, 5.10.]

    >>> import math
    >>> finite_class_rademacher_bound(100, 20, math.log(500), c=20 / 19)
    0.261761 (upper)
    """
    n, d = _validate.count(n, "n"), _validate.count(d, "d")
    L, c = _validate.positive(L, "L"), _validate.positive(c, "c")
    size = nonnegative(log_card, "log_card")
    spread = 2 * math.sqrt(2) * L * math.sqrt(c * size / (n * d))
    return Complexity(spread + 1 / math.sqrt(n), kind="upper")


def _layers(norms: Sequence[float]) -> Array:
    layers = _validate.real_array(norms, "norms", 1)
    if not len(layers) or (layers <= 0).any():
        raise ValueError(f"norms: got {norms!r:.60}, expected one positive number for each layer")
    return layers


def _upper(R: float, n: int, layers: Array, factor: float) -> Complexity:
    size = _validate.positive(R, "R") * float(layers.prod()) / math.sqrt(_validate.count(n, "n"))
    return Complexity(size * factor, kind="upper")
