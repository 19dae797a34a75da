"""The largest singular value of a linear map from below, by steps that need a few vectors only."""

from collections.abc import Iterator
from itertools import islice
from typing import Any, Protocol

import numpy as np

_MOST_STEPS = 1000
_WINDOW = 6  # steps over which gains are compared


class LinearMap(Protocol):
    """What takes an array through a layer, and back through the transposed layer."""

    def apply(self, x: Any) -> Any:
        """A x."""

    def transpose(self, y: Any) -> Any:
        """A^T y."""


def power(A: LinearMap, x: Any, steps: int) -> Any:
    """The vector after so many steps of power iteration on A^T A, of length 1."""
    for _ in range(steps):
        y = A.transpose(A.apply(x))
        length = np.linalg.norm(y)
        if not length:
            break
        x = y / length
    return x


def lanczos(A: LinearMap, x: Any, *, rtol: float, steps: int | None = None) -> Any:
    r"""A vector of length 1 with :math:`\|Ax\|` near the largest singular value.

    Each step takes the best vector in the span of the last one, the step before it, and the
    residual of :math:`A^T A`: Lanczos iteration that starts again at every step and keeps the last
    direction, as fast as the full one and with a memory of three vectors. Stops after ``steps``, or
    once all steps to come are expected to add less than ``rtol``, and have been for a third of the
    run: near a second singular value gains are small for a while, then grow again.
    [Knyazev 2001, locally optimal conjugate gradients.]
    """
    values: list[float] = []
    most, settled = _MOST_STEPS if steps is None else steps, 0
    for value, vector in islice(_iterates(A, x), most + 1):
        values.append(value)
        x = vector
        settled = settled + 1 if _settled(values, rtol) else 0
        if steps is None and settled > len(values) / 3:
            break
    return x.copy()


def _iterates(A: LinearMap, x: Any) -> Iterator[tuple[float, Any]]:
    """The value and the vector after every step, the start included."""
    shape = x.shape
    basis, images = (np.zeros((3, x.size), dtype=x.dtype) for _ in range(2))
    basis[0] = x.ravel() / np.linalg.norm(x)
    known = 0
    while True:
        images[known] = A.transpose(A.apply(basis[known].reshape(shape))).ravel()
        known += 1
        value, turn = _best_turn(np.stack([basis[:known] @ image for image in images[:known]]))
        basis[: len(turn)], images[: len(turn)] = turn @ basis[:known], turn @ images[:known]
        yield np.sqrt(max(value, 0.0)), basis[0].reshape(shape)
        known = len(turn)
        w = basis[known]
        w[:] = images[0]
        for _ in range(2):  # once more, against rounding
            w -= (basis[:known] @ w) @ basis[:known]
        length = np.linalg.norm(w)
        if not length > 20 * np.finfo(w.dtype).eps * value:  # nothing but rounding is left
            return
        w /= length


def _best_turn(small: Any) -> tuple[float, Any]:
    """The largest eigenvalue, its vector, and the step that led to it, as rows."""
    values, vectors = np.linalg.eigh(np.float64(small + small.T) / 2)
    best = vectors[:, -1]
    step = np.append(0.0, best[1:]) - best * (best[1:] @ best[1:])
    length = np.linalg.norm(step)
    rows = [best, step / length] if length else [best]
    return float(values[-1]), np.stack(rows).astype(small.dtype)


def _settled(values: list[float], rtol: float) -> bool:
    """Whether the steps to come will add less than rtol, if gains shrink as they did last."""
    if len(values) <= 2 * _WINDOW:
        return False
    before, now = values[-1 - _WINDOW] - values[-1 - 2 * _WINDOW], values[-1] - values[-1 - _WINDOW]
    if now <= 0:
        return True
    rate = min((now / max(before, now)) ** (1 / _WINDOW), 0.99)
    return bool(now / _WINDOW * rate / (1 - rate) < rtol / 2 * values[-1])
