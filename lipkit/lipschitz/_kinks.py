"""Which points a formal gradient may be believed at: those that stand clear of every kink."""

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.lipschitz._question import Question
from lipkit.networks import ReluNetwork

# A preactivation this small beside the terms it sums may be rounding: some 4500 times the unit
# roundoff, so that the errors of many layers fit in.
RELATIVE_ZERO = 1e-12

_AT_A_TIME = 64


def clear_of_kinks(network: ReluNetwork, X: Array) -> NDArray[np.bool_]:
    r"""For each row of ``X`` ``(n, d)``: is the formal gradient there the gradient, ``(n,)``?

    True where every preactivation has :math:`|z_i| > 10^{-12} (\sum_j |w_{ij}| h_j + |b_i|)`, or is
    0 all around the point because nothing alive feeds it. [Derived; pitfall: digest of random ReLU
    networks, section 6.1.]

    >>> f = ReluNetwork([[[1.0], [-1.0]], [[1.0, -1.0]]])  # x, written with two neurons
    >>> clear_of_kinks(f, np.array([[0.0], [0.1]]))
    array([False,  True])
    """
    clear = np.ones(len(X), dtype=bool)
    hidden, alive = X, np.ones(X.shape)
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        z = hidden @ W.T + b
        terms = np.abs(hidden) @ np.abs(W).T + np.abs(b)
        silent = (alive @ np.abs(W).T == 0) & (b == 0)
        clear &= ((np.abs(z) > RELATIVE_ZERO * terms) | silent).all(axis=1)
        alive = (z > 0).astype(np.float64)
        hidden = z * alive
    return clear


def steepest_clear(question: Question, X: Array, slopes: Array) -> tuple[float, Array | None, int]:
    """The steepest of the points ``(n, d)`` that is clear of kinks: its slope, itself, and how many
    steeper ones were passed over. ``(0, None, n)`` if there is none: 0 is a lower answer too.
    """
    order = np.argsort(-slopes, kind="stable")
    for start in range(0, len(order), _AT_A_TIME):
        best = order[start : start + _AT_A_TIME]
        clear = clear_of_kinks(question.network, X[best])
        if clear.any():
            first = int(np.argmax(clear))
            point = X[best[first]].copy()
            value = question.slopes(question.network.jacobian(point[None]))[0]
            return float(value), point, start + first
    return 0.0, None, len(X)
