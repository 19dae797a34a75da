"""What is done to the weights besides the loss: a base class, and weight decay."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from torch import Tensor, nn

from lipkit import _validate


class Penalty:
    """Hooks around a step of SGD; override those that are needed.

    A subclass with settings needs a ``repr`` that names them, and one with a state the two methods
    for it: a checkpoint keeps both.
    """

    def loss(self, model: nn.Module) -> Tensor | None:
        """A number to add to the loss, with its graph."""
        return None

    def after_backward(self, model: nn.Module) -> None:
        """Change the gradients before the step."""

    def after_step(self, model: nn.Module, step: int) -> None:
        """Change the weights after a step, counted from 0 over all epochs."""

    def state_dict(self) -> dict[str, Any]:
        """What it remembers from step to step: numbers, strings and tensors."""
        return {}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        """Remember that again."""


class WeightDecay(Penalty):
    r"""The penalty :math:`\tfrac{\lambda}{2} \|\theta\|_2^2` on all parameters that are trained.

    Its gradient :math:`\lambda\theta` is added to that of the loss, so it passes through the
    momentum, as with torch's ``SGD(weight_decay=λ)``; biases and the gains of BatchNorm shrink too.
    Raises ``ValueError`` for a negative strength. [Standard; digest of layer norms, section 5.2.]

    >>> WeightDecay(5e-4)
    WeightDecay(strength=0.0005)
    """

    def __init__(self, strength: float) -> None:
        self.strength = _validate.nonnegative(strength, "strength")

    def after_backward(self, model: nn.Module) -> None:
        """Add the weights, times the strength, to their gradients."""
        for parameter in model.parameters():
            if parameter.grad is not None:
                parameter.grad.add_(parameter.detach(), alpha=self.strength)

    def __repr__(self) -> str:
        return f"WeightDecay(strength={self.strength:g})"


@dataclass(frozen=True)
class Added(Penalty):
    """A function of the model that is added to the loss."""

    function: Callable[[nn.Module], Tensor]

    def loss(self, model: nn.Module) -> Tensor:
        """Its value."""
        return self.function(model)


def as_penalty(penalty: Any) -> Penalty:
    """A Penalty; a function of the model becomes one, and None one that does nothing."""
    if penalty is None:
        return Penalty()
    if isinstance(penalty, Penalty):
        return penalty
    if callable(penalty):
        return Added(penalty)
    raise TypeError(
        f"penalty: got {type(penalty).__name__}, expected a lipkit.training.Penalty, or a function "
        "of the model that returns a number to add to the loss"
    )
