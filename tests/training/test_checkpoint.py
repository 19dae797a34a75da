"""A run that was stopped, in whatever way, ends with the bits of one that was not."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lipkit.data import Points, moons
from lipkit.training import fit, mlp

EPOCHS = 6
BATCHES = 4  # a batch of 15 of the 60 points

# the same run as `train` below, in a process of its own that dies in the middle of an epoch
KILLED = """
import os, signal, sys
from tests_run import model_and_data, train
model, data = model_and_data()
count = 0
def die(module, inputs, out):
    global count
    count += module.training
    if count == {after}:
        os.kill(os.getpid(), signal.SIGKILL)
model.register_forward_hook(die)
train(model, data, {path!r})
"""


def model_and_data() -> tuple[nn.Sequential, Points]:
    first, relu, last = mlp((2, 8, 2), rng=1)
    X, y = moons(60, rng=0)
    layers = (first, nn.BatchNorm1d(8), relu, nn.Dropout(0.3), last)
    return nn.Sequential(*layers), Points(X, (y > 0).astype(np.int64))


def train(model: nn.Module, data: Any, checkpoint: Any = None, **how: Any) -> Any:
    usual = {"epochs": EPOCHS, "batch_size": 15, "progress": False, "rng": 3, "validation": data}
    return fit(model, data, checkpoint=checkpoint, **{**usual, **how})


def bits(model: nn.Module) -> bytes:
    return b"".join(t.numpy().tobytes() for t in model.state_dict().values())


def without_clock(history: Any) -> list[dict[str, Any]]:
    return [dict(row, seconds=0) for row in history.rows]


@pytest.fixture(scope="module")
def uninterrupted() -> tuple[bytes, list[dict[str, Any]]]:
    model, data = model_and_data()
    history = train(model, data)
    return bits(model), without_clock(history)


def interrupt(after: int, error: type[BaseException]) -> Callable[..., None]:
    """A forward hook that fails at that training batch, counted from 1."""
    count = 0

    def hook(module: nn.Module, inputs: Any, out: Any) -> None:
        nonlocal count
        count += module.training
        if module.training and count == after:
            raise error

    return hook


@pytest.mark.parametrize("after", [1, 2, BATCHES, BATCHES + 1, 3 * BATCHES + 2, EPOCHS * BATCHES])
@pytest.mark.parametrize("fresh", [True, False], ids=["new model", "same model"])
def test_goes_on_after_an_interrupt(
    tmp_path: Path, uninterrupted: Any, after: int, fresh: bool
) -> None:
    model, data = model_and_data()
    handle = model.register_forward_hook(interrupt(after, KeyboardInterrupt))
    with pytest.raises(KeyboardInterrupt):
        train(model, data, tmp_path / "run.pt")
    handle.remove()
    saved = torch.load(tmp_path / "run.pt", weights_only=True)
    assert [row["epoch"] for row in saved["rows"]] == list(range(1, 1 + (after - 1) // BATCHES))
    # the model itself went back to the last finished epoch
    assert all(torch.equal(saved["model"][k], t) for k, t in model.state_dict().items())
    if fresh:
        model, data = model_and_data()
    history = train(model, data, tmp_path / "run.pt")
    assert bits(model) == uninterrupted[0]
    assert without_clock(history) == uninterrupted[1]


def test_goes_on_with_the_same_model_and_then_with_a_new_one(
    tmp_path: Path, uninterrupted: Any
) -> None:
    """The file remembers where the run started, not where it was taken up again."""
    model, data = model_and_data()
    for _ in range(2):
        handle = model.register_forward_hook(interrupt(BATCHES + 2, KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            train(model, data, tmp_path / "run.pt")
        handle.remove()
    model, data = model_and_data()
    train(model, data, tmp_path / "run.pt")
    assert bits(model) == uninterrupted[0]


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_goes_on_after_a_kill(tmp_path: Path, uninterrupted: Any) -> None:
    source = Path(__file__).read_text()
    (tmp_path / "tests_run.py").write_text(source)
    path = str(tmp_path / "run.pt")
    script = KILLED.format(after=2 * BATCHES + 3, path=path)
    root = str(Path(__file__).parents[2])
    environment = os.environ | {"PYTHONPATH": os.pathsep.join([str(tmp_path), root])}
    done = subprocess.run([sys.executable, "-c", script], env=environment, check=False)
    assert done.returncode == -signal.SIGKILL
    assert len(torch.load(path, weights_only=True)["rows"]) == 2
    model, data = model_and_data()
    history = train(model, data, path)
    assert bits(model) == uninterrupted[0]
    assert without_clock(history) == uninterrupted[1]


def test_a_kill_while_writing_leaves_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uninterrupted: Any
) -> None:
    """The third save dies halfway through the bytes: what is under the name is the second."""
    path, saves, whole = tmp_path / "run.pt", 0, torch.save

    def torn(content: Any, file: Any) -> None:
        nonlocal saves
        saves += 1
        if saves == 3:
            file.write(b"half")
            raise OSError("disk full")
        whole(content, file)

    monkeypatch.setattr(torch, "save", torn)
    model, data = model_and_data()
    with pytest.raises(OSError, match="disk full"):
        train(model, data, path)
    assert len(torch.load(path, weights_only=True)["rows"]) == 1
    monkeypatch.undo()
    train(model, data, path)
    assert bits(model) == uninterrupted[0]


def test_a_finished_run_is_only_read(tmp_path: Path, uninterrupted: Any) -> None:
    path = tmp_path / "run.pt"
    model, data = model_and_data()
    train(model, data, path)
    before, stamp = path.read_bytes(), path.stat().st_mtime_ns
    for again in (model, model_and_data()[0]):
        again.register_forward_hook(interrupt(1, AssertionError))  # no batch is trained on
        history = train(again, data, path)
        assert bits(again) == uninterrupted[0]
        assert without_clock(history) == uninterrupted[1]
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (before, stamp)
    assert os.listdir(tmp_path) == ["run.pt"]


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"epochs": EPOCHS + 1}, "other epochs"),
        ({"lr": 0.06}, "other lr"),
        ({"batch_size": 16}, "other batch_size"),
        ({"schedule": "constant"}, "other schedule"),
        ({"rng": 4}, "other seed"),
        ({"validation": None}, "other validation"),
        ({"rng": 4, "lr": 0.06}, "other lr, seed"),
    ],
)
def test_settings_of_another_run(tmp_path: Path, how: Any, message: str) -> None:
    model, data = model_and_data()
    train(model, data, tmp_path / "run.pt")
    refuses(tmp_path / "run.pt", message, model_and_data()[0], data, **how)


def test_data_weights_or_shapes_of_another_run(tmp_path: Path) -> None:
    model, (X, y) = model_and_data()
    train(model, (X, y), tmp_path / "run.pt")
    moved = X.copy()
    moved[5, 1] += 1e-9
    path, fresh = tmp_path / "run.pt", model_and_data()[0]
    refuses(path, "other data", fresh, (moved, y), validation=(X, y))
    refuses(path, "other data", fresh, (X, 1 - y), validation=(X, y))
    refuses(path, "other model", mlp((2, 7, 2)), (X, y))
    refuses(path, "other model", model_and_data()[0].double(), (X, y))
    with torch.no_grad():
        fresh[0].weight[0, 0] += 1
    refuses(path, "started from other weights", fresh, (X, y))


@pytest.mark.parametrize("content", [b"", b"my thesis", b"PK\x03\x04"])
def test_a_file_that_is_no_checkpoint(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "thesis.txt"
    path.write_bytes(content)
    refuses(path, "not a checkpoint of fit", *model_and_data())


def test_torch_files_that_are_no_checkpoint(tmp_path: Path) -> None:
    path = tmp_path / "weights.pt"
    model, data = model_and_data()
    torch.save(model.state_dict(), path)
    refuses(path, "not a checkpoint of fit", model, data)
    torch.save({"format": "another"}, path)
    refuses(path, "another version", model, data)


def refuses(path: Path, message: str, model: nn.Module, data: Any, **how: Any) -> None:
    content, weights, stored = path.read_bytes(), bits(model), path.stat().st_mtime_ns
    with pytest.raises(ValueError, match=rf"{message}.*nothing was overwritten"):
        train(model, data, path, **{"validation": data, **how})
    assert (path.read_bytes(), path.stat().st_mtime_ns) == (content, stored)
    assert bits(model) == weights
    assert model.training


def test_a_missing_folder_is_found_before_training(tmp_path: Path) -> None:
    model, data = model_and_data()
    model.register_forward_hook(interrupt(1, AssertionError))
    with pytest.raises(ValueError, match=r"checkpoint: got .*nowhere.* a folder that is not there"):
        train(model, data, tmp_path / "nowhere" / "run.pt")


def test_divergence_keeps_the_last_good_epoch(tmp_path: Path) -> None:
    """The weights turn infinite in the last step of an epoch: its loss is finite, its file not."""
    path = tmp_path / "run.pt"
    model, data = nn.Linear(1, 1).double(), (np.full((1, 1), 1e160), np.full(1, 1e150))
    nn.init.zeros_(model.weight)
    with pytest.raises(FloatingPointError, match="in epoch 1, where weight is no longer finite"):
        fit(model, data, epochs=9, lr=1.0, progress=False, checkpoint=path)
    saved = torch.load(path, weights_only=True)
    assert saved["model"]["weight"].item() == model.weight.item() == 0.0
    assert saved["rows"] == []


def test_divergence_later_on_keeps_the_epochs_before(tmp_path: Path) -> None:
    path = tmp_path / "run.pt"
    model, data = nn.Linear(1, 1).double(), (np.ones((1, 1)), np.ones(1))
    with pytest.raises(FloatingPointError, match="where the loss is no longer finite; lower lr"):
        fit(model, data, epochs=99, lr=1e9, schedule="constant", progress=False, checkpoint=path)
    saved = torch.load(path, weights_only=True)
    assert 3 < len(saved["rows"]) < 99
    assert torch.equal(saved["model"]["weight"], model.weight.detach())
    assert torch.isfinite(model.weight).all()


def test_epochs_of_the_checkpoint_are_in_the_history_and_the_bar(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model, data = model_and_data()
    handle = model.register_forward_hook(interrupt(2 * BATCHES + 1, RuntimeError))
    with pytest.raises(RuntimeError):
        train(model, data, tmp_path / "run.pt")
    handle.remove()
    capsys.readouterr()
    assert len(train(model, data, str(tmp_path / "run.pt"), progress=True)) == EPOCHS
    assert f"2/{EPOCHS}" in capsys.readouterr().err


def test_the_file_holds_no_pickled_code(tmp_path: Path) -> None:
    """It loads with weights_only=True, so reading a file from elsewhere runs nothing."""
    model, data = model_and_data()
    train(model, data, tmp_path / "run.pt")
    assert torch.load(tmp_path / "run.pt", weights_only=True)["settings"]["method"] == "standard"
