"""Asymptotic risks beside a clock and a loop of root finders; the trainer beside cone solvers.

The loop solves the same two equations one point at a time, with SciPy's Brent inside and outside.
"""

import importlib.util
import math
import time
from collections.abc import Iterator
from typing import Any

import numpy as np
from scipy import linalg, optimize, special

from benchmarks._race import Race
from lipkit.networks import sample_random_features
from lipkit.regression import adversarial_least_squares
from lipkit.theory.adversarial_features import asymptotic_risk

KAPPA = 1 - 2 / math.pi
GAP = 1e-6  # a solver whose relative gap is larger is not valid
SIDE, EVERY = 100, 5  # of the map; the loop takes every fifth row and column
PSI1, RADII = np.geomspace(0.5, 1.9, SIDE), np.geomspace(0.2, 0.5, SIDE)
TIGHT = (1e-4, 1e-5, 1e-6, 1e-7)
SOLVERS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("CLARABEL", {}),
    ("CLARABEL", {"tol_gap_abs": GAP, "tol_gap_rel": GAP, "tol_feas": GAP}),
    *(("SCS", {"eps_abs": eps, "eps_rel": eps, "max_iters": 20_000}) for eps in TIGHT),
)


def races() -> Iterator[Race]:
    """One point, also beside a clock; a map, with a loop at some of its points; n = N = 400."""
    yield Race(
        "asymptotic risk, one point",
        "a clock: 10 ms",
        goal=1.0,
        ours=point,
        theirs=ten_milliseconds,
    )
    yield Race(
        "asymptotic risk, one point",
        "SciPy's brentq, twice",
        goal=1.0,
        ours=point,
        theirs=lambda: loop(1.0, 2.0, 0.25, 0.5),
    )
    yield Race(  # 20 times the loop over all points is 20 / 25 of the loop over these
        f"asymptotic risk, map of {SIDE} x {SIDE} points",
        f"brentq at {(SIDE // EVERY) ** 2} of them",
        goal=EVERY**2 / 20,
        ours=map_of_risks,
        theirs=lambda: mean(loop(a, 2.0, 0.25, e) for a in PSI1[::EVERY] for e in RADII[::EVERY]),
        repeats=3,
    )
    if importlib.util.find_spec("cvxpy"):
        F, y = training_set()
        name, options = fastest_valid(F, y, 0.5)
        yield Race(
            "adversarial least squares, n = N = 400",
            f"cvxpy, {name} {options.get('eps_abs', options.get('tol_feas', ''))}".rstrip(),
            goal=0.2,
            ours=lambda: adversarial_least_squares(F, y, 0.5, tol=GAP).objective,
            theirs=lambda: cone(F, y, 0.5, name, options),
            repeats=3,
        )


def point() -> float:
    """The limit at one setting."""
    return float(asymptotic_risk(1.0, 2.0, tau2=0.25, eps=0.5).standard_risk)


def ten_milliseconds() -> float:
    """What one point may take, of the processor: other work on the machine slows both."""
    end = time.process_time() + 0.01
    while time.process_time() < end:
        pass
    return math.nan


def map_of_risks() -> float:
    """All of the map, and the mean over the points that the loop takes too."""
    found = asymptotic_risk(PSI1[:, None], 2.0, tau2=0.25, eps=RADII).standard_risk
    return float(found[::EVERY, ::EVERY].mean())


def mean(values: Iterator[float]) -> float:
    """Of an iterator."""
    return float(np.mean(list(values)))


def training_set() -> tuple[np.ndarray, np.ndarray]:
    """d = 200, n = N = 400, with the gradient matrix taken into the features."""
    rng = np.random.default_rng(0)
    features = sample_random_features(200, 400, activation="shifted_relu", rng=rng)
    X = rng.normal(size=(400, 200))
    L = linalg.cholesky(features.gradient_matrix(), lower=True)
    F = linalg.solve_triangular(L, features.features(X).T, lower=True).T
    return F, X[:, 0] + 0.5 * rng.normal(size=400)


def fastest_valid(F: np.ndarray, y: np.ndarray, eps: float) -> tuple[str, dict[str, Any]]:
    """The solver and its accuracy that take the least time and end within the gap."""
    least = adversarial_least_squares(F, y, eps, tol=1e-8).objective

    def seconds(candidate: tuple[str, dict[str, Any]]) -> float:
        start = time.perf_counter()
        gap = cone(F, y, eps, *candidate) / least - 1
        return time.perf_counter() - start if gap <= GAP else math.inf

    return min(SOLVERS, key=seconds)


def cone(F: np.ndarray, y: np.ndarray, eps: float, solver: str, options: dict[str, Any]) -> float:
    """The same program as a second-order cone program; the loss of the weights that it finds."""
    import cvxpy

    phi, t, m = cvxpy.Variable(F.shape[1]), cvxpy.Variable(), cvxpy.Variable(len(y))
    limits = [cvxpy.abs(y - F @ phi) + eps * t <= m, cvxpy.norm(phi) <= t]
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(m) / 2), limits)
    problem.solve(solver=solver, **options)
    worst = np.abs(y - F @ phi.value) + eps * np.linalg.norm(phi.value)
    return float(worst @ worst) / 2


def loop(psi1: float, psi2: float, tau2: float, eps: float) -> float:
    """The risk at one point, ReLU: a scan, Brent, and Brent inside; nan in the zero phase."""

    def outer(log_nu: float) -> tuple[float, float]:
        nu = math.exp(log_nu)
        inner = lambda x: terms(nu, math.exp(x), psi1, psi2, tau2, eps)[0]  # noqa: E731
        if inner(80.0) <= 0:
            return math.nan, math.nan
        x = optimize.brentq(inner, -80, 80, xtol=1e-13)
        return terms(nu, math.exp(x), psi1, psi2, tau2, eps)[1:]

    top = math.sqrt(2) * special.erfinv(psi1 / psi2) if psi1 < psi2 else 60.0
    grid = np.linspace(math.log(1e-24), math.log(top) - 1e-10, 80)
    values = [outer(x)[0] for x in grid]
    for low, high, a, b in zip(grid[:-1], grid[1:], values[:-1], values[1:], strict=True):
        if a > 0 >= b:
            root = optimize.brentq(lambda x: outer(x)[0], low, high, xtol=1e-13)
            return outer(root)[1]
    return math.nan


def terms(
    nu: float, p: float, psi1: float, psi2: float, tau2: float, eps: float
) -> tuple[float, float, float]:
    """What the first and the second equation leave, and the risk."""
    out, dens = math.erfc(nu / math.sqrt(2)), math.sqrt(2 / math.pi) * math.exp(-(nu**2) / 2)
    free = (1 + p * math.erf(nu / math.sqrt(2))) / (1 + p)
    omega = eps**2 / (p * free) * (1 + (dens - nu * out) / (nu * (1 + p)))
    lam = 1 / (1 + omega)
    mix = lam * (KAPPA + omega)
    m, m2 = resolvent(mix, psi1)
    degrees = lam * psi1 * (1 + (KAPPA - mix) * m)
    first = degrees - psi2 * free

    def q(a: float, b: float) -> float:
        return lam**2 * psi1 * (1 + (a + b - 2 * mix) * m + (a - mix) * (b - mix) * m2)

    explained = psi1 * (1 - KAPPA * resolvent(KAPPA, psi1)[0])
    bias = q(0, KAPPA) - 2 * lam * psi1 * (1 - mix * m) + 1 + tau2
    moved = special.gammainc(1.5, nu**2 / 2)
    moved += (out + nu * dens + 2 * p * nu * dens + (p * nu) ** 2 * out) / (1 + p) ** 2
    room = degrees**2 / psi2 - q(KAPPA, KAPPA) * moved
    if room <= 0 or explained > 1:
        return first, math.nan, math.nan
    eta2 = bias * moved / room
    risk, slope = bias + eta2 * q(KAPPA, KAPPA), q(0, 1) + eta2 * q(KAPPA, 1)
    return first, math.log(eps) + math.log(slope / risk) / 2 - math.log(nu * p), risk


def resolvent(k: float, psi1: float) -> tuple[float, float]:
    """m(k) and minus its derivative."""
    a = 1 - psi1 + k
    root = math.sqrt(a**2 + 4 * psi1 * k)
    m = 2 / (a + root) if a > 0 else (root - a) / (2 * psi1 * k)
    return m, (psi1 * m**2 + m) / root
