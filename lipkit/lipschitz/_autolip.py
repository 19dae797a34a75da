"""The product bound: one norm a layer, multiplied."""

import math
from dataclasses import replace
from fractions import Fraction
from typing import Any

import numpy as np

from lipkit._validate import Array, Seed
from lipkit.bound import LAYER, Bound, compose
from lipkit.lipschitz._question import Box, ask
from lipkit.norms import dual_exponent, matrix_norm, pair_norm

_SOURCE = "Virmaux and Scaman 2018; standard"
_PADDING = 1e-11  # more than all roundings of a norm of fewer than 10 000 entries together


def autolip(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    certified: bool = False,
) -> Bound:
    r"""An upper bound, global: :math:`\|W_L\|_{p \to q} \prod_{\ell<L} \|W_\ell\|_{p \to p}`.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. For one output the last factor is
        the dual norm :math:`\|W_L\|_{p'}`, whatever q. Hidden layers with p outside {1, 2, inf}
        enter by their Riesz-Thorin bound. A last layer ``(m, n)`` whose pair has no closed form
        enters by the smaller of :math:`\|W_L\|_{p \to p}\, m^{(1/q - 1/p)_+}` and
        :math:`\|W_L\|_{q \to q}\, n^{(1/q - 1/p)_+}`.
    box
        Changes only the domain that the answer speaks of: the number stays the global one, which
        holds on every part of space.
    rng
        Not used.
    certified
        True bounds every layer's norm from above in real arithmetic and rounds the products up.

    Returns a ``Bound`` of kind upper, output norm per input norm, with the factors in its details.
    Raises ``ValueError`` or ``TypeError`` for a wrong network, p, q or box.
    [Virmaux and Scaman 2018; digest of random ReLU networks, section 5.1.]

    >>> from lipkit.networks import ReluNetwork
    >>> autolip(ReluNetwork([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, -2, 1, 0.5]]]), 1)
    Lipschitz constant of a network ≤ 6  (ℓ1→ℓ1, global, autolip)
    """
    question = ask(network, p, q, box)
    *hidden, last = question.network.weights
    factors = [matrix_norm(W, question.p, certified=certified) for W in hidden]
    factors.append(_last_factor(last, question.p, question.q, certified))
    product = compose(*factors)
    domain: Any = "global" if question.box is None else question.box
    return replace(product, method="autolip", source=_SOURCE, domain=domain)


def _last_factor(A: Array, p: float, q: float, certified: bool) -> Bound:
    closed = min(A.shape) == 1 or p == 1 or math.isinf(q)
    if not closed:
        return _square_factor(A, p, q, certified)
    value = _certified_pair_norm(A, p, q) if certified else float(pair_norm(A, p, q))
    return _layer(value, p, q, certified)


def _square_factor(A: Array, p: float, q: float, certified: bool) -> Bound:
    """By the norms of A from lp to lp and from lq to lq; they are one and the same for p = q."""
    m, n = A.shape
    power = max(0.0, 1 / q - 1 / p)
    through_p = matrix_norm(A, p, certified=certified) * m**power
    through_q = matrix_norm(A, q, certified=certified) * n**power
    value = min(through_p, through_q)
    return _layer(value * (1 + _PADDING) if certified and p != q else value, p, q, certified)


def _layer(value: float, p: float, q: float, certified: bool) -> Bound:
    return Bound(
        value, "upper", quantity=LAYER, norm=(p, q), method="norm pair", certified=certified
    )


def _certified_pair_norm(A: Array, p: float, q: float) -> float:
    """An upper bound, valid in real arithmetic, where :func:`pair_norm` has a closed form."""
    by_columns = p == 1 or A.shape[1] == 1
    vectors, r = (A.T, q) if by_columns else (A, dual_exponent(p))
    return max(_norm_rounded_up(v, r) for v in vectors)


def _norm_rounded_up(v: Array, r: float) -> float:
    largest = float(np.abs(v).max())
    if math.isinf(r) or largest == 0:
        return largest
    if r == 1:
        return _up(sum(map(Fraction, np.abs(v))))
    if r == 2:
        return math.nextafter(math.sqrt(_up(sum(Fraction(x) ** 2 for x in v))), math.inf)
    return float(largest * np.sum((np.abs(v) / largest) ** r) ** (1 / r)) * (1 + _PADDING)


def _up(value: Fraction | int) -> float:
    nearest = float(value)
    return nearest if Fraction(nearest) >= value else math.nextafter(nearest, math.inf)
