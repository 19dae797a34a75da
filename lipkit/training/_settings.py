"""What, next to the data and the first weights, decides where a run ends."""

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np

from lipkit import _validate
from lipkit._validate import Seed

Schedule: TypeAlias = str | Mapping[int, float]

METHODS = ("standard", "pgd", "trades", "alp")
SCHEDULES = ("cosine", "constant", "step")
BETAS = {"trades": 6.0, "alp": 1.0}
MILESTONES = (5 / 8, 3 / 4, 5 / 6)  # 75, 90 and 100 of 120 epochs


@dataclass(frozen=True)
class Settings:
    """The checked arguments of a run, as plain numbers and words."""

    method: str
    epochs: int
    batch_size: int
    lr: float
    schedule: str | dict[int, float]
    seed: int
    beta: float | None
    patience: int | None
    norms: tuple[float, ...]
    penalty: str
    augment: str

    def lr_of(self, epoch: int) -> float:
        """The step size of an epoch, counted from 0."""
        return self.lr * _factor(self.schedule, epoch, self.epochs)


def settings(
    method: str, lr: float, schedule: Schedule, rng: Seed, beta: float | None, **given: Any
) -> Settings:
    """Every argument checked."""
    method = _validate.one_of(method, "method", METHODS)
    patience = given["patience"]
    return Settings(
        method,
        _validate.count(given["epochs"], "epochs"),
        _validate.count(given["batch_size"], "batch_size"),
        _validate.positive(lr, "lr"),
        _schedule(schedule),
        int(_validate.generator(rng).integers(2**63)),
        _beta(method, beta),
        None if patience is None else _validate.count(patience, "patience"),
        _exponents(given["norms"]),
        described(given["penalty"]),
        described(given["augment"]),
    )


def described(what: Any) -> str:
    """A name that is the same in the next process: no address in it."""
    text = repr(what)
    if " at 0x" not in text:
        return text
    named = what if hasattr(what, "__qualname__") else type(what)
    return f"{named.__module__}.{named.__qualname__}"


def _factor(schedule: str | dict[int, float], epoch: int, epochs: int) -> float:
    if isinstance(schedule, dict):
        return math.prod(factor for first, factor in schedule.items() if epoch >= first)
    if schedule == "cosine":
        return (1 + math.cos(math.pi * epoch / epochs)) / 2
    if schedule == "step":
        return float(0.1 ** sum(epoch >= share * epochs for share in MILESTONES))
    return 1.0


def _schedule(schedule: Schedule) -> str | dict[int, float]:
    if not isinstance(schedule, Mapping):
        return _validate.one_of(schedule, "schedule", SCHEDULES)
    return {
        _validate.count(first, "schedule epoch"): _validate.positive(
            factor, f"schedule from epoch {first}"
        )
        for first, factor in sorted(schedule.items())
    }


def _beta(method: str, beta: float | None) -> float | None:
    if method not in BETAS:
        if beta is not None:
            raise ValueError(
                f"beta: got {beta!r} with method={method!r}, which has no second term; expected "
                f"one of {', '.join(map(repr, BETAS))}, or beta=None"
            )
        return None
    if beta is None:
        return BETAS[method]
    return _validate.nonnegative(beta, "beta", "weight")


def _exponents(norms: Any) -> tuple[float, ...]:
    if norms is None:
        return ()
    each = [norms] if np.ndim(norms) == 0 else list(norms)
    for p in each:
        if _validate.exponent(p, "norms") not in (1.0, 2.0, math.inf):
            raise ValueError(f"norms: got {p!r}, expected 1, 2 or numpy.inf, or some of them")
    return tuple(float(p) for p in each)
