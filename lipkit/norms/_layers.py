"""The norm of one torch layer, and the Lipschitz constant of a block of them."""

from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import LAYER, NETWORK, Bound, compose
from lipkit.norms._branches import add_branches
from lipkit.norms._layer_kinds import BLOCKS, is_linear, known_kind, parts
from lipkit.norms._layer_matrix import TooLarge, check_branches, checked_shape, layer_matrix
from lipkit.norms._layer_rules import (
    ISOMETRY,
    RULES,
    Answer,
    Shape,
    batch_norm_gains,
    exact,
)
from lipkit.norms._matrix import matrix_norm

_MOST_ENTRIES = 1_000_000  # of the matrix of a linear block whose norm is found from it


def operator_norm(layer: Any, p: float, *, input_shape: Sequence[int] | None = None) -> Bound:
    r"""The operator norm :math:`\|A\|_p` of a linear torch layer, pair (p, p); biases do not count.

    Parameters
    ----------
    layer
        Linear, Conv1-3d, ConvTranspose1-3d, BatchNorm in eval mode, AvgPool and AdaptiveAvgPool,
        Flatten, Unflatten, Identity, Dropout in eval mode; or a Sequential or
        :func:`~lipkit.norms.residual` of these.
    p
        1, 2 or ``inf``; any p of at least 1 where there is no convolution, then an upper bound.
    input_shape
        Without the batch, channels first; convolutions and pools need it.

    Returns a :class:`~lipkit.bound.Bound`, exact; for p = 2 and a convolution that of
    :func:`~lipkit.norms.conv_norm`. A block is taken as one matrix where that has at most 10^6
    entries, otherwise it is bounded as by :func:`~lipkit.norms.layer_lipschitz`. Raises
    ``TypeError`` for a layer that is not linear or not known, ``ValueError`` for a shape that does
    not fit and for train mode where it matters. [Derived, digest of layer norms, section 3.]

    >>> from torch import nn
    >>> operator_norm(nn.AvgPool2d(2), 2, input_shape=(3, 8, 8))
    norm of a layer = 0.5  (ℓ2→ℓ2, global, product over axes)
    """
    p = _validate.exponent(p)
    shape = None if input_shape is None else checked_shape(input_shape)
    if not is_linear(layer):
        raise TypeError(
            f"layer: got {type(layer).__name__}, which is not linear, expected a linear layer; "
            "use layer_lipschitz"
        )
    return replace(_linear_block(layer, p, shape)[0], quantity=LAYER)


def layer_lipschitz(layer: Any, p: float, *, input_shape: Sequence[int] | None = None) -> Bound:
    r"""The Lipschitz constant of a torch layer or block, pair (p, p): exact where it is, or upper.

    For a Sequential the product of its layers' constants, where a BatchNorm that follows a
    convolution or a Linear layer is one layer with it; for a :func:`~lipkit.norms.residual` block
    the sum of its branches'. Besides the linear layers of :func:`~lipkit.norms.operator_norm`:

    - activations, by their largest slope: ReLU, ReLU6, LeakyReLU, PReLU, ELU, CELU, SELU, GELU,
      SiLU, Mish, Softplus, Softshrink, Softsign, Tanh, Tanhshrink, Sigmoid, LogSigmoid, Hardtanh,
      Hardsigmoid, Hardswish, Softmax, Softmin;
    - MaxPool and AdaptiveMaxPool: :math:`\mu^{1/p}` if a pixel lies in at most :math:`\mu` windows.

    ``input_shape`` has no batch. Returns a :class:`~lipkit.bound.Bound` in units of output per
    input. Raises ``TypeError`` that names a layer that is not known (a block with a forward of its
    own is not), ``ValueError`` for a shape that does not fit, for BatchNorm or Dropout in train
    mode, and for numbers that leave no constant: a variance of 0, a Softplus whose threshold is
    below torch's 20. [Derived, digest of layer norms, section 3.]

    >>> from torch import nn
    >>> layer_lipschitz(nn.Sequential(nn.GELU(), nn.MaxPool1d(3, 1)), 1, input_shape=(1, 8))
    Lipschitz constant of a network ≤ 3.38672  (ℓ1→ℓ1, global, product)
    """
    p = _validate.exponent(p)
    return constant(layer, p, None if input_shape is None else checked_shape(input_shape))[0]


def constant(layer: Any, p: float, shape: Shape) -> Answer:
    """The constant of a layer or block, and the shape of what comes out."""
    kind = known_kind(layer)
    if kind == "Sequential":
        return _sequential(layer, p, shape)
    if kind == "Residual":
        return _linear_block(layer, p, shape) if is_linear(layer) else _residual(layer, p, shape)
    return RULES[kind](layer, kind, p, shape)


def _linear_block(layer: Any, p: float, shape: Shape) -> Answer:
    """Exact from its layers, or from its matrix if that is not too large."""
    kind = known_kind(layer)
    bound, out = _residual(layer, p, shape) if kind == "Residual" else constant(layer, p, shape)
    if kind not in BLOCKS or bound.kind == "exact":
        return bound, out
    try:
        A = layer_matrix(layer, _first_shape(layer, shape), _MOST_ENTRIES)[0]
    except TooLarge:
        return bound, out
    return replace(matrix_norm(A.toarray(), p), quantity=NETWORK), out


def _first_shape(block: Any, shape: Shape) -> Any:
    """The shape, or what the first layer that has a width says of it."""
    if shape is not None:
        return shape
    for layer in _leaves(block):
        if getattr(layer, "in_features", None) is not None:
            return (layer.in_features,)
    raise ValueError(
        f"input_shape: got None for {known_kind(block)}, expected (channels, *sizes) or "
        "(features,): none of its layers says its width"
    )


def _leaves(block: Any) -> Iterator[Any]:
    for part in parts(block):
        yield from _leaves(part.body) if known_kind(part) == "Residual" else (part,)


def _residual(block: Any, p: float, shape: Shape) -> Answer:
    body, out = constant(block.body, p, shape)
    shortcut, other = constant(block.shortcut, p, shape)
    check_branches(out, other)
    return add_branches(body, shortcut), out


def _sequential(block: Any, p: float, shape: Shape) -> Answer:
    layers, bounds = deque(parts(block)), []
    while layers:
        layer = layers.popleft()
        gains = _gains_of(layers[0], layer, shape) if layers else None
        if gains is None:
            bound, shape = constant(layer, p, shape)
        else:
            kind = known_kind(layer)
            bound, shape = RULES[kind](layer, kind, p, shape, gains)
            layers.popleft()
        bounds.append(bound)
    return _product(bounds, p), shape


def _gains_of(follower: Any, layer: Any, shape: Shape) -> Array | None:
    """The gains of a BatchNorm that follows a convolution or a Linear layer of flat inputs."""
    first, second = known_kind(layer), known_kind(follower)
    flat = first == "Linear" and (shape is None or len(shape) == 1)
    if not second.startswith("BatchNorm") or not (flat or first.startswith("Conv")):
        return None
    return batch_norm_gains(follower, second)


def _product(bounds: list[Bound], p: float) -> Bound:
    """What moves numbers only is left out, so that one layer alone stays exact."""
    bounds = [bound for bound in bounds if bound.method != ISOMETRY]
    if len(bounds) > 1:
        return compose(*bounds)
    return replace(bounds[0] if bounds else exact(1.0, p, ISOMETRY), quantity=NETWORK)
