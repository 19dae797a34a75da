"""Training with checks, history and seeds against bare loops, plain and under attack."""

from collections.abc import Iterator

import numpy as np
import torch

from benchmarks._race import Race
from lipkit.training import fit, mlp, small_cnn

EPOCHS = 10
STEPS = 7
EPS = 0.1


def races() -> Iterator[Race]:
    """The same epochs of the same network on the same numbers."""
    draws = np.random.default_rng(0)
    X, y = draws.uniform(size=(1347, 64)), draws.integers(0, 10, size=1347)
    yield Race(
        f"{EPOCHS} epochs, 64-32-32-32-10, 1347 points",
        "bare torch loop",
        goal=1.3,
        ours=lambda: _ours(X, y),
        theirs=lambda: _bare(torch.from_numpy(X).float(), torch.from_numpy(y)),
        repeats=5,
    )
    images = X.reshape(-1, 1, 8, 8)
    yield Race(
        f"an epoch of PGD-{STEPS}, small CNN, 1347 digits",
        "the passes it cannot do without",
        goal=1.08,
        ours=lambda: _ours_attacked(images, y),
        theirs=lambda: _passes(torch.from_numpy(images).float(), torch.from_numpy(y)),
        repeats=5,
    )


def _ours(X: np.ndarray, y: np.ndarray) -> float:
    model = mlp((64, 32, 32, 32, 10), rng=0)
    history = fit(model, (X, y), epochs=EPOCHS, batch_size=64, progress=False, rng=0)
    return float(history.last["train_loss"])


def _bare(X: torch.Tensor, y: torch.Tensor) -> float:
    model = mlp((64, 32, 32, 32, 10), rng=0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    shuffle = torch.Generator().manual_seed(0)
    for _ in range(EPOCHS):
        total = 0.0
        for rows in torch.randperm(len(X), generator=shuffle).split(64):
            optimiser.zero_grad()
            loss = torch.nn.functional.cross_entropy(model(X[rows]), y[rows])
            loss.backward()
            optimiser.step()
            total += loss.item() * len(rows)
    return total / len(X)


def _ours_attacked(X: np.ndarray, y: np.ndarray) -> float:
    how = {"method": "pgd", "eps": EPS, "attack_steps": STEPS}
    history = fit(small_cnn(rng=0), (X, y), epochs=1, batch_size=64, progress=False, rng=0, **how)
    return float(history.last["train_loss"])


def _passes(X: torch.Tensor, y: torch.Tensor) -> float:
    """Forward and input-backward as often as the attack has steps, then one step of SGD."""
    model = small_cnn(rng=0)
    optimiser = torch.optim.SGD(model.parameters(), lr=0.05, momentum=0.9)
    shuffle = torch.Generator().manual_seed(0)
    total = 0.0
    for rows in torch.randperm(len(X), generator=shuffle).split(64):
        clean, labels = X[rows], y[rows]
        points = clean
        model.requires_grad_(False)
        for _ in range(STEPS):
            points.requires_grad_()
            loss = torch.nn.functional.cross_entropy(model(points), labels, reduction="sum")
            (gradient,) = torch.autograd.grad(loss, points)
            points = clean + EPS * gradient.sign()  # no projection, no start: less than an attack
        model.requires_grad_(True)
        optimiser.zero_grad()
        loss = torch.nn.functional.cross_entropy(model(points), labels)
        loss.backward()
        optimiser.step()
        total += loss.item() * len(rows)
    return total / len(X)
