"""The two scalar equations: the zero phase, the plateau, and one root in between."""

from dataclasses import dataclass

import numpy as np
from scipy import special

from lipkit._validate import Array
from lipkit.theory.adversarial_features._columns import Columns, Index, Mask
from lipkit.theory.adversarial_features._problem import Estimator, Problem
from lipkit.theory.adversarial_features._roots import find_root
from lipkit.theory.adversarial_features._threshold import Threshold

_RANGE = 80.0  # of log p
_SCAN = 100
_CHUNK = 1000
FITTED = 8.5  # beyond this nu all training points are fitted: P(|Z| > nu) < 2e-17


@dataclass(frozen=True)
class Solution(Columns):
    r"""ν and p, the effective noise η, the risk A² and the gradient norm s."""

    nu: Array
    p: Array
    lam: Array
    omega1: Array
    eta: Array
    risk: Array
    grad_norm: Array

    @classmethod
    def empty(cls, size: int) -> "Solution":
        """NaN everywhere, to be filled."""
        return cls(*(np.full(size, np.nan) for _ in range(7)))

    def put(self, index: Index, other: "Solution") -> None:
        """Overwrite these entries."""
        for name, value in vars(other).items():
            getattr(self, name)[index] = value


def zero_threshold(problem: Problem) -> Array:
    r""":math:`\varepsilon_{\max}`, from which on the trained model is 0. [Digest, 5.5.]"""
    t = problem.resolvent(problem.kappa_j, problem.psi1)
    null = 1.0 + problem.tau2
    extra = problem.extra
    tail = np.divide(extra, problem.kappa_j, out=np.zeros_like(extra), where=extra > 0)
    noise = problem.kappa * (tail + t.first) + t.x_first
    return np.sqrt(np.pi / (2 * null) * (t.x_first + null / problem.psi2 * noise))


def plateau(problem: Problem) -> Solution:
    r"""The interpolator of least gradient, with any ridge; needs psi1 > psi2. [Digest, 5.6.]"""
    rate = problem.ridge / problem.eps**2

    def degrees(x: Array, problem: Problem, rate: Array) -> Array:
        weight = np.exp(x)
        return Estimator(problem, weight, rate * weight).degrees - problem.psi2

    ends = np.full_like(problem.psi1, _RANGE)
    omega = np.exp(find_root(degrees, -ends, ends, problem, rate))
    estimator = Estimator(problem, omega, rate * omega)
    with np.errstate(divide="ignore", invalid="ignore"):
        eta2 = _positive(estimator.c0 / (problem.psi2 - estimator.a1))
    risk, slope = estimator.c0 + eta2 * estimator.a1, estimator.b0 + eta2 * estimator.b1
    s = np.sqrt(slope)
    nu = s * omega / (problem.eps * np.sqrt(risk))
    p = problem.eps**2 / omega
    return Solution(nu, p, estimator.lam, omega, np.sqrt(eta2), risk, s)


def at_threshold(problem: Problem, nu: Array, guess: Array | None = None) -> tuple[Solution, Array]:
    r"""The first equation solved for p at this ν, and by how much the second fails (log).

    ``guess`` (2, n) is an interval of log p to try first.
    """
    threshold = Threshold.at(nu)
    p = np.exp(_solve_degrees(problem, threshold, guess))
    omega1 = threshold.penalty(p, problem.eps)
    estimator = Estimator(problem, omega1, problem.ridge / (p * threshold.degrees(p)))
    moved2 = threshold.moved2(p)
    room = estimator.degrees**2 / problem.psi2 - estimator.a1 * moved2
    with np.errstate(divide="ignore", invalid="ignore"):
        eta2 = _positive(estimator.c0 * moved2 / room)
    risk, slope = estimator.c0 + eta2 * estimator.a1, estimator.b0 + eta2 * estimator.b1
    s = np.sqrt(slope)
    solution = Solution(nu, p, estimator.lam, omega1, np.sqrt(eta2), risk, s)
    return solution, np.log(problem.eps) + np.log(slope / risk) / 2 - np.log(nu) - np.log(p)


def _solve_degrees(problem: Problem, threshold: Threshold, guess: Array | None) -> Array:
    ends = np.full_like(threshold.nu, _RANGE)
    low, high = (-ends, ends) if guess is None else guess
    x = find_root(_degrees_gap, low, high, problem, threshold)
    failed = np.isnan(x)
    if guess is not None and failed.any():
        x[failed] = _solve_degrees(problem[failed], threshold[failed], None)
    return x


def _degrees_gap(x: Array, problem: Problem, threshold: Threshold) -> Array:
    p = np.exp(x)
    degrees = threshold.degrees(p)
    omega1 = threshold.penalty(p, problem.eps)
    estimator = Estimator(problem, omega1, problem.ridge / (p * degrees))
    return estimator.degrees - problem.psi2 * degrees


def interior(problem: Problem) -> Solution:
    """The root with nu > 0; NaN where the scan finds no sign change from + to -, or several."""
    parts = [
        _interior(problem[start : start + _CHUNK]) for start in range(0, len(problem.psi1), _CHUNK)
    ]
    return Solution(*(np.concatenate(column) for column in zip(*map(_values, parts), strict=True)))


def _interior(problem: Problem) -> Solution:
    x = _scan_points(problem)
    p, gap = _scanned(problem, x)
    hidden = np.flatnonzero(_hidden(gap))
    if len(hidden):
        x[hidden] = _last_step(x[hidden], gap[hidden])
        p[hidden], gap[hidden] = _scanned(problem[hidden], x[hidden])
    low, high = _brackets(gap)
    found = np.flatnonzero(low >= 0)
    solution = Solution.empty(len(x))
    ends = x[found, low[found]], x[found, high[found]]
    logs = np.log(p[found, low[found]]), np.log(p[found, high[found]])
    solution.put(found, _between(problem[found], ends, logs))
    return solution


def _between(problem: Problem, ends: tuple[Array, Array], logs: tuple[Array, Array]) -> Solution:
    """The root between two values of log nu, where log p is ``logs``, and nearly linear between."""
    rise = logs[1] - logs[0]
    line = ends[0], logs[0], rise / (ends[1] - ends[0]), 0.05 + np.abs(rise) / 5

    def solved(
        x: Array, problem: Problem, start: Array, level: Array, slope: Array, reach: Array
    ) -> tuple[Solution, Array]:
        near = level + slope * (x - start)
        return at_threshold(problem, np.exp(x), np.stack([near - reach, near + reach]))

    root = find_root(lambda *given: solved(*given)[1], *ends, problem, *line)
    return solved(root, problem, *line)[0]


def blurred(problem: Problem, solution: Solution) -> Mask:
    """Where rounding leaves fewer than five digits: at psi1 = psi2 all hangs on 1 - d_f."""
    left = Threshold.at(solution.nu).outside * solution.p / (1 + solution.p)
    return np.asarray((problem.psi1 == problem.psi2) & (left < 1e-11))


def _scan_points(problem: Problem) -> Array:
    """Values of log nu, evenly from far below the root up to what is feasible."""
    ratio = np.minimum(problem.psi1 / problem.psi2, 1.0)
    top = np.where(ratio < 1, np.sqrt(2) * special.erfinv(ratio), 60.0)
    top = np.log(np.minimum(top, 60.0))
    bottom = np.log(1e-36) + np.minimum(np.log(problem.eps), 0.0)
    share = np.linspace(0, 1 - 1e-12, _SCAN)
    return np.asarray(bottom[:, None] + (top - bottom)[:, None] * share)


def _scanned(problem: Problem, x: Array) -> tuple[Array, Array]:
    """p and the gap at every log nu of a row."""
    rows = np.repeat(np.arange(len(x)), x.shape[1])
    solution, gap = at_threshold(problem[rows], np.exp(x.ravel()))
    return solution.p.reshape(x.shape), gap.reshape(x.shape)


def _hidden(gap: Array) -> Mask:
    """Rows where the gap is positive as far as it can be computed, and that is not to the end."""
    feasible = np.isfinite(gap)
    positive = np.all((gap > 0) | ~feasible, axis=1) & feasible.any(axis=1)
    return np.asarray(positive & ~feasible[:, -1])


def _last_step(x: Array, gap: Array) -> Array:
    """As many points between the last feasible one and its neighbour."""
    last = gap.shape[1] - 1 - np.argmax(np.isfinite(gap[:, ::-1]), axis=1)
    rows = np.arange(len(x))
    return np.linspace(x[rows, last], x[rows, last + 1], x.shape[1], axis=1)


def _brackets(gap: Array) -> tuple[Index, Index]:
    """Neighbours among the feasible columns where the gap goes from + to -; -1 if not one pair."""
    low, high = np.full((2, len(gap)), -1)
    for i, row in enumerate(gap):
        feasible = np.flatnonzero(np.isfinite(row))
        signs = row[feasible] > 0
        changes = np.flatnonzero(signs[1:] != signs[:-1])
        if len(changes) == 1 and signs[changes[0]]:
            low[i], high[i] = feasible[changes[0]], feasible[changes[0] + 1]
    return low, high


def _positive(value: Array) -> Array:
    return np.where((value > 0) & np.isfinite(value), value, np.nan)


def _values(solution: Solution) -> tuple[Array, ...]:
    return tuple(vars(solution).values())
