"""Networks of several widths trained on random labels, plain and with a penalty on gradients."""

from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.networks import TwoLayerNetwork
from lipkit.theory.robustness_law import gradient_search, interpolation_floor, spectral_proxy

FITTED = 0.01  # the mean squared error at which a plain run stops
WIDTHS = (20, 40, 80, 160, 320)
_HOW: dict[str, Any] = {"lr": 5e-3, "penalties": (0.0, 0.03), "steps": 2500}
_SIZE: dict[str, Any] = {"n": 200, "d": 40, "widths": WIDTHS} | _HOW


@experiment(
    sizes={
        "test": {"n": 40, "d": 10, "widths": (20, 80)} | _HOW | {"steps": 600},
        "quick": _SIZE | {"widths": (20,)},
        "standard": _SIZE,
        "full": _SIZE | {"steps": 10_000},
    },
    seeds={"test": 2, "quick": 1, "standard": 5, "full": 20},
)
def trained_widths(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Slopes of two-layer ReLU networks of ``widths`` k that were trained to fit n fair labels.

    Adam, all points in each step, torch's first weights; one row of the results for each of the
    ``penalties``, one column for each width. With penalty 0 a run stops at a mean squared error of
    0.01 or after ``steps``; with another it takes all steps, on the error plus the penalty times
    the mean 6th power, to the power 1/6, of the gradients' lengths at points drawn anew beside the
    data. ``found``: the steepest slope along the sphere of a search, ``probed``: the best of 2000
    random points, both *lower* answers; ``product``: the upper bound :math:`\|a\|_2\|W\|_{op}`;
    ``floor``: what any fit pays; ``error``: the last mean squared error.
    """
    X, y = generic(params["n"], params["d"], rng=seed)
    runs = [
        [_slopes(trained(X, y, k, penalty, params, seed), X, y, seed) for k in params["widths"]]
        for penalty in params["penalties"]
    ]
    found, probed, product, error = np.moveaxis(np.array(runs), 2, 0)
    return {
        "k": np.array(params["widths"]),
        "found": found,
        "probed": probed,
        "product": product,
        "error": error,
        "floor": interpolation_floor(X, y).value,
    }


def _slopes(f: TwoLayerNetwork, X: Array, y: Array, seed: int) -> tuple[float, float, float, float]:
    search = gradient_search(f, X, rng=np.random.default_rng([seed, 1]))
    product = spectral_proxy(f.W, f.a).value
    return search.value, search.details["random"], product, float(np.mean((f(X) - y) ** 2))


def trained(
    X: Array, y: Array, k: int, penalty: float, params: dict[str, Any], seed: int
) -> TwoLayerNetwork:
    """One network of k neurons after training, its output bias as a neuron that is always on."""
    import torch

    draws = torch.Generator().manual_seed(1000 * seed + k)
    points, labels = (torch.as_tensor(v, dtype=torch.float64) for v in (X, y))
    W, b, a, c = weights = _first(k, X.shape[1], draws)
    adam = torch.optim.Adam(weights, lr=params["lr"])
    with torch.enable_grad():
        for _ in range(params["steps"]):
            error = torch.mean(((points @ W.T + b).relu() @ a + c - labels) ** 2)
            if penalty == 0 and error.item() < FITTED:
                break
            loss = error
            if penalty:
                loss = error + penalty * _steepness(points, (W, b, a), draws)
            adam.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            adam.step()
    W, b, a, c = (v.detach().numpy() for v in weights)
    always_on = np.zeros((1, X.shape[1]))
    return TwoLayerNetwork(np.vstack([W, always_on]), np.append(b, 1), np.append(a, c), "relu")


def _first(k: int, d: int, draws: Any) -> list[Any]:
    """The weights that torch's linear layers begin with, from a generator of their own."""
    import torch

    shapes = (((k, d), d), ((k,), d), ((k,), k), ((), k))
    first = [
        (2 * torch.rand(shape, generator=draws, dtype=torch.float64) - 1) / fan_in**0.5
        for shape, fan_in in shapes
    ]
    return [v.requires_grad_() for v in first]


def _steepness(points: Any, weights: tuple[Any, ...], draws: Any) -> Any:
    """The 6-norm average of the gradients' lengths at points moved by about 0.3."""
    import torch

    W, b, a = weights
    noise = torch.randn(points.shape, generator=draws, dtype=points.dtype)
    moved = points + 0.3 * noise / points.shape[1] ** 0.5
    gates = (moved @ W.T + b > 0).to(points.dtype)
    squares = torch.sum(((gates * a) @ W) ** 2, dim=1)
    return torch.mean(squares**3) ** (1 / 6)
