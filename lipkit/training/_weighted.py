"""The layers of a model whose weights have an l1 and a sup norm, with what each of them reads."""

import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lipkit.norms import SumPlan, layer_norms, sum_plan
from lipkit.training._conv_penalty import conv_penalty

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
TRANSPOSED = (nn.ConvTranspose1d, nn.ConvTranspose2d, nn.ConvTranspose3d)


@dataclass(frozen=True)
class WeightedLayer:
    """A Linear layer, or a convolution on an image of ``input_size`` pixels."""

    name: str
    layer: Any
    input_size: tuple[int, ...]

    @property
    def weight(self) -> Tensor:
        """What is trained."""
        weight: Tensor = self.layer.weight
        return weight

    @property
    def settings(self) -> dict[str, Any]:
        """What a convolution's norm depends on besides its weight."""
        names = ("stride", "padding", "dilation", "groups", "padding_mode")
        found = {name: getattr(self.layer, name) for name in names}
        if isinstance(self.layer, TRANSPOSED):
            found |= {"transposed": True, "output_padding": self.layer.output_padding}
        return {"input_size": self.input_size, **found}

    def norm(self, p: float) -> Tensor:
        """The norm for p = 1 or inf, with a graph."""
        if isinstance(self.layer, nn.Linear):
            return self.weight.abs().sum(dim=0 if p == 1 else 1).amax()
        return conv_penalty(self.weight, p, **self.settings)

    def subgradient(self, p: float) -> Tensor:
        """Signs on the largest row or column, their mean where several are largest."""
        with torch.enable_grad():
            found: Tensor = torch.autograd.grad(self.norm(p), self.weight)[0]
        return found

    def plan(self, p: float) -> SumPlan | None:
        """Which weights a row or a column of the convolution's matrix meets; None if Linear."""
        if isinstance(self.layer, nn.Linear):
            return None
        return sum_plan(tuple(self.weight.shape), p, **self.settings)


def weighted_layers(model: nn.Module, input_shape: Sequence[int]) -> list[WeightedLayer]:
    """The layers that a norm can be asked of, in the order of a forward pass, trained ones only."""
    modules = {name or type(model).__name__: layer for name, layer in model.named_modules()}
    found = {}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # only shapes are read: untrained statistics do no harm
        records = layer_norms(model, input_shape, 1, strict=False)
    for record in records:
        layer = modules[record.name]
        sizes = record.input_shape[1:]
        if isinstance(layer, (nn.Linear, *CONVOLUTIONS, *TRANSPOSED)):
            size = () if isinstance(layer, nn.Linear) else sizes
            if layer.weight.requires_grad:
                found[record.name, size] = WeightedLayer(record.name, layer, size)
    if not found:
        raise ValueError(
            f"model: got {type(model).__name__} without a trained Linear layer or convolution, "
            "expected at least one"
        )
    return list(found.values())


class LayersOf:
    """The weighted layers of the model that was asked for last."""

    def __init__(self, input_shape: Sequence[int]) -> None:
        self.input_shape = tuple(input_shape)
        self._model: nn.Module | None = None
        self._layers: list[WeightedLayer] = []

    def __call__(self, model: nn.Module) -> list[WeightedLayer]:
        """Found by one forward pass, and kept."""
        if model is not self._model:
            self._layers, self._model = weighted_layers(model, self.input_shape), model
        return self._layers
