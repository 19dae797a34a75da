"""Kinks: where a two-layer ReLU network bends, it is steep on one side."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import NETWORK, Bound
from lipkit.networks import TwoLayerNetwork
from lipkit.theory._border import probability
from lipkit.theory.robustness_law._answer import lower

_SAME = 1e-9  # hyperplanes this close, and bends this small in proportion, count as one and none


class Kinks(NamedTuple):
    r"""A two-layer ReLU network on the unit ball as a sum over different hyperplanes.

    .. math:: f(x) = v \cdot x + c_0 + \sum_j \alpha_j \mathrm{ReLU}(u_j \cdot x - t_j),\quad
              \|u_j\|_2 = 1,\ |t_j| < 1,\ \alpha_j \ne 0

    ``u`` is ``(m, d)``, ``t`` and ``alpha`` ``(m,)``, ``v`` ``(d,)`` and ``c0`` a float.
    """

    u: Array
    t: Array
    alpha: Array
    v: Array
    c0: float

    def __call__(self, X: ArrayLike) -> Array:
        """The values at points of the unit ball: ``(n, d)`` gives ``(n,)``."""
        batch, _ = _validate.points(X, len(self.v))
        return batch @ self.v + self.c0 + np.maximum(batch @ self.u.T - self.t, 0.0) @ self.alpha


def kink_coefficients(W: ArrayLike, b: ArrayLike, a: ArrayLike) -> Kinks:
    r"""The bends of :math:`\sum_\ell a_\ell \mathrm{ReLU}(w_\ell \cdot x + b_\ell)` on the ball.

    ``W`` is ``(k, d)``, ``b`` and ``a`` ``(k,)``. Neurons whose hyperplane misses the open unit
    ball are affine there; those on the same hyperplane are merged, with
    :math:`\mathrm{ReLU}(-s) = \mathrm{ReLU}(s) - s`; bends that cancel are dropped. Hyperplanes
    closer than 1e-9 count as one. Raises ``ValueError`` for shapes that do not fit.
    [Derived, digest of the laws of robustness, 5.7.]

    >>> kink_coefficients([[1.0], [-1.0]], [0.0, 0.0], [1.0, 1.0]).alpha  # the absolute value
    array([2.])
    """
    f = TwoLayerNetwork(W, b, a, "relu")
    lengths = np.linalg.norm(f.W, axis=1)
    bends = (lengths > 0) & (np.abs(f.b) < lengths * (1 - _SAME))
    always = ~bends & (f.b > 0)
    v, c0 = f.a[always] @ f.W[always], float(f.a[always] @ f.b[always])
    u, t = f.W[bends] / lengths[bends, None], -f.b[bends] / lengths[bends]
    alpha = f.a[bends] * lengths[bends]
    turned = _first_sign(u) < 0
    v += alpha[turned] @ u[turned]
    c0 -= float(alpha[turned] @ t[turned])
    u, t = np.where(turned[:, None], -u, u), np.where(turned, -t, t)
    return Kinks(*_merged(u, t, alpha), v, c0)


def kink_lower_bound(W: ArrayLike, b: ArrayLike, a: ArrayLike, *, domain: str = "ball") -> Bound:
    r"""The steepest bend of a two-layer ReLU network: :math:`\mathrm{Lip}(f) \ge \tfrac12
    \max_j |\alpha_j|`.

    The gradient jumps by :math:`\alpha_j u_j` across hyperplane j, so on one side it is at least
    half as long; :math:`|x_1|` attains it. ``W``, ``b``, ``a`` as in :func:`kink_coefficients`.
    ``domain`` is the unit ``"ball"``, or the unit ``"sphere"`` for d of at least 3, where the jump
    along the sphere is :math:`|\alpha_j| \sqrt{1 - t_j^2}`. The witness is a point of that
    hyperplane; ``details["kinks"]`` counts the different hyperplanes. Kind: lower.
    Raises ``ValueError`` for another domain or the sphere in fewer than 3 dimensions, where several
    hyperplanes can meet in the same points of a circle.
    [Derived, digest of the laws of robustness, 5.7a.]

    >>> kink_lower_bound([[1.0], [1.0]], [0.0, -0.5], [3.0, -3.0])
    Lipschitz constant of a network ≥ 1.5  (ℓ2→ℓ2, unit ball, kinks)
    """
    domain = _validate.one_of(domain, "domain", ("ball", "sphere"))
    found = kink_coefficients(W, b, a)
    if domain == "sphere" and len(found.v) < 3:
        raise ValueError(f"domain: got the sphere in {len(found.v)} dimensions, expected 3 or more")
    tilt = np.sqrt(1 - found.t**2) if domain == "sphere" else 1.0
    jumps = np.abs(found.alpha) * tilt / 2
    j = int(jumps.argmax()) if len(jumps) else None
    return Bound(
        0.0 if j is None else float(jumps[j]),
        "lower",
        quantity=NETWORK,
        domain=f"unit {domain}",
        method="kinks",
        source="digest of the laws of robustness, 5.7a",
        witness=None if j is None else _point(found.u[j], found.t[j], domain),
        details={"kinks": len(jumps)},
    )


def kink_law(n: int, m: int, P: float = 1.0, delta: float | None = None) -> Bound:
    r"""Few kinks, any weights: an exact fit of n points of the unit ball is steep.

    A two-layer ReLU network of k neurons has at most k kinks in the unit ball. With at most m,

    .. math:: \mathrm{Lip}_{ball}(f) \ge \frac{P\sqrt n - 1}{6m + 2} \quad\text{or}\quad
              \frac{\sqrt n - 1 - s}{6m + 2 + (4m + 2)s}, \qquad s = \sqrt{2\log(3/\delta)}

    The first: if a fraction P of all label vectors is fitted, then not all of these fits are
    flatter; with P = 1, *some* labels force it. The second, used if ``delta`` is given (P is then
    ignored): for fair labels, with probability at least 1 - delta every fit pays it. Both for any
    fixed points, both clipped at 0. At m = 1 the rate is the conjectured :math:`\sqrt n`; the
    values fall below the trivial 1 once :math:`6m + 3 \ge P\sqrt n`.
    Kind: lower. Raises ``ValueError`` for n below 1, m below 0, P outside (0, 1] or delta outside
    (0, 1). [Derived, digest of the laws of robustness, 5.7b and c.]

    >>> kink_law(400, 1).value, round(kink_law(10**4, 1, delta=0.05).value, 6)
    (2.375, 3.819635)
    """
    root, m = math.sqrt(_validate.count(n, "n")), _validate.count(m, "m", 0)
    if not 0 < _validate.positive(P, "P") <= 1:
        raise ValueError(f"P: got {P!r}, expected a fraction of the label vectors, at most 1")
    if delta is None:
        value = (P * root - 1) / (6 * m + 2)
    else:
        s = math.sqrt(2 * math.log(3 / probability(delta)))
        value = (root - 1 - s) / (6 * m + 2 + (4 * m + 2) * s)
    return lower(
        max(0.0, value),
        of=f"two-layer ReLU network with at most {m} kinks",
        reading="some" if delta is None else "tail",
        failure=delta or 0.0,
        domain="unit ball",
        method="kinks",
        source="5.7b" if delta is None else "5.7c",
        fraction=P if delta is None else None,
    )


def _point(u: Array, t: float, domain: str) -> Array:
    """A point of the hyperplane in the ball or on the sphere."""
    if domain == "ball":
        return t * u
    along = np.eye(len(u))[np.abs(u).argmin()]
    along -= (along @ u) * u
    return np.asarray(t * u + math.sqrt(1 - t**2) * along / np.linalg.norm(along))


def _first_sign(u: Array) -> Array:
    """The sign of each row's first entry that is not 0 but for rounding."""
    clear = np.abs(u) > _SAME
    first = clear.argmax(axis=1)
    return np.asarray(np.sign(np.take_along_axis(u, first[:, None], axis=1)[:, 0]))


def _merged(u: Array, t: Array, alpha: Array) -> tuple[Array, Array, Array]:
    """One row for each different hyperplane, those whose bends cancel left out."""
    left, rows, sums = np.arange(len(t)), [], []
    while len(left):
        i = left[0]
        apart = np.maximum(np.abs(u[left] - u[i]).max(axis=1, initial=0.0), np.abs(t[left] - t[i]))
        same = left[apart <= _SAME]
        if abs(alpha[same].sum()) > _SAME * np.abs(alpha[same]).sum():
            rows.append(i)
            sums.append(alpha[same].sum())
        left = left[apart > _SAME]
    kept = np.array(rows, dtype=int)
    return u[kept], t[kept], np.array(sums)
