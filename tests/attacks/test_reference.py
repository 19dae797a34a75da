"""APGD beside another implementation of it, pyautoattack's, on the same digits."""

import math

import numpy as np
import pyautoattack
import pytest
import torch
from torch import nn

from lipkit.attacks import robust_accuracy
from lipkit.data import digits
from lipkit.training import fit, mlp

N = 128


@pytest.fixture(scope="module")
def trained() -> nn.Module:
    train, _ = digits()
    model = mlp((64, 32, 10), rng=0)
    fit(model, train, epochs=15, progress=False, rng=0)
    return model.eval()


@pytest.mark.parametrize(
    ("norm", "p", "eps"),
    [("Linf", math.inf, 0.05), ("Linf", math.inf, 0.1), ("L2", 2.0, 0.3), ("L2", 2.0, 0.6)],
)
def test_as_many_points_fall(trained: nn.Module, norm: str, p: float, eps: float) -> None:
    X, y = digits()[1]
    x, labels = torch.from_numpy(X[:N]).float(), torch.from_numpy(y[:N])
    reference = pyautoattack.AutoAttack(
        trained, attacks=["apgd-ce", "apgd-t"], eps=eps, norm=norm, seed=0, version="custom"
    )
    found = reference.run_standard_evaluation(x, labels, batch_size=N)
    moved = found[0] if isinstance(found, tuple) else found
    with torch.no_grad():
        theirs = (trained(moved).argmax(dim=1) == labels).numpy()
    ours = robust_accuracy(trained, x, labels, eps=eps, p=p)
    assert 0.05 < theirs.mean() < 0.95
    assert abs(float(ours) - theirs.mean()) <= 1 / N + 1e-9
    assert (np.asarray(ours.robust) != theirs).sum() <= 2
