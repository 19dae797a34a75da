"""The exact constant of a network of one input, or of any network along a line."""

from typing import Any

import numpy as np

from lipkit._validate import Seed
from lipkit.bound import Bound
from lipkit.lipschitz._curves import Line
from lipkit.lipschitz._question import Box, ask
from lipkit.lipschitz._sweep import sweep

_SOURCE = "standard; digest of random ReLU networks, section 5.2"


def exact_line(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
) -> Bound:
    r"""The constant of a network of one input, exact: :math:`\max_k \|f'_k\|_q` over its pieces.

    Parameters
    ----------
    network
        One input, any depth, any number of outputs, biases allowed. For a line through a network of
        more inputs, ``network.restrict(direction, origin)`` makes one.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. All p are one on a line.
    box
        ``(lower, upper)``, an interval; without one, the whole line.
    rng
        Not used.

    Returns a ``Bound`` of kind exact, up to rounding, whose witness is a point inside the steepest
    piece; details: the number of pieces, and of slivers dropped because their two ends agree to
    :math:`10^{-12}` of the terms they are computed from. If any was dropped, the kind is lower: it
    may have been the steepest. Gradients are taken inside the pieces,
    never at a kink. Raises ``ValueError`` unless there is one input.
    [Standard; digest of random ReLU networks, section 5.2.]

    >>> from lipkit.networks import ReluNetwork
    >>> step = ReluNetwork([[[1], [1]], [[1, -1]]], [[0, -1], [0]])  # relu(t) - relu(t - 1)
    >>> exact_line(step)
    Lipschitz constant of a network = 1  (ℓ2→ℓ2, global, exact_line)
    """
    question = ask(network, p, q, box)
    net = question.network
    if net.input_dim != 1:
        raise ValueError(
            f"network: got {net.input_dim} inputs, expected 1; "
            "network.restrict(direction, origin) makes a line through it"
        )
    ends = (-np.inf, np.inf) if question.box is None else np.concatenate(question.box)
    pieces = sweep(net, Line(), np.asarray(ends), np.array([[1.0], [0.0]]))
    slopes = question.slopes(pieces.forms[:, 0, :, None])
    best = int(np.argmax(slopes))
    witness = Line().inside(pieces.cuts[best : best + 1], pieces.cuts[best + 1 : best + 2])
    details = {"pieces": len(slopes), "dropped": pieces.dropped}
    return question.answer(
        float(slopes[best]),
        "lower" if pieces.dropped else "exact",
        method="exact_line",
        source=_SOURCE,
        witness=witness,
        details=details,
    )
