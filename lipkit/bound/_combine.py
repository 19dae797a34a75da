"""Several answers into one: the tightest of them, or the product of those of the layers."""

import math
from collections.abc import Iterable
from itertools import pairwise

from lipkit.bound._bound import NETWORK, Bound
from lipkit.bound._bracket import same_subject


def tightest(bounds: Iterable[Bound]) -> Bound:
    """The largest lower or the smallest upper of several bounds of one quantity.

    Raises ``ValueError`` on an empty list, on mixed kinds, on estimates, and on bounds that speak
    of different quantities, norms or domains. Exact answers count for either side and win.

    >>> a, b = (Bound(v, "upper", quantity=NETWORK, method="autolip") for v in (3.0, 2.0))
    >>> tightest([a, b]).value
    2.0
    """
    found = list(bounds)
    if not found:
        raise ValueError("bounds: got none, expected at least one")
    same_subject(found)
    kinds = {bound.kind for bound in found}
    if "estimate" in kinds:
        raise ValueError("bounds: got an estimate, which bounds neither side; leave it out")
    if {"lower", "upper"} <= kinds:
        raise ValueError(
            "bounds: got lower and upper mixed, expected one kind; use Bracket for both"
        )
    exact = [bound for bound in found if bound.kind == "exact"]
    if exact:
        return exact[0]
    best = max if "lower" in kinds else min
    return best(found, key=float)


def compose(*layers: Bound) -> Bound:
    r"""The product :math:`\prod_\ell b_\ell` of upper or exact global bounds, first layer first.

    Kind: upper, for the pair (input norm of the first, output norm of the last). Certified if every
    factor is; each multiplication is then rounded up. [Standard: composition of Lipschitz maps.]

    Maps of constant at most 1, such as ReLU, may stand between the layers.
    Raises ``ValueError`` if a factor is lower or an estimate, is not global, or if the norms of
    neighbours do not meet.

    >>> from lipkit.bound import LAYER
    >>> layer = Bound(2.0, "exact", quantity=LAYER, method="svd")
    >>> compose(layer, layer)
    Lipschitz constant of a network ≤ 4  (ℓ2→ℓ2, global, product)
    """
    if not layers:
        raise ValueError("layers: got none, expected at least one bound")
    for bound in layers:
        if bound.kind not in ("upper", "exact"):
            raise ValueError(
                f"layers: got a bound of kind {bound.kind!r}; only upper and exact bounds multiply"
            )
        if bound.domain != "global":
            raise ValueError("layers: got a bound on a part of the space, expected global bounds")
    for first, second in pairwise(layers):
        if first.norm[1] != second.norm[0]:
            raise ValueError(
                f"layers: got output norm {first.norm[1]:g} before input norm {second.norm[0]:g}; "
                "the norms between two layers must agree"
            )
    certified = all(bound.certified for bound in layers)
    value = layers[0].value
    for bound in layers[1:]:
        nothing = value == 0 or bound.value == 0  # a constant map, whatever comes before or after
        value = 0.0 if nothing else value * bound.value
        if certified and not nothing:
            value = math.nextafter(value, math.inf)
    return Bound(
        value,
        "upper",
        quantity=NETWORK,
        norm=(layers[0].norm[0], layers[-1].norm[1]),
        method="product",
        certified=certified,
        details={"factors": [bound.value for bound in layers]},
    )
