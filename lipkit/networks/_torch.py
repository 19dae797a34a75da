"""The one adapter between torch modules and arrays. Importing this module imports torch."""

from collections.abc import Iterator, Sequence
from typing import Any, TypeGuard, TypeVar

import numpy as np
import torch
from torch import nn

from lipkit._validate import Array

_Kind = TypeVar("_Kind", bound=nn.Module)
_SKIPPED = (nn.Flatten, nn.Identity, nn.Dropout)


def affine_layers(module: nn.Module) -> tuple[list[Array], list[Array]]:
    """Weights and biases of the affine maps between the ReLUs of a Sequential."""
    weights: list[Array] = []
    biases: list[Array] = []
    W: Array | None = None
    b = np.zeros(0)
    for layer in _flat(module):
        if _is(layer, nn.ReLU):
            if W is None:
                raise TypeError(f"{layer}: got a ReLU with no Linear layer before it")
            weights.append(W)
            biases.append(b)
            W = None
            continue
        step, shift = _affine(layer)
        W, b = (step, shift) if W is None else (step @ W, step @ b + shift)
    if W is None:
        raise TypeError("module: got no Linear layer after the last ReLU, expected one")
    return [*weights, W], [*biases, b]


def sequential(weights: Sequence[Array], biases: Sequence[Array], dtype: Any) -> nn.Sequential:
    """Linear and ReLU layers with these numbers."""
    dtype = torch.get_default_dtype() if dtype is None else dtype
    layers: list[nn.Module] = []
    for W, b in zip(weights, biases, strict=True):
        linear = nn.Linear(W.shape[1], W.shape[0], dtype=dtype, device="meta").to_empty(
            device="cpu"
        )
        with torch.no_grad():
            linear.weight.copy_(torch.from_numpy(W.copy()))
            linear.bias.copy_(torch.from_numpy(b.copy()))
        layers += [linear, nn.ReLU()]
    return nn.Sequential(*layers[:-1])


def _flat(module: nn.Module) -> Iterator[nn.Module]:
    if _is(module, nn.Sequential):
        for child in module:
            yield from _flat(child)
    elif not isinstance(module, _SKIPPED):
        yield module


def _is(layer: nn.Module, kind: type[_Kind]) -> TypeGuard[_Kind]:
    """An instance that computes what its kind computes: a subclass may have another forward."""
    return isinstance(layer, kind) and type(layer).forward is kind.forward


def _affine(layer: nn.Module) -> tuple[Array, Array]:
    if _is(layer, nn.Linear):
        W, bias = _array(layer.weight), getattr(layer, "bias", None)
        return W, np.zeros(len(W)) if bias is None else _array(bias)
    if _is(layer, nn.BatchNorm1d) and layer.running_var is not None:
        scale = 1 / np.sqrt(_array(layer.running_var) + layer.eps)
        shift = -_array(layer.running_mean) * scale
        if layer.affine:
            gain = _array(layer.weight)
            scale, shift = scale * gain, shift * gain + _array(layer.bias)
        return np.diag(scale), shift
    raise TypeError(
        f"module: got {type(layer).__name__}, expected Linear, ReLU, Flatten, Dropout or "
        "BatchNorm1d with running statistics in a Sequential; rewrite this layer as one of these"
    )


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().cpu().double().numpy())
