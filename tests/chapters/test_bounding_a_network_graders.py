"""The graders of the chapter: who passes, and who is caught by which check."""

from fractions import Fraction
from itertools import product

import numpy as np
import pytest

from lipkit import lipschitz
from lipkit.networks import ReluNetwork
from lipkit.teach import check, variant
from lipkit.teach.graders.tasks._certificate_by_hand import _semidefinite
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading


# -- ex1 -----------------------------------------------------------------------------------------
def sums(Q):
    return np.array([np.sum([q for q, on in zip(Q, s, strict=True) if on] or [0 * Q[0]], axis=0)
                     for s in product((0, 1), repeat=len(Q))])  # fmt: skip


def longest(vectors):
    return np.linalg.norm(np.atleast_2d(vectors), axis=1).max()


def by_methods(W, a):
    """The package's own answers."""
    f = ReluNetwork([W, np.asarray(a)[None, :]])
    exact = lipschitz.exact_plane(f) if np.any(W) else 0.0
    return lipschitz.seqlip(f), exact


def beside_each_line(W, a, step=1e-7):
    """A little to the left and to the right of every line, in both directions."""
    W, Q = np.asarray(W, float), np.asarray(a, float)[:, None] * np.asarray(W, float)
    along = (
        np.stack([W[:, 1], -W[:, 0]], axis=1)
        / np.maximum(np.linalg.norm(W, axis=1), 1e-300)[:, None]
    )
    aside = np.stack([along[:, 1], -along[:, 0]], axis=1)
    x = np.concatenate([s * along + t * step * aside for s in (1, -1) for t in (1, -1)])
    return [longest(sums(Q)), longest((x @ W.T > 0) @ Q)]


def on_the_lines(W, a):
    return beside_each_line(W, a, step=0.0)


def at_random_directions(W, a):
    Q = np.asarray(a)[:, None] * W
    x = np.random.default_rng(0).normal(size=(2000, 2))
    return [longest(sums(Q)), longest((x @ np.asarray(W).T > 0) @ Q)]


def half_a_turn(W, a):
    """Only directions with a positive second coordinate."""
    Q = np.asarray(a)[:, None] * W
    t = np.linspace(0, np.pi, 400_001)[1:-1]
    x = np.stack([np.cos(t), np.sin(t)], axis=1)
    return [longest(sums(Q)), longest((x @ np.asarray(W).T > 0) @ Q)]


def dividing(W, a):
    """Breaks at a row of zeros."""
    W = np.asarray(W)
    if not np.linalg.norm(W, axis=1).all():
        raise ZeroDivisionError("a neuron without a line")
    return by_methods(W, a)


# -- ex2, ex3 ------------------------------------------------------------------------------------
THREE = ([[1, 0], [0, 1], [-1, -1]], [1, 1, -1])
STRETCHED = ReluNetwork([[[3, 0], [0, 1], [-3, -1]], [[1, 3, -1]]])


# -- ex4 -----------------------------------------------------------------------------------------
def certificate(t, K):
    return {"t": t, "K": K}


MINE = variant("bounding-a-network.ex4", "ada")
OWN = variant("bounding-a-network.ex6", "ada")
ROWS = np.array([[2.18, 3.25], [2.17, 5.81], [2.64, 10.15]])

TABLE = {
    "ex1": Answers(
        right=[by_methods, beside_each_line],
        wrong=[
            ("only all sets", lambda W, a: [by_methods(W, a)[0].value] * 2, "simple networks"),
            ("only those that exist", lambda W, a: [float(by_methods(W, a)[1])] * 2,
             "simple networks"),
            ("in the other order", lambda W, a: by_methods(W, a)[::-1], "simple networks"),
            ("on the lines", on_the_lines, "simple networks"),
            ("half a turn", half_a_turn, "simple networks"),
            ("random directions", at_random_directions, "a narrow cell"),
            ("a row of zeros", dividing, "a row of zeros"),
            ("the product bound", lambda W, a: [lipschitz.autolip(
                ReluNetwork([W, np.asarray(a)[None, :]])).value] * 2, "simple networks"),
            ("one number", lambda W, a: by_methods(W, a)[0], "gives two numbers"),
        ],
        secrets=["arctan", "midpoint"],
    ),
    "ex2": Answers(
        right=[([[1], [-1]], [2, 3]), ([[1, 0], [-1, 0.5], [0, 1]], [1, 4, 1]),
               ReluNetwork([[[1, 0], [0, 1]], [[1, 5]]])],
        wrong=[
            ("the text's network, which starts on the steep side", ([[1], [-1]], [3, 2]),
             "below the truth"),
            ("nothing is on at the start", ([[-1.0], [-2.0]], [1, 1]),
             "the climb gets somewhere"),
            ("all gates one way", ([[1], [2]], [1, 1]), "below the truth"),
            ("nearly", ([[1], [-1]], [2, 2.1]), "below the truth"),
            ("biases", ReluNetwork([[[1], [-1]], [[4, 7]]], [[1, 1], [0]]),
             "small enough to look at all patterns"),
            ("too many", (np.ones((13, 1)), np.ones(13)), "small enough to look at all patterns"),
        ],
        secrets=["[2, 3]"],
    ),
    "ex3": Answers(
        right=[THREE, STRETCHED],
        wrong=[
            ("opposite rows", ([[1, 0], [-1, 0]], [1, -1]), "no parallel rows"),
            ("a row of zeros", ([[1, 0], [0, 0]], [1, -1]), "no parallel rows"),
            ("positive outputs", ([[1, 0], [0, 1], [-1, -1]], [1, 1, 1]), "wrong at the origin"),
            ("negative outputs", ([[1, 0], [0, 1], [-1, -1]], [-1, -1, -1]),
             "wrong at the origin"),
            ("all patterns exist", (np.eye(2), [1, -1]), "wrong at the origin"),
            ("not enough", ([[1, 0], [0, 1], [-1, -1]], [1, 1, -0.2]), "wrong at the origin"),
            ("one input", ([[1], [-1]], [1, -1]), "the form of the answer"),
        ],
        secrets=["(-1, -1)"],
    ),
    "ex4": Answers(
        right=[certificate((4, 4 / 3), 4), certificate([4.1, 1.4], 4.05),
               certificate(np.array([4.0, 1.333]), Fraction(41, 10))],
        wrong=[
            ("the truth", certificate((4, 4 / 3), 3), "proved"),
            ("equal multipliers", certificate((3, 3), 4.1), "proved"),
            ("exchanged", certificate((4 / 3, 4), 4.1), "proved"),
            ("the square of K", certificate((4, 4 / 3), 2), "proved"),
            ("too small multipliers", certificate((0.4, 0.4), 4.1), "proved"),
            ("negative multipliers", certificate((-4, -4 / 3), 4.1), "proved"),
            ("the product bound", certificate((4, 4 / 3), 20**0.5), "a small K"),
            ("rho for K", certificate((4, 4 / 3), 16), "a small K"),
            ("one multiplier", certificate((4,), 4), "the form of the answer"),
        ],
        secrets=["4/3", 4 / 3],
    ),
    "ex5": Answers(
        right=[ROWS, [[2.5, 3.4], [1.9, 5.4], [2.15, 10.1]]],
        wrong=[
            ("exchanged", ROWS[:, ::-1], "the twin is the steeper one"),
            ("the same", ROWS[:, [1, 1]], "the size of the constants"),
            ("divided by the root", ROWS / [1, 100], "the twin is the steeper one"),
            ("wrong order", ROWS[::-1], "the size of the twins"),
            ("the product bound", np.stack([ROWS[:, 0], [7.5, 14.5, 28.5]], axis=1),
             "the size of the twins"),
            ("squares", ROWS**2, "the size of the twins"),
            ("growth only", ROWS[1:] / ROWS[:-1], "the form of the answer"),
        ],
        secrets=["sqrt", "root"],
    ),
    "ex6": Answers(
        right=[8**0.5, 2.828],
        wrong=[
            ("rho", 8, "what may be returned"),
            ("the truth", 3, "what may be returned"),
            ("one corner", 8.9**0.5, "what may be returned"),
            ("the other corner", 8.1**0.5, "what may be returned"),
            ("t = 1", (9 / 1.1 - 0.1) ** 0.5, "what may be returned"),
            ("as for slope one", 3 * 0.8**0.5, "what may be returned"),
            ("what is proved", 2.7 / 0.8**0.5, "what may be returned"),
            ("as text", "sqrt(8)", "the form of the answer"),
        ],
        secrets=[8**0.5, "2t"],
    ),
}  # fmt: skip


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / "chapters/bounding-a-network.md").read_text()
    code = text[text.index("def both(W, a):") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    assert check("bounding-a-network.ex1", space["both"])


class TestGraders(Grading):
    slug, table = "bounding-a-network", TABLE


class TestVariants(Grading):
    """Students' own numbers; the tests of the whole table above run on the text's."""

    slug = "bounding-a-network"
    table = {  # noqa: RUF012
        "ex4": Answers(
            right=[
                certificate((1 + MINE["left"], 1 + 1 / MINE["left"]), 1 + MINE["left"]),
                certificate((1 + MINE["left"], 1.001 + 1 / MINE["left"]), MINE["most"]),
            ],
            wrong=[
                ("the truth", certificate((4, 4 / 3), MINE["left"]), "proved"),
                ("the text's own", certificate((4, 4 / 3), 4), "proved"),
                ("too large", certificate((4, 4 / 3), 2 * MINE["left"]), "a small K"),
            ],
            secrets=["1 +"],
            student_id="ada",
        ),
        "ex6": Answers(
            right=[np.sqrt(OWN["slope"] ** 2 * (1 - OWN["eps"]) - OWN["eps"])] * 2,
            wrong=[
                ("the text's own", 8**0.5, "what may be returned"),
                ("the truth", OWN["slope"], "what may be returned"),
                ("one corner", np.sqrt(OWN["slope"] ** 2 - OWN["eps"]), "what may be returned"),
            ],
            secrets=["2t"],
            student_id="ada",
        ),
    }

    def test_the_table_is_complete(self):
        assert set(MINE) == {"left", "most"}
        assert set(OWN) == {"slope", "eps"}


@pytest.mark.parametrize("student", range(20))
def test_every_variant_of_ex4_can_be_solved_and_not_by_the_product(student):
    own = variant("bounding-a-network.ex4", student)
    c = 1 + own["left"]
    answer = certificate((c, c / own["left"]), c)
    assert check("bounding-a-network.ex4", answer, student_id=student)
    assert np.sqrt(2 * (1 + own["left"] ** 2)) > own["most"] > c


def test_the_signs_of_eigenvalues_are_found_exactly():
    draws = np.random.default_rng(0)
    for _ in range(200):
        B = draws.integers(-3, 4, size=(draws.integers(1, 4), 3))
        gram = [[Fraction(int(x)) for x in row] for row in B.T @ B]
        assert _semidefinite(gram)  # often singular
        gram[1][1] -= Fraction(1, 10**12)
        exact = _by_minors(gram)
        assert _semidefinite(gram) == exact


def _by_minors(A):
    """All principal minors are not negative."""

    def det(M):
        if not M:
            return Fraction(1)
        return sum((-1) ** j * M[0][j] * det([r[:j] + r[j + 1 :] for r in M[1:]])
                   for j in range(len(M)))  # fmt: skip

    subsets = [[i for i in range(3) if s >> i & 1] for s in range(8)]
    return all(det([[A[i][j] for j in S] for i in S]) >= 0 for S in subsets)


@pytest.mark.parametrize(
    ("name", "answer", "hint"),
    [
        ("ex2", ([[1], [-1]], [2, 2.1]), "not by enough"),
        ("ex3", ([[1, 0], [0, 1], [-1, -1]], [1, 1, 1]), "positive outputs"),
        ("ex4", certificate((4, 4 / 3), 2), "K²"),
        ("ex4", certificate((4, 4 / 3), 4 - 1e-8), "raise K"),
        ("ex5", ROWS[::-1], "order"),
        ("ex6", 8.9**0.5, "both diagonal"),
    ],
)
def test_a_misreading_is_named(name, answer, hint):
    verdict = check(f"bounding-a-network.{name}", answer)
    failed = next(r for r in verdict.results if not r.passed)
    assert hint in failed.hint
