"""The border of the attacks: one checked problem, with tensors that fit the model."""

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lipkit import _validate
from lipkit.attacks._losses import LOSSES, Goal, needs
from lipkit.attacks._model import as_callable, like, logits_of
from lipkit.attacks._region import Region

_ROUNDING = 1e-5  # an input this far outside, as a share of the box, is one rounded on its way


@dataclass(frozen=True, eq=False)
class Problem:
    """What all attacks start from: the model, the region, the goal; ``box`` as it was given."""

    model: Callable[[Tensor], Tensor]
    region: Region
    goal: Goal
    eps: float
    box: tuple[Tensor, Tensor]
    clipped: int

    def __len__(self) -> int:
        return len(self.goal.y)

    def take(self, rows: Any) -> "Problem":
        """The same for some of the points."""
        return Problem(
            self.model,
            self.region.take(rows),
            self.goal.take(rows),
            self.eps,
            self.box,
            self.clipped,
        )


@torch.inference_mode(False)
def problem(
    model: Any, x: Any, y: Any, *, eps: Any, p: Any, bounds: Any, loss: str, targeted: Any
) -> Problem:
    """Everything checked but the logits, which the attack checks where it first sees them."""
    called = as_callable(model)
    inputs = _inputs(x, called)
    labels = _labels(y, "y", inputs)
    target = None if targeted is None else _labels(targeted, "targeted", inputs)
    if target is not None and (target == labels).any():
        raise ValueError(
            f"targeted: got the true class as the target of {int((target == labels).sum())} "
            "points, expected another class for each"
        )
    size, p = radius(eps), _validate.ball(p)
    box = _box(bounds, inputs)
    inputs, clipped = _in_box(inputs, box)
    goal = Goal(_validate.one_of(loss, "loss", LOSSES), labels, target, target is not None)
    return Problem(called, Region.of(inputs, size, p, *box), goal, size, box, clipped)


def checked_logits(task: Problem) -> Tensor:
    """The logits at the clean points, once it is clear that labels and loss fit them."""
    logits: Any = logits_of(task.model, task.region.x)
    if not isinstance(logits, Tensor) or logits.ndim != 2 or len(logits) != len(task):
        got = tuple(logits.shape) if isinstance(logits, Tensor) else type(logits).__name__
        raise ValueError(f"model: got outputs {got} for {len(task)} points, expected (n, K) logits")
    classes = logits.shape[1]
    if classes < 2:
        raise ValueError(
            f"model: got {classes} logit a point, expected at least 2; for a single score s, let "
            "the model return the columns 0 and s"
        )
    if not torch.isfinite(logits).all():
        raise ValueError("model: got NaN or infinite logits at the clean points, expected finite")
    _in_range(task.goal.y, "y", classes)
    if task.goal.target is not None:
        _in_range(task.goal.target, "targeted", classes)
    least = needs(task.goal.loss, task.goal.target is not None)
    if classes < least:
        kind = "targeted " if task.goal.target is not None else ""
        raise ValueError(
            f"loss: got the {kind}{task.goal.loss!r} loss and {classes} classes, expected at least "
            f"{least}; use loss='margin' or 'ce'"
        )
    return logits


def radius(eps: Any) -> float:
    """A radius of at least 0."""
    return _validate.nonnegative(eps, "eps", "radius")


def step_length(step_size: Any, default: float) -> float:
    """A positive step, or the default."""
    return default if step_size is None else _validate.positive(step_size, "step_size")


def _inputs(x: Any, model: Any) -> Tensor:
    tensor = x.detach() if isinstance(x, Tensor) else _from_array(x)
    if not tensor.is_floating_point():
        raise TypeError(
            f"x: got dtype {tensor.dtype}, expected floats; divide images of 0 to 255 by 255, and "
            "give eps in the same units"
        )
    example = like(model)
    if example is not None:
        tensor = tensor.to(example.device, example.dtype)
    elif not isinstance(x, Tensor):
        tensor = tensor.to(torch.get_default_dtype())
    if tensor.dtype not in (torch.float32, torch.float64):
        raise TypeError(
            f"x: got dtype {tensor.dtype}, expected float32 or float64; an attack in half "
            "precision loses its small steps: cast x and the model with .float()"
        )
    if tensor.ndim < 2:
        raise ValueError(
            f"x: got shape {tuple(tensor.shape)}, expected (n, ...): a batch, one row a point"
        )
    if not torch.isfinite(tensor).all():
        raise ValueError("x: got NaN or infinite entries, expected finite numbers; clean it")
    return tensor.clone()


def _from_array(x: Any) -> Tensor:
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"x: got dtype {array.dtype}, expected a tensor or an array of floats")
    return torch.from_numpy(array.copy())


def _labels(y: Any, name: str, inputs: Tensor) -> Tensor:
    array = y.detach().cpu().numpy() if isinstance(y, Tensor) else np.asarray(y)
    if array.size and array.dtype.kind not in "iu":
        raise TypeError(f"{name}: got dtype {array.dtype}, expected integer classes 0 to K - 1")
    if array.shape != (len(inputs),):
        raise ValueError(
            f"{name}: got shape {array.shape}, expected ({len(inputs)},): one class a point"
        )
    return torch.from_numpy(array.astype(np.int64)).to(inputs.device)


def _in_range(labels: Tensor, name: str, classes: int) -> None:
    low, high = int(labels.min()), int(labels.max())
    if low < 0 or high >= classes:
        raise ValueError(
            f"{name}: got classes {low} to {high}, expected 0 to {classes - 1}, the model's outputs"
        )


def _box(bounds: Any, inputs: Tensor) -> tuple[Tensor, Tensor]:
    if bounds is None:
        bounds = (-math.inf, math.inf)
    sides = _validate.pair(bounds, "bounds", " of numbers or arrays, or None")
    lower, upper = (_corner(side, inputs) for side in sides)
    lower, upper = _inward(lower, inputs, 1), _inward(upper, inputs, -1)
    if not (lower < upper).all():
        raise ValueError(f"bounds: got {bounds!r}, expected lower < upper")
    return lower, upper


def _corner(side: Any, inputs: Tensor) -> Tensor:
    try:
        corner = torch.as_tensor(side, device=inputs.device).double()
        corner.expand(inputs.shape[1:])
    except (TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"bounds: got {side!r}, expected a number or an array for inputs of shape "
            f"{tuple(inputs.shape[1:])}"
        ) from error
    if corner.isnan().any():
        raise ValueError(f"bounds: got {side!r}, expected numbers, not NaN")
    return corner


def _inward(corner: Tensor, inputs: Tensor, sign: int) -> Tensor:
    """The corner in the dtype of the inputs, rounded into the box."""
    near = corner.to(inputs.dtype)
    outside = (near.double() - corner) * sign < 0
    return torch.where(outside, torch.nextafter(near, torch.full_like(near, sign * math.inf)), near)


def _in_box(inputs: Tensor, box: tuple[Tensor, Tensor]) -> tuple[Tensor, int]:
    """The inputs in the box, and how many of them were out of it by rounding."""
    lower, upper = box
    excess = torch.maximum(lower - inputs, inputs - upper)
    outside = excess > 0
    if not outside.any():
        return inputs, 0
    width = torch.where(torch.isfinite(upper - lower), upper - lower, 1.0)
    if (excess > _ROUNDING * width).any():
        raise ValueError(
            f"x: got values from {inputs.min():g} to {inputs.max():g}, outside the box by up to "
            f"{excess.max():g}; pass bounds=(lower, upper) in the units of x, or bounds=None"
        )
    return inputs.clamp(lower, upper), int(outside.flatten(1).any(dim=1).sum())
