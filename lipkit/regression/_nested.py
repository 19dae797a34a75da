"""Newton with a line search for two frozen numbers, and steps of these two outside."""

from collections.abc import Iterator
from itertools import count

import numpy as np

from lipkit._validate import Array
from lipkit.regression._active_set import State, newton_step
from lipkit.regression._systems import System

_INNER = 60
_DAMPING = 1e-8


def nested(
    F: Array, y: Array, eps: float, system: System, state: State, u: Array
) -> Iterator[tuple[Array, Array, int]]:
    r"""Triples of :math:`\varphi`, a dual point and the number of solves, without end."""
    last = np.inf
    while True:
        u, steps = settle(F, y, system, state, u)
        signs = np.where(np.abs(u) > state.c, np.sign(u), 0.0)
        phi = F.T @ u / state.rho
        yield phi, u, steps + 1
        gaps, shift = newton_step(F, y, eps, system, state._replace(signs=signs), u, phi)
        if np.abs(gaps).max() > 0.5 * last:
            shift = -gaps  # substitution, where Newton does not help
        last = np.abs(gaps).max()
        c, rho = np.array([state.c, state.rho]) * np.exp(shift)
        state = State(float(c), float(rho), signs)


def settle(F: Array, y: Array, system: System, state: State, u: Array) -> tuple[Array, int]:
    r"""Maximise :math:`u^\top y - \|F^\top u\|^2/2\rho - \tfrac12\sum(|u_i| - c)_+^2`."""
    c, rho = state.c, state.rho
    for step in count(1):
        excess = np.sign(u) * np.maximum(np.abs(u) - c, 0.0)
        gradient = y - F @ (F.T @ u) / rho - excess
        if step > _INNER or np.abs(gradient).max() <= 1e-13 * np.abs(y).max():
            return u, step
        weights = np.where(np.abs(u) > c, 1.0, 0.0) + _DAMPING
        d = system.solve(rho, weights, gradient[:, None])[:, 0]
        u = u + _exact_length(u, d, F.T @ d, gradient, c, rho) * d
    raise AssertionError


def _exact_length(u: Array, d: Array, Fd: Array, gradient: Array, c: float, rho: float) -> float:
    """Where the slope along d, decreasing and piecewise linear, is 0."""
    slope, bend = float(gradient @ d), float(Fd @ Fd) / rho
    with np.errstate(divide="ignore", invalid="ignore"):
        kinks = np.concatenate([(c - u) / d, (-c - u) / d])
    kinks = np.unique(kinks[np.isfinite(kinks) & (kinks > 0)])
    low, high = 0, len(kinks)

    def slope_at(x: float) -> float:
        before = np.sign(u) * np.maximum(np.abs(u) - c, 0.0)
        now = u + x * d
        after = np.sign(now) * np.maximum(np.abs(now) - c, 0.0)
        return slope - x * bend - float(d @ (after - before))

    while low < high:
        middle = (low + high) // 2
        if slope_at(kinks[middle]) > 0:
            low = middle + 1
        else:
            high = middle
    at = kinks[low - 1] if low else 0.0
    end = kinks[low] if low < len(kinks) else at + 1.0
    first, second = slope_at(at), slope_at(end)
    return float(at + (end - at) * first / (first - second)) if first > second else float(at)
