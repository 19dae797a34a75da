"""Projections onto layers of bounded l1 or sup norm: the nearest one, or the same one rescaled."""

import itertools
from collections.abc import Sequence
from functools import reduce

import numpy as np
import torch
from torch import Tensor, nn

from lipkit import _validate
from lipkit.norms import SumPlan
from lipkit.training._norm_decay import one_or_inf
from lipkit.training._penalty import Penalty
from lipkit.training._weighted import LayersOf, WeightedLayer

METHODS = ("euclidean", "radial")


class NormProjection(Penalty):
    r"""A hard constraint for p = 1 or inf: each layer has :math:`\|A\|_p \le \lambda` after a step.

    ``bound`` is :math:`\lambda`. ``method="euclidean"`` takes the nearest weights (least sum of
    squared differences). They have a closed form where the rows (p = inf) or columns (p = 1) of the
    layer share no weight; where they share some the layer is refused: at images so small that every
    output sees padding, and with padding that copies pixels. ``"radial"`` multiplies the whole
    layer by ``bound``/norm where that is below 1: always possible, farther away, and it keeps all
    ratios.

    ``input_shape`` is that of the model, without the batch; ``every`` projects after that many
    steps only. Biases and BatchNorm are left alone, so the network's constant may be larger than
    the product of bounds by the gains of BatchNorm. The constraint holds up to rounding. Raises
    ``ValueError`` for a bound that is not positive, another p or method, and a layer whose nearest
    point is coupled. [Derived, digest of layer norms, section 5.2.]

    >>> projection = NormProjection(2.0, 1, input_shape=(1, 8, 8), method="radial")
    >>> projection
    NormProjection(bound=2, p=1, input_shape=(1, 8, 8), method='radial', every=1)
    >>> layer = torch.nn.Conv2d(1, 2, 3, padding=1)
    >>> projection.after_step(layer, 0)
    >>> from lipkit.norms import operator_norm
    >>> float(operator_norm(layer, 1, input_shape=(1, 8, 8))) <= 2.0 + 1e-6
    True
    """

    def __init__(
        self,
        bound: float,
        p: float,
        *,
        input_shape: Sequence[int],
        method: str = "euclidean",
        every: int = 1,
    ) -> None:
        self.bound = _validate.positive(bound, "bound")
        self.p = one_or_inf(p)
        self.method = _validate.one_of(method, "method", METHODS)
        self.every = _validate.count(every, "every")
        self.layers = LayersOf(input_shape)

    @torch.no_grad()
    def after_step(self, model: nn.Module, step: int) -> None:
        """Project, if it is time."""
        if (step + 1) % self.every:
            return
        for layer in self.layers(model):
            if self.method == "euclidean":
                layer.weight.copy_(nearest(layer, self.bound, self.p))
            else:
                norm = layer.norm(self.p).item()
                layer.weight.mul_(min(1.0, self.bound / norm) if norm else 1.0)

    def __repr__(self) -> str:
        return (
            f"NormProjection(bound={self.bound:g}, p={self.p:g}, "
            f"input_shape={self.layers.input_shape}, method={self.method!r}, every={self.every})"
        )


def project_l1_ball(v: Tensor, radius: float) -> Tensor:
    r"""The nearest point :math:`\arg\min_u \|u - v\|_2` with :math:`\|u\|_1 \le` ``radius``.

    ``v`` has shape ``(..., n)``, floats; every row is projected by itself, by sorting. Exact up to
    rounding. Raises ``ValueError`` for a radius that is not positive. [Duchi et al. 2008.]

    >>> project_l1_ball(torch.tensor([3.0, -1.0, 0.5]), 2.0)
    tensor([2., -0., 0.])
    """
    radius = _validate.positive(radius, "radius")
    sizes = v.abs()
    largest = sizes.sort(dim=-1, descending=True).values
    counts = torch.arange(1, v.shape[-1] + 1, dtype=v.dtype, device=v.device)
    cuts = (largest.cumsum(dim=-1) - radius) / counts
    kept = (largest > cuts).sum(dim=-1, keepdim=True).clamp(min=1)
    cut = cuts.gather(-1, kept - 1).clamp(min=0)
    return v.sign() * (sizes - cut).clamp(min=0)


def nearest(layer: WeightedLayer, bound: float, p: float) -> Tensor:
    """The nearest weights of a layer with this norm; ``ValueError`` where they are coupled."""
    plan, weight = layer.plan(p), layer.weight
    if plan is None:
        return project_l1_ball(weight.T, bound).T if p == 1 else project_l1_ball(weight, bound)
    K = weight.reshape(*plan.kernel_shape[:3], -1).clone()
    for met in _apart(plan, layer.name):
        part = K[..., met].movedim(plan.summed, -2)  # what one row or column sums over comes last
        flat = project_l1_ball(part.flatten(-2), bound)
        K[..., met] = flat.reshape(part.shape).movedim(-2, plan.summed)
    return K.reshape(weight.shape)


def _apart(plan: SumPlan, name: str) -> list[Tensor]:
    """Which taps one row or column sums over, a mask for each kind; no tap is in two of them."""
    for axis in plan.axes:
        if not axis.plain or (axis.counts.sum(axis=0) > 1).any():
            raise ValueError(
                f"{name}: got rows or columns that share weights, expected none that do, so that "
                "the nearest layer is known; use method='radial'"
            )
    kinds = itertools.product(*(axis.counts > 0 for axis in plan.axes))
    return [torch.from_numpy(reduce(np.multiply.outer, kind).ravel()) for kind in kinds]
