r"""The multipliers of LipSDP by Newton's method on :math:`\rho/\mu - \ln\det P`.

:math:`P = F_0 + \rho E + \sum_i t_i (e_i p_i^T + p_i e_i^T)`, where :math:`e_i` is the unit vector
of hidden neuron i, and :math:`p_i` is :math:`e_i` less its weights, in the layer before. Each term
has rank two, so the Hessian is a product of two Gram matrices, entry by entry.
[Derived, digest of random ReLU networks, section 5.4, recipe 2.]
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from scipy.linalg import cho_factor, cho_solve, eigvalsh, lapack, solve

from lipkit._validate import Array
from lipkit.lipschitz._multipliers import (
    constant_multipliers,
    from_units,
    schur_chain,
    to_units,
)

_SHRINK = 0.3  # of mu, once the Newton step is short
_SHORT = 0.5  # squared Newton decrement
_MOST_STEPS = 300


@dataclass(frozen=True, eq=False)
class Solution:
    """Multipliers of each layer, and a lower bound of what any multipliers prove."""

    T: list[Array]
    lower: float
    steps: int


def solve_lipsdp(weights: Sequence[Array], gap: float) -> Solution:
    """For layers ``(n_out, n_in)``, none of them 0, to a relative gap between the two rho."""
    units, sizes = to_units(weights)
    problem = _Problem(units)
    x, rho, steps = _follow(problem, gap)
    return Solution(from_units(problem.split(x), sizes), rho**0.5 * math.prod(sizes), steps)


def _follow(problem: "_Problem", gap: float) -> tuple[Array, float, int]:
    """The best (t, rho) on the central path, a lower bound of rho, and the Newton steps taken."""
    x = best = problem.start()
    mu, lower, steps = x[-1] / problem.n, 0.0, 0
    while steps < _MOST_STEPS and best[-1] - lower > gap * best[-1]:
        steps += 1
        step = problem.newton(x, mu)
        if step is None:
            break
        lower = max(lower, step.lower)
        moved = problem.line_search(x, step, mu)
        if moved is None:
            break
        x = moved
        best = x if x[-1] < best[-1] else best
        if step.decrement < _SHORT:
            mu *= _SHRINK
    return best, lower, steps


@dataclass(frozen=True, eq=False)
class _Step:
    """A Newton step for (t, rho), its squared decrement, the eigenvalues of :math:`C^{-1} \\Delta
    C^{-T}`, ascending, and the lower bound of rho that it gives, 0 if none.
    """

    direction: Array
    decrement: float
    curvatures: Array
    lower: float


class _Problem:
    def __init__(self, weights: Sequence[Array]):
        self.weights = weights
        self.sizes = [weights[0].shape[1], *(len(W) for W in weights[:-1])]
        self.ends = np.cumsum([0, *self.sizes])
        self.n, self.d = int(self.ends[-1]), self.sizes[0]
        self.last = slice(int(self.ends[-2]), self.n)
        self.F0 = np.zeros((self.n, self.n))
        self.F0[self.last, self.last] = -weights[-1].T @ weights[-1]
        self.U = np.eye(self.n)[:, self.d :]
        for k, W in enumerate(weights[:-1]):
            left, here = self._block(k), self._block(k + 1)
            self.U[left, here.start - self.d : here.stop - self.d] = -W.T

    def _block(self, k: int) -> slice:
        return slice(int(self.ends[k]), int(self.ends[k + 1]))

    def split(self, x: Array) -> list[Array]:
        ends = self.ends[1:] - self.d
        return [x[a:b] for a, b in pairwise(ends)]

    def start(self) -> Array:
        """Multipliers constant on each layer, which are always good, and a generous rho."""
        T = constant_multipliers(self.weights)
        chain = schur_chain(self.weights, T)
        assert chain is not None
        return np.append(np.concatenate(T), 1.5 * max(chain.rho, 1e-12))

    def combine(self, x: Array) -> Array:
        """:math:`\\rho E + \\sum_i t_i (e_i p_i^T + p_i e_i^T)`."""
        half = np.zeros((self.n, self.n))
        half[:, self.d :] = self.U * x[:-1]
        total = half + half.T
        total[np.arange(self.d), np.arange(self.d)] += x[-1]
        return total

    def newton(self, x: Array, mu: float) -> _Step | None:
        try:
            C = np.asarray(np.linalg.cholesky(self.F0 + self.combine(x)), dtype=np.float64)
        except np.linalg.LinAlgError:
            return None
        R = _inverse(C)
        d = self.d
        B = R @ self.U
        Be = B[d:]
        gradient = np.append(-2 * np.diagonal(Be), 1 / mu - np.trace(R[:d, :d]))
        H = np.empty((self.n - d + 1,) * 2)
        H[:-1, :-1] = 2 * (R[d:, d:] * (self.U.T @ B) + Be * Be.T)
        H[:-1, -1] = H[-1, :-1] = 2 * np.sum(R[:d, d:] * B[:d], axis=0)
        H[-1, -1] = np.sum(R[:d, :d] ** 2)
        if not (np.isfinite(H).all() and (np.diagonal(H) > 0).all()):
            return None
        direction = _solve(H, -gradient)
        delta = self.combine(direction)
        curvatures = _congruent_eigenvalues(C, delta)
        inside = R[:, self.last]
        Z = mu * (inside[self.last] - inside.T @ delta @ inside)
        dual = -float(np.sum(self.F0[self.last, self.last] * Z))
        lower = dual if curvatures[-1] < 1 else 0.0  # beyond that Z is not positive definite
        return _Step(direction, -float(gradient @ direction), curvatures, lower)

    def line_search(self, x: Array, step: _Step, mu: float) -> Array | None:
        """The minimum along the step, found exactly, then halved until Cholesky agrees."""
        slope = step.direction[-1] / mu
        length = _minimum(slope, step.curvatures)
        for _ in range(30):
            moved = x + length * step.direction
            if self._feasible(moved):
                return np.asarray(moved)
            length /= 2
        return None

    def _feasible(self, x: Array) -> bool:
        if not (x > 0).all():
            return False
        return int(lapack.dpotrf(self.F0 + self.combine(x), lower=1)[1]) == 0


def _inverse(C: Array) -> Array:
    R, _ = lapack.dpotri(C, lower=1)
    R = np.tril(R)
    return np.asarray(R + np.tril(R, -1).T)


def _congruent_eigenvalues(C: Array, delta: Array) -> Array:
    half = lapack.dtrtrs(C, delta, lower=1)[0]
    return np.asarray(eigvalsh(lapack.dtrtrs(C, half.T, lower=1)[0], check_finite=False))


def _solve(H: Array, right: Array) -> Array:
    """With a diagonal scaled to 1, and a little more of it if H has lost its definiteness."""
    scale = 1 / np.sqrt(np.diagonal(H))
    scaled = H * scale * scale[:, None]
    for ridge in (0.0, 1e-14, 1e-12, 1e-10):
        try:
            factor = cho_factor(scaled + ridge * np.eye(len(H)), lower=True)
            return np.asarray(scale * cho_solve(factor, scale * right))
        except np.linalg.LinAlgError:
            continue
    return np.asarray(scale * solve(scaled, scale * right, assume_a="sym"))


def _minimum(slope: float, curvatures: Array) -> float:
    r"""The s > 0 that minimises :math:`s \cdot \mathrm{slope} - \sum_j \ln(1 + s \lambda_j)`."""
    most = -0.99 / curvatures[0] if curvatures[0] < -1e-12 else 1e3
    low, high, s = 0.0, float(most), float(min(1.0, most / 2))
    for _ in range(60):  # Newton's method, halving where it would leave
        shares = curvatures / (1 + s * curvatures)
        excess = slope - float(shares.sum())
        low, high = (low, s) if excess > 0 else (s, high)
        newton = s - excess / max(float(shares @ shares), 1e-300)
        moved = newton if low <= newton <= high else (low + high) / 2
        if abs(moved - s) <= 1e-10 * s:
            break
        s = moved
    return moved
