"""Student's interval of a mean: what stands behind every difference of runs with equal seeds."""

import math

import numpy as np
from scipy import stats

from lipkit._validate import Array


def mean_and_half_width(values: Array, level: float) -> tuple[Array, Array]:
    r"""The mean over the first axis, and :math:`t_{n-1}\, s/\sqrt n`.

    Raises ``ValueError`` for fewer than two values.

    >>> mean, half = mean_and_half_width(np.array([1.0, 1.0, 2.0]), 0.95)
    >>> round(float(mean), 3), round(float(half), 3)
    (1.333, 1.434)
    """
    n = len(values)
    if n < 2:
        raise ValueError(f"values: got {n}, expected at least two; run more seeds")
    t = float(stats.t.ppf((1 + level) / 2, n - 1))
    half = t * np.std(values, axis=0, ddof=1) / math.sqrt(n)
    return np.asarray(np.mean(values, axis=0)), np.asarray(half)
