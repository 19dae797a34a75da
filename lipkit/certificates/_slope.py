"""How steep the margins are at the points themselves, and how far a straight line would go."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit import _validate
from lipkit._validate import Array
from lipkit.certificates._gradients import jacobians
from lipkit.certificates._labels import labels
from lipkit.norms import dual_exponent, vector_norm


def local_slope(network: Any, X: Any, y: Any, p: float) -> Array:
    r"""How steep the lead over the other classes is at each point.

    .. math:: s(x) = \max_{j \ne y} \|\nabla (f_y - f_j)(x)\|_{p'}, \qquad 1/p + 1/p' = 1

    ``network`` is a ReluNetwork, a TwoLayerNetwork or a torch module, taken in eval mode and left
    as it was; ``X`` is ``(n, d)``, or ``(n, ...)`` for a module, and ``y`` ``(n,)``, classes, or
    signs for one output, whose slope is :math:`\|\nabla f(x)\|_{p'}`. Returns ``(n,)`` float64 in
    units of output per :math:`\ell_p` unit of input: wherever x is not on a kink, a *lower* answer
    of the local constant, pair (p, inf), of :math:`(f_y - f_j)_{j \ne y}` in every neighbourhood of
    x. It certifies nothing. Raises ``TypeError`` for another network and ``ValueError`` for labels
    or points that do not fit. [Derived, digest of layer norms, sections 8.3, 9.]

    >>> from lipkit.networks import ReluNetwork
    >>> f = ReluNetwork([[[3.0, 0.0], [0.0, 4.0]]])
    >>> local_slope(f, [[1.0, 0.0]], [0], 2), local_slope(f, [[1.0, 0.0]], [0], np.inf)
    (array([5.]), array([7.]))
    """
    found = [steep.max(axis=1, initial=0.0) for _, steep in _pairs(network, X, y, p)]
    return np.concatenate(found or [np.zeros(0)])


def linear_radius(network: Any, X: Any, y: Any, p: float) -> Array:
    r"""The distance at which the first pair of logits would tie if the network were linear.

    .. math:: \hat r(x) = \min_{j \ne y} \frac{(f_y - f_j)(x)}{\|\nabla (f_y - f_j)(x)\|_{p'}}

    Arguments as for :func:`local_slope`. Returns ``(n,)`` float64 in units of the input, 0 where
    the class is wrong or tied, and ``inf`` where no lead has a slope. It is the :math:`\ell_p`
    distance to the nearest other class if the network is linear; otherwise an *estimate* of it,
    with neither side guaranteed. [Derived, digest of layer norms, section 8.3.]

    >>> from lipkit.networks import ReluNetwork
    >>> f = ReluNetwork([[[3.0, 0.0], [0.0, 4.0]]])
    >>> linear_radius(f, [[1.0, 0.0]], [0], 2)
    array([0.6])
    """
    found = []
    for lead, steep in _pairs(network, X, y, p):
        ahead = np.maximum(lead, 0.0)
        flat = np.where(ahead > 0, np.inf, 0.0)
        found.append(np.divide(ahead, steep, out=flat, where=steep > 0).min(axis=1))
    return np.concatenate(found or [np.zeros(0)])


def _pairs(network: Any, X: Any, y: Any, p: float) -> Any:
    """The leads ``(n, K - 1)`` over the other classes, and the dual norms of their gradients."""
    dual = dual_exponent(_validate.exponent(p))
    known: NDArray[np.int64] | None = None
    for rows, z, J in jacobians(network, X):
        if known is None:
            known = labels(y, len(X), z.shape[1])
        if z.shape[1] == 1:
            sign = known[rows, None]
            yield z * sign, vector_norm(J, dual)
            continue
        at, others = np.arange(len(z)), _others(known[rows], z.shape[1])
        lead = z[at, known[rows]][:, None] - z[at[:, None], others]
        gaps = J[at, known[rows]][:, None] - J[at[:, None], others]
        yield lead, vector_norm(gaps, dual)


def _others(y: NDArray[np.int64], n_out: int) -> NDArray[np.int64]:
    """For each point the classes that are not its own, ``(n, K - 1)``."""
    after = np.arange(n_out - 1)[None, :]
    return after + (after >= y[:, None])
