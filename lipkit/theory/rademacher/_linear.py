"""Linear classes: the supremum is a dual norm."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.norms import dual_exponent, vector_norm
from lipkit.theory.rademacher._complexity import Complexity
from lipkit.theory.rademacher._signs import rademacher_mc


def linear_rademacher(
    X: ArrayLike,
    B: float = 1.0,
    norm: float = 2,
    n_draws: int = 1000,
    *,
    exact: bool = False,
    rng: Seed = 0,
    delta: float = 0.05,
) -> Complexity:
    r"""The complexity of :math:`\{x \mapsto w \cdot x : \|w\|_p \le B\}`, p the given ``norm``.

    .. math:: \widehat{\mathfrak R}_n = \frac Bn\, \mathbb E_\sigma
              \Big\| \sum_i \sigma_i x_i \Big\|_{p'}, \qquad 1/p + 1/p' = 1

    ``X`` has shape ``(n, d)``. For ``norm=2`` and B = 1 the class is the 1-Lipschitz part of the
    linear cone. With ``exact`` all :math:`2^n` sign vectors are used (n up to 16), otherwise
    ``n_draws`` of them. Kind: exact or estimate.
    Raises ``ValueError`` for an empty X, B not positive, a norm below 1 or a bad ``delta``.
    [Standard; digest of the laws of robustness, 4.2.]

    >>> from lipkit.data import four_points
    >>> linear_rademacher(four_points().X, exact=True)
    0.426777 (exact, 16 draws)
    """
    X, B = sample(X), _validate.positive(B, "B")
    dual = dual_exponent(norm)
    radius_sq = B**2 * float((vector_norm(X, dual) ** 2).sum())
    return rademacher_mc(
        lambda S: B * vector_norm(S @ X, dual),
        len(X),
        n_draws,
        rng=rng,
        radius_sq=radius_sq,
        delta=delta,
        exact=exact,
        vectorized=True,
    )


def linear_rademacher_bounds(
    X: ArrayLike, B: float = 1.0, norm: float = 2
) -> tuple[Complexity, Complexity]:
    r"""Both sides of :func:`linear_rademacher` by hand, for ``norm`` 1, 2 or inf.

    With columns :math:`X_{\cdot j}`, and :math:`1/\sqrt2` the best constant of Khintchine:

    .. math:: \tfrac{1}{\sqrt2} u_2 \le \widehat{\mathfrak R}_n \le u_2
              = \tfrac Bn \Big(\sum_i \|x_i\|_2^2\Big)^{1/2}, \qquad
              \tfrac{1}{\sqrt2} u_\infty \le \widehat{\mathfrak R}_n \le u_\infty
              = \tfrac Bn \sum_j \|X_{\cdot j}\|_2,

    .. math:: \tfrac{1}{\sqrt2} m \le \widehat{\mathfrak R}_n \le m \sqrt{2 \log 2d}, \qquad
              m = \tfrac Bn \max_j \|X_{\cdot j}\|_2 \quad (\text{norm } 1).

    ``X`` has shape ``(n, d)``. Returns a lower and an upper :class:`Complexity`. Raises
    ``ValueError`` for any other norm, an empty X or B not positive.
    [Standard: Khintchine-Kahane, Jensen, Massart; digest of the laws of robustness, 4.2.]

    >>> low, high = linear_rademacher_bounds([[1.0, 0.0], [0.0, 1.0]])
    >>> low, high
    (0.5 (lower), 0.707107 (upper))
    """
    X, B = sample(X), _validate.positive(B, "B")
    if norm not in (1, 2, math.inf):
        raise ValueError(f"norm: got {norm!r}, expected 1, 2 or numpy.inf; draw signs for others")
    columns = np.linalg.norm(X, axis=0)
    size, factor = {
        1: (columns.max(), math.sqrt(2 * math.log(2 * X.shape[1]))),
        2: (np.linalg.norm(X), 1.0),
        math.inf: (columns.sum(), 1.0),
    }[norm]
    scale = B * float(size) / len(X)
    return Complexity(scale / math.sqrt(2), kind="lower"), Complexity(factor * scale, kind="upper")


def sample(X: ArrayLike) -> Array:
    """At least one point with at least one coordinate, ``(n, d)``."""
    points = _validate.real_array(X, "X", 2)
    if points.size == 0:
        raise ValueError(
            f"X: got shape {points.shape}, expected at least one point and one coordinate"
        )
    return points
