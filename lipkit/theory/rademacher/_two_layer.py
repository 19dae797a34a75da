"""Two-layer ReLU classes: one neuron's complexity times a factor that depends on the norm."""

import math

from lipkit import _validate
from lipkit.theory._border import nonnegative
from lipkit.theory.rademacher._complexity import Complexity

NORMS = ("path", "frobenius", "l2_rows", "linf_rows")


def two_layer_rademacher(rho1: float, k: int, A: float, B: float, norm: str) -> float | Complexity:
    r"""The complexity of k neurons :math:`\sum_\ell a_\ell \mathrm{ReLU}(w_\ell \cdot x)`, exactly.

    Which norm is bounded decides the power of k; "bounded weights" alone says nothing:

    ============= ================================================== ========================
    ``norm``      class                                              complexity
    ============= ================================================== ========================
    ``path``      :math:`\sum |a_\ell| \|w_\ell\|_2 \le AB`          :math:`AB \rho_1`
    ``frobenius`` :math:`\|a\|_2 \le A`, :math:`\|W\|_F \le B`       :math:`AB \rho_1`
    ``l2_rows``   :math:`\|a\|_2 \le A`, :math:`\|w_\ell\|_2 \le B`  :math:`AB\sqrt k \rho_1`
    ``linf_rows`` :math:`|a_\ell| \le A`, :math:`\|w_\ell\|_2 \le B` :math:`ABk \rho_1`
    ============= ================================================== ========================

    Spectral norms (:math:`\|W\|_{op} \le B`) give at most the third row. ``rho1`` is the answer of
    :func:`neuron_rademacher`: a :class:`Complexity` keeps its kind and half-width, a plain number
    stays one. Raises ``ValueError`` for an unknown norm, k below 1, A or B not positive.
    [Derived, digest of the laws of robustness, 2.1.]

    >>> [two_layer_rademacher(0.25, 4, 2.0, 1.0, norm) for norm in ("path", "l2_rows", "linf_rows")]
    [0.5, 1.0, 2.0]
    """
    norm, k = _validate.one_of(norm, "norm", NORMS), _validate.count(k, "k")
    factor = _validate.positive(A, "A") * _validate.positive(B, "B")
    factor *= {"l2_rows": math.sqrt(k), "linf_rows": float(k)}.get(norm, 1.0)
    if isinstance(rho1, Complexity):
        return rho1.scaled(factor)
    return nonnegative(rho1, "rho1") * factor
