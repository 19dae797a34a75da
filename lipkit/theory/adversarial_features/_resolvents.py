"""Traces of the Marchenko–Pastur law, in forms that cancel nowhere."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array


@dataclass(frozen=True)
class Traces:
    r"""Sums over the nonzero eigenvalues x of :math:`W^\top W`, divided by d.

    ``first`` is :math:`\sum 1/(x+k)`, ``second`` :math:`\sum 1/(x+k)^2`, and ``x_first``,
    ``x_second``, ``xx_second`` carry a factor x, x and x² in the numerator. ``rank`` is
    :math:`\sum 1`.
    """

    rank: Array
    first: Array
    second: Array
    x_first: Array
    x_second: Array
    xx_second: Array


Resolvent = Callable[[Array, Array], Traces]


def marchenko_pastur(k: Array, psi1: Array) -> Traces:
    r"""W of shape (N, d), unit rows, :math:`N/d \to \psi_1`.

    [Digest of adversarial random features, 3.2, rewritten over the nonzero eigenvalues.]
    """
    rank = np.minimum(psi1, 1.0)
    gap = np.abs(1.0 - psi1)
    root = np.sqrt((1.0 - psi1 + k) ** 2 + 4.0 * psi1 * k)
    first = 2.0 * rank / (gap + k + root)
    second = (first**2 + first) / root
    x_first = first * (k * first + gap)
    x_second = second * (2.0 * k * first + gap) - first**2
    return Traces(rank, first, second, x_first, x_second, x_first - k * x_second)


def all_ones(k: Array, psi1: Array) -> Traces:
    """W an orthogonal matrix: every eigenvalue is 1, as in linear regression."""
    first = 1.0 / (1.0 + k)
    square = first**2
    return Traces(np.ones_like(first), first, square, first, square, square)


def mp_resolvent(k: ArrayLike, psi1: ArrayLike) -> tuple[Array, Array]:
    r"""The Marchenko–Pastur resolvent and minus its derivative, elementwise.

    .. math:: m(k) = \lim \tfrac1N \mathrm{tr}(WW^\top + kI)^{-1}, \qquad m_2(k) = -m'(k)

    for W of shape (N, d) with unit rows and :math:`N/d \to \psi_1`; :math:`-m(k)` is the paper's
    :math:`S(-k; \psi_1)`. ``k`` and ``psi1`` broadcast; float64. Raises ``ValueError`` unless both
    are finite and positive. [Digest of adversarial random features, 3.1 and 3.2.]

    >>> m, m2 = mp_resolvent(1 - 2 / np.pi, 2.0)
    >>> round(float(m), 12), round(float(m2), 12)
    (1.690102686129, 4.06762579038)
    """
    k, psi1 = _validate.real_array(k, "k"), _validate.real_array(psi1, "psi1")
    for value, name in ((k, "k"), (psi1, "psi1")):
        if (value <= 0).any():
            raise ValueError(f"{name}: got {value.min():g}, expected positive numbers")
    k, psi1 = np.broadcast_arrays(k, psi1)
    traces = marchenko_pastur(k, psi1)
    zeros = np.maximum(psi1 - 1.0, 0.0)
    return (traces.first + zeros / k) / psi1, (traces.second + zeros / k**2) / psi1
