"""Linear functions: the law, and the flattest fit there is."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import Bound
from lipkit.networks import ReluNetwork
from lipkit.theory.robustness_law._answer import lower, ratio
from lipkit.theory.robustness_law._data import labelled, signed


def linear_law(X: ArrayLike, y: ArrayLike, gamma: float = 1.0) -> Bound:
    r"""Every linear :math:`f(x) = w \cdot x` with average margin gamma is steep:

    .. math:: \|w\|_2 \ge \gamma n \Big/ \Big\| \sum_i y_i x_i \Big\|_2

    ``X`` is ``(n, d)``, ``y`` ``(n,)`` in {-1, +1}. Attained if and only if the fit is parallel to
    :math:`\sum y_i x_i`, for instance on orthonormal points. ``inf`` if that sum is 0: no linear
    function has a positive margin. Kind: lower, global.
    Raises ``ValueError`` for other labels or gamma not positive.
    [Cauchy-Schwarz; digest of the laws of robustness, 4.2.]

    >>> linear_law([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0])
    Lipschitz constant of a linear function that fits the data ≥ 1.41421  (ℓ2→ℓ2, global, cone)
    """
    X, y = signed(X, y)
    gamma = _validate.positive(gamma, "gamma")
    size = float(np.linalg.norm(y @ X))
    if size <= 1e-14 * float(np.abs(y) @ np.linalg.norm(X, axis=1)):
        size = 0.0  # the sum vanishes but for rounding
    value = ratio(gamma * len(y), size)
    return lower(value, of="linear function", gamma=gamma, method="cone", source="4.2")


def linear_interpolant(X: ArrayLike, y: ArrayLike) -> Array:
    r"""The flattest linear fit, :math:`w = X^\top (X X^\top)^{-1} y`, shape ``(d,)``.

    Its Lipschitz constant :math:`\|w\|_2 = \sqrt{y^\top (XX^\top)^{-1} y}` is the least of all
    linear fits. ``X`` is ``(n, d)`` of rank n, ``y`` ``(n,)`` any real labels. Raises
    ``ValueError`` if the rows of X depend linearly on each other.
    [Bubeck, Li and Nagaraj 2021, 3.1; digest of the laws of robustness, 5.2.]

    >>> linear_interpolant([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0]).round(12)
    array([ 1., -1.])
    """
    X, y = labelled(X, y)
    w, _, rank, _ = np.linalg.lstsq(X, y, rcond=None)
    if rank < len(X):
        raise ValueError(
            f"X: got rank {rank} for {len(X)} points in {X.shape[1]} dimensions, expected linearly "
            "independent points; a linear function need not fit them"
        )
    return np.asarray(w)


def linear_network(X: ArrayLike, y: ArrayLike) -> ReluNetwork:
    r"""The flattest linear fit as a network of two neurons, without biases.

    .. math:: f(x) = \mathrm{ReLU}(w \cdot x) - \mathrm{ReLU}(-w \cdot x) = w \cdot x

    w is :func:`linear_interpolant` of X ``(n, d)`` of rank n and y ``(n,)``, any real labels. The
    gradient is w on either side of :math:`w \cdot x = 0`, so the Lipschitz constant is
    :math:`\|w\|_2`; on that hyperplane both neurons stand at their kink, and ``gradient``, which
    takes the slope there as 0, gives 0. Labels that are all 0 give the function 0. Raises
    ``ValueError`` if the rows of X depend linearly on each other.
    [Bubeck, Li and Nagaraj 2021, 3.1; digest of the laws of robustness, 5.2.]

    >>> f = linear_network([[1.0, 0.0], [0.0, 1.0]], [1.0, -1.0])
    >>> f([[1.0, 0.0], [0.0, 1.0]]).round(12).tolist(), f.gradient([3.0, 1.0]).round(12).tolist()
    ([1.0, -1.0], [1.0, -1.0])
    """
    w = linear_interpolant(X, y)
    return ReluNetwork([np.array([w, -w]), [[1.0, -1.0]]])
