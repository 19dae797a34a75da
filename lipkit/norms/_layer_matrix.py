"""The whole matrix of a linear layer or block."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy import sparse

from lipkit import _validate
from lipkit._validate import Array
from lipkit.norms._conv_matrix import sparse_matrix
from lipkit.norms._kernel import double, finite_kernel
from lipkit.norms._layer_kinds import is_linear, known_kind
from lipkit.norms._layer_rules import RULES, batch_norm_gains, conv_geometry
from lipkit.norms._pool import pool_windows

MOST_ENTRIES = 50_000_000


def materialize(layer: Any, input_shape: Sequence[int], *, force: bool = False) -> Array:
    r"""The matrix A of a linear torch layer: f(x) = Ax + b on flattened inputs, without b.

    ``input_shape`` has no batch, channels first; A is float64, ``(outputs, inputs)``. The layer is
    left as it is. Takes the layers of :func:`~lipkit.norms.operator_norm`.

    Raises ``TypeError`` for a layer that is not linear or not known; ``ValueError`` for a shape
    that does not fit, for an empty output, and for more than 5e7 entries unless ``force`` is True.
    [Definition.]

    >>> from torch import nn
    >>> materialize(nn.AvgPool1d(2), (1, 4))
    array([[0.5, 0.5, 0. , 0. ],
           [0. , 0. , 0.5, 0.5]])
    """
    shape = checked_shape(input_shape)
    if not is_linear(layer):
        raise TypeError(
            f"layer: got {type(layer).__name__}, which is not linear: it has no matrix; "
            "use layer_lipschitz"
        )
    most = math.inf if force else MOST_ENTRIES
    return np.asarray(layer_matrix(layer, shape, most)[0].toarray())


def checked_shape(shape: Any) -> tuple[int, ...]:
    """The shape of one input, without a batch."""
    if isinstance(shape, (int, np.integer)):
        shape = (shape,)
    if not isinstance(shape, (tuple, list)) or not shape:
        raise TypeError(f"input_shape: got {shape!r}, expected (channels, *sizes) or (features,)")
    return tuple(_validate.count(size, f"input_shape[{j}]") for j, size in enumerate(shape))


class TooLarge(ValueError):
    """A matrix with more entries than were allowed."""


def layer_matrix(layer: Any, shape: Any, most: float) -> tuple[Any, tuple[int, ...]]:
    """The sparse matrix of a linear layer, and the shape of its output."""
    kind = known_kind(layer)
    if kind == "Sequential":
        A: Any = sparse.eye_array(math.prod(shape), format="csr")
        for child in layer:
            B, shape = layer_matrix(child, shape, most)
            A = B @ A
        return A, shape
    if kind == "Residual":
        A, out = layer_matrix(layer.body, shape, most)
        B, other = layer_matrix(layer.shortcut, shape, most)
        check_branches(out, other)
        return A + B, out
    after: Any = RULES[kind](layer, kind, math.inf, shape)[1]
    entries = math.prod(after) * math.prod(shape)
    if entries > most:
        raise TooLarge(
            f"layer: got {kind} with a matrix of {entries:.3g} entries, expected at most "
            f"{most:.3g}; use a smaller input, or force=True"
        )
    return _leaf_matrix(layer, kind, shape), after


def check_branches(first: Any, second: Any) -> None:
    """The branches of a residual block must end in one shape."""
    if first is not None and second is not None and first != second:
        raise ValueError(
            f"residual: got branches that end in shapes {first} and {second}, expected one shape; "
            "give it a shortcut"
        )


def _leaf_matrix(layer: Any, kind: str, shape: tuple[int, ...]) -> Any:
    if kind == "Linear":
        W = double(finite_kernel(layer.weight))
        return sparse.kron(sparse.eye_array(math.prod(shape[:-1])), W, format="csr")
    if kind.startswith("Conv"):
        kernel = double(finite_kernel(layer.weight))
        return sparse_matrix(kernel, conv_geometry(layer, kind, shape))
    if kind.startswith("BatchNorm"):
        gains = np.repeat(batch_norm_gains(layer, kind), math.prod(shape[1:]))
        return sparse.diags_array(gains, format="csr")
    if "AvgPool" in kind:
        averages = [w.averages for w in pool_windows(layer, kind, shape)]
        A: Any = sparse.eye_array(shape[0])
        for axis in averages:
            A = sparse.kron(A, axis, format="csr")
        return A
    return sparse.eye_array(math.prod(shape), format="csr")
