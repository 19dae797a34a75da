"""Does the gradient tell the truth? A few points are asked again, by other means."""

from dataclasses import dataclass

import torch
from torch import Tensor

from lipkit.attacks._border import Problem
from lipkit.attacks._found import Found
from lipkit.attacks._model import input_gradient, logits_of
from lipkit.attacks._start import Draws

_POINTS = 16
_TRIES = 2  # random points of the ball for each
_SHORT = (0.01, 0.1)  # of eps: steps over which the gradient should foretell the loss
_SATURATED = 0.1  # share of points at which cross-entropy may be lost in rounding
_RANDOM = (
    "the outputs at a point change from call to call; let the model average over its draws, or "
    "stop them"
)


def masking(task: Problem, found: Found, draws: Draws) -> list[str]:
    """Reasons to believe that gradients hide the worst points, or that no answer is fixed.

    Gradients are asked where a point did not fall, the answer itself also where all did.
    """
    left = ~found.hit & ~found.broken
    if task.eps == 0:
        return []
    if not left.any():
        return [_RANDOM] if _draws(task) else []
    reasons = _saturated(task, found, left)
    rows = left.nonzero()[:_POINTS, 0]
    probe, best = task.take(rows), found.loss[rows]
    logits, gradient = input_gradient(probe.model, probe.goal.total, probe.region.x)
    ask = _Asked.of(probe, gradient, draws)
    if _differ(logits, ask.again):
        return [*reasons, _RANDOM]
    wrong, decided = _misled(probe, logits, gradient, ask)
    if decided and wrong > decided / 2:
        reasons.append(
            f"at {wrong} of {decided} points a short step along the gradient does not change the "
            "loss as the gradient says (quantised or non-differentiable layers?)"
        )
    if (beaten := _beaten(probe, best, ask.random)) > len(probe) / 4:
        reasons.append(
            f"at {beaten} of {len(probe)} points one of {_TRIES} random points does better"
        )
    return reasons


@dataclass(frozen=True, eq=False)
class _Asked:
    """The logits, from one call, at the clean points, after short steps, at random points."""

    again: Tensor
    steps: list[Tensor]
    logits: list[Tensor]
    random: Tensor

    @classmethod
    def of(cls, probe: Problem, gradient: Tensor, draws: Draws) -> "_Asked":
        x, n = probe.region.x, len(probe)
        steps = [probe.region.step(x, gradient, share * probe.eps) for share in _SHORT]
        rows = torch.arange(n, device=x.device).repeat(_TRIES)
        random = probe.region.take(rows).surface(draws.corners(x, _TRIES))
        parts = torch.split(logits_of(probe.model, torch.cat([x, *steps, random])), n)
        there = list(parts[1 : 1 + len(steps)])
        return cls(parts[0], steps, there, torch.cat(parts[1 + len(steps) :]))


def _saturated(task: Problem, found: Found, left: Tensor) -> list[str]:
    if task.goal.loss != "ce" or task.goal.target is not None:
        return []
    lost = left & (found.clean_loss < torch.finfo(found.clean_loss.dtype).eps)
    if lost.sum() <= _SATURATED * len(left):
        return []
    return [
        f"the softmax is saturated at {int(lost.sum())} of {len(left)} points, where rounding "
        "distorts the gradient of the cross-entropy; try loss='dlr' or 'margin'"
    ]


def _draws(task: Problem) -> bool:
    """Whether two calls at the same clean points disagree: a point that fell may not fall again."""
    x = task.region.x[:_POINTS]
    return _differ(logits_of(task.model, x), logits_of(task.model, x))


def _differ(a: Tensor, b: Tensor) -> bool:
    """Beyond what another order of summation does."""
    scale = a.abs().amax() + b.abs().amax()
    return bool(((a - b).abs() > 1e3 * torch.finfo(a.dtype).eps * scale).any())


def _misled(probe: Problem, logits: Tensor, gradient: Tensor, ask: _Asked) -> tuple[int, int]:
    """At how many points the gradient misleads, of those where rounding allows to tell."""
    here, x = probe.goal.losses(logits), probe.region.x
    noise = 50 * torch.finfo(x.dtype).eps * logits.abs().amax(dim=1).clamp_min(1)
    right = decided = torch.zeros_like(here, dtype=torch.bool)
    for there, reached in zip(ask.steps, ask.logits, strict=True):
        foretold = (gradient * (there - x)).flatten(1).sum(dim=1)
        change = probe.goal.losses(reached) - here
        told = foretold > noise
        decided = decided | told
        right = right | (told & (change > foretold / 2) & (change < 2 * foretold))
    return int((decided & ~right).sum()), int(decided.sum())


def _beaten(probe: Problem, best: Tensor, random: Tensor) -> int:
    """At how many points a random one has more loss than the attack found, or falls."""
    goal = probe.goal.repeat(_TRIES)
    better = (goal.losses(random) > best.repeat(_TRIES)) | goal.hits(random.argmax(dim=1))
    return int(better.view(_TRIES, -1).any(dim=0).sum())
