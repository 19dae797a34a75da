"""From a point straight on, looking at the gradient of every linear piece on the way."""

import math
from collections.abc import Iterator

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz._curves import Circle, Line
from lipkit.lipschitz._question import Question
from lipkit.lipschitz._sweep import sweep


def walk(question: Question, X: Array, U: Array, pieces: int) -> Iterator[Array]:
    """From each point of ``X`` ``(m, d)`` in the direction ``U`` ``(m, d)`` and back the other way.

    One point ``(k, d)`` inside each linear piece, for about ``pieces`` pieces around the start:
    along the great circle if there are neither biases nor a box, along the line otherwise, inside
    the box. No piece on the way is stepped over. Where the direction is 0 there is only the start.
    [Digest of random ReLU networks, section 5.9 (ii).]
    """
    # a curve meets each neuron's kink about once in half a turn, or on the whole line
    share = min(1.0, pieces / max(1, sum(question.network.widths)))
    for x, u in zip(X, U, strict=True):
        around = question.box is None and question.network.bias_free
        if around:
            u = u - (u @ x) / (x @ x) * x
        if question.box is not None:
            u = _along_walls(x, u, *question.box)
        if not np.linalg.norm(u) > 0:
            yield x[None]
            continue
        if question.box is None:
            u = u * (np.linalg.norm(x) / np.linalg.norm(u))
        yield _around(question, x, u, share) if around else _straight(question, x, u, share)


def _around(question: Question, x: Array, u: Array, share: float) -> Array:
    plane = question.network.restrict(np.stack([x, u]))
    cuts = math.pi * np.array([-share, 0.0, share])
    t = _middles(sweep(plane, Circle(), cuts, np.eye(2)).cuts, Circle())
    return np.asarray(np.outer(np.cos(t), x) + np.outer(np.sin(t), u))


def _straight(question: Question, x: Array, u: Array, share: float) -> Array:
    line = question.network.restrict(u, x)
    reach = math.tan(math.pi / 2 * share) if share < 1 else math.inf
    ends = np.array([-reach, reach])
    if question.box is not None:
        ends = share * _span(x, u, *question.box)
    t = _middles(sweep(line, Line(), ends, np.array([[1.0], [0.0]])).cuts, Line())
    points = x + np.outer(t, u)
    return points if question.box is None else np.clip(points, *question.box)


def _middles(cuts: Array, curve: Line | Circle) -> Array:
    return curve.inside(cuts[:-1], cuts[1:])


def _span(x: Array, u: Array, lower: Array, upper: Array) -> Array:
    """The parameters between which ``x + t u`` is in the box."""
    moving = u != 0
    walls = np.stack([lower - x, upper - x])[:, moving] / u[moving]
    return np.array([walls.min(axis=0).max(), walls.max(axis=0).min()])


def _along_walls(x: Array, u: Array, lower: Array, upper: Array) -> Array:
    """The direction without what leads out of the box at once."""
    return np.where(((u < 0) & (x <= lower)) | ((u > 0) & (x >= upper)), 0.0, u)
