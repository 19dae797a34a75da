"""The map of asymptotic risks beside a loop of root finders, and the trainer beside a cone solver.

The loop solves the same two equations one point at a time, with SciPy's Brent inside and outside.
"""

import importlib.util
import math
from collections.abc import Iterator

import numpy as np
from scipy import linalg, optimize, special

from benchmarks._race import Race
from lipkit.networks import sample_random_features
from lipkit.regression import adversarial_least_squares
from lipkit.theory.adversarial_features import asymptotic_risk

KAPPA = 1 - 2 / math.pi


def races() -> Iterator[Race]:
    """One point, 400 points of a map (time grows in proportion), and n = N = 400."""
    psi1 = np.geomspace(0.5, 1.9, 20)
    eps = np.geomspace(0.2, 0.5, 20)
    yield Race(
        "asymptotic risk, one point",
        "loop over SciPy's brentq",
        goal=1.0,
        ours=lambda: asymptotic_risk(1.0, 2.0, tau2=0.25, eps=0.5).standard_risk,
        theirs=lambda: loop(1.0, 2.0, 0.25, 0.5),
    )
    yield Race(
        "asymptotic risk, map of 20 x 20 points",
        "loop over SciPy's brentq",
        goal=0.05,
        ours=lambda: mean_risk(psi1, eps),
        theirs=lambda: float(np.mean([loop(a, 2.0, 0.25, e) for a in psi1 for e in eps])),
        repeats=3,
    )
    if importlib.util.find_spec("cvxpy"):
        F, y = training_set()
        yield Race(
            "adversarial least squares, n = N = 400",
            "cvxpy, Clarabel",
            goal=0.2,
            ours=lambda: adversarial_least_squares(F, y, 0.5, tol=1e-6).objective,
            theirs=lambda: cone(F, y, 0.5),
            repeats=3,
        )


def mean_risk(psi1: np.ndarray, eps: np.ndarray) -> float:
    """The map, averaged to one number."""
    return float(asymptotic_risk(psi1[:, None], 2.0, tau2=0.25, eps=eps).standard_risk.mean())


def training_set() -> tuple[np.ndarray, np.ndarray]:
    """d = 200, n = N = 400, with the gradient matrix taken into the features."""
    rng = np.random.default_rng(0)
    features = sample_random_features(200, 400, activation="shifted_relu", rng=rng)
    X = rng.normal(size=(400, 200))
    L = linalg.cholesky(features.gradient_matrix(), lower=True)
    F = linalg.solve_triangular(L, features.features(X).T, lower=True).T
    return F, X[:, 0] + 0.5 * rng.normal(size=400)


def cone(F: np.ndarray, y: np.ndarray, eps: float) -> float:
    """The same program as a second-order cone program."""
    import cvxpy

    phi, t, m = cvxpy.Variable(F.shape[1]), cvxpy.Variable(), cvxpy.Variable(len(y))
    limits = [cvxpy.abs(y - F @ phi) + eps * t <= m, cvxpy.norm(phi) <= t]
    problem = cvxpy.Problem(cvxpy.Minimize(cvxpy.sum_squares(m) / 2), limits)
    return float(problem.solve(solver=cvxpy.CLARABEL))


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
