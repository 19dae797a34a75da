"""Training by stochastic gradient descent: the same seed gives the same weights."""

import math
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from typing import Any

import torch
from torch import nn

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.training._checkpoint import Run, checkpointed
from lipkit.training._epoch import epoch_row
from lipkit.training._history import History
from lipkit.training._objective import objective
from lipkit.training._samples import parameter, samples

MOMENTUM = 0.9


@dataclass(frozen=True)
class Settings:
    """What, next to the data and the first weights, decides where a run ends."""

    method: str
    epochs: int
    batch_size: int
    lr: float
    schedule: str
    seed: int

    def of_epoch(self, epoch: int) -> dict[str, Any]:
        """What an epoch, counted from 0, has to know."""
        share = (1 + math.cos(math.pi * epoch / self.epochs)) / 2
        lr = self.lr * share if self.schedule == "cosine" else self.lr
        return {"seed": self.seed, "epoch": epoch, "lr": lr, "batch_size": self.batch_size}


def fit(
    model: nn.Module,
    data: Any,
    *,
    method: str = "standard",
    epochs: int = 20,
    batch_size: int = 128,
    lr: float = 0.05,
    schedule: str = "cosine",
    validation: Any = None,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
    rng: Seed = 0,
) -> History:
    r"""Train ``model`` in place by SGD with momentum 0.9, one pass over the points an epoch.

    .. math:: v \leftarrow 0.9\, v + \nabla L(\theta), \qquad \theta \leftarrow \theta - \eta_e v

    L is the mean over a batch: the cross-entropy for integer labels, the squared error for floats.

    Parameters
    ----------
    model
        A torch module that maps ``(n, ...)`` to ``(n, C)`` for classes, ``(n,)`` or ``(n, n_out)``
        for values. Parameters that require no gradient stay as they are.
    data, validation
        Pairs (X, y) of arrays or tensors: X ``(n, ...)``, cast to the model's dtype; y integers
        ``(n,)`` in 0 to C - 1, or floats ``(n,)`` or ``(n, n_out)``. ``validation`` is looked at
        after each epoch, in eval mode, and changes nothing.
    method
        ``"standard"``: the loss at the points themselves.
    epochs, batch_size
        Batches hold at most ``batch_size`` points and are as equal in size as can be.
    lr, schedule
        The step size :math:`\eta_e` of epoch e = 0, 1, …: ``"constant"`` keeps ``lr``, ``"cosine"``
        takes :math:`\tfrac12(1 + \cos(\pi e / \text{epochs}))` of it.
    checkpoint
        A file, replaced in one step after each epoch. A run that was stopped goes on from it when
        called again in the same way, and ends with the weights of one that was not. If an epoch
        fails or is interrupted, the model goes back to the last finished one.
    device
        Where to move the model and train it; by default where it is.
    progress
        Whether to show a bar on stderr.
    rng
        Decides the batches, and what layers such as dropout draw. Torch's global generator stays
        as it was. On a CPU the same seed gives the same bits, for one torch version and one number
        of threads.

    Returns a :class:`History`, the epochs found in the checkpoint included. The model's modes
    (train, eval) are as before, and its gradients are cleared. Raises ``ValueError`` for an unknown
    method or schedule, labels that do not fit the outputs, or a checkpoint of another run, which
    stays as it is; and ``FloatingPointError`` if the loss or a weight is no longer finite.

    >>> from lipkit.data import moons
    >>> from lipkit.training import mlp
    >>> history = fit(mlp((2, 32, 1)), moons(200, rng=0), epochs=50, batch_size=20, progress=False)
    >>> len(history), history.last["train_accuracy"] > 0.98
    (50, True)
    """
    settings = _settings(method, epochs, batch_size, lr, schedule, rng)
    parameter(model)
    if device is not None:
        model.to(device)
    train = samples(data, model, "data")
    held_out = None if validation is None else samples(validation, model, "validation")
    run = Run(model, _optimizer(model, settings.lr), [])
    tested = None if held_out is None else held_out.digest
    described = {**asdict(settings), "data": train.digest, "validation": tested}
    with _left_as_found(model), _generators_kept(train.X.device), torch.enable_grad():
        goal = objective(model, train, held_out)
        with checkpointed(run, checkpoint, described) as save:
            for epoch in _epochs(len(run.rows), settings.epochs, progress):
                how = settings.of_epoch(epoch)
                run.rows.append(epoch_row(run, goal, train, held_out, **how))
                save()
    return History(run.rows)


def _settings(
    method: str, epochs: int, batch_size: int, lr: float, schedule: str, rng: Seed
) -> Settings:
    return Settings(
        _validate.one_of(method, "method", ("standard",)),
        _validate.count(epochs, "epochs"),
        _validate.count(batch_size, "batch_size"),
        _validate.positive(lr, "lr"),
        _validate.one_of(schedule, "schedule", ("cosine", "constant")),
        int(_validate.generator(rng).integers(2**63)),
    )


def _optimizer(model: nn.Module, lr: float) -> torch.optim.Optimizer:
    trained = [p for p in model.parameters() if p.requires_grad]
    return torch.optim.SGD(trained, lr=lr, momentum=MOMENTUM)


def _epochs(start: int, stop: int, progress: bool) -> Iterable[int]:
    if not progress:
        return range(start, stop)
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise ImportError("progress: got no tqdm; pip install tqdm, or progress=False") from error
    return tqdm(range(start, stop), initial=start, total=stop, desc="epochs")


@contextmanager
def _left_as_found(model: nn.Module) -> Iterator[None]:
    """Afterwards the modules are in the modes they were in, and hold no gradients."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            module.training = mode
        model.zero_grad()


@contextmanager
def _generators_kept(device: torch.device) -> Iterator[None]:
    """Afterwards torch's global generators are where they were."""
    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield
