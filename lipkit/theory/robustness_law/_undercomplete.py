"""Functions that see only a few directions of their input."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory.robustness_law._answer import lower, ratio
from lipkit.theory.robustness_law._data import both_signs, in_ball, signed


def undercomplete_law(X: ArrayLike, y: ArrayLike, k: int) -> Bound:
    r"""Every fit :math:`f = g(Px)` with P of rank at most k has, on the unit ball,

    .. math:: \mathrm{Lip}(f) \ge 2\sqrt N \Big/ \Big(\sum_{j \le k} \lambda_j\Big)^{1/2}

    with :math:`\lambda_1 \ge \lambda_2 \ge \dots` the eigenvalues of :math:`\sum_i x_i' x_i'^\top`
    over N pairs, :math:`x_i' = x_i^+ - x_i^-` a point labelled +1 less one labelled -1; they are
    paired in the order of the rows. On generic data it tends to :math:`\sqrt{2d/k}` as N/d grows.

    It holds for every two-layer network of k neurons, whatever its activation and weights, and it
    is the proved law with the right power of k (but d in place of n). ``X`` is ``(n, d)`` in the
    unit ball, ``y`` ``(n,)`` with both signs. Kind: lower; ``inf`` if every pair coincides.
    Raises ``ValueError`` for other labels, points outside the unit ball or k below 1.
    [Derived, digest of the laws of robustness, 5.8; rate: Bubeck, Li and Nagaraj 2021, Thm 6.]

    >>> from lipkit.data import four_points
    >>> round(undercomplete_law(*four_points(), k=1).value, 6)
    1.414214
    """
    X, y = signed(X, y)
    X, y = in_ball(X), both_signs(y)
    k = _validate.count(k, "k")
    pairs = min((y > 0).sum(), (y < 0).sum())
    apart = X[y > 0][:pairs] - X[y < 0][:pairs]
    eigenvalues = np.linalg.svd(apart, compute_uv=False) ** 2
    return lower(
        float(ratio(2 * np.sqrt(pairs), np.sqrt(eigenvalues[:k].sum()))),
        of=f"function of {k} linear features",
        domain="unit ball",
        method="Ky Fan",
        source="5.8",
        pairs=int(pairs),
    )
