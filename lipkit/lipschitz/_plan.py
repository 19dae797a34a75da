"""Which methods are worth their time on a network, and how hard each should try."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

from lipkit.lipschitz._exact_shallow import shallow_work
from lipkit.lipschitz._question import Question

Options = dict[str, Any]


@dataclass(frozen=True)
class Effort:
    """The largest sizes that each method is asked to handle, and its options."""

    newton: int  # hidden neurons of lipsdp by Newton's method
    descent: float  # multiplications of a step by descent, of some hundreds
    gates: int  # neurons a layer of seqlip
    lines: int  # hidden neurons of crown
    cells: float  # numbers of exact_shallow
    nodes: int  # of branch_and_bound
    ascent: Options


_FEW = {"starts": 8, "steps": 60, "walks": 2, "n": 1000}
_MANY = {"starts": 32, "steps": 300, "walks": 8, "n": 10_000}

EFFORTS = {
    "quick": Effort(150, 2e8, 25, 200, 3e7, 150, _FEW),
    "normal": Effort(400, 3e9, 50, 600, 3e8, 1500, {}),
    "thorough": Effort(600, 3e10, 80, 2000, 2e9, 15_000, _MANY),
}
_EXACT_PLANE = 4000  # hidden neurons of a plane
_MIP = 40  # hyperplanes


def options(name: str, question: Question, effort: Effort) -> Options | None:
    """The options of a method on this question, or None if it does not apply or takes too long."""
    return _RULES[name](question, effort)


def named_options(name: str, effort: Effort) -> Options:
    """The options of a method that was asked for by name, whatever it takes."""
    if name in ("autolip", "eclipse_fast"):
        return {"certified": True}
    if name == "ascent":
        return effort.ascent
    return {"nodes": effort.nodes} if name == "branch_and_bound" else {}


def _neurons(question: Question) -> int:
    return sum(question.network.widths)


def _in_l2(question: Question) -> bool:
    return question.p == 2 and (question.q == 2 or question.network.output_dim == 1)


def _closed(question: Question) -> bool:
    """Whether the norm of a Jacobian has a closed form."""
    one = min(question.network.output_dim, question.network.input_dim) == 1
    return one or question.p == 1 or math.isinf(question.q) or question.p == question.q == 2


def _when(fits: bool, chosen: Options | None = None) -> Options | None:
    return (chosen or {}) if fits else None


def _sampling(question: Question, effort: Effort) -> Options:
    return {} if _closed(question) else {"slopes": "quotients"}


def _exact_plane(question: Question, effort: Effort) -> Options | None:
    known = question.box is not None or question.network.bias_free
    fits = question.network.input_dim == 2 and known and _neurons(question) <= _EXACT_PLANE
    return _when(fits and _closed(question))


def _lipsdp(question: Question, effort: Effort) -> Options | None:
    if question.network.depth == 0:
        return None
    if _neurons(question) <= effort.newton:
        return {"solver": "newton"}
    return _when(_descent_work(question) <= effort.descent, {"solver": "descent"})


def _descent_work(question: Question) -> float:
    """Multiplications of one step: an eigenvalue problem, and for deep networks a Schur chain."""
    d, widths = question.network.input_dim, question.network.widths
    small = min(d, widths[0])
    if len(widths) == 1 and question.network.output_dim == 1:
        return widths[0] * small**2 + 10.0 * small**3
    chain = sum(m**2 * (n + m) for n, m in pairwise((small, *widths)))
    return chain + 10.0 * small**3


def _exact_shallow(question: Question, effort: Effort) -> Options | None:
    if question.network.depth != 1 or question.box is not None or not _closed(question):
        return None
    return _when(shallow_work(question) <= effort.cells)


def _branch_and_bound(question: Question, effort: Effort) -> Options | None:
    few = _neurons(question) <= effort.lines
    low = question.network.input_dim <= (8 if question.box is None else 100)
    deep = question.network.depth > 0
    return _when(few and low and deep and _closed(question), {"nodes": effort.nodes})


def _mip_shallow(question: Question, effort: Effort) -> Options | None:
    linear = question.p == 1 or (math.isinf(question.p) and question.network.input_dim <= 8)
    one = question.network.output_dim == 1 or math.isinf(question.q)
    shallow = question.network.depth == 1 and _neurons(question) <= _MIP
    return _when(linear and one and shallow and effort.nodes >= EFFORTS["normal"].nodes)


_RULES: dict[str, Callable[[Question, Effort], Options | None]] = {
    "autolip": lambda question, effort: {"certified": True},
    "eclipse_fast": lambda question, effort: {"certified": True},
    "interval": lambda question, effort: {},
    "exact_line": lambda question, effort: _when(question.network.input_dim == 1),
    "exact_plane": _exact_plane,
    "crown": lambda question, effort: _when(_neurons(question) <= effort.lines),
    "sampling": _sampling,
    "seqlip_greedy": lambda question, effort: None,
    "ascent": lambda question, effort: _when(_closed(question), effort.ascent),
    "lipsdp": _lipsdp,
    "seqlip": lambda question, effort: _when(
        _in_l2(question) and 0 < max(question.network.widths, default=0) <= effort.gates
    ),
    "exact_shallow": _exact_shallow,
    "branch_and_bound": _branch_and_bound,
    "mip_shallow": _mip_shallow,
}
