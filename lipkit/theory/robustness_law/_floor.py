"""The floor: what every function pays that fits the data, whatever its class."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy.spatial.distance import cdist

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import Bound
from lipkit.norms import vector_norm
from lipkit.theory.robustness_law._data import labelled

FITTING = "Lipschitz constant of a function that fits the data"


def interpolation_floor(X: ArrayLike, y: ArrayLike, p: float = 2) -> Bound:
    r"""The least Lipschitz constant of any function through the data.

    .. math:: L_{\min} = \max_{i \ne j} |y_i - y_j| / \|x_i - x_j\|_p

    ``X`` is ``(n, d)`` and ``y`` ``(n,)``, any real labels. A lower bound for every function with
    :math:`f(x_i) = y_i`, on every domain that contains the points; some function attains it
    (the McShane-Whitney extension), so it cannot be improved without a class of functions. ``inf``
    if one point carries two labels, 0 for a single point or a single label. Units: labels per
    length. The witness is the pair of points, ``details["pair"]`` their row numbers.
    [Standard; digest of the laws of robustness, 1.5a.]

    Raises ``ValueError`` for empty input, shapes that do not fit, or entries that are not finite.

    >>> from lipkit.data import four_points
    >>> round(interpolation_floor(*four_points()).value, 6)
    1.414214
    """
    X, y = labelled(X, y)
    p = _validate.exponent(p)
    value, pair = _steepest_pair(X, y, p)
    return Bound(
        value,
        "lower",
        quantity=FITTING,
        norm=(p, p),
        method="largest slope between two points",
        source="McShane-Whitney; digest of the laws of robustness, 1.5a",
        witness=None if pair is None else (X[pair[0]], X[pair[1]]),
        details={"pair": pair},
    )


def _steepest_pair(X: Array, y: Array, p: float) -> tuple[float, tuple[int, int] | None]:
    """The largest slope between two rows, row by row: memory stays at one row's distances."""
    best, pair = 0.0, None
    for i in range(len(X) - 1):
        rise = np.abs(y[i + 1 :] - y[i])
        run = _distances(X[i], X[i + 1 :], p)
        slopes = np.full(len(rise), math.inf)
        np.divide(rise, run, out=slopes, where=run > 0)
        slopes[rise == 0] = 0.0
        j = int(np.argmax(slopes))
        if slopes[j] > best:
            best, pair = float(slopes[j]), (i, i + 1 + j)
    return best, pair


def _distances(x: Array, others: Array, p: float) -> Array:
    if p != 2:
        return vector_norm(others - x, p)
    run = np.asarray(cdist(x[None], others)[0])
    extreme = (run < 1e-140) | (run > 1e140)  # squares may have under- or overflowed
    run[extreme] = vector_norm(others[extreme] - x, 2)
    return run
