"""The border of this room: outputs and labels that fit each other."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit import _validate
from lipkit._validate import Array


def as_array(values: Any) -> Any:
    """Torch tensors as arrays, wherever they are and whatever they remember."""
    if not hasattr(values, "detach"):
        return np.asarray(values)
    tensor = values.detach().cpu()
    return (tensor.double() if tensor.is_floating_point() else tensor).numpy()


def outputs_and_labels(outputs: Any, y: Any) -> tuple[Array, NDArray[np.int64]]:
    """Outputs ``(n, K)`` and as many labels; K is 1 for a network with one output."""
    z = _validate.real_array(as_array(outputs), "logits")
    if z.ndim == 1:
        z = z[:, None]
    if z.ndim != 2 or z.shape[1] == 0:
        raise ValueError(
            f"logits: got shape {z.shape}, expected (n, K) for K classes, or (n,) for one output; "
            "one row is one point"
        )
    return z, labels(y, len(z), z.shape[1])


def labels(y: Any, n: int, n_out: int) -> NDArray[np.int64]:
    """Classes 0 to K - 1; signs -1 and 1 where there is one output."""
    array = as_array(y)
    whole = array.dtype.kind in "iu" or (array.dtype.kind == "f" and n_out == 1)
    if array.shape != (n,) or not whole:
        raise ValueError(
            f"y: got shape {array.shape} and dtype {array.dtype}, expected ({n},) integers, one "
            "label for each point"
        )
    if n_out == 1 and not np.isin(array, (-1, 1)).all():
        raise ValueError(
            "y: got labels other than -1 and 1 beside one output, expected the sign of each "
            "point; 2 * y - 1 makes signs of classes 0 and 1; one class alone has no margin"
        )
    if n_out > 1 and n and not (array.min() >= 0 and array.max() < n_out):
        raise ValueError(
            f"y: got labels {array.min()} to {array.max()}, expected classes 0 to {n_out - 1}"
        )
    return np.asarray(array, dtype=np.int64)
