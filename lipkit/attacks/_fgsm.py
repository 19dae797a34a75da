"""One step to where the linearised loss is largest."""

import math
from typing import Any

import torch
from torch import Tensor

from lipkit.attacks._border import Problem, problem
from lipkit.attacks._found import Settings
from lipkit.attacks._model import Model, input_gradient, logits_of
from lipkit.attacks._result import AttackResult
from lipkit.attacks._run import run
from lipkit.attacks._start import Draws
from lipkit.attacks._trail import Trail


def fgsm(
    model: Model,
    x: Any,
    y: Any,
    *,
    eps: float,
    p: float = math.inf,
    bounds: Any = (0.0, 1.0),
    loss: str = "ce",
    targeted: Any = None,
    batch_size: int | None = None,
) -> AttackResult:
    r"""The fast gradient (sign) method: the maximiser of the linearised loss over ball and box.

    .. math:: x' = \operatorname*{arg\,max}_{x'}\ \langle \nabla_x L(x), x' - x\rangle; \qquad
        p = \infty:\ x' = x + \varepsilon \operatorname{sign} \nabla_x L(x)\ \text{cut by the box}

    For p = 2 it is :math:`x + \varepsilon\, g/\|g\|_2` where the box allows; where it does not, the
    coordinates that hit the box stay there and the others take up what is left of
    :math:`\varepsilon`. On a linear model with two classes it is the exact worst case: the margin
    falls by :math:`\varepsilon \|w_y - w_j\|_*`, the dual norm, or less in a box. Elsewhere it
    is a lower answer of the largest loss, and a weak one.

    Parameters, errors and the model's treatment are those of :func:`~lipkit.attacks.pgd`. The end
    of the step is returned even where it lowers the loss; coordinates whose gradient is 0 or not
    finite stay. Nothing is drawn.
    [Goodfellow, Shlens, Szegedy 2015.]

    >>> from lipkit.attacks import fgsm
    >>> from lipkit.networks import ReluNetwork
    >>> model = ReluNetwork([[[3.0, 4.0], [0.0, 0.0]]], [[-3.0, 0.0]])
    >>> fgsm(model, [[0.5, 0.5]], [0], eps=0.1, p=2).adversarial.round(decimals=6)
    tensor([[0.4400, 0.4200]], dtype=torch.float64)
    """
    task = problem(model, x, y, eps=eps, p=p, bounds=bounds, loss=loss, targeted=targeted)
    return run(_step, task, Settings(1, batch_size=batch_size), Draws(0, 1))


def _step(task: Problem, trail: Trail, draws: Draws, restart: int) -> None:
    x: Tensor = task.region.x
    logits, gradient = input_gradient(task.model, task.goal.total, x)
    trail.record(x, logits)
    trail.note(gradient)
    x = task.region.furthest(torch.where(torch.isfinite(gradient), gradient, 0.0))
    reached = logits_of(task.model, x)
    trail.record(x, reached)
    trail.fold()
    trail.settle(x, reached)
