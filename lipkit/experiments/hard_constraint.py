"""A small network on a table of tumours: plain, held to small norms, trained against an attack."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import Points, Split
from lipkit.experiments._registry import experiment

if TYPE_CHECKING:
    from torch import nn

TRAININGS = ("plain", "held", "attacked")
RADII = tuple(np.linspace(0, 0.6, 25).round(6).tolist())
_SETTING: dict[str, Any] = {
    "width": 32, "epochs": 60, "bound": 2.0, "eps": 0.3, "radii": RADII,
    "attacked_at": (0.05, 0.1, 0.2, 0.3, 0.45, 0.6), "steps": 40,
}  # fmt: skip


@experiment(
    sizes={
        "test": _SETTING | {"epochs": 3, "steps": 5, "attacked_at": (0.05, 0.3)},
        "quick": _SETTING,
        "standard": _SETTING,
        "full": _SETTING | {"epochs": 200, "steps": 200},
    },
    seeds={"test": 1, "quick": 1, "standard": 10, "full": 50},
)
def hard_constraint(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Breast cancer (scikit-learn, 30 standardised numbers), one hidden layer, three trainings.

    Rows: ``plain``; ``held``, where after each step both layers are projected to a sup norm of at
    most ``bound``; ``attacked``, on points that PGD finds within ``eps``. ``clean`` is the accuracy
    on 169 test points; ``norms`` those of both layers and ``constant`` their product, an upper
    answer, sup norm. ``by_product`` and ``by_pair``: at each of ``radii`` the share of the test
    points that margin over ``constant``, or the margin over the constant of the difference of the
    two logits, certifies (lower). ``stands``: at each of ``attacked_at`` the share that stands
    under APGD, on cross-entropy and on the margin (upper). Medians ``margin``, ``slope``, ``reach``
    as in :func:`robust_cnn_norms`. Radii are in standard deviations of a column, in every column.
    """
    split = tumours(seed)
    rows = [_row(name, split, params, seed) for name in TRAININGS]
    return {name: np.stack([row[name] for row in rows]) for name in rows[0]}


def tumours(seed: int) -> Split:
    """400 training and 169 test points, drawn by the seed; standardised by the training ones."""
    try:
        from sklearn.datasets import load_breast_cancer
    except ImportError as error:
        raise ImportError(
            "hard_constraint: got no scikit-learn, which holds these data; pip install "
            "'lipkit[data]'"
        ) from error
    X, y = load_breast_cancer(return_X_y=True)
    order = np.random.default_rng(seed).permutation(len(y))
    X, y = np.asarray(X, dtype=float)[order], np.asarray(y, dtype=np.int64)[order]
    X = (X - X[:400].mean(axis=0)) / X[:400].std(axis=0)
    return Split(Points(X[:400], y[:400]), Points(X[400:], y[400:]))


def trained(name: str, split: Split, params: dict[str, Any], seed: int) -> "nn.Sequential":
    """One of :data:`TRAININGS`, all from the same weights and with the same batches."""
    from lipkit.training import NormProjection, fit, mlp

    d = split.train.X.shape[1]
    model = mlp((d, params["width"], 2), rng=seed)
    held = NormProjection(params["bound"], np.inf, input_shape=(d,))
    fit(
        model,
        split.train,
        method="pgd" if name == "attacked" else "standard",
        eps=params["eps"] if name == "attacked" else None,
        bounds=None,
        penalty=held if name == "held" else None,
        epochs=params["epochs"],
        batch_size=64,
        progress=False,
        rng=seed,
    )
    return model.eval()


def certificates(model: "nn.Sequential", points: Points) -> tuple[Array, Array]:
    """Radii by the product of the layers' norms, and by that of the difference of the logits."""
    from lipkit.certificates import certified_radius
    from lipkit.lipschitz import autolip
    from lipkit.networks import ReluNetwork

    network = ReluNetwork.from_torch(model)
    pair = ReluNetwork(
        [network.weights[0], network.weights[1][1:] - network.weights[1][:1]],
        [network.biases[0], network.biases[1][1:] - network.biases[1][:1]],
    )
    one = certified_radius(network(points.X), points.y, autolip(network, np.inf, q=np.inf))
    two = certified_radius(pair(points.X), 2 * points.y - 1, autolip(pair, np.inf))
    return one, two


def _row(name: str, split: Split, params: dict[str, Any], seed: int) -> dict[str, Any]:
    from lipkit.attacks import robust_accuracy
    from lipkit.experiments.robust_cnn_norms import local
    from lipkit.norms import layer_norms

    model, test = trained(name, split, params, seed), split.test
    d = test.X.shape[1]
    norms = [
        r.norm.value for r in layer_norms(model, (d,), np.inf) if r.kind == "Linear" and r.norm
    ]
    radii = np.asarray(params["radii"])
    product, pair = certificates(model, test)
    how: dict[str, Any] = {"attacks": ("apgd-ce", "apgd-margin"), "bounds": None, "rng": seed}
    found = [
        robust_accuracy(model, *test, eps=eps, steps=params["steps"], **how)
        for eps in params["attacked_at"]
    ]
    return {
        "clean": found[0].clean,
        "norms": np.array(norms),
        "constant": float(np.prod(norms)),
        "by_product": (product[:, None] > radii).mean(axis=0),
        "by_pair": (pair[:, None] > radii).mean(axis=0),
        "stands": np.array([each.value for each in found]),
        **local(model, test),
    }
