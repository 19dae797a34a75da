"""Arrays of one length that are indexed together."""

from dataclasses import fields, replace
from typing import Any, Self, TypeAlias

import numpy as np
from numpy.typing import NDArray

Mask: TypeAlias = NDArray[np.bool_]
Index: TypeAlias = NDArray[np.intp]


class Columns:
    """Base of dataclasses whose array fields have one shape: ``c[index]`` picks from all."""

    def __getitem__(self, index: Any) -> Self:
        values = {f.name: getattr(self, f.name) for f in fields(self)}  # type: ignore[arg-type]
        picked = {k: v[index] for k, v in values.items() if isinstance(v, np.ndarray)}
        return replace(self, **picked)  # type: ignore[type-var]
