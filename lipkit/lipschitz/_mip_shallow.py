"""The exact constant of one hidden layer by mixed-integer programming."""

import math
import warnings
from dataclasses import dataclass
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._arrangement import Arrangement, arrange
from lipkit.lipschitz._kinks import clear_of_kinks
from lipkit.lipschitz._mip import Face, Program, cube_faces, directions, steepest_program
from lipkit.lipschitz._polytope import deepest_point, deepest_ray
from lipkit.lipschitz._question import Box, Question, ask

_SOURCE = "Jordan and Dimakis 2020; digest of random ReLU networks, section 5.8"
_MOST_INPUTS = 16  # for p = inf there is a program for each of 2**d sign vectors
_SAME = 1e-8  # relative; twice the gap and the solver's tolerance on a binary
_OPEN = 1e-9  # a cell at least this deep exists


def mip_shallow(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    faces: bool = True,
    time_limit: float | None = None,
) -> Bound:
    r"""The constant of one hidden layer for p = 1 or inf, by mixed-integer programs.

    For a direction u (p = 1: :math:`\pm e_j`; p = inf: every sign vector) HiGHS maximises
    :math:`u \cdot (c + \sum_i s_i q_i)` over binary gates s and points whose preactivations allow
    them. A network without biases is looked at on the faces of a cube: its gates are the same along
    rays. With biases the cube has one more coordinate :math:`\tau`,
    :math:`z_i = w_i \cdot x + b_i \tau`.

    Parameters
    ----------
    network
        One hidden layer; one output, or q = inf.
    p, q
        p is 1 or inf (inf: at most 16 inputs). For p = 2 the problem is not linear.
    box
        ``(lower, upper)``: the answer's domain; otherwise all of space.
    rng
        Not used.
    faces
        False looks at the whole cube at once, the origin included, where without biases every gate
        pattern is allowed: the answer is then that of free gates, and a warning says so.
    time_limit
        Seconds for all programs together; beyond them the answer is the dual bound.

    Returns a ``Bound``, output norm per input norm. Its kind is exact (up to the solver's
    :math:`10^{-9}`) if a linear program finds an open cell with the gates found, which gives the
    witness; where hyperplanes meet more closely than that, or time runs out, it is upper. Details:
    ``dual bound``, the number of programs solved. Raises ``ValueError`` for more than one hidden
    layer and for other norms.
    [Jordan and Dimakis 2020; digest of random ReLU networks, section 5.8.]

    >>> from lipkit.networks import sample_random_relu
    >>> mip_shallow(sample_random_relu(2, 10, 1, rng=7), np.inf).value.__round__(9)
    1.800092741
    """
    question = _linear(one_hidden_layer(ask(network, p, q, box)))
    limit = math.inf if time_limit is None else _validate.positive(time_limit, "time_limit")
    arrangement = arrange(question.network)
    if not faces and box is None and arrangement.central:
        warnings.warn(
            "faces=False: without biases every gate pattern is allowed at the origin, so the "
            "answer is that of free gates; faces=True looks at the faces of a cube",
            stacklevel=2,
        )
    program = run_programs(question, arrangement, faces, limit)
    return program.answer(question, "mip_shallow", _SOURCE, {})


def one_hidden_layer(question: Question) -> Question:
    """The same question, refused unless the network has one hidden layer."""
    depth = question.network.depth
    if depth != 1:
        raise ValueError(
            f"network: got {depth} hidden layers, expected 1; branch_and_bound takes any depth"
        )
    return question


def _linear(question: Question) -> Question:
    if question.p not in (1, math.inf):
        raise ValueError(
            f"p: got {question.p:g}, expected 1 or inf, where the norm is the largest of finitely "
            "many linear functions; exact_shallow takes every p"
        )
    if question.network.output_dim > 1 and not math.isinf(question.q):
        raise ValueError(
            f"q: got {question.q:g} for {question.network.output_dim} outputs, expected inf; "
            "exact_shallow takes other pairs"
        )
    if math.isinf(question.p) and question.network.input_dim > _MOST_INPUTS:
        raise ValueError(
            f"network: got {question.network.input_dim} inputs, expected at most {_MOST_INPUTS} "
            "for p = inf: there is a program for every sign vector"
        )
    return question


@dataclass(frozen=True, eq=False)
class Solved:
    """The programs' result, and a point with the gates found, if there is one."""

    program: Program
    point: Array | None
    unclear: int

    def answer(
        self, question: Question, method: str, source: str, details: dict[str, Any]
    ) -> Bound:
        """Exact with a point to show for it, upper otherwise."""
        value, bound = max(0.0, self.program.value), max(0.0, self.program.bound)
        details = details | {"dual bound": bound, "programs": self.program.solved}
        if self.point is not None:
            slope = float(question.slopes_at(self.point[None])[0])
            reached = slope >= bound * (1 - _SAME) and slope >= value * (1 - _SAME)
            if reached and clear_of_kinks(question.network, self.point[None])[0]:
                more: dict[str, Any] = {"witness": self.point, "details": details}
                kind: Any = "lower" if self.unclear else "exact"
                return question.answer(slope, kind, method=method, source=source, **more)
        kind = "estimate" if self.unclear else "upper"
        return question.answer(bound, kind, method=method, source=source, details=details)


def run_programs(
    question: Question, arrangement: Arrangement, faces: bool, time_limit: float
) -> Solved:
    """All directions on all faces, and a look for an open cell with the best gates."""
    net, box = question.network, question.box
    rows, places = arrangement.normals, cube_faces(arrangement)
    if box is not None:
        rows = rows @ arrangement.basis
        places = [Face(np.append(box[0], 1.0), np.append(box[1], 1.0))]
    elif not faces:
        r, top = arrangement.rank, 0.0 if arrangement.central else 1.0
        places = [Face(np.append(-np.ones(r), 0.0), np.append(np.ones(r), top))]
    ways = directions(net.output_dim, net.input_dim, question.p)
    program = steepest_program(arrangement, rows, places, ways, time_limit)
    return Solved(program, _open_cell(arrangement, program, box), arrangement.dropped)


def _open_cell(
    arrangement: Arrangement, program: Program, box: tuple[Array, Array] | None
) -> Array | None:
    """A point of the input space with the program's gates, inside its cell."""
    sign = np.where(program.gates, 1.0, -1.0)[program.counts]
    rows = sign[:, None] * arrangement.normals[program.counts]
    offsets = sign * arrangement.offsets[program.counts]
    if box is not None:
        point, depth = deepest_point(rows @ arrangement.basis, offsets, *box)
        return point if depth > _OPEN else None
    point, depth = deepest_ray(rows, offsets)
    return point @ arrangement.basis if depth > _OPEN else None
