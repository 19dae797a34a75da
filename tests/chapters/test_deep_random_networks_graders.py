"""The graders of the chapter: who passes, and who is caught by which check."""

import math

import numpy as np
import pytest
import torch

from lipkit import lipschitz
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.teach import check, variant
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading, giving


# -- ex2 -----------------------------------------------------------------------------------------
def ramp(steep=100.0, shift=1.0, keep=1.0):
    W, a = [[1.0], [1.0], [1.0]], [[steep, -steep, keep]]
    return ReluNetwork([W, a], [[shift, -shift, 0.0], [0.0]])


def deep_ramp():
    """Two hidden layers, and kinks on the negative side."""
    W1, b1 = [[-1.0], [-1.0], [1.0]], [3.0, -3.0, 0.0]
    W2, b2 = [[500.0, -500.0, 0.0], [0.0, 0.0, 1.0]], [0.0, 0.0]
    return ReluNetwork([W1, W2, [[1.0, 0.5]]], [b1, b2, [2.0]])


# -- ex3 -----------------------------------------------------------------------------------------
def stretch_by_gates(weights, x):
    h, J = x, np.eye(len(x))
    for W in weights:
        D = np.diag((W @ h > 0).astype(float))
        h, J = D @ W @ h, D @ W @ J
    return np.linalg.svd(J, compute_uv=False)[0]


def stretch_by_torch(weights, x):
    def hidden(t):
        for W in weights:
            t = torch.relu(torch.as_tensor(W) @ t)
        return t

    J = torch.autograd.functional.jacobian(hidden, torch.as_tensor(x))
    return torch.linalg.matrix_norm(J, 2)


def product(weights, x):
    return np.prod([np.linalg.norm(W, 2) for W in weights])


def no_gates(weights, x):
    return np.linalg.norm(np.linalg.multi_dot([np.eye(len(weights[-1])), *weights[::-1]]), 2)


def no_last_gate(weights, x):
    J, h = np.eye(len(x)), x
    for i, W in enumerate(weights):
        z = W @ h
        J, h = W @ J, np.maximum(z, 0)
        if i < len(weights) - 1:
            J = (z > 0)[:, None] * J
    return np.linalg.norm(J, 2)


def frobenius(weights, x):
    J, h = np.eye(len(x)), x
    for W in weights:
        z = W @ h
        J, h = (z > 0)[:, None] * (W @ J), np.maximum(z, 0)
    return np.linalg.norm(J)


def of_the_point(weights, x):
    h = x
    for W in weights:
        h = np.maximum(W @ h, 0)
    return np.linalg.norm(h) / np.linalg.norm(x)


def spoiling(weights, x):
    value = stretch_by_gates(weights, x)
    x *= 0
    return value


# -- ex4 -----------------------------------------------------------------------------------------
def plane(seeds=range(30), width=50, depth=4):
    found = [lipschitz.exact_plane(sample_random_relu(2, width, depth, rng=s)) for s in seeds]
    constants = np.array([b.value for b in found]) / math.sqrt(2)
    return constants, np.array([b.details["arcs"] for b in found]) / (2 * width * depth)


CONSTANTS, PIECES = plane()
OTHERS = plane(range(30, 60))[0].mean()
SHALLOW = plane(depth=1)[0].mean()


CONSTANT, SHARE = CONSTANTS.mean(), PIECES.mean()


def answer(constant=CONSTANT, pieces=SHARE):
    return {"constant": constant, "pieces": pieces}


TABLE = {
    "ex1": Answers(
        right=[0.8 * math.log(10), 1.842, 4 / 5 * 2.302585],
        wrong=[
            ("the square", 0.4 * math.log(10), "the ratio"),
            ("the other logarithm", 0.8, "the ratio"),
            ("upside down", 1 / (0.8 * math.log(10)), "the ratio"),
            ("doubled", 1.6 * math.log(10), "the ratio"),
            ("the logarithm alone", math.log(10), "the ratio"),
            ("as text", "two", "the form of the answer"),
        ],
        secrets=[0.8 * math.log(10), "4/5"],
    ),
    "ex2": Answers(
        right=[ramp(), ramp(1e6, 0.1, 0.2), deep_ramp()],
        wrong=[
            ("no bias", ReluNetwork([[[1.0]], [[100.0]]]), "hidden biases"),
            ("a bias of the output", ReluNetwork([[[1.0]], [[1.0]]], [[0.0], [5.0]]),
             "hidden biases"),
            ("steep without, too", ReluNetwork([[[1.0]], [[100.0]]], [[1.0], [0.0]]),
             "flat without its biases"),
            ("nothing left", ramp(keep=0.0), "not constant"),
            ("not steep enough", ramp(50.0), "steep with them"),
            ("two inputs", ReluNetwork([[[1.0, 0.0]], [[1.0]]]), "the form of the answer"),
        ],
        secrets=["-100", "101"],
    ),
    "ex3": Answers(
        right=[stretch_by_gates, stretch_by_torch],
        wrong=[
            ("the product of norms", product, "the stretch"),
            ("no gates", no_gates, "the stretch"),
            ("no gate at the end", no_last_gate, "the stretch"),
            ("Frobenius", frobenius, "the stretch"),
            ("of the point", of_the_point, "the stretch"),
            ("above the product", lambda weights, x: 9 + 9 * product(weights, x), "the stretch"),
            ("always one", lambda weights, x: giving(1.0)(), "the stretch"),
            ("changes its input", spoiling, "leaves its input as it was"),
        ],
        secrets=["W @ J", "[:, None]"],
    ),
    "ex4": Answers(
        right=[answer(), answer(round(CONSTANTS.mean(), 2), round(PIECES.mean(), 3)),
               answer(pieces=float(PIECES.mean()))],
        wrong=[
            ("not over the root", answer(CONSTANTS.mean() * 2**0.5), "constant: the constant"),
            ("other seeds", answer(OTHERS), "constant: the constant"),
            ("one hidden layer", answer(SHALLOW), "constant: the constant"),
            ("the largest", answer(CONSTANTS.max()), "constant: the constant"),
            ("a plain count", answer(pieces=400 * PIECES.mean()), "pieces: the pieces"),
            ("over 2N", answer(pieces=4 * PIECES.mean()), "pieces: the pieces"),
            ("over NL", answer(pieces=2 * PIECES.mean()), "pieces: the pieces"),
            ("one number", 1.0, "the form of the answer"),
        ],
        secrets=[CONSTANTS.mean(), PIECES.mean()],
    ),
    "ex5": Answers(
        right=[32, 2.0**5, math.sqrt(1024.0)],
        wrong=[
            ("the mean square", 1024, "the factor"),
            ("only a shift", 1, "the factor"),
            ("the norms", 8.0**5, "the factor"),
            ("upside down", 1 / 32, "the factor"),
            ("nine layers", 2**4.5, "the factor"),
            ("one layer", 2**0.5, "the factor"),
        ],
        secrets=[32],
    ),
}  # fmt: skip


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / "chapters/deep-random-networks.md").read_text()
    code = text[text.index("def stretch(weights, x):") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    assert check("deep-random-networks.ex3", space["stretch"])


class TestGraders(Grading):
    slug, table = "deep-random-networks", TABLE


def failure(label, given, **options):
    name = f"deep-random-networks.{label}"
    return next(r for r in check(name, given, **options).results if not r.passed)


@pytest.mark.parametrize(
    ("label", "given", "hint"),
    [
        ("ex1", 0.4 * math.log(10), "take the root"),
        ("ex1", 0.8, "natural"),
        ("ex2", ramp(keep=0.0), "One more neuron"),
        ("ex2", ReluNetwork([[[1.0]], [[100.0]]], [[1.0], [0.0]]), "cancel"),
        ("ex3", product, "the product of the norms"),
        ("ex3", no_gates, "half of the neurons"),
        ("ex3", no_last_gate, "has gates, too"),
        ("ex3", frobenius, "largest singular value"),
        ("ex4", answer(CONSTANTS.mean() * 2**0.5), "root of 2 is asked"),
        ("ex4", answer(pieces=4 * PIECES.mean()), "four hidden layers"),
        ("ex5", 1024, "take the root"),
        ("ex5", 1, "gates have changed"),
        ("ex5", 8.0**5, "worst direction"),
    ],
)
def test_the_hint_fits_the_mistake(label, given, hint):
    assert hint in failure(label, given).hint


@pytest.mark.parametrize("student", range(10))
def test_students_have_their_own_numbers(student):
    times = variant("deep-random-networks.ex1", student)["times"]
    assert check("deep-random-networks.ex1", 0.8 * math.log(times), student_id=student)
    depth = variant("deep-random-networks.ex5", student)["depth"]
    assert check("deep-random-networks.ex5", 2 ** (depth / 2), student_id=student)
    assert not check("deep-random-networks.ex5", 2.0**depth, student_id=student)


def test_ex5_is_what_networks_do():
    squares = []
    for seed in range(3000):
        f = sample_random_relu(2, 40, 3, rng=seed)
        row = f.weights[3] @ f.weights[2] @ f.weights[1] @ f.weights[0]  # all gates on
        squares.append(float(np.sum(row**2)) / 2)
    assert np.mean(squares) == pytest.approx(2.0**3, rel=0.1)
