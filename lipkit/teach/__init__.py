"""What the chapters teach with: figures, explorers, bets, graders; loaded when used."""

from importlib import import_module
from typing import Any

__all__ = ["Verdict", "bets", "check", "explorer", "figures", "kernel_editor", "panels", "variant"]

_HOMES = {
    "Verdict": "graders",
    "check": "graders",
    "explorer": "explorers",
    "kernel_editor": "explorers.kernel",
    "variant": "graders",
}


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
    if name in ("bets", "figures", "panels"):
        return import_module(f"{__name__}.{name}")
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
