"""By how much the right class leads."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lipkit._validate import Array
from lipkit.certificates._labels import outputs_and_labels


def margin(logits: ArrayLike, y: Any) -> Array:
    r"""The lead of the right class, :math:`m(x) = f_y(x) - \max_{j \ne y} f_j(x)`.

    ``logits`` is ``(n, K)`` and ``y`` ``(n,)``, integers 0 to K - 1; the answer is ``(n,)``,
    float64, in units of the output. It is positive where the class is right, and 0 at a tie. With
    one output, ``(n,)`` or ``(n, 1)``, labels are signs and :math:`m(x) = y f(x)`. A number, exact
    up to rounding, that holds in every norm. Raises ``ValueError`` for labels that do not fit the
    outputs and for entries that are not finite. [Standard; digest of layer norms, section 6.]

    >>> margin([[3.0, 1.0, 2.5], [3.0, 1.0, 2.5]], [0, 2])
    array([ 0.5, -0.5])
    """
    return leads(*outputs_and_labels(logits, y))


def leads(z: Array, y: NDArray[np.int64]) -> Array:
    """The margins, once outputs and labels are known to fit."""
    if z.shape[1] == 1:
        return np.asarray(z[:, 0] * y)
    rows = np.arange(len(z))
    others = z.copy()
    others[rows, y] = -np.inf
    return np.asarray(z[rows, y] - others.max(axis=1, initial=-np.inf))
