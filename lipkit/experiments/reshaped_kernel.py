"""What a network keeps of its promise when each kernel is normalised in its reshaped form."""

from typing import TYPE_CHECKING, Any

import numpy as np

from lipkit import lipschitz, norms
from lipkit._validate import Array
from lipkit.data import Points
from lipkit.experiments._registry import experiment
from lipkit.experiments.digits import flip_distances, margins
from lipkit.experiments.digits_cnn import CONVOLUTIONS, IMAGE, digits_cnn
from lipkit.networks import ReluNetwork

if TYPE_CHECKING:
    from torch import nn


@experiment(
    sizes={
        "test": {"epochs": 2, "images": 20, "walks": 5},
        "quick": {"epochs": 10, "images": 100, "walks": 20},
        "standard": {"epochs": 30, "images": 450, "walks": 100},
        "full": {"epochs": 100, "images": 450, "walks": 450},
    }
)
def reshaped_kernel(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""The digits CNN as drawn, as trained, and as trained with torch's spectral_norm everywhere.

    ``drawn``, ``plain``, ``normalised``, each ``(3,)``: of each convolution the true norm (ℓ2,
    lower) over that of its reshaped kernel; ``accuracy`` of the last two, ``(2,)``. Of the
    normalised network: ``promised``, the product of its layers' numbers, reshaped; ``product``,
    that of their true norms (upper); ``slope``, the steepest at one of the first test images
    (lower, ℓ2 to ℓ2); ``broken``, the share of radii, each margin over the square root of 2 times
    ``promised``, within which a walk from one of the first images read correctly finds another
    class.
    """
    drawn, _ = digits_cnn(seed, epochs=0)
    plain, split = digits_cnn(seed, epochs=params["epochs"])
    model, _ = digits_cnn(seed, epochs=params["epochs"], normalised=True)
    network = ReluNetwork.from_torch(model, input_shape=IMAGE)
    reshaped, _, above = conv_norms(model)
    last = norms.matrix_norm(network.weights[-1], 2).value
    promised = float(np.prod(reshaped)) * last
    images = split.test.X[: params["images"]]
    return {
        "drawn": _ratios(drawn),
        "plain": _ratios(plain),
        "normalised": _ratios(model),
        "accuracy": np.array([_accuracy(each, split.test) for each in (plain, model)]),
        "promised": promised,
        "product": float(np.prod(above)) * last,
        "slope": lipschitz.sampling(network, points=images).value,
        "broken": _broken(network, split.test, promised, params["walks"]),
    }


def conv_norms(model: "nn.Sequential") -> tuple[Array, Array, Array]:
    """Of each convolution: its reshaped kernel's norm, its own from below and from above."""
    found = []
    for place, (_, *size) in CONVOLUTIONS:
        layer: Any = model[place]
        settings = {"input_size": size, "stride": layer.stride, "padding": layer.padding}
        reshaped = norms.conv_norm(layer.weight, 2, method="reshape", **settings)
        sides = norms.conv_norm_bracket(layer.weight, **settings)
        found.append((reshaped.value, sides.lower.value, sides.upper.value))
    reshaped_norms, below, above = np.array(found).T
    return reshaped_norms, below, above


def _ratios(model: "nn.Sequential") -> Array:
    reshaped, below, _ = conv_norms(model)
    return below / reshaped


def _accuracy(model: "nn.Sequential", data: Points) -> float:
    import torch

    with torch.no_grad():
        logits = model(torch.tensor(data.X, dtype=torch.float32).reshape(-1, *IMAGE))
    return float(np.mean(logits.argmax(dim=1).numpy() == data.y))


def _broken(network: ReluNetwork, data: Points, promised: float, walks: int) -> float:
    """The share of promised radii that a walk to another class stays within."""
    margin = margins(network, *data)
    read = np.flatnonzero(margin > 0)[:walks]
    walked = flip_distances(network, data.X[read], data.y[read])
    return float(np.mean(walked <= margin[read] / (np.sqrt(2) * promised)))
