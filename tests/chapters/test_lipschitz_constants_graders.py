"""The graders of the chapter: who passes, and who is caught by which check."""

import numpy as np
import pytest
import torch

from lipkit import lipschitz
from lipkit.bound import NETWORK, Bound
from lipkit.experiments.digits import digits_network, margins
from lipkit.networks import ReluNetwork
from lipkit.teach import check, variant
from tests.conftest import ROOT
from tests.teach.grading import Answers, Grading, giving


# -- ex3 -----------------------------------------------------------------------------------------
def pieces(f, keep_copies=False, first=True, last=True):
    """One point between every two kinks, and one beyond each end, as in the chapter."""
    w, b = f.weights[0][:, 0], f.biases[0]
    kinks = np.sort(-b[w != 0] / w[w != 0])
    if not keep_copies:
        kinks = np.unique(kinks)
    low, high = kinks.min(initial=0.0) - 1, kinks.max(initial=0.0) + 1
    middles = (kinks[1:] + kinks[:-1]) / 2
    return np.concatenate([[low][:first], middles, [high][:last]])


def by_gradients(f, **options):
    return np.abs(f.gradient(pieces(f, **options)[:, None])).max(initial=0.0)


def by_turns(f):
    """From the slope at minus infinity, add the turn at each kink."""
    (w,), b, a = f.weights[0].T, f.biases[0], f.weights[1][0]
    slope = steepest = abs(a[w < 0] @ w[w < 0])
    slope = a[w < 0] @ w[w < 0]
    turns = {}
    for wi, bi, ai in zip(w, b, a, strict=True):
        if wi:
            turns[-bi / wi] = turns.get(-bi / wi, 0.0) + ai * abs(wi)
    for kink in sorted(turns):
        slope += turns[kink]
        steepest = max(steepest, abs(slope))
    return torch.tensor(float(steepest), dtype=torch.float64)


def by_quotients(f):
    """Quotients between the kinks, of the function's own values."""
    w, b = f.weights[0][:, 0], f.biases[0]
    kinks = np.unique(np.append(-b[w != 0] / w[w != 0], 0.0))
    x = np.concatenate([[kinks[0] - 1], kinks, [kinks[-1] + 1]])
    return np.abs(np.diff(f(x[:, None])) / np.diff(x)).max()


def as_in_the_text(f):
    """The chapter's first solution, which needs a kink."""
    w, b = f.weights[0][:, 0], f.biases[0]
    kinks = np.unique(-b[w != 0] / w[w != 0])
    x = np.concatenate([kinks[:1] - 1, (kinks[1:] + kinks[:-1]) / 2, kinks[-1:] + 1])
    return np.abs(f.gradient(x[:, None])).max()


def without_zero_weights(f):
    w, b = f.weights[0][:, 0], f.biases[0]
    kinks = np.unique(-b / w)
    x = np.concatenate([kinks[:1] - 1, (kinks[1:] + kinks[:-1]) / 2, kinks[-1:] + 1])
    return np.abs(f.gradient(x[:, None])).max()


def at_the_kinks(f):
    w, b = f.weights[0][:, 0], f.biases[0]
    return np.abs(f.gradient((-b / w)[:, None])).max()


def at_random_points(f):
    x = np.random.default_rng(0).normal(size=(2000, 1))
    return np.abs(f.gradient(x)).max()


def on_a_wide_grid(f):
    return np.abs(f.gradient(np.linspace(-9999.5, 9999.5, 20_001)[:, None])).max()


def spoiling(f):
    value = lipschitz.exact_line(f).value
    f.weights[0][...] = 0
    return value


# -- ex4 -----------------------------------------------------------------------------------------
FOUND, PRODUCT, MARGIN = np.array([[27.5, 49.3, 68.1], [59.5, 90.0, 119.0], [4.69, 8.49, 12.73]])
OTHER_SEED = np.array([[31.3, 62.2, 94.3], [65.0, 100.1, 142.1], [4.72, 8.59, 13.26]])
PAIRS = np.array([12.2, 19.6, 25.9])  # quotients of test images
FROBENIUS, SUP = np.array([[4022.0, 5604.0, 7113.0], [9550.0, 13570.0, 17380.0]])


def rows(found=FOUND, product=PRODUCT, margin=MARGIN, radius=None):
    if radius is None:
        radius = margin / (np.sqrt(2) * product)
    return np.stack([found, product, margin, radius], axis=1)


def invented():
    return [(1, 2, 8**0.5, 1), (1.5, 2, 8**0.5, 1), (1.2, 3, 18**0.5, 1)]


def with_bounds():
    """Rows that keep the answers as they come."""
    bounds = (Bound(p, "upper", quantity=NETWORK, method="autolip") for p in PRODUCT)
    table = zip(FOUND, bounds, MARGIN, strict=True)
    return [(f, bound, m, m / (np.sqrt(2) * bound)) for f, bound, m in table]


def printed():
    return [[float(f"{x:.4f}") for x in row] for row in rows().tolist()]


# -- ex5 -----------------------------------------------------------------------------------------
ONES = ([[1, 1], [1, 1]], [[1, 1]])
RANK_ONE = ReluNetwork([np.outer([1, 2, 3], [1, -1]), np.outer([1, 4], [2, 0, 1])])


def trap(norm="Frobenius", kind="upper", free=ONES):
    return {"norm": norm, "kind": kind, "free": free}


MINE = variant("lipschitz-constants.ex6", "ada")

TABLE = {
    "ex1": Answers(
        right=[
            ([[1, 0], [0, 1e3]], [1, 1e-3]),
            ReluNetwork([[[0, 1e-4], [5, 0]], [[1e4, 0.2]]]),
            (torch.tensor([[1.0, 0], [0, 1], [0, 1]]), torch.tensor([1.0, 1000, -999])),
        ],
        wrong=[
            ("both neurons rescaled", ([[1e3, 0], [0, 1e3]], [1e-3, 1e-3]),
             "the product bound is large"),
            ("as it was", (np.eye(2), [1, 1]), "the product bound is large"),
            ("not far enough", (np.diag([1, 900]), [1, 1 / 900]), "the product bound is large"),
            ("the function is rescaled", (np.diag([1e3, 1e3]), [1, 1]),
             "the function is unchanged"),
            ("c < 0", (np.diag([1, -1e3]), [1, -1e-3]), "the function is unchanged"),
            ("a large bias", ReluNetwork([np.diag([1, 1e3]), [[1, 1e-3]]], [[0, 1e3], [-1]]),
             "the function is unchanged"),
            ("only the product", 1000.0, "the form of the answer"),
            ("a forgotten", np.diag([1, 1e3]), "the form of the answer"),
            ("one input", ([[1], [1000]], [1, 1e-3]), "the form of the answer"),
        ],
        secrets=["diag", "1/c"],
    ),
    "ex2": Answers(
        right=[
            ([[1], [-1]], [1, -1]),
            ReluNetwork([[[1, 0], [-1, 0], [0, 1]], [[1, -1, 1]]]),
            ([[2.0], [3.0]], [1, -4]),
        ],
        wrong=[
            ("positive outputs", ([[1], [-1]], [1, 1]), "a negative output weight"),
            ("both on in a quadrant", (np.eye(2), [1, -1]),
             "the longest partial sum is not attained"),
            ("the four points", ([[1, 0], [-1, 0], [0, 1], [0, -1]], [1, 1, -1, -1]),
             "the longest partial sum is not attained"),
            ("all negative", ([[1], [2]], [-1, -1]), "the longest partial sum is not attained"),
            ("biases", ReluNetwork([[[1], [-1]], [[1, -1]]], [[1, 1], [0]]),
             "small enough to look at all partial sums"),
            ("deep", ([[1]], [[1], [-1]], [1, -1]), "the form of the answer"),
            ("a flat W", ([1, -1], [1, -1]), "the form of the answer"),
            ("a forgotten", [[1], [-1]], "the form of the answer"),
        ],
        secrets=["opposite", "never on"],
    ),
    "ex3": Answers(
        right=[by_gradients, by_turns, by_quotients, lipschitz.exact_line],
        wrong=[
            ("gradients at random points", at_random_points,
             "narrow or far pieces"),
            ("a wide grid", on_a_wide_grid, "narrow or far pieces"),
            ("the gradient at one typical point", lambda f: np.abs(f.gradient([0.5])).max(),
             "simple networks"),
            ("the product bound", lipschitz.autolip, "simple networks"),
            ("formal gradients at the kinks", at_the_kinks, "simple networks"),
            ("equal kinks kept", lambda f: by_gradients(f, keep_copies=True),
             "kinks that coincide"),
            ("no piece on the left", lambda f: by_gradients(f, first=False), "simple networks"),
            ("no piece on the right", lambda f: by_gradients(f, last=False), "simple networks"),
            ("the sign is kept", lambda f: f.gradient(pieces(f)[:, None]).max(),
             "simple networks"),
            ("a kink of weight 0", without_zero_weights, "a neuron whose weight is 0"),
            ("no point without a kink", as_in_the_text, "no kink at all"),
            ("an array", lambda f: np.abs(f.gradient(pieces(f)[:, None])), "gives a number"),
            ("called too early", 1.0, "the form of the answer"),
            ("spoils the network", spoiling, "leaves its input as it was"),
        ],
        secrets=[500.0, 1000.0],
    ),
    "ex4": Answers(
        right=[rows(), printed(), rows(found=PRODUCT), rows(*OTHER_SEED), rows(found=PAIRS),
               with_bounds()],
        wrong=[
            ("without the root of 2", rows(radius=MARGIN / PRODUCT), "radii"),
            ("a lower answer promises", rows(radius=MARGIN / (np.sqrt(2) * FOUND)), "radii"),
            ("a radius that grows with the constant", rows(radius=PRODUCT / MARGIN), "radii"),
            ("lower and upper exchanged", rows(PRODUCT, FOUND), "lower and upper answers in order"),
            ("three times the same", rows(FOUND[[0, 0, 0]], PRODUCT[[0] * 3], MARGIN[[0] * 3]),
             "three networks"),
            ("the smallest margin", rows(margin=-MARGIN), "positive numbers"),
            ("invented", invented(), "products and margins that rise"),
            ("invented, rising", rows(FOUND / 9, PRODUCT / 9), "the size of the products"),
            ("the last training first", rows()[::-1], "products and margins that rise"),
            ("one step of a search", rows(found=FOUND / 9), "the size of what was found"),
            ("Frobenius norms", rows(product=FROBENIUS, found=FOUND * 20),
             "the size of the products"),
            ("in the sup norm", rows(product=SUP, found=SUP / 2), "the size of the products"),
            ("margins without the label", rows(margin=MARGIN * 3), "the size of the margins"),
            ("twice the constant", rows(radius=MARGIN / (2 * PRODUCT)), "radii"),
            ("growth only", rows()[2] / rows()[0], "the form of the answer"),
            ("transposed", rows().T, "the form of the answer"),
        ],
        secrets=["√2", "sqrt", "product bound"],
    ),
    "ex5": Answers(
        right=[
            trap(),
            trap("the Frobenius norm", "Upper", RANK_ONE),
            trap("HILBERT-SCHMIDT", free=(np.ones((3, 2)), np.ones(3))),
            trap("the product of the Frobenius norms.", "an upper answer"),
            trap("Frobenius norm of each layer", "still an upper bound"),
            trap("Schatten 2-norm", "▼", free=([[1]], [1])),
            trap("fro", "upper-bound", free=([[1, 2]], [1])),
            trap(free=(np.eye(2), np.zeros((2, 2)))),
            trap(free=([[1e-200, 1e-200]], [1e200])),
        ],
        wrong=[
            ("the spectral norm", trap("spectral norm"), "norm: which norm"),
            ("the operator norm", trap("operator norm"), "norm: which norm"),
            ("another norm", trap("nuclear"), "norm: which norm"),
            ("too large, so lower", trap(kind="lower"), "kind: which side"),
            ("exact", trap(kind="exact"), "kind: which side"),
            ("a lower bound", trap(kind="a lower bound"), "kind: which side"),
            ("an underestimate", trap(kind="under-estimate"), "kind: which side"),
            ("the mark below", trap(kind="▲"), "kind: which side"),
            ("orthogonal layers", trap(free=(np.eye(2), np.eye(2))), "free: costs nothing"),
            ("nearly", trap(free=([[1, 1], [1, 1.01]], [1, 1])), "free: costs nothing"),
            ("one layer costs", trap(free=(np.eye(2), [1, 1])), "free: costs nothing"),
            ("huge, and costs", trap(free=(1e200 * np.eye(2), [1, 1])), "free: costs nothing"),
            ("no pair", trap(free=np.ones((2, 2))), "the form of the answer"),
            ("a network missing", {"norm": "fro", "kind": "upper"}, "the form of the answer"),
        ],
        secrets=["frobenius", "upper", "rank"],
    ),
    "ex6": Answers(
        right=[np.sqrt(640), 25.3, 8 * 10**0.5],
        wrong=[
            ("the outputs only", 10**0.5, "the largest ratio E/D"),
            ("the inputs only", 8, "the largest ratio E/D"),
            ("no root", 640, "the largest ratio E/D"),
            ("rounded", 25, "the largest ratio E/D"),
            ("the largest E", 2622, "the largest ratio E/D"),
            ("one norm against the other", 6.4**0.5, "the largest ratio E/D"),
            ("a lower answer is below an upper one", 1, "the largest ratio E/D"),
            ("as text", "sqrt(640)", "the form of the answer"),
        ],
        secrets=[640**0.5, "root of 640"],
    ),
}  # fmt: skip


def test_the_solution_of_the_chapter_passes():
    text = (ROOT / "chapters/lipschitz-constants.md").read_text()
    code = text[text.index("def steepest(f):") :].partition("\n\n")[0]
    space = {"np": np}
    exec(code, space)
    assert check("lipschitz-constants.ex3", space["steepest"])


class TestGraders(Grading):
    slug, table = "lipschitz-constants", TABLE


class TestVariants(Grading):
    """Students' own numbers; the tests of the whole table above run on the text's."""

    slug = "lipschitz-constants"
    table = {  # noqa: RUF012
        "ex6": Answers(
            right=[(MINE["inputs"] * MINE["outputs"]) ** 0.5, np.sqrt(2980.0)],
            wrong=[
                ("the text's own answer", 640**0.5, "the largest ratio E/D"),
                ("the outputs only", MINE["outputs"] ** 0.5, "the largest ratio E/D"),
                ("no root", 2980.0, "the largest ratio E/D"),
            ],
            secrets=[2980.0**0.5],
            student_id="ada",
        )
    }

    def test_the_table_is_complete(self):
        assert dict(MINE) == {"inputs": 596, "outputs": 5}


@pytest.mark.parametrize("student", range(20))
def test_ex1_varies(student):
    name = "lipschitz-constants.ex1"
    own = variant(name, student)
    c = 2 * own["target"]
    answer = (np.diag([1, c]), [own["s"], own["t"] / c])
    assert check(name, answer, student_id=student)
    assert not check(name, (np.eye(2), [own["s"], own["t"]]), student_id=student)
    assert not check(name, answer)


@pytest.mark.parametrize(
    ("answer", "hint"),
    [
        (lipschitz.autolip, "product bound"),
        (at_the_kinks, "formal gradient"),
        (giving(2.0), "Draw the line"),
    ],
)
def test_ex3_names_the_misreading(answer, hint):
    failed = next(r for r in check("lipschitz-constants.ex3", answer).results if not r.passed)
    assert hint in failed.hint
    assert ": ReluNetwork([" in failed.at


def test_ex4_names_the_misreading():
    for radius, hint in [
        (MARGIN / PRODUCT, "Two logits"),
        (MARGIN / (np.sqrt(2) * FOUND), "lower answer"),
        (MARGIN, "divided by"),
    ]:
        result = check("lipschitz-constants.ex4", rows(radius=radius)).results[-1]
        assert hint in result.hint
        assert result.at == "row 1"


def failure(label, answer, **options):
    return next(
        r for r in check(f"lipschitz-constants.{label}", answer, **options).results if not r.passed
    )


HINTS = {
    "ex1": [
        (([[1, 0], [0, 700]], [1, 1 / 700]), "1000 lies further"),
        ((np.diag([4, 1]), [0.25, 1]), "1000 lies further"),
        ((np.eye(2), [1, 1]), "what if only one"),
        ((np.diag([3, 3]), [1 / 3, 1 / 3]), "what if only one"),
        (([[0.25, 0], [0, 1], [0.75, 0]], [1, 1, 1]), "what if only one"),
        ([[1, 0], [0, 1000]], "hand over (W, a)"),
        (torch.eye(2), "hand over (W, a)"),
        ([1, 1e-3], "hand over (W, a)"),
    ],
    "ex2": [
        (([1, -1], [1, -1]), "np.reshape"),
        ([[1, 0], [-1, 0]], "hand over (W, a)"),
    ],
    "ex4": [
        (rows(product=FROBENIUS, found=FOUND * 20), "spectral norms"),
        (rows(radius=MARGIN / (2 * PRODUCT)), "e_c - e_j"),
        (rows()[[0, 2, 1]], "the order 5, 20, 80"),
    ],
    "ex5": [
        (trap("Frobenious"), "spelled"),
        (trap("2-norm"), "on the identity"),
        (trap("the Euclidean norm"), "on the identity"),
        (trap(kind="an exact answer"), "squared singular values"),
    ],
    "ex6": [
        (25, "Give 4 significant digits"),
        (25.2, "Give 4 significant digits"),
        (3.2, "inputs are measured"),
        (640, "unit cube"),
        (64, "And the outputs?"),
        (10, "And the inputs?"),
        (8, "outputs are measured"),
        (80, "outputs gain less"),
        (202.4, "inputs gain less"),
        (74, "one after the other"),
        (0.0395, "D over E"),
        (2622, "needs no network"),
        (3.357, "as it was"),
        (347.9, "E as it was"),
        ("8*sqrt(10)", "a number, not text"),
        (30, "How long in ℓ1 can"),
    ],
}  # fmt: skip


@pytest.mark.parametrize(
    ("label", "answer", "hint"),
    [(label, answer, hint) for label, cases in HINTS.items() for answer, hint in cases],
    ids=lambda x: x if isinstance(x, str) else type(x).__name__,
)
def test_the_hint_fits_the_mistake(label, answer, hint):
    assert hint in failure(label, answer).hint


def test_a_hint_of_ex1_knows_the_students_target():
    own = variant("lipschitz-constants.ex1", "ada")
    half = own["target"] / own["s"] / 2
    answer = (np.diag([1, half]), [own["s"], own["t"] / half])
    assert f"{own['target']:g} lies further" in failure("ex1", answer, student_id="ada").hint


@pytest.mark.parametrize("said", ["large", "not upper", "neither upper nor lower", "", "up, down"])
def test_ex5_says_which_kinds_there_are(said):
    result = failure("ex5", trap(kind=said))
    assert result.name == "the form of the answer"
    assert result.at == "entry 'kind'"
    assert result.expected == 'one of "lower", "upper", "exact", "estimate"'


def test_ex5_says_what_its_network_must_do():
    result = failure("ex5", trap(free=([[1, 1], [1, 1.01]], [1, 1])))
    assert result.expected == "the same number from both products"
    assert result.got.startswith("1.00000309 times")


def test_ex4_takes_what_training_gives():
    answer = []
    for epochs in (5, 20, 80):
        network, split = digits_network(0, epochs=epochs)
        product = lipschitz.autolip(network)
        found = lipschitz.sampling(network, points=split.test.X)
        margin = np.median(margins(network, *split.test))
        answer.append([found, product, margin, margin / (np.sqrt(2) * product)])
    verdict = check("lipschitz-constants.ex4", answer)
    assert verdict, verdict
