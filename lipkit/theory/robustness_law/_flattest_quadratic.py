"""The flattest quadratic form through the data, with a certificate that it is the flattest."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import Bound, Bracket, Kind
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.robustness_law._data import labelled
from lipkit.theory.robustness_law._powers import quadratic_form_network

FLATTEST = "least Lipschitz constant of a quadratic network through the data"

_FIT = 1e-8  # the largest error, relative to the largest label, that still counts as a fit
_RELAXATION = 1.7
_CHECK_EVERY = 10


@dataclass(frozen=True, eq=False)
class QuadraticFit:
    r"""A form :math:`x^\top T x` through the data, and how far from the flattest it can be.

    ``T`` is ``(d, d)`` symmetric, ``multipliers`` ``(n,)``; ``bracket`` holds the least constant on
    the unit ball: above :math:`2\|T\|_{op}`, below :math:`2 \sum \lambda_i y_i /
    \|\sum \lambda_i x_i x_i^\top\|_*`. Anyone can check both without the solver.
    """

    T: Array
    multipliers: Array
    bracket: Bracket
    iterations: int

    @property
    def network(self) -> TwoLayerNetwork:
        """The form as a network, one neuron for each eigenvalue but 0."""
        return quadratic_form_network(self.T)


def min_lipschitz_quadratic(
    X: ArrayLike, y: ArrayLike, *, tol: float = 1e-4, rho: float = 0.15, iters: int = 5000
) -> QuadraticFit:
    r"""The quadratic network through the data that is flattest on the unit ball.

    .. math:: \min_T\; 2\|T\|_{op} \;:\; x_i^\top T x_i = y_i \quad=\quad \max_\lambda\;
              \frac{2\sum \lambda_i y_i}{\|\sum \lambda_i x_i x_i^\top\|_*}

    Alternating directions (ADMM): a projection on the forms that fit, and the proximal map of the
    operator norm, which clips eigenvalues. It stops once the two sides differ by ``tol`` relative
    to the upper one, or after ``iters`` steps; the bracket says what was reached.
    :func:`quadratic_law` is the choice :math:`\lambda = y`.

    Parameters
    ----------
    X, y
        Shapes ``(n, d)`` and ``(n,)``, any real labels.
    rho
        The step, in units of one over :func:`min_frobenius_quadratic`'s operator norm. It changes
        the time taken, not the answer.

    Raises ``ValueError`` if no quadratic form fits (n above d(d+1)/2, or points equal up to sign
    with different labels), or an argument is not positive.
    [Derived, digest of the laws of robustness, 5.6 and exercise 6; ADMM is standard.]

    >>> from lipkit.data import four_points
    >>> fit = min_lipschitz_quadratic(*four_points())
    >>> fit.T.round(6), round(fit.bracket.upper.value, 6)
    (array([[ 1.,  0.],
           [ 0., -1.]]), 2.0)
    """
    X, y = labelled(X, y)
    tol, rho = _validate.positive(tol, "tol"), _validate.positive(rho, "rho")
    iters = _validate.count(iters, "iters")
    data = _Constraints(X, y)
    start = data.project(np.zeros((X.shape[1], X.shape[1])))
    radius = _operator_norm(start) / rho
    sides = _Sides(data, start, y)
    Z, U = start, np.zeros_like(start)
    step = 0
    while step < iters and sides.gap > tol:
        for _ in range(min(_CHECK_EVERY, iters - step)):
            T = data.project(Z - U)
            V = _RELAXATION * T + (1 - _RELAXATION) * Z + U
            U = _nuclear_projection(V, radius)
            Z = V - U
            step += 1
        sides.improve(T, data.multipliers(U))
    return QuadraticFit(sides.T, sides.multipliers, sides.bracket(), step)


def min_frobenius_quadratic(X: ArrayLike, y: ArrayLike) -> Array:
    r"""The form through the data with the least Frobenius norm, ``(d, d)``.

    .. math:: T = \sum_i \lambda_i x_i x_i^\top, \qquad \lambda = G^{+} y, \qquad
              G_{ij} = (x_i \cdot x_j)^2

    A fit in closed form, and steeper than it need be. ``X`` is ``(n, d)``, ``y`` ``(n,)``, any real
    labels. Raises as :func:`min_lipschitz_quadratic`. [Standard.]

    >>> from lipkit.data import four_points
    >>> min_frobenius_quadratic(*four_points()).round(6)
    array([[ 1.,  0.],
           [ 0., -1.]])
    """
    X, y = labelled(X, y)
    return _Constraints(X, y).project(np.zeros((X.shape[1], X.shape[1])))


class _Constraints:
    """The forms T with :math:`x_i^\\top T x_i = y_i`, an affine space."""

    def __init__(self, X: Array, y: Array):
        self.X, self.y = X, y
        self.inverse = np.linalg.pinv((X @ X.T) ** 2, hermitian=True)
        fit = self.project(np.zeros((X.shape[1], X.shape[1])))
        error = float(np.abs(self.values(fit) - y).max())
        if error > _FIT * float(np.abs(y).max()):
            n, d = X.shape
            raise ValueError(
                f"X: got {n} points in {d} dimensions that no quadratic form fits (error "
                f"{error:.3g}), expected at most d(d+1)/2 = {d * (d + 1) // 2} points, and no two "
                "equal up to sign with different labels"
            )

    def values(self, T: Array) -> Array:
        return np.asarray(((self.X @ T) * self.X).sum(axis=1))

    def form(self, multipliers: Array) -> Array:
        return np.asarray((self.X.T * multipliers) @ self.X)

    def multipliers(self, T: Array) -> Array:
        return np.asarray(self.inverse @ self.values(T))

    def project(self, T: Array) -> Array:
        return T + self.form(self.inverse @ (self.y - self.values(T)))


class _Sides:
    """The flattest form seen, and the multipliers that prove most."""

    def __init__(self, data: _Constraints, T: Array, multipliers: Array):
        self.data, self.T, self.multipliers = data, T, multipliers
        self.high, self.low = _operator_norm(T), self._proved(multipliers)

    @property
    def gap(self) -> float:
        return (self.high - self.low) / self.high if self.high > 0 else 0.0

    def improve(self, T: Array, multipliers: Array) -> None:
        high, low = _operator_norm(T), self._proved(multipliers)
        if high < self.high:
            self.T, self.high = T, high
        if low > self.low:
            self.multipliers, self.low = multipliers, low

    def bracket(self) -> Bracket:
        low, high = min(self.low, self.high), self.high  # they may cross by rounding
        return Bracket(_side(2 * low, "lower", "multipliers"), _side(2 * high, "upper", "a fit"))

    def _proved(self, multipliers: Array) -> float:
        size = float(np.abs(np.linalg.eigvalsh(self.data.form(multipliers))).sum())
        return max(0.0, float(multipliers @ self.data.y) / size) if size > 0 else 0.0


def _side(value: float, kind: Kind, method: str) -> Bound:
    return Bound(
        value,
        kind,
        quantity=FLATTEST,
        domain="unit ball",
        method=method,
        source="digest of the laws of robustness, 5.6",
    )


def _operator_norm(T: Array) -> float:
    return float(np.abs(np.linalg.eigvalsh(T)).max())


def _nuclear_projection(V: Array, radius: float) -> Array:
    """The nearest matrix whose absolute eigenvalues sum to at most the radius."""
    values, vectors = np.linalg.eigh(V)
    sizes = np.abs(values)
    if sizes.sum() > radius:
        ordered = np.sort(sizes)[::-1]
        cuts = (np.cumsum(ordered) - radius) / np.arange(1, len(sizes) + 1)
        cut = cuts[np.flatnonzero(ordered > cuts)[-1]]
        values = np.sign(values) * np.maximum(sizes - cut, 0.0)
    return np.asarray((vectors * values) @ vectors.T)
