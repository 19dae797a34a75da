r"""The lines, or the planes through 0, in which the hyperplanes of an arrangement meet.

On such a flat every other hyperplane is a form of one parameter: :math:`\alpha t + \beta` on a
line, :math:`\alpha \cos t + \beta \sin t` on half a turn around a plane. Walking along it from
breakpoint to breakpoint passes every cell of the arrangement that has an edge there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._arrangement import Arrangement

_SAME = 1e-12  # breakpoints this close, beside the terms they are computed from, are one
_NOISE = 0.005  # and this part of that is what rounding alone leaves of an exact coincidence


@dataclass(frozen=True, eq=False)
class Flats:
    """Some flats at once, ``(f, ...)``, of the hyperplanes in each row of ``subsets`` ``(f, m)``.

    A point of a flat is ``origin + span @ c``, c being 1-dimensional (t) or (cos t, sin t).
    ``free`` ``(f, n)``: which hyperplanes hold the flat. For the others ``keys`` says where they
    cross it (inf: nowhere) and ``before`` whether they are on before that.
    ``doubt`` is how uncertain a key is; ``unclear`` counts decisions that rounding blurs.
    """

    subsets: NDArray[np.intp]
    origin: Array
    span: Array
    keys: Array
    before: NDArray[np.bool_]
    free: NDArray[np.bool_]
    doubt: Array
    unclear: int


def flat_dimension(arrangement: Arrangement) -> int:
    """1 for lines, 2 for planes through 0: every cell has an edge, every cone a two-faced side."""
    return 2 if arrangement.central and arrangement.rank > 1 else 1


def flats(arrangement: Arrangement, subsets: NDArray[np.intp]) -> Flats:
    """The flats of the subsets ``(f, m)`` whose normals are independent; the others have none."""
    origin, span, depth = _solve(arrangement, subsets)
    real = depth > _SAME
    unclear = int(np.sum(~real & (depth > _NOISE * _SAME)))
    subsets, origin, span, depth = subsets[real], origin[real], span[real], depth[real]
    form = arrangement.normals @ span  # (f, n, 1 or 2)
    height = origin @ arrangement.normals.T + arrangement.offsets
    size = 1 + np.linalg.norm(origin, axis=1, keepdims=True) + np.abs(arrangement.offsets)
    blur = _SAME * size / depth[:, None]
    speed = np.linalg.norm(form, axis=2)
    crossing = speed > _SAME / depth[:, None]
    inside = np.zeros(speed.shape, dtype=bool)
    np.put_along_axis(inside, subsets, True, axis=1)
    free = inside | (~crossing & (np.abs(height) <= blur))
    crossing &= ~free
    with np.errstate(divide="ignore", invalid="ignore"):
        keys, before = (_on_plane if span.shape[2] == 2 else _on_line)(form, height)
        doubt = (blur + np.where(np.isfinite(keys), np.abs(keys), 0) * _SAME) / speed
    before = np.where(crossing, before, height > 0) & ~free
    still = ~crossing & ~inside
    unclear += int(np.sum(still & (speed > _NOISE * _SAME / depth[:, None])))
    unclear += int(np.sum(free & ~inside & (np.abs(height) > _NOISE * blur)))
    return Flats(
        subsets, origin, span, np.where(crossing, keys, np.inf), before, free, doubt, unclear
    )


def _solve(arrangement: Arrangement, subsets: NDArray[np.intp]) -> tuple[Array, Array, Array]:
    """Origins ``(f, r)``, spans ``(f, r, 1 or 2)``, and how independent each subset is."""
    f, m = subsets.shape
    r = arrangement.rank
    if m == 0:
        return np.zeros((f, r)), np.broadcast_to(np.eye(r), (f, r, r)), np.ones(f)
    Q, R = np.linalg.qr(arrangement.normals[subsets].swapaxes(1, 2), mode="complete")
    R = R[:, :m]
    depth = np.abs(np.diagonal(R, axis1=1, axis2=2)).min(axis=1)
    origin = np.zeros((f, r))
    if not arrangement.central:
        safe = np.where((depth > _SAME)[:, None, None], R, np.eye(m))
        c = np.linalg.solve(safe.swapaxes(1, 2), -arrangement.offsets[subsets][..., None])
        origin = (Q[:, :, :m] @ c)[..., 0]
    return origin, Q[:, :, m:], depth


def _on_line(form: Array, height: Array) -> tuple[Array, NDArray[np.bool_]]:
    alpha = form[:, :, 0]
    return -height / alpha, alpha < 0


def _on_plane(form: Array, height: Array) -> tuple[Array, NDArray[np.bool_]]:
    angle = np.arctan2(form[:, :, 0], -form[:, :, 1])
    return np.mod(angle, np.pi), (angle >= 0) & (angle < np.pi)


@dataclass(frozen=True, eq=False)
class Walk:
    """The pieces of each flat in order, ``(f, n + 1, ...)``: the sums of gains on them, which of
    them are real (two breakpoints may be one), and the keys between which they lie.
    """

    sums: Array
    real: NDArray[np.bool_]
    keys: Array
    unclear: int


def walk_flats(arrangement: Arrangement, found: Flats) -> Walk:
    """The sum of the gains of all hyperplanes that are on, without those that hold the flat."""
    order = np.argsort(found.keys, axis=1, kind="stable")
    keys = np.take_along_axis(found.keys, order, axis=1)
    doubt = np.take_along_axis(np.where(np.isfinite(found.keys), found.doubt, 0), order, axis=1)
    turn = np.where(np.isfinite(found.keys), np.where(found.before, -1.0, 1.0), 0.0)
    steps = np.take_along_axis(turn, order, axis=1)[..., None] * arrangement.gains[order]
    first = arrangement.start + found.before.astype(np.float64) @ arrangement.gains
    sums = np.concatenate([first[:, None], first[:, None] + np.cumsum(steps, axis=1)], axis=1)
    gap, blur = _gaps(keys, doubt, half_turn=found.span.shape[2] == 2)
    unclear = int(np.sum((gap <= blur) & (gap > _NOISE * blur)))
    return Walk(sums, gap > blur, keys, unclear)


def _gaps(keys: Array, doubt: Array, half_turn: bool) -> tuple[Array, Array]:
    """The length of every piece, and how uncertain that is; NaN for pieces that do not exist.

    After half a turn the first piece comes back as the last one, upside down: it is left out.
    """
    f, n = keys.shape
    count = np.isfinite(keys).sum(axis=1)
    padded = np.column_stack([np.full(f, -np.inf), keys, np.full(f, np.inf)])
    blur = np.column_stack([np.zeros(f), doubt, np.zeros(f)])
    with np.errstate(invalid="ignore"):
        gap = np.diff(padded, axis=1)
    uncertain = np.maximum(blur[:, 1:], blur[:, :-1])
    gap[np.arange(n + 1) > count[:, None]] = np.nan
    if half_turn:
        rows, last = np.arange(f), count
        some = count > 0
        end = np.where(some, keys[rows, np.maximum(count - 1, 0)], 0.0) if n else np.zeros(f)
        start = np.where(some, keys[:, 0], np.pi) if n else np.full(f, np.pi)
        gap[rows, last] = np.where(some, np.nan, np.pi)
        gap[:, 0] = start + np.pi - end
        uncertain[:, 0] = np.maximum(uncertain[:, 0], uncertain[rows, last])
    return gap, uncertain
