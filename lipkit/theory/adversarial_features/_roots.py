"""Roots of many scalar equations at once."""

from collections.abc import Callable
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.theory.adversarial_features._columns import Index, Mask

_CLOSE = 4 * np.finfo(np.float64).eps


def find_root(
    function: Callable[..., Array], low: Array, high: Array, *columns: Any, steps: int = 200
) -> Array:
    """Chandrupatla's method, elementwise; NaN where the bracket has no sign change.

    ``function(x, *columns)`` is called with the columns indexed down to what is still open.
    """
    root = np.full(low.shape, np.nan)
    state = _State(low, high, function(low, *columns), function(high, *columns))
    keep = np.flatnonzero(state.fa * state.fb <= 0)
    if len(keep) < len(root):
        state.keep(keep)
        columns = tuple(column[keep] for column in columns)
    for _ in range(steps if len(keep) else 0):
        done = state.settled()
        if done.any():
            root[keep[done]] = state.best()[done]
            keep = keep[~done]
            if not len(keep):
                break
            state.keep(~done)
            columns = tuple(column[~done] for column in columns)
        x = state.propose()
        state.accept(x, function(x, *columns))
    return root


class _State:
    """The bracket [a, b], the point c left behind, and their values; b is the newest."""

    def __init__(self, a: Array, b: Array, fa: Array, fb: Array):
        self.a, self.b, self.c = a, b, a
        self.fa, self.fb, self.fc = fa, fb, fa
        self.t = np.full(a.shape, 0.5)

    def keep(self, index: Index | Mask) -> None:
        for name in ("a", "b", "c", "fa", "fb", "fc", "t"):
            setattr(self, name, getattr(self, name)[index])

    def best(self) -> Array:
        return np.where(np.abs(self.fa) < np.abs(self.fb), self.a, self.b)

    def settled(self) -> Mask:
        width = np.abs(self.b - self.a)
        zero = (self.fa == 0) | (self.fb == 0)
        return np.asarray(zero | (width <= _CLOSE * (1 + np.abs(self.b))))

    def propose(self) -> Array:
        """Inverse quadratic interpolation where it is monotone, else the middle."""
        least = np.minimum(0.5, _CLOSE / 2 * (1 + np.abs(self.b)) / np.abs(self.b - self.a))
        self.t = np.clip(self.t, least, 1 - least)
        return np.asarray(self.a + self.t * (self.b - self.a))

    def accept(self, x: Array, f: Array) -> None:
        same = np.sign(f) == np.sign(self.fa)
        self.c, self.fc = np.where(same, self.a, self.b), np.where(same, self.fa, self.fb)
        self.b = np.where(same, self.b, self.a)
        self.fb = np.where(same, self.fb, self.fa)
        self.a, self.fa = x, f
        with np.errstate(divide="ignore", invalid="ignore", over="ignore"):
            xi = (self.a - self.b) / (self.c - self.b)
            phi = (self.fa - self.fb) / (self.fc - self.fb)
            quadratic = (phi**2 < xi) & ((1 - phi) ** 2 < 1 - xi)
            ab = self.fa / (self.fb - self.fa) * self.fc / (self.fb - self.fc)
            ac = (self.c - self.a) / (self.b - self.a)
            t = ab + ac * self.fa / (self.fc - self.fa) * self.fb / (self.fc - self.fb)
        self.t = np.where(quadratic & np.isfinite(t), t, 0.5)
