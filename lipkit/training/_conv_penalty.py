"""The l1 and the sup norm of a convolution as a penalty that torch can differentiate."""

from collections.abc import Sequence
from typing import Any

import torch
from torch import Tensor

from lipkit.norms import sum_plan


def conv_penalty(
    weight: Tensor,
    p: float,
    *,
    input_size: int | Sequence[int],
    stride: int | Sequence[int] = 1,
    padding: Any = 0,
    dilation: int | Sequence[int] = 1,
    groups: int = 1,
    padding_mode: str = "zeros",
    transposed: bool = False,
    output_padding: int | Sequence[int] = 0,
) -> Tensor:
    r"""The norm :math:`\|A\|_p` of a convolution, p = 1 or inf, as a tensor with a gradient.

    The number is that of :func:`lipkit.norms.conv_norm`, with the same parameters, in the dtype and
    on the device of ``weight``. The gradient g is a subgradient of the norm: signs of the taps on
    the largest row or column, their mean where several are largest, 0 at a weight of 0; so
    :math:`\langle g, K \rangle = \|A\|_p`. Add it to a loss, times a strength.

    ``weight`` has shape ``(out, in / groups, *taps)``, or ``(in, out / groups, *taps)`` if
    transposed, a floating dtype. Raises ``TypeError`` for another weight and ``ValueError`` for
    entries that are not finite, for p = 2, and as ``conv_norm`` does.
    [Derived, digest of layer norms, sections 2.5, 5.1; norm decay is Liang and Huang 2021.]

    >>> weight = torch.arange(-4.0, 5.0).reshape(1, 1, 3, 3).requires_grad_()
    >>> penalty = conv_penalty(weight, 1, input_size=4, stride=2, padding=1)
    >>> penalty.backward()
    >>> penalty.item(), weight.grad.int().tolist()
    (12.0, [[[[-1, 0, -1], [0, 0, 0], [1, 0, 1]]]])
    """
    kind = getattr(weight, "dtype", type(weight).__name__)
    if not isinstance(kind, torch.dtype) or not kind.is_floating_point:
        raise TypeError(f"weight: got {kind}, expected a tensor of a floating dtype")
    plan = sum_plan(
        tuple(weight.shape),
        p,
        input_size=input_size,
        stride=stride,
        padding=padding,
        dilation=dilation,
        groups=groups,
        padding_mode=padding_mode,
        transposed=transposed,
        output_padding=output_padding,
    )
    if not torch.isfinite(weight).all():
        raise ValueError("weight: got NaN or infinite entries, expected finite numbers")
    sums = weight.reshape(plan.kernel_shape)
    for axis in plan.axes:  # each turn takes the first axis of taps and puts its subsets last
        sums = sums.movedim(3, -1)
        if not axis.plain:
            sums = sums @ _like(axis.subsets.T, weight)
    sums = sums.abs().sum(dim=plan.summed)
    for axis in plan.axes:
        sums = sums.movedim(2, -1) @ _like(axis.counts.T, weight)
    return sums.amax()


def _like(array: Any, weight: Tensor) -> Tensor:
    return torch.tensor(array, dtype=weight.dtype, device=weight.device)
