"""What comes in: broadcast, checked entry by entry, and the answer shaped like it."""

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks import Activation, ActivationConstants, activation_constants
from lipkit.theory.adversarial_features._columns import Mask

_POSITIVE = ("psi1", "psi2", "kappa", "n_over_d")


def broadcast(**values: ArrayLike) -> tuple[dict[str, Array], tuple[int, ...]]:
    """Flat arrays of one length by name, and the shape to give back."""
    arrays = {name: _checked(value, name) for name, value in values.items()}
    try:
        shape = np.broadcast_shapes(*(a.shape for a in arrays.values()))
    except ValueError as error:
        got = ", ".join(f"{name} {a.shape}" for name, a in arrays.items())
        raise ValueError(f"got shapes {got}, expected shapes that broadcast") from error
    return {name: np.broadcast_to(a, shape).ravel() for name, a in arrays.items()}, shape


def shaped(value: Array, shape: tuple[int, ...]) -> Any:
    """A float or bool for scalars, an array otherwise."""
    return value.reshape(shape) if shape else value[0].item()


def refuse(bad: Mask, name: str, value: Array, expected: str, shape: tuple[int, ...] = ()) -> None:
    """Raise for the first bad entry, with its index."""
    if not bad.any():
        return
    at = np.unravel_index(int(np.argmax(bad)), bad.shape)
    where = f" at index {tuple(map(int, np.unravel_index(at[0], shape)))}" if shape else ""
    raise ValueError(f"{name}: got {value[at]:.10g}{where}, expected {expected}")


def constants(activation: str | Activation | ActivationConstants) -> ActivationConstants:
    """Those of an activation that has a linear and a nonlinear part."""
    if isinstance(activation, ActivationConstants):
        found = activation
    else:
        found = activation_constants(activation)
    if found.mu1**2 < 1e-24 * found.dmu2:
        raise ValueError(
            f"activation: got mu1 = {found.mu1:g}, expected one with a linear part: features of an "
            "even activation learn nothing of a linear teacher"
        )
    if found.kappa <= 0:
        raise ValueError(
            "activation: got kappa = 0, a linear activation, expected kappa > 0; "
            "use linear_adversarial_theory"
        )
    return found


def check_pair(kappa: Array, kappa_j: Array, shape: tuple[int, ...]) -> None:
    """No activation has less gradient than twice its nonlinear part."""
    refuse(
        kappa_j < 2 * kappa * (1 - 1e-9),
        "kappa_j",
        kappa_j,
        "at least 2 kappa: no activation has less; see activation_constants",
        shape,
    )


def describe(names: Iterable[str], values: Iterable[Any]) -> str:
    """Parameters for a message."""
    return ", ".join(f"{n} = {v:.10g}" for n, v in zip(names, values, strict=True))


def _checked(value: ArrayLike, name: str) -> Array:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        return _validate.real_array(value, name)
    array = array.astype(np.float64)
    shape = array.shape
    flat = array.ravel()
    refuse(~np.isfinite(flat), name, flat, "a finite number", shape)
    if name in _POSITIVE:
        refuse(flat <= 0, name, flat, "a positive number" + _HELP.get(name, ""), shape)
    else:
        refuse(flat < 0, name, flat, "a number of at least 0", shape)
    return array


_HELP = {"kappa": "; for a linear model use linear_adversarial_theory"}
