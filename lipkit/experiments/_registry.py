"""Experiments: pure functions of parameters and a seed, with their sizes by tier."""

import functools
import hashlib
import inspect
import marshal
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final, TypeAlias

from lipkit import _validate
from lipkit.experiments import _values
from lipkit.experiments._tier import TIERS, tier
from lipkit.experiments._values import Value

Function: TypeAlias = Callable[[dict[str, Any], int], Mapping[str, Any]]

_SEEDS: Final = MappingProxyType({"test": 2, "quick": 5, "standard": 20, "full": 100})
_REGISTRY: dict[str, "Experiment"] = {}

EXPERIMENTS: Final[Mapping[str, "Experiment"]] = MappingProxyType(_REGISTRY)
"""Every experiment of the book by name."""


class Experiment:
    """A pure function ``(params, seed) -> dict`` with sizes by tier and checks at both ends.

    Parameters
    ----------
    function
        Takes a dict of parameters and an integer seed, returns a dict of floats and arrays. It must
        not depend on anything else: a function that captures variables is refused.
    sizes
        ``{"test": {...}, "quick": {...}, "standard": {...}, "full": {...}}``, each with the same
        names. Empty: the function has no tiers and takes any parameters.
    seeds
        How many seeds each tier runs, as a dict.

    Calling it raises ``ValueError`` for a missing or unknown parameter and for a result that is not
    finite, ``TypeError`` for a result of the wrong type. Make one with :func:`experiment`.

    >>> def coin(params, seed):
    ...     return {"heads": np.random.default_rng(seed).random(params["n"]).mean()}
    >>> import numpy as np
    >>> Experiment(coin, sizes={})({"n": 4}, 0)
    {'heads': 0.2410623901375121}
    """

    def __init__(
        self,
        function: Function,
        *,
        sizes: Mapping[str, Mapping[str, Any]],
        seeds: Mapping[str, int] = _SEEDS,
    ):
        if not inspect.isfunction(function):
            raise TypeError(f"function: got {function!r:.80}, expected a function (params, seed)")
        functools.update_wrapper(self, function)
        self.name: str = function.__name__
        self.doc: str = inspect.getdoc(function) or ""
        self._function = function
        if function.__closure__:
            raise ValueError(
                f"{self.name}: got a function that captures variables, expected one that depends "
                "on its parameters and seed only; pass them as parameters"
            )
        self._sizes = _checked_sizes(self.name, sizes)
        self._seeds = {name: _validate.count(n, f"{self.name}: seeds") for name, n in seeds.items()}
        self.source_hash: str = _source_hash(function)

    @property
    def has_tiers(self) -> bool:
        """Whether its sizes by tier are known; a plain function's are not."""
        return bool(self._sizes)

    def params(self, tier: str | None = None) -> dict[str, Any]:
        """The parameters in a tier; the current one by default."""
        return dict(self._sizes[self._tier(tier)])

    def seeds(self, tier: str | None = None) -> range:
        """The seeds that a tier runs; the current tier by default."""
        return range(self._seeds[self._tier(tier)])

    def _tier(self, name: str | None) -> str:
        if not self._sizes:
            raise ValueError(f"{self.name}: it has no tiers; pass every parameter yourself")
        return _validate.one_of(tier() if name is None else name, "tier", TIERS)

    def checked(self, params: Mapping[str, Any]) -> dict[str, Any]:
        """The parameters as plain Python, in the experiment's order; refused if not its own."""
        names = list(self._sizes["test"]) if self._sizes else list(params)
        missing = [name for name in names if name not in params]
        unknown = [name for name in params if name not in names]
        if missing or unknown:
            wrong = f"missing parameter {missing}" if missing else f"unknown parameter {unknown}"
            raise ValueError(f"{self.name}: got {wrong}, expected exactly {names}")
        return {name: _values.parameter(params[name], f"{self.name}: {name}") for name in names}

    def __call__(self, params: Mapping[str, Any], seed: int) -> dict[str, Value]:
        checked = self.checked(params)
        seed = _validate.count(seed, f"{self.name}: seed", 0)
        found = _values.results(self._function(dict(checked), seed), self.name)
        taken = sorted(found.keys() & {*checked, "seed"})
        if taken:
            raise ValueError(f"{self.name}: got results named {taken}, as parameters are; rename")
        return found

    def __repr__(self) -> str:
        names = next(iter(self._sizes.values()), {})
        return f"Experiment({self.name}: {', '.join(names) or 'any parameters'})"

    def __reduce__(self) -> Any:
        # by name where a worker can import it, else by value, as for a function of a notebook
        module, name = self._function.__module__, self._function.__qualname__
        if module != "__main__" and getattr(sys.modules.get(module), name, None) is self:
            return name
        return _rebuilt, (self._function, self._sizes, self._seeds)


def experiment(
    *, sizes: Mapping[str, Mapping[str, Any]], seeds: Mapping[str, int] = _SEEDS
) -> Callable[[Function], Experiment]:
    """Turn a function ``(params, seed) -> dict`` into an :class:`Experiment` and register it.

    ``sizes`` holds the parameters of each tier, ``seeds`` how many seeds each tier runs. Raises
    ``ValueError`` where tiers or names are missing, or where another module took the name.

    >>> sizes = {name: {"n": n} for name, n in zip(TIERS, (4, 10, 100, 1000))}
    >>> @experiment(sizes=sizes)
    ... def doctest_coin(params, seed):
    ...     return {"tosses": params["n"]}
    >>> doctest_coin(doctest_coin.params("quick"), seed=0)
    {'tosses': 10.0}
    >>> del _REGISTRY["doctest_coin"]
    """
    if not sizes:
        raise ValueError(f"sizes: got none, expected a dict with the tiers {', '.join(TIERS)}")

    def register(function: Function) -> Experiment:
        made = Experiment(function, sizes=sizes, seeds=seeds)
        other = _REGISTRY.get(made.name)
        if other is not None and other.__module__ != made.__module__:
            raise ValueError(f"{made.name}: got a name that {other.__module__} has taken; rename")
        _REGISTRY[made.name] = made
        return made

    return register


def _rebuilt(
    function: Function, sizes: Mapping[str, Mapping[str, Any]], seeds: Mapping[str, int]
) -> Experiment:
    return Experiment(function, sizes=sizes, seeds=seeds)


def _checked_sizes(name: str, sizes: Mapping[str, Mapping[str, Any]]) -> dict[str, dict[str, Any]]:
    if sizes and set(sizes) != set(TIERS):
        raise ValueError(f"{name}: got sizes for {list(sizes)}, expected for {list(TIERS)}")
    names = list(next(iter(sizes.values()), {}))
    for tier_name, params in sizes.items():
        if set(params) != set(names):
            raise ValueError(
                f"{name}: got parameters {list(params)} in tier {tier_name!r} and {names} in "
                "another, expected the same in all"
            )
    return {
        tier_name: {key: _values.parameter(params[key], f"{name}: {key}") for key in names}
        for tier_name, params in sizes.items()
    }


_TOP_FLOOR: Final = ("experiments", "teach")


@functools.cache
def _library_hash() -> bytes:
    """A digest of what an experiment may rest on: the floors of lipkit below this one."""
    root = Path(__file__).parents[1]
    below = [p for p in root.rglob("*.py") if p.relative_to(root).parts[0] not in _TOP_FLOOR]
    return hashlib.sha256(b"".join(path.read_bytes() for path in sorted(below))).digest()


def _source_hash(function: Function) -> str:
    """A digest of the code behind a function, taken when it is defined: it fits what runs."""
    file = Path(inspect.getsourcefile(function) or "")
    try:
        own = file.read_bytes() if file.is_file() else inspect.getsource(function).encode()
    except OSError:
        own = marshal.dumps(function.__code__)  # typed at a prompt: no text is kept
    return hashlib.sha256(own + _library_hash()).hexdigest()
