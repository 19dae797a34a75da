"""One file that holds a run after its last finished epoch."""

import hashlib
import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import nn

from lipkit.training._early import best_epoch
from lipkit.training._penalty import Penalty

_FORMAT = "lipkit training checkpoint 2"


@dataclass
class Run:
    """What changes while a model is trained."""

    model: nn.Module
    optimizer: torch.optim.Optimizer
    penalty: Penalty
    rows: list[dict[str, Any]] = field(default_factory=list)
    norms: list[dict[str, Any]] = field(default_factory=list)
    best: dict[str, Any] | None = None  # the weights of the best epoch, where that one is kept

    def keep_best(self) -> None:
        """Remember the weights if the last epoch is the best."""
        if best_epoch(self.rows) == len(self.rows) - 1:
            self.best = {name: t.clone() for name, t in self.model.state_dict().items()}


@contextmanager
def checkpointed(
    run: Run, path: str | os.PathLike[str] | None, settings: dict[str, Any]
) -> Iterator[Callable[[], None]]:
    """Bring the run to where the file left it; inside, call what comes to save it.

    If an epoch fails, the run goes back to the last one saved. Without a path nothing is kept.
    """
    if path is None:
        yield lambda: None
        return
    store = Checkpoint(path, settings, run)
    store.resume(run)
    try:
        yield lambda: store.save(run)
    except BaseException:
        store.roll_back(run)
        raise


class Checkpoint:
    """The file, and what a run must be like to go on from it."""

    def __init__(self, path: str | os.PathLike[str], settings: dict[str, Any], run: Run) -> None:
        self.path = Path(path)
        if not self.path.parent.is_dir():
            raise ValueError(f"checkpoint: got {str(path)!r}, in a folder that is not there")
        self._settings = {**settings, "model": _shapes(run.model)}
        self._start = _digest(run.model.state_dict())

    def resume(self, run: Run) -> None:
        """Bring the run to where the file says it was; a new run writes its start there."""
        if not self.path.exists():
            self.save(run)
            return
        saved = self._read()
        self._check(saved, run)
        self._start = saved["start"]
        _restore(run, saved)

    def roll_back(self, run: Run) -> None:
        """Undo the unfinished epoch."""
        _restore(run, self._read())

    def save(self, run: Run) -> None:
        """Replace the file in one step, so that a run killed here leaves the old one or the new."""
        part = self.path.with_name(self.path.name + ".part")
        with part.open("wb") as file:
            torch.save(
                {
                    "format": _FORMAT,
                    "settings": self._settings,
                    "start": self._start,
                    "model": run.model.state_dict(),
                    "optimizer": run.optimizer.state_dict(),
                    "penalty": run.penalty.state_dict(),
                    "rows": run.rows,
                    "norms": run.norms,
                    "best": run.best,
                },
                file,
            )
            file.flush()
            os.fsync(file.fileno())
        part.replace(self.path)

    def _read(self) -> dict[str, Any]:
        try:
            saved = torch.load(self.path, map_location="cpu", weights_only=True)
            if saved["format"] == _FORMAT:
                return dict(saved)
        except Exception as error:
            raise self._refusal("a file that is not a checkpoint of fit") from error
        raise self._refusal("a checkpoint of another version")

    def _check(self, saved: dict[str, Any], run: Run) -> None:
        theirs, ours = saved["settings"], self._settings
        different = [name for name in ours if theirs.get(name) != ours[name]]
        if different:
            raise self._refusal(f"a checkpoint of a run with other {', '.join(different)}")
        known = [saved["start"], *(_digest(saved[w]) for w in ("model", "best") if saved[w])]
        if self._start not in known:
            raise self._refusal("a checkpoint of a run that started from other weights")

    def _refusal(self, got: str) -> ValueError:
        return ValueError(
            f"checkpoint: got {str(self.path)!r}, {got}; nothing was overwritten: "
            "choose another path, or delete the file to start afresh"
        )


def _restore(run: Run, saved: dict[str, Any]) -> None:
    run.model.load_state_dict(saved["model"])
    run.optimizer.load_state_dict(saved["optimizer"])
    run.penalty.load_state_dict(saved["penalty"])
    run.rows[:], run.norms[:] = saved["rows"], saved["norms"]
    run.best = saved["best"]


def _shapes(model: nn.Module) -> list[str]:
    return [f"{name} {tuple(t.shape)} {t.dtype}" for name, t in model.state_dict().items()]


def _digest(state: dict[str, Any]) -> str:
    digest = hashlib.sha256()
    for name, tensor in state.items():
        digest.update(name.encode())
        digest.update(tensor.detach().cpu().contiguous().flatten().view(torch.uint8).numpy())
    return digest.hexdigest()
