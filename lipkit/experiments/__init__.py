"""What the book measures: pure functions with sizes by tier, sweeps over them, stored results.

Each experiment has a module here. Importing the room registers them all, runs none, and loads
neither torch nor pandas nor matplotlib: such imports stand inside the function.
"""

from importlib import import_module
from pkgutil import iter_modules

from lipkit.experiments._registry import EXPERIMENTS, Experiment, experiment
from lipkit.experiments._results import StoredResult, load_result, save_result
from lipkit.experiments._sweep import sweep
from lipkit.experiments._tier import TIERS, tier

__all__ = [
    "EXPERIMENTS",
    "TIERS",
    "Experiment",
    "StoredResult",
    "experiment",
    "load_result",
    "save_result",
    "sweep",
    "tier",
]

for _module in iter_modules(__path__):
    if not _module.name.startswith("_"):
        import_module(f"{__name__}.{_module.name}")
