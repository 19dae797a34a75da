"""The graders of the chapter: who passes, and who is caught by which check."""

import math

import numpy as np
import pytest
from scipy import integrate, stats

from lipkit import regression
from lipkit.experiments.surrogate_runs import surrogate_runs
from lipkit.networks import Activation, activation_constants
from lipkit.teach import check, variant
from lipkit.theory import adversarial_features as theory
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading

SLUG = "adversarial-random-features"


# -- ex3 -----------------------------------------------------------------------------------------
def by_solving(Z, y, J2):
    n, N = Z.shape
    if n > N:
        return 0
    a = np.linalg.solve(Z @ np.linalg.solve(J2, Z.T), y)
    return np.sqrt(y @ a) / (n * np.abs(a).max())


def by_whitening(Z, y, J2):
    if len(y) > Z.shape[1]:
        return np.zeros(1)
    F = np.linalg.solve(np.linalg.cholesky(J2), Z.T)
    phi = np.linalg.pinv(F.T) @ y
    a = np.linalg.lstsq(F, phi, rcond=None)[0]
    return np.linalg.norm(phi) / (len(y) * np.max(np.abs(a)))


def other_end(Z, y, J2):
    return np.sqrt(y @ Z @ np.linalg.solve(J2, Z.T @ y)) / np.abs(y).sum()


def never_none(Z, y, J2):
    a = np.linalg.lstsq(Z @ np.linalg.solve(J2, Z.T), y, rcond=None)[0]
    return np.sqrt(abs(y @ a)) / (len(y) * np.abs(a).max())


def no_gradients(Z, y, J2):
    return by_solving(Z, y, np.eye(len(J2)))


def spoiling(Z, y, J2):
    value = by_solving(Z, y, J2)
    y *= 0
    return value


# -- ex4 -----------------------------------------------------------------------------------------
def forty(d, seeds=range(40)):
    one = surrogate_runs.params("test") | {"psi1": (4.0,), "d": d}
    found = [surrogate_runs(one, seed) for seed in seeds]
    return {name: np.array([run[name].item() for run in found]) for name in found[0]}


SMALL, LARGE = forty(16), forty(64)
FITTED = SMALL["fitted"].mean()
FACTOR = SMALL["standard"].std(ddof=1) / LARGE["standard"].std(ddof=1)


def answer(fitted=FITTED, factor=FACTOR):
    return {"fitted": fitted, "factor": factor}


def pair(kappa=1 / 6, kappa_j=1 / 2):
    return {"kappa": kappa, "kappa_j": kappa_j}


RICH = math.sqrt(math.pi * (3 - 5**0.5) / 5)
NEURON = 2 * stats.norm.cdf(1) + stats.norm.pdf(1)

TABLE = {
    "ex1": Answers(
        right=[pair(), pair(0.1667, 0.5), {"kappa_j": np.array(0.5), "kappa": 2 / 12}],
        wrong=[
            ("not over μ₁²", pair(kappa=2 / 3), "kappa: κ"),
            ("z³ taken for He₃", pair(kappa=15 / 9), "kappa: κ"),
            ("linear part kept", pair(kappa=(15 / 9 + 2 + 1) / 4), "kappa: κ"),
            ("over μ₁", pair(kappa=1 / 3), "kappa: κ"),
            ("He₃ of variance one", pair(kappa=1 / 36), "kappa: κ"),
            ("twice κ", pair(kappa_j=1 / 3), "kappa_j: κ_J"),
            ("linear slope kept", pair(kappa_j=6 / 4), "kappa_j: κ_J"),
            ("one number", 3.0, "the form of the answer"),
        ],
        secrets=[1 / 6, 0.5],
    ),
    "ex2": Answers(
        right=[RICH, 0.693, theory.eps_max(1, 1e13, 0.25)],
        wrong=[
            ("its square", RICH**2, "the radius"),
            ("no noise in the labels", RICH * math.sqrt(1.25), "the radius"),
            ("the bound", math.sqrt(math.pi / 2), "the radius"),
            ("κ in place of κ_J", 0.8205, "the radius"),
            ("root mean square of y", RICH * math.sqrt(2 / math.pi), "the radius"),
            ("finite data", theory.eps_max(1, 2, 0.25), "the radius"),
        ],
        secrets=[RICH, 0.382],
    ),
    "ex3": Answers(
        right=[by_solving, by_whitening],
        wrong=[
            ("no gradient matrix", no_gradients, "the radius"),
            ("n forgotten", lambda *a: len(a[1]) * by_solving(*a), "the radius"),
            ("no root", lambda Z, y, J2: by_solving(Z, y, J2) ** 2, "the radius"),
            ("the other end", other_end, "the radius"),
            ("narrow models as well", never_none, "the radius"),
            ("changes its input", spoiling, "leaves its input as it was"),
        ],
        secrets=["np.linalg", "solve("],
    ),
    "ex4": Answers(
        right=[answer(), answer(round(FITTED, 3), round(FACTOR, 2)), answer(float(FITTED))],
        wrong=[
            ("64 inputs", answer(LARGE["fitted"].mean()), "fitted: the share"),
            ("the limit", answer(0.7028990), "fitted: the share"),
            ("a count", answer(FITTED * 32), "fitted: the share"),
            ("upside down", answer(factor=1 / FACTOR), "factor: the factor"),
            ("variances", answer(factor=FACTOR**2), "factor: the factor"),
            ("exactly the law", answer(factor=2.0), "factor: the factor"),
            ("a number", 2.0, "the form of the answer"),
        ],
        secrets=[FITTED, FACTOR],
    ),
    "ex5": Answers(
        right=[NEURON, 1.925, 2 * 0.8413447 + 0.2419707],
        wrong=[
            ("the formula", 0.5 * (2 + 2 * math.sqrt(2 / math.pi)), "the robust risk"),
            ("one-sided", 1.0, "the robust risk"),
            ("standard", 0.5, "the robust risk"),
            ("no kink", 2.0, "the robust risk"),
            ("as text", "two", "the form of the answer"),
        ],
        secrets=[NEURON, "0.8413"],
    ),
}


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / f"chapters/{SLUG}.md").read_text()
    code = text[text.index("def fitting_radius(") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    assert check(f"{SLUG}.ex3", space["fitting_radius"])


class TestGraders(Grading):
    slug, table = SLUG, TABLE


def failure(label, given, **options):
    return next(r for r in check(f"{SLUG}.{label}", given, **options).results if not r.passed)


@pytest.mark.parametrize(
    ("label", "given", "hint"),
    [
        ("ex1", pair(kappa=15 / 9), "not He₃"),
        ("ex1", pair(kappa=1 / 36), "variance 3!"),
        ("ex1", pair(kappa_j=6 / 4), "mean squared slope"),
        ("ex1", pair(kappa_j=1 / 3), "which degree"),
        ("ex2", RICH * math.sqrt(1.25), "contain the noise"),
        ("ex2", 0.8205, "not at κ"),
        ("ex2", RICH**2, "square"),
        ("ex3", no_gradients, "missing from K"),
        ("ex3", lambda *a: len(a[1]) * by_solving(*a), "Which sum"),
        ("ex4", answer(LARGE["fitted"].mean()), "64 inputs"),
        ("ex4", answer(factor=FACTOR**2), "not a variance"),
        ("ex5", 0.5 * (2 + 2 * math.sqrt(2 / math.pi)), "not moved across"),
        ("ex5", 2.0, "far side"),
    ],
)
def test_the_hint_fits_the_mistake(label, given, hint):
    assert hint in failure(label, given).hint


@pytest.mark.parametrize("student", range(8))
def test_students_have_their_own_numbers(student):
    b = 1 / variant(f"{SLUG}.ex1", student)["third"]
    cubic = Activation(
        "cubic", lambda z: z + b * z**3, lambda z: 1 + 3 * b * z**2, (-math.inf, math.inf)
    )
    c = activation_constants(cubic)
    assert check(f"{SLUG}.ex1", pair(c.kappa, c.kappa_j), student_id=student)
    own = variant(f"{SLUG}.ex2", student)
    radius = theory.eps_max(own["psi1"], 1e13, own["tau2"])
    assert check(f"{SLUG}.ex2", radius, student_id=student)
    eps = variant(f"{SLUG}.ex5", student)["eps"]
    risk, _ = integrate.quad(lambda z: max(z + eps, 0) ** 2 * stats.norm.pdf(z), -eps, 12)
    assert check(f"{SLUG}.ex5", risk, student_id=student)


def test_ex3_is_the_edge_of_the_interpolating_fits():
    draws = np.random.default_rng(0)
    Z, y = draws.normal(size=(8, 20)), draws.normal(size=8)
    edge = by_solving(Z, y, np.eye(20))
    below, above = (
        regression.adversarial_least_squares(Z, y, share * edge) for share in (0.999, 1.01)
    )
    assert below.interpolated.all()
    assert not above.interpolated.all()


def test_ex5_is_what_an_attack_finds():
    draws = np.random.default_rng(0)
    X = draws.normal(size=(20_000, 1))
    hit = regression.attack([1.0], [[1.0]], X, np.zeros(len(X)), 1.0, starts=4)
    square = hit.residuals**2
    assert square.mean() == pytest.approx(NEURON, abs=5 * square.std() / math.sqrt(len(X)))
    assert square.mean() > regression.rf_risks([1.0], [[1.0]], [0.0], 0.0, 1.0).robust + 0.05
