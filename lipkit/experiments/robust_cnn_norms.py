"""Layer norms and robustness of one network, trained plainly or against an attack.

Tier ``full`` is the protocol of Liang and Huang's comparison of robust networks as their code has
it (digest of layer norms, sections 7.1 and 7.3), on CIFAR-10 from a folder of yours::

    python -m lipkit.experiments robust_cnn_norms --tier full --seeds 1 --out pgd-resnet18.json \
        --set folder=DATA --set checkpoints=RUNS --set method=pgd --set architecture=resnet18

once for each method, standard, pgd, trades, alp, and each architecture, resnet18, vgg11, two of
their four; they start from other weights. A run that was stopped goes on from its file in RUNS. The
smaller tiers train a small network on scikit-learn's digits.

Their comparison of regularisers has another step size and a far weaker attack::

    python -m lipkit.experiments robust_cnn_norms --tier full --seeds 1 --out decay-resnet18.json \
        --set folder=DATA --set checkpoints=RUNS --set method=standard --set architecture=resnet18 \
        --set lr=0.01 --set eps_test=0.00392156862745098 \
        --set penalty=norm_decay_l1 --set strength=1e-3

with ``penalty`` none, weight_decay, norm_decay_l1 or norm_decay_sup at ``strength`` 1e-5 to 1e-1,
the two last also with ``gain_cap=5``, or svc at ``strength`` 2, 1.5, 1, .5, .1, the bound.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from lipkit import _validate
from lipkit.data import Points, Split, cifar10, digits
from lipkit.experiments._registry import experiment

if TYPE_CHECKING:
    from torch import nn

    from lipkit.training import Penalty

PENALTIES = ("none", "weight_decay", "norm_decay_l1", "norm_decay_sup", "svc")

_DIGITS = {
    "data": "digits",
    "folder": "",
    "architecture": "small_cnn",
    "method": "pgd",
    "width": 16,
    "epochs": 8,
    "batch_size": 64,
    "lr": 0.05,
    "schedule": "step",
    "eps": 0.1,
    "beta": 1.0,
    "attack_steps": 5,
    "step_size": 0.05,
    "start": 0.001,
    "augment": False,
    "eps_test": 0.1,
    "steps_test": 20,
    "n_train": 0,
    "n_attacked": 200,
    "penalty": "none",
    "strength": 0.0,
    "gain_cap": 0.0,
    "checkpoints": "",
    "device": "auto",
}
_TINY = {"width": 4, "epochs": 2, "attack_steps": 2, "steps_test": 3}
_PAPER = {
    "data": "cifar10",
    "architecture": "resnet18",
    "width": 64,
    "epochs": 120,
    "batch_size": 128,
    "lr": 0.1,
    "eps": 0.031,
    "attack_steps": 10,
    "step_size": 0.007,
    "augment": True,
    "eps_test": 8 / 255,
    "steps_test": 100,
    "n_attacked": 1024,
}


@experiment(
    sizes={
        "test": {**_DIGITS, **_TINY, "n_train": 200, "n_attacked": 40},
        "quick": _DIGITS,
        "standard": {**_DIGITS, "epochs": 20, "attack_steps": 7, "steps_test": 40, "n_attacked": 0},
        "full": {**_DIGITS, **_PAPER},
    },
    seeds={"test": 1, "quick": 1, "standard": 3, "full": 1},
)
def robust_cnn_norms(params: dict[str, Any], seed: int) -> dict[str, Any]:
    """One training, its accuracies, clean and under attack, and the norms of its layers.

    ``clean`` is the accuracy on all test images; ``robust`` that under APGD on the cross-entropy
    and targeted APGD at ``eps_test``, an upper answer, on ``n_attacked`` of them drawn by the seed
    (0: all). ``robust_by_epoch`` is on the same images, under the attack of the training.
    ``conv_l1``, ``linear_l1``, ``bn_l1`` hold the norms of the layers one by one in their order,
    ``fused_l1`` those of each convolution together with its BatchNorm, and ``constant_l1`` is the
    upper answer for the network that these give; the same with ``_sup``. Medians over the attacked
    images: ``margin``; ``slope``, the local slope (a lower answer of the local constant, sup norm);
    ``reach``, at which the first pair of logits would tie if the network were linear (an estimate).
    ``gain_cap`` 0 leaves the gains of BatchNorm alone; above 0 every gain is cut down to it before
    each step, where the authors' code cuts one channel of a layer.
    """
    from lipkit.attacks import robust_accuracy

    split = _data(params, seed)
    model, attacked = _model(params, seed), _some(split.test, params["n_attacked"], seed)
    history = _train(model, split.train, attacked, params, seed)
    found = robust_accuracy(
        model.eval(), *attacked, eps=params["eps_test"], steps=params["steps_test"], rng=seed
    )
    return {
        "clean": _accuracy(model, split.test),
        "robust": found.value,
        **{f"robust_{name.replace('-', '_')}": v for name, v in found.per_attack.items()},
        "clean_by_epoch": np.array([row["validation_accuracy"] for row in history.rows]),
        "robust_by_epoch": np.array([row["validation_robust_accuracy"] for row in history.rows]),
        **local(model, attacked),
        **_norms(model, split.train.X.shape[1:]),
    }


def _data(params: dict[str, Any], seed: int) -> Split:
    if _validate.one_of(params["data"], "data", ("digits", "cifar10")) == "digits":
        train, test = (Points(X.reshape(-1, 1, 8, 8), y) for X, y in digits(rng=seed))
    else:
        if not params["folder"]:
            raise ValueError(
                "folder: got '', expected where CIFAR-10's files are; --set folder=DATA on the "
                "command line"
            )
        train, test = cifar10(params["folder"])
    return Split(_some(train, params["n_train"], seed), test)


def _some(points: Points, n: int, seed: int) -> Points:
    """As many of the points, drawn by the seed, or all of them for n = 0."""
    if not n:
        return points
    rows = np.random.default_rng(seed).permutation(len(points.y))[:n]
    return Points(points.X[rows], points.y[rows])


def _model(params: dict[str, Any], seed: int) -> "nn.Sequential":
    from lipkit.training import resnet18, small_cnn, vgg11

    shape = (1, 8, 8) if params["data"] == "digits" else (3, 32, 32)
    names = ("small_cnn", "vgg11", "resnet18")
    name = _validate.one_of(params["architecture"], "architecture", names)
    if name == "small_cnn":
        return small_cnn(shape, width=params["width"], batch_norm=True, rng=seed)
    return (vgg11 if name == "vgg11" else resnet18)(shape, width=params["width"], rng=seed)


def _train(
    model: "nn.Sequential", train: Points, watched: Points, params: dict[str, Any], seed: int
) -> Any:
    import torch

    from lipkit.training import CropFlip, fit

    device = params["device"]
    if device == "auto":
        device = "cuda" if torch.cuda.is_available() else "cpu"
    method = params["method"]
    penalty = _penalty(params, train.X.shape[1:])
    added = f"{params['penalty']}-{params['strength']:g}-{params['gain_cap']:g}-" if penalty else ""
    file = f"{params['architecture']}-{method}-{added}{seed}.pt"
    return fit(
        model,
        train,
        method=method,
        eps=params["eps"],
        attack_steps=params["attack_steps"],
        attack_step_size=params["step_size"],
        attack_start=params["start"],
        beta=params["beta"] if method in ("trades", "alp") else None,
        penalty=penalty,
        augment=CropFlip() if params["augment"] else None,
        epochs=params["epochs"],
        batch_size=params["batch_size"],
        lr=params["lr"],
        schedule=params["schedule"],
        validation=watched,
        checkpoint=Path(params["checkpoints"]) / file if params["checkpoints"] else None,
        device=device,
        progress=params["data"] == "cifar10",
        rng=seed,
    )


def _penalty(params: dict[str, Any], shape: tuple[int, ...]) -> "Penalty | None":
    """What is done to the weights; as theirs, clipping every 100 steps renews no statistics."""
    from lipkit.training import NormDecay, SingularValueClipping, WeightDecay

    name = _validate.one_of(params["penalty"], "penalty", PENALTIES)
    strength, cap = params["strength"], params["gain_cap"] or None
    if cap is not None and not name.startswith("norm_decay"):
        raise ValueError(f"gain_cap: got {cap:g} with penalty {name!r}, expected norm decay")
    if name == "none":
        if strength:
            raise ValueError(f"strength: got {strength:g} without a penalty, expected 0")
        return None
    if name == "weight_decay":
        return WeightDecay(strength)
    if name == "svc":
        return SingularValueClipping(strength, input_shape=shape)
    p = 1 if name.endswith("l1") else np.inf
    return NormDecay(strength, p, input_shape=shape, gain_cap=cap)


def local(model: "nn.Module", points: Points) -> dict[str, float]:
    """Medians over the points of margin, local slope and linear reach, for the sup norm."""
    import torch

    from lipkit.certificates import linear_radius, local_slope, margin

    like = next(model.parameters())
    with torch.no_grad():
        logits = model(torch.from_numpy(points.X).to(like.device, like.dtype)).double().cpu()
    return {
        "margin": float(np.median(margin(logits.numpy(), points.y))),
        "slope": float(np.median(local_slope(model, points.X, points.y, np.inf))),
        "reach": float(np.median(linear_radius(model, points.X, points.y, np.inf))),
    }


def _accuracy(model: "nn.Sequential", points: Points) -> float:
    import torch

    like = next(model.parameters())
    right = 0
    with torch.no_grad():
        for start in range(0, len(points.y), 512):
            part = torch.from_numpy(points.X[start : start + 512]).to(like.device, like.dtype)
            found = model(part).argmax(dim=1).cpu().numpy()
            right += int((found == points.y[start : start + 512]).sum())
    return right / len(points.y)


def _norms(model: "nn.Sequential", shape: tuple[int, ...]) -> dict[str, Any]:
    from lipkit.norms import layer_lipschitz, layer_norms

    kinds = {
        "conv": "Conv2d",
        "linear": "Linear",
        "bn": "BatchNorm2d",
        "fused": "Conv2d+BatchNorm2d",
    }
    found: dict[str, Any] = {}
    for suffix, p in (("l1", 1), ("sup", np.inf)):
        plain = layer_norms(model, shape, p)
        pairs = [r for r in layer_norms(model, shape, p, fuse_bn=True) if "+" in r.kind]
        for name, kind in kinds.items():
            values = [r.norm.value for r in (*plain, *pairs) if r.kind == kind and r.norm]
            found[f"{name}_{suffix}"] = np.array(values)
        found[f"constant_{suffix}"] = layer_lipschitz(model, p, input_shape=shape).value
    return found
