"""The graders of the chapter: who passes, and who is caught by which check."""

import numpy as np
import pytest
import torch

from lipkit import lipschitz
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.teach import check, variant
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading, giving


# -- ex3 -----------------------------------------------------------------------------------------
def step_point(W, a):
    y = (a * W[:, 0]) @ W
    y[0] = 0
    return y


def by_gradients(W, a):
    f, y = ReluNetwork([W, a[None, :]]), step_point(W, a)
    return abs(f.gradient(y)[0] - f.gradient(-y)[0]) / 2


def by_signs(W, a):
    c = a * W[:, 0]
    return torch.tensor(abs(np.sum(c * np.sign(W @ step_point(W, a)))) / 2)


def with_first_entry(W, a):
    c = a * W[:, 0]
    return abs(c @ np.sign(W @ (c @ W))) / 2


def one_side(W, a):
    return abs(ReluNetwork([W, a[None, :]]).gradient(step_point(W, a))[0])


def whole_gradient(W, a):
    f, y = ReluNetwork([W, a[None, :]]), step_point(W, a)
    return np.linalg.norm(f.gradient(y) - f.gradient(-y)) / 2


def spoiling(W, a):
    W *= a[:, None]
    y = W[:, 0] @ W
    y[0] = 0
    return 0.0


# -- ex4 -----------------------------------------------------------------------------------------
def plane(bias="zero", seeds=range(50), n=2000):
    fs = [sample_random_relu(2, 100, 1, bias=bias, rng=s) for s in seeds]
    exact = np.array([lipschitz.exact_plane(f.without_biases()).value for f in fs])
    found = np.array([lipschitz.sampling(f.without_biases(), n=n, rng=0).value for f in fs])
    return exact, found


EXACT, FOUND = plane()
CONSTANT, SHARE = EXACT.mean() / np.sqrt(2), np.mean(FOUND / EXACT)
OTHERS = plane(seeds=range(50, 100), n=200)[0].mean() / np.sqrt(2)


def answer(constant=CONSTANT, share=SHARE):
    return {"constant": constant, "share": share}


TABLE = {
    "ex1": Answers(
        right=[1.5, np.sqrt(9 / 4), 1.501],
        wrong=[
            ("the steepest slope", np.sqrt(3), "the ratio"),
            ("the squares", 2.25, "the ratio"),
            ("upside down", 2 / 3, "the ratio"),
            ("equal sectors", np.sqrt(3 / 1.25), "the ratio"),
            ("a right angle", np.sqrt(2), "the ratio"),
            ("root mean square alone", np.sqrt(4 / 3), "the ratio"),
        ],
        secrets=[1.5, "3/2"],
    ),
    "ex2": Answers(
        right=[0.34765625, 0.348, 1.25 * 1.078125 - 1],
        wrong=[
            ("the direction only", 0.25, "the variance"),
            ("the length only", 5 / 64, "the variance"),
            ("the second moment", 1.34765625, "the variance"),
            ("K fixed at N/2", 1.25 * (1 + 4 / 64) - 1, "the variance"),
            ("all neurons on", 1.25 * (1 + 2 / 64) - 1, "the variance"),
            ("not over d", 64 * 0.34765625, "the variance"),
            ("its root", 0.34765625**0.5, "the variance"),
        ],
        secrets=[0.34765625],
    ),
    "ex3": Answers(
        right=[by_gradients, by_signs],
        wrong=[
            ("first entry kept", with_first_entry, "the step"),
            ("not halved", lambda W, a: 2 * by_gradients(W, a), "the step"),
            ("one side", one_side, "the step"),
            ("the whole gradient", whole_gradient, "the step"),
            ("the product bound, and more", lambda W, a: 99 * by_gradients(W, a) + 99,
             "not above the product bound"),
            ("the typical slope", lambda W, a: giving(1.0)(), "the step"),
            ("changes its input", spoiling, "the step"),
        ],
        secrets=["np.sign", "c @"],
    ),
    "ex4": Answers(
        right=[answer(), answer(round(CONSTANT, 2), round(SHARE, 3)), answer(share=float(SHARE))],
        wrong=[
            ("not over the root", answer(EXACT.mean()), "constant: the constant"),
            ("other seeds", answer(OTHERS), "constant: the constant"),
            ("the median", answer(np.median(EXACT) / np.sqrt(2)), "constant: the constant"),
            ("found only", answer(FOUND.mean() / 2), "constant: the constant"),
            ("upside down", answer(share=np.mean(EXACT / FOUND)), "share: the share"),
            ("the worst network", answer(share=np.min(FOUND / EXACT)), "share: the share"),
            ("a guess", answer(share=0.5), "share: the share"),
            ("one number", 3.0, "the form of the answer"),
        ],
        secrets=[CONSTANT, SHARE],
    ),
    "ex5": Answers(
        right=[1 / np.sqrt(18), 0.236, 2**0.5 / 6],
        wrong=[
            ("the mean square", 1 / 18, "the slope"),
            ("all neurons on", 1 / 3, "the slope"),
            ("no variances of uniform laws", 2**-0.5, "the slope"),
            ("one uniform layer", 6**-0.5, "the slope"),
            ("the root of 64 inputs", 8.0, "the slope"),
            ("as text", "a quarter", "the form of the answer"),
        ],
        secrets=[18**-0.5, "18"],
    ),
}  # fmt: skip


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / "chapters/shallow-random-networks.md").read_text()
    code = text[text.index("def one_step(W, a):") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    assert check("shallow-random-networks.ex3", space["one_step"])


class TestGraders(Grading):
    slug, table = "shallow-random-networks", TABLE


def failure(label, given, **options):
    name = f"shallow-random-networks.{label}"
    return next(r for r in check(name, given, **options).results if not r.passed)


@pytest.mark.parametrize(
    ("label", "given", "hint"),
    [
        ("ex1", 3**0.5, "divide it"),
        ("ex1", 2.25, "squares"),
        ("ex1", np.sqrt(3 / 1.25), "equally wide"),
        ("ex1", 2 / 3, "above which"),
        ("ex2", 0.25, "length varies"),
        ("ex2", 1.25 * 1.0625 - 1, "second moments multiply"),
        ("ex3", with_first_entry, "first entry"),
        ("ex3", one_side, "at y alone"),
        ("ex4", answer(EXACT.mean()), "root of 2 is asked"),
        ("ex4", answer(share=1.003), "below 1"),
        ("ex5", 1 / 18, "take its root"),
        ("ex5", 1 / 3, "not all"),
        ("ex5", 8.0, "drops out"),
    ],
)
def test_the_hint_fits_the_mistake(label, given, hint):
    assert hint in failure(label, given).hint


@pytest.mark.parametrize("student", range(10))
def test_students_have_their_own_sizes(student):
    angle = np.radians(variant("shallow-random-networks.ex1", student)["angle"])
    turns = np.linspace(0, 2 * np.pi, 200_001)[:-1] + 1e-7
    x = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    f = ReluNetwork([[[1, 0], [np.cos(angle), np.sin(angle)]], [[1, 1]]])
    slopes = np.linalg.norm(f.gradient(x), axis=1)
    ratio = slopes.max() / np.sqrt(np.mean(slopes**2))
    assert check("shallow-random-networks.ex1", ratio, student_id=student)
    own = variant("shallow-random-networks.ex2", student)
    value = (1 + 2 / own["d"]) * (1 + 5 / own["width"]) - 1
    assert check("shallow-random-networks.ex2", value, student_id=student)
    assert not check("shallow-random-networks.ex2", 0.34765625, student_id=student)


def test_ex5_is_what_torch_draws():
    torch.manual_seed(0)
    squares = []
    for _ in range(4000):
        net = torch.nn.Sequential(torch.nn.Linear(6, 10), torch.nn.ReLU(), torch.nn.Linear(10, 1))
        x = torch.ones(6, requires_grad=True)
        net(x).backward()
        squares.append(float(x.grad @ x.grad))
    error = 5 * np.std(squares) / np.sqrt(len(squares))
    assert np.mean(squares) == pytest.approx(1 / 18, abs=error)
