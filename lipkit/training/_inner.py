"""The inner attack: the points that a batch is trained on."""

import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn

from lipkit import _validate
from lipkit._torch_state import evaluated
from lipkit.attacks import pgd_batch
from lipkit.training._losses import divergence
from lipkit.training._samples import Samples

_ROUNDING = 1e-6  # of the box: what storing a pixel in single precision may move it


@dataclass(frozen=True)
class Attack:
    """The checked arguments of the attack; ``start`` is "uniform", or the deviation of a normal."""

    eps: float
    p: float
    steps: int
    step_size: float | None
    bounds: tuple[float, float] | None
    start: str | float

    def on_classes(
        self, model: nn.Module, x: Tensor, y: Tensor, generator: torch.Generator
    ) -> Tensor:
        """Points near x of a larger cross-entropy."""
        return self._run(model, x, y, "ce", generator)

    def on_outputs(self, model: nn.Module, x: Tensor, generator: torch.Generator) -> Tensor:
        """Points near x whose class probabilities are far from those of x."""
        with evaluated(model), torch.no_grad():
            clean = model(x)

        def total(attacked: Tensor) -> Tensor:
            return divergence(clean, attacked, reduction="sum")

        return self._run(model, x, None, total, generator)

    def _run(
        self, model: nn.Module, x: Tensor, y: Tensor | None, loss: Any, generator: torch.Generator
    ) -> Tensor:
        uniform = self.start == "uniform"
        return pgd_batch(
            model,
            x,
            y,
            eps=self.eps,
            p=self.p,
            steps=self.steps,
            step_size=self.step_size,
            bounds=self.bounds,
            loss=loss,
            generator=generator if uniform else None,
            start=None if uniform else x + float(self.start) * _normal_like(x, generator),
        )

    def check(self, data: Samples, name: str) -> None:
        """Raise unless the data are classes, and points of the box."""
        if not data.classes:
            raise ValueError(
                f"{name}: got float labels beside an attack, expected integer classes; an attack "
                "raises the cross-entropy"
            )
        low, high = self.bounds or (-math.inf, math.inf)
        slack = _ROUNDING * max(abs(low), abs(high)) if self.bounds else 0.0
        least, most = data.X.min().item(), data.X.max().item()
        if least < low - slack or most > high + slack:
            raise ValueError(
                f"{name}: got values from {least:g} to {most:g}, expected them inside bounds = "
                f"({low:g}, {high:g}); divide images of 0 to 255 by 255, or pass bounds=None"
            )


def inner_attack(
    method: str,
    *,
    eps: float | None,
    p: float,
    steps: int,
    step_size: float | None,
    bounds: Any,
    start: Any,
) -> Attack | None:
    """The attack that the arguments describe, or None where none was asked for."""
    steps, p = _validate.count(steps, "attack_steps"), _validate.ball(p)
    if eps is None:
        if method == "standard":
            return None
        raise ValueError(
            f"eps: got None with method={method!r}, expected the radius of the attack in the units "
            "of the points, such as 8 / 255 for images in [0, 1]"
        )
    box = _box(bounds)
    size = None if step_size is None else _validate.positive(step_size, "attack_step_size")
    return Attack(_radius(eps, p, box), p, steps, size, box, _start(start))


def _radius(eps: float, p: float, box: tuple[float, float] | None) -> float:
    radius = _validate.nonnegative(eps, "eps", "radius")
    if box and p == math.inf and radius >= box[1] - box[0]:
        raise ValueError(
            f"eps: got {eps!r} in a box of width {box[1] - box[0]:g}, where every point can be "
            f"turned into every other, expected less; {eps:g} of 255 grey values is {eps:g} / 255"
        )
    return radius


def _box(bounds: Any) -> tuple[float, float] | None:
    if bounds is None:
        return None
    sides = _validate.pair(bounds, "bounds", ", or None")
    low, high = (float(_validate.real_array(side, "bounds", 0).item()) for side in sides)
    if not low < high:
        raise ValueError(f"bounds: got {bounds!r}, expected lower < upper")
    return low, high


def _start(start: Any) -> str | float:
    if isinstance(start, str):
        return _validate.one_of(start, "attack_start", ("uniform",))
    return _validate.positive(start, "attack_start")


def _normal_like(x: Tensor, generator: torch.Generator) -> Tensor:
    return torch.randn(x.shape, generator=generator, device=x.device, dtype=x.dtype)
