"""The one adapter between torch modules and arrays. Importing this module imports torch."""

import copy
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeGuard, TypeVar

import numpy as np
import torch
from torch import nn

from lipkit._validate import Array

_Kind = TypeVar("_Kind", bound=nn.Module)
_SKIPPED = (nn.Identity, nn.Dropout, nn.Dropout1d, nn.Dropout2d, nn.Dropout3d)
_CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
_POOLS = (nn.AvgPool1d, nn.AvgPool2d, nn.AvgPool3d, nn.AdaptiveAvgPool1d, nn.AdaptiveAvgPool2d)
_NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)

Shape = tuple[int, ...]


def affine_layers(
    module: nn.Module, input_shape: Sequence[int] | None
) -> tuple[list[Array], list[Array]]:
    """Weights and biases of the affine maps between the ReLUs of a Sequential."""
    weights: list[Array] = []
    biases: list[Array] = []
    current = _Affine(None, np.zeros(0), None if input_shape is None else tuple(input_shape))
    for layer in _flat(module):
        if not _is(layer, nn.ReLU):
            current = _after(layer, current)
            continue
        if current.W is None:
            raise TypeError(f"{layer}: got a ReLU with no Linear layer before it")
        weights.append(current.W)
        biases.append(current.b)
        current = _Affine(None, np.zeros(0), current.shape)
    if current.W is None:
        raise TypeError("module: got no Linear layer after the last ReLU, expected one")
    return [*weights, current.W], [*biases, current.b]


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


@dataclass(frozen=True, eq=False)
class _Affine:
    """The map since the last ReLU, ``W x + b``, or nothing yet; and the shape of one point.

    The shape is None where it is not known; then a point is one row of numbers.
    """

    W: Array | None
    b: Array
    shape: Shape | None


def _after(layer: nn.Module, before: _Affine) -> _Affine:
    """The map with one more layer."""
    if _is(layer, nn.Flatten):
        return _flattened(layer, before)
    if _is(layer, nn.Linear):
        return _linear(layer, before)
    if _is_one(layer, _NORMS) and layer.running_var is not None:
        return _normed(layer, before)
    if _is_one(layer, (*_CONVOLUTIONS, *_POOLS)):
        return _windowed(layer, before)
    raise TypeError(
        f"module: got {type(layer).__name__}, expected Linear, ReLU, Flatten, Dropout, Conv, "
        "AvgPool, or BatchNorm with running statistics, in a Sequential; rewrite this layer as "
        "one of these"
    )


def _flattened(layer: nn.Flatten, before: _Affine) -> _Affine:
    if (layer.start_dim, layer.end_dim) != (1, -1):
        raise TypeError(f"module: got {layer}, expected Flatten() of all axes but the first")
    shape = None if before.shape is None else (math.prod(before.shape),)
    return _Affine(before.W, before.b, shape)


def _linear(layer: nn.Linear, before: _Affine) -> _Affine:
    if before.shape is not None and len(before.shape) > 1:
        raise TypeError(f"module: got Linear on shape {before.shape}, expected Flatten before it")
    _check_channels(layer, layer.in_features, before)
    W, bias = _array(layer.weight), getattr(layer, "bias", None)
    b = np.zeros(len(W)) if bias is None else _array(bias)
    if before.W is not None:
        W, b = W @ before.W, W @ before.b + b
    return _Affine(W, b, (len(W),))


def _normed(layer: Any, before: _Affine) -> _Affine:
    _check_channels(layer, layer.num_features, before)
    scale = 1 / np.sqrt(_array(layer.running_var) + layer.eps)
    shift = -_array(layer.running_mean) * scale
    if layer.affine:
        gain = _array(layer.weight)
        scale, shift = scale * gain, shift * gain + _array(layer.bias)
    if before.shape is not None:
        each = math.prod(before.shape[1:])  # places that a channel's numbers hold for
        scale, shift = np.repeat(scale, each), np.repeat(shift, each)
    if before.W is None:
        return _Affine(np.diag(scale), shift, before.shape or (len(scale),))
    return _Affine(scale[:, None] * before.W, scale * before.b + shift, before.shape)


def _check_channels(layer: nn.Module, expected: int, before: _Affine) -> None:
    if before.shape is not None and before.shape[0] != expected:
        raise ValueError(
            f"module: {layer} got shape {before.shape}, expected ({expected}, ...); "
            "mend input_shape or the layer before"
        )


def _windowed(layer: nn.Module, before: _Affine) -> _Affine:
    """A convolution or a pool: the layer itself, applied to every column."""
    if before.shape is None:
        raise TypeError(
            f"module: got {type(layer).__name__} and no input_shape, expected the shape of one "
            "input, such as (1, 28, 28); pass input_shape"
        )
    linear: Any = copy.deepcopy(layer).double().cpu()
    bias, linear.bias = getattr(linear, "bias", None), None
    n = math.prod(before.shape)
    columns = np.eye(n) if before.W is None else before.W.T
    with torch.no_grad():
        try:
            out = linear(torch.from_numpy(np.ascontiguousarray(columns)).view(-1, *before.shape))
        except RuntimeError as error:
            raise ValueError(f"input_shape: {layer} got shape {before.shape}: {error}") from error
        b = np.zeros(n) if before.W is None else before.b
        shift = linear(torch.from_numpy(b.copy()).view(1, *before.shape))[0]
        if bias is not None:
            shift = shift + bias.view(-1, *[1] * (shift.ndim - 1))
    return _Affine(_array(out.flatten(1)).T, _array(shift.flatten()), tuple(out.shape[1:]))


def _flat(module: nn.Module) -> Iterator[nn.Module]:
    if _is(module, nn.Sequential):
        for child in module:
            yield from _flat(child)
    elif not isinstance(module, _SKIPPED):
        yield module


def _is(layer: nn.Module, kind: type[_Kind]) -> TypeGuard[_Kind]:
    """An instance that computes what its kind computes: a subclass may have another forward."""
    return isinstance(layer, kind) and type(layer).forward is kind.forward


def _is_one(layer: Any, kinds: Sequence[type[nn.Module]]) -> bool:
    return any(_is(layer, kind) for kind in kinds)


def _array(tensor: Any) -> Array:
    return np.asarray(tensor.detach().cpu().double().numpy())
