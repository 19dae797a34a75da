"""One network, one budget, and attacks that report too much robustness without an error."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.experiments.digits import digits_network
from lipkit.experiments.worst_point import score_of, worst_point
from lipkit.networks import ReluNetwork

if TYPE_CHECKING:
    from torch import Tensor, nn

EPS = 0.2
SCALE = 1000.0
GREY_LEVELS = 16  # of a digit's pixel, besides 0
LONG = 1.0  # a step that leaves every ball here, wherever in it the step begins
MOON_EPS = 0.3


@dataclass(frozen=True)
class Failure:
    """The robust accuracy that an attack reports, the least one known, and the attack's flags.

    Both accuracies are upper answers, for the same points and the same ball.
    """

    claimed: float
    known: float
    flags: tuple[str, ...]

    @property
    def names(self) -> str:
        """The flags without their details."""
        return ", ".join(flag.split(":")[0] for flag in self.flags) or "none"


@dataclass(frozen=True, eq=False)
class _Case:
    """What the attack is shown, whose decisions count, and how the attack is called."""

    seen: Callable[..., Any]
    judged: Callable[..., Any]
    options: dict[str, Any]


def quiet_failures(
    *, images: int = 200, steps: int = 40, seed: int = 0, epochs: int = 30
) -> dict[str, Failure]:
    r"""PGD on the first test digits, :math:`\ell_\infty`, eps 0.2, done well and done wrong.

    The network is that of the digits, in single precision; no case but "quantised" changes a
    decision of it, and "long" does no harm here: see :func:`step_lengths`. ``known`` is what
    remains after APGD on the cross-entropy, targeted APGD, and the case's own attack, judged by the
    same model.
    """
    import torch

    from lipkit.attacks import pgd, robust_accuracy

    network, split = digits_network(seed, epochs=epochs)
    X = torch.tensor(split.test.X[:images], dtype=torch.float32)
    y = torch.tensor(split.test.y[:images])
    plain = network.to_torch(torch.float32)
    best = robust_accuracy(plain, X, y, eps=EPS, steps=2 * steps, rng=seed)
    found = {}
    for name, case in _cases(network, plain):
        result = pgd(case.seen, X, y, **{"eps": EPS, "steps": steps, "rng": seed} | case.options)
        stands = _right(case.judged, X, y) & _right(case.judged, result.adversarial, y)
        least = stands & _right(case.judged, best.adversarial, y)
        found[name] = Failure(float(stands.mean()), float(least.mean()), result.flags)
    return found


def _cases(network: ReluNetwork, plain: "nn.Module") -> Iterator[tuple[str, _Case]]:
    import torch

    yield "sound", _Case(plain, plain, {})
    yield "units", _Case(plain, plain, {"eps": EPS / 255})
    yield "short", _Case(plain, plain, {"steps": 10, "step_size": 1 / 255})
    yield "long", _Case(plain, plain, {"step_size": LONG})
    yield "one step", _Case(plain, plain, {"steps": 1, "step_size": EPS, "random_start": False})
    loud = scaled(network, SCALE)
    yield "saturated", _Case(loud, loud, {})

    def quantised(x: "Tensor") -> "Tensor":
        logits: Tensor = plain(torch.round(x * GREY_LEVELS) / GREY_LEVELS)
        return logits

    yield "quantised", _Case(quantised, quantised, {})
    dropping = _with_dropout(plain)
    yield "training mode", _Case(lambda x: dropping(x), plain, {})


def step_lengths(*, points: int = 37, steps: int = 40, seed: int = 0) -> dict[str, Failure]:
    r"""PGD on the upper moon, :math:`\ell_\infty`, eps 0.3: "default" steps, and "long" ones of 1.

    The points are equally spaced, from 0 to 180 degrees; the network that of ``worst_point``, whose
    exact least margins make ``known`` the exact robust accuracy.
    """
    from lipkit.attacks import pgd

    angles = np.linspace(0, 180, points)
    seen = [worst_point("network", np.inf, MOON_EPS, angle) for angle in angles]
    stands = np.array([at["worst"] > 0 for at in seen])
    X, y = np.array([[at["x"], at["y"]] for at in seen]), np.ones(points, dtype=np.int64)
    logits = score_of("network").with_readout([[0.0], [1.0]])
    found = {}
    for name, size in (("default", None), ("long", LONG)):
        result = pgd(logits, X, y, eps=MOON_EPS, steps=steps, step_size=size, bounds=None, rng=seed)
        found[name] = Failure(1 - result.success_rate, float(stands.mean()), result.flags)
    return found


def scaled(network: ReluNetwork, factor: float) -> "nn.Module":
    """The network with all logits times a factor, in single precision: the same decisions."""
    import torch

    return network.with_readout(factor * np.eye(network.output_dim)).to_torch(torch.float32)


def _with_dropout(model: "nn.Module") -> "nn.Module":
    """The same layers with dropout after each ReLU, left in training mode."""
    from torch import nn

    layers: list[nn.Module] = []
    for layer in model.children():
        layers += [layer, nn.Dropout(0.5)] if isinstance(layer, nn.ReLU) else [layer]
    return nn.Sequential(*layers).train()


def _right(model: Callable[..., Any], X: "Tensor", y: "Tensor") -> NDArray[np.bool_]:
    import torch

    with torch.no_grad():
        return np.asarray((model(X).argmax(dim=1) == y).numpy())


def claims_by_scale(
    scales: Any,
    losses: tuple[str, ...] = ("ce", "dlr", "margin"),
    *,
    images: int = 200,
    steps: int = 40,
    eps: float = EPS,
    seed: int = 0,
    epochs: int = 30,
) -> dict[str, Array]:
    """The robust accuracy that PGD reports when all logits are multiplied, for each loss."""
    from lipkit.attacks import pgd

    network, split = digits_network(seed, epochs=epochs)
    X, y = split.test.X[:images], split.test.y[:images]
    models = [scaled(network, float(scale)) for scale in scales]
    return {
        loss: np.array(
            [
                1 - pgd(m, X, y, eps=eps, steps=steps, loss=loss, rng=seed).success_rate
                for m in models
            ]
        )
        for loss in losses
    }
