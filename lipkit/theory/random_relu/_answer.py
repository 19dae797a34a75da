"""How every statement about a random network answers: of which networks, and how surely."""

from typing import Any

from lipkit.bound import Bound, Kind

DIGEST = "digest of random ReLU networks"


def statement(
    value: float,
    kind: Kind,
    *,
    sizes: tuple[int, int, int],
    p: float,
    bias: bool,
    failure: float,
    method: str,
    source: str,
    given: str = "",
    **details: Any,
) -> Bound:
    """A bound of the constant of a network of these sizes (d, width, depth), pair (p, p).

    It may be wrong with probability ``failure``, over the weights; ``given`` is what is assumed of
    the network besides.
    """
    d, width, depth = sizes
    sure = f"{1 - failure:.6g}" if failure >= 1e-6 else f"1 - {failure:.0e}"
    biases = "biases" if bias else "no biases"
    return Bound(
        value,
        kind,
        quantity=(
            f"Lipschitz constant of a random ReLU network ({d} inputs, {depth} × {width} neurons, "
            f"{biases}){given} (probability {sure})"
        ),
        norm=(p, p),
        method=method,
        source=f"derived; {DIGEST}, {source}",
        details={"probability": 1 - failure} | details,
    )
