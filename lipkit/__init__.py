"""Lipschitz constants and adversarial robustness of neural networks: bounds, norms, theory.

The rooms load on first use, so ``import lipkit`` costs nothing and needs only NumPy and SciPy:

>>> import lipkit
>>> lipkit.norms.matrix_norm([[3.0, 4.0]], 2).value
5.0
"""

from importlib import import_module
from types import ModuleType

__version__ = "0.1.0"

_ROOMS = (
    "attacks",
    "bound",
    "certificates",
    "data",
    "experiments",
    "lipschitz",
    "networks",
    "norms",
    "regression",
    "teach",
    "theory",
    "training",
)

__all__ = ["__version__"]
__all__ += _ROOMS


def __getattr__(name: str) -> ModuleType:
    if name in _ROOMS:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    return sorted(__all__)
