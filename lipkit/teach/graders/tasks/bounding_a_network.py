"""Chapter *Bounding a network*: what its exercises ask for."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.lipschitz import exact_plane, exact_shallow
from lipkit.networks import ReluNetwork, sample_random_relu
from lipkit.teach import graders as g


def _partial_sums(Q: Array) -> Array:
    """All sums ``(2**N, d)`` of rows of Q."""
    return np.array(list(np.ndindex(*[2] * len(Q))), dtype=float) @ Q


def _vectors(net: ReluNetwork) -> Array:
    return np.asarray(net.weights[1].T * net.weights[0])


_SMALL = g.gate(
    g.witness(
        lambda net: net.input_dim <= 2 and max(net.widths) <= 12 and net.bias_free,
        name="small enough to look at all patterns",
        expected="one or two inputs, at most 12 neurons, no biases",
    )
)


# -- ex1: patterns that exist --------------------------------------------------------------------
def _net(W: Array, a: Array) -> ReluNetwork:
    return ReluNetwork([W, np.asarray(a)[None, :]])


def _all(W: Array, a: Array) -> float:
    return float(np.linalg.norm(_partial_sums(a[:, None] * W), axis=1).max())


def _existing(W: Array, a: Array) -> float:
    return exact_plane(_net(W, a)).value if W.any() else 0.0


def _both(W: Array, a: Array) -> Array:
    return np.array([_all(W, a), _existing(W, a)])


def _case(W: Any, a: Any, about: str) -> g.Case:
    return g.case(np.array(W, dtype=float), np.array(a, dtype=float), about=about)


def _random(seed: int) -> g.Case:
    net = sample_random_relu(2, 9, 1, rng=seed)
    return _case(net.weights[0], net.weights[1][0], f"sample_random_relu(2, 9, 1, rng={seed})")


_THREE = _case([[1, 0], [0, 1], [-1, -1]], [1, 1, -1], "the three neurons of the text")
_SIMPLE = [
    _THREE,
    _case([[1, 0], [0, 1], [1, 1], [1, -1]], [1, -2, 1, 0.5], "four neurons"),
    _case([[3, 4]], [-2], "one neuron"),
    _case([[1, -3], [1, 1]], [2, 1], "steepest where x₂ is negative"),
]
_PARALLEL = [
    _case([[1, 2], [-1, -2]], [1, -1], "x₁ + 2x₂, written with two neurons"),
    _case([[1, 0], [2, 0], [-1, 0], [0, 1]], [1, -1, 1, 3], "three parallel rows"),
    _case([[0, 1], [0, -3], [1, 0]], [2, 1, -1], "rows along the axes"),
]
_ZERO = [_case([[0, 0], [1, 1]], [5, 1], "a row of zeros")]
_NARROW = [
    _case([[1, 0], [-1, 1e-4], [0, 1]], [100, -100, -1], "two neurons share a narrow cone"),
]
_AS_ASKED = {
    "The first number is of all sets, the second of those that exist.": lambda W, a: _both(W, a)[
        ::-1
    ],
    "Not every set of neurons is on together somewhere.": lambda W, a: _both(W, a)[[0, 0]],
    "The first number may use sets that no point has.": lambda W, a: _both(W, a)[[1, 1]],
}


def _agree(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    return g.agrees(
        _both,
        cases,
        name=name,
        expected="the longest sum of all sets, and of the sets that exist",
        mistakes=_AS_ASKED,
        hint=hint,
    )


_PATTERNS = [
    g.shape(2, inputs=_SIMPLE[:1], name="gives two numbers"),
    _agree(
        _SIMPLE, "simple networks", "Draw the lines w·x = 0: which neurons are on in each cell?"
    ),
    _agree(_PARALLEL, "parallel rows", "On a line itself no cell is seen: look between the lines."),
    _agree(_ZERO, "a row of zeros", "Which line belongs to a neuron that sees nothing?"),
    _agree(_NARROW, "a narrow cell", "Random directions miss it; the lines say where it is."),
    _agree(
        [_random(seed) for seed in range(10)], "random networks", "Is the whole circle covered?"
    ),
    g.not_mutating(_SIMPLE[:1]),
]


# -- ex2: a climb that ends below the truth ------------------------------------------------------
def _climbed(net: ReluNetwork) -> float:
    Q, u = _vectors(net), np.eye(net.input_dim)[0]
    for _ in range(2 ** min(len(Q), 12)):
        after = Q[Q @ u > 0].sum(axis=0)
        if np.allclose(after, u, rtol=1e-12, atol=0):
            break
        u = after
    return float(np.linalg.norm(u))


def _constant(net: ReluNetwork, p: float = 2) -> float:
    return exact_shallow(net, p).value


def _said_climb(net: ReluNetwork) -> str:
    return f"the climb ends at {_climbed(net):.4g}, the constant is {_constant(net):.4g}"


_CLIMB = [
    _SMALL,
    g.gate(
        g.witness(
            lambda net: _climbed(net) > 0,
            name="the climb gets somewhere",
            said=_said_climb,
            expected="a positive number at the end of the climb",
            hint="Some neuron must be on at the first unit vector.",
        )
    ),
    g.witness(
        lambda net: _climbed(net) <= 0.9 * _constant(net) * (1 + 1e-9),
        name="below the truth",
        said=_said_climb,
        expected="a climb that ends at most at nine tenths of the constant",
        mistakes={
            "Below the truth, but not by enough.": lambda net: (
                _climbed(net) < 0.999 * _constant(net)
            )
        },
        hint="The climb goes uphill from where it starts. Where is another hill?",
    ),
]


# -- ex3: the program at the origin --------------------------------------------------------------
def _at_origin(net: ReluNetwork) -> float:
    return float(np.abs(_partial_sums(_vectors(net))).sum(axis=1).max())


def _no_parallel_rows(net: ReluNetwork) -> bool:
    W = net.weights[0]
    lengths = np.linalg.norm(W, axis=1)
    if not lengths.all():
        return False
    units = W / lengths[:, None]
    pairs = combinations(units, 2)
    return all(abs(u[0] * v[1] - u[1] * v[0]) > 1e-6 for u, v in pairs)


def _ratio(net: ReluNetwork) -> float:
    return _at_origin(net) / _constant(net, np.inf)


_ORIGIN = [
    _SMALL,
    g.gate(
        g.witness(
            _no_parallel_rows,
            name="no parallel rows",
            expected="rows of W that are not zero and not parallel, in pairs",
            hint="Neurons with one hyperplane can be merged, and a good program does that first.",
        )
    ),
    g.witness(
        lambda net: _ratio(net) >= 1.3 * (1 - 1e-9),
        name="wrong at the origin",
        said=lambda net: (
            f"{_at_origin(net):.4g} at the origin, constant {_constant(net, np.inf):.4g}"
        ),
        expected="at least thirteen tenths of the constant at the origin, p = inf",
        mistakes={
            "With positive outputs the best pattern always exists.": (
                lambda net: bool((net.weights[1] >= 0).all())
            ),
            "With negative outputs only, the best pattern always exists, too.": (
                lambda net: bool((net.weights[1] <= 0).all())
            ),
            "That is the right way; it is not enough yet.": lambda net: _ratio(net) > 1.001,
        },
        hint="Which patterns cannot exist if the rows of W add up to zero?",
    ),
]


# -- ex4: a certificate by hand ------------------------------------------------------------------
def _semidefinite(A: list[list[Fraction]]) -> bool:
    """Whether a symmetric matrix has no negative eigenvalue, by exact elimination."""
    A = [row[:] for row in A]
    n = len(A)
    for k in range(n):
        if A[k][k] < 0 or (A[k][k] == 0 and any(A[k][j] for j in range(k, n))):
            return False
        for i in range(k + 1, n):
            factor = A[i][k] / A[k][k] if A[k][k] else Fraction(0)
            A[i] = [x - factor * y for x, y in zip(A[i], A[k], strict=True)]
    return True


_RAISED = 1 + Fraction(1, 10**9)  # multipliers such as 4/3 are no floats


def _matrix(answer: Mapping[str, Any], left: float) -> list[list[Fraction]]:
    """LipSDP's matrix of ReLU(x) - ReLU(-left x)."""
    t1, t2 = (Fraction(float(t)) for t in answer["t"])
    rho = (Fraction(answer["K"]) * _RAISED) ** 2
    w = Fraction(left)
    return [[rho, -t1, w * t2], [-t1, 2 * t1 - 1, Fraction(1)], [w * t2, Fraction(1), 2 * t2 - 1]]


def _least(answer: Mapping[str, Any], left: float) -> float:
    """The K that the multipliers prove, or infinity."""
    P = np.array(_matrix(answer, left), dtype=float)
    if (answer["t"] <= 0).any() or np.linalg.eigvalsh(P[1:, 1:])[0] <= 0:
        return float("inf")
    return float(np.sqrt(P[0, 1:] @ np.linalg.solve(P[1:, 1:], P[0, 1:])))


def _said_least(answer: Mapping[str, Any], left: float) -> str:
    least = _least(answer, left)
    if np.isinf(least):
        return "multipliers that prove nothing, whatever K"
    return f"K = {answer['K']:.9g}, where these multipliers prove {least:.9g}"


def _certificate(left: float, most: float) -> Sequence[g.Check]:
    small = g.witness(
        lambda answer: answer["K"] <= most * (1 + 1e-12),
        name="a small K",
        said=lambda answer: f"K = {answer['K']:.6g}",
        expected=f"K of at most {most:g}",
        hint="The product bound is too large; which neuron deserves the larger multiplier?",
    )
    proved = g.witness(
        lambda answer: _semidefinite(_matrix(answer, left)),
        name="proved",
        said=lambda answer: _said_least(answer, left),
        expected="a matrix P without a negative eigenvalue, in exact arithmetic, at rho = K²",
        mistakes={
            "Right, but for rounding: raise K a little.": (
                lambda answer: _least(answer, left) < answer["K"] * (1 + 1e-6)
            ),
            "The theorem has K², not K, in the corner of P.": (
                lambda answer: _least(answer, left) <= answer["K"] ** 2 * (1 + 1e-6)
            ),
        },
        hint="Write P down; its lower right block must be positive definite by itself.",
    )
    return [small, proved]


def _own_line(draws: g.Draws) -> Mapping[str, Any]:
    left = float(draws.integer(3, 12))
    return {"left": left, "most": round(1.025 * (1 + left), 2)}


# -- ex5: the root of the width ------------------------------------------------------------------
_TWINS = np.array([3.3, 5.7, 10.2])  # medians of 20 networks differ by less than a tenth from it


def _near_the_twins(rows: Array) -> bool:
    return bool((np.abs(np.log(rows[:, 1] / _TWINS)) < np.log(1.25)).all())


_ROOTS = [
    g.gate(
        g.each(
            "row",
            g.witness(
                lambda row: 0 < row[0] <= row[1] * (1 + 1e-9),
                name="the twin is the steeper one",
                said=lambda row: f"exact {g.show(row[0])}, twin {g.show(row[1])}",
                expected="positive numbers, the exact constant first, and no twin below it",
                hint="The network's patterns are some of those that the twin may choose from.",
            ),
        )
    ),
    g.witness(
        _near_the_twins,
        name="the size of the twins",
        said=lambda rows: g.show(rows[:, 1]),
        expected="wide ranges, in which such medians lie",
        mistakes={
            "Were they divided by something?": lambda rows: bool((rows[:, 1] < 2).all()),
            "Is that the product bound?": lambda rows: bool((rows[:, 1] > 1.6 * _TWINS).all()),
            "Are the rows in the order 25, 100, 400?": lambda rows: bool(rows[0, 1] > rows[2, 1]),
        },
        hint="The twin has the rows a_i w_i, and outputs 1.",
    ),
    g.witness(
        lambda rows: bool(((rows[:, 0] > 1.2) & (rows[:, 0] < 3.6)).all()),
        name="the size of the constants",
        said=lambda rows: g.show(rows[:, 0]),
        expected="wide ranges, in which such medians lie",
        hint="Is it the exact constant in ℓ2, of the network itself?",
    ),
]


# -- ex6: what a tolerance may claim -------------------------------------------------------------
def _tolerated(slope: float, eps: float) -> Sequence[g.Check]:
    return [
        g.close_to(
            np.sqrt(slope**2 * (1 - eps) - eps),
            rtol=1e-3,
            name="what may be returned",
            expected="the least root of rho for which P + εI has no negative eigenvalue",
            hint="Write down P + εI, two by two, and minimise rho over t.",
            mistakes={
                "That is rho; asked is its root.": slope**2 * (1 - eps) - eps,
                "That is the true constant, which an exact solver returns.": (
                    lambda x: abs(x - slope) < 1e-3 * slope
                ),
                "ε stands in both diagonal entries.": np.sqrt(slope**2 - eps),
                "ε stands in both diagonal entries: rho + ε, not rho.": slope * np.sqrt(1 - eps),
                "The best t is not 1 when P may be a little negative.": np.sqrt(
                    slope**2 / (1 + eps) - eps
                ),
                "The slope enters only one of the two terms.": slope * np.sqrt(1 - 2 * eps),
                "That is what its multiplier proves.": slope * (1 - eps) / np.sqrt(1 - 2 * eps),
            },
        )
    ]


def _own_tolerance(draws: g.Draws) -> Mapping[str, Any]:
    return {"slope": float(draws.integer(2, 20)), "eps": draws.integer(5, 40) / 100}


TASKS = {
    "ex1": g.Task(
        title="Patterns that exist",
        answer="a function both(W, a), which returns two numbers",
        reads=g.function,
        checks=_PATTERNS,
    ),
    "ex2": g.Task(
        title="A climb that ends below the truth",
        answer="(W, a) of a network with one hidden layer, without biases, or a ReluNetwork",
        reads=g.network(hidden=1),
        checks=_CLIMB,
    ),
    "ex3": g.Task(
        title="The program at the origin",
        answer="(W, a) of a network with two inputs and one hidden layer, or a ReluNetwork",
        reads=g.network(inputs=2, hidden=1),
        checks=_ORIGIN,
    ),
    "ex4": g.Task(
        title="A certificate by hand",
        answer='a dict: "t", two multipliers; "K", the number that they prove',
        reads=g.fields(t=g.array(2), K=g.number),
        checks=_certificate,
        parameters={"left": 3.0, "most": 4.1},
        draw=_own_line,
    ),
    "ex5": g.Task(
        title="The root of the width",
        answer="three rows of numbers (exact, twin): 25, 100 and 400 neurons",
        reads=g.array(3, 2),
        checks=_ROOTS,
    ),
    "ex6": g.Task(
        title="What a tolerance may claim",
        answer="a number",
        reads=g.number,
        checks=_tolerated,
        parameters={"slope": 3.0, "eps": 0.1},
        draw=_own_tolerance,
    ),
}
