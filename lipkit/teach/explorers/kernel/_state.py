"""What a reader has set: nine taps, a padding, a size, a stride."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit._validate import Array

LARGEST = 99.0  # a tap; more would only stretch the columns
SIZES = (1, 2, 3, 4)
STRIDES = (1, 2)


@dataclass(frozen=True, eq=False)
class State:
    """The arguments of the view; ``kernel`` is ``(3, 3)``."""

    kernel: Array
    padding: str
    size: int
    stride: int

    def arguments(self) -> dict[str, Any]:
        """As the view takes them."""
        return {
            "kernel": self.kernel,
            "padding": self.padding,
            "size": self.size,
            "stride": self.stride,
        }


def nine_taps(kernel: ArrayLike) -> Array:
    """The kernel as an array; ``ValueError`` unless it is nine numbers between -99 and 99."""
    K = np.asarray(kernel, dtype=float)
    if K.shape != (3, 3) or not (np.abs(K) <= LARGEST).all():
        found = f"the shape {K.shape}" if K.shape != (3, 3) else f"{K.tolist()}"
        raise ValueError(
            f"kernel: got {found}, expected 3 × 3 numbers between -{LARGEST:g} and {LARGEST:g}"
        )
    return K
