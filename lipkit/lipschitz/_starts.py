"""Where to start climbing, and which part of the Jacobian each trajectory works on."""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._question import Question, jacobians
from lipkit.norms import dual_exponent, dual_vector

_SAME = 1e-9  # slopes this close come from one linear piece


@dataclass(frozen=True)
class Starts:
    """Points ``X`` ``(m, d)``, covectors ``c`` ``(m, n_out)``, and what is held on the way.

    ``u`` ``(m, d)``, where it is given, is held: for p = 1 one input coordinate each. ``holds_c``:
    for q = inf and several outputs, one output each.
    """

    X: Array
    c: Array
    u: Array | None
    holds_c: bool


def choose_starts(question: Question, X: Array, m: int) -> tuple[Starts, Array]:
    """At most ``m`` starts among the points ``(n, d)``, and the slopes ``(n,)`` at all of them.

    A part of the Jacobian is a column for p = 1, a row for q = inf, all of it otherwise; its norm
    is the largest of its parts'. The steepest parts are served first, each by the points where it
    is steepest, one for each linear piece.
    """
    scores = np.concatenate([_part_norms(question, J) for J in jacobians(question.network, X)])
    point, part = _serve(scores, m)
    J = question.network.jacobian(X[point])
    return _starts(question, X[point], J, part), scores.max(axis=1)


def starts_at(question: Question, X: Array) -> Starts:
    """Starts at these points, each working on its steepest part."""
    J = question.network.jacobian(X)
    return _starts(question, X, J, _part_norms(question, J).argmax(axis=1))


def _works_on_rows(question: Question) -> bool:
    return math.isinf(question.q) and question.network.output_dim > 1 and question.p > 1


def _part_norms(question: Question, J: Array) -> Array:
    if question.p == 1:
        return np.asarray(np.linalg.norm(J, ord=question.q, axis=1))
    if _works_on_rows(question):
        return np.asarray(np.linalg.norm(J, ord=dual_exponent(question.p), axis=2))
    return question.slopes(J)[:, None]


def _serve(scores: Array, m: int) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Points and parts of the starts, from ``scores`` ``(n, parts)``."""
    parts = np.argsort(-scores.max(axis=0), kind="stable")[:m]
    turns = []
    for part in parts:
        order = np.argsort(-scores[:, part], kind="stable")
        ranked = scores[order, part]
        new = np.append(True, -np.diff(ranked) > _SAME * ranked[0])
        turns.append(order[new][:m])
    taken = [
        (points[turn], part)
        for turn in range(m)
        for points, part in zip(turns, parts, strict=True)
        if turn < len(points)
    ][:m]
    point, part = np.array(taken).T
    return point, part


def _starts(question: Question, X: Array, J: Array, part: NDArray[np.intp]) -> Starts:
    if question.p == 1:
        u = np.eye(X.shape[1])[part]
        c = dual_vector(np.einsum("nod,nd->no", J, u), dual_exponent(question.q))
        return Starts(X, c, u, False)
    holds_c = _works_on_rows(question)
    rows = part if holds_c else np.linalg.norm(J, axis=2).argmax(axis=1)
    return Starts(X, np.eye(J.shape[1])[rows], None, holds_c)
