"""Quadratic networks: the law that one matrix of the data forces."""

from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit.bound import Bound
from lipkit.theory.rademacher import ky_fan_norm
from lipkit.theory.robustness_law._answer import lower, ratio
from lipkit.theory.robustness_law._data import signed

QUADRATIC = "quadratic network"


def quadratic_law(X: ArrayLike, y: ArrayLike, k: int | None = None, gamma: float = 1.0) -> Bound:
    r"""Every quadratic network of k neurons with average margin gamma has, on the unit ball,

    .. math:: \mathrm{Lip}(f) \ge \frac{2\gamma n}{\|\Omega\|_{(k)}}, \qquad
              \Omega = \sum_i y_i x_i x_i^\top

    for :math:`f(x) = \sum_\ell a_\ell (w_\ell \cdot x)^2 = x^\top T x`, whose constant on the unit
    ball is :math:`2\|T\|_{op}`. :math:`\|\Omega\|_{(k)}` is the sum of the k largest singular
    values; k of None allows any number of neurons. ``X`` is ``(n, d)``, ``y`` ``(n,)`` in {-1, +1}.
    Not attained in general: :func:`min_lipschitz_quadratic` computes the least constant.
    Kind: lower; ``inf`` if :math:`\Omega = 0`: no quadratic form has a positive margin.
    Raises ``ValueError`` for other labels, k below 1 or gamma not positive.
    [Derived, digest of the laws of robustness, 5.6; rates: Bubeck, Li and Nagaraj 2021, Thms 7-9.]

    >>> from lipkit.data import four_points
    >>> quadratic_law(*four_points(), k=1).value, quadratic_law(*four_points(), k=2).value
    (4.0, 2.0)
    """
    X, y = signed(X, y)
    gamma = _validate.positive(gamma, "gamma")
    size = ky_fan_norm(X, y, k)
    if size <= 1e-14 * float((X**2).sum()):
        size = 0.0  # the matrix vanishes but for rounding
    return lower(
        ratio(2 * gamma * len(y), size),
        of=QUADRATIC if k is None else f"{QUADRATIC} of {k} neurons",
        gamma=gamma,
        domain="unit ball",
        method="cone",
        source="5.6",
    )
