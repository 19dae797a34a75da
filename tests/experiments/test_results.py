"""Stored results: they survive, say where they come from, and disagree aloud."""

import json
import math
import re
import shlex

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

import lipkit
from lipkit.experiments import TIERS, _registry, experiment, load_result, save_result
from lipkit.experiments._cli import main


def wave(params, seed):
    """A wave and its height."""
    draws = np.random.default_rng(seed).normal(size=params["n"])
    return {"height": float(abs(draws).max() * params["scale"]), "wave": draws}


@pytest.fixture
def registered():
    sizes = {name: {"n": i + 2, "scale": 1.0, "p": math.inf} for i, name in enumerate(TIERS)}
    yield experiment(sizes=sizes)(wave)
    _registry._REGISTRY.pop("wave", None)


FACTS = {"experiment": "wave", "params": {"n": 3, "p": math.inf}, "seeds": [0, 1], "tier": "test"}
finite = st.floats(allow_nan=False, allow_infinity=False)


# -- round trip ----------------------------------------------------------------------------------
@settings(max_examples=60, deadline=None)
@given(value=finite, array=hnp.arrays(np.float64, hnp.array_shapes(max_dims=3), elements=finite))
def test_floats_round_trip_exactly(tmp_path_factory, value, array):
    path = tmp_path_factory.getbasetemp() / "round.json"
    save_result(path, {"value": value, "array": array}, **FACTS)
    data = load_result(path).data
    assert data["value"].hex() == value.hex()
    assert data["array"].shape == array.shape
    assert data["array"].dtype == np.float64
    assert data["array"].tobytes() == array.tobytes()


def test_every_fact_round_trips(tmp_path):
    path = tmp_path / "new" / "wave.json"
    params = {"n": 3, "p": math.inf, "widths": [3, (4, 5)], "name": "é", "flag": True, "box": None}
    save_result(
        path, {"y": 0.1, "k": np.arange(4)}, experiment="wave", params=params, seeds=range(2, 5),
        tier="full", command="make it",
    )  # fmt: skip
    stored = load_result(path)
    assert stored.params == {**params, "widths": (3, (4, 5))}
    assert (stored.experiment, stored.seeds, stored.tier) == ("wave", [2, 3, 4], "full")
    assert stored.command == "make it"
    assert stored.versions["lipkit"] == lipkit.__version__
    assert {"python", "numpy", "scipy"} <= set(stored.versions)
    assert re.fullmatch(r"\d{4}-\d\d-\d\d", stored.date)
    assert stored.data["y"] == 0.1
    assert stored.data["k"].dtype.kind == "i"


def test_the_file_is_strict_json_with_a_line_for_each_result(tmp_path):
    path = tmp_path / "wave.json"
    save_result(path, {"y": 0.1, "wave": np.ones((2, 2))}, **FACTS)
    text = path.read_text()
    json.loads(text, parse_constant=lambda name: pytest.fail(f"{name} is not JSON"))
    assert '    "wave": [[1.0, 1.0], [1.0, 1.0]]\n' in text
    assert '"p": 1e999' in text
    assert str(tmp_path) not in text


@pytest.mark.parametrize(
    ("change", "data", "message"),
    [
        ({"tier": "fast"}, {"y": 1.0}, "tier: got 'fast'"),
        ({"seeds": []}, {"y": 1.0}, "seeds: got none"),
        ({"seeds": [-1]}, {"y": 1.0}, "seeds: got -1"),
        ({}, {"y": math.nan}, "wave, result 'y': got nan"),
        ({"params": {"n": math.nan}}, {"y": 1.0}, "n: got nan"),
    ],
)
def test_what_cannot_be_true_is_not_stored(tmp_path, change, data, message):
    with pytest.raises(ValueError, match=message):
        save_result(tmp_path / "wave.json", data, **{**FACTS, **change})
    assert not list(tmp_path.iterdir())


# -- missing and broken --------------------------------------------------------------------------
def test_a_missing_file_says_how_to_make_it(tmp_path, registered):
    command = r"python -m lipkit\.experiments wave --tier standard --out wave-standard\.json"
    with pytest.raises(FileNotFoundError, match=command):
        load_result(tmp_path / "wave-standard.json")
    with pytest.raises(FileNotFoundError, match=r"experiments NAME .*--list"):
        load_result(tmp_path / "other.json")


@pytest.mark.parametrize(
    "break_it",
    [
        lambda text: text[:-10],
        lambda text: "[]",
        lambda text: text.replace('"seeds"', '"seed"'),
        lambda text: text.replace('"y": 0.1', '"y": "0.1"'),
        lambda text: text.replace('"y": 0.1', '"y": [[1.0], 2.0]'),
        lambda text: text.replace('"y": 0.1', '"y": NaN'),
        lambda text: text.replace('"params": {"n": 3, "p": 1e999}', '"params": 3'),
    ],
)
def test_a_broken_file_says_how_to_make_it(tmp_path, registered, break_it):
    path = tmp_path / "wave.json"
    save_result(path, {"y": 0.1}, **FACTS)
    broken = break_it(path.read_text())
    assert broken != path.read_text()
    path.write_text(broken)
    with pytest.raises(ValueError, match=r"wave\.json: .*python -m lipkit\.experiments wave"):
        load_result(path)


# -- check ---------------------------------------------------------------------------------------
@pytest.fixture
def stored(tmp_path):
    save_result(tmp_path / "w.json", {"y": 100.0, "v": np.array([[1.0, 2.0], [3.0, 0.0]])}, **FACTS)
    return load_result(tmp_path / "w.json")


def test_what_agrees_passes(stored):
    stored.check({"y": 100.9, "v": [[1.0, 2.01], [3.0, 0.0]]}, rtol=0.01)
    stored.check({"v": np.array([3.0, 1e-9])}, rtol=0.0, atol=1e-8, seed=1)


@pytest.mark.parametrize(
    ("fresh", "options", "message"),
    [
        (
            {"y": 101.1},
            {"rtol": 0.01},
            r"^y: recomputed 101.1, stored 100.0, .* at most 1 \(rtol 0",
        ),
        ({"y": 98.9}, {"rtol": 0.01}, r"^y: recomputed 98.9, stored 100.0"),
        ({"y": math.nan}, {"rtol": 1.0}, "^y: recomputed nan, stored 100.0"),
        ({"v": [[1.0, 2.0], [4.0, 9.0]]}, {"rtol": 0.1}, r"^v\[1, 1\]: recomputed 9.0, stored 0.0"),
        ({"v": [3.0, 0.5]}, {"rtol": 0.1, "seed": 1}, r"^v\[1\]: recomputed 0.5, stored 0.0"),
        ({"v": [3.0, 0.0]}, {"rtol": 0.1, "seed": 0}, r"^v\[.\]: recomputed"),
        ({"v": [1.0, 2.0]}, {"rtol": 9.0}, r"^v: got shape \(2,\), stored is \(2, 2\)"),
        ({"z": 1.0}, {"rtol": 9.0}, r"^z: not among the stored results \['y', 'v'\]"),
    ],
)
def test_what_disagrees_names_key_values_and_tolerance(stored, fresh, options, message):
    with pytest.raises(AssertionError, match=message):
        stored.check(fresh, **options)


@pytest.mark.parametrize(
    ("fresh", "seed", "message"),
    [
        ({}, None, "fresh: got no values"),
        ({"v": [1.0, 2.0]}, 7, r"seed: got 7, expected one of the stored \[0, 1\]"),
        ({"y": 100.0}, 0, "no entry for each of 2 seeds"),
    ],
)
def test_a_check_that_compares_nothing_is_refused(stored, fresh, seed, message):
    with pytest.raises(ValueError, match=message):
        stored.check(fresh, rtol=1.0, seed=seed)


# -- the command line ----------------------------------------------------------------------------
def test_a_run_from_the_shell_can_be_checked_and_repeated(tmp_path, registered, monkeypatch):
    monkeypatch.chdir(tmp_path)
    line = "wave --tier standard --seeds 0:3 --out here.json --set scale=2 --cache c"
    main(shlex.split(line))
    stored = load_result("here.json")
    assert stored.params == {"n": 4, "scale": 2, "p": math.inf}
    assert stored.data["wave"].shape == (3, 4)
    stored.check(registered(stored.params, 2), rtol=0, seed=2)
    first = (tmp_path / "here.json").read_bytes()
    main(shlex.split(stored.command.removeprefix("python -m lipkit.experiments ")))
    assert (tmp_path / "here.json").read_bytes() == first


def test_the_tier_decides_what_is_left_out(tmp_path, registered, monkeypatch, capsys):
    monkeypatch.setenv("LIPKIT_TIER", "test")
    main(["wave", "--out", str(tmp_path / "w.json")])
    stored = load_result(tmp_path / "w.json")
    assert (stored.tier, stored.seeds, stored.params["n"]) == ("test", [0, 1], 2)
    assert stored.command.endswith("wave --tier test --seeds 0:2 --out w.json")
    assert "w.json: height, wave for 2 seeds" in capsys.readouterr().out


def test_the_list_names_every_experiment(registered, capsys):
    main(["--list"])
    assert "wave: A wave and its height." in capsys.readouterr().out.splitlines()


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ("wave", "--out FILE is missing"),
        ("tide --out x.json", "NAME: got 'tide', expected one of"),
        ("wave --out x.json --tier fast", "invalid choice: 'fast'"),
        ("wave --out x.json --seeds a", "--seeds"),
        ("wave --out x.json --set n", "--set"),
        ("wave --out x.json --set depth=1", "unknown parameter ['depth']"),
    ],
)
def test_a_bad_line_says_what_is_wrong(line, message, registered, capsys, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(SystemExit):
        main(line.split())
    assert message in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
