"""What all attacks do around their steps: batches, restarts, the model as it was, the result."""

from collections.abc import Callable
from typing import TypeAlias

from lipkit import _validate
from lipkit.attacks._border import Problem, checked_logits
from lipkit.attacks._flags import flags_of
from lipkit.attacks._found import Found, Settings
from lipkit.attacks._model import attacked, in_training, logits_of
from lipkit.attacks._region import distance
from lipkit.attacks._result import AttackResult
from lipkit.attacks._start import Draws
from lipkit.attacks._trail import Trail

Ascent: TypeAlias = Callable[[Problem, Trail, Draws, int], None]


def run(ascent: Ascent, task: Problem, settings: Settings, draws: Draws) -> AttackResult:
    """The attack on all points, and its flags."""
    size = len(task) if settings.batch_size is None else settings.batch_size
    size = _validate.count(size, "batch_size") if settings.batch_size is not None else max(size, 1)
    training = in_training(task.model)
    with attacked(task.model, task.region.x.device, draws.seed):
        batches = [slice(i, i + size) for i in range(0, max(len(task), 1), size)]
        parts = [_batch(ascent, task.take(rows), settings, draws) for rows in batches]
        found = Found.join(parts)
        flags = flags_of(task, found, settings, draws, training) if len(task) else ()
    return AttackResult(
        adversarial=found.point,
        success=found.hit,
        loss=found.loss,
        loss_trace=found.trace,
        radius=distance(found.point, task.region.x, task.region.p),
        prediction=found.prediction,
        clean_prediction=found.clean_prediction,
        steps=settings.steps * settings.restarts,
        flags=flags,
    )


def _batch(ascent: Ascent, task: Problem, settings: Settings, draws: Draws) -> Found:
    if not len(task):
        return _nothing(task, settings)
    clean = checked_logits(task)
    trail = Trail(task, clean, settings.steps, settings.early_stop)
    for restart in range(settings.restarts):
        left = trail.restart()
        if len(left):
            ascent(left, trail, draws, restart)
        trail.finish()
    clean_loss, clean_prediction = task.goal.losses(clean), clean.argmax(dim=1)
    loss, prediction, hit = trail.loss, trail.prediction, trail.hit
    if settings.early_stop:  # the batch shrank on the way, which changes the last bits of logits
        logits = logits_of(task.model, trail.point)
        loss, prediction = task.goal.losses(logits), logits.argmax(dim=1)
        hit = task.goal.hits(prediction)
    return Found(
        trail.point,
        hit,
        loss,
        trail.trace,
        prediction,
        clean_prediction,
        clean_loss,
        trail.zero,
        trail.broken,
    )


def _nothing(task: Problem, settings: Settings) -> Found:
    x, y = task.region.x, task.goal.y
    none, no = x.new_empty(0), y.bool()
    return Found(x, no, none, x.new_empty(settings.steps + 1, 0), y, y, none, no, no)
