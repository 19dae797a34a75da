"""A classifier that is robust on given points, and as steep as one likes."""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import NETWORK, Bound, Bracket
from lipkit.certificates._labels import as_array
from lipkit.certificates._separation import class_separation
from lipkit.norms import vector_norm

_AT_ONCE = 1 << 22  # coordinates of differences held at once
_SOURCE = "derived, digest of layer norms, section 6"


@dataclass(frozen=True)
class SteepClassifier:
    r"""Distances to the classes, with a triangle wave added to one logit; called on ``(m, d)``.

    ``margin`` is a lower bound of the margin on every ball of radius ``eps`` around a given point,
    and ``lipschitz`` holds the constant, pair (p, inf), of all logits together. ``separation`` is
    half the distance of the classes, ``height`` and ``frequency`` those of the wave.
    """

    points: Array
    labels: NDArray[np.int64]
    p: float
    eps: float
    separation: float
    height: float
    frequency: float

    @property
    def margin(self) -> float:
        r""":math:`2(r - \epsilon - \eta)`, positive: every ball keeps its label."""
        return 2 * (self.separation - self.eps - self.height)

    @property
    def lipschitz(self) -> Bracket:
        r"""Between :math:`\eta\omega - 1` and :math:`1 + \eta\omega`, up to rounding."""
        steep = self.height * self.frequency
        named: dict[str, Any] = {
            "quantity": NETWORK, "norm": (self.p, math.inf), "method": "triangle wave",
            "source": _SOURCE,
        }  # fmt: skip
        lower = Bound(max(0.0, steep - 1), "lower", **named)
        return Bracket(lower, Bound(1 + steep, "upper", **named))

    def __call__(self, X: Any) -> Array:
        """The logits, ``(m, classes)``; ``ValueError`` for points of another dimension."""
        found = _validate.real_array(as_array(X), "X")
        x = found.reshape(len(found), -1)
        if x.shape[1] != self.points.shape[1]:
            raise ValueError(
                f"X: got {x.shape[1]} numbers a point, expected {self.points.shape[1]}"
            )
        logits = -self._distances(x)
        wave = self.height * triangle(self.frequency * x[:, 0])
        logits[:, 0] += wave
        logits[:, 1] -= wave
        return logits

    def _distances(self, x: Array) -> Array:
        step = max(1, _AT_ONCE // self.points.size)
        parts = [self._some(x[i : i + step]) for i in range(0, len(x), step)]
        return np.concatenate(parts)

    def _some(self, x: Array) -> Array:
        distances = vector_norm(x[:, None] - self.points, self.p)
        classes = np.unique(self.labels)
        return np.stack([distances[:, self.labels == c].min(axis=1) for c in classes], axis=1)


def triangle(t: Any) -> Any:
    r"""The triangle wave: :math:`\tau(t) = t` on [-1, 1], slopes ±1, period 4.

    >>> triangle([0.0, 1.0, 2.0, 3.0, 4.5]).tolist()
    [0.0, 1.0, 0.0, -1.0, 0.5]
    """
    return 1 - np.abs((np.asarray(t, dtype=float) + 1) % 4 - 2)


def robust_steep_classifier(
    X: Any, y: Any, *, eps: float, omega: float, p: float = math.inf, eta: float | None = None
) -> SteepClassifier:
    r"""A classifier that no attack of radius ``eps`` fools on X, with a constant as large as asked.

    .. math:: f_i(x) = -\mathrm{dist}_p(x, \mathcal X_i) \pm \eta\,\tau(\omega x_1)
              \text{ for } i = 1, 2, \qquad f_i(x) = -\mathrm{dist}_p(x, \mathcal X_i)
              \text{ otherwise}

    with the wave :math:`\tau` of slopes ±1 and height 1. Let classes lie at least 2r apart and
    :math:`\epsilon + \eta < r`. Then on every ball of radius :math:`\epsilon` around a point of X
    the margin is at least :math:`2(r - \epsilon - \eta) > 0`, and a logit has slopes of
    :math:`\eta\omega - 1` at least inside every such ball (``eps`` > 0), whatever
    :math:`\omega` is.

    Parameters
    ----------
    X, y
        Points ``(n, d)`` or ``(n, ...)``, and integer labels of two classes or more, whose order
        is that of the logits.
    eps
        The radius, at least 0, below the half-separation r of the classes in this norm.
    omega
        The frequency of the wave, at least 0; units: one over those of X.
    p
        The norm of points, in [1, inf].
    eta
        The height of the wave, between 0 and r - eps; by default 0.9 of that.

    Raises ``ValueError`` for ``eps`` of r or more, naming r and the two points that set it, and
    for an ``eta`` or ``omega`` out of range. [That such classifiers exist is Liang and Huang's
    statement, read in their abstract; this one and its proof are derived, digest of layer norms,
    section 6.]

    >>> f = robust_steep_classifier([[0.0], [1.0]], [0, 1], eps=0.4, omega=1e4)
    >>> round(f.margin, 9), f(np.array([[0.39]])).argmax().item()
    (0.02, 0)
    >>> f.lipschitz
    Lipschitz constant of a network in [899, 901]  (ℓ∞→ℓ∞, global, ratio 1.003)
    """
    separated = class_separation(X, y, p)
    eps = float(_validate.real_array(eps, "eps", 0).item())
    if not 0 <= eps < separated.r:
        i, j = separated.pair
        raise ValueError(
            f"eps: got {eps:g}, expected at least 0 and below r = {separated.r:g}, half the "
            f"distance of rows {i} and {j}, which have different labels; no classifier is right on "
            "larger balls around both"
        )
    room = separated.r - eps
    eta = 0.9 * room if eta is None else _validate.positive(eta, "eta")
    if eta >= room:
        raise ValueError(f"eta: got {eta:g}, expected below r - eps = {room:g}")
    omega = float(_validate.real_array(omega, "omega", 0).item())
    if omega < 0:
        raise ValueError(f"omega: got {omega:g}, expected at least 0")
    points = _validate.real_array(as_array(X), "X")
    labels = np.asarray(as_array(y), dtype=np.int64)
    flat = points.reshape(len(points), -1)
    return SteepClassifier(flat, labels, separated.p, eps, separated.r, eta, omega)
