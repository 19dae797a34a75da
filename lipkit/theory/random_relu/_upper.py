"""Upper bounds that hold with a stated probability: a union over activation patterns."""

import math
from typing import Any

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory._border import probability
from lipkit.theory.random_relu._answer import statement
from lipkit.theory.random_relu._cells import log_patterns
from lipkit.theory.random_relu._sizes import architecture, dual_ball_radius, gaussian_dual_norm

_LARGEST = 700.0  # logarithm of what a float holds


def shallow_union_bound(d: int, width: int, delta: float, bias: bool = False) -> Bound:
    r"""Shallow networks: what :math:`\mathrm{Lip}_2` is at most with probability 1 - delta.

    .. math:: \sqrt2\,\big(1 + \sqrt{d/N} + s/\sqrt N\big)
              \big(\sqrt d + \sqrt{2(\ln|\mathcal S| + t)}\big),
              \qquad e^{-t} = e^{-s^2/2} = \delta/2

    :math:`\mathcal S` are the activation patterns, see :func:`n_cells`. ``bias=True`` allows any
    biases that are independent of the readout. Of the order :math:`\sqrt{d\ln(N/d)}`: the logarithm
    is this proof's (chaining removes it, at the price of a constant nobody computed), and the value
    is 3 to 5 times what is found. Kind: upper, pair (2, 2), global, output per input norm. Raises
    ``ValueError`` for sizes below 1 or delta outside (0, 1).
    [Derived, digest of random ReLU networks, 3.3, Theorem E.]

    >>> round(shallow_union_bound(8, 64, 0.02).value, 4)
    24.453
    """
    sizes, delta = architecture(d, width), probability(delta)
    t = math.log(2 / delta)
    log_cells = log_patterns(*sizes, bias)
    hidden = _hidden_norm(*sizes, math.sqrt(2 * t))
    return statement(
        hidden * (math.sqrt(sizes[0]) + math.sqrt(2 * (log_cells + t))),
        "upper",
        sizes=sizes,
        p=2,
        bias=bias,
        failure=delta,
        method="union bound over patterns",
        source="3.3",
        log_patterns=log_cells,
        hidden=hidden,
    )


def deep_union_bound(
    d: int,
    width: int,
    depth: int,
    delta: float,
    p: float = 2,
    bias: bool = False,
    *,
    hidden: float | Bound | None = None,
) -> Bound:
    r"""Any depth, any p: what :math:`\mathrm{Lip}_p` is at most with probability 1 - delta.

    .. math:: \mathrm{Lip}_2(\Psi)\, \Big(\mathbb E\|g\|_{p'} +
              d^{(1/2 - 1/p)_+} \sqrt{2(\ln|\mathcal S| + t)}\Big)

    :math:`\Psi` is the map to the last hidden layer and :math:`\ln|\mathcal S|` that of
    :func:`log_patterns`. Without ``hidden``, :math:`e^{-t} = \delta/2` and :math:`\Psi` enters by
    the product of its layers' norms,
    :math:`\sqrt2(1 + \sqrt{d/N} + r/\sqrt N)\,(2\sqrt2(1 + \frac r{2\sqrt N}))^{L-1}`, each factor
    failing with probability :math:`e^{-r^2/2} = \delta/2L`: the growth :math:`(2\sqrt2)^L` belongs
    to this bound and not to the networks.

    ``hidden`` is an upper bound of :math:`\mathrm{Lip}_2(\Psi)` that you know or assume; then
    :math:`e^{-t} = \delta`, and the answer speaks of the networks for which it holds. The value 2
    holds for nearly all networks with :func:`upper_width_ratio` above a constant (Theorem H).

    Any biases that are independent of the readout, if ``bias``. Kind: upper, pair (p, p), global,
    output per input norm. Raises ``ValueError`` for sizes below 1, p below 1, delta outside (0, 1),
    or ``hidden`` not positive or no upper bound in l2.
    [Size :math:`(2\sqrt2)^L` recalled of Geuchen et al. 2023, not read; derived, digest of random
    ReLU networks, 3.4, Theorems G and H.]

    >>> assumed = deep_union_bound(8, 1024, 8, 0.01, hidden=2)
    >>> round(assumed.value, 2), round(deep_union_bound(8, 1024, 8, 0.01).value)
    (56.86, 105911)
    """
    sizes, p, delta = architecture(d, width, depth), _validate.exponent(p), probability(delta)
    slope, failure = (
        (_hidden_norm(*sizes, math.sqrt(2 * math.log(2 * sizes[2] / delta))), delta / 2)
        if hidden is None
        else (_known(hidden), delta)
    )
    log_cells = log_patterns(*sizes, bias)
    spread = dual_ball_radius(sizes[0], p) * math.sqrt(2 * (log_cells - math.log(failure)))
    return statement(
        slope * (gaussian_dual_norm(sizes[0], p) + spread),
        "upper",
        sizes=sizes,
        p=p,
        bias=bias,
        failure=delta,
        given="" if hidden is None else f" whose hidden map is {slope:g}-Lipschitz",
        method="union bound over patterns",
        source="3.4",
        log_patterns=log_cells,
        hidden=slope,
    )


def product_upper_bound(
    d: int, width: int, depth: int, delta: float, *, bias: bool = False
) -> Bound:
    r"""What the product of the layers' norms is at most, and so :math:`\mathrm{Lip}_2`.

    .. math:: \sqrt2\,\big(\sqrt N + \sqrt d + r\big)
              \Big(2\sqrt2\big(1 + \tfrac r{2\sqrt N}\big)\Big)^{L-1}
              \big(1 + \tfrac r{\sqrt N}\big)

    With probability 1 - delta, each of the L + 1 norms failing with
    :math:`e^{-r^2/2} = \delta/(L+1)`. The trivial bound beside which the others are read: it grows
    like :math:`\sqrt N` and like :math:`(2\sqrt2)^L`. Kind: upper, pair (2, 2), global, output per
    input norm. Raises ``ValueError`` for sizes below 1 or delta outside (0, 1).
    [Standard (Gaussian matrix norms); digest of random ReLU networks, 3.3 and 3.4.]

    >>> round(product_upper_bound(8, 1024, 8, 0.01).value)
    130227
    """
    sizes, delta = architecture(d, width, depth), probability(delta)
    r = math.sqrt(2 * math.log((sizes[2] + 1) / delta))
    return statement(
        _hidden_norm(*sizes, r) * (math.sqrt(sizes[1]) + r),
        "upper",
        sizes=sizes,
        p=2,
        bias=bias,
        failure=delta,
        method="product of the layers' norms",
        source="3.4",
    )


def _hidden_norm(d: int, width: int, depth: int, r: float) -> float:
    """The product of the hidden layers' norms, each factor failing with exp(-r^2 / 2)."""
    root = math.sqrt(width)
    first = math.sqrt(2) * (1 + (math.sqrt(d) + r) / root)
    log_norm = math.log(first) + (depth - 1) * math.log(2 * math.sqrt(2) * (1 + r / (2 * root)))
    return math.exp(log_norm) if log_norm < _LARGEST else math.inf


def _known(hidden: Any) -> float:
    if isinstance(hidden, Bound) and (
        hidden.kind not in ("upper", "exact") or hidden.norm != (2, 2)
    ):
        raise ValueError(
            f"hidden: got {hidden!r}, expected an upper bound of the hidden map in l2 to l2"
        )
    return _validate.positive(float(hidden), "hidden")
