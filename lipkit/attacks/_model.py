"""The model while it is attacked: in eval mode, asked for input gradients only, left as found."""

from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from itertools import chain
from typing import Any, TypeAlias

import torch
from torch import Tensor, nn

from lipkit._torch_state import evaluated, generators_kept, seed_generators
from lipkit.networks import ReluNetwork

Model: TypeAlias = nn.Module | ReluNetwork | Callable[[Tensor], Tensor]

_MODAL = (nn.modules.batchnorm._NormBase, nn.modules.dropout._DropoutNd, nn.RReLU)


def as_callable(model: Any) -> Callable[[Tensor], Tensor]:
    """A module or function of torch tensors."""
    if isinstance(model, ReluNetwork):
        return model.to_torch(torch.float64)
    if not callable(model):
        raise TypeError(
            f"model: got {type(model).__name__}, expected a torch.nn.Module, a ReluNetwork or a "
            "function from a batch of inputs to logits (n, K)"
        )
    called: Callable[[Tensor], Tensor] = model
    return called


def like(model: Any) -> Tensor | None:
    """A floating tensor of the model that tells its dtype and device, if it has one."""
    if not isinstance(model, nn.Module):
        return None
    tensor: Tensor
    for tensor in chain(model.parameters(), model.buffers()):
        if tensor.is_floating_point():
            return tensor
    return None


def in_training(model: Any) -> bool:
    """Whether a module has layers in training mode that compute something else there."""
    if not isinstance(model, nn.Module):
        return False
    return any(module.training and isinstance(module, _MODAL) for module in model.modules())


@contextmanager
def attacked(model: Any, device: torch.device, seed: int | None) -> Iterator[None]:
    """Eval mode and parameters without gradients inside; afterwards all is as it was.

    With a ``seed``, what the model itself draws is decided by it, and torch's global generators are
    put back.
    """
    with ExitStack() as stack:
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())
        if seed is not None:
            stack.enter_context(generators_kept(device))
            seed_generators(seed, device)
        if isinstance(model, nn.Module):
            stack.enter_context(evaluated(model))
            stack.enter_context(_frozen(model))
        yield


@contextmanager
def _frozen(model: nn.Module) -> Iterator[None]:
    """Parameters without gradients inside."""
    learned = [parameter for parameter in model.parameters() if parameter.requires_grad]
    try:
        for parameter in learned:
            parameter.requires_grad_(False)
        yield
    finally:
        for parameter in learned:
            parameter.requires_grad_(True)


def input_gradient(
    model: Callable[[Tensor], Tensor], total: Callable[[Tensor], Tensor], x: Tensor
) -> tuple[Tensor, Tensor]:
    """The logits, and the gradient of their total loss in ``x``: 0 where no path leads there."""
    x = x.detach().requires_grad_()
    logits = model(x)
    if not logits.requires_grad:
        return logits, torch.zeros_like(x)
    (gradient,) = torch.autograd.grad(total(logits), x, allow_unused=True)
    reached: Tensor | None = gradient
    return logits.detach(), torch.zeros_like(x) if reached is None else reached


def logits_of(model: Callable[[Tensor], Tensor], x: Tensor) -> Tensor:
    """The logits, without a graph."""
    with torch.no_grad():
        return model(x)
