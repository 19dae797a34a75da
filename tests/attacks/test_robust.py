"""Robust accuracy: the union of attacks, against brute force and against itself."""

import math
from functools import partial
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lipkit.attacks import fgsm, pgd, robust_accuracy
from lipkit.attacks._robust import ATTACKS


def net(seed: int = 0) -> nn.Sequential:
    draws = torch.Generator().manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 12), nn.ReLU(), nn.Linear(12, 4)).double()
    for parameter in model.parameters():
        parameter.data = torch.randn(parameter.shape, generator=draws, dtype=torch.float64)
    kinks = torch.rand(12, 2, generator=draws, dtype=torch.float64)  # in the unit square
    model[0].weight.data *= 4
    model[0].bias.data = -(model[0].weight.data * kinks).sum(dim=1)
    return model


def points(model: nn.Module, n: int = 150) -> tuple[Any, Any]:
    X = np.random.default_rng(1).uniform(size=(n, 2))
    y = model(torch.from_numpy(X)).argmax(dim=1).numpy()
    y[::10] = (y[::10] + 1) % 4  # wrong when clean
    return X, y


@pytest.mark.parametrize("p", [2.0, math.inf])
def test_against_a_grid_of_the_ball(p: float) -> None:
    """In the plane every ball can be searched: no attack may say more, and few points escape."""
    model, eps = net(), 0.1
    X, y = points(model)
    side = np.linspace(-eps, eps, 61)
    grid = np.stack(np.meshgrid(side, side), axis=-1).reshape(-1, 2)
    grid = grid[np.linalg.norm(grid, ord=p, axis=1) <= eps]
    ball = np.clip(X[:, None] + grid, 0, 1)
    predicted = model(torch.from_numpy(ball)).argmax(dim=2).numpy()
    stands = (predicted == y[:, None]).all(axis=1)
    assert 0.2 < stands.mean() < 0.7
    result = robust_accuracy(model, X, y, eps=eps, p=p, attacks=("pgd", "apgd-ce", "apgd-t"))
    assert abs(float(result) - stands.mean()) <= 1 / 128
    escaped = result.robust.numpy() & ~stands
    assert escaped.sum() <= 1


def test_the_union() -> None:
    model = net(1)
    X, y = points(model)
    names = tuple(name for name in ATTACKS if name != "apgd-margin")
    result = robust_accuracy(model, X, y, eps=0.05, attacks=names, steps=10)
    alone = {name: robust_accuracy(model, X, y, eps=0.05, attacks=name, steps=10) for name in names}
    for name, one in alone.items():
        assert result.per_attack[name] == one.value == one.per_attack[name]
    union = torch.stack([one.robust for one in alone.values()]).all(dim=0)
    assert torch.equal(union, result.robust)
    assert float(result) == result.value == union.double().mean().item()
    assert float(result) <= min(result.per_attack.values()) <= result.clean
    assert result.clean == result.correct.double().mean().item() == 0.9
    fallen = result.correct & ~result.robust
    logits = model(result.adversarial)
    assert (logits.argmax(dim=1)[fallen] != torch.from_numpy(y)[fallen]).all()
    assert torch.equal(result.adversarial[~fallen], torch.from_numpy(X)[~fallen])
    assert "clean 0.900" in repr(result)


def test_functions_as_attacks() -> None:
    model = net(2)
    X, y = points(model, 40)
    strong = partial(pgd, steps=10, restarts=3)

    def nothing(model: Any, x: Any, y: Any, *, rng: int, **how: Any) -> Any:
        return fgsm(model, x, y, **{**how, "eps": 0.0})

    result = robust_accuracy(model, X, y, eps=0.05, attacks=[strong, nothing])
    assert list(result.per_attack) == ["pgd[0]", "nothing[1]"]
    assert result.per_attack["nothing[1]"] == result.clean
    assert result.per_attack["pgd[0]"] == float(result)


def test_batches_change_nothing() -> None:
    model = net(3)
    X, y = points(model, 50)
    results = [
        robust_accuracy(model, X, y, eps=0.05, steps=10, batch_size=size) for size in (7, 50, None)
    ]
    for other in results[1:]:
        assert torch.equal(results[0].robust, other.robust)


def test_few_classes_and_few_points() -> None:
    """Two classes: the targeted run raises the margin. All wrong, or no points at all: no error."""
    X, y = points(net(), 20)
    two = nn.Linear(2, 2).double()
    right = two(torch.from_numpy(X)).argmax(dim=1).numpy()
    assert float(robust_accuracy(two, X, right, eps=0.0)) == 1.0
    assert float(robust_accuracy(two, X, 1 - right, eps=0.1)) == 0.0
    assert math.isnan(float(robust_accuracy(two, X[:0], y[:0], eps=0.1)))
