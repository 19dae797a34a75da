"""From the truth about one finite class to the printed law: what each step of a proof loses."""

import math
from typing import Any

import numpy as np

from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import isoperimetric_law

_DELTA = 0.01
_ENOUGH = math.ceil(8**4 * math.log(8 / _DELTA))  # Theorem 3 at eps = 1 and one component


@experiment(
    sizes={
        "test": {"n": 30_000, "d": 50, "card": 1000, "draws": 20},
        "quick": {"n": 30_000, "d": 100, "card": 10_000, "draws": 20},
        "standard": {"n": 30_000, "d": 200, "card": 100_000, "draws": 200},
        "full": {"n": 30_000, "d": 200, "card": 1_000_000, "draws": 200},
    }
)
def lost_constants(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Slopes that ``card`` linear functions need for margin 1 on n coin flips, on the sphere.

    ``seen``: :math:`1/\max_j \frac1n \sum_i y_i\, u_j \cdot x_i` for random unit :math:`u_j`, the
    median of ``draws`` data sets, and quartiles. Below it lower bounds for that class, each from
    the one before by one step of the proof: ``union`` with the tail that a linear function has;
    ``moments``: with the moments of an isoperimetric tail, for any functions of mean 0; then for
    any so many functions with values in [-1, 1],
    ``halves``: half of the margin for the mean (the law derived here); ``squares``: a margin of 1/2
    from a squared error of 0; ``finite`` and ``net``: the constants of Theorems 2 and 3 of Bubeck
    and Sellke, with the same logarithm. Raises ``ValueError`` for fewer points than Theorem 3
    asks for.
    """
    n, d, card = params["n"], params["d"], params["card"]
    if n < _ENOUGH:
        raise ValueError(f"n: got {n}, expected at least {_ENOUGH}, or the printed law is silent")
    rng = np.random.default_rng(seed)
    U = rng.normal(size=(card, d))
    U /= np.linalg.norm(U, axis=1, keepdims=True)
    seen = [1 / float(np.max(U @ _correlation(n, d, rng))) for _ in range(params["draws"])]
    low, median, high = np.quantile(seen, (0.25, 0.5, 0.75))
    size, c = math.log(card), d / (d - 1)
    rate = n * d / c
    return {
        "seen": median,
        "seen_low": low,
        "seen_high": high,
        "union": math.sqrt(n * d / (2 * (size + math.log(1 / _DELTA)))),
        "moments": math.sqrt(rate / (8 * (size + math.log(1 / _DELTA)))),
        "halves": isoperimetric_law(n, d, size, delta=_DELTA, c=c).value,
        "squares": isoperimetric_law(n, d, size, gamma=0.5, delta=_DELTA, c=c).value,
        "finite": math.sqrt(rate / (8**4 * (size + math.log(2 / (_DELTA - _labels(n)))))),
        "net": math.sqrt(rate / (size + math.log(4 / _DELTA))) / 2**9,
    }


def _correlation(n: int, d: int, rng: np.random.Generator) -> Any:
    """The mean of label times point, for n uniform points of the sphere and fair labels."""
    X = rng.normal(size=(n, d))
    signs = rng.choice([-1.0, 1.0], size=n)
    return (signs / np.linalg.norm(X, axis=1)) @ X / n


def _labels(n: int) -> float:
    """The first term of Theorem 2 at eps = 1 and one component."""
    return 4 * math.exp(-n / 8**3)
