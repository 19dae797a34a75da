"""Least squares and its shadow, as functions of the distance from the teacher."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array


def sphere_costs(X: ArrayLike, xi: ArrayLike, alpha: ArrayLike) -> Array:
    r""":math:`\min_{\|w\|_2 = \alpha}\|\xi - Xw\|_2/\sqrt n` for each of ``alpha``, exactly.

    ``X`` ``(n, d)``, ``xi`` ``(n,)``, ``alpha`` ``(k,)``. By the secular equation; a sphere is no
    convex set. Raises ``ValueError`` for shapes that do not fit or a negative alpha. [Standard.]

    >>> sphere_costs(np.eye(2), [0.0, 3.0], [1.0, 3.0]).round(3)
    array([1.414, 0.   ])
    """
    X, xi = _validate.real_array(X, "X", 2), _validate.real_array(xi, "xi", 1)
    alpha = _validate.real_array(alpha, "alpha", 1)
    n, d = X.shape
    if len(xi) != n or min(n, d) == 0:
        raise ValueError(f"X, xi: got shapes {X.shape} and {xi.shape}, expected (n, d) and (n,)")
    if (alpha < 0).any():
        raise ValueError(f"alpha: got {alpha.min()}, expected distances of at least 0")
    # the spectrum of the smaller Gram matrix: faster than the SVD, and the costs need no more
    squares, vectors = np.linalg.eigh(X.T @ X if n > d else X @ X.T)
    squares = np.maximum(squares, 1e-300)
    inside = vectors.T @ (X.T @ xi) / np.sqrt(squares) if n > d else vectors.T @ xi
    outside = max(float(xi @ xi - inside @ inside), 0.0) if n > d else 0.0
    # for n < d there are directions that cost nothing, and no multiplier below 0 is of use
    floor = float(squares[0]) if n >= d else 0.0
    multiplier = _multipliers(squares, inside, floor, alpha)[:, None]
    left_over = np.sum((inside * multiplier / (squares + multiplier)) ** 2, axis=1)
    return np.asarray(np.sqrt((outside + left_over) / n))


def _multipliers(squares: Array, inside: Array, floor: float, alpha: Array) -> Array:
    low, high = np.full(len(alpha), -40.0), np.full(len(alpha), 40.0)
    for _ in range(50):
        middle = (low + high) / 2
        weights = squares - floor + np.exp(middle)[:, None]
        long = np.linalg.norm(np.sqrt(squares) * inside / weights, axis=1) > alpha
        low, high = np.where(long, middle, low), np.where(long, high, middle)
    return np.asarray(np.exp(high) - floor)


def shadow_distance(xi: ArrayLike, g: ArrayLike, h: ArrayLike) -> float:
    r"""How far from the teacher the shadow of ridgeless least squares ends.

    .. math:: \arg\min_{\alpha\ge0}\ \|\xi + \alpha g\|_2 - \alpha\|h\|_2

    Where the minimum is below 0, every label can be fitted, and the answer is :math:`\|w\|` for the
    shortest :math:`\beta + w` with :math:`\|\xi + \|w\| g\| + h\cdot w \le 0`, to three digits.
    ``xi``, ``g`` ``(n,)``, ``h`` ``(d,)``; the teacher :math:`\beta` is the first axis. Raises
    ``ValueError`` for shapes that do not fit. [Derived.]

    >>> round(shadow_distance([1.0, 0.0], [0.0, 5.0], [3.0]), 3)
    0.15
    """
    xi, g = _validate.real_array(xi, "xi", 1), _validate.real_array(g, "g", 1)
    h = _validate.real_array(h, "h", 1)
    if xi.shape != g.shape or min(len(g), len(h)) == 0:
        raise ValueError(f"xi, g, h: got {len(xi)}, {len(g)}, {len(h)} entries, expected n, n, d")
    G, H = float(np.linalg.norm(g)), float(np.linalg.norm(h))
    shift = float(xi @ g) / G**2
    across = math.sqrt(max(float(xi @ xi) / G**2 - shift**2, 0.0))
    if H >= G:
        return _shortest(G, shift, across, h)
    at = max(across * H / math.sqrt(G**2 - H**2) - shift, 0.0)
    least = G * math.hypot(at + shift, across) - at * H
    return at if least > 0 else _shortest(G, shift, across, h)


def _shortest(G: float, shift: float, across: float, h: Array) -> float:
    angle = np.linspace(0.0, np.pi, 361)
    rest = float(np.linalg.norm(h[1:]))

    def cost(length: float) -> tuple[float, float]:
        along, away = length * np.cos(angle) - 1, length * np.sin(angle)
        far = np.hypot(along, away)
        costs = G * np.hypot(far + shift, across) + h[0] * along - rest * away
        best = int(np.argmin(costs))
        return float(costs[best]), float(far[best])

    low, high = 0.0, 1.0
    while cost(high)[0] > 0 and high < 1e6:
        high *= 2
    for _ in range(40):
        middle = (low + high) / 2
        low, high = (middle, high) if cost(middle)[0] > 0 else (low, middle)
    return cost(high)[1]
