"""Branch and bound: decide the gates one by one, and bound what is left over every part."""

import heapq
import math
import time
from typing import Any

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.bound import Bound
from lipkit.lipschitz._ascent import ascent
from lipkit.lipschitz._homogeneous import Territory, territory
from lipkit.lipschitz._kinks import clear_of_kinks
from lipkit.lipschitz._part import Part, whole
from lipkit.lipschitz._question import Box, Question, ask

_SOURCE = "Shi et al. 2022; derived, digest of random ReLU networks, section 5.10"
_SAME = 1e-9  # relative: a part that cannot do better than this is closed
_START = {"starts": 8, "steps": 60, "walks": 2, "n": 500}


def branch_and_bound(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    nodes: int = 2000,
    gap: float = 0.0,
    time_limit: float | None = None,
) -> Bound:
    r"""From above and below at once: the largest bound of the parts that are left, any depth.

    A part is a box and the signs of some preactivations in it. Its bound is that of :func:`crown`
    with those gates decided; a point inside, found by linear programming, gives a true gradient and
    so a lower answer; without a point inside the part is empty and dropped. The part with the
    largest bound is split by the sign of one neuron of its first undecided layer, the one with the
    most room and the most weight, until no part can beat the best gradient.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``. Thousands of
        parts take some seconds; exact answers want few linear pieces: tens of neurons for few
        inputs, or a small box.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p.
    box
        ``(lower, upper)``: the answer's domain. Without one all of space is looked at through the
        faces of a cube, with biases in one more dimension.
    rng
        Seed or Generator of the :func:`ascent` that it starts from.
    nodes
        Parts to split at most.
    gap
        Stop when the largest bound is at most 1 + gap times the best gradient.
    time_limit
        Seconds; None for no limit. With a limit the answer depends on the machine.

    Returns a ``Bound``, output norm per input norm: of kind exact, up to rounding, if no part is
    left, with its witness; of kind upper otherwise. Details: ``at least`` (the best gradient, whose
    point is the witness in both cases), ``nodes``, ``open`` parts left. Certified if it is upper,
    no part was dropped as empty, and an open part has the largest bound. Raises ``ValueError`` for
    several outputs in a norm pair without a closed form. [Shi et al. 2022; digest of random ReLU
    networks, section 5.10.]

    >>> from lipkit.networks import sample_random_relu
    >>> branch_and_bound(sample_random_relu(2, 8, 2, rng=0), box=([0.1, 0.1], [0.9, 0.9])).kind
    'exact'
    """
    question = ask(network, p, q, box)
    nodes, gap = _validate.count(nodes, "nodes"), _validate.real_array(gap, "gap", 0).item()
    if gap < 0:
        raise ValueError(f"gap: got {gap}, expected at least 0; 0.01 stops within one percent")
    limit = math.inf if time_limit is None else _validate.positive(time_limit, "time_limit")
    first = ascent(question.network, question.p, q=question.q, box=question.box, rng=rng, **_START)
    search = _Search(question, territory(question), first)
    search.run(nodes, gap, time.monotonic() + limit)
    return search.answer()


class _Search:
    """The queue of parts, the one with the largest bound first, and the best gradient."""

    def __init__(self, question: Question, ground: Territory, first: Bound):
        self.question, self.ground = question, ground
        self.best, self.witness = first.value, first.witness
        self.queue: list[tuple[float, int, Part]] = []
        self.nodes = self.made = self.empty = 0
        self.closed = 0.0  # the largest slope of a decided part without a point to show it
        for lower, upper in ground.boxes:
            self._add(whole(ground, lower, upper))

    @property
    def top(self) -> float:
        """The largest bound of all parts."""
        waiting = -self.queue[0][0] if self.queue else 0.0
        return max(self.best, self.closed, waiting)

    def run(self, nodes: int, gap: float, deadline: float) -> None:
        while self.queue and self.top > self.best * (1 + max(gap, _SAME)):
            if self.nodes >= nodes or time.monotonic() > deadline:
                return
            self.nodes += 1
            self._split(heapq.heappop(self.queue)[2])

    def _split(self, part: Part) -> None:
        if part.is_empty():
            self.empty += 1
            return
        self._look_at(part)
        if part.decided:
            J = part.jacobian()[:, : self.ground.inputs]
            self.closed = max(self.closed, float(self.question.slopes(J[None])[0]))
            return
        for child in part.split():
            self._add(child)

    def _add(self, part: Part | None) -> None:
        if part is None:
            self.empty += 1
            return
        bound = part.bound(self.question)
        if bound > self.best * (1 + _SAME):
            self.made += 1
            heapq.heappush(self.queue, (-bound, self.made, part))

    def _look_at(self, part: Part) -> None:
        """The gradient at the part's point, if that stands clear of every kink."""
        x = part.input_point()
        if x is None:
            return
        slope = float(self.question.slopes_at(x[None])[0])
        if slope > self.best and clear_of_kinks(self.question.network, x[None])[0]:
            self.best, self.witness = slope, x

    def answer(self) -> Bound:
        exact = self.top <= self.best * (1 + 2 * _SAME)
        left = sum(-key > self.best * (1 + _SAME) for key, _, _ in self.queue)
        return self.question.answer(
            self.best if exact else self.top,
            "exact" if exact else "upper",
            method="branch_and_bound",
            source=_SOURCE,
            witness=self.witness,
            certified=self.empty == 0 and self.top > max(self.best, self.closed) * (1 + 2 * _SAME),
            details={"at least": self.best, "nodes": self.nodes, "open": left},
        )
