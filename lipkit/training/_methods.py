"""One batch by each method: what is minimised, and the outputs that say how it went."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import torch
from torch import Tensor, nn

from lipkit.training._inner import Attack
from lipkit.training._losses import alp_loss, trades_loss
from lipkit.training._objective import Objective


@dataclass(frozen=True)
class Outcome:
    """The mean loss of a batch, and the outputs at its points and at the attacked ones."""

    loss: Tensor
    clean: Tensor | None
    attacked: Tensor | None


@dataclass(frozen=True)
class Recipe:
    """What a method needs to know besides the batch."""

    method: str
    goal: Objective
    attack: Attack | None
    beta: float | None

    def outcome(
        self, model: nn.Module, X: Tensor, y: Tensor, generator: torch.Generator
    ) -> Outcome:
        """Attack the points if the method asks for it, then the loss, with its graph."""
        return _METHODS[self.method](self, model, X, y, generator)


Method: TypeAlias = Callable[[Recipe, nn.Module, Tensor, Tensor, torch.Generator], Outcome]


def _standard(how: Recipe, model: nn.Module, X: Tensor, y: Tensor, _: torch.Generator) -> Outcome:
    outputs = model(X)
    return Outcome(how.goal.loss(outputs, y), outputs, None)


def _pgd(how: Recipe, model: nn.Module, X: Tensor, y: Tensor, draws: torch.Generator) -> Outcome:
    assert how.attack is not None
    attacked = model(how.attack.on_classes(model, X, y, draws))
    return Outcome(how.goal.loss(attacked, y), None, attacked)


def _trades(how: Recipe, model: nn.Module, X: Tensor, y: Tensor, draws: torch.Generator) -> Outcome:
    assert how.attack is not None
    assert how.beta is not None
    points = how.attack.on_outputs(model, X, draws)
    clean, attacked = model(X), model(points)
    return Outcome(trades_loss(clean, attacked, y, beta=how.beta), clean, attacked)


def _alp(how: Recipe, model: nn.Module, X: Tensor, y: Tensor, draws: torch.Generator) -> Outcome:
    assert how.attack is not None
    assert how.beta is not None
    points = how.attack.on_classes(model, X, y, draws)
    clean, attacked = model(X), model(points)
    return Outcome(alp_loss(clean, attacked, y, beta=how.beta), clean, attacked)


_METHODS: dict[str, Method] = {
    "standard": _standard,
    "pgd": _pgd,
    "trades": _trades,
    "alp": _alp,
}
