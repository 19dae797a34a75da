r"""A few labelled points of the plane, and the flattest function of each class that fits them."""

from collections.abc import Callable
from functools import lru_cache
from itertools import combinations
from typing import Any, NamedTuple

import numpy as np
from scipy.optimize import linprog
from scipy.spatial.distance import cdist

from lipkit import _validate
from lipkit._validate import Array
from lipkit.data import four_points
from lipkit.theory.robustness_law import (
    linear_law,
    matching_law,
    min_lipschitz_quadratic,
    quadratic_law,
    undercomplete_law,
)

SQUARE = four_points().X
CLOUD = np.array([[-0.8, 0.35], [-0.15, 0.8], [0.1, 0.25], [0.85, 0.1], [0.3, -0.75]])
GRID = 25

Values = Callable[[Array], Array]


class Fit(NamedTuple):
    """The least slope, ``inf`` where nothing fits, and a function that attains it."""

    slope: float
    values: Values | None


def square(who: str, e: bool, n: bool, w: bool, s: bool) -> dict[str, Any]:
    """The four points SQ4, east, north, west, south; True is the label +1: see :func:`view`.

    >>> seen = square("quadratic form", True, False, True, False)
    >>> round(seen["slope"], 6), round(seen["law"], 6), round(seen["floor"], 6)
    (2.0, 2.0, 1.414214)
    """
    return view(who, tuple(map(tuple, SQUARE)), (e, n, w, s))


def cloud(who: str, a: bool, b: bool, c: bool, d: bool, e: bool) -> dict[str, Any]:
    """Five points of the disc from left to right; True is the label +1: see :func:`view`."""
    return view(who, tuple(map(tuple, CLOUD)), (a, b, c, d, e))


@lru_cache(maxsize=512)
def view(
    who: str, points: tuple[tuple[float, ...], ...], positive: tuple[bool, ...]
) -> dict[str, Any]:
    r"""The flattest function through labelled points of the plane, and what its law says.

    All functions are 0 at the origin; slopes are :math:`\ell_2` on the unit disc. ``slope`` is the
    least of the class ``who`` (a key of ``CLASSES``), exact, ``law`` the bound for the class,
    ``floor`` what any function pays. ``z``: the values ``(GRID, GRID)`` on the square
    :math:`[-1, 1]^2`, 0 where nothing fits. ``p0x``, ``p0y``, ``m0x``, …: where the points
    labelled +1 and -1 are, NaN for those of the other label; ``outcome`` says whether any fits. "on
    average" asks for :math:`\frac1n\sum y_i f(x_i) \ge 1` instead of :math:`f(x_i) = y_i`.
    [Derived, digest of the laws of robustness, 1.1, 1.5, 4.2, 5.6, 5.8.]
    """
    _validate.one_of(who, "who", tuple(CLASSES))
    X, y = np.array(points), np.where(positive, 1.0, -1.0)
    fit, law = CLASSES[who]
    best = fit(X, y)
    axis = np.linspace(-1, 1, GRID)
    Z = np.stack(np.meshgrid(axis, axis), axis=-1).reshape(-1, 2)
    heights = np.zeros(len(Z)) if best.values is None else best.values(Z)
    places = {
        f"{sign}{i}{side}": float(x) if label == want else np.nan
        for i, (point, label) in enumerate(zip(X, y, strict=True))
        for sign, want in (("p", 1.0), ("m", -1.0))
        for side, x in zip("xy", point, strict=True)
    }
    return {
        "z": heights.reshape(GRID, GRID),
        "slope": best.slope,
        "law": _not_crossed(law(X, y), best.slope),
        "floor": any_function(X, y).slope,
        "outcome": "nothing of this class fits" if best.values is None else "it fits",
        **places,
    }


def any_function(X: Array, y: Array) -> Fit:
    """Any function with f(0) = 0: the largest slope between two points, the origin included."""
    points, labels = _anchored(X), np.append(y, 0.0)
    run, rise = cdist(points, points), np.abs(labels[:, None] - labels)
    slope = float((rise / np.where(run > 0, run, np.inf)).max())
    return Fit(slope, _extension(points, labels, slope))


def any_on_average(X: Array, y: Array) -> Fit:
    """Any function with f(0) = 0 and average margin 1: the matching's dual, scaled."""
    points, n = _anchored(X), len(X)
    run = cdist(points, points)
    rows, limits = [], []
    for i, j in combinations(range(n + 1), 2):
        row = np.zeros(n + 1)
        row[i], row[j] = 1.0, -1.0
        rows += [row, -row]
        limits += [run[i, j]] * 2
    bounds = [(None, None)] * n + [(0, 0)]
    found: Any = linprog(-np.append(y, 0.0), np.array(rows), limits, bounds=bounds)
    slope = n / -float(found.fun)
    return Fit(slope, _extension(points, np.asarray(slope * found.x), slope))


def one_direction(X: Array, y: Array) -> Fit:
    r"""Any :math:`g(u \cdot x)` with g(0) = 0: the direction that keeps opposite labels apart.

    At the best u two pairs are equally steep, or the steepest is seen at full length.
    """
    points, labels = _anchored(X), np.append(y, 0.0)
    pairs = [(i, j) for i, j in combinations(range(len(points)), 2) if labels[i] != labels[j]]
    per_rise = np.array([(points[i] - points[j]) / abs(labels[i] - labels[j]) for i, j in pairs])
    ties = [a + sign * b for a, b in combinations(per_rise, 2) for sign in (1, -1)]
    across = np.array([[-t[1], t[0]] for t in ties if np.linalg.norm(t) > 1e-12])
    units = np.vstack([per_rise, across])
    units /= np.linalg.norm(units, axis=1, keepdims=True)
    kept = np.abs(units @ per_rise.T).min(axis=1)
    u = units[kept.argmax()]
    if kept.max() < 1e-9:
        return Fit(np.inf, None)
    slope = 1 / float(kept.max())
    along = _extension(points @ u[:, None], labels, slope)
    return Fit(slope, lambda Z: along(Z @ u[:, None]))


def linear(X: Array, y: Array) -> Fit:
    """The shortest w with w . x = y at every point."""
    w = np.linalg.lstsq(X, y, rcond=None)[0]
    if np.abs(X @ w - y).max() > 1e-9:
        return Fit(np.inf, None)
    return Fit(float(np.linalg.norm(w)), lambda Z: Z @ w)


def linear_on_average(X: Array, y: Array) -> Fit:
    """The shortest w with average margin 1 is parallel to the sum of y x."""
    slope = linear_law(X, y).value
    if np.isinf(slope):
        return Fit(slope, None)
    w = slope * (y @ X) / np.linalg.norm(y @ X)
    return Fit(slope, lambda Z: Z @ w)


def quadratic(X: Array, y: Array) -> Fit:
    """The flattest form x . T x with the labels as values."""
    try:
        fit = min_lipschitz_quadratic(X, y, tol=1e-9)
    except ValueError:
        return Fit(np.inf, None)
    return Fit(fit.bracket.upper.value, lambda Z: ((Z @ fit.T) * Z).sum(axis=1))


def quadratic_on_average(X: Array, y: Array) -> Fit:
    r"""The flattest form with average margin 1: all eigenvalues of one size, with those signs."""
    slope = quadratic_law(X, y).value
    if np.isinf(slope):
        return Fit(slope, None)
    values, vectors = np.linalg.eigh((X.T * y) @ X)
    signs = np.where(np.abs(values) > 1e-12, np.sign(values), 0.0)
    T = slope / 2 * (vectors * signs) @ vectors.T
    return Fit(slope, lambda Z: ((Z @ T) * Z).sum(axis=1))


def _matching(X: Array, y: Array) -> float:
    return matching_law(X, y, anchor=np.zeros(X.shape[1])).value


def _undercomplete(X: Array, y: Array) -> float:
    return undercomplete_law(X, y, 1).value if abs(y.sum()) < len(y) else 0.0


def _linear(X: Array, y: Array) -> float:
    return linear_law(X, y).value


def _quadratic(X: Array, y: Array) -> float:
    return quadratic_law(X, y).value


CLASSES: dict[str, tuple[Callable[[Array, Array], Fit], Callable[[Array, Array], float]]] = {
    "any function": (any_function, _matching),
    "any function, on average": (any_on_average, _matching),
    "one direction": (one_direction, _undercomplete),
    "linear": (linear, _linear),
    "linear, on average": (linear_on_average, _linear),
    "quadratic form": (quadratic, _quadratic),
    "quadratic form, on average": (quadratic_on_average, _quadratic),
}


def _not_crossed(law: float, slope: float) -> float:
    """The law; where it is attained the two may cross by rounding, and by no more."""
    return min(law, slope) if law <= slope * (1 + 1e-8) else law


def _anchored(X: Array) -> Array:
    return np.vstack([X, np.zeros(X.shape[1])])


def _extension(X: Array, values: Array, slope: float) -> Values:
    """The middle of the lowest and the highest function with these values and this slope."""

    def middle(Z: Array) -> Array:
        cone = slope * cdist(Z, X)
        return np.asarray(((values - cone).max(axis=1) + (values + cone).min(axis=1)) / 2)

    return middle
