"""A convolution and its BatchNorm, times a number: what moves, and what does not."""

from copy import deepcopy
from itertools import product
from typing import TYPE_CHECKING, Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import Points, Split, digits
from lipkit.experiments._registry import experiment
from lipkit.experiments._results import StoredResult

if TYPE_CHECKING:
    from torch import nn

POWERS = tuple(np.linspace(-5, 5, 21).tolist())
PARTS = ("kernel", "gains and shifts")
STATISTICS = ("counted anew", "left as they were")
MEASURES = ("layer", "fused", "product", "radius", "change", "clean", "robust")
SHAPE = (1, 8, 8)
_SETTING: dict[str, Any] = {
    "width": 16, "epochs": 15, "method": "standard", "layers": (0, 1, 2), "powers": POWERS,
    "eps": 0.1, "steps": 20, "images": 200,
}  # fmt: skip


@experiment(
    sizes={
        "test": _SETTING
        | {"width": 4, "epochs": 2, "powers": (-3.0, 0.0, 2.0), "steps": 3, "images": 40},
        "quick": _SETTING | {"layers": (0,), "powers": (-3.0,)},
        "standard": _SETTING,
        "full": _SETTING | {"epochs": 40, "steps": 100, "images": 450},
    },
    seeds={"test": 1, "quick": 1, "standard": 1, "full": 20},
)
def batch_norm_gauge(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""A trained network in which one part of one layer is multiplied by :math:`10^k`.

    Axes: ``layers``, the :data:`PARTS` (the kernel, or gains and shifts of its BatchNorm), the
    :data:`STATISTICS`, ``powers`` k. All norms are sup norms: ``layer`` of the convolution and
    ``fused`` of convolution and BatchNorm together (exact), ``product`` of all fused norms and the
    linear layer's (upper, for the network). ``radius`` is the median over the test images of the
    radius that margin over ``product`` certifies (lower); ``change`` the largest change of a logit
    at these images over the largest logit before; both in float64. ``clean`` is the accuracy on
    all of them; ``robust`` that under PGD on the margin at radius ``eps``, an upper answer, at
    ``images`` of them. Statistics are counted on all training images at once.
    """
    model, split = gauge_network(params, seed)
    axes = (params["layers"], PARTS, STATISTICS, params["powers"])
    found = {name: np.zeros([len(axis) for axis in axes]) for name in MEASURES}
    for at in product(*(range(len(axis)) for axis in axes)):
        layer, part, kept, power = (axis[i] for axis, i in zip(axes, at, strict=True))
        anew = kept == STATISTICS[0]
        scaled = rescaled(model, layer, 10.0**power, split, part=part, anew=anew)
        for name, value in measured(scaled, model, layer, split.test, params, seed).items():
            found[name][at] = value
    return found


def gauge_network(params: dict[str, Any], seed: int) -> tuple["nn.Sequential", Split]:
    """The digits network with BatchNorm, its statistics those of the training images."""
    from lipkit.training import fit, renew_batch_norm, small_cnn

    train, test = (Points(X.reshape(-1, *SHAPE), y) for X, y in digits(rng=seed))
    model = small_cnn(SHAPE, width=params["width"], batch_norm=True, rng=seed)
    how: dict[str, Any] = {"epochs": params["epochs"], "batch_size": 64, "schedule": "step"}
    fit(model, train, method=params["method"], eps=params["eps"], **how, progress=False, rng=seed)
    renew_batch_norm(model, train.X, batch_size=len(train.X))
    return model.eval(), Split(train, test)


def rescaled(
    model: "nn.Sequential", layer: int, factor: Any, split: Split, *, part: str, anew: bool
) -> "nn.Sequential":
    """A copy in which a part of one layer is multiplied; one factor, or one for each channel.

    ``anew`` counts the statistics of every BatchNorm again on the training images, all at once.
    """
    import torch

    from lipkit.training import renew_batch_norm

    copy = deepcopy(model)
    conv, norm = layer_pair(copy, layer)
    with torch.no_grad():
        scale = torch.as_tensor(factor, dtype=conv.weight.dtype)
        if part == PARTS[0]:
            conv.weight.mul_(scale.reshape(-1, 1, 1, 1))
        else:
            norm.weight.mul_(scale)
            norm.bias.mul_(scale)
    if anew:
        renew_batch_norm(copy, split.train.X, batch_size=len(split.train.X))
    return copy


def layer_pair(model: "nn.Sequential", layer: int) -> tuple[Any, Any]:
    """The convolution of this number, and the BatchNorm behind it."""
    return model[3 * layer], model[3 * layer + 1]


def stretch(variance: Any, factor: Any, eps: float = 1e-5) -> Array:
    r"""By how much BatchNorm's output stretches, :math:`\sqrt{(v+\epsilon)/(v+\epsilon/c^2)}`.

    For a convolution times ``factor``, c > 0, whose statistics are counted anew; ``variance`` is v
    before, ``eps`` BatchNorm's own constant. [Derived, chapter *Large norms*.]

    >>> stretch([1.0, 1e-6], 0.01).round(4)
    array([0.9535, 0.0105])
    """
    v = np.asarray(variance, dtype=float)
    return np.asarray(np.sqrt((v + eps) / (v + eps / np.asarray(factor) ** 2)))


def measured(
    scaled: "nn.Sequential",
    model: "nn.Sequential",
    layer: int,
    test: Points,
    params: dict[str, Any],
    seed: int,
) -> dict[str, float]:
    """The :data:`MEASURES` of one copy, beside the model it was made from."""
    from lipkit.attacks import pgd
    from lipkit.certificates import certified_radius
    from lipkit.norms import layer_lipschitz, layer_norms

    before, after = (logits(each, test.X) for each in (model, scaled))
    rows = np.random.default_rng(seed).permutation(len(test.y))[: params["images"]]
    X, y = test.X[rows], test.y[rows]
    how: dict[str, Any] = {"eps": params["eps"], "steps": params["steps"], "rng": seed}
    hit = pgd(scaled, X, y, loss="margin", **how).success.numpy()
    records = layer_norms(scaled, SHAPE, np.inf), layer_norms(scaled, SHAPE, np.inf, fuse_bn=True)
    own, fused = ([r.norm for r in each if r.kind.startswith("Conv")][layer] for each in records)
    bound = layer_lipschitz(scaled, np.inf, input_shape=SHAPE)
    return {
        "layer": float(own),  # type: ignore[arg-type]
        "fused": float(fused),  # type: ignore[arg-type]
        "product": float(bound),
        "radius": float(np.median(certified_radius(after, test.y, bound))),
        "change": float(np.abs(after - before).max() / np.abs(before).max()),
        "clean": float(np.mean(after.argmax(axis=1) == test.y)),
        "robust": float(np.mean((after[rows].argmax(axis=1) == y) & ~hit)),
    }


def logits(model: "nn.Sequential", X: Array) -> Array:
    """The outputs, in float64."""
    import torch

    with torch.no_grad():
        return np.asarray(deepcopy(model).double().eval()(torch.from_numpy(X)).numpy())


def gauge_view(
    pair: int, part: str, statistics: str, power: float, *, runs: StoredResult
) -> dict[str, Any]:
    """What the explorer draws: the stored measures of one layer against the power of ten.

    ``pair`` is 1, 2 or 3, ``part`` one of :data:`PARTS`, ``statistics`` of :data:`STATISTICS`.
    Every measure at ``power``; and over ``powers`` the curves of all but the radius, such as
    ``clean_curve``; the change is NaN where there is none. Raises ``ValueError`` for a power that
    was not stored.
    """
    powers = np.asarray(runs.params["powers"])
    places = np.flatnonzero(np.isclose(powers, power))
    if not len(places):
        raise ValueError(f"power: got {power:g}, expected one of the stored {powers.tolist()}")
    place = list(runs.params["layers"]).index(pair - 1)
    at = (0, place, PARTS.index(part), STATISTICS.index(statistics))
    rows = {name: np.asarray(runs.data[name])[at] for name in MEASURES}
    return {
        "powers": powers,
        **{f"{name}_curve": rows[name] for name in MEASURES if name != "radius"},
        "change_curve": np.where(rows["change"] > 0, rows["change"], np.nan),
        **{name: float(values[places[0]]) for name, values in rows.items()},
    }
