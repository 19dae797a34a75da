"""The classifier that is robust with any constant, on digits: attacked, and certified."""

from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from lipkit.certificates import SteepClassifier, certified_radius, robust_steep_classifier
from lipkit.data import Points, digits
from lipkit.experiments._registry import experiment

if TYPE_CHECKING:
    from torch import nn

_SETTING: dict[str, Any] = {
    "eps": 0.1, "omegas": (0.0, 1e1, 1e2, 1e3, 1e4, 1e6), "n_train": 0, "images": 100, "steps": 20,
}  # fmt: skip


@experiment(
    sizes={
        "test": _SETTING | {"omegas": (0.0, 1e4), "n_train": 150, "images": 20, "steps": 5},
        "quick": _SETTING | {"omegas": (0.0, 1e2, 1e4, 1e6), "n_train": 400, "images": 60},
        "standard": _SETTING,
        "full": _SETTING | {"images": 450, "steps": 100},
    },
    seeds={"test": 1, "quick": 1, "standard": 4, "full": 20},
)
def steep_attacked(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Distances to the classes of training digits, a wave of frequency :math:`\omega` on top.

    For each of ``omegas``: ``lower``, ``upper``, the constant of the logits, sup norm; ``found``, a
    slope that was met inside the ball of a training image (lower). ``train`` and ``test``: the
    share of ``images`` of either side that stands under APGD on the margin at radius ``eps``;
    ``transfer``: of those test images, the share that stands also under the points found at the
    first of ``omegas`` (all three upper). ``by_constant``: the share of the training images that
    margin over constant certifies at ``eps`` (lower). ``separation`` is half the distance of the
    classes, ``margin`` the proven one. ``n_train`` 0: all training images.
    """
    split = digits(rng=seed)
    train = _some(split.train, params["n_train"], seed)
    sides = {"train": _some(train, params["images"], seed)}
    sides["test"] = _some(split.test, params["images"], seed)
    rows, first = [], None
    for omega in params["omegas"]:
        f = robust_steep_classifier(*train, eps=params["eps"], omega=omega)
        hits = {name: _attacked(f, side, params, seed) for name, side in sides.items()}
        stands = {name: ~hit.success.numpy() for name, hit in hits.items()}
        first = hits["test"].adversarial.numpy() if first is None else first
        also = f(first).argmax(axis=1) == sides["test"].y
        stands["transfer"] = stands["test"] & also
        rows.append({name: float(stood.mean()) for name, stood in stands.items()} | _sides(f))
    return {name: np.array([row[name] for row in rows]) for name in rows[0]} | {
        "separation": f.separation,
        "margin": f.margin,
    }


def as_module(f: SteepClassifier) -> "nn.Module":
    """The same classifier in torch, in float64, for attacks that need gradients."""
    import torch
    from torch import nn

    class Steep(nn.Module):
        points: torch.Tensor  # a buffer: attacks read their numbers' type off it

        def __init__(self) -> None:
            super().__init__()
            self.register_buffer("points", torch.from_numpy(f.points))
            self.members = [torch.from_numpy(f.labels == c) for c in np.unique(f.labels)]

        def forward(self, x: Any) -> Any:
            apart = torch.cdist(x, self.points, p=f.p)
            out = -torch.stack([apart[:, own].amin(dim=1) for own in self.members], dim=1)
            t = f.frequency * x[:, 0]
            wave = f.height * (1 - torch.abs((t + 1) % 4 - 2))
            up = torch.zeros_like(out[0])
            up[0], up[1] = 1, -1
            return out + wave[:, None] * up

    return Steep()


def _attacked(f: SteepClassifier, points: Points, params: dict[str, Any], seed: int) -> Any:
    from lipkit.attacks import apgd

    run = partial(apgd, loss="margin", eps=params["eps"], steps=params["steps"], rng=seed)
    return run(as_module(f), points.X, points.y)


def _sides(f: SteepClassifier) -> dict[str, float]:
    bounds = f.lipschitz
    radii = certified_radius(
        f(f.points), np.searchsorted(np.unique(f.labels), f.labels), bounds.upper
    )
    return {
        "lower": bounds.lower.value,
        "upper": bounds.upper.value,
        "found": _slope_inside(f),
        "by_constant": float(np.mean(radii > f.eps)),
    }


def _slope_inside(f: SteepClassifier) -> float:
    """The steepest of many short chords of the logits inside the ball of the first image."""
    step = min(f.eps / 1000, 0.01 / max(f.frequency, 1.0))
    t = np.linspace(0, f.eps - step, 200)
    line = np.repeat(f.points[:1], 2 * len(t), axis=0)
    line[:, 0] = np.clip(line[:, 0], 0, 1 - f.eps) + np.concatenate([t, t + step])
    out = f(line)
    return float(np.abs(out[len(t) :] - out[: len(t)]).max() / step)


def _some(points: Points, n: int, seed: int) -> Points:
    if not n:
        return points
    rows = np.random.default_rng(seed).permutation(len(points.y))[:n]
    return Points(points.X[rows], points.y[rows])
