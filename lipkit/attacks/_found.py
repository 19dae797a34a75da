"""How an attack is run, and what is known when it has been."""

from dataclasses import dataclass, fields

import torch
from torch import Tensor


@dataclass(frozen=True)
class Settings:
    """How often, and on how many points at a time; ``step`` is the length of one, if fixed."""

    steps: int
    restarts: int = 1
    early_stop: bool = False
    batch_size: int | None = None
    step: float | None = None


@dataclass(frozen=True, eq=False)
class Found:
    """What the runs found, point by point, and what the flags are made of."""

    point: Tensor
    hit: Tensor
    loss: Tensor
    trace: Tensor
    prediction: Tensor
    clean_prediction: Tensor
    clean_loss: Tensor
    zero: Tensor
    broken: Tensor

    @classmethod
    def join(cls, parts: list["Found"]) -> "Found":
        """All batches, one after the other."""
        if len(parts) == 1:
            return parts[0]
        columns = {
            field.name: torch.cat([getattr(part, field.name) for part in parts], dim=-1)
            for field in fields(cls)
            if field.name != "point"
        }
        return cls(point=torch.cat([part.point for part in parts]), **columns)
