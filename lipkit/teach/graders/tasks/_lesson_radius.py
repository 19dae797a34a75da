"""The notebook of lesson 1, task6: a radius."""

import numpy as np

from lipkit._validate import Array
from lipkit.teach.graders import (
    Case,
    Check,
    agrees,
    case,
    invariant,
    not_mutating,
    shape,
)


def _margin(logits: Array, label: int) -> float:
    return float(logits[label] - np.delete(logits, label).max())


def _radius(logits: Array, label: int, K: float) -> float:
    return float(max(_margin(logits, label), 0.0) / (np.sqrt(2) * K))


_LOGITS = np.array([1.5, -2.0, 4.0, 0.5])
_RIGHT = [case(_LOGITS, 2, 10.0), case(np.array([-1.0, -3.0]), 0, 0.5), case(_LOGITS, 2, 103.7)]
_MISREAD = [case(_LOGITS, 0, 10.0, about="not read as its label"), case(np.ones(3), 1, 2.0)]
_RADIUS_MISTAKES = {
    "Two logits move when x does: their difference changes by √2 K a unit at most.": (
        lambda z, c, K: _radius(z, c, K) * np.sqrt(2)
    ),
    "The margin stands over the constant, not beside it.": (
        lambda z, c, K: max(_margin(z, c), 0) * np.sqrt(2) * K
    ),
    "The margin is to the largest of the *other* logits.": lambda z, c, K: (z[c] - z.max()) / K,
    "Another class is the nearest danger: the largest other logit, not their mean.": (
        lambda z, c, K: (z[c] - np.delete(z, c).mean()) / (np.sqrt(2) * K)
    ),
    "That is the margin of the largest logit; the label is another one.": (
        lambda z, c, K: _radius(z, int(np.argmax(z)), K)
    ),
    "There is nothing to promise where the margin is negative.": (
        lambda z, c, K: _margin(z, c) / (np.sqrt(2) * K)
    ),
}


def _radius_on(inputs: list[Case], name: str) -> Check:
    return agrees(
        _radius,
        inputs,
        mistakes=_RADIUS_MISTAKES,
        name=name,
        expected="the radius that the theorem promises",
        hint="By how much may the label's logit fall, relative to the largest other one?",
    )


CERTIFICATE = [
    shape(inputs=_RIGHT[:1], name="gives a number"),
    _radius_on(_RIGHT, "read correctly"),
    _radius_on(_MISREAD, "nothing to promise"),
    invariant(
        lambda logits, label, K: (10 * logits, label, 10 * K),
        _RIGHT,
        name="logits and constant ten times as large",
        hint="The decisions are the same, and so is the promise.",
    ),
    not_mutating(_RIGHT[:1]),
]
