"""The border for kernels: NumPy arrays, lists and torch tensors become one kind of array."""

from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array


def kernel_array(kernel: Any, name: str = "kernel") -> Any:
    """The kernel as a float32 or float64 array, shared with a tensor where that is possible.

    Entries are not looked at: :func:`finite_kernel` does that.
    """
    if hasattr(kernel, "detach"):
        kernel = kernel.detach().cpu()
        if kernel.element_size() < 4 and kernel.is_floating_point():
            kernel = kernel.double()
        kernel = kernel.numpy()
    array = np.asarray(kernel)
    if array.dtype in (np.float32, np.float64):
        return array
    return _validate.real_array(array, name)


def double(array: Any) -> Array:
    """The same numbers in float64."""
    return np.asarray(array, dtype=np.float64)


def finite_kernel(kernel: Any, name: str = "kernel") -> Any:
    """The same, with every entry checked to be finite."""
    array = kernel_array(kernel, name)
    if not np.isfinite(array).all():
        raise ValueError(f"{name}: got NaN or infinite entries, expected finite numbers; clean it")
    return array
