"""The graders of lesson 1: who passes, and who is caught by which check."""

import numpy as np
import pytest
from scipy.optimize import approx_fprime, linprog

from lipkit.lipschitz import autolip
from lipkit.networks import ReluNetwork
from lipkit.norms import dual_exponent
from lipkit.teach import check, variant
from lipkit.theory.robustness_law import grouped_bracket
from tests.teach.grading import Answers, Grading, giving


# -- task1 ---------------------------------------------------------------------------------------
def by_formula(g, p):
    return np.linalg.norm(g, dual_exponent(p))


def by_best_step(g, p):
    """What Hölder's best step gains."""
    if p == 1:
        return np.abs(g).max()
    q = p / (p - 1) if p < np.inf else 1
    step = np.sign(g) * np.abs(g) ** (q - 1)
    size = np.abs(step).max() if p == np.inf else (np.abs(step) ** p).sum() ** (1 / p)
    return g @ step / size if size else 0.0


def ends_forgotten(g, p):
    q = p / (p - 1)
    return (np.abs(g) ** q).sum() ** (1 / q)


def three_norms_only(g, p):
    return {1: np.abs(g).max(), np.inf: np.abs(g).sum()}.get(p, np.linalg.norm(g))


def spoiling(g, p):
    g[...] = np.abs(g)
    return by_formula(g, p)


# -- task2 ---------------------------------------------------------------------------------------
MINE = variant("lesson-1.task2", "ada")
ALPHA, BETA = MINE["alpha"], MINE["beta"]
TRUTH = {
    "l1": max(ALPHA, BETA),
    "l2": np.hypot(ALPHA, BETA),
    "linf": ALPHA + BETA,
    "pair": [[10, 10], [10 + ALPHA, 10 - BETA]],
}


# -- task3 ---------------------------------------------------------------------------------------
def gated(W, b, a, x):
    return (a * (W @ x + b > 0)) @ W


def by_class(W, b, a, x):
    return ReluNetwork([W, a[None]], [b, np.zeros(1)]).gradient(x)


def by_quotients(W, b, a, x):
    return approx_fprime(x, lambda z: a @ np.maximum(W @ z + b, 0), 1e-7)


def by_loop(W, b, a, x):
    return [
        sum(a[i] * W[i, j] for i in range(len(a)) if sum(W[i] * x) + b[i] > 0)
        for j in range(len(x))
    ]


# -- task4 ---------------------------------------------------------------------------------------
def by_numpy(weights, p):
    return np.prod([np.linalg.norm(W, p) for W in weights])


def by_package(weights, p):
    return autolip(ReluNetwork(weights), p).value


def by_hand(weights, p):
    sizes = {
        1: lambda W: np.abs(W).sum(axis=0).max(),
        2: lambda W: np.sqrt(np.linalg.eigvalsh(W.T @ W)[-1]),
        np.inf: lambda W: np.abs(W).sum(axis=1).max(),
    }
    return np.prod([sizes[p](np.asarray(W)) for W in weights])


# -- task5 ---------------------------------------------------------------------------------------
RIDGE = variant("lesson-1.task5", "ada")


def unit(x):
    return x / np.linalg.norm(x)


def on_a_kink():
    """Where every neuron is exactly at its threshold."""
    flat = RIDGE["W"].sum(axis=0) / 8
    beside = np.linalg.svd(RIDGE["W"])[2][-1]
    return flat + beside * np.sqrt(1 - flat @ flat)


def by_programming():
    """A point with w·x at least 1 for as many neurons of both labels as the threshold needs."""
    rows = np.concatenate([RIDGE["W"][:5], RIDGE["W"][-5:]])
    coordinates = linprog(np.ones(10), A_ub=-rows @ rows.T, b_ub=-np.ones(10)).x
    return unit(coordinates @ rows)


# -- task6 ---------------------------------------------------------------------------------------
def by_sorting(z, c, K):
    order = sorted(range(len(z)), key=lambda j: -z[j])
    return (z[c] - z[order[1]]) / (np.sqrt(2) * K) if order[0] == c else 0


def by_differences(z, c, K):
    return max(0.0, min(z[c] - z[j] for j in range(len(z)) if j != c)) / np.sqrt(2) / K


TABLE = {
    "task1": Answers(
        right=[by_formula, by_best_step],
        wrong=[
            ("the norm in p itself", np.linalg.norm, "p = 1 and p = ∞"),
            ("always Euclidean", lambda g, p: np.linalg.norm(g), "p = 1 and p = ∞"),
            ("the ends forgotten", ends_forgotten, "p = 1 and p = ∞"),
            ("three norms only", three_norms_only, "p in between"),
            ("signed", lambda g, p: abs(by_formula(g, p)) * np.sign(g.sum()), "p = 2"),
            ("squared", lambda g, p: by_formula(g, p) ** 2, "homogeneous of degree 1"),
            ("the step, not its gain", lambda g, p: g, "gives a number"),
            ("spoils its input", spoiling, "leaves its input as it was"),
        ],
        secrets=["np.abs(g).sum", "np.abs(g).max", "np.linalg.norm(g, "],
    ),
    "task2": Answers(
        student_id="ada",
        right=[
            TRUTH,
            TRUTH | {"pair": np.array([[-1, -2], [-1 - ALPHA / 9, -2 + BETA / 9]])},
            TRUTH | {"pair": [[ALPHA, BETA], [2 * ALPHA, 0]], "l2": round(TRUTH["l2"], 4)},
        ],
        wrong=[
            (
                "not dual",
                TRUTH | {"l1": ALPHA + BETA, "linf": max(ALPHA, BETA)},
                "l1: the constant",
            ),
            ("the product", TRUTH | {"l2": 2 * TRUTH["l2"]}, "l2: the constant"),
            ("the sum for all", TRUTH | {"l2": ALPHA + BETA}, "l2: the constant"),
            ("one end of the box", TRUTH | {"linf": max(ALPHA, BETA)}, "linf: the constant"),
            (
                "two of the four points",
                TRUTH | {"pair": [[1, 0], [0, 1]]},
                "pair: a proof of the constant from below",
            ),
            (
                "across an axis",
                TRUTH | {"pair": [[-ALPHA, 1], [ALPHA, 1 - 2 * BETA]]},
                "pair: a proof of the constant from below",
            ),
            (
                "one point twice",
                TRUTH | {"pair": [[1, 1], [1, 1]]},
                "pair: a proof of the constant from below",
            ),
            ("no pair", {k: v for k, v in TRUTH.items() if k != "pair"}, "the form of the answer"),
        ],
        secrets=[TRUTH["l2"]],
    ),
    "task3": Answers(
        right=[gated, by_class, by_quotients, by_loop],
        wrong=[
            ("no bias", lambda W, b, a, x: (a * (W @ x > 0)) @ W, "one neuron"),
            ("heights", lambda W, b, a, x: (a * np.maximum(W @ x + b, 0)) @ W, "one neuron"),
            ("all on", lambda W, b, a, x: a @ W, "one neuron"),
            ("no output weights", lambda W, b, a, x: (W @ x + b > 0) @ W, "one neuron"),
            ("sizes of weights", lambda W, b, a, x: np.abs(gated(W, b, a, x)), "one neuron"),
            (
                "one neuron only",
                lambda W, b, a, x: gated(W[:1], b[:1], a[:1], x),
                "random networks",
            ),
            ("the slope", lambda W, b, a, x: np.linalg.norm(gated(W, b, a, x)), "an array like x"),
            (
                "the network's value",
                lambda W, b, a, x: a @ np.maximum(W @ x + b, 0),
                "an array like x",
            ),
        ],
        secrets=["@ W", "W.T", "Wx + b > 0"],
    ),
    "task4": Answers(
        right=[by_numpy, by_package, by_hand],
        wrong=[
            ("Frobenius", lambda weights, p: by_numpy(weights, "fro"), "p = 2: the product"),
            (
                "rows for columns",
                lambda weights, p: by_numpy([W.T for W in weights], p),
                "p = 1: the product",
            ),
            (
                "entries",
                lambda weights, p: np.prod([np.linalg.norm(W.ravel(), p) for W in weights]),
                "p = 2: the product",
            ),
            (
                "sum",
                lambda weights, p: sum(np.linalg.norm(W, p) for W in weights),
                "p = 2: the product",
            ),
            ("always spectral", lambda weights, p: by_numpy(weights, 2), "p = 1: the product"),
            (
                "the last layer left out",
                lambda weights, p: by_numpy(weights[:-1], p),
                "p = 2: an upper answer",
            ),
            (
                "the product matrix",
                lambda weights, p: np.linalg.norm(np.linalg.multi_dot(weights[::-1]), p),
                "p = 2: an upper answer",
            ),
            (
                "a list of norms",
                lambda weights, p: [np.linalg.norm(W, p) for W in weights],
                "gives a number",
            ),
        ],
        secrets=["np.linalg.norm(W, p)", "norm(W, 2)"],
    ),
    "task5": Answers(
        student_id="ada",
        right=[
            unit(RIDGE["W"].sum(axis=0)),
            by_programming(),
            unit(RIDGE["W"][2:12].sum(axis=0)),
        ],
        wrong=[
            ("uphill", unit(RIDGE["a"] @ RIDGE["W"]), "steep enough"),
            ("one data point", unit(RIDGE["W"][0]), "steep enough"),
            ("any point", unit(np.ones(1000)), "steep enough"),
            ("on a kink", on_a_kink(), "steep enough"),
            ("eight neurons", unit(RIDGE["W"][:8].sum(axis=0)), "steep enough"),
            ("not on the sphere", RIDGE["W"].sum(axis=0), "on the sphere"),
            (
                "another student's",
                unit(variant("lesson-1.task5", "bob")["W"].sum(axis=0)),
                "steep enough",
            ),
            ("a row for each neuron", RIDGE["W"], "the form of the answer"),
        ],
        secrets=["sum of the rows", "W.sum"],
    ),
    "task6": Answers(
        right=[by_sorting, by_differences],
        wrong=[
            ("no root", lambda z, c, K: by_sorting(z, c, K) * np.sqrt(2), "read correctly"),
            (
                "twice for the root",
                lambda z, c, K: by_sorting(z, c, K) / np.sqrt(2),
                "read correctly",
            ),
            ("times K", lambda z, c, K: by_sorting(z, c, K) * K**2, "read correctly"),
            (
                "the mean",
                lambda z, c, K: (z[c] - np.delete(z, c).mean()) / K / np.sqrt(2),
                "read correctly",
            ),
            ("the label among the others", lambda z, c, K: (z[c] - z.max()) / K, "read correctly"),
            ("the logit", lambda z, c, K: z[c] / (np.sqrt(2) * K), "read correctly"),
            (
                "the largest logit's",
                lambda z, c, K: by_sorting(z, int(np.argmax(z)), K),
                "nothing to promise",
            ),
            (
                "negative",
                lambda z, c, K: (z[c] - np.delete(z, c).max()) / K / np.sqrt(2),
                "nothing to promise",
            ),
            ("nothing at all", giving(0.0), "read correctly"),
        ],
        secrets=["np.sqrt(2) * K", "max(0"],
    ),
}


class TestGraders(Grading):
    slug, table = "lesson-1", TABLE


@pytest.mark.parametrize("student", ["ada", "bob", 7])
def test_a_student_has_numbers_of_their_own(student):
    mine, ridge = variant("lesson-1.task2", student), variant("lesson-1.task5", student)
    assert mine == variant("lesson-1.task2", student)
    assert mine["alpha"] != mine["beta"]
    np.testing.assert_array_equal(ridge["W"], variant("lesson-1.task5", student)["W"])
    assert not np.array_equal(ridge["W"], variant("lesson-1.task5", "eve")["W"])


@pytest.mark.parametrize("student", range(5))
def test_the_ridge_is_missed_by_chance_and_steep_for_those_who_look(student):
    ridge = variant("lesson-1.task5", student)
    network = ReluNetwork([ridge["W"], ridge["a"][None]], [ridge["b"], np.zeros(1)])
    points = np.random.default_rng(student).normal(size=(2000, 1000))
    points /= np.linalg.norm(points, axis=1, keepdims=True)
    assert not network.gradient(points).any()
    steepest = network.gradient(unit(ridge["W"].sum(axis=0)))
    assert np.isclose(np.linalg.norm(steepest), grouped_bracket(4, 7, 7).upper.value)


@pytest.mark.parametrize("student", range(5))
def test_nine_neurons_are_steep_enough_whatever_the_rounding(student):
    W = variant("lesson-1.task5", student)["W"]
    for first in range(6):
        nine = unit(W[first : first + 9].sum(axis=0))
        assert check("lesson-1.task5", nine, student_id=student)


def test_the_ridge_fits_its_labels():
    W, b, a = (RIDGE[name] for name in ("W", "b", "a"))
    corner = W[0] / 4 + np.linalg.svd(W)[2][-1] * np.sqrt(0.75)  # w·x = 1 and of length 1
    assert np.isclose(np.linalg.norm(corner), 1)
    assert np.isclose(a @ np.maximum(W @ corner + b, 0), 1)


@pytest.mark.parametrize(
    ("task", "answer", "hint"),
    [
        ("task1", np.linalg.norm, "the norm in p itself"),
        ("task3", lambda W, b, a, x: a @ W, "Neurons that are off"),
        ("task3", lambda W, b, a, x: (a * (W @ x > 0)) @ W, "with the bias"),
        ("task3", lambda W, b, a, x: (a * np.maximum(W @ x + b, 0)) @ W, "not times its height"),
        ("task3", lambda W, b, a, x: (W @ x + b > 0) @ W, "output weights are missing"),
        ("task4", lambda weights, p: by_numpy(weights, None), "Frobenius"),
        ("task4", lambda weights, p: by_numpy([W.T for W in weights], p), "the other way round"),
        ("task4", lambda weights, p: sum(np.linalg.norm(W, p) for W in weights), "multiply"),
    ],
)
def test_every_hint_fits_the_mistake(task, answer, hint):
    failed = [r for r in check(f"lesson-1.{task}", answer).results if not r.passed]
    assert failed
    assert all(hint in r.hint for r in failed)


def test_a_dict_of_three_norms_is_told_of_its_exception_and_no_more():
    norms = {1: np.inf, 2: 2, np.inf: 1}
    verdict = check("lesson-1.task1", lambda g, p: np.linalg.norm(g, norms[p]))
    (failed,) = (r for r in verdict.results if not r.passed)
    assert failed.name == "p in between"
    assert failed.got.startswith("KeyError: 1.5")
    assert "Work on a copy" not in str(verdict)
    assert verdict.skipped[0].startswith("leaves its input as it was (KeyError: 3")


def test_nobody_is_called_your_id():
    for task, answer in (("task2", TRUTH), ("task5", RIDGE["W"][0])):
        with pytest.raises(ValueError, match=r"student_id: got 'your id'.*pass your own"):
            check(f"lesson-1.{task}", answer, student_id="your id")
    np.testing.assert_array_equal(variant("lesson-1.task5", " A da")["W"], RIDGE["W"])
