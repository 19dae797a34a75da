"""Modes come back as they were, module by module, and generators, whatever happens in between."""

from collections.abc import Callable
from contextlib import AbstractContextManager
from typing import Any

import pytest
import torch
from torch import nn

from lipkit._torch_state import evaluated, generators_kept, modes_kept, seed_generators

Context = Callable[[nn.Module], AbstractContextManager[None]]


class Merging(nn.Linear):
    """A layer whose own ``train`` and ``eval`` do more than set a flag."""

    merged = False

    def train(self, mode: bool = True) -> "Merging":
        self.merged = not mode
        return super().train(mode)


def mixed() -> nn.Sequential:
    """Dropout evaluates inside a block that trains, and one layer stands in two places."""
    shared = nn.Dropout(0.5)
    block = nn.Sequential(nn.BatchNorm1d(2), nn.Dropout(0.2), shared)
    model = nn.Sequential(block, shared, Merging(2, 2)).train()
    block[1].eval()
    return model


def modes(model: nn.Module) -> list[bool]:
    return [module.training for module in model.modules()]


@pytest.mark.parametrize("context", [modes_kept, evaluated])
@pytest.mark.parametrize("change", ["train", "eval"])
def test_every_mode_comes_back(context: Context, change: str) -> None:
    model = mixed()
    before = modes(model)
    assert True in before
    assert False in before
    with context(model):
        getattr(model, change)()
    assert modes(model) == before


@pytest.mark.parametrize("context", [modes_kept, evaluated])
def test_every_mode_comes_back_after_an_error(context: Context) -> None:
    model: Any = mixed()
    before = modes(model)

    def interrupted() -> None:
        with context(model):
            model.train(not model.training)
            raise RuntimeError("planted")

    with pytest.raises(RuntimeError, match="planted"):
        interrupted()
    assert modes(model) == before


def test_inside_all_are_in_eval_mode_or_as_they_were() -> None:
    model = mixed()
    before = modes(model)
    with modes_kept(model):
        assert modes(model) == before
    with evaluated(model):
        assert not any(modes(model))
        with evaluated(model):
            pass
        assert not any(modes(model))


def test_what_a_model_does_beyond_its_mode_is_not_set_off() -> None:
    model: Any = mixed()
    with evaluated(model):
        assert not model[2].merged
    assert not model[2].merged


def test_generators_come_back_and_are_decided_by_the_seed() -> None:
    cpu = torch.device("cpu")
    before, drawn = torch.get_rng_state(), []
    for seed in (3, 3, 4):
        with generators_kept(cpu):
            seed_generators(seed, cpu)
            drawn.append(nn.Dropout(0.5)(torch.ones(50)))
        assert torch.equal(torch.get_rng_state(), before)
    assert torch.equal(drawn[0], drawn[1])
    assert not torch.equal(drawn[0], drawn[2])
