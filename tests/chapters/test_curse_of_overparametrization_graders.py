"""The graders of the chapter: who passes, and who is caught by which check."""

import math

import numpy as np
import pytest
from scipy import optimize

from lipkit.networks import activation_constants
from lipkit.teach import check, variant
from lipkit.theory import adversarial_features as theory
from tests.teach.grading import Answers, Grading

SLUG = "curse-of-overparametrization"


# -- ex1 -----------------------------------------------------------------------------------------
def straight(c=0.7294, risk=0.7871):
    return {"c": c, "risk": risk}


def by_slope(tau2, eps):
    def slope(c):
        A = math.sqrt(tau2 + (1 - c) ** 2)
        cross = 2 * math.sqrt(2 / math.pi) * eps
        return -2 * (1 - c) + cross * (A - c * (1 - c) / A) + 2 * eps**2 * c

    c = optimize.brentq(slope, 0.0, 1.0)
    return straight(c, theory.adversarial_risk(tau2 + (1 - c) ** 2, c, eps))


# -- ex2 -----------------------------------------------------------------------------------------
ERF = activation_constants("erf")
DEAR, CHEAP = ERF.kappa / ERF.kappa_j * 2000, 100 * ERF.kappa


def prices(gradient=DEAR, norm=CHEAP):
    return {"gradient": gradient, "norm": norm}


# -- ex3 -----------------------------------------------------------------------------------------
def by_multipliers(Z, y, J2):
    G = np.linalg.solve(J2, Z.T)
    return G @ np.linalg.solve(Z @ G, y)


def by_whitening(Z, y, J2):
    L = np.linalg.cholesky(J2)
    phi = np.linalg.lstsq(np.linalg.solve(L, Z.T).T, y, rcond=None)[0]
    return list(np.linalg.solve(L.T, phi))


def by_kkt(Z, y, J2):
    n, width = Z.shape
    system = np.block([[J2, -Z.T], [Z, np.zeros((n, n))]])
    return np.linalg.solve(system, np.concatenate([np.zeros(width), y]))[:width]


def least_norm(Z, y, J2):
    return np.linalg.pinv(Z) @ y


def ridge(Z, y, J2):
    return np.linalg.solve(Z.T @ Z + 1e-2 * J2, Z.T @ y)


def white(Z, y, J2):
    return np.linalg.cholesky(J2).T @ by_multipliers(Z, y, J2)


def spoiling(Z, y, J2):
    theta = by_multipliers(Z, y, J2)
    J2 *= 2
    return theta


# -- ex4 and ex5 ---------------------------------------------------------------------------------
def crossing(activation="erf"):
    def above(x):
        risk = theory.asymptotic_risk(math.exp(x), 4, tau2=0.01, eps=0.25, activation=activation)
        return risk.adversarial_risk - 1.01

    return math.exp(optimize.brentq(above, math.log(50), math.log(900)))


FROM = crossing()
TOP = -optimize.minimize_scalar(
    lambda x: (
        -float(
            theory.asymptotic_risk(
                math.exp(x), 4, tau2=0.01, eps=0.25, activation="erf"
            ).adversarial_risk
        )
    ),
    bounds=(5, 9),
    method="bounded",
).fun


def factor(psi1):
    near = theory.min_gradient_interpolator_theory(psi1, 4, 0.01)
    return theory.adversarial_risk(*near, 0.25) / theory.adversarial_risk(
        *theory.rf_ridge_theory(psi1, 4, 0.01), 0.25
    )


def crossed(start=FROM, highest=TOP):
    return {"from": start, "highest": highest}


def factors(wide=4.62, narrow=0.999):
    return {"wide": wide, "narrow": narrow}


TABLE = {
    "ex1": Answers(
        right=[straight(), straight(0.729, 0.787), by_slope(0.25, 0.5)],
        wrong=[
            ("the teacher", straight(c=1.0), "c: the multiple"),
            ("a ridge", straight(c=0.8), "c: the multiple"),
            ("nothing", straight(c=0.0), "c: the multiple"),
            ("the teacher's risk", straight(risk=0.8989), "risk: the risk"),
            ("no noise", straight(risk=0.5371), "risk: the risk"),
            ("the null risk", straight(risk=1.25), "risk: the risk"),
            ("the standard risk", straight(risk=0.25 + 0.2706**2), "risk: the risk"),
            ("one number", 3.0, "the form of the answer"),
        ],
        secrets=[0.7294, 0.7871],
    ),
    "ex2": Answers(
        right=[prices(), prices(554, 9.46), {"norm": 100 * 0.0945915, "gradient": 553.75}],
        wrong=[
            (
                "upside down",
                prices(gradient=2000 * ERF.kappa_j / ERF.kappa),
                "gradient: under the least gradient",
            ),
            ("no κ_J", prices(gradient=2000 * ERF.kappa), "gradient: under the least gradient"),
            ("d for N", prices(gradient=DEAR / 20), "gradient: under the least gradient"),
            ("N for d", prices(norm=2000 * ERF.kappa), "norm: under the least norm"),
            ("with κ_J", prices(norm=DEAR / 20), "norm: under the least norm"),
            ("the ReLU", prices(norm=36.3), "norm: under the least norm"),
            ("a pair", (1.0, 2.0), "the form of the answer"),
        ],
        secrets=[DEAR, CHEAP],
    ),
    "ex3": Answers(
        right=[by_multipliers, by_whitening, by_kkt],
        wrong=[
            ("least norm", least_norm, "the interpolator"),
            ("a ridge", ridge, "the interpolator"),
            ("white coordinates", white, "the interpolator"),
            ("J for J²", lambda Z, y, J2: by_multipliers(Z, y, J2 @ J2), "the interpolator"),
            ("no model", lambda Z, y, J2: np.zeros(Z.shape[1]), "the interpolator"),
            ("changes its input", spoiling, "leaves its input as it was"),
        ],
        secrets=["np.linalg", "solve("],
    ),
    "ex4": Answers(
        right=[crossed(), crossed(240, 1.034), crossed(np.float64(241.0), 1.0341)],
        wrong=[
            ("the ReLU", crossed(crossing("relu")), "from: the crossing"),
            ("per point", crossed(FROM / 4), "from: the crossing"),
            ("the top", crossed(1005.0), "from: the crossing"),
            ("no noise in the null risk", crossed(197.7), "from: the crossing"),
            ("the null risk", crossed(highest=1.01), "highest: the highest"),
            ("a short sweep", crossed(highest=1.0225), "highest: the highest"),
            ("below", crossed(highest=0.99), "highest: the highest"),
            ("one number", 240, "the form of the answer"),
        ],
        secrets=[TOP],
    ),
    "ex5": Answers(
        right=[factors(), factors(factor(30), 1.0), factors(4.6, 0.99896)],
        wrong=[
            ("no difference", factors(wide=1.0), "wide: the wide model"),
            ("standard risks", factors(wide=14.0), "wide: the wide model"),
            ("upside down", factors(wide=1 / 4.62), "wide: the wide model"),
            ("the risk", factors(wide=0.8032), "wide: the wide model"),
            ("narrow as wide", factors(narrow=3.0), "narrow: the narrow model"),
            ("the risk of the narrow one", factors(narrow=1.00699), "narrow: the narrow model"),
            ("one number", 3.0, "the form of the answer"),
        ],
        secrets=[4.62, 0.99896],
    ),
}


class TestGraders(Grading):
    slug, table = SLUG, TABLE


@pytest.mark.parametrize("student", ["ada", "emmy", "sofia"])
def test_variants_have_answers_of_their_own(student):
    given = variant(f"{SLUG}.ex1", student)
    assert check(f"{SLUG}.ex1", by_slope(**given), student_id=student)
    given = variant(f"{SLUG}.ex2", student)
    right = prices(ERF.kappa / ERF.kappa_j * given["width"], ERF.kappa * given["d"])
    assert check(f"{SLUG}.ex2", right, student_id=student)
