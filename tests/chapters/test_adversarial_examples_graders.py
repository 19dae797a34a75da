"""The graders of the chapter: who passes, and who is caught by which check."""

import numpy as np
import pytest
from scipy.optimize import linprog

from lipkit.networks import ReluNetwork
from lipkit.teach import check, variant
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading


# -- ex1 -----------------------------------------------------------------------------------------
def leads(rule=1 / 20, pairs=3 / 20, limit=2):
    return {"rule": rule, "pairs": pairs, "limit": limit}


# -- ex2 -----------------------------------------------------------------------------------------
def by_greed(w, x, eps):
    value, left = float(w @ x), eps
    for gain, room in sorted(zip(abs(w), np.where(w > 0, x, 1 - x), strict=True), reverse=True):
        spent = min(room, left)
        value, left = value - gain * spent, left - spent
    return value


def by_program(w, x, eps):
    """Downs and ups, not negative, as the variables of a linear program."""
    n = len(w)
    bounds = [(0, x[i]) for i in range(n)] + [(0, 1 - x[i]) for i in range(n)]
    best = linprog(np.concatenate([-w, w]), A_ub=np.ones((1, 2 * n)), b_ub=[eps], bounds=bounds)
    return w @ x + best.fun


def one_pixel(w, x, eps):
    return w @ x - eps * abs(w).max()


def clipped(w, x, eps):
    i = abs(w).argmax()
    moved = x.copy()
    moved[i] = np.clip(x[i] - eps * np.sign(w[i]), 0, 1)
    return w @ moved


def every_pixel(w, x, eps):
    return w @ np.clip(x - eps * np.sign(w), 0, 1)


def by_room(w, x, eps):
    """Takes the pixels with most room first."""
    value, left = w @ x, eps
    room = np.where(w > 0, x, 1 - x)
    for i in np.argsort(-room):
        spent = min(room[i], left)
        value, left = value - abs(w[i]) * spent, left - spent
    return value


def only_downwards(w, x, eps):
    value, left = w @ x, eps
    for i in np.argsort(-w):
        spent = min(x[i], left) if w[i] > 0 else 0
        value, left = value - w[i] * spent, left - spent
    return value


def in_place(w, x, eps):
    value = by_greed(w, x, eps)
    x *= 0
    return value


# -- ex3, ex5 ------------------------------------------------------------------------------------
SIX = {"A": "weak", "B": "weak", "C": "false", "D": "fine", "E": "weak", "F": "fine"}
RAMP = ReluNetwork([[[1]], [[1000]]], [[0], [1]])
SPIKE = ReluNetwork([[[200], [200], [200]], [[5, -10, 5]]], [[0, -1, -2], [1]])
ROWS = [[0.971, 0.542], [0.944, 0.689], [0.247, 0.176]]
MINE = variant("adversarial-examples.ex1", "ada")
OWN = variant("adversarial-examples.ex4", "ada")


def sharp(L):
    return [L / 2**0.5, -L / 2**0.5]


def lossy(L):
    return [np.sqrt(L**2 - (0.7 * L) ** 2), 0.7 * L]


def both(one, other):
    return {"sharp": one, "lossy": other}


TABLE = {
    "ex1": Answers(
        right=[leads(), leads(0.05, 0.15, 2.0)],
        wrong=[
            ("one logit moves", leads(rule=1 / 10), "rule: one constant"),
            ("the factor of q = 2", leads(rule=1 / (10 * 2**0.5)), "rule: one constant"),
            ("the other lead", leads(rule=3 / 20), "rule: one constant"),
            ("the runner-up", leads(pairs=1 / 4), "pairs: a constant for each pair"),
            ("half", leads(pairs=3 / 40), "pairs: a constant for each pair"),
            ("crossed", leads(pairs=1 / 20), "pairs: a constant for each pair"),
            ("the class of the runner-up", leads(limit=1),
             "limit: the class that sets the limit"),
            ("one number", 0.05, "the form of the answer"),
        ],
        secrets=["class 2", "3/20"],
    ),
    "ex2": Answers(
        right=[by_greed, by_program],
        wrong=[
            ("without the box", one_pixel, "budget for several pixels"),
            ("clipped afterwards", clipped, "budget for several pixels"),
            ("every pixel by eps", every_pixel, "budget for one pixel"),
            ("most room first", by_room, "budget for several pixels"),
            ("only downwards", only_downwards, "budget for one pixel"),
            ("upwards", lambda w, x, eps: -by_greed(-w, x, eps), "budget for one pixel"),
            ("unmoved", lambda w, x, eps: w @ x, "budget for one pixel"),
            ("the point", lambda w, x, eps: x, "gives a number"),
            ("changes x", in_place, "leaves its input as it was"),
        ],
        secrets=["argsort", "sort"],
    ),
    "ex3": Answers(
        right=[SIX, {letter: word.upper() for letter, word in SIX.items()}],
        wrong=[
            *((f"{letter} wrong", SIX | {letter: "weak" if word == "fine" else "fine"},
               f"{letter}: report {letter}") for letter, word in SIX.items()),
            ("the attack of C", SIX | {"C": "weak"}, "C: report C"),
            ("a gap is not a contradiction", SIX | {"D": "false"}, "D: report D"),
            ("another word", SIX | {"A": "strange"}, "the form of the answer"),
            ("five", {k: v for k, v in SIX.items() if k != "F"}, "the form of the answer"),
        ],
        secrets=["missed", "larger ball", "lower"],
    ),
    "ex4": Answers(
        right=[both(sharp(3), (5**0.5, 2)), both([2.12132, -2.12132], lossy(3))],
        wrong=[
            ("the other way", both((-3 / 2**0.5, 3 / 2**0.5), (5**0.5, 2)),
             "the first logit leads"),
            ("the row sum", both((1.5, -1.5), (5**0.5, 2)), "the constant"),
            ("the largest", both((3, -3), (5**0.5, 2)), "the constant"),
            ("one stands still", both((3, 0), (5**0.5, 2)), "without loss"),
            ("exchanged", both((5**0.5, 2), sharp(3)), "without loss"),
            ("not lossy enough", both(sharp(3), (8**0.5, 1)), "with loss"),
            ("twice the same", both(sharp(3), sharp(3)), "with loss"),
            ("three numbers", both((1, 2, 3), (5**0.5, 2)), "the form of the answer"),
        ],
        secrets=["a = -b", "opposite", "√2"],
    ),
    "ex5": Answers(
        right=[RAMP, SPIKE],
        wrong=[
            ("no bias", ([[1.0]], [1000.0]), "margin one"),
            ("too flat", ReluNetwork([[[1]], [[999]]], [[0], [1]]), "steep nearby"),
            ("steep far away", ReluNetwork([[[1]], [[1000]]], [[-5], [1]]), "steep nearby"),
            ("it falls", ReluNetwork([[[1]], [[-1000]]], [[0], [1]]), "never misread"),
            ("falls at the end", ReluNetwork([[[1], [1]], [[1000, -1300]]], [[0, -1], [1]]),
             "never misread"),
            ("seven neurons", ReluNetwork([np.ones((7, 1)), np.full((1, 7), 500)],
                                          [np.zeros(7), [1]]), "six neurons"),
            ("two inputs", ReluNetwork([[[1, 0]], [[1000]]], [[0], [1]]),
             "the form of the answer"),
        ],
        secrets=["ReLU(t)"],
    ),
    "ex6": Answers(
        right=[ROWS, np.array([[0.96, 0.51], [0.90, 0.63], [0.28, 0.10]])],
        wrong=[
            ("exchanged", np.array(ROWS)[:, ::-1], "shares, the robust one not larger"),
            ("percent", 100 * np.array(ROWS), "shares, the robust one not larger"),
            ("reversed", ROWS[::-1], "the size of the accuracies"),
            ("each at its own radius", [[0.971, 0.93], [0.944, 0.689], [0.247, 0.1]],
             "who stands"),
            ("no attack", [[0.971, 0.96], [0.944, 0.94], [0.247, 0.24]], "who stands"),
            ("plain training", [[0.98, 0.4]] * 3, "the size of the accuracies"),
            ("robust only", [[0.5], [0.7], [0.2]], "the form of the answer"),
        ],
        secrets=["curriculum"],
    ),
}  # fmt: skip


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / "chapters/adversarial-examples.md").read_text()
    code = text[text.index("def least(w, x, eps):") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    assert check("adversarial-examples.ex2", space["least"])


class TestGraders(Grading):
    slug, table = "adversarial-examples", TABLE


class TestVariants(Grading):
    """Students' own numbers; the tests of the whole table above run on the text's."""

    slug = "adversarial-examples"
    table = {  # noqa: RUF012
        "ex1": Answers(
            right=[
                leads(MINE["first"] / (2 * MINE["L"]), MINE["second"] / MINE["far"], 2),
                leads(MINE["first"] / (2 * MINE["L"]), MINE["second"] / MINE["far"], 2.0),
            ],
            wrong=[
                ("the text's own", leads(), "rule: one constant"),
                ("one logit moves", leads(MINE["first"] / MINE["L"]), "rule: one constant"),
                ("the runner-up", leads(MINE["first"] / (2 * MINE["L"]),
                                        MINE["first"] / MINE["near"]),
                 "pairs: a constant for each pair"),
            ],
            secrets=["second"],
            student_id="ada",
        ),
        "ex4": Answers(
            right=[both(sharp(OWN["L"]), lossy(OWN["L"]))] * 2,
            wrong=[
                ("the text's own", both(sharp(3), lossy(3)), "the constant"),
                ("exchanged", both(lossy(OWN["L"]), sharp(OWN["L"])), "without loss"),
                ("twice the same", both(sharp(OWN["L"]), sharp(OWN["L"])), "with loss"),
            ],
            secrets=["sqrt"],
            student_id="ada",
        ),
    }  # fmt: skip

    def test_the_table_is_complete(self):
        assert set(MINE) == {"first", "second", "L", "near", "far"}
        assert set(OWN) == {"L"}


@pytest.mark.parametrize("student", range(30))
def test_in_every_variant_the_constants_can_be_true_and_the_runner_up_is_not_the_nearest(student):
    own = variant("adversarial-examples.ex1", student)
    assert max(own["near"], own["far"]) <= 2 * own["L"]
    assert own["first"] < own["second"]
    assert own["second"] / own["far"] < own["first"] / own["near"]


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("ex1", leads(rule=1 / 10), "Both logits"),
        ("ex1", leads(pairs=1 / 4), "runner-up"),
        ("ex2", one_pixel, "between 0 and 1"),
        ("ex2", clipped, "what is left"),
        ("ex2", every_pixel, "sum over the pixels"),
        ("ex4", both((3, 0), (5**0.5, 2)), "stands still"),
        ("ex6", ROWS[::-1], "order"),
        ("ex6", [[0.971, 0.93], [0.944, 0.689], [0.247, 0.1]], "attacked at .1"),
    ],
)
def test_a_misreading_is_named(name, answer, hint):
    verdict = check(f"adversarial-examples.{name}", answer)
    failed = next(r for r in verdict.results if not r.passed)
    assert hint in failed.hint
