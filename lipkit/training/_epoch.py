"""One pass over the points: with steps, or only to look."""

import time
from typing import Any

import numpy as np
import torch

from lipkit.training._checkpoint import Run
from lipkit.training._objective import Objective
from lipkit.training._samples import Samples

_LOOKED_AT_ONCE = 2048


class Means:
    """The mean loss, and the share of points that are right, over the batches so far."""

    def __init__(self, goal: Objective) -> None:
        self._goal = goal
        self._points, self._loss, self._right = 0, 0.0, 0.0

    def add(self, loss: float, outputs: torch.Tensor, y: torch.Tensor) -> None:
        """Count one batch."""
        self._points += len(y)
        self._loss += loss * len(y)
        if self._goal.right:
            self._right += self._goal.right(outputs, y).sum().item()

    def row(self, name: str) -> dict[str, float]:
        """The part of a history's row that is about these points."""
        row = {f"{name}_loss": self._loss / self._points}
        if self._goal.right:
            row[f"{name}_accuracy"] = self._right / self._points
        return row


def epoch_row(
    run: Run, goal: Objective, train: Samples, held_out: Samples | None, **how: Any
) -> dict[str, Any]:
    """Train for one epoch, look at the validation points, and say what happened."""
    began = time.perf_counter()
    row = {"epoch": how["epoch"] + 1, **_train(run, goal, train, **how)}
    if held_out is not None:
        row |= _look(run, goal, held_out)
    return {**row, "lr": how["lr"], "seconds": time.perf_counter() - began}


def _train(
    run: Run, goal: Objective, train: Samples, *, seed: int, epoch: int, lr: float, batch_size: int
) -> dict[str, float]:
    draws = np.random.default_rng([seed, epoch])  # an epoch does not depend on those before it
    _seed_layers(int(draws.integers(2**63)), train.X.device)
    run.optimizer.param_groups[0]["lr"] = lr
    run.model.train()
    means = Means(goal)
    for X, y in train.batches(batch_size, draws.permutation(len(train))):
        run.optimizer.zero_grad()
        outputs = run.model(X)
        loss = goal.loss(outputs, y)
        means.add(_finite(loss, "the loss", epoch, lr).item(), outputs, y)
        loss.backward()  # type: ignore[no-untyped-call]
        run.optimizer.step()
    for name, tensor in run.model.state_dict().items():
        _finite(tensor, name, epoch, lr)
    return means.row("train")


def _look(run: Run, goal: Objective, data: Samples) -> dict[str, float]:
    run.model.eval()
    means = Means(goal)
    with torch.no_grad():
        for X, y in data.batches(_LOOKED_AT_ONCE):
            outputs = run.model(X)
            means.add(goal.loss(outputs, y).item(), outputs, y)
    return means.row("validation")


def _seed_layers(seed: int, device: torch.device) -> None:
    """Seed what layers such as dropout draw from, on this device only."""
    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)


def _finite(tensor: torch.Tensor, name: str, epoch: int, lr: float) -> torch.Tensor:
    if not torch.isfinite(tensor).all():
        raise FloatingPointError(
            f"lr: got {lr:g} in epoch {epoch + 1}, where {name} is no longer finite; lower lr"
        )
    return tensor
