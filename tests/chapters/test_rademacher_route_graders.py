"""The graders of the chapter: who passes, and who is caught by which check."""

import math
from itertools import product

import numpy as np
import pytest

from lipkit.data import four_points, generic
from lipkit.teach import check, variant
from lipkit.theory import rademacher
from lipkit.theory import robustness_law as laws
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading

SQUARE = four_points().X
AVERAGE = 8 / (2 + math.sqrt(2))


# -- ex3 -----------------------------------------------------------------------------------------
def by_room(F):
    return float(
        rademacher.rademacher_mc(lambda s: float(np.max(F @ s)), int(F.shape[1]), exact=True)
    )


def by_halves(F):
    """Sign vectors as subsets: a sum over those with plus, minus those without."""
    F = np.asarray(F, dtype=float)
    n, total = F.shape[1], 0.0
    for plus in product((False, True), repeat=n):
        chosen = np.array(plus)
        total += (F[:, chosen].sum(axis=1) - F[:, ~chosen].sum(axis=1)).max()
    return total / 2**n / n


def signs(n):
    return np.array(list(product((-1.0, 1.0), repeat=n)))


def absolute(F):
    return np.abs(signs(F.shape[1]) @ F.T).max(axis=1).mean() / F.shape[1]


def not_divided(F):
    return by_room(F) * F.shape[1]


def turned(F):
    return by_room(F.T)


def mean_first(F):
    return (signs(F.shape[1]).mean(axis=0) @ F.T).max()


def one_draw(F):
    return (F @ np.ones(F.shape[1])).max() / F.shape[1]


def spoiling(F):
    value = by_room(F)
    F -= F.mean()
    return value


# -- ex6 -----------------------------------------------------------------------------------------
POINTS = generic(8, 24, rng=1).X
FITS = np.array([np.linalg.norm(laws.linear_interpolant(POINTS, s)) for s in signs(8)])
OWN = np.array([laws.linear_law(POINTS, s).value for s in signs(8)])
LAW = 1 / np.mean(np.linalg.norm(signs(8) @ POINTS, axis=1) / 8)
BELOW = np.mean(FITS < LAW)


def layers(depth=8, guarantees="neither"):
    return {"layers": depth, "guarantees": guarantees}


def norms(path=6.0, rows=24.0, entries=96.0):
    return {"path": path, "rows": rows, "entries": entries}


TABLE = {
    "ex1": Answers(
        right=[math.sqrt(2), 1.414, laws.linear_law(SQUARE, [1.0, 1.0, -1.0, -1.0])],
        wrong=[
            ("the average over labels", AVERAGE, "the bound"),
            ("how well they are followed", 1 / math.sqrt(2), "the bound"),
            ("no mean over the points", math.sqrt(2) / 4, "the bound"),
            ("squared", 2.0, "the bound"),
            ("the alternating labels, which nothing linear fits", 0.0, "the bound"),
        ],
        secrets=[math.sqrt(2), "√2"],
    ),
    "ex2": Answers(
        right=[norms(), {"path": 6, "rows": 24, "entries": np.float64(96)}],
        wrong=[
            ("bounded weights, whatever the norm", norms(24, 24, 24), "path: the factor"),
            ("a budget for each neuron", norms(96), "path: the factor"),
            ("rows as entries", norms(rows=96), "rows: the factor"),
            ("rows without k", norms(rows=6), "rows: the factor"),
            ("entries as rows", norms(entries=24), "entries: the factor"),
            ("entries without k", norms(entries=6), "entries: the factor"),
            ("one number", 24.0, "the form of the answer"),
        ],
        secrets=["√k", "abk", "a b k"],
    ),
    "ex3": Answers(
        right=[by_room, by_halves],
        wrong=[
            ("absolute values", absolute, "the complexity"),
            ("not divided", not_divided, "the complexity"),
            ("rows for columns", turned, "the complexity"),
            ("mean first", mean_first, "the complexity"),
            ("one sign vector", one_draw, "the complexity"),
            ("changes its input", spoiling, "leaves its input as it was"),
        ],
        secrets=["repeat=", "max(axis"],
    ),
    "ex4": Answers(
        right=[0.1, 0.1000, 5 * 0.02],
        wrong=[
            ("the law of the whole class, as a law", 10.0, "the share"),
            ("all of them, and steep", 1.0, "the share"),
            ("one neuron", 0.02, "the share"),
            ("the factor of entries", 0.5, "the share"),
            ("those that it cannot fit", 0.9, "the share"),
            ("none", 0.0, "the share"),
        ],
        secrets=[0.1],
    ),
    "ex5": Answers(
        right=[layers(), layers(8.0, "Nothing."), layers(np.int64(8), "neither")],
        wrong=[
            ("no root of the depth", layers(10), "layers: the layers"),
            ("n without its root", layers(18), "layers: the layers"),
            ("one too few", layers(7), "layers: the layers"),
            ("one too many", layers(9), "layers: the layers"),
            ("log n layers make a fit flat", layers(8, "slope"), "guarantees: what it guarantees"),
            ("log n layers are robust", layers(8, "robustness"), "guarantees: what it guarantees"),
            ("they suffice for a fit", layers(8, "fitting"), "guarantees: what it guarantees"),
        ],
        secrets=[8.0, "neither"],
    ),
    "ex6": Answers(
        right=[BELOW, round(float(BELOW), 4), float(np.sum(FITS < LAW)) / 256],
        wrong=[
            ("the average is a bound for each", 0.0, "the share"),
            ("the other ones", 1 - BELOW, "the share"),
            ("the laws, not the fits", np.mean(OWN < LAW), "the share"),
            ("a count", float(np.sum(FITS < LAW)), "the share"),
            ("a half, by symmetry", 0.5, "the share"),
        ],
        secrets=[float(BELOW)],
    ),
}  # fmt: skip


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / "chapters/rademacher-route.md").read_text()
    code = text[text.index("def complexity(F):") :].partition("\n\n")[0]
    space = {"np": np, "product": product}
    exec(code, space)
    assert check("rademacher-route.ex3", space["complexity"])


class TestGraders(Grading):
    slug, table = "rademacher-route", TABLE


def failure(label, given, **options):
    name = f"rademacher-route.{label}"
    return next(r for r in check(name, given, **options).results if not r.passed)


@pytest.mark.parametrize(
    ("label", "given", "hint"),
    [
        ("ex1", AVERAGE, "average over all labels"),
        ("ex1", 2**-0.5, "divides by it"),
        ("ex2", norms(24), "does their number matter"),
        ("ex2", norms(rows=96), "square root"),
        ("ex2", norms(entries=24), "as large as A"),
        ("ex3", absolute, "absolute values"),
        ("ex3", mean_first, "other order"),
        ("ex4", 10.0, "of how many label vectors"),
        ("ex4", 1.0, "followed perfectly"),
        ("ex4", 0.5, "for entries"),
        ("ex5", layers(10), "saves layers"),
        ("ex5", layers(18), "root of n"),
        ("ex5", layers(8, "robustness"), "no part in it"),
        ("ex5", layers(8, "fitting"), "necessary"),
        ("ex6", 0.0, "bound each"),
        ("ex6", np.mean(OWN < LAW), "the fits are asked"),
    ],
)
def test_the_hint_fits_the_mistake(label, given, hint):
    assert hint in failure(label, given).hint


@pytest.mark.parametrize("student", range(10))
def test_students_have_their_own_sizes(student):
    size = variant("rademacher-route.ex1", student)["size"]
    y = np.array([1.0, 1.0, -1.0, -1.0])
    bound = 4 / np.linalg.norm(y @ (size * SQUARE))
    assert check("rademacher-route.ex1", bound, student_id=student)
    own = variant("rademacher-route.ex2", student)
    rows, base = math.sqrt(own["k"]), own["A"] * own["B"]
    answer = norms(base, base * rows, base * own["k"])
    assert check("rademacher-route.ex2", answer, student_id=student)
    assert not check("rademacher-route.ex2", norms(), student_id=student)
    report = variant("rademacher-route.ex4", student)
    share = math.sqrt(report["k"]) * report["rho"]
    assert 0.04 < share < 0.31
    assert check("rademacher-route.ex4", share, student_id=student)
    deep = variant("rademacher-route.ex5", student)
    D = 1
    while deep["M"] ** D * (1 + math.sqrt(2 * math.log(2) * (D - 1))) < 10 ** (deep["power"] / 2):
        D += 1
    assert check("rademacher-route.ex5", layers(D), student_id=student)


@pytest.mark.parametrize("student", range(40))
def test_no_student_is_misled_by_a_mistake_that_is_right(student):
    """The root of the depth must matter, or a hint would be wrong for a right answer."""
    own = variant("rademacher-route.ex5", student)
    D = laws.min_depth_to_fit(10 ** own["power"], own["M"])
    assert check("rademacher-route.ex5", layers(D), student_id=student)
    assert not check("rademacher-route.ex5", layers(D + 1), student_id=student)
    assert not check("rademacher-route.ex5", layers(D - 1), student_id=student)
