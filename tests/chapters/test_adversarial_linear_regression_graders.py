"""The graders of the chapter: who passes, and who is caught by which check."""

import numpy as np
import pytest
from scipy import optimize

from lipkit.norms import dual_vector, vector_norm
from lipkit.regression import exact_recovery_radius
from lipkit.teach import check, variant
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading, giving


# -- ex2 -----------------------------------------------------------------------------------------
def by_dual_vector(theta, x, y, eps, p):
    return (-1.0 if y - theta @ x > 0 else 1.0) * eps * dual_vector(theta, p)


def by_powers(theta, x, y, eps, p):
    if not theta.any():
        return np.zeros_like(x)
    if p == 1:
        u = np.zeros_like(theta)
        u[np.argmax(np.abs(theta))] = np.sign(theta[np.argmax(np.abs(theta))])
    elif np.isinf(p):
        u = np.sign(theta)
    else:
        u = np.sign(theta) * np.abs(theta) ** (1 / (p - 1))
        u /= vector_norm(u, p)
    both = [eps * u, -eps * u]
    return max(both, key=lambda shift: abs(y - theta @ (x + shift)))


def sign_of_zero(theta, x, y, eps, p):
    return -np.sign(y - theta @ x) * eps * dual_vector(theta, p)


def always_along_theta(theta, x, y, eps, p):
    u = theta / max(vector_norm(theta, p), 1e-300)
    return (-1.0 if y - theta @ x > 0 else 1.0) * eps * u


def sign_step(theta, x, y, eps, p):
    return (-1.0 if y - theta @ x > 0 else 1.0) * eps * np.sign(theta)


# -- ex4 -----------------------------------------------------------------------------------------
def by_primal(X, beta):
    n, d = X.shape
    cost = np.concatenate([np.zeros(d), np.ones(n) / n])
    both = np.block([[X, -np.eye(n)], [-X, -np.eye(n)]])
    unit = np.concatenate([beta / np.linalg.norm(beta), np.zeros(n)])[None]
    bounds = [(None, None)] * d + [(0, None)] * n
    return optimize.linprog(cost, both, np.zeros(2 * n), unit, [1.0], bounds=bounds).fun


def spoiling(X, beta):
    X *= 2
    return exact_recovery_radius(X, beta) / 2


# -- ex3 -----------------------------------------------------------------------------------------
def robust(c, tau2=0.25, eps=0.5):
    A = np.sqrt(tau2 + (1 - c) ** 2)
    return A**2 + 2 * np.sqrt(2 / np.pi) * eps * c * A + (eps * c) ** 2


BEST = optimize.minimize_scalar(robust, bounds=(0, 1), method="bounded")


def multiple(c=BEST.x, risk=BEST.fun):
    return {"c": c, "risk": risk}


def losses(one=9.0, two=12.25, sup=20.25):
    return {"one": one, "two": two, "sup": sup}


LEVEL = float(np.sqrt(np.pi / 2))


def radii(axis=LEVEL, spread=LEVEL / 10):
    return {"axis": axis, "spread": spread}


TABLE = {
    "ex1": Answers(
        right=[losses(), {k: np.float32(v) for k, v in losses().items()}],
        wrong=[
            ("the same norm", losses(one=20.25, sup=9.0), "one: the loss"),
            ("not squared", losses(3.0, 3.5, 4.5), "one: the loss"),
            ("always ℓ2", losses(12.25, 12.25, 12.25), "one: the loss"),
            ("squares added", losses(two=1 + 2.5**2), "two: the loss"),
            ("radius forgotten", losses(sup=64.0), "sup: the loss"),
            ("one number", 9.0, "the form of the answer"),
        ],
        secrets=["‖θ‖₁", "‖θ‖∞", "4, 5 and 7"],
    ),
    "ex2": Answers(
        right=[by_dual_vector, by_powers],
        wrong=[
            ("the sign of zero", sign_of_zero, "as bad as can be"),
            ("always along θ", always_along_theta, "as bad as can be"),
            ("the wrong way", lambda *a: -sign_of_zero(*a), "as bad as can be"),
            ("signs in every norm", sign_step, "within the ball"),
            ("too long", lambda *a: 2 * by_dual_vector(*a), "within the ball"),
            ("nothing", lambda theta, x, y, eps, p: 0 * x, "as bad as can be"),
            ("a number", giving(1.0), "within the ball"),
        ],
        secrets=["dual_vector", "np.sign("],
    ),
    "ex3": Answers(
        right=[multiple(), multiple(round(BEST.x, 3), round(BEST.fun, 4))],
        wrong=[
            ("the teacher", multiple(1.0, robust(1.0)), "c: the multiple"),
            ("no middle term", multiple(1 / 1.25), "c: the multiple"),
            ("two digits", multiple(0.7), "c: the multiple"),
            ("the teacher's risk", multiple(risk=robust(1.0)), "risk: the least risk"),
            ("the null risk", multiple(risk=1.25), "risk: the least risk"),
            ("no noise", multiple(risk=BEST.fun - 0.25), "risk: the least risk"),
        ],
        secrets=[BEST.x, BEST.fun],
    ),
    "ex4": Answers(
        right=[by_primal, exact_recovery_radius],
        wrong=[
            ("the sum", lambda X, b: len(X) * by_primal(X, b), "the radius"),
            ("along the teacher", lambda X, b: np.abs(X @ b).mean() / np.linalg.norm(b),
             "the radius"),
            ("not normalised", lambda X, b: by_primal(X, b) / np.linalg.norm(b), "the radius"),
            ("the limit", giving(0.8), "the radius"),
            ("changes its input", spoiling, "leaves its input as it was"),
        ],
        secrets=["linprog("],
    ),
    "ex5": Answers(
        right=[0.16, 0.4**2],
        wrong=[
            ("what the attack says", 0.0, "the loss"),
            ("not squared", 0.4, "the loss"),
            ("one half", 0.08, "the loss"),
            ("the slope", 1.0, "the loss"),
            ("as text", "nearly nothing", "the form of the answer"),
        ],
        secrets=[0.16],
    ),
    "ex6": Answers(
        right=[radii(), radii(1.253, 0.1253)],
        wrong=[
            ("exchanged", radii(np.sqrt(np.pi / 200), np.sqrt(np.pi / 2)), "axis: the radius"),
            ("upside down", radii(axis=np.sqrt(2 / np.pi)), "axis: the radius"),
            ("ℓ2", radii(spread=np.sqrt(np.pi / 2)), "spread: the radius"),
            ("the sum of the entries", radii(spread=12.533), "spread: the radius"),
            ("mean of |y| is 1", radii(axis=1.0), "axis: the radius"),
            ("one number", 1.253, "the form of the answer"),
        ],
        secrets=["π/2", "sqrt(", "largest entry of β"],
    ),
}  # fmt: skip


class TestGraders(Grading):
    slug, table = "adversarial-linear-regression", TABLE


@pytest.mark.parametrize(("label", "start"), [("ex2", "def worst_shift"), ("ex4", "def free_rad")])
def test_the_solution_of_the_chapter_passes(label, start):
    text = (ROOT / "chapters/adversarial-linear-regression.md").read_text()
    code = text[text.index(start) :].partition("\n\n")[0]
    from lipkit import norms

    space = {"np": np, "norms": norms, "linprog": optimize.linprog}
    exec(code, space)
    function = space[start.split()[1] if label == "ex2" else "free_radius"]
    assert check(f"adversarial-linear-regression.{label}", function)


def failure(label, given, **options):
    name = f"adversarial-linear-regression.{label}"
    return next(r for r in check(name, given, **options).results if not r.passed)


@pytest.mark.parametrize(
    ("label", "given", "hint"),
    [
        ("ex1", losses(one=20.25), "dual norm"),
        ("ex1", losses(one=3.0), "square"),
        ("ex2", sign_of_zero, "two ways"),
        ("ex2", lambda *a: -sign_of_zero(*a), "which sign"),
        ("ex2", always_along_theta, "best way in ℓ2"),
        ("ex3", multiple(c=1.0), "teacher itself"),
        ("ex3", multiple(c=0.8), "middle term"),
        ("ex4", lambda X, b: len(X) * by_primal(X, b), "not the sum"),
        ("ex4", lambda X, b: by_primal(X, b) / np.linalg.norm(b), "length 2"),
        ("ex5", 0.0, "gradient"),
        ("ex6", radii(axis=np.sqrt(2 / np.pi)), "inverse"),
        ("ex6", radii(spread=np.sqrt(np.pi / 2)), "ℓ2"),
    ],
)
def test_the_hint_fits_the_mistake(label, given, hint):
    assert hint in failure(label, given).hint


@pytest.mark.parametrize("student", range(8))
def test_students_have_their_own_numbers(student):
    slug = "adversarial-linear-regression"
    own = variant(f"{slug}.ex1", student)
    theta = np.array([own["first"], own["second"]])
    answer = {
        name: (own["r"] + own["eps"] * np.linalg.norm(theta, dual)) ** 2
        for name, dual in (("one", np.inf), ("two", 2), ("sup", 1))
    }
    assert check(f"{slug}.ex1", answer, student_id=student)
    own = variant(f"{slug}.ex3", student)
    found = optimize.minimize_scalar(robust, bounds=(0, 1), args=(own["tau2"], own["eps"]))
    assert check(f"{slug}.ex3", multiple(found.x, found.fun), student_id=student)
    own = variant(f"{slug}.ex5", student)
    assert check(f"{slug}.ex5", own["eps"] ** 2, student_id=student)
    own = variant(f"{slug}.ex6", student)
    level = np.sqrt(np.pi / 2)
    assert check(f"{slug}.ex6", radii(level, level / np.sqrt(own["d"])), student_id=student)
