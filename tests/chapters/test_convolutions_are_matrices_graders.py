"""The graders of the chapter: who passes, and who is caught by which check."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from lipkit.norms import conv_matrix
from lipkit.teach import check, variant
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading

TAPS = np.arange(1.0, 10.0).reshape(3, 3)


# -- ex2 -----------------------------------------------------------------------------------------
def by_slices(K, n, stride, padding):
    k = K.shape[-1]
    starts = range(-padding, n + padding - k + 1, stride)
    seen = [slice(max(0, -y), min(k, n - y)) for y in starts if -k < y < n]
    sums = [np.abs(K[:, :, a, b]).sum(axis=(1, 2, 3)) for a in seen for b in seen]
    return np.max(sums, initial=0.0)


def by_ones(K, n, stride, padding):
    ones = torch.ones(1, K.shape[1], n, n, dtype=torch.float64)
    return F.conv2d(ones, torch.tensor(np.abs(K)), stride=stride, padding=padding).max()


def by_matrix(K, n, stride, padding):
    A = conv_matrix(K, input_size=n, stride=stride, padding=padding)
    return abs(A).sum(axis=1).max()


def tap_sum(K, *_):
    return np.abs(K).sum(axis=(1, 2, 3)).max()


def column_sum(K, n, stride, padding):
    A = conv_matrix(K, input_size=n, stride=stride, padding=padding)
    return abs(A).sum(axis=0).max()


def one_output(K, *rest):
    return max(by_slices(K[:, i : i + 1], *rest) for i in range(K.shape[1]))


def all_outputs(K, *rest):
    return sum(by_slices(K[o : o + 1], *rest) for o in range(len(K)))


def guarded(K, n, stride, padding):
    """Only the 1 × 1 image is special."""
    k = K.shape[-1]
    return np.abs(K[:, :, k // 2, k // 2]).sum(axis=1).max() if n == 1 else tap_sum(K)


def without_stride(K, n, stride, padding):
    return by_slices(K, n, 1, padding)


def with_little_padding(K, n, stride, padding):
    if padding >= K.shape[-1]:
        raise ValueError("more padding than taps")
    return by_slices(K, n, stride, padding)


def spoiling(K, n, stride, padding):
    np.abs(K, out=K)
    return by_slices(K, n, stride, padding)


# -- ex3 -----------------------------------------------------------------------------------------
def by_classes(K, stride):
    classes = [(a, b) for a in range(stride) for b in range(stride)]
    sums = [np.abs(K[:, :, a::stride, b::stride]).sum(axis=(0, 2, 3)) for a, b in classes]
    return np.max(sums)


def by_gradient(K, stride):
    n = 6 * max(K.shape[-1], stride)
    x = torch.ones(1, K.shape[1], n, n, dtype=torch.float64, requires_grad=True)
    F.conv2d(x, torch.tensor(np.abs(K)), stride=stride, padding=K.shape[-1] - 1).sum().backward()
    return x.grad.max()


def all_taps(K, stride):
    return np.abs(K).sum(axis=(0, 2, 3)).max()


def diagonal(K, stride):
    sums = [np.abs(K[:, :, c::stride, c::stride]).sum(axis=(0, 2, 3)) for c in range(stride)]
    return np.max(sums)


def first_class(K, stride):
    return np.abs(K[:, :, ::stride, ::stride]).sum(axis=(0, 2, 3)).max()


def largest_tap(K, stride):
    return np.abs(K).sum(axis=0).max()


def per_output(K, stride):
    return max(by_classes(K[o : o + 1], stride) for o in range(len(K)))


def signed_sums(K, stride):
    classes = [(a, b) for a in range(stride) for b in range(stride)]
    return max(abs(K[:, :, a::stride, b::stride].sum(axis=(0, 2, 3))).max() for a, b in classes)


# -- ex4, ex5, ex6 -------------------------------------------------------------------------------
def layer(kernel, size=4, stride=1, padding=4):
    return {"kernel": kernel, "size": size, "stride": stride, "padding": padding}


def corner(weight):
    K = np.ones((5, 5))
    K[0, 0] = weight
    return K


def lines(too_large=((1, 2), (3, 4)), too_small=((1, 4), (2, 4)), kind="estimate", stride=3):
    large, small = np.array(too_large), np.array(too_small)
    return {"too_large": large, "too_small": small, "kind": kind, "stride": stride}


CHECKER = np.outer([1, -1, 1], [1, -1, 1])
MINE = variant("convolutions-are-matrices.ex1", "ada")

TABLE = {
    "ex1": Answers(
        right=[(3, 7, 9, 3), np.array([3.0, 7.0, 9.0, 3.0]), [3, 7.0, 9, 3]],
        wrong=[
            ("the tap sum everywhere", (9, 9, 9, 1), "0: one pixel"),
            ("the sign", (-3, 7, 9, 3), "0: one pixel"),
            ("the sum of the rows", (3, 12, 9, 3), "1: two pixels"),
            ("the shorter row", (3, 5, 9, 3), "1: two pixels"),
            ("signed sums", (3, 7, 3, 3), "2: three pixels"),
            ("too late", (3, 7, 9, 5), "3: from which n on"),
            ("too early", (3, 7, 9, 2), "3: from which n on"),
            ("n is missing", (3, 7, 9), "the form of the answer"),
        ],
        secrets=[7.0, "(G)"],
    ),
    "ex2": Answers(
        right=[by_slices, by_ones, by_matrix],
        wrong=[
            ("the tap sum", tap_sum, "a 1 × 1 image"),
            ("column sums", column_sum, "channels and signs"),
            ("a special case for one pixel", guarded, "images smaller than the kernel"),
            ("one input channel only", one_output, "channels and signs"),
            ("all output channels", all_outputs, "channels and signs"),
            ("signed", lambda K, *rest: K.sum(axis=(1, 2, 3)).max(), "channels and signs"),
            ("the stride forgotten", without_stride, "strides"),
            ("refuses padding", with_little_padding, "more padding than taps"),
            ("an array", lambda K, *rest: np.abs(K).sum(axis=(1, 2, 3)) * [1, 1],
             "gives a number"),
            ("called too early", 45.0, "the form of the answer"),
            ("spoils the kernel", spoiling, "leaves its input as it was"),
        ],
        secrets=["slice", "ones"],
    ),
    "ex3": Answers(
        right=[by_classes, by_gradient],
        wrong=[
            ("all taps", all_taps, "strides smaller than the kernel"),
            ("the same class on both axes", diagonal, "strides smaller than the kernel"),
            ("the first class", first_class, "strides smaller than the kernel"),
            ("the largest tap", largest_tap, "stride 1"),
            ("one output channel", per_output, "channels and signs"),
            ("signed", signed_sums, "channels and signs"),
            ("the row sum", lambda K, stride: np.abs(K).sum(axis=(1, 2, 3)).max(),
             "strides smaller than the kernel"),
            ("a number", 20.0, "the form of the answer"),
        ],
        secrets=["::", "modulo"],
    ),
    "ex4": Answers(
        right=[
            layer(np.ones((9, 9))),
            layer(torch.ones(7, 7), padding=3),
            layer(-corner(500.0), stride=5, padding=1),
            layer(np.ones((3, 3)), stride=5, padding=2),
        ],
        wrong=[
            ("one pixel", layer(TAPS, size=1, padding=1), "the image"),
            ("zeros among the taps", layer(np.eye(9)), "the taps"),
            ("nothing but zeros", layer(np.ones((3, 3)), stride=7, padding=3), "the norm"),
            ("(G) holds", layer(TAPS, padding=1), "the formula is three times too large"),
            ("not enough", layer(np.ones((5, 5)), padding=2),
             "the formula is three times too large"),
            ("not square", layer(np.ones((3, 5)), padding=2), "a layer"),
            ("no output", layer(np.ones((9, 9)), padding=1), "a layer"),
            ("half a pixel", layer(np.ones((9, 9)), padding=4.5), "whole numbers"),
            ("with its channels", layer(np.ones((1, 1, 9, 9))), "the form of the answer"),
            ("no padding given", {"kernel": TAPS, "size": 4, "stride": 1},
             "the form of the answer"),
        ],
        secrets=["larger than the image", "81"],
    ),
    "ex5": Answers(
        right=[
            lines(),
            lines([[5, -5], [0, 0]], [[5, 0], [-5, 0]], "◆", 3.0),
            lines(kind="an estimate"),
        ],
        wrong=[
            ("exchanged", lines([[1, 4], [2, 4]], [[1, 2], [3, 4]]),
             "too_large: the code is too large"),
            ("symmetric", lines([[1, 2], [2, 1]]), "too_large: the code is too large"),
            ("equal taps", lines(too_small=[[1, 1], [1, 1]]),
             "too_small: the code is too small"),
            ("an upper answer", lines(kind="upper"), "kind: which side"),
            ("a lower answer", lines(kind="lower"), "kind: which side"),
            ("two", lines(stride=2), "stride: sets of one tap"),
            ("any stride", lines(stride=1), "stride: sets of one tap"),
            ("3 × 3 taps", lines(np.eye(3)), "the form of the answer"),
        ],
        secrets=["estimate", "transpose"],
    ),
    "ex6": Answers(
        right=[
            (np.ones((3, 3)), 20),
            (CHECKER, 64),
            [torch.full((3, 3), -0.01), 40],
        ],
        wrong=[
            ("the kernel 1 to 9", (TAPS, 64), "how deep"),
            ("too small an image", (np.ones((3, 3)), 8), "how deep"),
            ("the centre only", (np.diag([0, 1, 0]), 64), "how deep"),
            ("no taps", (np.zeros((3, 3)), 20), "how deep"),
            ("too large an image", (np.ones((3, 3)), 100), "the image"),
            ("a broken size", (np.ones((3, 3)), 20.5), "the image"),
            ("no size", np.ones((3, 3)), "the form of the answer"),
        ],
        secrets=["ones", "constant"],
    ),
}  # fmt: skip


def solution(name):
    """A function of the chapter's solutions, as it is printed."""
    text = (ROOT / "chapters/convolutions-are-matrices.md").read_text()
    code = text[text.rindex(f"def {name}(") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    return space[name]


@pytest.mark.parametrize(("label", "name"), [("ex2", "sup_norm"), ("ex3", "one_norm")])
def test_the_solutions_of_the_chapter_pass(label, name):
    assert check(f"convolutions-are-matrices.{label}", solution(name))


def test_the_code_in_the_text_is_that_of_the_grader():
    text = (ROOT / "chapters/convolutions-are-matrices.md").read_text()
    assert text.count("max(sum(flat[a + k * b] for a, b in taps) for taps in tap_sets)") == 2
    largest = solution("largest")
    columns = [[(0, 0), (1, 0)], [(0, 1), (1, 1)]]
    rng = np.random.default_rng(0)
    for K in rng.normal(size=(20, 2, 2)):
        assert largest(K, columns) == pytest.approx(np.abs(K).sum(axis=1).max())
        A = conv_matrix(K[None, None], input_size=2, padding=(1, 0)).toarray()
        assert np.linalg.norm(A, 1) == pytest.approx(np.abs(K).sum(axis=0).max())


class TestGraders(Grading):
    slug, table = "convolutions-are-matrices", TABLE


def own(draws):
    a, b, c = (abs(draws[key]) for key in "abc")
    return b, max(a, c) + b, a + b + c, 3


@pytest.mark.parametrize("student", [*range(20), "ada"])
def test_ex1_varies(student):
    name = "convolutions-are-matrices.ex1"
    drawn = variant(name, student)
    assert check(name, own(drawn), student_id=student)
    assert not check(name, (*own(drawn)[:2], sum(drawn.values()), 3), student_id=student)
    assert not check(name, (*own(drawn)[:3], 2), student_id=student)


@pytest.mark.parametrize(
    ("label", "answer", "hint"),
    [
        ("ex1", (9, 9, 9, 3), "whole kernel"),
        ("ex2", tap_sum, "whether they read a pixel"),
        ("ex2", column_sum, "column sum"),
        ("ex3", all_taps, "can one pixel meet them all"),
        ("ex3", diagonal, "different classes"),
        ("ex4", layer(TAPS, padding=1), "exact"),
        ("ex5", lines(stride=2), "still in one class"),
        ("ex6", (np.ones((3, 3)), 8), "how many of its outputs"),
    ],
)
def test_the_misreading_is_named(label, answer, hint):
    failed = [
        r for r in check(f"convolutions-are-matrices.{label}", answer).results if not r.passed
    ]
    assert hint in failed[0].hint
