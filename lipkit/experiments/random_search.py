"""Why random points miss the steepest one: the law at a point limits every search among them."""

import math
from functools import lru_cache
from typing import Any

import numpy as np
from scipy import integrate, optimize, stats

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.experiments._registry import experiment
from lipkit.networks import sample_random_relu_batch

SEARCH: dict[str, Any] = {"ratio": 8, "points": (20, 200, 2000), "more": (10**6, 10**12)}


@experiment(
    sizes={
        "test": SEARCH | {"dims": (4, 16), "nets": 5, "points": (20, 200)},
        "quick": SEARCH | {"dims": (4, 8, 16, 32, 64), "nets": 15},
        "standard": SEARCH | {"dims": (4, 8, 16, 32, 64, 128), "nets": 50},
        "full": SEARCH | {"dims": (4, 8, 16, 32, 64, 128, 256), "nets": 100},
    },
    seeds={"test": 2, "quick": 1, "standard": 5, "full": 20},
)
def random_search(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The steepest of n random points over :math:`\sqrt d` (l2, shallow, width ``ratio`` times d).

    Medians over networks, kind lower: ``found`` has a row for each n of ``points``, ``steepest`` is
    found by climbing or among these. ``ceiling`` has a row for each n of ``points`` and ``more``:
    at most this is the median of such a search over all networks, see :func:`ceiling`. ``needed``
    is the logarithm, base ten, of the number of points below which half of all networks hide a
    slope of size ``steepest``. A column for each d.
    """
    dims, counts = params["dims"], params["points"]
    rows = [_row(d, params, np.random.default_rng([seed, d])) for d in dims]
    found, steepest = (np.array(part).T for part in zip(*rows, strict=True))
    sizes = [(d, params["ratio"] * d) for d in dims]
    tails = [tail(s * math.sqrt(d), d, N) for s, (d, N) in zip(steepest, sizes, strict=True)]
    return {
        "d": np.array(dims),
        "n": np.array(counts),
        "found": found,
        "steepest": steepest,
        "n_ceiling": np.array([*counts, *params["more"]]),
        "ceiling": np.array(
            [[ceiling(n, *s) / math.sqrt(s[0]) for s in sizes] for n in (*counts, *params["more"])]
        ),
        "needed": -np.log10(2 * np.array(tails)),
    }


def tail(slope: float, d: int, width: int) -> float:
    r"""The probability that :math:`\|\nabla f(x_0)\|_2` exceeds ``slope`` > 0, one hidden layer.

    .. math:: \mathbb E\, P\big(\chi^2_d > s^2 / R\big), \qquad R = \tfrac2N\chi^2_K,\
              K \sim \mathrm{Bin}(N, \tfrac12)

    By quadrature over R, accurate to about six digits. [Derived, digest of random ReLU networks,
    3.1, Theorem A.]

    >>> round(tail(4.0, 16, 128), 3)
    0.437
    """
    R, density = _length(width)
    return float(integrate.simpson(density * stats.chi2.sf(slope**2 / R, d), x=np.log(R)))


def ceiling(points: float, d: int, width: int) -> float:
    r"""At most this is the median, over networks, of the steepest of so many random points.

    The slope s with ``points`` times :func:`tail` of s equal to 1/2: the expected number of points
    steeper than s is 1/2, so at least half of the networks show none. Kind: upper, of that median.

    >>> round(ceiling(2000, 64, 512) / 8, 2)
    1.38
    """

    def excess(slope: float) -> float:
        return math.log(max(2 * points * tail(slope, d, width), 1e-300))

    root = optimize.brentq(excess, 1e-2, 10 * math.sqrt(d) + 20)
    return float(root)


@lru_cache(maxsize=32)
def _length(width: int) -> tuple[Array, Array]:
    """A grid of R > 0, and the density of ln R there."""
    on = np.arange(1, width + 1)[:, None]
    R = np.geomspace(1e-4, 40, 2001)
    chance = stats.binom.pmf(on, width, 0.5)
    pdf = stats.gamma.pdf(R, on / 2, scale=4 / width)
    return R, (chance * pdf).sum(axis=0) * R


def _row(d: int, params: dict[str, Any], rng: np.random.Generator) -> tuple[list[float], float]:
    """Medians of each search among random points, and of the steepest found, over root d."""
    width = params["ratio"] * d
    batch = sample_random_relu_batch(params["nets"], d, width, 1, rng=rng)
    search = lipschitz.gradient_lower_bounds
    random = [search(batch, starts=n, steps=0, rng=rng) for n in params["points"]]
    climbed = search(batch, starts=16, steps=30, rng=rng)
    steepest = np.max([climbed, *random], axis=0)
    root = math.sqrt(d)
    return [float(np.median(r)) / root for r in random], float(np.median(steepest)) / root
