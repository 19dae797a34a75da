"""The graders of the chapter: who passes, and who is caught by which check."""

from itertools import product

import numpy as np
import pytest
from scipy import optimize

from lipkit.teach import check
from lipkit.theory.gaussian_comparison import sign_minimum
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading, giving

ORTHANT = float(30 + np.sqrt(200))


def lengths(shortest=10.0, longest=50.0, nonnegative=ORTHANT):
    return {"shortest": shortest, "longest": longest, "nonnegative": nonnegative}


# -- ex2 -----------------------------------------------------------------------------------------
def cost(alpha, xi, g, h):
    return np.linalg.norm(xi + alpha * g) - alpha * np.linalg.norm(h)


def by_slope(xi, g, h):
    def slope(alpha):
        moved = xi + alpha * g
        return moved @ g / np.linalg.norm(moved) - np.linalg.norm(h)

    return 0.0 if slope(0.0) >= 0 else optimize.brentq(slope, 0.0, 1e4, xtol=1e-12)


def by_formula(xi, g, h):
    k, c = np.linalg.norm(h) / np.linalg.norm(g), xi @ g / (g @ g)
    across = np.linalg.norm(xi - c * g) / np.linalg.norm(g)
    return max(across * k / np.sqrt(1 - k**2) - c, 0.0)


def signed(xi, g, h):
    k, c = np.linalg.norm(h) / np.linalg.norm(g), xi @ g / (g @ g)
    return np.linalg.norm(xi - c * g) / np.linalg.norm(g) * k / np.sqrt(1 - k**2) - c


def orthogonal(xi, g, h):
    k = np.linalg.norm(h) / np.linalg.norm(g)
    return np.linalg.norm(xi) / np.linalg.norm(g) * k / np.sqrt(1 - k**2)


def spoiling(xi, g, h):
    found = by_formula(xi, g, h)
    xi *= 2
    return found


# -- ex5 -----------------------------------------------------------------------------------------
def by_product(G):
    signs = np.array(list(product([1.0, -1.0], repeat=G.shape[1]))).T
    return np.linalg.norm(G @ signs, axis=0).min() / np.sqrt(G.shape[1])


def relaxed(G):
    return np.linalg.svd(G, compute_uv=False)[-1] if len(G) >= G.shape[1] else 0.0


def rounded(G):
    v = np.where(np.linalg.svd(G)[2][-1] >= 0, 1.0, -1.0)
    return np.linalg.norm(G @ v) / np.sqrt(len(v))


def coin_risk():
    risks = []
    for seed in range(40):
        rng = np.random.default_rng(seed)
        X = rng.choice([-1.0, 1.0], size=(100, 50))
        xi = rng.normal(size=100) / 2
        off = np.linalg.solve(X.T @ X, X.T @ xi)
        risks.append(0.25 + off @ off)
    return float(np.mean(risks))


COINS = coin_risk()

TABLE = {
    "ex1": Answers(
        right=[lengths(), lengths(10, 50, 44.1)],
        wrong=[
            ("the root last", lengths(shortest=np.sqrt(500)), "shortest: the length"),
            ("the root last, sum", lengths(longest=np.sqrt(1300)), "longest: the length"),
            ("squares", lengths(longest=2500.0), "longest: the length"),
            ("any vector", lengths(nonnegative=50.0), "nonnegative: the length"),
            ("half the length", lengths(nonnegative=40.0), "nonnegative: the length"),
            ("no choice", lengths(shortest=30.0), "shortest: the length"),
            ("one number", 10.0, "the form of the answer"),
        ],
        secrets=["44.1", "√200", "positive part"],
    ),
    "ex2": Answers(
        right=[by_formula, by_slope],
        wrong=[
            ("below 0", signed, "the minimiser"),
            ("as if orthogonal", orthogonal, "the minimiser"),
            ("always 0", giving(0.0), "the minimiser"),
            ("the least cost", lambda *a: cost(by_formula(*a), *a), "the minimiser"),
            ("changes its input", spoiling, "leaves its input as it was"),
        ],
        secrets=["1 - k**2", "brentq"],
    ),
    "ex3": Answers(
        right=[COINS, round(COINS, 2)],
        wrong=[
            ("no noise", COINS - 0.25, "the mean risk"),
            ("the residual", 0.125, "the mean risk"),
            ("null", 1.25, "the mean risk"),
            ("as text", "about a half", "the form of the answer"),
        ],
        secrets=[COINS],
    ),
    "ex4": Answers(
        right=[np.sqrt(800), 28.1],
        wrong=[
            ("two vectors", 40.0, "the maximum"),
            ("no choice", 20.0, "the maximum"),
            ("the sum with its transpose", 2 * np.sqrt(800), "the maximum"),
        ],
        secrets=["28.", "√800", "800"],
    ),
    "ex5": Answers(
        right=[by_product, lambda G: float(sign_minimum(G))],
        wrong=[
            ("not divided", lambda G: by_product(G) * np.sqrt(G.shape[1]), "the shortest"),
            ("all unit vectors", relaxed, "the shortest"),
            ("rounded", rounded, "the shortest"),
            ("zero", giving(0.0), "the shortest"),
        ],
        secrets=["itertools", "product("],
    ),
}


class TestGraders(Grading):
    slug, table = "gaussian-comparison", TABLE


@pytest.mark.parametrize(
    ("label", "start"), [("ex2", "def shadow_minimiser"), ("ex5", "def shortest")]
)
def test_the_solution_of_the_chapter_passes(label, start):
    text = (ROOT / "chapters/gaussian-comparison.md").read_text()
    space = {"np": np, "product": product}
    exec(text[text.index(start) :].partition("\n\n")[0], space)
    assert check(f"gaussian-comparison.{label}", space[start.split()[1]])
