"""What is minimised: cross-entropy for classes, squared error for values."""

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as F

from lipkit.training._samples import Samples


@dataclass(frozen=True)
class Objective:
    """A mean loss of a batch, and which of its points are right, if that can be said."""

    loss: Callable[[Tensor, Tensor], Tensor]
    right: Callable[[Tensor, Tensor], Tensor] | None


def objective(model: nn.Module, train: Samples, held_out: Samples | None) -> Objective:
    """The objective that the labels ask for, once it is clear that the outputs fit them."""
    _check_outputs(model, train, "data")
    if held_out is not None:
        if held_out.classes != train.classes:
            raise ValueError("validation: got integer labels beside floats, expected one kind")
        _check_outputs(model, held_out, "validation")
    if train.classes:
        return Objective(F.cross_entropy, _same_class)
    signs = all(_are_signs(data) for data in (train, held_out) if data is not None)
    return Objective(_squared_error, _same_sign if signs else None)


def _are_signs(data: Samples) -> bool:
    return data.y.ndim == 1 and bool((data.y.abs() == 1).all())


def _check_outputs(model: nn.Module, data: Samples, name: str) -> None:
    model.eval()
    with torch.no_grad():
        shape = tuple(model(data.X[:1]).shape)
    if data.classes:
        low, high = int(data.y.min()), int(data.y.max())
        if len(shape) != 2 or low < 0 or high >= shape[1]:
            raise ValueError(
                f"{name}: got outputs of shape {shape} for a point and integer labels {low} to "
                f"{high}, expected (1, C) and classes 0 to C - 1; float labels mean squared error"
            )
        return
    wanted = (1, *data.y.shape[1:])
    if shape not in (wanted, (*wanted, 1)):
        raise ValueError(
            f"{name}: got outputs of shape {shape} for a point and float labels of shape "
            f"{tuple(data.y.shape)}, expected {wanted}; integer labels mean cross-entropy"
        )


def _same_class(outputs: Tensor, y: Tensor) -> Tensor:
    return outputs.argmax(dim=1) == y


def _same_sign(outputs: Tensor, y: Tensor) -> Tensor:
    return outputs.reshape(y.shape) * y > 0


def _squared_error(outputs: Tensor, y: Tensor) -> Tensor:
    return F.mse_loss(outputs.reshape(y.shape), y)
