"""How many points stand under several attacks."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, TypeAlias

import torch
from torch import Tensor

from lipkit import _validate
from lipkit._validate import Seed
from lipkit.attacks._apgd import apgd
from lipkit.attacks._apgd_targeted import apgd_targeted
from lipkit.attacks._border import Problem, checked_logits, problem
from lipkit.attacks._fgsm import fgsm
from lipkit.attacks._model import Model, attacked
from lipkit.attacks._pgd import pgd
from lipkit.attacks._result import AttackResult

Attack: TypeAlias = str | Callable[..., AttackResult]
ATTACKS = ("fgsm", "pgd", "apgd-ce", "apgd-dlr", "apgd-margin", "apgd-t")


@dataclass(frozen=True, eq=False)
class RobustAccuracy:
    """An upper answer of the robust accuracy: other points may fall to an attack not run.

    Attributes
    ----------
    value
        The share of the points that are classified as y and stand under every attack;
        ``float(result)`` is the same.
    clean
        The share that is classified as y.
    per_attack
        By the attack's name: the share classified as y that stands under it alone.
    robust, correct
        ``(n,)`` bool: which points stand under all, and which are right when clean.
    adversarial
        ``(n, ...)``: where a point fell to the first attack that felled it; else the clean point.
    flags
        What the attacks had to say, each with the attack's name.
    """

    value: float
    clean: float
    per_attack: dict[str, float]
    robust: Tensor
    correct: Tensor
    adversarial: Tensor
    flags: tuple[str, ...]

    def __float__(self) -> float:
        return self.value

    def __repr__(self) -> str:
        """The shares in a line."""
        each = ", ".join(f"{name} {share:.3f}" for name, share in self.per_attack.items())
        return f"RobustAccuracy({self.value:.3f}; clean {self.clean:.3f}, {each})"


def robust_accuracy(
    model: Model,
    x: Any,
    y: Any,
    *,
    eps: float,
    p: float = math.inf,
    attacks: Attack | Sequence[Attack] = ("apgd-ce", "apgd-t"),
    steps: int = 100,
    restarts: int = 1,
    bounds: Any = (0.0, 1.0),
    batch_size: int | None = 256,
    rng: Seed = 0,
) -> RobustAccuracy:
    r"""The share of points that are right and stay right under each of the attacks.

    .. math:: \frac1n \#\bigl\{i : f(x_i) = y_i \text{ and no attack finds } x' \text{ with }
        \|x' - x_i\|_p \le \varepsilon,\ f(x') \ne y_i\bigr\}

    An upper answer of the robust accuracy. Points that are wrong when clean are not attacked.

    Parameters
    ----------
    attacks
        Names: ``"fgsm"``, ``"pgd"``, ``"apgd-ce"``, ``"apgd-dlr"``, ``"apgd-margin"``, and
        ``"apgd-t"``, towards up to nine classes in turn, on the targeted DLR loss or, below four
        classes, on the margin. Or functions with the parameters of :func:`pgd`, such as
        ``functools.partial(pgd, restarts=5)``.
    steps, restarts
        Of each attack that is named.
    rng
        Decides all attacks; one does not change what another draws.

    The other parameters, the errors, and the model's treatment are those of :func:`pgd`; an unknown
    name raises ``ValueError``.

    >>> from lipkit.attacks import robust_accuracy
    >>> from lipkit.networks import ReluNetwork
    >>> model = ReluNetwork([[[2.0, 0.0], [0.0, 0.0]]], [[-1.0, 0.0]])  # class 0 if x_0 > 1/2
    >>> x = [[0.55, 0.5], [0.7, 0.5], [0.4, 0.5]]
    >>> robust_accuracy(model, x, [0, 0, 0], eps=0.1, steps=10)
    RobustAccuracy(0.333; clean 0.667, apgd-ce 0.333, apgd-t 0.333)
    """
    task = problem(model, x, y, eps=eps, p=p, bounds=bounds, loss="ce", targeted=None)
    logits = _clean(task, batch_size)
    named = dict(_named(attacks, logits.shape[-1], steps, restarts, batch_size))
    correct = logits.argmax(dim=1) == task.goal.y if len(task) else task.goal.y.bool()
    seed = int(_validate.generator(rng).integers(2**63))
    standing, adversarial = correct.clone(), task.region.x.clone()
    per_attack, flags, rows = {}, [], correct.nonzero()[:, 0]
    for name, attack in named.items():
        # the model as it came, so that its modes are seen
        result = attack(
            model, task.region.x[rows], task.goal.y[rows], eps=eps, p=p, bounds=bounds, rng=seed
        )
        per_attack[name] = _share(~result.success, len(task))
        new = result.success & standing[rows]
        adversarial[rows[new]] = result.adversarial[new]
        standing[rows[new]] = False
        flags += [f"{name}: {flag}" for flag in result.flags]
    return RobustAccuracy(
        _share(standing, len(task)),
        _share(correct, len(task)),
        per_attack,
        standing,
        correct,
        adversarial,
        tuple(flags),
    )


def _share(mask: Tensor, n: int) -> float:
    return int(mask.sum()) / n if n else math.nan


def _clean(task: Problem, batch_size: int | None) -> Tensor:
    """The logits of all points, in batches."""
    size = max(len(task), 1) if batch_size is None else _validate.count(batch_size, "batch_size")
    with attacked(task.model, task.region.x.device, seed=0):
        parts = [checked_logits(task.take(slice(i, i + size))) for i in range(0, len(task), size)]
    return torch.cat(parts) if parts else task.region.x.new_empty(0, 2)


def _named(
    attacks: Attack | Sequence[Attack], classes: int, steps: int, restarts: int, batch: int | None
) -> Iterator[tuple[str, Callable[..., AttackResult]]]:
    how: dict[str, Any] = {"steps": steps, "early_stop": True, "batch_size": batch}
    often = how | {"restarts": restarts}
    targeted = partial(apgd_targeted, loss="dlr" if classes >= 4 else "margin", **how)
    known: dict[str, Callable[..., AttackResult]] = {
        "fgsm": partial(_fgsm, batch_size=batch),
        "pgd": partial(pgd, **often),
        "apgd-t": targeted,
        **{f"apgd-{loss}": partial(apgd, loss=loss, **often) for loss in ("ce", "dlr", "margin")},
    }
    listed = [attacks] if isinstance(attacks, str) or callable(attacks) else list(attacks)
    if not listed:
        raise ValueError(f"attacks: got none, expected at least one of {', '.join(ATTACKS)}")
    for i, attack in enumerate(listed):
        if callable(attack):
            inner = attack.func if isinstance(attack, partial) else attack
            yield f"{getattr(inner, '__name__', 'attack')}[{i}]", attack
        else:
            yield attack, known[_validate.one_of(attack, "attacks", ATTACKS)]


def _fgsm(*args: Any, rng: Seed, **how: Any) -> AttackResult:
    """FGSM draws nothing."""
    return fgsm(*args, **how)
