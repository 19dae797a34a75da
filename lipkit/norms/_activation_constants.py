"""Lipschitz constants of activations: those of one coordinate, hence of the layer in every lp."""

import math
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit.norms._kernel import finite_kernel

_CONSTANTS = dict.fromkeys(
    (
        *("CELU", "Hardtanh", "LogSigmoid", "ReLU", "ReLU6", "Softplus", "Softshrink"),
        *("Softsign", "Tanh", "Tanhshrink"),
    ),
    1.0,
) | {
    "Hardsigmoid": 1 / 6,
    "Hardswish": 1.5,
    "Mish": 1.088498161251728,
    "SELU": 1.6732632423543772 * 1.0507009873554805,  # the slope from the left at 0
    "SiLU": 1.099839320128867,
    "Sigmoid": 0.25,
    "Softmax": 0.5,  # |diag(p) - p p^T| has row sums 2 p_i (1 - p_i)
    "Softmax2d": 0.5,
    "Softmin": 0.5,
}
_GELU = {
    "none": (1 + math.erf(1)) / 2 + math.exp(-1) / math.sqrt(math.pi),  # the slope at sqrt 2
    "tanh": 1.128993068658772,
}

_FREE = {"ELU": "alpha", "LeakyReLU": "negative_slope"}
_LEAST_THRESHOLD = 20  # the jump is log(1 + e^-20) / beta: 2e-9

ACTIVATIONS = frozenset({*_CONSTANTS, *_FREE, "GELU", "PReLU"})


def activation_constant(name: str, layer: Any) -> float:
    """The Lipschitz constant of an activation of that class name."""
    if name == "GELU":
        return _GELU[layer.approximate]
    if name in _FREE:
        return max(1.0, abs(_validate.real_array(getattr(layer, _FREE[name]), name, 0).item()))
    if name == "PReLU":
        return max(1.0, float(np.abs(finite_kernel(layer.weight, "PReLU weight")).max()))
    if name == "CELU" and not layer.alpha > 0:
        raise ValueError(f"CELU: got alpha {layer.alpha}, expected a positive one: it has no bound")
    if name == "Softplus" and not layer.threshold >= _LEAST_THRESHOLD:
        raise ValueError(
            f"Softplus: got threshold {layer.threshold}, expected at least {_LEAST_THRESHOLD}, "
            "torch's own: it jumps there"
        )
    return _CONSTANTS[name]
