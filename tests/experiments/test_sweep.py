"""Sweeps: the table, the schedule, the cache, and what happens when a run fails or is stopped."""

import importlib.util
import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import joblib
import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from threadpoolctl import threadpool_info, threadpool_limits

from lipkit.experiments import TIERS, Experiment, experiment, sweep
from lipkit.experiments._cache import Cache


def noisy(params, seed):
    """Scalars and an array, from a product large enough for BLAS to go parallel."""
    A = np.random.default_rng(seed).normal(size=(params["n"], params["n"])) * params["scale"]
    return {"trace": float(np.trace(A @ A)), "row": (A @ A)[0]}


def logged(params, seed):
    """Write a line per call; stop in the way that the parameters say."""
    with Path(params["log"]).open("a") as log:
        log.write(f"{params['x']} {seed}\n")
    if (params["x"], seed) == (2, 1) and Path(params["trap"]).exists():
        raise KeyboardInterrupt
    return {"y": 10.0 * params["x"] + seed, "v": np.arange(3) * 0.1}


def failing(params, seed):
    if seed == 3:
        raise ZeroDivisionError("no luck")
    return {"y": 1.0}


def threads(params, seed):
    time.sleep(0.02 * (1 + seed % 3))  # so that runs begin and end within each other
    return {"most": max(pool["num_threads"] for pool in threadpool_info())}


def slow(params, seed):
    time.sleep(0.01 * ((7 * seed) % 5))
    return {"y": float(seed)}


GRID = {"n": [3, 200], "scale": [1.0, 0.5]}


def table(**config):
    with joblib.parallel_config(**config):
        return sweep(noisy, GRID, seeds=range(3), progress=False)


def calls(log):
    return log.read_text().splitlines() if log.exists() else []


# -- the table -----------------------------------------------------------------------------------
def test_one_row_for_each_point_and_seed_in_the_grid_s_order():
    found = table(n_jobs=1)
    assert list(found.columns) == ["n", "scale", "seed", "trace", "row"]
    rows = list(found[["n", "scale", "seed"]].itertuples(index=False, name=None))
    assert rows == [(n, s, seed) for n in (3, 200) for s in (1.0, 0.5) for seed in range(3)]
    assert found.index.tolist() == list(range(12))
    assert (found["trace"].dtype, found["row"].dtype) == (np.float64, object)
    for row in found.itertuples():
        expected = noisy({"n": row.n, "scale": row.scale}, row.seed)
        assert row.trace == pytest.approx(expected["trace"], rel=1e-12)
        assert row.row.shape == (row.n,)


def test_a_list_of_points_is_taken_as_it_stands():
    points = [{"n": 2, "scale": 3.0}, {"n": 1, "scale": 1.0}]
    found = sweep(noisy, points, seeds=[5], progress=False)
    assert found[["n", "scale", "seed"]].to_numpy().tolist() == [[2, 3.0, 5], [1, 1.0, 5]]


@settings(max_examples=10, deadline=None)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=6, unique=True), st.booleans())
def test_the_table_does_not_depend_on_the_order_of_the_seeds(seeds, backwards):
    given_order = sorted(seeds, reverse=backwards)
    found = sweep(noisy, [{"n": 3, "scale": 1.0}], seeds=given_order, progress=False)
    assert found["seed"].tolist() == given_order
    alone = [noisy({"n": 3, "scale": 1.0}, seed)["trace"] for seed in given_order]
    assert found["trace"].tolist() == alone


def test_what_the_grid_leaves_out_comes_from_the_tier(monkeypatch):
    sizes = {name: {"n": i + 2, "scale": 1.0} for i, name in enumerate(TIERS)}
    sized = Experiment(noisy, sizes=sizes)
    monkeypatch.setenv("LIPKIT_TIER", "full")
    found = sweep(sized, {"scale": [2.0]}, seeds=[0], progress=False)
    assert found.loc[0, ["n", "scale"]].tolist() == [5, 2.0]


def test_lists_among_the_parameters_can_be_grouped_by():
    def widths(params, seed):
        return {"sum": sum(params["widths"])}

    found = sweep(widths, {"widths": [[1, 2], [3]]}, seeds=[0, 1], progress=False)
    assert found.groupby("widths")["sum"].mean().to_dict() == {(1, 2): 3.0, (3,): 3.0}


# -- the schedule --------------------------------------------------------------------------------
@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_the_same_table_bit_by_bit_with_one_job_and_two(backend):
    pd.testing.assert_frame_equal(table(n_jobs=1), table(backend=backend, n_jobs=2), rtol=0, atol=0)


def test_rows_keep_their_order_where_runs_finish_in_another():
    with joblib.parallel_config(backend="threading", n_jobs=4):
        found = sweep(slow, [{}], seeds=range(12), progress=False)
    assert found["y"].tolist() == [float(seed) for seed in range(12)]


@pytest.mark.skipif(not importlib.util.find_spec("distributed"), reason="dask is not installed")
def test_the_same_table_on_a_dask_cluster():
    from distributed import Client

    with Client(processes=False, n_workers=1, threads_per_worker=2, dashboard_address=None):
        pd.testing.assert_frame_equal(table(n_jobs=1), table(backend="dask"), rtol=0, atol=0)


@pytest.mark.parametrize(
    "config",
    [{"n_jobs": 1}, {"backend": "threading"}, {"backend": "loky", "inner_max_num_threads": 2}],
)
def test_each_run_has_one_thread_and_the_caller_s_are_given_back(config):
    with threadpool_limits(2), joblib.parallel_config(**{"n_jobs": 2, **config}):
        before = [pool["num_threads"] for pool in threadpool_info()]
        found = sweep(threads, [{}], seeds=range(6), progress=False)
        after = [pool["num_threads"] for pool in threadpool_info()]
    assert found["most"].tolist() == [1.0] * 6
    assert max(before) == 2  # a library that was built for one thread may be loaded, too
    assert after == before


def test_a_bar_shows_progress_only_where_it_is_wanted(capsys):
    sweep(slow, [{}], seeds=range(2), progress=False)
    assert capsys.readouterr().err == ""
    sweep(slow, [{}], seeds=range(2))
    assert "slow: 100%" in capsys.readouterr().err


# -- failures ------------------------------------------------------------------------------------
@pytest.mark.parametrize("config", [{"n_jobs": 1}, {"backend": "loky", "n_jobs": 2}])
def test_a_failed_run_says_which(config):
    message = r"failing: failed with params {'x': 5}, seed 3: ZeroDivisionError: no luck"
    with joblib.parallel_config(**config), pytest.raises(RuntimeError, match=message):
        sweep(failing, {"x": [5]}, seeds=range(5), progress=False)


@pytest.mark.parametrize(
    ("grid", "seeds", "error", "message"),
    [
        ({"n": 3, "scale": [1.0]}, [0], TypeError, "grid: got n = 3, expected a list"),
        ({"n": "ab", "scale": [1.0]}, [0], TypeError, "grid: got n = 'ab', expected a list"),
        ({"n": [], "scale": [1.0]}, [0], ValueError, "grid: got no points"),
        ([], [0], ValueError, "grid: got no points"),
        ({"n": [3, 3], "scale": [1.0]}, [0], ValueError, "grid: got the same point twice"),
        (GRID, 5, TypeError, r"seeds: got 5, expected several; write range\(5\)"),
        (GRID, [], ValueError, "seeds: got \\[\\]"),
        (GRID, [1, 1], ValueError, "seeds: got \\[1, 1\\]"),
        (GRID, [-1], ValueError, "seeds: got -1"),
        ({"n": [3]}, [0], RuntimeError, "failed with params {'n': 3}, seed 0: KeyError: 'scale'"),
    ],
)
def test_bad_grids_and_seeds_are_refused(grid, seeds, error, message):
    with pytest.raises(error, match=message):
        sweep(noisy, grid, seeds=seeds, progress=False)


def test_results_of_another_shape_of_answer_are_refused():
    def moody(params, seed):
        return {"a": 1.0} if seed else {"a": 1.0, "b": 2.0}

    with pytest.raises(ValueError, match=r"moody: got results \['a'\].*seed 1.*\['a', 'b'\]"):
        sweep(moody, [{}], seeds=range(2), progress=False)


def test_an_unknown_parameter_is_refused_before_anything_runs(tmp_path):
    sized = Experiment(logged, sizes={n: {"x": 1, "log": "", "trap": ""} for n in TIERS})
    with pytest.raises(ValueError, match=r"logged: got unknown parameter \['depth'\]"):
        sweep(sized, {"depth": [1], "log": [str(tmp_path / "log")]}, seeds=[0], progress=False)
    assert not calls(tmp_path / "log")


# -- the cache -----------------------------------------------------------------------------------
@pytest.fixture
def world(tmp_path):
    log, trap = tmp_path / "log", tmp_path / "trap"
    grid = {"x": [1, 2, 3], "log": [str(log)], "trap": [str(trap)]}

    def run(function=logged):
        return sweep(function, grid, seeds=range(2), cache=tmp_path / "cache", progress=False)

    run.log, run.trap, run.cache = log, trap, tmp_path / "cache"
    return run


def test_a_second_sweep_runs_nothing_and_finds_the_same(world):
    first = world()
    assert len(calls(world.log)) == 6
    pd.testing.assert_frame_equal(first, world(), rtol=0, atol=0)
    assert len(calls(world.log)) == 6
    assert len(list(world.cache.rglob("*.npz"))) == 6
    assert not list(world.cache.rglob("*.tmp"))


def test_an_interrupted_sweep_goes_on_where_it_stopped(world):
    world.trap.touch()
    with pytest.raises(KeyboardInterrupt):
        world()
    assert calls(world.log) == ["1 0", "1 1", "2 0", "2 1"]
    world.trap.unlink()
    assert world()["y"].tolist() == [10, 11, 20, 21, 30, 31]
    assert calls(world.log)[4:] == ["2 1", "3 0", "3 1"]


def test_a_killed_sweep_goes_on_where_it_stopped(tmp_path):
    script = tmp_path / "killed.py"
    script.write_text(
        "import os, signal\n"
        "from pathlib import Path\n"
        "from lipkit.experiments import sweep\n"
        "def f(params, seed):\n"
        "    with open('log', 'a') as log: log.write(f'{seed}\\n')\n"
        "    if seed == 3 and not Path('again').exists(): os.kill(os.getpid(), signal.SIGKILL)\n"
        "    return {'y': seed}\n"
        "print(sweep(f, [{}], seeds=range(5), cache='c', progress=False)['y'].tolist())\n"
    )
    root = str(Path(__file__).parents[2])
    command = {"args": [sys.executable, str(script)], "cwd": tmp_path, "capture_output": True}
    env = {**os.environ, "PYTHONPATH": root}
    assert subprocess.run(**command, env=env).returncode == -signal.SIGKILL
    (tmp_path / "again").touch()
    assert subprocess.run(**command, env=env).stdout == b"[0.0, 1.0, 2.0, 3.0, 4.0]\n"
    assert calls(tmp_path / "log") == ["0", "1", "2", "3", "3", "4"]


@pytest.mark.parametrize(
    "damage",
    [
        lambda file: file.write_bytes(b""),
        lambda file: file.write_bytes(b"not a zip"),
        lambda file: file.write_bytes(file.read_bytes()[:-30]),
        lambda file: file.write_bytes(file.read_bytes().replace(b"\x93NUMPY", b"\x93NUMPX")),
        lambda file: np.savez(file, **{"key": np.array("of another run"), "result.y": 1.0}),
        lambda file: np.savez(file, **{"result.y": 1.0}),
    ],
)
def test_a_damaged_file_is_computed_again(world, damage):
    first = world()
    damage(next(world.cache.rglob("*.npz")))
    pd.testing.assert_frame_equal(first, world(), rtol=0, atol=0)
    assert len(calls(world.log)) == 7
    world()
    assert len(calls(world.log)) == 7


def test_one_flipped_bit_anywhere_never_changes_a_result(world):
    first = world()
    file = next(world.cache.rglob("*.npz"))
    whole = file.read_bytes()
    for at in range(0, len(whole), 97):
        file.write_bytes(whole[:at] + bytes([whole[at] ^ 4]) + whole[at + 1 :])
        pd.testing.assert_frame_equal(first, world(), rtol=0, atol=0)


def test_a_changed_experiment_is_computed_again(world, monkeypatch):
    world()
    changed = Experiment(logged, sizes={})
    monkeypatch.setattr(changed, "source_hash", "0" * 64)
    world(changed)
    assert len(calls(world.log)) == 12


def test_runs_do_not_share_a_file(tmp_path):
    made = Experiment(logged, sizes={})
    cache = Cache(tmp_path, made)
    params = [{"x": 1}, {"x": 1.0}, {"x": True}, {"x": "1"}, {"x": (1,)}, {"y": 1}, {"x": np.inf}]
    paths = {cache.path(p, seed) for p in params for seed in (0, 1)}
    assert len(paths) == 2 * len(params)
    assert cache.path({"a": 1, "b": 2}, 0) == cache.path({"b": 2, "a": 1}, 0)


def test_a_file_is_written_whole_or_not_at_all(tmp_path, monkeypatch):
    cache = Cache(tmp_path, Experiment(logged, sizes={}))
    cache.write({"x": 1}, 0, {"y": 1.0})

    def broken(*args, **kwargs):
        args[0].write(b"half")
        raise OSError("disk full")

    monkeypatch.setattr(np, "savez", broken)
    with pytest.raises(OSError, match="disk full"):
        cache.write({"x": 1}, 0, {"y": 2.0})
    assert cache.read({"x": 1}, 0) == {"y": 1.0}
    assert not list(tmp_path.rglob("*.tmp"))


def test_a_decorated_function_of_a_module_works_in_workers(monkeypatch):
    made = experiment(sizes={name: {"n": 3, "scale": 1.0} for name in TIERS})(noisy)
    try:
        with joblib.parallel_config(backend="loky", n_jobs=2):
            found = sweep(made, {}, seeds=range(2), progress=False)
    finally:
        from lipkit.experiments import _registry

        del _registry._REGISTRY["noisy"]
    assert found["trace"].tolist() == [noisy({"n": 3, "scale": 1.0}, s)["trace"] for s in (0, 1)]
