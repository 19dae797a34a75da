"""Any value in one short line that can be read, and pasted where it is small."""

from collections.abc import Callable
from numbers import Number
from typing import Any

import numpy as np

from lipkit.bound import Bound
from lipkit.networks import ReluNetwork

_MOST = 24  # numbers that are written out
_DEEPEST = 3  # lists in lists
_LONGEST = 300  # characters


def show(value: Any) -> str:
    """The value in one short line; objects that a student made up are only named by their type.

    >>> show(1 / 3), show(np.eye(2)), show("text"), show(None)
    ('0.333333', '[[1, 0], [0, 1]]', "'text'", 'None')
    >>> show(ReluNetwork([[[1.0], [-1.0]], [[1.0, -1.0]]]))
    'ReluNetwork([[[1], [-1]], [[1, -1]]])'
    >>> show(np.zeros((50, 3))), show(object())
    ('an array of shape (50, 3)', 'an object of type object')
    """
    text = _written(value)
    return text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…"


def _written(value: Any, depth: int = 0) -> str:
    for kinds, writer in _WRITERS:
        if isinstance(value, kinds):
            return writer(value)
    if isinstance(value, (list, tuple, dict)):
        return _container(value, depth)
    if type(value).__module__.partition(".")[0] == "torch":
        shape = tuple(getattr(value, "shape", ()))
        return f"a torch {type(value).__name__}" + (f" of shape {shape}" if shape else "")
    if callable(value):
        return f"the function {getattr(value, '__name__', type(value).__name__)}"
    return f"an object of type {type(value).__name__}"


def _number(value: Any) -> str:
    try:
        if isinstance(value, (int, np.integer)) and -(10**12) < int(value) < 10**12:
            return str(value)
        return f"{value + 0.0:.6g}"  # -0.0 becomes 0
    except (TypeError, ValueError, OverflowError):
        return f"a number of type {type(value).__name__}"


def _text(value: str) -> str:
    return repr(value if len(value) <= 60 else f"{value[:59]}…")


def _array(value: Any) -> str:
    if value.dtype.kind not in "biufc":
        return f"an array of dtype {value.dtype} and shape {value.shape}"
    if value.ndim == 0:
        return show(value.item())
    if value.size > _MOST:
        return f"an array of shape {value.shape}"
    return _nested(value.tolist())


def _nested(value: Any) -> str:
    return f"[{', '.join(map(_nested, value))}]" if isinstance(value, list) else show(value)


def _network(net: ReluNetwork) -> str:
    if sum(W.size for W in net.weights) > _MOST:
        return repr(net)
    weights = ", ".join(_array(W) for W in net.weights)
    biases = ", ".join(_array(b) for b in net.biases)
    given = any(b.any() for b in net.biases)
    return f"ReluNetwork([{weights}]{f', [{biases}]' if given else ''})"


def _container(value: Any, depth: int) -> str:
    if len(value) > _MOST or depth == _DEEPEST:
        return f"a {type(value).__name__} of length {len(value)}"
    inside = [_written(part, depth + 1) for part in value]
    if isinstance(value, dict):
        entries = zip(inside, value.values(), strict=True)
        return "{" + ", ".join(f"{key}: {_written(v, depth + 1)}" for key, v in entries) + "}"
    left, right = "()" if isinstance(value, tuple) else "[]"
    return f"{left}{', '.join(inside)}{right}"


_WRITERS: tuple[tuple[Any, Callable[[Any], str]], ...] = (
    ((type(None), bool, np.bool_), str),
    (Bound, str),
    (Number, _number),
    (str, _text),
    (np.ndarray, _array),
    (ReluNetwork, _network),
)
