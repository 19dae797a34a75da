"""The graders of the chapter: who passes, and who is caught by which check."""

import math
from itertools import permutations

import numpy as np
import pytest
from scipy.optimize import linear_sum_assignment, linprog

from lipkit.data import generic
from lipkit.teach import check, variant
from lipkit.theory import robustness_law as law
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading

# -- ex1 -----------------------------------------------------------------------------------------
FIRST, SECOND = 3 / 1.4**0.5, 11**0.5


def two(law, fit):
    return {"law": law, "fit": fit}


# -- ex2 -----------------------------------------------------------------------------------------
def prices(X, y):
    return np.linalg.norm(X[y > 0][:, None] - X[y < 0], axis=2)


def by_assignment(X, y):
    cost = prices(X, y)
    return len(y) / cost[linear_sum_assignment(cost)].sum()


def by_transport(X, y):
    """The transport program, whose corners are matchings."""
    cost = prices(X, y)
    m = len(cost)
    rows = np.kron(np.eye(m), np.ones(m))
    columns = np.kron(np.ones(m), np.eye(m))
    done = linprog(cost.ravel(), A_eq=np.vstack([rows, columns]), b_eq=np.ones(2 * m))
    return len(y) / done.fun


def by_all_matchings(X, y):
    cost = prices(X, y)
    if len(cost) > 7:
        raise MemoryError("too many")
    return len(y) / min(cost[range(len(cost)), p].sum() for p in permutations(range(len(cost))))


def nearest_first(X, y):
    cost, total = prices(X, y), 0.0
    while np.isfinite(cost).any():
        i, j = divmod(cost.argmin(), len(cost))
        total += cost[i, j]
        cost[i], cost[:, j] = np.inf, np.inf
    return len(y) / total


def each_to_its_nearest(X, y):
    return len(y) / prices(X, y).min(axis=1).sum()


def shifting(X, y):
    X -= X.mean(axis=0)
    return by_assignment(X, y)


# -- ex3 -----------------------------------------------------------------------------------------
TURN = np.arange(6) * np.pi / 3
HEXAGON = np.stack([np.cos(TURN), np.sin(TURN)], axis=1)


def labels_and(w, y=None):
    y = np.sign(HEXAGON @ w) if y is None else np.array(y, dtype=float)
    return {"y": y, "w": w}


def flattest(y):
    total = np.array(y) @ HEXAGON
    return {"y": list(y), "w": 6 * total / (total @ total)}


TILTED = np.array([math.cos(0.3), math.sin(0.3)])
TILTED = TILTED / np.abs(HEXAGON @ TILTED).mean()


# -- ex4 -----------------------------------------------------------------------------------------
X4, Y4 = generic(150, 20, rng=0)
LAW4 = 300 / np.linalg.norm((X4.T * Y4) @ X4, "nuc")
FIT4 = law.min_lipschitz_quadratic(X4, Y4)
FROBENIUS4 = 2 * np.linalg.norm(law.min_frobenius_quadratic(X4, Y4), 2)
BEST4 = FIT4.bracket.upper.value
RANDOM4 = 2 * np.linalg.norm(generic(2000, 20, rng=5).X @ FIT4.T, axis=1).max()


def form(law=LAW4, lower=FIT4.bracket.lower, upper=FIT4.bracket.upper):
    return {"law": law, "lower": lower, "upper": upper}


# -- ex6 -----------------------------------------------------------------------------------------
def rows_by(size):
    found = []
    for n in (200, 800, 3200):
        X, y = generic(n, 200, rng=0)
        found.append([size(X, y, n), size(X, np.where(X[:, 0] > 0, 1.0, -1.0), n)])
    return np.array(found)


ROWS = rows_by(lambda X, y, n: n / np.linalg.norm(X.T @ y))
MINE = variant("fitting-noise.ex1", "ada")


def points(c, s):
    return np.array([[1.0, 0.0, 0.0], [c, s, 0.0], [0.0, 0.0, 1.0]])


def right_two(c, s, labels):
    X, y = points(c, s), np.array(labels)
    w = np.array([y[0], (y[1] - c * y[0]) / s, y[2]])
    return two(3 / np.linalg.norm(y @ X), np.linalg.norm(w))


TABLE = {
    "ex1": Answers(
        right=[two(FIRST, SECOND), two(2.535, 3.317)],
        wrong=[
            ("the average over labels", two(3 / np.mean([
                np.linalg.norm(np.array(t) @ points(0.8, 0.6)) for t in
                np.ndindex(2, 2, 2) for t in [[2 * i - 1 for i in t]]]), SECOND), "law: the law"),
            ("n missing", two(1 / 1.4**0.5, SECOND), "law: the law"),
            ("the sum itself", two(1.4**0.5, SECOND), "law: the law"),
            ("the floor", two(2 / 0.4**0.5, SECOND), "law: the law"),
            ("exchanged", two(SECOND, FIRST), "law: the law"),
            ("attained", two(FIRST, FIRST), "fit: the fit"),
            ("squared", two(FIRST, 11), "fit: the fit"),
            ("the sum fits", two(FIRST, 1.4**0.5), "fit: the fit"),
            ("a pair", (FIRST, SECOND), "the form of the answer"),
        ],
        secrets=["(1, -3, 1)", "basis"],
    ),
    "ex2": Answers(
        right=[by_assignment, by_transport],
        wrong=[
            ("the floor", lambda X, y: law.interpolation_floor(X, y).value, "the law"),
            ("pairs for points", lambda X, y: by_assignment(X, y) / 2, "the law"),
            ("twice too large", lambda X, y: 2 * by_assignment(X, y), "not above the floor"),
            ("in order", lambda X, y: len(y) / np.trace(prices(X, y)), "the law"),
            ("nearest first", nearest_first, "the law"),
            ("each to its nearest", each_to_its_nearest, "the law"),
            ("the price", lambda X, y: len(y) / by_assignment(X, y), "not above the floor"),
            ("the linear law", lambda X, y: len(y) / max(np.linalg.norm(y @ X), 1e-9),
             "not above the floor"),
            ("all matchings", by_all_matchings, "sixty points"),
            ("shifted in place", shifting, "leaves its input as it was"),
            ("nothing", lambda X, y: None, "gives a number"),
        ],
        secrets=["linear_sum_assignment", "transport"],
    ),
    "ex3": Answers(
        right=[flattest([1, 1, 1, -1, -1, -1]), labels_and(TILTED),
               flattest([-1, 1, 1, 1, -1, -1])],
        wrong=[
            ("alternating", labels_and([10.0, 0.0], [1, -1, 1, -1, 1, -1]), "a margin"),
            ("typical labels", flattest([1, -1, 1, -1, -1, 1]), "flatter than stated"),
            ("too steep", labels_and(2 * TILTED), "flatter than stated"),
            ("a small margin", labels_and(0.5 * TILTED), "a margin"),
            ("the sum, not the average", labels_and(TILTED / 6), "a margin"),
            ("real labels", labels_and(TILTED, HEXAGON @ TILTED), "labels"),
            ("zero", labels_and([0.0, 0.0], np.ones(6)), "a margin"),
            ("four points", {"y": np.ones(4), "w": [1, 1]}, "the form of the answer"),
        ],
        secrets=["three neighbours", "[1, 1, 1, -1, -1, -1]"],
    ),
    "ex4": Answers(
        right=[form(), form(lower=BEST4 * 0.992, upper=BEST4 * 1.0001)],
        wrong=[
            ("half the law", form(law=LAW4 / 2), "law: the law"),
            ("the law is the least slope", form(law=BEST4), "law: the law"),
            ("without the two", form(lower=BEST4 / 2, upper=BEST4 / 2),
             "upper is an upper answer"),
            ("least Frobenius norm", form(lower=FROBENIUS4 * 0.999, upper=FROBENIUS4),
             "lower is a lower answer"),
            ("law to Frobenius", form(lower=LAW4, upper=FROBENIUS4), "close together"),
            ("the law attained", form(lower=LAW4 * 0.999, upper=LAW4),
             "upper is an upper answer"),
            ("the steepest of random points", form(lower=RANDOM4 * 0.995, upper=RANDOM4),
             "upper is an upper answer"),
            ("law to best", form(lower=LAW4), "close together"),
            ("exchanged", form(lower=BEST4 * 1.005, upper=BEST4 * 0.995),
             "lower is a lower answer"),
        ],
        secrets=["min_lipschitz", "bracket"],
    ),
    "ex5": Answers(
        right=[[(-1, -1), (0.8, -1), (0.9, 1), (1, 1)],
               [(-1, -1), (-0.9, -3), (0.6, -0.5), (0.7, 30), (1, 1)]],
        wrong=[
            ("the line", [(-1, -1), (1, 1)], "steep"),
            ("steep at the point", [(-1, -1), (-0.9, 1), (1, 1)], "far from the other sign"),
            ("in the middle", [(-1, -1), (-0.05, -1), (0.05, 1), (1, 1)],
             "far from the other sign"),
            ("a bump on the way", [(-1, -1), (-0.5, -1), (-0.45, 0.1), (-0.4, -1), (0.8, -1),
                                   (0.9, 1), (1, 1)], "far from the other sign"),
            ("late, but gentle", [(-1, -1), (0.6, -1), (0.9, 1), (1, 1)], "steep"),
            ("a jump", [(-1, -1), (0.9, -1), (0.9, 1), (1, 1)], "knots in order"),
            ("labels exchanged", [(-1, 1), (0.8, 1), (0.9, -1), (1, -1)], "it fits"),
            ("one row", [-1, -1], "the form of the answer"),
        ],
        secrets=["0.8", "1.85"],
    ),
    "ex6": Answers(
        right=[ROWS, rows_by(lambda X, y, n: 1 / np.linalg.norm(np.mean(y[:, None] * X, axis=0)))],
        wrong=[
            ("exchanged", ROWS[:, ::-1], "the laws"),
            ("points of length root d", ROWS / 200**0.5, "the laws"),
            ("multiplied by root d", ROWS * 200**0.5, "the laws"),
            ("noise twice", ROWS[:, [0, 0]], "the laws"),
            ("n missing", ROWS / [[200], [800], [3200]], "the laws"),
            ("the rates", np.sqrt([[200, 314], [800, 314], [3200, 314]]), "the laws"),
            ("two rows", ROWS[:2], "the form of the answer"),
        ],
        secrets=["doubles", "sqrt"],
    ),
}  # fmt: skip


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / "chapters/fitting-noise.md").read_text()
    code = text[text.index("def matching(X, y):") :].partition("\n\n")[0]
    space = {"np": np, "linear_sum_assignment": linear_sum_assignment}
    exec(code, space)
    assert check("fitting-noise.ex2", space["matching"])


class TestGraders(Grading):
    slug, table = "fitting-noise", TABLE


class TestVariants(Grading):
    """Students' own numbers; the tests of the whole table above run on the text's."""

    slug = "fitting-noise"
    table = {  # noqa: RUF012
        "ex1": Answers(
            right=[
                right_two(**MINE),
                two(*[
                    law.linear_law(points(MINE["c"], MINE["s"]), MINE["labels"]).value,
                    np.linalg.norm(law.linear_interpolant(
                        points(MINE["c"], MINE["s"]), MINE["labels"])),
                ]),
            ],
            wrong=[
                ("the law attained", two(right_two(**MINE)["law"], right_two(**MINE)["law"]),
                 "fit: the fit"),
                ("exchanged", two(*list(right_two(**MINE).values())[::-1]), "law: the law"),
                ("nothing", two(0, 0), "law: the law"),
            ],
            secrets=["basis"],
            student_id="ada",
        ),
    }  # fmt: skip

    def test_the_table_is_complete(self):
        assert set(MINE) == {"c", "s", "labels"}


@pytest.mark.parametrize("student", range(12))
def test_every_variant_of_ex1_tells_the_law_from_the_fit(student):
    own = variant("fitting-noise.ex1", student)
    right = right_two(**own)
    assert right["fit"] > 1.01 * right["law"]
    assert check("fitting-noise.ex1", right, student_id=student)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("ex1", TABLE["ex1"].wrong[0][1], "average over all labels"),  # misreading 3
        ("ex2", lambda X, y: by_assignment(X, y) / 2, "not pairs"),
        ("ex2", nearest_first, "nearest pair first"),
        ("ex3", flattest([1, -1, 1, -1, -1, 1]), "suit a linear function"),
        ("ex4", form(lower=LAW4, upper=FROBENIUS4), "Frobenius"),  # misreading 8
        ("ex4", form(lower=BEST4 / 2, upper=BEST4 / 2), "twice the norm"),
        ("ex5", [(-1, -1), (-0.9, 1), (1, 1)], "at the point itself"),  # misreading 12
        ("ex6", ROWS / 200**0.5, "root of d"),  # misreading 10
        ("ex6", ROWS[:, [0, 0]], "rule costs less"),  # misreading 9
    ],
)
def test_a_misreading_is_named(name, answer, hint):
    verdict = check(f"fitting-noise.{name}", answer)
    failed = next(r for r in verdict.results if not r.passed)
    assert hint in failed.hint, verdict


def test_random_points_are_a_lower_answer_for_one_form():  # misreading 7
    assert RANDOM4 < 0.97 * BEST4
    failed = [
        r
        for r in check("fitting-noise.ex4", form(lower=RANDOM4 * 0.995, upper=RANDOM4)).results
        if not r.passed
    ]
    assert "one form" in failed[0].hint
