"""What lets a Bound stand where a number may stand."""

from typing import Any

import numpy as np


class Number:
    """Arithmetic and comparison with plain numbers through ``value``.

    Two of these add and subtract as numbers, but refuse to be compared: their kinds may differ.
    """

    value: float

    def __float__(self) -> float:
        return self.value

    def __array__(self, dtype: Any = None, copy: bool | None = None) -> Any:
        return np.asarray(self.value, dtype=dtype)

    def __add__(self, other: Any) -> Any:
        return self.value + _number(other)

    def __radd__(self, other: Any) -> Any:
        return _number(other) + self.value

    def __sub__(self, other: Any) -> Any:
        return self.value - _number(other)

    def __rsub__(self, other: Any) -> Any:
        return _number(other) - self.value

    def __mul__(self, other: Any) -> Any:
        return self.value * _number(other)

    def __rmul__(self, other: Any) -> Any:
        return _number(other) * self.value

    def __truediv__(self, other: Any) -> Any:
        return self.value / _number(other)

    def __rtruediv__(self, other: Any) -> Any:
        return _number(other) / self.value

    def __pow__(self, other: Any) -> Any:
        return self.value ** _number(other)

    def __neg__(self) -> float:
        return -self.value

    def __abs__(self) -> float:
        return self.value

    def __lt__(self, other: Any) -> Any:
        return _truth(self.value < _plain(other))

    def __le__(self, other: Any) -> Any:
        return _truth(self.value <= _plain(other))

    def __gt__(self, other: Any) -> Any:
        return _truth(self.value > _plain(other))

    def __ge__(self, other: Any) -> Any:
        return _truth(self.value >= _plain(other))


def _number(other: Any) -> Any:
    return other.value if isinstance(other, Number) else other


def _plain(other: Any) -> Any:
    if isinstance(other, Number):
        raise TypeError(
            "got two Bounds to compare: which is larger says little while their kinds differ; "
            "compare the numbers with .value, or choose with tightest()"
        )
    return other


def _truth(result: Any) -> Any:
    """A plain bool, unless an array was compared."""
    return bool(result) if isinstance(result, np.bool_) else result
