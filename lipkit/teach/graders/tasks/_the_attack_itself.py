"""Chapter *Adversarial linear regression*, ex2: the worst shift of one point, in any norm."""

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.norms import dual_exponent, vector_norm
from lipkit.teach import graders as g


def _point(d: int, p: float, seed: int, *, exact: bool = False) -> g.Case:
    rng = np.random.default_rng(seed)
    theta, x = rng.integers(-4, 5, size=(2, d)).astype(float)
    theta[0] = 5.0
    y = float(theta @ x) + (0.0 if exact else float(rng.choice([-2.0, 3.0])))
    said = "residual 0" if exact else "residual not 0"
    return g.case(theta, x, y, 0.5, p, about=f"{d} inputs, p = {p:g}, {said}")


_POINTS = [
    *(_point(4, p, seed) for seed, p in enumerate((2.0, math.inf, 1.0, 1.5, 4.0, 2.0, math.inf))),
    *(_point(3, p, 20 + seed, exact=True) for seed, p in enumerate((2.0, math.inf, 1.0))),
    g.case(np.zeros(2), np.ones(2), 1.0, 0.5, 2.0, about="θ = 0"),
]


def _on_every_point(judge: Callable[..., None]) -> Callable[[Any], None]:
    def test(function: Any) -> None:
        for given in _POINTS:
            theta = given.args[0]
            returned = g.call(function, given)
            judge(given, np.asarray(g.array(len(theta))(returned), dtype=float))

    return test


def _inside(given: g.Case, shift: Array) -> None:
    eps, p = given.args[3:]
    size = float(vector_norm(shift, p))
    if size > eps * (1 + 1e-9):
        raise g.Wrong(f"a shift of norm {size:.4g}", at=str(given), expected="at most eps")


def _worst(given: g.Case, shift: Array) -> None:
    theta, x, y, eps, p = given.args
    clean = abs(y - theta @ x)
    found = abs(y - theta @ (x + shift))
    if found < (clean + eps * vector_norm(theta, dual_exponent(p))) * (1 - 1e-9):
        raise g.Wrong(
            f"a residual of size {found:.4g}",
            at=str(given),
            expected="a larger one, which the ball allows",
            hint=_why(clean, found, theta, shift, p),
        )


def _why(clean: float, found: float, theta: Array, shift: Array, p: float) -> str:
    if clean == 0 and not shift.any():
        return "The residual is 0 here, and an attack has two ways to go: take one."
    if found < clean:
        return "This makes the residual smaller: which sign?"
    parallel = abs(theta @ shift) >= (1 - 1e-9) * np.linalg.norm(theta) * np.linalg.norm(shift)
    if p != 2 and parallel:
        return "Along θ is the best way in ℓ2; how is a step of this norm best spent?"
    return ""


SHIFT = [
    g.gate(g.Check("within the ball", _on_every_point(_inside), "In which norm is it measured?")),
    g.Check("as bad as can be", _on_every_point(_worst), "Where does Hölder's inequality hold?"),
    g.not_mutating(_POINTS[:1]),
]
