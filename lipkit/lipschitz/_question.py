"""What every method is asked: the Lipschitz constant of which network, in which norms, where."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import NETWORK, Bound, Kind
from lipkit.lipschitz._network import as_relu_network
from lipkit.lipschitz._slope import slopes
from lipkit.networks import ReluNetwork

Box: TypeAlias = tuple[ArrayLike, ArrayLike]

_ENTRIES = 2**22  # at most this many numbers in one batch of Jacobians: 32 MB


@dataclass(frozen=True)
class Question:
    r"""The constant :math:`\sup \|f(x) - f(y)\|_q / \|x - y\|_p` over the box, or over space."""

    network: ReluNetwork
    p: float
    q: float
    box: tuple[Array, Array] | None

    def answer(self, value: float, kind: Kind, *, method: str, source: str, **more: Any) -> Bound:
        """The typed answer; ``more`` goes to the Bound as it is."""
        domain: Any = "global" if self.box is None else self.box
        more = {"domain": domain} | more
        return Bound(
            value,
            kind,
            quantity=NETWORK,
            norm=(self.p, self.q),
            method=method,
            source=source,
            **more,
        )

    def slopes(self, jacobians: Array) -> Array:
        """The norms of the Jacobians ``(n, n_out, d)``, shape ``(n,)``."""
        return slopes(jacobians, self.p, self.q)

    def slopes_at(self, X: Array) -> Array:
        """The norms of the formal gradients at the points ``(n, d)``, shape ``(n,)``."""
        return np.concatenate([self.slopes(J) for J in jacobians(self.network, X)])


def ask(network: Any, p: float, q: float | None, box: Box | None) -> Question:
    """The question of these arguments, checked; ``q=None`` means q = p."""
    relu = as_relu_network(network)
    p = _validate.exponent(p)
    return Question(
        relu,
        p,
        p if q is None else _validate.exponent(q, "q"),
        None if box is None else _validate.box_bounds(box, relu.input_dim),
    )


def in_l2(question: Question, method: str) -> Question:
    """The same question, refused unless its norms are l2; with one output q does not matter."""
    if question.p != 2 or (question.q != 2 and question.network.output_dim > 1):
        raise ValueError(
            f"norm pair: got l{question.p:g} to l{question.q:g}, expected p = 2 (and q = 2 for "
            f"several outputs): {method} works in l2; autolip, interval and crown take every pair"
        )
    return question


def through_l2(question: Question, value: float) -> float:
    r"""An upper bound in the question's pair from one in l2, rounded up, d inputs and m outputs:

    :math:`\|J\|_{p \to q} \le d^{(1/2 - 1/p)_+} m^{(1/q - 1/2)_+} \|J\|_2`.
    """
    d, m = question.network.input_dim, question.network.output_dim
    factor = float(d ** max(0.0, 0.5 - 1 / question.p) * m ** max(0.0, 1 / question.q - 0.5))
    if factor == 1 or value == 0:
        return value
    return math.nextafter(value * factor * (1 + 1e-14), math.inf)


def jacobians(network: ReluNetwork, X: Array) -> Iterator[Array]:
    """The formal gradients ``(n_i, n_out, d)`` at the rows of ``X``, some rows at a time."""
    widest = max(network.input_dim, *network.widths, 1)
    rows = max(1, _ENTRIES // (widest * network.output_dim))
    for start in range(0, len(X), rows):
        yield network.jacobian(X[start : start + rows])
