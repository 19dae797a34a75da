"""Attacks that fail quietly: what can be noticed, in words."""

import math
from collections.abc import Iterator

import torch
from torch import Tensor

from lipkit.attacks._border import Problem
from lipkit.attacks._found import Found, Settings
from lipkit.attacks._probe import masking
from lipkit.attacks._region import distance
from lipkit.attacks._start import Draws

FLAGS = (
    "training mode",
    "inputs outside the box",
    "eps in the wrong units",
    "budget unused",
    "step too large",
    "loss not increasing",
    "zero gradients",
    "masked gradients",
    "not finite",
)

_FEW = 0.05  # a share of points that may behave oddly without a flag
_TINY = 1e-3  # of the box: a radius that would not move a pixel by one of 255
_NARROW = 0.02  # of the box: inputs that live on another scale
_ZIGZAG = 0.8  # falls over rises of the loss, all steps together


def flags_of(
    task: Problem, found: Found, settings: Settings, draws: Draws, training: bool
) -> tuple[str, ...]:
    """All flags of an attack."""
    flags = [*_of_the_call(task, training), *_of_the_run(task, found, settings)]
    reasons = masking(task, found, draws)
    if reasons:
        flags.append("masked gradients: " + "; ".join(reasons))
    if found.broken.any():
        flags.append(
            f"not finite: NaN or infinite losses or gradients on the way from "
            f"{_of(found.broken)} points, which stopped there"
        )
    return tuple(sorted(flags, key=lambda flag: FLAGS.index(flag.split(":")[0])))


def _of_the_call(task: Problem, training: bool) -> Iterator[str]:
    if training:
        yield (
            "training mode: the model came in training mode and was attacked in eval mode; in "
            "training mode BatchNorm mixes the points and Dropout hides the gradient"
        )
    if task.clipped:
        yield (
            f"inputs outside the box: {task.clipped} of {len(task)} points, by rounding; they were "
            "moved onto its faces before the attack"
        )
    if task.eps > 0 and (odd := _units(task)):
        yield f"eps in the wrong units: {odd}"


def _units(task: Problem) -> str:
    lower, upper = (corner.double() for corner in task.box)
    width = (upper - lower).max().item()
    if not math.isfinite(width):
        return ""
    x, eps = task.region.x, task.eps
    whole = (upper - lower).expand(x.shape[1:]).flatten().norm().item()
    whole = whole if task.region.p == 2 else width
    box = f"the box, {width:g} wide"
    if eps > whole:
        return f"{eps:g} covers {box}, from any point; for images of 0 to 1, divide it by 255"
    if eps < _TINY * width:
        return f"{eps:g} is {eps / width:.2g} of {box}; give eps, bounds and x in one unit"
    spread = (x.max() - x.min()).item()
    if x.numel() > 16 and spread < _NARROW * width:
        return f"x spans {spread:g} of {box}; give eps, bounds and x in one unit"
    return ""


def _of_the_run(task: Problem, found: Found, settings: Settings) -> Iterator[str]:
    left = ~found.hit & ~found.broken
    if task.eps == 0 or not left.any():
        return
    if unused := _unused(task, found, settings, left):
        yield f"budget unused: {unused}"
    if large := _too_large(task, found, settings, left):
        yield f"step too large: {large}"
    flat = left & ~(found.loss > found.clean_loss)
    if flat.sum() > _FEW * left.sum():
        yield (
            f"loss not increasing: at {_of(flat)} points the attack found no loss above the clean "
            "one"
        )
    zero = left & found.zero
    if zero.any():
        yield (
            f"zero gradients: at {_of(zero)} points the gradient of the loss is exactly 0, so the "
            "attack stood still; try loss='margin', which does not saturate"
        )


def _unused(task: Problem, found: Found, settings: Settings, left: Tensor) -> str:
    if settings.step is not None and settings.steps * settings.step < task.eps * (1 - 1e-9):
        return (
            f"{settings.steps} steps of {settings.step:g} reach {settings.steps * settings.step:g} "
            f"of eps {task.eps:g}; raise steps or step_size"
        )
    region = task.region
    corner = torch.where(region.high - region.x > region.x - region.low, region.high, region.low)
    reach = distance(corner, region.x, region.p).clamp_max(task.eps)
    used = distance(found.point, region.x, region.p)
    short = left & (used < 0.5 * reach)
    if short.sum() > 0.5 * left.sum():
        return f"at {_of(short)} points the attack stayed within half of eps {task.eps:g}"
    return ""


def _too_large(task: Problem, found: Found, settings: Settings, left: Tensor) -> str:
    if settings.step is None:
        return ""
    if settings.step > 2 * task.eps and settings.steps > 1:
        return (
            f"{settings.step:g} is more than the ball is wide, {2 * task.eps:g}: every step lands "
            "on its surface; lower step_size"
        )
    change = found.trace[:, left].double().diff(dim=0).nan_to_num(0.0)
    rises, falls = change.clamp_min(0).sum().item(), -change.clamp_max(0).sum().item()
    if settings.steps >= 5 and falls > _ZIGZAG * rises > 0:
        return (
            f"over the steps the loss fell by {falls / rises:.0%} of what it rose; lower step_size"
        )
    return ""


def _of(mask: Tensor) -> str:
    return f"{int(mask.sum())} of {len(mask)}"
