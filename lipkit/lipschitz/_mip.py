"""Mixed-integer programs for the steepest cell in one direction: gates as binaries, by HiGHS."""

import math
import time
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import Bounds, LinearConstraint, milp

from lipkit._validate import Array
from lipkit.lipschitz._arrangement import Arrangement
from lipkit.lipschitz._quiet import quiet_output

_GAP = 1e-9  # relative; HiGHS stops at 1e-4 unless told otherwise
_OUT_OF_TIME = 1


@dataclass(frozen=True, eq=False)
class Face:
    r"""A box of points (y, tau) where hyperplanes read :math:`y_i \cdot y + \beta_i \tau = 0`."""

    lower: Array
    upper: Array


@dataclass(frozen=True, eq=False)
class Program:
    """The best value found in any direction, its gates ``(n,)`` and whether each gate counts.

    ``bound`` is the largest dual bound, above which no direction goes on these faces.
    """

    value: float
    bound: float
    gates: NDArray[np.bool_]
    counts: NDArray[np.bool_]
    solved: int


def cube_faces(arrangement: Arrangement) -> list[Face]:
    """Boxes that every ray through an open cell meets in its interior.

    Without offsets the faces of the cube; with offsets also tau = 1, and tau in [0, 1] on faces.
    """
    r = arrangement.rank
    top = 0.0 if arrangement.central else 1.0
    lower, upper = np.append(-np.ones(r), 0.0), np.append(np.ones(r), top)
    faces = [] if arrangement.central else [_fixed(lower, upper, r, 1.0)]
    faces += [_fixed(lower, upper, j, side) for j in range(r) for side in (1.0, -1.0)]
    return faces or [Face(lower, upper)]


def _fixed(lower: Array, upper: Array, j: int, value: float) -> Face:
    low, high = lower.copy(), upper.copy()
    low[j] = high[j] = value
    return Face(low, high)


def directions(n_out: int, d: int, p: float) -> Iterator[Array]:
    """Weights ``(n_out * d,)`` whose largest inner product with a Jacobian is its norm.

    p = 1: one entry and its sign; p = inf: one row and the signs of its entries.
    """
    if p == 1:
        yield from np.vstack([np.eye(n_out * d), -np.eye(n_out * d)])
        return
    for output in range(n_out):
        for bits in range(2**d):
            u = np.zeros((n_out, d))
            u[output] = np.where(bits >> np.arange(d) & 1, -1.0, 1.0)
            yield u.ravel()


def steepest_program(
    arrangement: Arrangement,
    rows: Array,
    faces: list[Face],
    ways: Iterator[Array],
    time_limit: float,
) -> Program:
    r"""The largest :math:`u \cdot (c + \sum_i s_i q_i)` over the faces and the directions u.

    ``rows`` ``(n, k)`` are the hyperplanes' normals in the faces' coordinates. Directions whose sum
    over all gates that help is below the best are skipped. [Digest of random ReLU networks, 5.8.]
    """
    deadline = time.monotonic() + time_limit
    forms = np.column_stack([rows, arrangement.offsets])
    U = np.array(list(ways))
    gains, start = arrangement.gains @ U.T, U @ arrangement.start
    ceiling = start + np.maximum(gains, 0).sum(axis=0)
    nothing = np.zeros(len(forms), dtype=bool)
    best = Program(-math.inf, -math.inf, nothing, nothing, 0)
    with quiet_output():
        for k in np.argsort(-ceiling, kind="stable"):
            for face in faces:
                if ceiling[k] <= best.value * (1 + _GAP):
                    return best
                best = _better(best, forms, face, gains[:, k], float(start[k]), deadline)
    return best


def _better(
    best: Program, forms: Array, face: Face, gains: Array, start: float, deadline: float
) -> Program:
    value, bound, gates = _solve(forms, face, gains, best.value - start, deadline)
    bound = max(best.bound, best.value, start + bound)
    if start + value <= best.value:
        return Program(best.value, bound, best.gates, best.counts, best.solved + 1)
    return Program(start + value, max(bound, start + value), gates, gains != 0, best.solved + 1)


def _solve(
    forms: Array, face: Face, gains: Array, floor: float, deadline: float
) -> tuple[float, float, NDArray[np.bool_]]:
    r"""The largest :math:`\sum_i s_i g_i` above ``floor``, a bound of it, and the gates.

    One row a neuron: a gate that helps needs :math:`z_i \ge l_i (1 - s_i)`, one that hurts
    :math:`z_i \le u_i s_i`.
    """
    n, k = forms.shape
    plus, minus = np.maximum(forms, 0), np.minimum(forms, 0)
    low, high = plus @ face.lower + minus @ face.upper, plus @ face.upper + minus @ face.lower
    helps, hurts = gains > 0, gains < 0
    left = np.vstack(
        [
            np.hstack([forms[helps], np.diag(low)[helps]]),
            np.hstack([-forms[hurts], np.diag(high)[hurts]]),
            np.append(np.zeros(k), gains),
        ]
    )
    right = np.concatenate([low[helps], np.zeros(hurts.sum()), [floor]])
    impossible = helps & (high < 0)
    found = milp(
        np.append(np.zeros(k), -gains),
        constraints=LinearConstraint(left, right, np.inf),
        bounds=Bounds(
            np.append(face.lower, np.zeros(n)), np.append(face.upper, np.where(impossible, 0.0, 1))
        ),
        integrality=np.append(np.zeros(k), np.ones(n)),
        options={"mip_rel_gap": _GAP, "time_limit": max(0.01, deadline - time.monotonic())},
    )
    all_that_help = float(gains[helps].sum())
    bound = -found.mip_dual_bound if found.mip_dual_bound is not None else -math.inf
    if found.status == _OUT_OF_TIME and found.mip_dual_bound is None:
        bound = all_that_help
    if found.x is None:
        return -math.inf, bound, np.zeros(n, dtype=bool)
    gates = found.x[k:] > 0.5
    return float(gains[gates].sum()), min(bound, all_that_help), gates
