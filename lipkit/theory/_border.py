"""Numbers that several laws ask for, checked once."""

from typing import Any

from lipkit import _validate


def probability(delta: Any, name: str = "delta") -> float:
    """A probability strictly between 0 and 1."""
    number = float(_validate.real_array(delta, name, 0).item())
    if not 0 < number < 1:
        raise ValueError(f"{name}: got {delta!r}, expected a probability strictly between 0 and 1")
    return number


nonnegative = _validate.nonnegative
