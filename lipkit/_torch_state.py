"""What a room changes of torch while it works, and brings back: modes and generators."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import torch
    from torch import nn


@contextmanager
def modes_kept(model: "nn.Module") -> Iterator[None]:
    """Afterwards every module is in the mode that it was in."""
    modes = [(module, module.training) for module in model.modules()]
    try:
        yield
    finally:
        for module, mode in modes:
            if module.training != mode:
                module.training = mode


@contextmanager
def evaluated(model: "nn.Module") -> Iterator[None]:
    """Every module in eval mode inside; afterwards each is in the mode that it was in.

    The modes are set one by one, since a model's own ``eval`` may do more than can be undone.
    """
    with modes_kept(model):
        for module in model.modules():
            if module.training:
                module.training = False
        yield


@contextmanager
def generators_kept(device: "torch.device") -> Iterator[None]:
    """Afterwards the global generators of the CPU and of this device are where they were."""
    import torch

    with torch.random.fork_rng(devices=[device] if device.type == "cuda" else []):
        yield


def seed_generators(seed: int, device: "torch.device") -> None:
    """Seed what layers such as dropout draw from, on the CPU and on this device only."""
    import torch

    torch.default_generator.manual_seed(seed)
    if device.type == "cuda":
        with torch.cuda.device(device):
            torch.cuda.manual_seed(seed)
