"""Chapter *Bounding a network*, ex4: multipliers that prove an upper answer."""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lipkit.teach import graders as g


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


def certificate(left: float, most: float) -> Sequence[g.Check]:
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


def own_line(draws: g.Draws) -> Mapping[str, Any]:
    left = float(draws.integer(3, 12))
    return {"left": left, "most": round(1.025 * (1 + left), 2)}
