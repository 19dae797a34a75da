"""Training by stochastic gradient descent: the same seed gives the same weights."""

import os
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lipkit._torch_state import generators_kept, modes_kept
from lipkit._validate import Seed
from lipkit.training._checkpoint import Run, checkpointed
from lipkit.training._early import best_epoch, finished
from lipkit.training._epoch import Task, epoch_row, norm_rows
from lipkit.training._history import History
from lipkit.training._inner import Attack, inner_attack
from lipkit.training._methods import Recipe
from lipkit.training._objective import objective
from lipkit.training._penalty import Penalty, as_penalty
from lipkit.training._progress import progress_bar
from lipkit.training._samples import Samples, parameter, samples
from lipkit.training._settings import Schedule, Settings
from lipkit.training._settings import settings as checked

MOMENTUM = 0.9


def fit(
    model: nn.Module,
    data: Any,
    *,
    method: str = "standard",
    eps: float | None = None,
    p: float = np.inf,
    attack_steps: int = 7,
    attack_step_size: float | None = None,
    attack_start: str | float = "uniform",
    bounds: tuple[float, float] | None = (0.0, 1.0),
    beta: float | None = None,
    penalty: Penalty | Callable[[nn.Module], Tensor] | None = None,
    augment: Callable[[Tensor, torch.Generator], Tensor] | None = None,
    epochs: int = 20,
    batch_size: int = 128,
    lr: float = 0.05,
    schedule: Schedule = "cosine",
    validation: Any = None,
    patience: int | None = None,
    norms: float | Sequence[float] | None = None,
    checkpoint: str | os.PathLike[str] | None = None,
    device: str | torch.device | None = None,
    progress: bool = True,
    rng: Seed = 0,
) -> History:
    r"""Train ``model`` in place by SGD with momentum 0.9, one pass over the points an epoch.

    .. math:: v \leftarrow 0.9\, v + \nabla L(\theta), \qquad \theta \leftarrow \theta - \eta_e v

    L is the mean over a batch, by ``method``; x' is the attacked point, found anew in each step:

    - ``"standard"``: the cross-entropy for integer labels, the squared error for floats;
    - ``"pgd"``: the cross-entropy at x', which raises it [Madry et al. 2018];
    - ``"trades"``: :func:`trades_loss`, where x' raises the Kullback–Leibler term;
    - ``"alp"``: :func:`alp_loss`, where x' raises the cross-entropy.

    The attack sees the model in *eval mode*: running statistics of BatchNorm, no dropout; it moves
    no statistic. The step sees train mode, and normalises x and x' as two batches, x first.

    Parameters
    ----------
    model
        A torch module that maps ``(n, ...)`` to ``(n, C)`` for classes, ``(n,)`` or ``(n, n_out)``
        for values. Parameters that require no gradient stay as they are.
    data, validation
        Pairs (X, y) of arrays or tensors: X ``(n, ...)``, cast to the model's dtype; y integers
        ``(n,)`` in 0 to C - 1, or floats ``(n,)`` or ``(n, n_out)``. ``validation`` is looked at
        after each epoch, in eval mode, and changes no step.
    eps
        The attack's radius, in the units of X. With it and validation points, their accuracy under
        the attack is measured as well: one start, the last point, so it is an upper answer.
    p, bounds
        The norm of the attack's ball, 2 or ``inf``; and its box, (lower, upper) or None.
    attack_steps, attack_step_size
        How many steps of PGD, and their length, :math:`2.5\,\varepsilon/\text{steps}` by default.
    attack_start
        Uniform in the ball, or a number: normal around x with this standard deviation.
    beta
        The weight of the second term: 6 for TRADES and 1 for ALP by default.
    penalty
        A :class:`Penalty`, or a function of the model whose value is added to the loss.
    augment
        A function of a batch and a torch generator, such as :class:`CropFlip`, before the attack.
    epochs, batch_size
        Batches hold at most ``batch_size`` points and are as equal in size as can be.
    lr, schedule
        The step size :math:`\eta_e` of epoch e = 0, 1, …: ``"constant"`` keeps ``lr``, ``"cosine"``
        takes :math:`\tfrac12(1 + \cos(\pi e / \text{epochs}))` of it, ``"step"`` a tenth from 5/8,
        3/4 and 5/6 of the epochs on, each time. A dict such as ``{75: 0.1, 90: 0.1}`` multiplies
        it from these e on.
    patience
        Stop once so many epochs brought nothing better, and keep the weights of the best: by
        robust validation accuracy, without ``eps`` by accuracy, for values by the loss.
    norms
        1, 2, ``inf`` or several: record these norms of all layers after each epoch.
    checkpoint
        A file, replaced in one step after each epoch. A run that was stopped goes on from it when
        called again in the same way, and ends with the weights of one that was not. If an epoch
        fails or is interrupted, the model goes back to the last finished one.
    device
        Where to move the model and train it; by default where it is. An attack needs double
        precision there, which MPS lacks.
    progress
        Whether to show a bar on stderr.
    rng
        Decides the batches, the attacks, and what layers such as dropout draw. Torch's global
        generator stays as it was. On a CPU the same seed gives the same bits, for one torch version
        and one number of threads.

    Returns a :class:`History`, the epochs found in the checkpoint included. The model's modes
    (train, eval) are as before, and its gradients are cleared. Raises ``ValueError`` for an unknown
    method or schedule, labels that do not fit the outputs, points outside the box, or a checkpoint
    of another run, which stays as it is; and ``FloatingPointError`` if the loss or a weight is no
    longer finite.

    >>> from lipkit.data import moons
    >>> from lipkit.training import mlp
    >>> history = fit(mlp((2, 32, 1)), moons(200, rng=0), epochs=50, batch_size=20, progress=False)
    >>> len(history), history.last["train_accuracy"] > 0.98
    (50, True)
    """
    chosen = checked(
        method,
        lr,
        schedule,
        rng,
        beta,
        epochs=epochs,
        batch_size=batch_size,
        patience=patience,
        norms=norms,
        penalty=penalty,
        augment=augment,
    )
    attack = inner_attack(
        method,
        eps=eps,
        p=p,
        steps=attack_steps,
        step_size=attack_step_size,
        bounds=bounds,
        start=attack_start,
    )
    run = _run(model, chosen.lr, penalty, device)
    train = samples(data, model, "data")
    held_out = _held_out(validation, model, patience)
    described = {**asdict(chosen), **_summary(attack, train, held_out)}
    with _left_as_found(model), generators_kept(train.X.device), torch.enable_grad():
        task = _task(model, chosen, attack, train, held_out, augment)
        with checkpointed(run, checkpoint, described) as save:
            _epochs(run, task, save, progress)
        if chosen.patience is not None and run.best is not None:
            model.load_state_dict(run.best)
    kept = len(run.rows) if chosen.patience is None else best_epoch(run.rows) + 1
    return History(run.rows, run.norms, kept)


def _epochs(run: Run, task: Task, save: Callable[[], None], progress: bool) -> None:
    chosen = task.settings
    with progress_bar(len(run.rows), chosen.epochs, progress) as bar:
        while not finished(run.rows, chosen.epochs, chosen.patience):
            epoch = len(run.rows)
            row = epoch_row(run, task, epoch, bar)
            run.norms += norm_rows(run, task, epoch)
            run.rows.append(row)
            if chosen.patience is not None:
                run.keep_best()
            save()
            bar.epoch(row)


def _run(model: nn.Module, lr: float, penalty: Any, device: Any) -> Run:
    parameter(model)
    added = as_penalty(penalty)
    if device is not None:
        model.to(device)
    trained = [weights for weights in model.parameters() if weights.requires_grad]
    return Run(model, torch.optim.SGD(trained, lr=lr, momentum=MOMENTUM), added)


def _held_out(validation: Any, model: nn.Module, patience: int | None) -> Samples | None:
    if validation is not None:
        return samples(validation, model, "validation")
    if patience is not None:
        raise ValueError(
            f"patience: got {patience!r} without validation points, expected some to judge the "
            "epochs by; pass validation=(X, y)"
        )
    return None


def _task(
    model: nn.Module,
    chosen: Settings,
    attack: Attack | None,
    train: Samples,
    held_out: Samples | None,
    augment: Any,
) -> Task:
    if augment is not None and not callable(augment):
        raise TypeError(
            f"augment: got {type(augment).__name__}, expected a function of a batch and a "
            "torch.Generator, such as CropFlip()"
        )
    goal = objective(model, train, held_out)
    if attack is not None:
        attack.check(train, "data")
        if held_out is not None:
            attack.check(held_out, "validation")
    return Task(train, held_out, Recipe(chosen.method, goal, attack, chosen.beta), chosen, augment)


def _summary(attack: Attack | None, train: Samples, held_out: Samples | None) -> dict[str, Any]:
    """What the checkpoint compares besides the settings."""
    return {
        "attack": None if attack is None else asdict(attack),
        "data": train.digest,
        "validation": None if held_out is None else held_out.digest,
    }


@contextmanager
def _left_as_found(model: nn.Module) -> Iterator[None]:
    """Afterwards the modules are in the modes they were in, and hold no gradients."""
    with modes_kept(model):
        try:
            yield
        finally:
            model.zero_grad()
