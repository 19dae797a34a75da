"""Averages over sign vectors: all of them, or drawn ones with a half-width."""

import math
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.theory._border import nonnegative, probability
from lipkit.theory.rademacher._complexity import Complexity

Suprema: TypeAlias = Callable[[Array], Array]

MOST_POINTS = 16
_BATCH = 512


def rademacher_mc(
    sup_fn: Callable[[Array], Any],
    n: int,
    n_draws: int = 1000,
    *,
    rng: Seed = 0,
    radius_sq: float | None = None,
    delta: float = 0.05,
    exact: bool = False,
    side: str = "exact",
    vectorized: bool = False,
) -> Complexity:
    r"""The empirical Rademacher complexity of a class whose suprema can be computed.

    .. math:: \widehat{\mathfrak R}_n = \mathbb E_\sigma \sup_{f \in \mathcal F}
              \frac1n \sum_i \sigma_i f(x_i)

    Parameters
    ----------
    sup_fn
        Signs ``(n,)`` to :math:`\sup_f \sum_i \sigma_i f(x_i)`, *not* divided by n; with
        ``vectorized`` signs ``(draws, n)`` to ``(draws,)``.
    n, n_draws
        How many points, and how many sign vectors to draw.
    rng
        Seed or Generator of the signs.
    radius_sq
        :math:`\sum_i b_i^2`, where changing sign i moves the supremum by at most :math:`2b_i`. The
        half-width is then :math:`\sqrt{2 \sum_i b_i^2 \log(2/\delta) / (N n^2)}` for N draws
        (McDiarmid); without it the half-width is ``inf``.
    delta
        The probability that the deviation exceeds the half-width.
    exact
        All :math:`2^n` sign vectors instead, n up to 16; nothing is drawn.
    side
        ``"exact"`` if ``sup_fn`` finds the supremum, ``"lower"`` if it is a search, ``"upper"`` if
        a bound. A lower answer is *over-optimistic* in any law.

    Raises ``ValueError`` for a count below 1, ``delta`` outside (0, 1), n above 16 with ``exact``,
    or suprema of the wrong shape or not finite. [Derived, digest of the laws of robustness, 4.1.]

    >>> rademacher_mc(lambda s: abs(s.sum()), 2, exact=True)  # two equal points
    0.5 (exact, 4 draws)
    """
    n, delta = _validate.count(n, "n"), probability(delta)
    side = _validate.one_of(side, "side", ("exact", "lower", "upper"))
    suprema = sup_fn if vectorized else _one_by_one(sup_fn)
    batches = all_signs(n) if exact else drawn_signs(n, _validate.count(n_draws, "n_draws"), rng)
    found = np.concatenate([_checked(suprema(S), len(S)) for S in batches]) / n
    if exact:
        return Complexity(found.mean(), kind=side, draws=len(found), delta=delta)
    kind = "estimate" if side == "exact" else side
    spread = found.std(ddof=1) / math.sqrt(len(found)) if len(found) > 1 else math.inf
    return Complexity(
        found.mean(),
        kind=kind,
        stderr=spread,
        half_width=_half_width(radius_sq, n, len(found), delta),
        draws=len(found),
        delta=delta,
    )


def all_signs(n: int) -> Iterator[Array]:
    """All sign vectors of length n, in batches ``(draws, n)``."""
    if n > MOST_POINTS:
        raise ValueError(
            f"exact: got {n} points, expected at most {MOST_POINTS}, since there are 2^n sign "
            "vectors; draw them instead (exact=False)"
        )
    for start in range(0, 2**n, _BATCH):
        numbers = np.arange(start, min(start + _BATCH, 2**n))
        bits = numbers[:, None] >> np.arange(n) & 1
        yield np.where(bits, -1.0, 1.0)


def drawn_signs(n: int, n_draws: int, rng: Seed) -> Iterator[Array]:
    """Independent fair signs in batches ``(draws, n)``."""
    draws = _validate.generator(rng)
    for start in range(0, n_draws, _BATCH):
        size = (min(_BATCH, n_draws - start), n)
        yield np.where(draws.integers(0, 2, size=size), -1.0, 1.0)


def sign_vector(s: ArrayLike, n: int) -> Array:
    """Signs -1 and +1, one for each of n points."""
    signs = _validate.real_array(s, "s", 1)
    if signs.shape != (n,):
        raise ValueError(f"s: got shape {signs.shape}, expected ({n},), one sign for each point")
    other = np.setdiff1d(signs, [-1.0, 1.0])
    if other.size:
        raise ValueError(f"s: got the sign {other[0]:g}, expected -1 and +1 only")
    return signs


def _one_by_one(sup_fn: Callable[[Array], Any]) -> Suprema:
    return lambda S: np.array([float(sup_fn(s)) for s in S])


def _checked(found: Any, draws: int) -> Array:
    values = _validate.real_array(found, "sup_fn")
    if values.shape != (draws,):
        raise ValueError(
            f"sup_fn: got shape {values.shape} for {draws} sign vectors, expected ({draws},)"
        )
    return values


def _half_width(radius_sq: float | None, n: int, draws: int, delta: float) -> float:
    if radius_sq is None:
        return math.inf
    total = nonnegative(radius_sq, "radius_sq")
    return math.sqrt(2 * total * math.log(2 / delta) / (draws * n**2))
