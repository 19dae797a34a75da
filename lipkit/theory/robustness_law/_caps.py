"""One neuron for each point: a cap around it, on the sphere."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import NETWORK, Bound
from lipkit.networks import ReluNetwork, TwoLayerNetwork
from lipkit.theory.robustness_law._data import labelled, on_sphere, signed

_TOUCH = 1e-12


def cap_network(X: ArrayLike, y: ArrayLike, t: float = 0.9) -> TwoLayerNetwork:
    r"""A network of n neurons, each on in a cap around its point: :math:`f(x_i) = y_i` exactly.

    .. math:: f(x) = \sum_i \frac{y_i}{1 - t} \mathrm{ReLU}(x_i \cdot x - t)

    ``X`` is ``(n, d)`` on the unit sphere, ``y`` ``(n,)`` any real labels, 0 <= t < 1. It fits if
    and only if no point lies in the cap of another, :math:`\max_{i\ne j} x_i \cdot x_j \le t`.
    :func:`cap_lipschitz` has its constant where the caps are disjoint.
    Raises ``ValueError`` for points off the sphere, t outside [0, 1), or points too close for t.
    [Bubeck, Li and Nagaraj 2021, 3.2; digest of the laws of robustness, 5.1.]

    >>> f = cap_network([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0])
    >>> f([[1.0, 0.0], [0.0, 1.0], [0.6, 0.8]]).round(12)
    array([ 1., -1.,  0.])
    """
    X, y = labelled(X, y)
    X, t = on_sphere(X), _height(t)
    nearest = _nearest(X)
    if nearest > t + _TOUCH:
        raise ValueError(
            f"t: got {t:g}, expected at least {nearest:.6g}, the largest inner product of two "
            "points: a point lies in the cap of another"
        )
    return TwoLayerNetwork(X, np.full(len(X), -t), y / (1 - t), "relu")


def cap_lipschitz(X: ArrayLike, t: float = 0.9) -> Bound:
    r"""The constant of the cap network on the sphere, for labels -1 and +1 and disjoint caps.

    .. math:: \mathrm{Lip}_{\text{sphere}}(f) = \sqrt{\frac{1 + t}{1 - t}}

    in chord distance, whatever n and the labels are. Approached at the rim of a cap, from inside.
    ``X`` is ``(n, d)`` on the unit sphere, d of at least 2. The caps are disjoint if and only if
    :math:`\max_{i\ne j} x_i \cdot x_j \le 2t^2 - 1`; otherwise the network can fit and be steeper,
    and this raises ``ValueError``, as it does for points off the sphere or t outside [0, 1).
    Kind: exact. [Derived, digest of the laws of robustness, 5.1.]

    >>> cap_lipschitz([[1.0, 0.0], [0.0, 1.0]])
    Lipschitz constant of a network = 4.3589  (ℓ2→ℓ2, unit sphere, caps)
    """
    X = _validate.real_array(X, "X", 2)
    X, t = on_sphere(labelled(X, np.ones(len(X)))[0]), _height(t)
    if X.shape[1] < 2:
        raise ValueError("X: got points on a line, expected at least 2 dimensions")
    nearest, most = _nearest(X), 2 * t**2 - 1
    if nearest > most + _TOUCH:
        raise ValueError(
            f"t: got {t:g}, for which caps are disjoint up to the inner product {most:.6g}, but "
            f"two points have {nearest:.6g}; overlapping caps have no such constant"
        )
    return Bound(
        math.sqrt((1 + t) / (1 - t)),
        "exact",
        quantity=NETWORK,
        domain="unit sphere",
        method="caps",
        source="digest of the laws of robustness, 5.1",
    )


def cap_depth(n: int, M: float, t: float = 0.9) -> int:
    r"""The layers of :func:`depth_padded_cap_network`: small layers that fit n points.

    .. math:: D = 2 + \max\Big(1, \Big\lceil \log \frac{\sqrt{1+t^2}\, n}{(1-t) M^2} \Big/
              \log \frac{M}{\sqrt2} \Big\rceil\Big)

    matrices of Frobenius norm at most M. It is the other side of :func:`min_depth_to_fit`, of the
    same order in n. Raises ``ValueError`` for n below 1, M up to :math:`\sqrt2`, or t outside
    [0, 1). [Derived, digest of the laws of robustness, 3.3.]

    >>> [cap_depth(n, 3.0) for n in (50, 200, 800)]
    [8, 10, 12]
    """
    n, M, t = _validate.count(n, "n"), _validate.positive(M, "M"), _height(t)
    if math.sqrt(2) >= M:
        raise ValueError(f"M: got {M:g}, expected more than sqrt 2, the norm of a 2 x 2 identity")
    return 2 + max(1, math.ceil(math.log(_gain(n, M, t)) / math.log(M / math.sqrt(2)) - _TOUCH))


def depth_padded_cap_network(X: ArrayLike, y: ArrayLike, M: float, t: float = 0.9) -> ReluNetwork:
    r"""The cap network with every layer of Frobenius norm at most M, at the price of depth.

    .. math:: D = 2 + \max\Big(1, \Big\lceil \log \frac{\sqrt{1+t^2}\, n}{(1-t) M^2} \Big/
              \log \frac{M}{\sqrt2} \Big\rceil\Big)

    layers: one of n neurons, then D - 2 of width 2 (the caps of each label added up), then one
    output. It computes exactly :func:`cap_network`, so its Lipschitz constant on the sphere does
    not depend on n, and :math:`D \sim \log n`. The first layer's norm counts its bias as the weight
    of a constant input: :math:`\|(W, b)\|_F \le M`; no other layer has one.

    ``X`` is ``(n, d)`` on the unit sphere, ``y`` ``(n,)`` in {-1, +1}, 0 <= t < 1. Raises
    ``ValueError`` for other labels, M up to :math:`\sqrt2`, or as :func:`cap_network`.
    [Derived, digest of the laws of robustness, 3.3.]

    >>> f = depth_padded_cap_network([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0], M=3.0)
    >>> f.widths, round(f([0.0, 1.0]), 12)
    ((2, 2, 2), -1.0)
    """
    X, y = signed(X, y)
    caps, n, size = cap_network(X, y, t), len(X), math.sqrt(1 + t**2)
    steps = cap_depth(n, M, t) - 2
    q = _gain(n, M, t) ** (1 / steps)
    first = M / (math.sqrt(n) * size)
    add_up = M / math.sqrt(n) * np.stack([y > 0, y < 0])
    weights = [first * X, add_up, *[q * np.eye(2)] * (steps - 1), q * np.array([[1.0, -1.0]])]
    biases = [first * caps.b, *[np.zeros(len(W)) for W in weights[1:]]]
    return ReluNetwork(weights, biases)


def _gain(n: int, M: float, t: float) -> float:
    """What the layers after the second must make up for."""
    return math.sqrt(1 + t**2) * n / ((1 - t) * M**2)


def _nearest(X: Array) -> float:
    """The largest inner product of two different rows."""
    products = X @ X.T
    np.fill_diagonal(products, -1.0)
    return float(products.max())


def _height(t: float) -> float:
    number = float(_validate.real_array(t, "t", 0).item())
    if not 0 <= number < 1:
        raise ValueError(f"t: got {t!r}, expected a height of the caps in [0, 1)")
    return number
