"""The exact constant of one hidden layer: the steepest cell of an arrangement of hyperplanes."""

import math
from dataclasses import replace
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._all_cells import (
    all_patterns_exist,
    all_patterns_work,
    steepest_entry,
    steepest_pattern,
)
from lipkit.lipschitz._arrangement import Arrangement, arrange
from lipkit.lipschitz._cells import cells
from lipkit.lipschitz._flat_sweep import Norm, Steepest, sweep_flats, sweep_work
from lipkit.lipschitz._kinks import clear_of_kinks
from lipkit.lipschitz._mip_shallow import one_hidden_layer, run_programs
from lipkit.lipschitz._question import Box, Question, ask
from lipkit.norms import dual_exponent

_SOURCE = "derived; digest of random ReLU networks, section 5.3"
_METHODS = ("auto", "flats", "patterns", "tree", "mip")
_MOST_WORK = 2e9  # numbers: about a minute
_LITTLE_WORK = 5e7  # about a second
_MOST_CELLS = 5000  # of a tree, some 5 ms each
_MOST_BINARIES = 60  # hidden neurons of a mixed-integer program that ends in minutes
_SAME = 1e-9


def exact_shallow(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    method: str = "auto",
) -> Bound:
    r"""The constant of one hidden layer, exact: :math:`\max_s \|\sum_i s_i a_i w_i^T\|_{p \to q}`.

    The hyperplanes :math:`w_i \cdot x + b_i = 0` cut space into cells, each with its own gates s.
    Rows of zeros are dropped, equal hyperplanes merged, and directions that no row sees removed
    first, so widths below d, repeated and parallel rows are all right.

    Parameters
    ----------
    network
        One hidden layer, biases allowed, any number of outputs.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. For one output
        :math:`\|J\| = \|\nabla f\|_{p'}`, whatever q.
    box
        ``(lower, upper)``: the cells that meet the box (by the tree); otherwise all of space.
    rng
        Not used.
    method
        ``"flats"`` walks along all lines in which hyperplanes meet (planes through 0 without
        biases): work of the order :math:`\binom{N}{d-2} N`, with biases :math:`\binom{N}{d-1} N`.
        ``"patterns"`` looks at all :math:`2^N` where they all exist (N at most the rank).
        ``"tree"`` finds the cells one by one, by linear programs. ``"mip"`` is
        :func:`mip_shallow`. ``"auto"``: patterns or flats while they take at most about a minute,
        otherwise programs if p is 1 or inf; in a box the tree.

    Returns a ``Bound`` of kind exact, up to rounding, whose value is recomputed at its witness, a
    point inside the steepest cell. Where two hyperplanes, crossings or cells could not be told
    from one it is of kind lower; where no point shows the value (``"mip"`` on crowded
    arrangements), upper. Details: the ``method`` taken, the hyperplanes left, what was counted.
    Raises ``ValueError`` for more than one hidden layer, for several outputs in a pair without a
    closed form, and where the work would be too much.
    [Derived, digest of random ReLU networks, section 5.3.]

    >>> from lipkit.networks import ReluNetwork
    >>> W = [[1, 2, 0, 0], [2, 4, 0, 0], [-1, -2, 0, 0], [0, 0, 0, 0], [0, 1, 1, 0]]
    >>> exact_shallow(ReluNetwork([W, [[1, -1, 0.5, 3, 2]]])).value.__round__(10)
    2.2912878475
    """
    question = one_hidden_layer(ask(network, p, q, box))
    method = _validate.one_of(method, "method", _METHODS)
    arrangement, scale, norm = _prepared(question)
    if box is not None and method not in ("auto", "tree", "mip"):
        raise ValueError(
            f"method: got {method!r} with a box, expected 'tree' or 'mip'; leave box out"
        )
    if method == "auto":
        method = _cheapest(question, arrangement)
    details = {"method": method, "hyperplanes": len(arrangement), "rank": arrangement.rank}
    if method == "mip":
        arrangement = arrange(question.network)
        solved = run_programs(question, arrangement, True, math.inf)
        return solved.answer(question, "exact_shallow", _SOURCE, details)
    found = _steepest(method, question, arrangement, norm)
    return _answer(question, found, scale, arrangement, details)


def shallow_work(question: Question) -> float:
    """About how many numbers the cheapest of flats and patterns handles."""
    arrangement = arrange(question.network)
    return min(sweep_work(arrangement), _patterns_work(question, arrangement))


def _cheapest(question: Question, arrangement: Arrangement) -> str:
    if question.box is not None:
        return "tree"
    work = {
        "patterns": _patterns_work(question, arrangement),
        "flats": sweep_work(arrangement),
    }
    method = min(work, key=lambda name: work[name])
    linear = question.p == 1 or (math.isinf(question.p) and question.network.input_dim <= 10)
    linear &= question.network.output_dim == 1 or math.isinf(question.q)
    linear &= len(arrangement) <= _MOST_BINARIES
    few = len(arrangement) <= 3 * arrangement.rank  # then programs end soon
    if work[method] <= (_LITTLE_WORK if linear and few else _MOST_WORK):
        return method
    if linear:
        return "mip"
    raise ValueError(
        f"network: got {len(arrangement)} hyperplanes in {arrangement.rank} dimensions, expected "
        f"work of at most {_MOST_WORK:.0e}, got {work[method]:.0e}; branch_and_bound and lipsdp "
        "bound the constant, ascent looks for it from below"
    )


def _patterns_work(question: Question, arrangement: Arrangement) -> float:
    if not all_patterns_exist(arrangement):
        return math.inf
    return (
        float(arrangement.gains.size) if _by_entries(question) else all_patterns_work(arrangement)
    )


def _by_entries(question: Question) -> bool:
    """Whether the norm is the largest size of an entry, which needs no pattern but its own."""
    one = question.network.output_dim == 1 or math.isinf(question.q)
    return question.p == 1 and one


def _prepared(question: Question) -> tuple[Arrangement, float, Norm]:
    """The arrangement with gains of size 1, their size, and the norm of a flattened Jacobian."""
    arrangement = arrange(question.network)
    together = np.vstack([arrangement.gains, arrangement.start])
    scale = math.ldexp(1.0, math.frexp(float(np.abs(together).max()))[1])
    scale = scale if together.any() else 1.0
    together = together / scale
    norm = _matrix_norm(question)
    if question.network.output_dim == 1:
        norm = _vector_norm(dual_exponent(question.p))
        if question.p == 2 and len(together) < together.shape[1]:
            together = together @ np.linalg.qr(together.T)[0]  # the same lengths, fewer numbers
    norm(together[:1])  # refuses a pair without a closed form
    return replace(arrangement, gains=together[:-1], start=together[-1]), scale, norm


def _vector_norm(r: float) -> Norm:
    return lambda v: np.asarray(np.linalg.norm(v, ord=r, axis=-1))


def _matrix_norm(question: Question) -> Norm:
    shape = (-1, question.network.output_dim, question.network.input_dim)
    return lambda v: question.slopes(v.reshape(shape)).reshape(v.shape[:-1])


def _steepest(method: str, question: Question, arrangement: Arrangement, norm: Norm) -> Steepest:
    if method == "flats":
        return sweep_flats(arrangement, norm)
    if method == "tree":
        return _by_tree(question, arrangement, norm)
    if not all_patterns_exist(arrangement):
        raise ValueError(
            f"method: got 'patterns' for {len(arrangement)} hyperplanes in {arrangement.rank} "
            "dimensions, which do not have them all; use 'flats'"
        )
    return (
        steepest_entry(arrangement)
        if _by_entries(question)
        else steepest_pattern(arrangement, norm)
    )


def _by_tree(question: Question, arrangement: Arrangement, norm: Norm) -> Steepest:
    box, rows = question.box, arrangement.normals
    if box is not None:
        rows = rows @ arrangement.basis
    found = cells(rows, arrangement.offsets, box, _MOST_CELLS)
    if not found.complete:
        raise ValueError(
            f"network: got more than {_MOST_CELLS} cells, expected fewer for the tree; "
            "use method='flats' without a box, or branch_and_bound"
        )
    norms = norm(arrangement.start + found.signs @ arrangement.gains)
    best = int(np.argmax(norms))
    return Steepest(float(norms[best]), found.points[best], found.doubtful, len(norms))


def _answer(
    question: Question, found: Steepest, scale: float, arrangement: Arrangement, details: Any
) -> Bound:
    """The slope at the witness, if that shows the value."""
    value, unclear = found.value * scale, found.unclear + arrangement.dropped
    details |= {"unclear": unclear, "looked at": found.looked}
    witness = _shown(question, arrangement, found.point, value)
    if witness is not None:
        value = float(question.slopes_at(witness[None])[0])
        kind: Any = "lower" if unclear else "exact"
    else:
        kind = "estimate" if unclear else "upper"
    return question.answer(
        value, kind, method="exact_shallow", source=_SOURCE, witness=witness, details=details
    )


def _shown(question: Question, arrangement: Arrangement, y: Array, value: float) -> Array | None:
    """A point of the cell that stands clear of kinks and is as steep as the value says.

    ``y`` is in the arrangement's space, or in the input's if there is a box. It may stand where
    merged hyperplanes cancel: then a point beside it will do.
    """
    point = y @ arrangement.basis if question.box is None else y
    heights = arrangement.normals @ (arrangement.basis @ point) + arrangement.offsets
    room = np.abs(heights).min(initial=1.0)
    aside = np.random.default_rng(0).normal(size=point.shape)
    aside *= room / 2 / np.linalg.norm(aside)
    for x in (point, point + aside):
        inside = question.box is None or ((question.box[0] <= x) & (x <= question.box[1])).all()
        steep = question.slopes_at(x[None])[0] >= value * (1 - _SAME)
        if inside and steep and clear_of_kinks(question.network, x[None])[0]:
            return np.asarray(x)
    return None
