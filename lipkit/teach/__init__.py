"""What the chapters show with: figures in one style; matplotlib loads with the first of them."""

from importlib import import_module
from types import ModuleType

__all__ = ["figures"]


def __getattr__(name: str) -> ModuleType:
    if name in __all__:
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
