"""The graders of the chapter: who passes, and who is caught by which check."""

import numpy as np
import pytest
import torch

from lipkit import norms, training
from lipkit.norms import conv_norm
from lipkit.teach import check, variant
from lipkit.teach.graders.tasks import _norm_decay_traps as traps
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading

TAPS = np.arange(1.0, 10.0).reshape(3, 3)


# -- ex1 -----------------------------------------------------------------------------------------
def by_hand(sup=(1, -1, 1), one=(1, 0, 1), until=1.5):
    return {"sup": sup, "one": one, "until": until}


# -- ex2 -----------------------------------------------------------------------------------------
def by_slices(K, n, stride, padding):
    k = K.shape[-1]
    starts = range(-padding, n + padding - k + 1, stride)
    seen = [slice(max(0, -y), min(k, n - y)) for y in starts if -k < y < n]
    g, best = np.zeros_like(K), 0.0
    for o in range(len(K)):
        for a in seen:
            for b in seen:
                if (size := np.abs(K[o, :, a, b]).sum()) > best:
                    best, g = size, np.zeros_like(K)
                    g[o, :, a, b] = np.sign(K[o, :, a, b])
    return g


def by_autograd(K, n, stride, padding):
    weight = torch.tensor(K, requires_grad=True)
    how = {"input_size": n, "stride": stride, "padding": padding}
    training.conv_penalty(weight, np.inf, **how).backward()
    return weight.grad


def whole_channel(K, *_):
    o = np.abs(K).sum(axis=(1, 2, 3)).argmax()
    g = np.zeros_like(K)
    g[o] = np.sign(K[o])
    return g


def all_signs(K, *_):
    return np.sign(K)


def without_signs(K, *rest):
    return np.abs(by_slices(K, *rest))


def radial(K, *rest):
    norm = conv_norm(K, np.inf, input_size=rest[0], stride=rest[1], padding=rest[2]).value
    return K * norm / max((K * K).sum(), 1e-300)


def largest_weight(K, *rest):
    """The norm again, put on one weight."""
    norm = conv_norm(K, np.inf, input_size=rest[0], stride=rest[1], padding=rest[2]).value
    at = np.unravel_index(np.abs(K).argmax(), K.shape)
    g = np.zeros_like(K)
    g[at] = norm / K[at] if K[at] else 0
    return g


def without_stride(K, n, stride, padding):
    return by_slices(K, n, 1, padding)


def not_at_zeros(K, *rest):
    if not K.all():
        raise ValueError("a tap is 0")
    return by_slices(K, *rest)


def spoiling(K, *rest):
    g = by_slices(K, *rest)
    np.sign(K, out=K)
    return g


# -- ex3 -----------------------------------------------------------------------------------------
def by_rows(W1, W2):
    r = np.abs(W1).sum(axis=1)
    c = np.where(r > 0, r, 1.0)
    return W1 / c[:, None], W2 * np.where(r > 0, c, 0.0)


def by_a_constant(W1, W2):
    r = np.abs(W1).sum(axis=1, keepdims=True)
    return np.divide(3 * W1, r, out=np.zeros_like(W1), where=r > 0), W2 * r.T / 3


def balanced(W1, W2):
    r, c = np.abs(W1).sum(axis=1), np.abs(W2).sum(axis=0)
    s = np.sqrt(np.maximum(c, 1e-9) / np.maximum(r, 1e-9))
    return W1 * s[:, None], W2 / s


def halved(W1, W2):
    return W1 / 2, W2 * 2


def shrunk(W1, W2):
    return W1 / 2, W2


def signed(W1, W2):
    r = W1.sum(axis=1)
    r = np.where(r == 0, 1, r)
    return W1 / r[:, None], W2 * r


def with_zero_rows(W1, W2):
    r = np.abs(W1).sum(axis=1)
    if (r == 0).any():
        raise ZeroDivisionError
    return W1 / r[:, None], W2 * r


def zero_rows_kept(W1, W2):
    r = np.where(np.abs(W1).sum(axis=1) > 0, np.abs(W1).sum(axis=1), 1.0)
    return W1 / r[:, None], W2 * r


def in_place(W1, W2):
    V1, V2 = by_rows(W1, W2)
    W1 *= 0.5
    return V1, V2


# -- ex4 -----------------------------------------------------------------------------------------
SMALLEST = np.array([[1.0, 2.0], [3.0, 4.0]])[None, None]
RANDOM = np.random.default_rng(0).normal(size=(2, 3, 3, 3))
LAYERS = [
    (SMALLEST, 2, (1, 1), (1, 0)),
    (SMALLEST, 4, (2, 2), (0, 0)),
    (SMALLEST[..., :1, :1], 3, (1, 1), (0, 0)),
    (RANDOM, 8, (1, 1), (1, 1)),
    (RANDOM, 2, (1, 1), (1, 1)),
    (RANDOM, 8, (2, 2), (1, 1)),
]
TIE = (np.ones((2, 3, 3, 3)), 8, (1, 1), (1, 1))


def examiner(layers, *, keep=True, error=False, exact=False):
    """Whether ⟨g, K⟩ is the norm, on these layers, and the kernel the same afterwards."""

    def fine(pull):
        for K, n, stride, padding in layers:
            before = K.copy()
            try:
                g = pull(K, n, stride, padding)
            except AssertionError:
                if error:
                    raise
                return False
            changed = not np.array_equal(K, before)
            K[...] = before
            norm = conv_norm(K, 1, input_size=n, stride=stride, padding=padding).value
            wrong = not np.isclose((g * K).sum(), norm)
            if exact:
                wrong |= not np.array_equal(g, traps.right(K, n, stride, padding))
            if wrong or (keep and changed):
                return False
        return True

    return fine


def by_matrix(pull):
    """The same, with the oracle of matrices and a pool of layers."""
    draws, twice = np.random.default_rng(1), []
    for k in (1, 2, 3):
        for stride in ((1, 1), (2, 1), (3, 3)):
            for padding in ((0, 0), (1, 0), (1, 1)):
                twice += [(k, n, stride, padding) for n in (2, 5) if n + 2 * min(padding) >= k]
    for k, n, stride, padding in twice:
        K = draws.normal(size=(2, 2, k, k))
        before = K.copy()
        try:
            g = pull(K, n, stride, padding)
        except Exception:
            return False
        A = norms.conv_matrix(before, input_size=n, stride=stride, padding=padding).toarray()
        if not np.array_equal(K, before) or not np.isclose((g * K).sum(), np.linalg.norm(A, 1)):
            return False
    return True


def only(*rows, **how):
    return examiner([LAYERS[i] for i in rows], **how)


def counting(pull):
    """The number of layers on which it is right."""
    return sum(only(i)(pull) for i in range(len(LAYERS)))


CHECKER = np.outer([1, -1, 1], [1, -1, 1])

TABLE = {
    "ex1": Answers(
        right=[by_hand(), by_hand(np.array([1.0, -1, 1]), [1, 0.0, 1], 3 / 2)],
        wrong=[
            ("the taps", by_hand(sup=(2, -3, 4)), "sup: for the sup norm"),
            ("no signs", by_hand(sup=(1, 1, 1)), "sup: for the sup norm"),
            ("the shorter row", by_hand(sup=(0, -1, 1)), "sup: for the sup norm"),
            ("the row again", by_hand(one=(1, -1, 1)), "one: for the norm p = 1"),
            ("the border column", by_hand(one=(0, -1, 1)), "one: for the norm p = 1"),
            ("until a tap is 0", by_hand(until=2), "until: how far"),
            ("one tap shrinks", by_hand(until=3), "until: how far"),
            ("two taps", by_hand(sup=(1, 1)), "the form of the answer"),
        ],
        secrets=[1.5, "middle tap is larger"],
    ),
    "ex2": Answers(
        right=[by_slices, by_autograd],
        wrong=[
            ("the whole channel", whole_channel, "images smaller than the kernel"),
            ("every channel", all_signs, "large images"),
            ("no signs", without_signs, "large images"),
            ("towards 0", radial, "no other kernel objects"),
            ("one weight", largest_weight, "no other kernel objects"),
            ("the stride forgotten", without_stride, "images smaller than the kernel"),
            ("refuses zeros", not_at_zeros, "taps that are 0"),
            ("a number", lambda K, *rest: 1.0, "large images"),
            ("no function", 45.0, "the form of the answer"),
            ("spoils the kernel", spoiling, "leaves its input as it was"),
        ],
        secrets=["slice", "autograd"],
    ),
    "ex3": Answers(
        right=[by_rows, by_a_constant],
        wrong=[
            ("another function", shrunk, "the same function"),
            ("a negative factor", signed, "the same function"),
            ("nothing gained", halved, "the least product"),
            ("balanced neurons", balanced, "the least product"),
            ("a dead neuron's weight stays", zero_rows_kept, "the least product"),
            ("divides by 0", with_zero_rows, "the same function"),
            ("one matrix", lambda W1, W2: W1, "the same function"),
            ("no function", 1.0, "the form of the answer"),
            ("spoils its input", in_place, "leaves its input as it was"),
        ],
        secrets=["row sum", "divide each row"],
    ),
    "ex4": Answers(
        right=[examiner(LAYERS), by_matrix],
        wrong=[
            ("one of the right ones only", examiner([*LAYERS, TIE], exact=True),
             "a pull that is right"),
            ("never content", lambda pull: False, "a pull that is right"),
            ("always content", lambda pull: True,
             "a pull at other weights than those that meet on a pixel"),
            ("the same along both axes", only(1, 2, 3, 4, 5),
             "a pull at other weights than those that meet on a pixel"),
            ("no patches", only(0, 2, 3, 4, 5), "a pull that spoils the weights"),
            ("does not look at the kernel", examiner(LAYERS, keep=False),
             "a pull that spoils the weights"),
            ("no single tap", only(0, 1, 3, 4, 5), "a pull that does nothing to some layers"),
            ("one image", only(0, 1, 2, 3), "a pull that remembers the first image"),
            ("an error is an error", examiner(LAYERS, error=True),
             "a pull that remembers the first image"),
            ("a count", counting, "a pull that is right"),
            ("no function", True, "the form of the answer"),
        ],
        secrets=["patch", "asymmetric"],
    ),
    "ex5": Answers(
        right=[9 * np.ones((3, 3)), -50 * np.ones((3, 3)), torch.tensor(5.0 * CHECKER)],
        wrong=[
            ("too small to be cut", np.ones((3, 3)) / 9, "what is left of the bound"),
            ("hardly cut", np.ones((3, 3)) / 5, "what is left of the bound"),
            ("as in the figure", np.ones((3, 3)), "what is left of the bound"),
            ("the kernel 1 to 9", TAPS, "what is left of the bound"),
            ("one tap", 9 * np.diag([0, 1, 0]), "what is left of the bound"),
            ("no taps", np.zeros((3, 3)), "what is left of the bound"),
            ("on a line", np.ones(3), "the form of the answer"),
        ],
        secrets=["larger", "scale"],
    ),
}  # fmt: skip


def solution(name):
    """A function of the chapter's solutions, as it is printed, with its cell."""
    text = (ROOT / "chapters/norm-decay.md").read_text()
    start = text.rindex("```{code-cell} ipython3\n", 0, text.rindex(f"def {name}("))
    code = text[start:].partition("\n")[2].partition("\n```")[0]
    space = {"np": np, "norms": norms}
    exec(code, space)
    return space[name]


@pytest.mark.parametrize(("label", "name"), [("ex2", "pull"), ("ex3", "shrink"), ("ex4", "fine")])
def test_the_solutions_of_the_chapter_pass(label, name):
    assert check(f"norm-decay.{label}", solution(name))


class TestGraders(Grading):
    slug, table = "norm-decay", TABLE


@pytest.mark.parametrize("student", [*range(20), "ada"])
def test_ex1_varies(student):
    name = "norm-decay.ex1"
    taps = variant(name, student)
    a, b, c = (taps[key] for key in "abc")
    K = torch.tensor([[[a, b, c]]], dtype=torch.float64, requires_grad=True)
    found = {}
    for key, p in (("sup", np.inf), ("one", 1)):
        norm = training.conv_penalty(K, p, input_size=4, stride=2, padding=1)
        found[key] = torch.autograd.grad(norm, K)[0].ravel()
    until = (abs(a) + abs(c) - abs(b)) / 2
    assert 0 < until < min(abs(a), abs(c))
    assert check(name, {**found, "until": until}, student_id=student)
    assert not check(name, {**found, "until": until + 1}, student_id=student)
    how = {"input_size": 4, "stride": 2, "padding": 1}
    for step, falls in ((until, True), (until + 0.25, False)):
        new = K.detach() - step * found["one"].reshape(1, 1, 3)
        fall = conv_norm(K, 1, **how).value - conv_norm(new, 1, **how).value
        assert (fall == pytest.approx(2 * step)) == falls


@pytest.mark.parametrize(
    ("label", "answer", "hint"),
    [
        ("ex1", by_hand(sup=(2, -3, 4)), "not the taps themselves"),
        ("ex1", by_hand(until=2), "another column is larger"),
        ("ex2", whole_channel, "taps that are read"),
        ("ex3", halved, "smaller than it was"),
        ("ex5", np.ones((3, 3)) / 9, "Nothing was cut"),
        ("ex5", np.ones((3, 3)), "too little to cut"),
    ],
)
def test_the_misreading_is_named(label, answer, hint):
    failed = [r for r in check(f"norm-decay.{label}", answer).results if not r.passed]
    assert hint in failed[0].hint
