"""Random starts: drawn on the CPU, for all points of a restart in their order."""

import math
from typing import Any

import numpy as np
import torch
from torch import Tensor

from lipkit import _validate
from lipkit._validate import Seed

_PRECISION: dict[torch.dtype, Any] = {torch.float32: np.float32, torch.float64: np.float64}


class Draws:
    """One stream of numbers a restart, so that neither batches nor more restarts change them."""

    def __init__(self, rng: Seed, restarts: int) -> None:
        self.seed = int(_validate.generator(rng).integers(2**63))
        self._streams = [np.random.default_rng([self.seed, r]) for r in range(restarts)]

    def uniform(self, restart: int, x: Tensor) -> Tensor:
        """Uniform on (-1, 1), of the shape of ``x``."""
        drawn = self._streams[restart].random(tuple(x.shape), dtype=_PRECISION[x.dtype])
        return torch.from_numpy(2 * drawn - 1).to(x.device)

    def gaussian(self, restart: int, x: Tensor) -> Tensor:
        """Standard normal, of the shape of ``x``."""
        drawn = self._streams[restart].standard_normal(tuple(x.shape), dtype=_PRECISION[x.dtype])
        return torch.from_numpy(drawn).to(x.device)

    def ball(self, restart: int, x: Tensor, p: float) -> Tensor:
        """The noise that :meth:`Region.inside` asks for."""
        if p == math.inf:
            return self.uniform(restart, x)
        wide = x.new_empty(len(x), math.prod(x.shape[1:]) + 2)
        return self.gaussian(restart, wide)

    def corners(self, x: Tensor, times: int) -> Tensor:
        """Signs, of the shape of ``times`` copies of ``x``, from a stream of their own."""
        stream = np.random.default_rng([self.seed, 2**32])
        drawn = stream.integers(0, 2, size=(times * len(x), *x.shape[1:]))
        return torch.from_numpy(2 * drawn - 1).to(x.device, x.dtype)
