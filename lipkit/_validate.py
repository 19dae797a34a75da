"""The border: what comes in is checked once, here, and every error says got, expected, mend."""

from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

Array: TypeAlias = NDArray[np.float64]
Seed: TypeAlias = int | np.random.Generator


def real_array(values: ArrayLike, name: str, ndim: int | None = None) -> Array:
    """A finite float64 array, with ``ndim`` axes if given."""
    try:
        array = np.asarray(values)
    except ValueError as error:
        raise ValueError(
            f"{name}: got rows of different lengths, expected an array; pad or split them"
        ) from error
    if array.dtype.kind not in "biuf":
        raise TypeError(
            f"{name}: got dtype {array.dtype}, expected real numbers; pass a float array"
        )
    array = array.astype(np.float64)
    if ndim is not None and array.ndim != ndim:
        raise ValueError(
            f"{name}: got shape {array.shape}, expected {ndim} axes; reshape it before the call"
        )
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: got NaN or infinite entries, expected finite numbers; clean it")
    return array


def exponent(p: float, name: str = "p") -> float:
    """A norm's exponent in [1, inf]."""
    if isinstance(p, bool) or not isinstance(p, (int, float, np.integer, np.floating)):
        raise TypeError(
            f"{name}: got {p!r}, expected a number in [1, inf]; numpy.inf is the sup norm"
        )
    if not p >= 1:
        raise ValueError(f"{name}: got {p!r}, expected 1 <= {name} <= inf; use 1, 2 or numpy.inf")
    return float(p)


def count(value: Any, name: str, minimum: int = 1) -> int:
    """An integer not below ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, (int, np.integer)):
        raise TypeError(f"{name}: got {value!r}, expected an integer; convert it with int()")
    if value < minimum:
        raise ValueError(f"{name}: got {value}, expected at least {minimum}; choose a larger one")
    return int(value)


def positive(value: Any, name: str) -> float:
    """A finite number above zero."""
    number = real_array(value, name, 0).item()
    if number <= 0:
        raise ValueError(f"{name}: got {value!r}, expected a positive number; choose a larger one")
    return float(number)


def nonnegative(value: Any, name: str, what: str = "number") -> float:
    """A finite number of at least zero; ``what`` says in the error what it is."""
    number = real_array(value, name, 0).item()
    if number < 0:
        raise ValueError(f"{name}: got {value!r}, expected a {what} of at least 0")
    return float(number)


def ball(p: float) -> float:
    """The norm of a ball that attacks know: 2 or inf."""
    order = exponent(p)
    if order not in (2.0, np.inf):
        raise ValueError(f"p: got {order:g}, expected 2 or numpy.inf, the balls that attacks know")
    return order


def pair(value: Any, name: str, of: str = "") -> Sequence[Any]:
    """Two things, (lower, upper); ``of`` says in the error what of."""
    if not isinstance(value, (tuple, list)) or len(value) != 2:
        raise TypeError(f"{name}: got {value!r}, expected a pair (lower, upper){of}")
    return value


def one_of(value: Any, name: str, allowed: Sequence[str]) -> str:
    """One of the named choices."""
    if value not in allowed:
        raise ValueError(f"{name}: got {value!r}, expected one of {', '.join(map(repr, allowed))}")
    return str(value)


def generator(rng: Seed, name: str = "rng") -> np.random.Generator:
    """The Generator itself, or a new one from an integer seed."""
    if isinstance(rng, np.random.Generator):
        return rng
    if isinstance(rng, bool) or not isinstance(rng, (int, np.integer)):
        raise TypeError(f"{name}: got {rng!r}, expected an int seed or a numpy.random.Generator")
    if rng < 0:
        raise ValueError(f"{name}: got {rng}, expected a seed of at least 0")
    return np.random.default_rng(int(rng))


def points(X: ArrayLike, d: int, name: str = "X") -> tuple[Array, bool]:
    """A batch ``(n, d)`` and whether a single point ``(d,)`` came in."""
    array = real_array(X, name)
    single = array.ndim == 1
    batch = array[None] if single else array
    if batch.ndim != 2 or batch.shape[1] != d:
        raise ValueError(
            f"{name}: got shape {array.shape}, expected ({d},) or (n, {d}); one row is one point"
        )
    return batch, single


def box_bounds(box: Sequence[ArrayLike], d: int) -> tuple[Array, Array]:
    """The corners ``(lower, upper)`` of a box with an interior, each of shape ``(d,)``."""
    if not isinstance(box, (tuple, list)) or len(box) != 2:
        raise TypeError(f"box: got {type(box).__name__}, expected a pair (lower, upper) of arrays")
    lower, upper = (
        _corner(side, name, d) for side, name in zip(box, ("lower", "upper"), strict=True)
    )
    if not (lower < upper).all():
        raise ValueError(
            f"box: got lower {lower} and upper {upper}, expected lower < upper everywhere"
        )
    return lower, upper


def _corner(side: ArrayLike, name: str, d: int) -> Array:
    corner = real_array(side, f"box {name}")
    if corner.shape not in ((), (d,)):
        raise ValueError(f"box {name}: got shape {corner.shape}, expected ({d},) or one number")
    return np.broadcast_to(corner, (d,)).copy()
