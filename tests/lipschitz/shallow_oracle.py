"""The cells of a layer's hyperplanes by elimination in rationals, all sign patterns tried."""

from fractions import Fraction
from itertools import product

import numpy as np


def open_patterns(W, b, lower=None, upper=None):
    """All gate patterns of open cells of w_i x + b_i = 0, in the open box if one is given."""
    rows = [[Fraction(float(x)) for x in row] + [Fraction(float(c))]
            for row, c in zip(W, b, strict=True)]  # fmt: skip
    walls = _walls(lower, upper, len(W[0]))
    moving = [i for i, row in enumerate(rows) if any(row[:-1])]
    found = []
    for signs in product((True, False), repeat=len(moving)):
        halves = zip(moving, signs, strict=True)
        sided = [rows[i] if on else [-x for x in rows[i]] for i, on in halves]
        if feasible(walls + sided):
            pattern = [row[-1] > 0 for row in rows]
            for i, on in zip(moving, signs, strict=True):
                pattern[i] = on
            found.append(pattern)
    return np.array(found)


def _walls(lower, upper, d):
    if lower is None:
        return []
    walls = []
    for j in range(d):
        row = [Fraction(0)] * (d + 1)
        row[j], row[d] = Fraction(1), -Fraction(float(lower[j]))
        walls.append(row)
        row = [Fraction(0)] * (d + 1)
        row[j], row[d] = Fraction(-1), Fraction(float(upper[j]))
        walls.append(row)
    return walls


def feasible(rows):
    """Whether some x has a x + c > 0 for all rows (a, c): Fourier-Motzkin elimination."""
    rows = {tuple(row) for row in rows}
    while rows and len(next(iter(rows))) > 1:
        positive = [row for row in rows if row[0] > 0]
        negative = [row for row in rows if row[0] < 0]
        rest = {row[1:] for row in rows if row[0] == 0}
        for p in positive:
            for n in negative:
                combined = [x / p[0] - y / n[0] for x, y in zip(p[1:], n[1:], strict=True)]
                rest.add(tuple(combined))
        rows = rest
    return all(row[0] > 0 for row in rows)


def constants(network, norms=(1, 2, np.inf), box=None):
    """The exact constants of one hidden layer with one output, and the number of its cells."""
    (W, a), b = network.weights, network.biases[0]
    patterns = open_patterns(W, b, *(() if box is None else box))
    gradients = (patterns * a[0]) @ W
    dual = {1: np.inf, 2: 2, np.inf: 1}
    values = [np.linalg.norm(gradients, ord=dual[p], axis=1).max(initial=0.0) for p in norms]
    return values, len(patterns)
