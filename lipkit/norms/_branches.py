"""Bounds of branches that start from one input, into the bound of the block."""

import math
from typing import TYPE_CHECKING, Any

from lipkit.bound import NETWORK, Bound

if TYPE_CHECKING:
    from torch import nn


def add_branches(*branches: Bound) -> Bound:
    r"""An upper bound of :math:`f_1 + f_2 + \dots`: the sum of the branches' constants.

    For branches with one norm pair, in the same units. A residual block x + f(x) is the sum of f
    and the identity, whose constant is 1. Certified if every branch is. Raises ``ValueError`` for
    none, for lower bounds and estimates, and for different norms. [Standard: triangle inequality.]

    >>> from lipkit.bound import LAYER
    >>> f = Bound(0.5, "exact", quantity=LAYER, method="svd")
    >>> add_branches(f, Bound(1.0, "exact", quantity=LAYER, method="identity"))
    Lipschitz constant of a network ≤ 1.5  (ℓ2→ℓ2, global, sum of branches)
    """
    _check(branches)
    return _block(branches, math.fsum(b.value for b in branches), "sum of branches")


def stack_branches(*branches: Bound) -> Bound:
    r"""An upper bound of :math:`x \mapsto (f_1(x), f_2(x), \dots)`: :math:`(\sum_j L_j^q)^{1/q}`.

    q is the branches' output norm, so the largest constant counts for ``inf``. Errors and
    certificates as in :func:`add_branches`. [Standard.]

    >>> from lipkit.bound import LAYER
    >>> f, g = (Bound(v, "exact", quantity=LAYER, method="svd") for v in (3.0, 4.0))
    >>> stack_branches(f, g).value
    5.0
    """
    _check(branches)
    q, largest = branches[0].norm[1], max(b.value for b in branches)
    if math.isinf(q) or largest == 0 or math.isinf(largest):
        return _block(branches, largest, "stacked branches")
    total = math.fsum((b.value / largest) ** q for b in branches)
    return _block(branches, largest * total ** (1 / q), "stacked branches")


def residual(body: "nn.Module", shortcut: "nn.Module | None" = None) -> Any:
    """The torch module x + body(x), or shortcut(x) + body(x), whose layers the norms can see.

    The norms of layers do not read a module's forward: a block of your own is an unknown layer. A
    block written as ``residual(body)`` is known. It needs torch, which this room does not import
    otherwise. Nothing is checked until the block is used.

    >>> from torch import nn
    >>> block = residual(nn.Sequential(nn.Linear(3, 3), nn.ReLU()))
    >>> [name for name, _ in block.named_children()]
    ['body', 'shortcut']
    """
    from lipkit.norms._residual import Residual

    return Residual(body, shortcut)


def _check(branches: tuple[Bound, ...]) -> None:
    if not branches:
        raise ValueError("branches: got none, expected at least one bound")
    for bound in branches:
        if bound.kind not in ("upper", "exact"):
            raise ValueError(
                f"branches: got a bound of kind {bound.kind!r}, expected 'upper' or 'exact'"
            )
        if bound.norm != branches[0].norm or bound.domain != "global":
            raise ValueError(
                "branches: got bounds of different norms or domains, expected global bounds in "
                "one norm pair"
            )


def _block(branches: tuple[Bound, ...], value: float, method: str) -> Bound:
    certified = all(bound.certified for bound in branches)
    if certified:
        value *= 1 + 1e-12  # more than every rounding above
    return Bound(
        value,
        "upper",
        quantity=NETWORK,
        norm=branches[0].norm,
        method=method,
        certified=certified,
        details={"branches": [bound.value for bound in branches]},
    )
