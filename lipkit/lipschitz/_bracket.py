"""All methods that are worth it on one network, cheapest first, into one bracket."""

import math
import time
import warnings
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.bound import Bound, Bracket
from lipkit.lipschitz._certify import certify_lower
from lipkit.lipschitz._methods import METHODS
from lipkit.lipschitz._plan import EFFORTS, Options, named_options, options
from lipkit.lipschitz._progress import Progress
from lipkit.lipschitz._question import Box, Question, ask

_SOURCE = "lipkit.lipschitz.bracket"
_LIMITED = ("branch_and_bound", "mip_shallow")  # these stop in time by themselves
_SMALL = 2_000_000  # weights of a network whose gradient is recomputed in exact arithmetic


def bracket(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    methods: str | Sequence[str] = "auto",
    box: Box | None = None,
    effort: str = "quick",
    time_limit: float | None = None,
    rng: Seed = 0,
    progress: bool | None = None,
) -> Bracket:
    r"""The best lower and upper answer of many methods: :math:`\ell \le \mathrm{Lip} \le u`.

    The cheapest method runs first; an exact answer ends the work. The lower side is then recomputed
    in exact arithmetic at its witness. Every answer is in the bracket's ``trail``, in the order in
    which it was found.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p.
    methods
        ``"auto"``: those that the network's size and the effort allow. Or names of
        :data:`METHODS`, which then all run, cheapest first, and raise what they raise.
    box
        ``(lower, upper)``: all answers speak of the box.
    effort
        ``"quick"`` (about a second for some tens of neurons), ``"normal"`` or ``"thorough"``
        (minutes). It alone decides what runs and how long, so the same arguments give the same
        bracket.
    time_limit
        Seconds. Stops before the next method (branch and bound and programs also inside) with a
        warning; what the bracket then holds depends on the machine. An interrupt from the keyboard
        does the same, if there is anything to return.
    rng
        Seed or Generator; each method that draws gets it.
    progress
        True or False; None shows a line on standard error if that is a terminal and the work takes
        more than two seconds.

    Returns a :class:`~lipkit.bound.Bracket`. If it stopped early, the ``details`` of both sides
    have ``not run``, the names left out; none, if only the last method was cut short. Raises
    ``ValueError`` for an unknown name.

    >>> from lipkit.networks import sample_random_relu
    >>> found = bracket(sample_random_relu(3, 10, 2, rng=0))
    >>> found.ratio, [bound.method for bound in found.trail][:3]
    (1.0, ['autolip', 'eclipse_fast', 'interval'])
    """
    question = ask(network, p, q, box)
    limit = math.inf if time_limit is None else _validate.positive(time_limit, "time_limit")
    todo = _todo(question, methods, _validate.one_of(effort, "effort", tuple(EFFORTS)))
    _validate.generator(rng)
    trail, stopped = _run(question, todo, limit, rng, Progress(len(todo), progress))
    left = [name for name, _ in todo[len(trail) :]]
    if not stopped:
        return _bracket(question, trail, {})
    ended = f"not all methods ran; without: {', '.join(left)}"
    ended = ended if left else f"{trail[-1].method} ended early"
    warnings.warn(f"bracket: {stopped}, so {ended}", stacklevel=2)
    return _bracket(question, trail, {"not run": left})


def _todo(
    question: Question, methods: str | Sequence[str], effort: str
) -> list[tuple[str, Options]]:
    chosen = EFFORTS[effort]
    if isinstance(methods, str):
        _validate.one_of(methods, "methods", ("auto",))
        planned = [(name, options(name, question, chosen)) for name in METHODS]
        return [(name, given) for name, given in planned if given is not None]
    names = {_validate.one_of(name, "methods", tuple(METHODS)) for name in methods}
    if not names:
        raise ValueError("methods: got none, expected 'auto' or at least one name of METHODS")
    return [(name, named_options(name, chosen)) for name in METHODS if name in names]


def _run(
    question: Question,
    todo: list[tuple[str, Options]],
    limit: float,
    rng: Seed,
    progress: Progress,
) -> tuple[list[Bound], str]:
    """The answers, in order, and why it stopped early, if it did."""
    trail: list[Bound] = []
    start = time.monotonic()
    try:
        for name, given in todo:
            left = limit - (time.monotonic() - start)
            if left <= 0:
                return trail, f"the time limit of {limit:g} s is over"
            if name in _LIMITED and math.isfinite(left):
                given = given | {"time_limit": left}
            progress.step(len(trail), name)
            trail.append(_ask_method(name, question, rng, given))
            if trail[-1].kind == "exact":
                break
    except KeyboardInterrupt:
        if not trail:
            raise
        return trail, "interrupted"
    finally:
        progress.close()
    cut = name in _LIMITED and trail[-1].kind != "exact" and time.monotonic() - start >= limit
    return trail, f"the time limit of {limit:g} s is over" if cut else ""


def _ask_method(name: str, question: Question, rng: Seed, given: Options) -> Bound:
    return METHODS[name](
        question.network, question.p, q=question.q, box=question.box, rng=rng, **given
    )


def _bracket(question: Question, trail: list[Bound], more: dict[str, Any]) -> Bracket:
    trail = [*trail, *_sides_of_searches(question, trail)]
    exact = [bound for bound in trail if bound.kind == "exact"]
    lower = exact or [bound for bound in trail if bound.kind == "lower"]
    upper = exact or [bound for bound in trail if bound.kind == "upper"]
    best_lower = max(lower, key=float, default=_nothing(question, 0.0, "lower"))
    best_upper = min(upper, key=float, default=_nothing(question, math.inf, "upper"))
    sure = _certified(question, best_lower)
    if sure is not None:
        trail.append(sure)
        best_lower = sure if best_lower.kind == "lower" else best_lower
    sides = [replace(b, details=b.details | more) for b in (best_lower, best_upper)]
    return Bracket(sides[0], sides[1], tuple(trail))


def _sides_of_searches(question: Question, trail: list[Bound]) -> list[Bound]:
    """What branch and bound knows from below, where its answer is from above."""
    return [
        replace(bound, value=bound.details["at least"], kind="lower", certified=False, details=None)
        for bound in trail
        if bound.kind == "upper" and bound.witness is not None and "at least" in bound.details
    ]


def _nothing(question: Question, value: float, kind: Any) -> Bound:
    return question.answer(value, kind, method="none", source=_SOURCE, certified=True)


def _certified(question: Question, bound: Bound) -> Bound | None:
    """The lower answer again, in exact arithmetic, if its witness is a point and it is not long."""
    small = sum(W.size for W in question.network.weights) <= _SMALL
    if not isinstance(bound.witness, np.ndarray) or not small:
        return None
    try:
        return certify_lower(
            question.network, bound.witness, question.p, q=question.q, box=question.box
        )
    except ValueError:  # at a kink after all, to the last digit
        return None
