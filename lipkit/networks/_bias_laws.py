"""Laws of random biases, all of them symmetric."""

import math
import warnings
from collections.abc import Callable
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks import _draws
from lipkit.networks._draws import Draw

BiasLaw: TypeAlias = str | tuple[str, float] | Callable[[np.random.Generator, int], ArrayLike]

NAMES = ("zero", "normal", "uniform", "cauchy", "fan_in")
_SCALED = {"normal": _draws.normal, "uniform": _draws.uniform, "cauchy": _draws.cauchy}
_LOOKS = 10_000  # draws of a user's law, to see whether it is symmetric
_FAR = 6.0  # standard deviations; a symmetric law goes there once in 10^7 times


def bias_law(bias: Any) -> tuple[Draw, Callable[[int], float]] | None:
    """The draw of a bias law and its scale as a function of the fan-in; None for no biases."""
    if callable(bias):
        _warn_if_asymmetric(_checked(bias))
        return _checked(bias), lambda fan_in: 1.0
    name, scale = bias if isinstance(bias, tuple) and len(bias) == 2 else (bias, 1.0)
    if isinstance(bias, tuple):
        _validate.one_of(name, "bias", tuple(_SCALED))
        scale = _validate.positive(scale, f"bias: the scale of {name!r}")
    name = _validate.one_of(name, "bias", NAMES)
    if name == "zero":
        return None
    if name == "fan_in":
        return _draws.uniform, lambda fan_in: 1 / math.sqrt(fan_in)
    return _SCALED[name], lambda fan_in: scale


def _checked(law: Callable[[np.random.Generator, int], ArrayLike]) -> Draw:
    def draw(rng: np.random.Generator, size: int) -> Array:
        numbers = _validate.real_array(law(rng, size), "bias: what the law returned")
        if numbers.shape != (size,):
            raise ValueError(
                f"bias: got an array of shape {numbers.shape} from the law, expected ({size},); "
                "it is called as law(rng, size)"
            )
        return numbers

    return draw


def _warn_if_asymmetric(draw: Draw) -> None:
    """Given the sizes, the signs of a symmetric law are fair coins: their sums stay near 0."""
    numbers = draw(np.random.default_rng(0), _LOOKS)
    signs = np.sign(numbers[np.argsort(-np.abs(numbers), kind="stable")])
    off = np.abs(np.cumsum(signs)).max() / math.sqrt(_LOOKS)
    if off > _FAR:
        warnings.warn(
            f"bias: got a law whose signs are {off:.0f} standard deviations from balanced, "
            "expected a symmetric one; the exact law of the gradient does not hold for it",
            UserWarning,
            stacklevel=5,
        )
