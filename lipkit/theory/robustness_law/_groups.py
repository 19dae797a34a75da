"""A network of few neurons that fits many labels: one neuron for a group of points."""

from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.robustness_law._data import labelled, on_sphere, signs

Rows: TypeAlias = NDArray[np.intp]

_FIT = 1e-8  # the largest error that still counts as a fit


def grouped_network(X: ArrayLike, y: ArrayLike, k: int) -> TwoLayerNetwork:
    r"""The network of Bubeck, Li and Nagaraj: k neurons, one for each group of about n/k points.

    .. math:: f(x) = \sum_g 2 \xi_g\, \mathrm{ReLU}(w_g \cdot x - \tfrac12)

    :math:`w_g` is the shortest vector with :math:`w_g \cdot x_i = 1` on group g, and :math:`\xi_g`
    the group's label. The k groups go to the two labels in proportion to their points; the groups
    of a label take its points in order, and the last ones may be one point smaller.

    Parameters
    ----------
    X
        Shape ``(n, d)``, points on the unit sphere.
    y
        Shape ``(n,)``, labels -1 and +1.
    k
        The number of groups, from the number of different labels to n.

    Raises ``ValueError`` for other input, and if the network misses a label by more than 1e-8
    because a neuron also answers to a point of another group: the groups are then too large for d.
    [Bubeck, Li and Nagaraj 2021, Thm 3; digest of the laws of robustness, 5.3.]

    >>> f = grouped_network(np.eye(4), [1.0, 1.0, -1.0, -1.0], 2)
    >>> f(np.eye(4)).round(12), f.W
    (array([ 1.,  1., -1., -1.]), array([[1., 1., 0., 0.],
           [0., 0., 1., 1.]]))
    """
    X, y = labelled(X, y)
    X, y = on_sphere(X), signs(y)
    groups = _groups(y, _validate.count(k, "k"))
    W = np.array([np.linalg.lstsq(X[g], np.ones(len(g)), rcond=None)[0] for g in groups])
    labels = np.array([y[g[0]] for g in groups])
    network = TwoLayerNetwork(W, np.full(len(W), -0.5), 2 * labels, "relu")
    _check_fit(network, X, y, groups)
    return network


def _groups(y: Array, k: int) -> list[Rows]:
    """The rows of each of the k groups; no group mixes labels."""
    classes = [rows for rows in (np.flatnonzero(y > 0), np.flatnonzero(y < 0)) if len(rows)]
    if not len(classes) <= k <= len(y):
        raise ValueError(
            f"k: got {k}, expected {len(classes)} to {len(y)}: each group holds points of one label"
        )
    first, n = len(classes[0]), len(y)
    share = round(k * first / n)
    # no more groups than points on either side, and at least one
    share = min(max(share, 1, k - (n - first)), first, k - len(classes) + 1)
    counts = (share, k - share)
    return [
        group
        for rows, count in zip(classes, counts, strict=False)
        for group in np.array_split(rows, count)
    ]


def _check_fit(network: TwoLayerNetwork, X: Array, y: Array, groups: list[Rows]) -> None:
    error = float(np.abs(network(X) - y).max())
    if error <= _FIT:
        return
    own = np.zeros((len(X), len(groups)), dtype=bool)
    for g, rows in enumerate(groups):
        own[rows, g] = True
    answers = X @ network.W.T
    reason = (
        f"{int((answers[~own] > 0.5).sum())} times a neuron answers to a point of another group"
        if np.abs(answers[own] - 1).max() <= _FIT / 4
        else "the points of some group depend linearly on each other"
    )
    raise ValueError(
        f"k: got {len(groups)} groups for {len(y)} points in {X.shape[1]} dimensions, which leave "
        f"an error of {error:.3g} at a point, since {reason}; choose a larger k or a larger d"
    )
