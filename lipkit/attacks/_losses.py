"""What an attack raises, and when it has succeeded."""

from collections.abc import Callable
from dataclasses import dataclass, replace

import torch
from torch import Tensor
from torch.nn import functional as F

LOSSES = ("ce", "dlr", "margin")
_TINY = 1e-12  # of Croce and Hein: keeps the ratio finite where three logits tie


@dataclass(frozen=True, eq=False)
class Goal:
    """A loss by name, for the labels ``y`` to leave or, if given, the classes ``target`` to reach.

    ``hit_target`` decides what success is: the class aimed at, or any that is not ``y``.
    """

    loss: str
    y: Tensor
    target: Tensor | None = None
    hit_target: bool = False

    def take(self, rows: Tensor) -> "Goal":
        """The goal of some of the points, by index, mask or slice."""
        target = None if self.target is None else self.target[rows]
        return replace(self, y=self.y[rows], target=target)

    def repeat(self, times: int) -> "Goal":
        """The goal of the same points, ``times`` times after each other."""
        target = None if self.target is None else self.target.repeat(times)
        return replace(self, y=self.y.repeat(times), target=target)

    def losses(self, logits: Tensor) -> Tensor:
        """The loss of each point ``(n,)``, to be raised."""
        if self.target is None:
            return _UNTARGETED[self.loss](logits, self.y)
        if self.loss == "ce":
            return -_cross_entropy(logits, self.target)
        return _TARGETED[self.loss](logits, self.y, self.target)

    def total(self, logits: Tensor) -> Tensor:
        """The sum of the losses, whose gradient holds those of the points."""
        if self.loss != "ce":
            return self.losses(logits).sum()
        if self.target is None:
            return F.cross_entropy(logits, self.y, reduction="sum")
        return -F.cross_entropy(logits, self.target, reduction="sum")

    def hits(self, predicted: Tensor) -> Tensor:
        """Where these classes mean that the attack has succeeded, ``(n,)``."""
        if self.hit_target and self.target is not None:
            return predicted == self.target
        return predicted != self.y


def needs(loss: str, targeted: bool) -> int:
    """The least number of classes."""
    return (4 if targeted else 3) if loss == "dlr" else 2


def _at(logits: Tensor, y: Tensor) -> Tensor:
    return logits.gather(1, y[:, None])[:, 0]


def _best_other(logits: Tensor, y: Tensor) -> Tensor:
    return logits.scatter(1, y[:, None], -torch.inf).amax(dim=1)


def _cross_entropy(logits: Tensor, y: Tensor) -> Tensor:
    """As torch's without a sum, in a third of its time where there are few classes."""
    shifted = logits - logits.amax(dim=1, keepdim=True)
    return shifted.logsumexp(dim=1) - _at(shifted, y)


def _margin(logits: Tensor, y: Tensor) -> Tensor:
    return _best_other(logits, y) - _at(logits, y)


def _dlr(logits: Tensor, y: Tensor) -> Tensor:
    ranked = logits.topk(3, dim=1).values
    spread = ranked[:, 0] - ranked[:, 2] + _TINY
    own = _at(logits, y)
    other = torch.where(own == ranked[:, 0], ranked[:, 1], ranked[:, 0])
    return (other - own) / spread


def _targeted_margin(logits: Tensor, y: Tensor, target: Tensor) -> Tensor:
    return _at(logits, target) - _at(logits, y)


def _targeted_dlr(logits: Tensor, y: Tensor, target: Tensor) -> Tensor:
    ranked = logits.topk(4, dim=1).values
    spread = ranked[:, 0] - (ranked[:, 2] + ranked[:, 3]) / 2 + _TINY
    return (_at(logits, target) - _at(logits, y)) / spread


_UNTARGETED: dict[str, Callable[[Tensor, Tensor], Tensor]] = {
    "ce": _cross_entropy,
    "dlr": _dlr,
    "margin": _margin,
}
_TARGETED: dict[str, Callable[[Tensor, Tensor, Tensor], Tensor]] = {
    "dlr": _targeted_dlr,
    "margin": _targeted_margin,
}
