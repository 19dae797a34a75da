"""How every law states its answer: of which functions, for which labels, and how surely."""

import math
from typing import Any

from lipkit.bound import Bound

_LABELS = {
    "given": "that fits the data",
    "tail": "that fits fair labels",
    "average": "that fits, averaged over fair labels",
    "some": "that fits the hardest labels",
}
_HOLDS = {
    "given": "for these points and labels",
    "tail": "with probability at least {sure}",
    "average": "on average over independent fair labels",
    "some": "for at least one label vector",
}
READINGS = tuple(_LABELS)
"""The four readings of a law. They are different quantities, so bounds of them do not mix."""


def lower(
    value: float,
    *,
    of: str = "function",
    labels: str | None = None,
    reading: str = "given",
    gamma: float = 1.0,
    failure: float = 0.0,
    domain: str = "global",
    method: str,
    source: str,
    **details: Any,
) -> Bound:
    """A lower bound of the Lipschitz constant of every ``of`` that fits, pair (2, 2).

    ``labels`` says in other words what is fitted. ``failure`` is the probability with which a
    statement of the reading "tail" may be wrong.
    """
    sure = f"{1 - failure:g}" if failure >= 1e-6 else f"1 - {failure:.0e}"
    margin = "" if gamma == 1 else f" with average margin {gamma:g}"
    surely = f" (probability {sure})" if failure else ""
    return Bound(
        value,
        "lower",
        quantity=f"Lipschitz constant of a {of} {labels or _LABELS[reading]}{margin}{surely}",
        domain=domain,
        method=method,
        source=f"digest of the laws of robustness, {source}",
        details={"reading": reading, "holds": _HOLDS[reading].format(sure=sure)}
        | ({"probability": 1 - failure} if failure else {})
        | details,
    )


def ratio(numerator: float, denominator: float) -> float:
    """The quotient of two numbers of at least 0, with 0/x = 0 first and then x/0 = inf."""
    if numerator <= 0:
        return 0.0
    return numerator / denominator if denominator > 0 else math.inf
