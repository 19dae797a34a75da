"""One pass over the points: with steps, or only to look."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lipkit._torch_state import evaluated, seed_generators
from lipkit.norms import layer_norms
from lipkit.training._checkpoint import Run
from lipkit.training._methods import Outcome, Recipe
from lipkit.training._progress import Bar
from lipkit.training._samples import Samples
from lipkit.training._settings import Settings

_LOOKED_AT_ONCE = 2048


@dataclass(frozen=True)
class Task:
    """What a run works on, and how."""

    train: Samples
    held_out: Samples | None
    recipe: Recipe
    settings: Settings
    augment: Callable[[Tensor, torch.Generator], Tensor] | None


class Means:
    """The mean loss, and the shares of points that are right, over the batches so far."""

    def __init__(self, right: Callable[[Tensor, Tensor], Tensor] | None) -> None:
        self._right = right
        self._points, self._loss = 0, 0.0
        self._hits: dict[str, float] = {}

    def add(self, loss: float, y: Tensor, **outputs: Tensor | None) -> None:
        """Count one batch; each of the outputs has a column of its own."""
        self._points += len(y)
        self._loss += loss * len(y)
        for column, out in outputs.items():
            self.count(column, out, y)

    def count(self, column: str, outputs: Tensor | None, y: Tensor) -> None:
        """Count the points of a batch that are right, in one column alone."""
        if self._right and outputs is not None:
            hits = self._right(outputs, y).sum().item()
            self._hits[column] = self._hits.get(column, 0.0) + hits

    def row(self, name: str) -> dict[str, float]:
        """The part of a history's row that is about these points."""
        shares = {f"{name}_{column}": hits / self._points for column, hits in self._hits.items()}
        return {f"{name}_loss": self._loss / self._points, **shares}


def epoch_row(run: Run, task: Task, epoch: int, bar: Bar) -> dict[str, Any]:
    """Train for one epoch, look at the validation points, and say what happened."""
    began = time.perf_counter()
    lr = task.settings.lr_of(epoch)
    row = {"epoch": epoch + 1, **_train(run, task, epoch, lr, bar)}
    if task.held_out is not None:
        row |= _look(run, task, task.held_out)
    return {**row, "lr": lr, "seconds": time.perf_counter() - began}


def norm_rows(run: Run, task: Task, epoch: int) -> list[dict[str, Any]]:
    """The norms of the layers as they are now, one record a layer and norm."""
    shape = tuple(task.train.X.shape[1:])
    return [
        {
            "epoch": epoch + 1,
            "layer": record.name,
            "kind": record.kind,
            "fused": fused,
            "p": p,
            "norm": None if record.norm is None else record.norm.value,
            "answer": None if record.norm is None else record.norm.kind,
        }
        for p in task.settings.norms
        for fused in (False, True)
        for record in layer_norms(run.model, shape, p, fuse_bn=fused, strict=False)
        if not fused or "+" in record.kind
    ]


def _train(run: Run, task: Task, epoch: int, lr: float, bar: Bar) -> dict[str, float]:
    draws = np.random.default_rng([task.settings.seed, epoch])  # whatever came before
    seed_generators(int(draws.integers(2**63)), task.train.X.device)
    order = draws.permutation(len(task.train))
    noise = _generator(int(draws.integers(2**63)), task.train.X.device)
    run.optimizer.param_groups[0]["lr"] = lr
    run.model.train()
    means = Means(task.recipe.goal.right)
    size = task.settings.batch_size
    batches = task.train.batch_count(size)
    for i, (X, y) in enumerate(task.train.batches(size, order)):
        points = X if task.augment is None else task.augment(X, noise)
        outcome = _step(run, task, points, y, noise, f"in epoch {epoch + 1}")
        run.penalty.after_step(run.model, epoch * batches + i)
        means.add(outcome.loss.item(), y, accuracy=outcome.clean, robust_accuracy=outcome.attacked)
        bar.batch(i + 1, batches)
    for name, tensor in run.model.state_dict().items():
        _finite(tensor, name, f"got {lr:g} in epoch {epoch + 1}")
    return means.row("train")


def _step(run: Run, task: Task, X: Tensor, y: Tensor, noise: torch.Generator, when: str) -> Outcome:
    run.optimizer.zero_grad()
    outcome = task.recipe.outcome(run.model, X, y, noise)
    penalty = run.penalty.loss(run.model)
    total = outcome.loss if penalty is None else outcome.loss + penalty
    _finite(total, "the loss", f"got {run.optimizer.param_groups[0]['lr']:g} {when}")
    total.backward()  # type: ignore[no-untyped-call]
    run.penalty.after_backward(run.model)
    run.optimizer.step()
    return outcome


def _look(run: Run, task: Task, data: Samples) -> dict[str, float]:
    goal, attack = task.recipe.goal, task.recipe.attack
    means = Means(goal.right)
    with evaluated(run.model):
        with torch.no_grad():
            for X, y in data.batches(_LOOKED_AT_ONCE):
                outputs = run.model(X)
                means.add(goal.loss(outputs, y).item(), y, accuracy=outputs)
        noise = _generator(task.settings.seed % 2**63, data.X.device)  # the same each epoch
        for X, y in data.batches(task.settings.batch_size) if attack else ():
            assert attack is not None
            points = attack.on_classes(run.model, X, y, noise)
            with torch.no_grad():
                means.count("robust_accuracy", run.model(points), y)
    return means.row("validation")


def _generator(seed: int, device: torch.device) -> torch.Generator:
    return torch.Generator(device).manual_seed(seed)


def _finite(tensor: Tensor, name: str, got: str) -> Tensor:
    if not torch.isfinite(tensor).all():
        raise FloatingPointError(f"lr: {got}, where {name} is no longer finite; lower lr")
    return tensor
