"""Gradient ascent that halves its own steps and goes back to the best point."""

import math
from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import torch
from torch import Tensor

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.attacks._border import Problem, problem
from lipkit.attacks._found import Settings
from lipkit.attacks._model import Model, input_gradient, logits_of
from lipkit.attacks._result import AttackResult
from lipkit.attacks._run import run
from lipkit.attacks._start import Draws
from lipkit.attacks._trail import Block, Trail

_KEPT = 0.75  # of the way to the next point; the rest is momentum
_ENOUGH = 0.75  # share of steps that must raise the loss, or the step is halved


def apgd(
    model: Model,
    x: Any,
    y: Any,
    *,
    eps: float,
    p: float = math.inf,
    steps: int = 100,
    restarts: int = 1,
    bounds: Any = (0.0, 1.0),
    loss: str = "ce",
    targeted: Any = None,
    rng: Seed = 0,
    early_stop: bool = False,
    batch_size: int | None = None,
) -> AttackResult:
    r"""Auto-PGD: projected gradient ascent with momentum that chooses its own steps.

    .. math:: z = \Pi(x_k + \eta\, s(g_k)), \qquad
        x_{k+1} = \Pi\bigl(x_k + \tfrac34 (z - x_k) + \tfrac14 (x_k - x_{k-1})\bigr)

    It starts on the surface of the ball with :math:`\eta = 2\varepsilon`. At checkpoints (after 22
    % of the steps, then at gaps that shrink from 19 to 6 %) a point halves its :math:`\eta` and
    goes back to its best place, if no more than 75 % of the steps since the last checkpoint raised
    the loss, or if neither :math:`\eta` nor the best loss changed there. A lower answer of the
    largest loss.

    Parameters, errors and the model's treatment are those of :func:`~lipkit.attacks.pgd`.
    [Croce and Hein 2020.]

    >>> from lipkit.attacks import apgd
    >>> from lipkit.networks import ReluNetwork
    >>> model = ReluNetwork([[[2.0, 1.0], [0.0, 0.0]]], [[-1.0, 0.0]])
    >>> result = apgd(model, [[0.5, 0.5]], [0], eps=0.2, loss="margin")
    >>> result.adversarial, round(result.loss.item(), 6)
    (tensor([[0.3000, 0.3000]], dtype=torch.float64), 0.1)
    """
    task = problem(model, x, y, eps=eps, p=p, bounds=bounds, loss=loss, targeted=targeted)
    settings = Settings(
        _validate.count(steps, "steps"),
        _validate.count(restarts, "restarts"),
        bool(early_stop),
        batch_size,
    )
    ascent = partial(ascend, steps=settings.steps)
    return run(ascent, task, settings, Draws(rng, settings.restarts))


def ascend(
    task: Problem, trail: Trail, draws: Draws, restart: int, *, steps: int, aimed: bool = False
) -> None:
    """One run from one start over all its points.

    If ``aimed``, the goal of the task is another than that of the trail, which says what is best.
    """
    x = before = _start(task, draws, restart)
    logits, gradient = input_gradient(task.model, task.goal.total, x)
    trail.record(x, logits)
    trail.note(gradient)
    climb, gradients, checks = _Climb.of(task, x, gradient), [gradient], checkpoints(steps)
    for step in range(1, steps + 1):
        x, before = _next(task, x, before, gradient, climb.size, first=step == 1), x
        if step < steps:
            logits, gradient = input_gradient(task.model, task.goal.total, x)
        else:
            logits = logits_of(task.model, x)
        trail.record(x, logits)
        gradients.append(gradient)
        if not (step in checks or trail.due or step == steps):
            continue
        block = trail.fold()
        losses = _losses(task, block) if aimed else block.losses
        climb.look(block.points, torch.stack(gradients), losses)
        gradients = []
        if block.going is not None:
            rows = block.going
            task, climb = task.take(rows), climb.take(rows)
            x, before, gradient = x[rows], before[rows], gradient[rows]
            if not len(x):
                return
        if step in checks:
            x, gradient = climb.check(x, gradient, checks[step])


def checkpoints(steps: int) -> dict[int, int]:
    """The steps after which the step length is judged, and how many went before each."""
    gap, least, shrink = (max(int(share * steps), 1) for share in (0.22, 0.06, 0.03))
    gaps: dict[int, int] = {}
    at = gap
    while at <= steps:
        gaps[at] = gap
        gap = max(gap - shrink, least)
        at += gap
    return gaps


def _start(task: Problem, draws: Draws, restart: int) -> Tensor:
    x = task.region.x
    draw = draws.gaussian if task.region.p == 2 else draws.uniform
    return task.region.surface(draw(restart, x))


def _next(
    task: Problem, x: Tensor, before: Tensor, gradient: Tensor, size: Tensor, first: bool
) -> Tensor:
    z = task.region.step(x, gradient, size)
    if first:
        return z
    return task.region.project(x.lerp(z, _KEPT).add_(x - before, alpha=1 - _KEPT))


def _losses(task: Problem, block: Block) -> Tensor:
    flat = block.logits.flatten(0, 1)
    return task.goal.repeat(len(block.logits)).losses(flat).view(block.losses.shape)


@dataclass
class _Climb:
    """Of each point: its step, its best place so far, and what the next checkpoint compares."""

    size: Tensor  # (n, 1, ...)
    point: Tensor
    gradient: Tensor
    loss: Tensor
    last: Tensor  # the loss at the newest place
    rises: Tensor  # steps since the checkpoint that raised the loss
    loss_then: Tensor  # the best loss at the checkpoint before
    halved: Tensor  # whether it halved the step

    @classmethod
    def of(cls, task: Problem, x: Tensor, gradient: Tensor) -> "_Climb":
        n = len(x)
        lowest = x.new_full((n,), -math.inf)
        return cls(
            size=x.new_full((n, *[1] * (x.ndim - 1)), 2 * task.eps),
            point=x.clone(),
            gradient=gradient.clone(),
            loss=lowest,
            last=-lowest,  # the first place is no rise
            rises=torch.zeros(n, dtype=torch.int64, device=x.device),
            loss_then=lowest,
            halved=torch.ones(n, dtype=torch.bool, device=x.device),
        )

    def take(self, rows: Tensor) -> "_Climb":
        return replace(self, **{name: tensor[rows] for name, tensor in vars(self).items()})

    def look(self, points: Tensor, gradients: Tensor, losses: Tensor) -> None:
        """Count the rises of a block, and keep its best place."""
        earlier = torch.cat([self.last[None], losses[:-1]])
        self.rises = self.rises + (losses > earlier).sum(dim=0)
        self.last = losses[-1]
        top, index = losses.where(losses.isfinite(), -math.inf).max(dim=0)
        better = top > self.loss
        index, rows = index[better], better.nonzero()[:, 0]
        self.point[rows] = points[index, rows]
        self.gradient[rows] = gradients[index, rows]
        self.loss = torch.maximum(top, self.loss)

    def check(self, x: Tensor, gradient: Tensor, gap: int) -> tuple[Tensor, Tensor]:
        """Where the steps did not help, halve them and go back to the best place."""
        stuck = (self.loss <= self.loss_then) & ~self.halved
        halve = (self.rises <= _ENOUGH * gap) | stuck
        self.halved, self.loss_then = halve, self.loss
        self.rises = torch.zeros_like(self.rises)
        column = halve.view(self.size.shape)
        self.size = torch.where(column, self.size / 2, self.size)
        return torch.where(column, self.point, x), torch.where(column, self.gradient, gradient)
