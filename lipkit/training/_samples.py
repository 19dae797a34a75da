"""The border of training: points and labels become tensors that fit the model."""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch
from torch import Tensor, nn

from lipkit import _validate
from lipkit.data import Split


@dataclass(frozen=True)
class Samples:
    """Points and labels on the model's device, and a digest of the numbers that came in."""

    X: Tensor
    y: Tensor
    digest: str

    def __len__(self) -> int:
        return len(self.X)

    @property
    def classes(self) -> bool:
        """Whether the labels are classes; otherwise they are values."""
        return not self.y.is_floating_point()

    def batch_count(self, size: int) -> int:
        """How many batches of at most ``size`` points there are."""
        return -(-len(self) // size)

    def batches(self, size: int, order: Any = None) -> Iterator[tuple[Tensor, Tensor]]:
        """Batches of at most ``size`` points, as equal as can be, so that none is a lone rest."""
        rows = np.arange(len(self)) if order is None else order
        for part in np.array_split(rows, self.batch_count(size)):
            index = torch.from_numpy(part).to(self.X.device)
            yield self.X[index], self.y[index]


def samples(data: Any, model: nn.Module, name: str) -> Samples:
    """The pair (X, y) as tensors: X of the model's dtype, y integers or of that dtype."""
    if isinstance(data, Split):
        raise TypeError(f"{name}: got a Split, expected a pair (X, y); pass its .train or .test")
    if not isinstance(data, (tuple, list)) or len(data) != 2:
        raise TypeError(f"{name}: got {type(data).__name__}, expected a pair (X, y) of arrays")
    X = _points(_array(data[0]), f"{name} X")
    y = _labels(data[1], f"{name} y")
    if X.ndim < 2 or len(X) == 0 or len(X) != len(y):
        raise ValueError(
            f"{name}: got X of shape {X.shape} and y of shape {y.shape}, expected at least one "
            "point, a row of X each, and as many labels"
        )
    like = parameter(model)
    kind = torch.int64 if y.dtype.kind == "i" else like.dtype
    return Samples(
        torch.from_numpy(X).to(like.device, like.dtype),
        torch.from_numpy(y).to(like.device, kind),
        _digest(X, y),
    )


def parameter(model: nn.Module) -> nn.Parameter:
    """A parameter that tells the model's dtype and device."""
    if not isinstance(model, nn.Module):
        raise TypeError(f"model: got {type(model).__name__}, expected a torch.nn.Module")
    found = [p for p in model.parameters() if p.requires_grad]
    if not found:
        raise ValueError("model: got no parameter that requires a gradient, so nothing to train")
    return found[0]


def _points(X: Any, name: str) -> Any:
    """The points as they are if they are in single precision, else in double."""
    if X.dtype != np.float32:
        return _validate.real_array(X, name)
    if not np.isfinite(X).all():
        raise ValueError(f"{name}: got NaN or infinite entries, expected finite numbers; clean it")
    return X if X.flags.writeable else X.copy()


def _labels(y: Any, name: str) -> Any:
    y = _array(y)
    if y.dtype.kind in "biu" and y.ndim == 1:
        return y.astype(np.int64)
    if y.dtype.kind == "f" and y.ndim in (1, 2):
        return _validate.real_array(y, name)
    raise ValueError(
        f"{name}: got shape {y.shape} and dtype {y.dtype}, expected integers (n,) for classes, or "
        "floats (n,) or (n, n_out) for values"
    )


def _array(values: Any) -> Any:
    if isinstance(values, Tensor):
        values = values.detach().cpu()
        half = values.is_floating_point() and values.dtype != torch.float32
        values = (values.double() if half else values).numpy()
    return np.asarray(values)


def _digest(*arrays: Any) -> str:
    digest = hashlib.sha256()
    for array in arrays:
        digest.update(f"{array.shape} {array.dtype}".encode())
        digest.update(np.ascontiguousarray(array).reshape(-1).view(np.uint8).data)
    return digest.hexdigest()
