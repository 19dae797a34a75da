"""The exact constant of a network of two inputs: around the circle, or over a window."""

from typing import Any

import numpy as np

from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._curves import Circle
from lipkit.lipschitz._question import Box, Question, ask
from lipkit.lipschitz._regions import tile
from lipkit.lipschitz._sweep import Pieces, sweep

_SOURCE = "standard; digest of random ReLU networks, section 5.2"


def exact_plane(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
) -> Bound:
    r"""The constant of a network of two inputs, exact: the largest :math:`\|J_k\|_{p \to q}`.

    Parameters
    ----------
    network
        Two inputs, any depth, any number of outputs. ``network.restrict(directions)`` makes a plane
        through a network of more inputs.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. For one output
        :math:`\|J\| = \|\nabla f\|_{p'}`, whatever q.
    box
        None: all of the plane, for networks without biases, whose pieces are sectors: the circle is
        swept once. A window ``(lower, upper)``: the linear regions in it, biases allowed.
    rng
        Not used.

    Returns a ``Bound`` of kind exact, up to rounding, whose witness is a point inside the steepest
    piece; details: the number of sectors, as arcs, or regions, and of slivers dropped because they
    could not be told from rounding. If any was, the kind is lower: it may have been the steepest.
    Raises ``ValueError`` unless there are two inputs, for biases without a box, and for several
    outputs in a norm pair without a closed form.
    [Standard; digest of random ReLU networks, section 5.2.]

    >>> from lipkit.networks import sample_random_relu
    >>> exact_plane(sample_random_relu(2, 16, 3, rng=0)).value.__round__(10)
    1.6860890831
    """
    question = ask(network, p, q, box)
    net = question.network
    if net.input_dim != 2:
        raise ValueError(
            f"network: got {net.input_dim} inputs, expected 2; "
            "network.restrict(directions, origin) makes a plane through it"
        )
    if question.box is not None:
        return _on_window(question)
    if not net.bias_free:
        raise ValueError(
            "network: got biases and no box, expected one or the other; pass box=(lower, upper) "
            "for the exact constant on a window, or network.without_biases() for a lower answer "
            "to the global one"
        )
    pieces = sweep(net, Circle(), np.array([-np.pi, 0.0, np.pi]), np.eye(2))
    slopes = question.slopes(pieces.forms.transpose(0, 2, 1))
    best = int(np.argmax(slopes))
    angle = Circle().inside(pieces.cuts[best : best + 1], pieces.cuts[best + 1 : best + 2])
    details = {"arcs": _sectors(pieces), "dropped": pieces.dropped}
    return _exact(question, slopes[best], Circle().point(angle)[:, 0], details)


def _sectors(pieces: Pieces) -> int:
    """The sectors all around: the sweep's own cuts, at pi and at 0, count if the forms change."""
    forms, half = pieces.forms, int(np.searchsorted(pieces.cuts, 0.0))
    slack = 1e-12 * float(np.abs(forms).max())
    seams = (forms[-1], forms[0]), (forms[half - 1], forms[half])
    return max(1, len(forms) - sum(np.allclose(a, b, 1e-9, slack) for a, b in seams))


def _on_window(question: Question) -> Bound:
    assert question.box is not None
    tiling = tile(question.network, *question.box)
    slopes = question.slopes(tiling.gradients)
    best = int(np.argmax(slopes))
    details = {"regions": len(slopes), "dropped": tiling.dropped}
    return _exact(question, slopes[best], tiling.centres()[best], details)


def _exact(question: Question, value: float, witness: Array, details: dict[str, int]) -> Bound:
    return question.answer(
        float(value),
        "lower" if details["dropped"] else "exact",
        method="exact_plane",
        source=_SOURCE,
        witness=witness,
        details=details,
    )
