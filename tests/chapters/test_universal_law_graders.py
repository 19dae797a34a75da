"""The graders of the chapter: who passes, and who is caught by which check."""

import math

import numpy as np
import pytest
import torch

from lipkit.data import generic
from lipkit.networks import ReluNetwork
from lipkit.teach import check, variant
from lipkit.theory.robustness_law import (
    bubeck_sellke_bound,
    dimension_law,
    group_witness,
    grouped_network,
)
from tests.teach.grading import Answers, Grading

# -- ex2 -----------------------------------------------------------------------------------------
GROUPS = grouped_network(*generic(800, 1200, rng=0), 100)
POSITIVE, NEGATIVE = GROUPS.W[GROUPS.a > 0], GROUPS.W[GROUPS.a < 0]


def shared(half, other=None):
    """A point that so many groups of each label share."""
    x = POSITIVE[:half].sum(axis=0) + NEGATIVE[: half if other is None else other].sum(axis=0)
    return x / np.linalg.norm(x)


FOUND = group_witness(GROUPS, rng=3).witness
RANDOM = generic(1, 1200, rng=1).X[0]


def at_kink():
    """A point moved to where one neuron is exactly at its threshold, for a computer."""
    x, w = shared(3), GROUPS.W[60]
    for _ in range(50):
        x = x + (0.5 - w @ x) * w / (w @ w)
        x /= np.linalg.norm(x)
    return x


# -- ex4 -----------------------------------------------------------------------------------------
def fan(*degrees, v=None):
    turns = np.radians(degrees)
    U = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return {"U": U, "v": -U.sum(axis=0) / 2 if v is None else np.array(v)}


UP = fan(0, 60, 120)
TABLE = {
    "ex1": Answers(
        right=[197, 197.0, np.int64(197)],
        wrong=[
            ("without the logarithm", 953, "where it starts"),
            ("above two", 48, "where it starts"),
            ("one more", 198, "where it starts"),
            ("one less", 196, "where it starts"),
            ("the slogan", 10**9, "where it starts"),
            ("constant not squared", 104_000, "where it starts"),
            ("not whole", 150.5, "a number of parameters"),
        ],
        secrets=[197, "197"],
    ),
    "ex2": Answers(
        right=[FOUND, shared(11), torch.tensor(shared(12))],
        wrong=[
            ("a random point", RANDOM, "steeper than twenty"),
            ("a data point", generic(800, 1200, rng=0).X[0], "steeper than twenty"),
            ("one label", shared(24, 0), "steeper than twenty"),
            ("few groups", shared(4), "steeper than twenty"),
            ("not on the sphere", 3 * shared(12), "on the sphere"),
            ("the origin", np.zeros(1200), "on the sphere"),
            ("at a kink", at_kink(), "not at a kink"),
            ("a slope", 27.0, "the form of the answer"),
        ],
        secrets=["sum(", 12.0],
    ),
    "ex3": Answers(
        right=["c", "C", "(c)"],
        wrong=[(letter, letter, "the vacuous sentence") for letter in ("a", "b", "d", "e", "f")],
        secrets=["(c)", "sentence c"],
    ),
    "ex4": Answers(
        right=[UP, fan(10, 70, 130), fan(0, 60, 300)],
        wrong=[
            ("no linear part", UP | {"v": np.zeros(2)}, "no steeper than one"),
            ("right angles", fan(0, 90, 45), "no steeper than one"),
            ("half of it", UP | {"v": UP["v"] / 2}, "no steeper than one"),
            ("short vectors", UP | {"U": UP["U"] / 2}, "unit vectors"),
            ("one line", fan(0, 180, 60), "three different lines"),
            ("one array", UP["U"], "the form of the answer"),
        ],
        secrets=["60 degrees", "120"],
    ),
    "ex5": Answers(
        right=[2 * 3**20, 6.97e9, 2.0 * 3.0**20],
        wrong=[
            ("without the two", 3**20, "the number of points"),
            ("slope for root", 2 * 2**20, "the number of points"),
            ("a power of two", 2**20, "the number of points"),
            ("linear in d", 120, "the number of points"),
            ("too few", 1e9, "the number of points"),
        ],
        secrets=[2.0 * 3.0**20],
    ),
}  # fmt: skip


class TestGraders(Grading):
    slug, table = "universal-law", TABLE


def failure(label, given, **options):
    name = f"universal-law.{label}"
    return next(r for r in check(name, given, **options).results if not r.passed)


@pytest.mark.parametrize(
    ("label", "given", "hint"),
    [
        ("ex1", 953, "multiplies p"),
        ("ex1", 48, "above 1, not above 2"),
        ("ex1", 198, "not the largest"),
        ("ex1", 10**9, "n times d"),
        ("ex2", RANDOM, "No neuron is on"),
        ("ex2", shared(24, 0), "Only one label"),
        ("ex3", "b", "average"),
        ("ex3", "e", "another number"),
        ("ex4", UP | {"v": np.zeros(2)}, "add up"),
        ("ex4", UP | {"v": UP["v"] / 2}, "with signs"),
        ("ex5", 2 * 2**20, "plus one"),
        ("ex5", 3**20, "where does the 2 go"),
    ],
)
def test_the_hint_fits_the_mistake(label, given, hint):
    assert hint in failure(label, given).hint


def test_ex1_is_where_the_law_crosses_one():
    assert bubeck_sellke_bound(10**6, 1000, 197, 0.5, 0.01).value > 1
    assert bubeck_sellke_bound(10**6, 1000, 198, 0.5, 0.01).value < 1


@pytest.mark.parametrize("student", range(8))
def test_students_have_their_own_sizes(student):
    own = variant("universal-law.ex1", student)
    p = 1
    while bubeck_sellke_bound(own["n"], own["d"], p + 1, 0.5, 0.01).value > 1:
        p += 1
    assert check("universal-law.ex1", p, student_id=student)
    assert not check("universal-law.ex1", p + 1, student_id=student)
    d = variant("universal-law.ex5", student)["d"]
    n = 2 * 3**d
    assert dimension_law(n, d).value == pytest.approx(2)
    assert check("universal-law.ex5", n, student_id=student)
    assert not check("universal-law.ex5", 0.9 * n, student_id=student)


def test_three_kinks_have_the_gradients_of_the_solution():
    turns = np.radians(np.arange(0, 360, 7))
    X = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    f = ReluNetwork([np.vstack([UP["U"], UP["v"], -UP["v"]]), [[1, 1, 1, 1, -1]]])
    np.testing.assert_allclose(np.linalg.norm(f.gradient(X), axis=1), 1)
    assert math.isclose(np.linalg.norm(UP["U"][0] - UP["U"][1] + UP["U"][2]), 0, abs_tol=1e-12)
