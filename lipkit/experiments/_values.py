"""What parameters and results may be, and how they are written down."""

import json
import math
from collections.abc import Mapping
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Value: TypeAlias = float | NDArray[Any]


def parameter(value: Any, name: str) -> Any:
    """A parameter as plain Python: None, bool, int, float, str, or a tuple of these."""
    if isinstance(value, (np.generic, np.ndarray)):
        value = value.tolist()
    if isinstance(value, (list, tuple)):
        return tuple(parameter(item, f"{name}[{i}]") for i, item in enumerate(value))
    if value is not None and not isinstance(value, (bool, int, float, str)):
        raise TypeError(
            f"{name}: got {type(value).__name__}, expected None, a bool, a number, a string or a "
            "list of these; name larger things and build them inside the experiment"
        )
    if isinstance(value, float) and math.isnan(value):
        raise ValueError(f"{name}: got nan, expected a number; leave the parameter out or use None")
    return value


def results(found: Any, owner: str) -> dict[str, Value]:
    """The results of one run: names to floats or arrays, all finite."""
    if not isinstance(found, Mapping) or not found:
        raise TypeError(
            f"{owner}: got {found!r:.80}, expected a dict with at least one result; "
            'return {"name": value}'
        )
    for name in found:
        if not isinstance(name, str) or not name.isidentifier():
            raise TypeError(f"{owner}: got the result name {name!r}, expected a plain word")
    return {name: _result(value, f"{owner}, result {name!r}") for name, value in found.items()}


def _result(value: Any, where: str) -> Value:
    if isinstance(value, bool) or not isinstance(value, (int, float, np.number, np.ndarray)):
        raise TypeError(
            f"{where}: got {type(value).__name__}, expected a float or an array; "
            "convert it with float() or numpy.asarray()"
        )
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or not array.size:
        raise TypeError(
            f"{where}: got dtype {array.dtype}, shape {array.shape}, expected real numbers"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{where}: got {value!r:.80}, expected finite numbers")
    return array.copy() if array.ndim else float(array)


def to_json(value: Any) -> str:
    """One line of JSON; floats round-trip, and infinity is written 1e999, which reads as such."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{json.dumps(k)}: {to_json(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        return "[" + ", ".join(map(to_json, value)) + "]"
    if isinstance(value, float) and math.isinf(value):
        return "1e999" if value > 0 else "-1e999"
    return json.dumps(value, allow_nan=False, ensure_ascii=False)
