"""The graders of the chapter: who passes, and who is caught by which check."""

import math

import numpy as np
import pytest

from lipkit.networks import ReluNetwork
from lipkit.teach import check, variant
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading

EPS = 1e-5


def gauge(v=0.04, c=1e-2, eps=EPS):
    half = math.sqrt(eps / (3 * v + 4 * eps))
    return {"factor": math.sqrt((v + eps) / (v + eps / c**2)), "half": half}


# -- ex2 -----------------------------------------------------------------------------------------
def folded(W1, W2, logits, y):
    first = np.linalg.norm(W1, np.inf)
    found = []
    for z, i in zip(logits, y, strict=True):
        others = [j for j in range(len(W2)) if j != i]
        leads = [(z[i] - z[j]) / np.abs(W2[i] - W2[j]).sum() / first for j in others]
        found.append(max(0.0, min(leads)))
    return np.array(found)


def at_once(W1, W2, logits, y):
    rows = np.arange(len(y))
    rowsum = np.abs(W2[y][:, None] - W2[None]).sum(axis=2)
    rowsum[rows, y] = 1.0
    leads = (logits[rows, y][:, None] - logits) / rowsum
    leads[rows, y] = np.inf
    return np.clip(leads.min(axis=1), 0, None) / np.abs(W1).sum(axis=1).max()


def one_constant(W1, W2, logits, y):
    others = logits.copy()
    others[np.arange(len(y)), y] = -np.inf
    lead = logits[np.arange(len(y)), y] - others.max(axis=1)
    norms = np.linalg.norm(W1, np.inf) * np.linalg.norm(W2, np.inf)
    return np.maximum(lead, 0) / (2 * norms)


def runner_up(W1, W2, logits, y):
    others = logits.copy()
    others[np.arange(len(y)), y] = -np.inf
    j = others.argmax(axis=1)
    lead = logits[np.arange(len(y)), y] - others.max(axis=1)
    return np.maximum(lead, 0) / np.abs(W2[y] - W2[j]).sum(axis=1) / np.linalg.norm(W1, np.inf)


def euclidean(W1, W2, logits, y):
    return at_once(W1, W2, logits, y) * np.linalg.norm(W1, np.inf) / np.linalg.norm(W1, 2)


def column_sums(W1, W2, logits, y):
    return at_once(W1, W2, logits, y) * np.linalg.norm(W1, np.inf) / np.linalg.norm(W1, 1)


def negative(W1, W2, logits, y):
    found = folded(W1, W2, logits, y)
    return np.where(found > 0, found, -1.0)


def spoiling(W1, W2, logits, y):
    found = folded(W1, W2, logits, y)
    W2 -= W2[:1]
    return found


# -- ex3 -----------------------------------------------------------------------------------------
CLIFF = ReluNetwork([[[1.0]], [[-20.0]]], [[-0.02], [1.0]])
BOTH = ReluNetwork([[[1.0], [-1.0]], [[-1e4, -1e4]]], [[-0.09, -0.09], [1.0]])
TILTED = ReluNetwork([[[1.0], [-1.0]], [[0.009, -50.0]]], [[0.0, -0.01], [1.0]])
LATE = ReluNetwork([[[1.0]], [[-20.0]]], [[-0.2], [1.0]])
UPWARDS = ReluNetwork([[[1.0]], [[50.0]]], [[-0.02], [1.0]])
STEEP = ReluNetwork([[[1.0]], [[-20.0]]], [[0.0], [1.0]])
ONE_SIDED = ReluNetwork([[[-1.0]], [[-20.0]]], [[0.0], [1.0]])

# -- ex4, ex5 ------------------------------------------------------------------------------------
ROOM = 0.21875 - 0.1


def room(r=0.21875, eta=ROOM, omega=(1e6 + 1) / (ROOM / 2)):
    return {"r": r, "eta": eta, "omega": omega}


AFTER = math.sqrt(26)


def grows(norm=AFTER, slower=100.0):
    return {"norm": norm, "slower": slower}


TABLE = {
    "ex1": Answers(
        right=[gauge(), {key: round(value, 5) for key, value in gauge().items()}],
        wrong=[
            ("no constant", {**gauge(), "factor": 1.0}, "factor: the factor"),
            ("the kernel's factor", {**gauge(), "factor": 0.01}, "factor: the factor"),
            ("no root", {**gauge(), "factor": gauge()["factor"] ** 2}, "factor: the factor"),
            ("upside down", {**gauge(), "factor": 1 / gauge()["factor"]}, "factor: the factor"),
            ("the constant scaled", {**gauge(), "factor": gauge(c=100)["factor"]},
             "factor: the factor"),
            ("c squared", {**gauge(), "half": gauge()["half"] ** 2}, "half: half"),
            ("root of a half", {**gauge(), "half": math.sqrt(EPS / (0.04 + 2 * EPS))},
             "half: half"),
            ("no half", {"factor": 0.5}, "the form of the answer"),
        ],
        secrets=[gauge()["factor"], gauge()["half"]],
    ),
    "ex2": Answers(
        right=[folded, at_once],
        wrong=[
            ("one constant", one_constant, "two and three classes"),
            ("the runner-up only", runner_up, "two and three classes"),
            ("ℓ2", euclidean, "two and three classes"),
            ("column sums", column_sums, "two and three classes"),
            ("halved", lambda *a: folded(*a) / 2, "two and three classes"),
            ("negative radii", negative, "points that are wrong"),
            ("one number", lambda *a: folded(*a).min(), "a radius for each point"),
            ("spoils the weights", spoiling, "leaves its input as it was"),
            ("called too early", 0.1, "the form of the answer"),
        ],
        secrets=["argmin", "np.abs"],
    ),
    "ex3": Answers(
        right=[CLIFF, BOTH, TILTED],
        wrong=[
            ("too far away", LATE, "misread nearby"),
            ("it only climbs", UPWARDS, "misread nearby"),
            ("steep at the point", STEEP, "flat at the point"),
            ("steep on one side", ONE_SIDED, "flat at the point"),
            ("the wrong margin", ReluNetwork([[[1.0]], [[-20.0]]], [[-0.02], [2.0]]),
             "margin one"),
            ("two inputs", ReluNetwork([[[1.0, 0.0]], [[1.0]]]), "the form of the answer"),
            ("a function", lambda t: 1 - 20 * max(t - 0.02, 0), "the form of the answer"),
        ],
        secrets=["-20", "dead"],
    ),
    "ex4": Answers(
        right=[room(), room(0.2187, 0.1188, 1.685e7)],
        wrong=[
            ("the distance", room(r=0.4375), "r: half the distance"),
            ("in ℓ2", room(r=0.61), "r: half the distance"),
            ("no ball", room(eta=0.21875), "eta: the height"),
            ("twice", room(eta=2 * ROOM), "eta: the height"),
            ("half", room(eta=ROOM / 2), "eta: the height"),
            ("all of the height", room(omega=(1e6 + 1) / ROOM), "omega: the frequency"),
            ("the slope", room(omega=1e6), "omega: the frequency"),
            ("a number", 0.21875, "the form of the answer"),
        ],
        secrets=[ROOM, (1e6 + 1) / (ROOM / 2)],
    ),
    "ex5": Answers(
        right=[grows(), grows(5.09902, 99)],
        wrong=[
            ("along the kernel", grows(norm=4.0), "norm: the norm after the step"),
            ("added", grows(norm=6.0), "norm: the norm after the step"),
            ("no step size", grows(norm=math.sqrt(29)), "norm: the norm after the step"),
            ("ten", grows(slower=10.0), "slower: how much slower"),
            ("the same", grows(slower=1.0), "slower: how much slower"),
            ("upside down", grows(slower=0.01), "slower: how much slower"),
            ("text", {"norm": "more", "slower": 100}, "the form of the answer"),
        ],
        secrets=[math.sqrt(26), 100.0],
    ),
}  # fmt: skip


def solution(name):
    """A function of the chapter's solutions, as it is printed."""
    text = (ROOT / "chapters/large-norms.md").read_text()
    code = text[text.rindex(f"def {name}(") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    return space[name]


def test_the_solution_of_the_chapter_passes():
    assert check("large-norms.ex2", solution("pair_radii"))


class TestGraders(Grading):
    slug, table = "large-norms", TABLE


@pytest.mark.parametrize("student", [*range(10), "ada"])
def test_ex1_and_ex5_vary(student):
    drawn = variant("large-norms.ex1", student)
    own = gauge(drawn["v"], 10.0 ** -drawn["power"], drawn["eps"])
    assert check("large-norms.ex1", own, student_id=student)
    assert not check("large-norms.ex1", {**own, "half": 2 * own["half"]}, student_id=student)
    step = variant("large-norms.ex5", student)
    after = math.hypot(step["norm"], step["lr"] * step["gradient"])
    assert check("large-norms.ex5", grows(norm=after), student_id=student)
    assert not check("large-norms.ex5", grows(norm=after + 1), student_id=student)


@pytest.mark.parametrize(
    ("label", "answer", "hint"),
    [
        ("ex1", {**gauge(), "factor": 0.01}, "the variance has moved as well"),
        ("ex2", runner_up, "need not set the limit"),
        ("ex2", one_constant, "one constant for all pairs"),
        ("ex3", UPWARDS, "does it go down"),
        ("ex4", room(eta=0.21875), "has used up"),
        ("ex5", grows(slower=10.0), "shorter, too"),
    ],
)
def test_the_misreading_is_named(label, answer, hint):
    failed = [r for r in check(f"large-norms.{label}", answer).results if not r.passed]
    assert hint in failed[0].hint
