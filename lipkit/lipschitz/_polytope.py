"""A point deep inside a polytope, by linear programming."""

import numpy as np
from scipy.optimize import linprog

from lipkit._validate import Array


def deepest_point(A: Array, c: Array, lower: Array, upper: Array) -> tuple[Array, float]:
    r"""The point x of the box with the largest t such that :math:`A x + c \ge t`, t at most 1.

    ``A`` is ``(n, d)`` with rows of length 1, ``c`` ``(n,)``. Where t > 0 the open polytope
    :math:`A x + c > 0` meets the box; t < 0 or t = 0 says that it does not, up to rounding.
    """
    n, d = A.shape
    if n == 0:
        return (lower + upper) / 2, 1.0
    left = np.hstack([-A, np.ones((n, 1))])
    sides = [*zip(lower.tolist(), upper.tolist(), strict=True), (-np.inf, 1.0)]
    goal = -np.eye(d + 1)[d]
    found = linprog(goal, A_ub=left, b_ub=c, bounds=sides, method="highs-ds")
    if found.x is None:
        found = linprog(goal, A_ub=left, b_ub=c, bounds=sides, method="highs-ipm")
    if found.x is None:
        raise RuntimeError(f"linear program: HiGHS says {found.message!r}, expected a solution")
    return np.asarray(found.x[:d]), float(found.x[d])


def deepest_ray(A: Array, c: Array) -> tuple[Array, float]:
    r"""A point of all of space with :math:`A x + c > 0`, if t > 0; rows of A of length 1.

    It is sought as a ray (x, tau), tau > 0, where :math:`A x + c \tau` is 0 on a hyperplane.
    """
    rows = np.column_stack([A, c])
    rows = rows / np.linalg.norm(rows, axis=1, keepdims=True)
    rows = np.vstack([rows, np.eye(rows.shape[1])[-1:]])
    upper = np.ones(rows.shape[1])
    ray, depth = deepest_point(rows, np.zeros(len(rows)), np.append(-upper[:-1], 0.0), upper)
    return ray[:-1] / (ray[-1] if depth > 0 else 1.0), depth
