"""Points drawn from a formula."""

import numpy as np

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.data._points import Points


def four_points() -> Points:
    r"""The four points SQ4, :math:`\pm e_1` labelled +1 and :math:`\pm e_2` labelled -1.

    ``X`` is ``(4, 2)`` and ``y`` ``(4,)``, float64: small enough to work out every law by hand.
    [Digest of the laws of robustness, section 0.]

    >>> four_points().y
    array([ 1., -1.,  1., -1.])
    """
    X = np.array([[1.0, 0.0], [0.0, 1.0], [-1.0, 0.0], [0.0, -1.0]])
    return Points(X, np.array([1.0, -1.0, 1.0, -1.0]))


def generic(n: int, d: int, *, model: str = "sphere", rng: Seed) -> Points:
    r"""Generic data: n independent points in d dimensions and independent fair signs.

    ``model`` is ``"sphere"`` (uniform on the unit sphere) or ``"gaussian"`` (:math:`N(0, I_d/d)`).
    ``X`` is ``(n, d)`` and ``y`` ``(n,)`` in {-1, +1}, float64. Drawn in this order: an ``(n, d)``
    array of standard normals, then the signs.
    Raises ``ValueError`` for n or d below 1 or an unknown model.
    [The model of Bubeck, Li and Nagaraj 2021; digest of the laws of robustness, section 0.3.]

    >>> X, y = generic(5, 3, rng=0)
    >>> np.linalg.norm(X, axis=1).round(12), y
    (array([1., 1., 1., 1., 1.]), array([ 1., -1., -1.,  1., -1.]))
    """
    n, d = _validate.count(n, "n"), _validate.count(d, "d")
    model = _validate.one_of(model, "model", ("sphere", "gaussian"))
    draws = _validate.generator(rng)
    X = draws.normal(size=(n, d))
    X /= np.linalg.norm(X, axis=1, keepdims=True) if model == "sphere" else np.sqrt(d)
    return Points(X, draws.choice([-1.0, 1.0], size=n))


def moons(n: int, *, noise: float = 0.1, rng: Seed) -> Points:
    r"""Two half circles that reach into each other, labelled +1 and -1 in turn.

    For an angle t uniform in :math:`[0, \pi]` the point is :math:`(\cos t, \sin t)` with label +1
    or :math:`(1 - \cos t, \tfrac12 - \sin t)` with label -1, plus :math:`N(0, \text{noise}^2 I_2)`.
    ``X`` is ``(n, 2)`` and ``y`` ``(n,)``, float64; every even number of first points is balanced.
    Raises ``ValueError`` for n below 1 or a noise that is negative or not finite. [Standard.]

    >>> X, y = moons(4, noise=0.0, rng=0)
    >>> y, bool(np.allclose(np.linalg.norm(X[y > 0], axis=1), 1))
    (array([ 1., -1.,  1., -1.]), True)
    """
    n = _validate.count(n, "n")
    spread = _validate.nonnegative(noise, "noise", "standard deviation")
    draws = _validate.generator(rng)
    t = draws.uniform(0, np.pi, size=n)
    y = np.where(np.arange(n) % 2 == 0, 1.0, -1.0)
    upper = np.column_stack([np.cos(t), np.sin(t)])
    X = np.where(y[:, None] > 0, upper, [1.0, 0.5] - upper)
    return Points(X + spread * draws.normal(size=(n, 2)), y)
