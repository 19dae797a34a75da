"""An experiment over a grid of parameters and several seeds, in parallel, into one tidy table."""

import itertools
import os
from collections.abc import Iterable, Mapping, Sequence
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, TypeAlias

from lipkit import _validate
from lipkit.experiments import _values
from lipkit.experiments._cache import Cache
from lipkit.experiments._registry import Experiment, Function
from lipkit.experiments._values import Value

if TYPE_CHECKING:
    from pandas import DataFrame

Grid: TypeAlias = Mapping[str, Sequence[Any]] | Iterable[Mapping[str, Any]]
Run: TypeAlias = tuple[dict[str, Any], int]


def sweep(
    experiment: Experiment | Function,
    grid: Grid,
    *,
    seeds: Iterable[int],
    cache: str | os.PathLike[str] | None = None,
    progress: bool = True,
) -> "DataFrame":
    """Run an experiment at every point of a grid with every seed.

    Parameters
    ----------
    experiment
        An :class:`Experiment`, or a function ``(params, seed) -> dict``.
    grid
        A dict of lists (all combinations) or a list of dicts. Parameters that it leaves out are
        those of the current tier.
    seeds
        Several seeds, such as ``range(20)``.
    cache
        A folder. Each finished run is kept there as one small file, so that a sweep that was
        interrupted goes on where it stopped; runs of changed code are done again.
    progress
        Whether to show a progress bar.

    Returns a :class:`pandas.DataFrame` with one row for each (params, seed), in the order of the
    grid whatever the scheduling: the parameters, the seed, the results; arrays are objects. joblib
    spreads the runs over the caller's backend, one BLAS thread each; to run two at a time, write
    ``with joblib.parallel_config(n_jobs=2)``. Raises ``RuntimeError`` with the parameters and the
    seed of a run that failed.

    >>> def square(params, seed):
    ...     return {"y": params["x"] ** 2 + seed}
    >>> sweep(square, {"x": [2, 3]}, seeds=[0, 1], progress=False)["y"].tolist()
    [4.0, 5.0, 9.0, 10.0]
    """
    _need_extra()
    if not isinstance(experiment, Experiment):
        experiment = Experiment(experiment, sizes={})
    points = _points(experiment, grid)
    runs = [(params, seed) for params in points for seed in _seeds(seeds)]
    store = None if cache is None else Cache(cache, experiment)
    done: dict[int, dict[str, Value]] = {}
    if store is not None:
        stored = {i: store.read(*run) for i, run in enumerate(runs)}
        done = {i: results for i, results in stored.items() if results is not None}
    _compute(experiment, runs, done, store, progress)
    return _table(experiment, runs, done)


def _need_extra() -> None:
    for name in ("joblib", "pandas", "threadpoolctl", "tqdm"):
        if find_spec(name) is None:
            raise ImportError(f"sweep: {name} is not installed; pip install 'lipkit[sweep]'")


def _points(experiment: Experiment, grid: Grid) -> list[dict[str, Any]]:
    if isinstance(grid, Mapping):
        for name, values in grid.items():
            if isinstance(values, (str, bytes)) or not hasattr(values, "__len__"):
                raise TypeError(f"grid: got {name} = {values!r}, expected a list of values")
        combinations = itertools.product(*grid.values())
        given = [dict(zip(grid, values, strict=True)) for values in combinations]
    else:
        given = [dict(point) for point in grid]
    base = experiment.params() if experiment.has_tiers else {}
    points = [experiment.checked({**base, **point}) for point in given]
    if not points:
        raise ValueError("grid: got no points, expected at least one value for each parameter")
    if len({_values.to_json(point) for point in points}) < len(points):
        raise ValueError("grid: got the same point twice, expected each once; remove repetitions")
    return points


def _seeds(seeds: Iterable[int]) -> list[int]:
    if not isinstance(seeds, Iterable):
        raise TypeError(f"seeds: got {seeds!r}, expected several; write range({seeds})")
    found = [_validate.count(seed, "seeds", 0) for seed in seeds]
    if not found or len(set(found)) < len(found):
        raise ValueError(f"seeds: got {found}, expected at least one, each once")
    return found


def _compute(
    experiment: Experiment,
    runs: list[Run],
    done: dict[int, dict[str, Value]],
    store: Cache | None,
    progress: bool,
) -> None:
    """Add the runs that are missing in ``done``, each stored as soon as it is there."""
    from joblib import Parallel, delayed
    from threadpoolctl import threadpool_limits  # type: ignore[import-untyped]
    from tqdm.auto import tqdm

    missing = [i for i in range(len(runs)) if i not in done]
    tasks = (delayed(_run)(experiment, i, *runs[i]) for i in missing)
    bar = tqdm(total=len(runs), initial=len(done), desc=experiment.name, disable=not progress)
    # the outer limit is what the runs find, so that threads do not undo each other's
    with bar, threadpool_limits(limits=1):
        for i, results in Parallel(return_as="generator_unordered")(tasks):
            if store is not None:
                store.write(*runs[i], results)
            done[i] = results
            bar.update()


def _run(
    experiment: Experiment, index: int, params: dict[str, Any], seed: int
) -> tuple[int, dict[str, Value]]:
    from threadpoolctl import threadpool_limits

    try:
        with threadpool_limits(limits=1):
            return index, experiment(params, seed)
    except Exception as error:
        raise RuntimeError(
            f"{experiment.name}: failed with params {params}, seed {seed}: "
            f"{type(error).__name__}: {error}"
        ) from error


def _table(
    experiment: Experiment, runs: list[Run], done: dict[int, dict[str, Value]]
) -> "DataFrame":
    import pandas as pd

    for i, (params, seed) in enumerate(runs):
        if done[i].keys() != done[0].keys():
            raise ValueError(
                f"{experiment.name}: got results {list(done[i])} with params {params}, "
                f"seed {seed}, expected {list(done[0])} as in the first run"
            )
    rows = [{**params, "seed": seed, **done[i]} for i, (params, seed) in enumerate(runs)]
    return pd.DataFrame(rows)
