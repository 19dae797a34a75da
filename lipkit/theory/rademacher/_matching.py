"""Lipschitz functions: the supremum is the cost of a matching."""

import numpy as np
from numpy.typing import ArrayLike
from scipy.optimize import linear_sum_assignment
from scipy.spatial.distance import cdist

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.theory.rademacher._complexity import Complexity
from lipkit.theory.rademacher._linear import sample
from lipkit.theory.rademacher._signs import rademacher_mc, sign_vector


def matching_cost(X: ArrayLike, s: ArrayLike, anchor: ArrayLike | None = None) -> float:
    r"""The least total distance :math:`\mathcal M` at which the + points are matched to the - ones.

    .. math:: \mathcal M = \sup \Big\{ \sum_i \sigma_i g(x_i) : \mathrm{Lip}(g) \le 1,\
              g(\text{anchor}) = 0 \Big\}

    (Kantorovich duality). ``X`` is ``(n, d)``, the signs ``s`` ``(n,)``, distances Euclidean.
    Points that find no partner are matched to the ``anchor`` ``(d,)``; None needs as many points of
    each sign, and the value then holds for every anchor. One assignment problem,
    :math:`O(n^3)`. Raises ``ValueError`` for other signs, or unbalanced ones without an anchor.
    [Kantorovich; digest of the laws of robustness, 1.5b.]

    >>> matching_cost([[0.0], [3.0], [4.0]], [1.0, -1.0, 1.0], anchor=[0.0])
    1.0
    """
    X = sample(X)
    s = sign_vector(s, len(X))
    if anchor is None:
        if s.sum() != 0:
            raise ValueError(
                f"s: got {int((s > 0).sum())} signs +1 of {len(s)}, expected half of them; pass "
                "an anchor, a point where the function is 0, for the surplus"
            )
        return _cost(cdist(X, X), np.zeros(len(X)), s)
    return _cost(cdist(X, X), _to_anchor(X, anchor), s)


def lipschitz_ball_rademacher(
    X: ArrayLike,
    n_draws: int = 200,
    *,
    anchor: ArrayLike | None = None,
    exact: bool = False,
    rng: Seed = 0,
    delta: float = 0.05,
) -> Complexity:
    r"""The complexity of all 1-Lipschitz g with :math:`g(\text{anchor}) = 0`.

    .. math:: \widehat{\mathfrak R}_n = \mathbb E_\sigma \mathcal M(X, \sigma) / n

    ``X`` has shape ``(n, d)``; the ``anchor`` is the origin by default. :func:`matching_cost` gives
    :math:`\mathcal M`, one assignment problem a draw. Kind: exact (``exact``: all signs, n up to
    16) or estimate. Raises as :func:`rademacher_mc`.
    [Derived, digest of the laws of robustness, 1.5b and 4.5.]

    >>> from lipkit.data import four_points
    >>> lipschitz_ball_rademacher(four_points().X, exact=True)  # (6 + 5 sqrt 2) / 16
    0.816942 (exact, 16 draws)
    """
    X = sample(X)
    apart = cdist(X, X)
    home = _to_anchor(X, np.zeros(X.shape[1]) if anchor is None else anchor)
    return rademacher_mc(
        lambda s: _cost(apart, home, s),
        len(X),
        n_draws,
        rng=rng,
        radius_sq=float((home**2).sum()),
        delta=delta,
        exact=exact,
    )


def _cost(apart: Array, home: Array, s: Array) -> float:
    """Each point of the larger side goes to one of the smaller or, if there is none left, home."""
    many, few = np.flatnonzero(s > 0), np.flatnonzero(s < 0)
    if len(many) < len(few):
        many, few = few, many
    alone = np.repeat(home[many, None], len(many) - len(few), axis=1)
    costs = np.hstack([apart[np.ix_(many, few)], alone])
    rows, columns = linear_sum_assignment(costs)
    return float(costs[rows, columns].sum())


def _to_anchor(X: Array, anchor: ArrayLike) -> Array:
    point = _validate.real_array(anchor, "anchor", 1)
    _validate.points(point, X.shape[1], "anchor")
    return np.asarray(np.linalg.norm(X - point, axis=1))
