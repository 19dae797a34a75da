"""Which points are fitted exactly, and two numbers: Newton steps on all of them at once."""

from itertools import count
from typing import NamedTuple

import numpy as np

from lipkit._validate import Array
from lipkit.regression._certificate import Candidate, certify, nothing
from lipkit.regression._systems import System

_POLISH = 1e-4  # a step more costs little and squares the error
_LONGEST = 1.5  # of a Newton step, in log c and log rho


class State(NamedTuple):
    r"""c is :math:`\varepsilon t`, rho the multiplier of the norm, signs 0 where fitted."""

    c: float
    rho: float
    signs: Array


def newton(
    F: Array, y: Array, eps: float, system: System, start: State, tol: float, steps: int = 60
) -> tuple[Candidate, int]:
    """The best candidate of at most so many steps, and how many were taken."""
    rng = np.random.default_rng(0)
    state = start
    best = nothing(F)
    seen: set[bytes] = set()
    for step in count(1):
        u, phi = _solve(F, y, system, state)
        candidate = certify(F, y, eps, phi, u)
        better = candidate.gap < best.gap
        best = candidate if better else best
        if step == steps or best.gap <= (_POLISH * tol if better else tol):
            return best, step
        signs = next_signs(y - F @ phi, u, state.c)
        changed = np.flatnonzero(signs != state.signs)
        key = signs.tobytes()
        if key in seen and len(changed) > 1:
            keep = rng.permutation(changed)[: len(changed) // 2]
            signs[keep] = state.signs[keep]
        seen.add(key)
        _, shift = newton_step(F, y, eps, system, state, u, phi)
        state = State(state.c * np.exp(shift[0]), state.rho * np.exp(shift[1]), signs)
    raise AssertionError


def _solve(F: Array, y: Array, system: System, state: State) -> tuple[Array, Array]:
    """u and phi for one active set."""
    right = (y + state.c * state.signs)[:, None]
    u = system.solve(state.rho, np.abs(state.signs), right)[:, 0]
    return u, F.T @ u / state.rho


def newton_step(
    F: Array, y: Array, eps: float, system: System, state: State, u: Array, phi: Array
) -> tuple[Array, Array]:
    """How the two equations fail, and the Newton step of (log c, log rho), at most 1.5 long."""
    c, rho, signs = state
    right = np.stack([c * signs, F @ phi], axis=1)
    by_c, by_rho = system.solve(rho, np.abs(signs), right).T  # d u / d log c, d log rho
    t, fitted = float(np.linalg.norm(phi)), float((signs == 0).sum())
    total = signs @ u + fitted * c
    along = F @ phi / (rho * t**2)
    log_t = np.array([along @ by_c, along @ by_rho - 1.0])
    log_total = np.array([signs @ by_c + fitted * c, signs @ by_rho]) / total
    gaps = np.array([np.log(c / (eps * t)), np.log(rho * t / (eps * total))])
    jacobian = np.eye(2) + np.stack([-log_t, log_t - log_total])
    shift = -np.linalg.lstsq(jacobian, gaps, rcond=None)[0]
    return gaps, shift * min(1.0, _LONGEST / max(np.abs(shift).max(), 1e-300))


def next_signs(residuals: Array, u: Array, c: float) -> Array:
    """Points whose dual variable leaves [-c, c] move; points whose residual turns are fitted."""
    x = residuals + u
    return np.where(np.abs(x) > c * (1 + 1e-12), np.sign(x), 0.0)
