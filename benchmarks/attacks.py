"""Attacks against the bare model passes that they cannot do without, and against the peers."""

from collections.abc import Callable, Iterator

import foolbox
import pyautoattack
import torch
import torchattacks
from torch import Tensor, nn
from torch.nn import functional as F

from benchmarks._race import Measure, Race
from lipkit.attacks import apgd, pgd, pgd_batch, robust_accuracy
from lipkit.data import digits
from lipkit.training import fit

STEPS = 40
EPS = 0.1
POINTS = 256


def races() -> Iterator[Race]:
    """The same steps of the same network on the same images."""
    for name, model, goals in (("CNN", cnn(), (1.05, 1.25)), ("MLP", mlp(), (1.15, 2.0))):
        x, y = images()
        passes = f"{STEPS} x forward + input-backward"
        yield Race(
            f"PGD-{STEPS}, {name}, {POINTS} digits",
            passes,
            goal=goals[0],
            ours=_ours(pgd, model, x, y),
            theirs=lambda model=model, x=x, y=y: bare(model, x, y),
        )
        yield Race(
            f"APGD-{STEPS}, {name}, {POINTS} digits",
            passes,
            goal=goals[1],
            ours=_ours(apgd, model, x, y),
            theirs=lambda model=model, x=x, y=y: bare(model, x, y),
        )
        yield Race(
            f"PGD-{STEPS}, last point only, {name}",
            "torchattacks PGD",
            goal=1.0,
            ours=lambda model=model, x=x, y=y: _share(
                model, pgd_batch(model, x, y, eps=EPS, steps=STEPS), y
            ),
            theirs=lambda model=model, x=x, y=y: _share(model, _torchattacks(model, x, y), y),
        )
    model, (x, y) = cnn(), images()
    yield Race(
        f"PGD-{STEPS}, CNN, {POINTS} digits",
        "foolbox LinfPGD",
        goal=1 / 1.35,
        ours=_ours(pgd, model, x, y),
        theirs=lambda: _foolbox(model, x, y),
    )


def measures() -> Iterator[Measure]:
    """Robust accuracies that APGD finds beside the reference's, in 1/128: a smaller one is fine."""
    model = cnn()
    x, y = images(128)
    for norm, p, eps in (("Linf", torch.inf, EPS), ("L2", 2.0, 0.5)):
        ours = float(robust_accuracy(model, x, y, eps=eps, p=p))
        reference = pyautoattack.AutoAttack(
            model, attacks=["apgd-ce", "apgd-t"], eps=eps, norm=norm, seed=0, version="custom"
        )
        found = reference.run_standard_evaluation(x, y, batch_size=128)
        moved = found[0] if isinstance(found, tuple) else found
        excess = 128 * (ours - _share(model, moved, y))
        yield Measure(f"robust accuracy, APGD, {norm}, above pyautoattack's, x 128", excess, 1.0)


def images(n: int = POINTS) -> tuple[Tensor, Tensor]:
    """The first test digits, as images."""
    X, y = digits().test
    return torch.from_numpy(X[:n]).float().view(-1, 1, 8, 8), torch.from_numpy(y[:n])


def cnn() -> nn.Module:
    """The small convolutional network, trained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(1, 16, 3, padding=1),
            nn.ReLU(),
            nn.Conv2d(16, 32, 3, stride=2, padding=1),
            nn.ReLU(),
            nn.Conv2d(32, 32, 3, padding=1),
            nn.ReLU(),
            nn.Flatten(),
            nn.Linear(512, 10),
        )
    return _trained(model)


def mlp() -> nn.Module:
    """64-256-256-10, trained."""
    with torch.random.fork_rng():
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Flatten(),
            nn.Linear(64, 256),
            nn.ReLU(),
            nn.Linear(256, 256),
            nn.ReLU(),
            nn.Linear(256, 10),
        )
    return _trained(model)


def _trained(model: nn.Module) -> nn.Module:
    X, y = digits().train
    fit(model, (X.reshape(-1, 1, 8, 8), y), epochs=8, batch_size=64, progress=False)
    return model.eval()


def bare(model: nn.Module, x: Tensor, y: Tensor) -> float:
    """What no attack can do without, and nothing else."""
    for _ in range(STEPS):
        x = x.detach().requires_grad_()
        loss = F.cross_entropy(model(x), y, reduction="sum")
        (gradient,) = torch.autograd.grad(loss, x)
    return float(gradient.abs().max())


def _ours(attack: Callable, model: nn.Module, x: Tensor, y: Tensor) -> Callable[[], float]:
    return lambda: 1 - attack(model, x, y, eps=EPS, steps=STEPS).success_rate


def _torchattacks(model: nn.Module, x: Tensor, y: Tensor) -> Tensor:
    return torchattacks.PGD(model, eps=EPS, alpha=2.5 * EPS / STEPS, steps=STEPS)(x, y)


def _foolbox(model: nn.Module, x: Tensor, y: Tensor) -> float:
    wrapped = foolbox.PyTorchModel(model, bounds=(0, 1), device="cpu")
    attack = foolbox.attacks.LinfPGD(rel_stepsize=2.5 / STEPS, steps=STEPS)
    return 1 - attack(wrapped, x, y, epsilons=EPS)[2].float().mean().item()


def _share(model: nn.Module, x: Tensor, y: Tensor) -> float:
    with torch.no_grad():
        return (model(x).argmax(dim=1) == y).float().mean().item()
