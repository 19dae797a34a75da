"""Auto-PGD towards one class after the other."""

import math
from dataclasses import replace
from functools import partial
from typing import Any

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.attacks._apgd import ascend
from lipkit.attacks._border import Problem, problem
from lipkit.attacks._found import Settings
from lipkit.attacks._losses import needs
from lipkit.attacks._model import Model, attacked, logits_of
from lipkit.attacks._result import AttackResult
from lipkit.attacks._run import run
from lipkit.attacks._start import Draws
from lipkit.attacks._trail import Trail


def apgd_targeted(
    model: Model,
    x: Any,
    y: Any,
    *,
    eps: float,
    p: float = math.inf,
    steps: int = 100,
    targets: int = 9,
    bounds: Any = (0.0, 1.0),
    loss: str = "dlr",
    rng: Seed = 0,
    early_stop: bool = True,
    batch_size: int | None = None,
) -> AttackResult:
    r"""Auto-PGD towards each of the classes that the model finds likeliest after y, in turn.

    One run of :func:`apgd` on the targeted loss for each of the ``targets`` best other classes, or
    for all if there are fewer; a point has fallen when its class is no longer y, whichever class it
    has become. ``loss`` and ``loss_trace`` of the result are those of the untargeted loss.

    Parameters, errors and the model's treatment are those of :func:`~lipkit.attacks.pgd`; the
    targeted ``"dlr"`` needs four classes. [Croce and Hein 2020.]

    >>> import numpy as np
    >>> from lipkit.attacks import apgd_targeted
    >>> from lipkit.networks import ReluNetwork
    >>> model = ReluNetwork([np.eye(3)], [np.zeros(3)])
    >>> apgd_targeted(model, [[0.6, 0.4, 0.3]], [0], eps=0.11, loss="margin").prediction
    tensor([1])
    """
    task = problem(model, x, y, eps=eps, p=p, bounds=bounds, loss=loss, targeted=None)
    steps, ranks = _validate.count(steps, "steps"), _validate.count(targets, "targets")
    if len(task):
        ranks = min(ranks, _others(task))
    settings = Settings(steps, ranks, bool(early_stop), batch_size)
    return run(partial(_aimed, steps=steps), task, settings, Draws(rng, ranks))


def _others(task: Problem) -> int:
    """How many other classes there are; they must be enough for the loss."""
    with attacked(task.model, task.region.x.device, seed=0):
        logits: Any = logits_of(task.model, task.region.x[:1])
    if getattr(logits, "ndim", 0) != 2 or logits.shape[1] < 2:
        return 1  # no logits: the attack will say so
    classes, least = int(logits.shape[1]), needs(task.goal.loss, targeted=True)
    if classes < least:
        raise ValueError(
            f"loss: got the targeted {task.goal.loss!r} loss and {classes} classes, expected at "
            f"least {least}; use loss='margin' or 'ce'"
        )
    return classes - 1


def _aimed(task: Problem, trail: Trail, draws: Draws, restart: int, *, steps: int) -> None:
    logits = logits_of(task.model, task.region.x)
    others = logits.scatter(1, task.goal.y[:, None], -math.inf)
    target = others.argsort(dim=1, descending=True)[:, restart]
    aimed = replace(task, goal=replace(task.goal, target=target))
    ascend(aimed, trail, draws, restart, steps=steps, aimed=True)
