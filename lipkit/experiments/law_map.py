"""Where the universal law speaks: the plane of points and parameters, with known data sets."""

import math
from functools import lru_cache
from typing import Any, NamedTuple

import numpy as np

from lipkit import _validate
from lipkit._validate import Array
from lipkit.theory.robustness_law import bubeck_sellke_bound, parametric_law

EPS, DELTA = 0.99, 0.01
SPEAKS = 2.0  # what any fit of points at distance 1 or more may have to pay without a law
POINTS = np.geomspace(1e3, 1e12, 37)


class Known(NamedTuple):
    """A data set: n points of d numbers, and one or two networks with their parameters."""

    n: int
    d: int
    network: str
    parameters: int
    larger: float = math.nan


KNOWN = {
    "digits": Known(1347, 64, "this book's network", 4522),
    "MNIST": Known(60_000, 784, "LeNet-5", 60_000),
    "CIFAR-10": Known(50_000, 3072, "ResNet-20", 270_000, 36_500_000),  # WRN-28-10
    "ImageNet": Known(1_281_167, 150_528, "ResNet-50", 25_557_032),
}
CONSTANTS = {
    "printed": "printed",
    "of the proof, coins fitted exactly": "derived",
    "one, without a proof": "one",
}


def law(
    n: int,
    d: int,
    p: int,
    weight: float = 1.0,
    constant: str = "printed",
    *,
    linear: bool = False,
) -> float:
    r"""What the law says for a class of p parameters in [-weight, weight] and inputs |x| <= 1.

    Read in its favour: c = 1, labels that are coin flips (sigma^2 = 1), fitted up to 1 percent of
    their variance (``EPS``), failure 1 percent. The box has diameter :math:`W = 2w\sqrt p`; the
    paper's :math:`J = (wp)^2` serves for two layers, and :math:`J = \sqrt2` if ``linear``, for
    :math:`w \cdot x + b`. ``constant``: "printed" (Theorem 3), "derived" (the proof for coin flips
    that are fitted exactly), or "one", which is printed without its factor :math:`2^{-9}` and its
    condition on n, and is proved nowhere here. NaN where a hypothesis of the law fails.
    """
    _validate.one_of(constant, "constant", tuple(CONSTANTS.values()))
    W, J = 2 * weight * math.sqrt(p), math.sqrt(2) if linear else (weight * p) ** 2
    if constant == "one":
        cost = p * math.log(60 * W * J / EPS) + math.log(4 / DELTA)
        return EPS * math.sqrt(n * d / cost)
    try:
        if constant == "derived":
            return parametric_law(n, d, p, W, J, DELTA).value
        return bubeck_sellke_bound(n, d, p, EPS, DELTA, W=W, J=J).value
    except ValueError:
        return math.nan


@lru_cache(maxsize=100_000)
def last_parameter(
    n: int, d: int, weight: float = 1.0, constant: str = "printed", sharp: int = 2000
) -> float:
    """The largest p for which the law says more than ``SPEAKS``; NaN where there is none.

    It is found up to one part in ``sharp``, and exactly where it is smaller than that.
    """
    if not law(n, d, 1, weight, constant) > SPEAKS:
        return math.nan
    low, high = 1, 2
    while law(n, d, high, weight, constant) > SPEAKS:
        low, high = high, 2 * high
    while high - low > max(1, low // sharp):
        middle = (low + high) // 2
        if law(n, d, middle, weight, constant) > SPEAKS:
            low = middle
        else:
            high = middle
    return float(low)


def law_map(data: str, weights: int, constant: str) -> dict[str, Any]:
    """One state of the map: the region for this data set's d, its networks, and what is said there.

    ``weights`` is the power of ten that bounds every weight. ``edge`` is the largest p at each of
    ``POINTS``, from ``first`` parameter up; ``slogan`` the line p = nd. ``linear``, ``network`` and
    ``larger`` are numbers of parameters, ``law_linear`` and so on what the law says there, and
    ``last`` the largest p for which it says more than 2 of two layers at the data set's n. NaN:
    nothing.
    """
    known, weight = KNOWN[data], 10.0**weights
    sizes = {"linear": known.d + 1, "network": known.parameters, "larger": known.larger}
    said = {
        f"law_{name}": math.nan
        if math.isnan(p)
        else law(known.n, known.d, int(p), weight, constant, linear=name == "linear")
        for name, p in sizes.items()
    }
    last = last_parameter(known.n, known.d, weight, constant, sharp=10**15)  # exact
    return {
        "points": POINTS,
        "first": np.ones_like(POINTS),
        "edge": _edge(known.d, weight, constant),
        "slogan": POINTS * known.d,
        "n": float(known.n),
        **{name: float(p) for name, p in sizes.items()},
        **said,
        "last": last if math.isnan(last) else int(last),
        "rate": math.sqrt(known.n * known.d / known.parameters),
        "name": known.network,
        "words": _words(said["law_network"]),
        "upto": "no number of" if math.isnan(last) else f"at most {last:,.0f}",
    }


def _words(value: float) -> str:
    """A lower answer with two digits, rounded down."""
    if math.isnan(value):
        return "nothing, for want of points"
    unit = 10.0 ** (math.floor(math.log10(value)) - 1)
    return f"at least {math.floor(value / unit) * unit:.2g}"


def _edge(d: int, weight: float, constant: str) -> Array:
    return np.array([last_parameter(int(n), d, weight, constant) for n in POINTS])
