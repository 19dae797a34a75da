"""One rule for each kind of torch layer: its norm, and the shape of what comes out.

Layers are read by the names of their classes and attributes, so torch is never imported here.
"""

import math
import warnings
from collections.abc import Callable
from dataclasses import replace
from typing import Any, TypeAlias

import numpy as np

from lipkit._validate import Array
from lipkit.bound import LAYER, Bound, Kind
from lipkit.norms._activation_constants import ACTIVATIONS, activation_constant
from lipkit.norms._conv import norm_on
from lipkit.norms._geometry import Geometry, geometry
from lipkit.norms._kernel import double, finite_kernel
from lipkit.norms._matrix import matrix_norm
from lipkit.norms._pool import pool_windows

Shape: TypeAlias = tuple[int, ...] | None
Answer: TypeAlias = tuple[Bound, Shape]
Rule: TypeAlias = Callable[..., Answer]

ISOMETRY = "isometry"


def linear(layer: Any, name: str, p: float, shape: Shape, gains: Any = None) -> Answer:
    """A matrix on the last axis, its rows times ``gains`` if there are any."""
    W = double(finite_kernel(layer.weight, f"{name} weight"))
    _check(shape, -1, W.shape[1], name)
    if gains is not None:
        _check_gains(gains, len(W))
        W = W * gains[:, None]
    return matrix_norm(W, p), None if shape is None else (*shape[:-1], W.shape[0])


def convolution(layer: Any, name: str, p: float, shape: Shape, gains: Any = None) -> Answer:
    """A convolution, its output channels times ``gains`` if there are any."""
    on = conv_geometry(layer, name, shape)
    kernel = finite_kernel(layer.weight, f"{name} weight")
    if gains is None:
        return norm_on(kernel, on, p), on.layer_output
    bound = norm_on(scaled_outputs(kernel, on, gains), on, p)
    return replace(bound, certified=False), on.layer_output  # the scaled kernel is rounded


def conv_geometry(layer: Any, name: str, shape: Shape) -> Geometry:
    """The geometry of a torch convolution on inputs of this shape, channels first."""
    n = int(name[-2])
    if shape is None or len(shape) != n + 1:
        raise ValueError(
            f"input_shape: got {shape} for {name}, expected (channels, *{n} sizes) without a batch"
        )
    _check(shape, 0, layer.in_channels, name)
    return geometry(
        tuple(layer.weight.shape),
        input_size=shape[1:],
        stride=layer.stride,
        padding=layer.padding,
        dilation=layer.dilation,
        groups=layer.groups,
        padding_mode=layer.padding_mode,
        transposed=name.startswith("ConvTranspose"),
        output_padding=layer.output_padding,
    )


def scaled_outputs(kernel: Any, on: Geometry, gains: Array) -> Array:
    """The kernel with each output channel of the layer times its gain."""
    _check_gains(gains, on.layer_output[0])
    K = double(kernel).reshape(on.kernel_shape)
    taps = (1,) * len(on.axes)
    wide = (on.groups, 1, -1, *taps) if on.transposed else (on.groups, -1, 1, *taps)
    return np.asarray(K * gains.reshape(wide)).reshape(kernel.shape)


def _check_gains(gains: Array, outputs: int) -> None:
    if len(gains) != outputs:
        raise ValueError(
            f"BatchNorm: got {len(gains)} channels after a layer with {outputs} outputs"
        )


def batch_norm(layer: Any, name: str, p: float, shape: Shape) -> Answer:
    """A diagonal matrix: one gain a channel."""
    gains = batch_norm_gains(layer, name)
    _check(shape, 0, len(gains), name)
    return exact(float(np.abs(gains).max()), p, "largest gain"), shape


def batch_norm_gains(layer: Any, name: str) -> Array:
    r"""The factor :math:`\gamma_c / \sqrt{v_c + \epsilon}` of each channel."""
    if layer.running_var is None or layer.training:
        state = "no running statistics" if layer.running_var is None else "train mode"
        raise ValueError(
            f"{name}: got {state}, expected running statistics in eval mode: otherwise it is no "
            "map of one sample; call .eval()"
        )
    if layer.num_batches_tracked is not None and int(layer.num_batches_tracked) == 0:
        warnings.warn(f"{name}: it has seen no data, so its statistics say nothing", stacklevel=2)
    variance = double(finite_kernel(layer.running_var, f"{name} running_var")) + layer.eps
    if not (variance > 0).all():
        raise ValueError(
            f"{name}: got running_var + eps of {variance.min():g}, expected positive numbers"
        )
    gains: Array = 1 / np.sqrt(variance)
    if layer.weight is not None:
        gains = gains * double(finite_kernel(layer.weight, f"{name} weight"))
    return gains


def average_pool(layer: Any, name: str, p: float, shape: Shape) -> Answer:
    """A Kronecker product of one matrix an axis: the norms multiply."""
    windows = pool_windows(layer, name, shape)
    norms = [matrix_norm(w.averages, p) for w in windows]
    kind: Kind = "exact" if all(norm.kind == "exact" for norm in norms) else "upper"
    value = math.prod(norm.value for norm in norms)
    return replace(exact(value, p, "product over axes"), kind=kind), _pooled(windows, shape)


def max_pool(layer: Any, name: str, p: float, shape: Shape) -> Answer:
    r"""The p-th root of the number of windows that hold one pixel: a lone spike attains it."""
    windows = pool_windows(layer, name, shape)
    overlap = math.prod(w.overlap for w in windows)
    return exact(overlap ** (1 / p), p, "windows on one pixel"), _pooled(windows, shape)


def activation(layer: Any, name: str, p: float, shape: Shape) -> Answer:
    """The same function of every coordinate, or of every row for softmax."""
    return exact(activation_constant(name, layer), p, "largest slope"), shape


def identity(layer: Any, name: str, p: float, shape: Shape) -> Answer:
    """What changes no number: identity, and dropout in eval mode."""
    if "Dropout" in name and layer.training and layer.p > 0:
        raise ValueError(f"{name}: got train mode, expected eval mode; call .eval()")
    return exact(1.0, p, ISOMETRY), shape


def flatten(layer: Any, name: str, p: float, shape: Shape) -> Answer:
    """What only moves numbers."""
    bound = exact(1.0, p, ISOMETRY)
    if shape is None:
        return bound, None
    axes = 1 + len(shape)
    first, last = layer.start_dim % axes, layer.end_dim % axes
    if first < 1:
        raise ValueError(f"{name}: got start_dim {layer.start_dim}, expected the batch left alone")
    merged = math.prod(shape[first - 1 : last])
    return bound, (*shape[: first - 1], merged, *shape[last:])


def unflatten(layer: Any, name: str, p: float, shape: Shape) -> Answer:
    """What only moves numbers, the other way."""
    bound = exact(1.0, p, ISOMETRY)
    if shape is None:
        return bound, None
    axis = layer.dim % (1 + len(shape)) - 1
    sizes = list(layer.unflattened_size)
    if -1 in sizes:
        sizes[sizes.index(-1)] = -shape[axis] // math.prod(sizes)
    return bound, (*shape[:axis], *sizes, *shape[axis + 1 :])


def exact(value: float, p: float, method: str) -> Bound:
    """An exact norm of a layer, pair (p, p)."""
    return Bound(value, "exact", quantity=LAYER, norm=(p, p), method=method)


def _pooled(windows: list[Any], shape: Any) -> Shape:
    return (shape[0], *(len(w.starts) for w in windows))


def _check(shape: Shape, axis: int, wanted: int, name: str) -> None:
    if shape is not None and (not shape or shape[axis] != wanted):
        what = "channels first" if axis == 0 else "features last"
        raise ValueError(f"input_shape: got {shape} for {name}, expected {wanted} {what}")


def _for_each_axis_count(name: str, rule: Rule) -> dict[str, Rule]:
    return {f"{name}{n}d": rule for n in (1, 2, 3)}


RULES: dict[str, Rule] = {
    "Linear": linear,
    "Flatten": flatten,
    "Unflatten": unflatten,
    **dict.fromkeys(ACTIVATIONS, activation),
    **dict.fromkeys(("Identity", "Dropout", "AlphaDropout", "FeatureAlphaDropout"), identity),
    **_for_each_axis_count("Dropout", identity),
    **_for_each_axis_count("Conv", convolution),
    **_for_each_axis_count("ConvTranspose", convolution),
    **_for_each_axis_count("BatchNorm", batch_norm),
    **_for_each_axis_count("AvgPool", average_pool),
    **_for_each_axis_count("AdaptiveAvgPool", average_pool),
    **_for_each_axis_count("MaxPool", max_pool),
    **_for_each_axis_count("AdaptiveMaxPool", max_pool),
}

LINEAR = frozenset(
    name
    for name, rule in RULES.items()
    if rule in (linear, flatten, unflatten, identity, convolution, batch_norm, average_pool)
)
