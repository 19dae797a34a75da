"""Chapter *Adversarial examples*, ex2: the least score in an l1 ball of grey values."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.teach import graders as g


def _least(w: Array, x: Array, eps: float) -> float:
    order = np.argsort(-np.abs(w))
    room = np.where(w > 0, x, 1 - x)[order]
    before = np.concatenate([[0.0], np.cumsum(room)[:-1]])
    spent = np.clip(eps - before, 0, room)
    return float(w @ x - np.abs(w)[order] @ spent)


def _without_box(w: Array, x: Array, eps: float) -> float:
    return float(w @ x - eps * np.abs(w).max())


def _clipped(w: Array, x: Array, eps: float) -> float:
    moved = x.copy()
    moved[np.abs(w).argmax()] -= eps * np.sign(w[np.abs(w).argmax()])
    return float(w @ np.clip(moved, 0, 1))


def _all_pixels(w: Array, x: Array, eps: float) -> float:
    return float(w @ np.clip(x - eps * np.sign(w), 0, 1))


def _box(w: Any, x: Any, eps: float, about: str) -> g.Case:
    return g.case(np.array(w, dtype=float), np.array(x, dtype=float), eps, about=about)


def _image(seed: int) -> g.Case:
    draws = np.random.default_rng(seed)
    x = draws.integers(0, 17, size=64) / 16
    return _box(draws.normal(size=64), x, float(draws.uniform(0.5, 8)), f"64 pixels, no. {seed}")


_ENOUGH = [
    _box([3, -1], [0.9, 0.5], 0.4, "the budget fits into one pixel"),
    _box([1, -2, 0.5], [0.5, 0.2, 0.5], 0.5, "a negative weight"),
]
_SEVERAL = [
    _box([3, 2], [0.25, 1.0], 0.75, "one pixel is not enough"),
    _box([-2, 1, 3], [0.75, 1.0, 0.5], 1.5, "three pixels"),
]
_ENDS = [
    _box([1, 2], [0.5, 0.0], 0.25, "the largest weight cannot gain"),
    _box([2, -1], [0.5, 0.5], 9.0, "more budget than room"),
    _box([1, -1], [0.25, 0.75], 0.0, "no budget"),
    _box([0, 0], [0.5, 0.5], 1.0, "no weight"),
]
_TIED = {
    "One pixel has an end; what is left of the budget?": _clipped,
    "Grey values stay between 0 and 1.": _without_box,
    "The budget is a sum over the pixels.": _all_pixels,
}


def _agree(cases: Sequence[g.Case], name: str, hint: str) -> g.Check:
    return g.agrees(
        _least,
        cases,
        name=name,
        expected="the least value over ball and box",
        mistakes=_TIED,
        hint=hint,
    )


BOXED = [
    g.shape(inputs=_ENOUGH[:1], name="gives a number"),
    _agree(_ENOUGH, "budget for one pixel", "Which pixel gains most from a unit of budget?"),
    _agree(_SEVERAL, "budget for several pixels", "When one pixel is at its end, which is next?"),
    _agree(_ENDS, "ends of the range", "Some pixels have no room in the right direction."),
    _agree([_image(seed) for seed in range(8)], "images", "In which order are pixels taken?"),
    g.not_mutating(_SEVERAL[:1]),
]
