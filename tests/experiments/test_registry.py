"""Tiers, the registry, and what goes into an experiment and comes out of it."""

import math
import pickle
import subprocess
import sys

import numpy as np
import pytest

from lipkit.bound import NETWORK, Bound
from lipkit.experiments import EXPERIMENTS, TIERS, Experiment, _registry, experiment, tier

SIZES = {name: {"n": n, "p": math.inf} for name, n in zip(TIERS, (1, 2, 3, 4), strict=True)}


def throw(params, seed):
    """Throw a coin n times."""
    return {"heads": np.random.default_rng(seed).integers(0, 2, params["n"])}


@pytest.fixture
def registered():
    yield experiment(sizes=SIZES)(throw)
    _registry._REGISTRY.pop("throw", None)


def returning(value):
    def fixed(params, seed):
        return params["value"]

    made = Experiment(fixed, sizes={})
    made.checked = lambda params: dict(params)  # lets any object through, to test the way out
    return lambda: made({"value": value}, 0)


# -- tiers ---------------------------------------------------------------------------------------
def test_the_tier_is_read_at_each_call(monkeypatch):
    monkeypatch.delenv("LIPKIT_TIER", raising=False)
    assert tier() == "quick"
    for name in TIERS:
        monkeypatch.setenv("LIPKIT_TIER", name)
        assert tier() == name


def test_an_unknown_tier_is_refused_with_the_known_ones(monkeypatch):
    monkeypatch.setenv("LIPKIT_TIER", "fast")
    with pytest.raises(ValueError, match=r"LIPKIT_TIER: got 'fast'.*'test'.*'quick'.*'standard'"):
        tier()


# -- the registry --------------------------------------------------------------------------------
def test_an_experiment_is_registered_with_name_doc_sizes_and_seeds(registered, monkeypatch):
    assert EXPERIMENTS["throw"] is registered
    assert (registered.name, registered.doc) == ("throw", "Throw a coin n times.")
    monkeypatch.setenv("LIPKIT_TIER", "standard")
    assert registered.params() == {"n": 3, "p": math.inf}
    assert registered.params("full")["n"] == 4
    assert registered.seeds("test") == range(2)
    assert experiment(sizes=SIZES, seeds={name: 7 for name in TIERS})(throw).seeds() == range(7)


def test_the_parameters_handed_out_are_copies(registered):
    registered.params("test")["n"] = 99
    assert registered.params("test")["n"] == 1


def test_a_name_is_taken_once_per_module(registered):
    experiment(sizes=SIZES)(throw)  # a cell that runs twice
    other = type(throw)(throw.__code__, throw.__globals__, "throw")
    other.__module__ = "elsewhere"
    with pytest.raises(ValueError, match=r"throw: got a name that .* has taken"):
        experiment(sizes=SIZES)(other)


@pytest.mark.parametrize(
    ("sizes", "message"),
    [
        ({}, "sizes: got none"),
        ({"test": {"n": 1}}, r"throw: got sizes for \['test'\]"),
        ({**SIZES, "full": {"n": 1}}, r"got parameters \['n'\] in tier 'full'"),
        ({**SIZES, "full": {"n": float("nan"), "p": 1}}, "throw: n: got nan"),
    ],
)
def test_incomplete_sizes_are_refused(sizes, message):
    with pytest.raises(ValueError, match=message):
        experiment(sizes=sizes)(throw)
    assert "throw" not in EXPERIMENTS


def test_a_function_that_captures_variables_is_refused():
    hidden = 3

    def impure(params, seed):
        return {"y": hidden}

    with pytest.raises(ValueError, match="impure: got a function that captures variables"):
        Experiment(impure, sizes={})
    with pytest.raises(TypeError, match="expected a function"):
        Experiment(np.sin, sizes={})


def test_importing_the_room_finds_experiments_and_loads_nothing_heavy():
    code = (
        "import sys, lipkit.experiments as e; "
        "heavy = {'torch', 'pandas', 'matplotlib', 'joblib', 'tqdm'} & set(sys.modules); "
        "print(sorted(heavy), len(e.EXPERIMENTS))"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    heavy, count = out.stdout.rsplit(maxsplit=1)
    assert heavy == "[]"
    assert int(count) >= 1


# -- in ------------------------------------------------------------------------------------------
def test_parameters_must_be_exactly_its_own(registered):
    with pytest.raises(ValueError, match=r"throw: got missing parameter \['p'\]"):
        registered({"n": 3}, 0)
    with pytest.raises(ValueError, match=r"throw: got unknown parameter \['d'\], expected"):
        registered({"n": 3, "p": 2, "d": 1}, 0)


def test_parameters_become_plain_python():
    def kinds(params, seed):
        assert [type(v) for v in params.values()] == [int, float, bool, tuple, tuple, str]
        return {"ok": 1.0}

    given = (np.int64(2), np.float32(0.5), np.bool_(True), np.arange(3), [1, [2.0]], "relu")
    names = "abcdef"
    checked = Experiment(kinds, sizes={}).checked(dict(zip(names, given, strict=True)))
    assert checked["d"] == (0, 1, 2)
    assert checked["e"] == (1, (2.0,))
    assert Experiment(kinds, sizes={})(dict(zip(names, given, strict=True)), 0) == {"ok": 1.0}


@pytest.mark.parametrize("bad", [object(), {"a": 1}, 1j, [object()]])
def test_other_parameters_are_refused(bad):
    with pytest.raises(TypeError, match=r"throw: n.*expected None, a bool, a number"):
        Experiment(throw, sizes={}).checked({"n": bad})


@pytest.mark.parametrize(("seed", "error"), [(-1, ValueError), (1.0, TypeError), (True, TypeError)])
def test_a_seed_is_an_integer_from_0(registered, seed, error):
    with pytest.raises(error, match="throw: seed: got"):
        registered({"n": 3, "p": 2}, seed)


def test_the_function_cannot_change_the_caller_s_parameters():
    def greedy(params, seed):
        return {"y": float(params.pop("x"))}

    mine = {"x": 1}
    Experiment(greedy, sizes={})(mine, 0)
    assert mine == {"x": 1}


# -- out -----------------------------------------------------------------------------------------
def test_results_become_floats_and_arrays_of_their_own():
    source = np.arange(3)
    found = returning({"a": np.float32(0.5), "b": 2, "c": np.array(1.5), "d": source})()
    assert {name: type(value) for name, value in found.items()} == {
        "a": float,
        "b": float,
        "c": float,
        "d": np.ndarray,
    }
    source[0] = 9
    assert found["d"].tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("value", "error", "message"),
    [
        ({"y": float("inf")}, ValueError, "fixed, result 'y': got inf, expected finite"),
        ({"y": np.array([0.0, np.nan])}, ValueError, "result 'y'.*expected finite"),
        ({"y": "3"}, TypeError, "result 'y': got str, expected a float or an array"),
        ({"y": [1.0]}, TypeError, "got list"),
        ({"y": True}, TypeError, "got bool"),
        ({"y": 1j * np.ones(2)}, TypeError, "got dtype complex128"),
        ({"y": np.ones(0)}, TypeError, r"shape \(0,\)"),
        ({"y": Bound(1.0, "exact", quantity=NETWORK, method="m")}, TypeError, "got Bound.*float()"),
        ({}, TypeError, "expected a dict with at least one result"),
        (3.0, TypeError, "expected a dict"),
        ({"not a word": 1.0}, TypeError, "got the result name 'not a word'"),
        ({"value": 1.0}, ValueError, r"got results named \['value'\]"),
        ({"seed": 1.0}, ValueError, r"got results named \['seed'\]"),
    ],
)
def test_other_results_are_refused(value, error, message):
    with pytest.raises(error, match=message):
        returning(value)()


# -- between processes ---------------------------------------------------------------------------
def test_pickle_goes_by_name_where_the_name_leads_back(registered, monkeypatch):
    monkeypatch.setattr(sys.modules[__name__], "throw", registered)
    assert len(pickle.dumps(registered)) < 200
    assert pickle.loads(pickle.dumps(registered)) is registered


def test_pickle_goes_by_value_otherwise(registered):
    again = pickle.loads(pickle.dumps(registered))
    assert again is not registered
    assert again.params("full") == registered.params("full")
    assert again.seeds("full") == registered.seeds("full")


def test_the_source_hash_follows_the_text(tmp_path, monkeypatch):
    monkeypatch.syspath_prepend(str(tmp_path))

    def load(text, name):
        (tmp_path / f"{name}.py").write_text(text)
        return Experiment(__import__(name).f, sizes={}).source_hash

    text = "SCALE = 2\ndef f(params, seed):\n    return {'y': SCALE * params['x']}\n"
    first = load(text, "lk_one")
    assert load(text, "lk_two") == first
    assert load(text.replace("SCALE = 2", "SCALE = 3"), "lk_three") != first


def test_the_source_hash_follows_the_floors_below_only(tmp_path, monkeypatch):
    def digest(file, text):
        (tmp_path / file).parent.mkdir(exist_ok=True)
        (tmp_path / file).write_text(text)
        _registry._library_hash.cache_clear()
        return Experiment(throw, sizes={}).source_hash

    monkeypatch.setattr(_registry, "__file__", str(tmp_path / "experiments" / "_registry.py"))
    try:
        first = digest("norms/_matrix.py", "1")
        assert digest("experiments/other.py", "2") == first
        assert digest("teach/figures.py", "2") == first
        assert digest("norms/_matrix.py", "2") != first
        assert digest("_validate.py", "2") != digest("_validate.py", "3")
    finally:
        _registry._library_hash.cache_clear()
