"""Does a law say more than the floor does?"""

from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory.robustness_law._floor import interpolation_floor


def is_vacuous(bound: Bound | float, X: ArrayLike, y: ArrayLike) -> bool:
    r"""Whether a lower bound says no more than the floor: bound :math:`\le L_{\min}(X, y)`.

    Every function through the data pays the floor, so a law for a class is news only above it.
    ``X`` is ``(n, d)``, ``y`` ``(n,)``; ``bound`` is a Bound of kind lower (or exact) for the pair
    (2, 2), or a number. Raises ``ValueError`` for a Bound of another kind or pair, or a NaN.
    [Derived, digest of the laws of robustness, 1.4.]

    >>> from lipkit.data import four_points
    >>> is_vacuous(1.4, *four_points()), is_vacuous(1.5, *four_points())
    (True, False)
    """
    if isinstance(bound, Bound):
        if bound.kind not in ("lower", "exact"):
            raise ValueError(f"bound: got kind {bound.kind!r}, expected a lower bound")
        if bound.norm != (2.0, 2.0):
            raise ValueError(f"bound: got norm pair {bound.norm}, expected (2, 2)")
        value = bound.value
    else:
        value = float(bound)
        if value != value:
            raise ValueError("bound: got NaN, expected a number; the law had no answer")
    return value <= interpolation_floor(X, _validate.real_array(y, "y", 1)).value
