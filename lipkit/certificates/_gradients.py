"""Outputs and their gradients at points, for arrays and for torch modules: one adapter."""

import sys
from collections.abc import Iterator
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._torch_state import evaluated
from lipkit._validate import Array
from lipkit.certificates._labels import as_array
from lipkit.networks import ReluNetwork, TwoLayerNetwork

_ENTRIES_AT_ONCE = 4_000_000  # of the Jacobians held in memory


def jacobians(network: Any, X: Any) -> Iterator[tuple[slice, Array, Array]]:
    """Rows, outputs ``(n, K)`` and Jacobians ``(n, K, d)`` of a few points at a time."""
    torch = sys.modules.get("torch")  # a torch module cannot exist before torch is imported
    if torch is not None and isinstance(network, torch.nn.Module):
        yield from _of_module(network, X)
    elif isinstance(network, (ReluNetwork, TwoLayerNetwork)):
        yield from _of_arrays(network, X)
    else:
        raise TypeError(
            f"network: got {type(network).__name__}, expected a ReluNetwork, a TwoLayerNetwork or "
            "a torch module; build ReluNetwork(weights, biases) from its arrays"
        )


def _of_arrays(network: Any, X: Any) -> Iterator[tuple[slice, Array, Array]]:
    batch, _ = _validate.points(X, network.input_dim)
    n_out = network.output_dim if isinstance(network, ReluNetwork) else 1
    for rows in _chunks(len(batch), n_out * network.input_dim):
        part = batch[rows]
        slopes = np.asarray(network.gradient(part)).reshape(len(part), n_out, -1)
        yield rows, np.asarray(network(part)).reshape(len(part), n_out), slopes


def _of_module(model: Any, X: Any) -> Iterator[tuple[slice, Array, Array]]:
    import torch

    first = next(iter((*model.parameters(), *model.buffers())), torch.empty(0))
    batch = _validate.real_array(as_array(X), "X")
    if batch.ndim < 2:
        raise ValueError(f"X: got shape {batch.shape}, expected (n, ...); one row is one point")
    tensor = torch.from_numpy(batch).to(first.device, first.dtype)
    with evaluated(model), torch.enable_grad():
        for rows in _chunks(len(batch), 10 * batch[:1].size):
            yield rows, *_of_batch(model, tensor[rows])


def _of_batch(model: Any, x: Any) -> tuple[Array, Array]:
    import torch

    x = x.detach().requires_grad_()
    out = model(x).reshape(len(x), -1)
    slopes = [
        torch.autograd.grad(out[:, j].sum(), x, retain_graph=j + 1 < out.shape[1])[0]
        for j in range(out.shape[1])
    ]
    stacked = torch.stack([slope.flatten(1) for slope in slopes], dim=1)
    return out.detach().double().cpu().numpy(), stacked.double().cpu().numpy()


def _chunks(n: int, entries: int) -> Iterator[slice]:
    size = max(1, _ENTRIES_AT_ONCE // max(entries, 1))
    return (slice(i, min(i + size, n)) for i in range(0, n, size))
