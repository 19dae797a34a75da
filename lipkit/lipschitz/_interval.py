"""Interval arithmetic forward through the network, then backward through its Jacobian."""

from typing import Any

import numpy as np

from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._pair import upper_pair_norm
from lipkit.lipschitz._question import Box, Question, ask
from lipkit.lipschitz._reach import Reach, reach
from lipkit.lipschitz._rounding import affine_image
from lipkit.networks import ReluNetwork

_SOURCE = "Weng et al. 2018; digest of random ReLU networks, section 5.10"


def interval(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
) -> Bound:
    r"""An upper bound over a box: the norm of the largest sizes that the Jacobian's entries reach.

    Interval arithmetic bounds every preactivation over the box, which leaves each gate at 0, at 1,
    or free in [0, 1]; interval arithmetic backward bounds the entries of
    :math:`J = W_L D_{L-1} \cdots D_0 W_0` by :math:`\underline J \le J \le \overline J`; the answer
    is :math:`\|\max(|\underline J|, |\overline J|)\|_{p \to q}`.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. For several outputs in a pair
        without a closed form, an upper bound of the norm stands in for it.
    box
        ``(lower, upper)``: the answer's domain. Without one every gate is free, and the answer is
        global.
    rng
        Not used.

    Returns a certified ``Bound`` of kind upper, output norm per input norm: every step is rounded
    outward. Details: how many gates are free. Raises ``ValueError`` or ``TypeError`` for a wrong
    network, p, q or box. [Weng et al. 2018, Fast-Lip; digest of random ReLU networks, section
    5.10.]

    >>> tiny = ReluNetwork([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, -2, 1, 0.5]]])
    >>> interval(tiny, 1, box=([-0.1, -0.8], [2.1, 1.4])).value.__round__(9)
    2.5
    """
    question = ask(network, p, q, box)
    reached = reach(question)
    low, high = jacobian_interval(question.network, reached)
    return jacobian_answer(question, reached, low, high, method="interval", source=_SOURCE)


def jacobian_interval(network: ReluNetwork, reached: Reach) -> tuple[Array, Array]:
    """Bounds of the Jacobian's entries, ``(n_out, d)`` each, from the gates that are left."""
    low = high = network.weights[-1]
    hidden = zip(reversed(network.weights[:-1]), reversed(reached.gates()), strict=True)
    for W, (closed, opened) in hidden:
        low, high = np.minimum(low * closed, low * opened), np.maximum(high * closed, high * opened)
        low, high = affine_image(low, high, W.T)
    return low, high


def jacobian_answer(
    question: Question, reached: Reach, low: Array, high: Array, *, method: str, source: str
) -> Bound:
    """The norm of the entries' largest sizes, as an answer."""
    largest = np.maximum(np.abs(low), np.abs(high))
    norm = upper_pair_norm(largest, question.p, question.q, certified=True)
    free = sum(int(gates.sum()) for gates in reached.open_gates())
    return question.answer(
        norm.value,
        "upper",
        method=method,
        source=source,
        certified=True,
        details={"free gates": free},
    )
