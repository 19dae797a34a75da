"""Four ways to shrink the layers of a small network, beside none, in four regimes of data."""

import math
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.data import Points, Split
from lipkit.experiments import cnn_measures as measure
from lipkit.experiments._registry import experiment
from lipkit.experiments._results import StoredResult
from lipkit.experiments._student import mean_and_half_width

if TYPE_CHECKING:
    from torch import nn

REGIMES: dict[str, dict[str, Any]] = {
    "all": {"n": 0, "noise": 0.0, "batch_norm": False, "epochs": 12, "lr": 0.02},
    "normalised": {"n": 0, "noise": 0.0, "batch_norm": True, "epochs": 12, "lr": 0.05},
    "scarce": {"n": 150, "noise": 0.0, "batch_norm": False, "epochs": 60, "lr": 0.02},
    "noisy": {"n": 150, "noise": 0.2, "batch_norm": False, "epochs": 60, "lr": 0.02},
}
"""Training digits (0: all that are left), share of random labels, and how it is trained."""

METHODS: dict[str, tuple[float, float, float]] = {
    "weight": (1e-3, 1e-2, 1e-1),
    "sup": (1e-3, 1e-2, 1e-1),
    "one": (1e-3, 1e-2, 1e-1),
    "clip": (2.0, 1.0, 0.5),
}
"""Weight decay, norm decay for p = inf and p = 1, singular value clipping: three strengths each,
the mild one first."""

_SETTING: dict[str, Any] = {
    "regimes": tuple(REGIMES),
    "methods": tuple(METHODS),
    "width": 16,
    "share": 1.0,
    "n_validation": 300,
    "eps": 0.1,
    "steps_test": 20,
}


@experiment(
    sizes={
        "test": _SETTING | {"width": 4, "share": 0.05, "steps_test": 2},
        "quick": _SETTING | {"regimes": ("noisy",), "methods": ("sup",)},
        "standard": _SETTING,
        "full": _SETTING | {"width": 32, "share": 2.0, "steps_test": 100},
    },
    seeds={"test": 2, "quick": 1, "standard": 8, "full": 20},
)
def shrunken_cnns(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Every method at every strength, from one start, on one split, in one order of the batches.

    Axes: ``regimes``, ``methods``, three strengths; ``plain_…`` has the first only. Accuracies on
    the ``train`` and ``validation`` labels, random ones included, and on the ``test`` images;
    ``robust`` on those under attacks of sup radius ``eps`` (kind: upper). ``product`` of the
    layers' sup norms, each convolution with its BatchNorm, and ``path``, the same of absolute
    weights multiplied out: both upper answers of the constant. One more axis: ``layers``, the norms
    of three convolutions and a linear layer by themselves, and ``gains``, those of BatchNorm or 1.
    After clipping the statistics of BatchNorm are counted anew. ``share`` multiplies the epochs.
    """
    found: dict[str, list[Any]] = {}
    for regime in params["regimes"]:
        setting = REGIMES[_validate.one_of(regime, "regimes", tuple(REGIMES))]
        train, validation, test = _points(setting, params["n_validation"], seed)
        plain = _run("", 0.0, (train, validation, test), setting, params, seed)
        rows = [
            [_run(name, c, (train, validation, test), setting, params, seed) for c in METHODS[name]]
            for name in params["methods"]
        ]
        for key, value in plain.items():
            found.setdefault(f"plain_{key}", []).append(value)
            found.setdefault(key, []).append([[run[key] for run in row] for row in rows])
    return {name: np.round(values, 4) for name, values in found.items()}


def together(files: Sequence[StoredResult]) -> dict[str, Array]:
    """The data of stored runs, each of other regimes and the same seeds, joined along the regimes.

    Each array gets the axis of the seeds in front of that of the regimes, as in one file of all.
    Raises ``ValueError`` for no file, or for files of different seeds.
    """
    if len({tuple(file.seeds) for file in files}) != 1:
        raise ValueError(
            f"files: got the seeds {[file.seeds for file in files]}, expected the same in all"
        )
    return {
        name: np.concatenate([np.asarray(file.data[name]) for file in files], axis=1)
        for name in files[0].data
    }


def chosen(validation: ArrayLike) -> Array:
    """Which strength each seed chooses: the best on validation, the mildest of several.

    ``validation`` is ``(..., strengths)``, mild first; indices of shape ``(...)``.

    >>> chosen([[0.5, 0.75, 0.75], [0.5, 0.25, 0.0]])
    array([1, 0])
    """
    return np.asarray(np.argmax(np.asarray(validation), axis=-1))


def taken(values: ArrayLike, at: ArrayLike) -> Array:
    """The entries of ``values``, ``(..., strengths)``, at the strengths ``at``, ``(...)``.

    >>> taken([[1, 2, 3], [4, 5, 6]], [1, 0])
    array([2, 4])
    """
    index = np.asarray(at)[..., None]
    return np.asarray(np.take_along_axis(np.asarray(values), index, axis=-1)[..., 0])


def paired(method: ArrayLike, plain: ArrayLike, *, level: float = 0.95) -> tuple[Array, Array]:
    r"""The mean difference of pairs and the half width of its t interval, :math:`t s/\sqrt n`.

    The first axis holds the n pairs, at least two; ``ValueError`` for fewer. [Student's t for
    normal differences.]

    >>> mean, half = paired([1.0, 2.0, 3.0], [0.0, 1.0, 1.0])
    >>> round(float(mean), 3), round(float(half), 3)
    (1.333, 1.434)
    """
    gaps = np.asarray(method, dtype=float) - np.asarray(plain, dtype=float)
    return mean_and_half_width(gaps, level)


def _points(setting: dict[str, Any], held: int, seed: int) -> tuple[Points, Points, Points]:
    """Training, validation and test; the first two with their share of random labels."""
    train, test = measure.digit_images(seed)
    draws = np.random.default_rng([seed, 1])
    order = draws.permutation(len(train.y))
    random, other = draws.random(len(train.y)), draws.integers(10, size=len(train.y))
    y = np.where(random < setting["noise"], other, train.y)
    end = held + setting["n"] if setting["n"] else None
    kept, watched = order[held:end], order[:held]
    return Points(train.X[kept], y[kept]), Points(train.X[watched], y[watched]), test


def _run(
    method: str,
    strength: float,
    points: tuple[Points, Points, Points],
    setting: dict[str, Any],
    params: dict[str, Any],
    seed: int,
) -> dict[str, Any]:
    from lipkit.training import fit, renew_batch_norm, small_cnn

    train, validation, test = points
    normalised = setting["batch_norm"]
    model = small_cnn(measure.IMAGE, width=params["width"], batch_norm=normalised, rng=seed)
    size = {"epochs": max(1, round(params["share"] * setting["epochs"])), "lr": setting["lr"]}
    penalty = _penalty(method, strength)
    fit(model, train, **size, batch_size=64, penalty=penalty, progress=False, rng=seed)
    if method == "clip" and normalised:
        renew_batch_norm(model, train.X)
    split = Split(train, test)
    return {
        "validation": measure.accuracy(model.eval(), validation),
        **_of(model, split, params, seed),
    }


def _penalty(method: str, strength: float) -> Any:
    from lipkit.training import NormDecay, SingularValueClipping, WeightDecay

    if not method:
        return None
    if method == "weight":
        return WeightDecay(strength)
    if method == "clip":
        return SingularValueClipping(strength, input_shape=measure.IMAGE, every=20)
    return NormDecay(strength, {"sup": math.inf, "one": 1.0}[method], input_shape=measure.IMAGE)


def _of(model: "nn.Sequential", split: Split, params: dict[str, Any], seed: int) -> dict[str, Any]:
    every, found = measure.sup_norms(model, fused=False), measure.gains(model)
    layers = every if not len(found) else every[[0, 2, 4, 6]]
    return {
        "train": measure.accuracy(model, split.train),
        "test": measure.accuracy(model, split.test),
        "robust": measure.standing(model, split.test, params["eps"], params["steps_test"], seed),
        "product": math.prod(measure.sup_norms(model, fused=True)),
        "path": measure.path_bound(model),
        "layers": layers,
        "gains": found if len(found) else np.ones(3),
    }
