"""Calling the author's view, and checking what comes back."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

import numpy as np

from lipkit.bound import Bound
from lipkit.teach.explorers._elements import Output
from lipkit.teach.explorers._shapes import Shapes
from lipkit.teach.panels import Number

View = Callable[..., Mapping[str, Any]]


def called(view: View, values: Mapping[str, Any], numbers: Mapping[str, Number]) -> Output:
    """The controls' values and the view's output at them: numbers, texts, arrays, polygons."""
    place = ", ".join(f"{name}={value!r}" for name, value in values.items())
    try:
        output = view(**values)
    except Exception as error:
        raise ValueError(f"view: failed at {place}: {type(error).__name__}: {error}") from error
    if not isinstance(output, Mapping):
        raise TypeError(f"view: got {type(output).__name__} at {place}, expected a dict")
    plain = {key: _plain(value, key, numbers.get(key)) for key, value in output.items()}
    for name in values.keys() & plain.keys():
        if not isinstance(plain[name], int | float) or plain[name] != values[name]:
            raise ValueError(
                f"view: got the key {name!r}, which is a control, with another value at {place}; "
                "choose another key"
            )
    return {**plain, **values}


def _plain(value: Any, key: str, number: Number | None) -> Any:
    if isinstance(value, Bound):
        return _of_kind(value, key, number)
    if isinstance(value, bool | np.bool_):
        return "yes" if value else "no"
    if isinstance(value, int | np.integer):
        return int(value)
    if isinstance(value, str | float):
        return value
    if isinstance(value, list | tuple) and all(np.ndim(part) == 2 for part in value):
        return Shapes.of(value, key)
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or array.ndim > 2:
        raise TypeError(
            f"{key}: got {type(value).__name__} with dtype {array.dtype} and shape {array.shape}, "
            "expected a number, a text, an array with one or two axes, or a list of polygons"
        )
    return float(array) if array.ndim == 0 else array.astype(float)


def _of_kind(bound: Bound, key: str, number: Number | None) -> float:
    if number is not None and number.kind != bound.kind:
        raise ValueError(
            f"{key}: got a Bound of kind {bound.kind!r} for a number of kind {number.kind!r}; "
            "mend the one that is wrong"
        )
    return bound.value


def same_form(outputs: Sequence[Output], states: Sequence[Mapping[str, Any]]) -> None:
    """Raise ``ValueError`` unless all states have the keys and forms of the first."""
    first = _forms(outputs[0], states[0])
    for output, state in zip(outputs, states, strict=True):
        forms = _forms(output, state)
        if forms != first:
            key = next(k for k in {**first, **forms} if first.get(k) != forms.get(k))
            raise ValueError(
                f"view: got {forms.get(key, 'nothing')} for {key!r} at {dict(state)}, expected "
                f"{first.get(key, 'nothing')} as in the first state; return the same in all"
            )


def _forms(output: Output, controls: Mapping[str, Any]) -> dict[str, str]:
    return {key: _form(value) for key, value in output.items() if key not in controls}


def _form(value: Any) -> str:
    """What kind of entry it is, in words; arrays with two axes keep their shape."""
    if isinstance(value, Shapes):
        return "a list of polygons"
    if isinstance(value, np.ndarray):
        return "an array with one axis" if value.ndim == 1 else f"an array of shape {value.shape}"
    return "a number" if isinstance(value, int | float) else "a text"
