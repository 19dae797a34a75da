"""Adversarial training killed from outside with SIGKILL, and taken up again by another process."""

import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lipkit.data import Points, moons
from lipkit.training import CropFlip, History, Penalty, fit, mlp

EPOCHS = 8

# the run of `train` below, slowed down so that it can be killed in the middle of an epoch
RUN = """
import sys, time
sys.path[:0] = {paths!r}
import torch
torch.set_num_threads(1)
from run_of_the_test import model_and_data, train
model, data = model_and_data()
model.register_forward_hook(lambda module, inputs, out: time.sleep(0.005))
train(model, data, {method!r}, {file!r})
"""


class Pull(Penalty):
    """Weights pulled towards an average of the past, which a checkpoint has to keep."""

    def __init__(self) -> None:
        self.past: list[torch.Tensor] = []

    def after_backward(self, model: nn.Module) -> None:
        now = [weights.detach().clone() for weights in model.parameters()]
        self.past = [0.9 * a + 0.1 * b for a, b in zip(self.past or now, now, strict=True)]
        for weights, past in zip(model.parameters(), self.past, strict=True):
            assert weights.grad is not None
            weights.grad += 0.1 * (weights.detach() - past)

    def state_dict(self) -> dict[str, Any]:
        return {"past": self.past}

    def load_state_dict(self, state: dict[str, Any]) -> None:
        self.past = state["past"]

    def __repr__(self) -> str:
        return "Pull()"


def model_and_data() -> tuple[nn.Sequential, Points]:
    first, relu, last = mlp((2, 8, 2), rng=1)
    X, y = moons(60, rng=0)
    layers = (first, nn.BatchNorm1d(8), relu, nn.Dropout(0.3), last)
    return nn.Sequential(*layers), Points((X + 1.5) / 4, (y > 0).astype(np.int64))


def train(model: nn.Module, data: Any, method: str, checkpoint: Any = None, **how: Any) -> History:
    usual = {
        "eps": 0.03,
        "attack_steps": 3,
        "epochs": EPOCHS,
        "batch_size": 15,
        "validation": data,
        "patience": EPOCHS,
        "norms": (1, np.inf),
        "penalty": Pull(),
        "progress": False,
        "rng": 3,
    }
    return fit(model, data, method=method, checkpoint=checkpoint, **{**usual, **how})


def bits(model: nn.Module) -> bytes:
    return b"".join(tensor.numpy().tobytes() for tensor in model.state_dict().values())


def without_clock(history: History) -> Any:
    return [dict(row, seconds=0) for row in history.rows], history.norms, history.kept


def kill_in_epoch(number: int, method: str, file: Path) -> None:
    """Start the run in a process of its own, and kill it once so many epochs are in its file."""
    (file.parent / "run_of_the_test.py").write_text(Path(__file__).read_text())
    paths = [str(file.parent), str(Path(__file__).parents[2])]
    script = RUN.format(paths=paths, method=method, file=str(file))
    with subprocess.Popen([sys.executable, "-c", script]) as process:
        give_up = time.monotonic() + 120
        while saved_epochs(file) < number and time.monotonic() < give_up:
            assert process.poll() is None
            time.sleep(0.002)
        process.send_signal(signal.SIGKILL)
    assert process.returncode == -signal.SIGKILL


def saved_epochs(file: Path) -> int:
    return len(torch.load(file, weights_only=True)["rows"]) if file.exists() else -1


@pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="no SIGKILL here")
def test_killed_twice_and_taken_up_again(tmp_path: Path) -> None:
    method = "trades"
    model, data = model_and_data()
    whole = without_clock(train(model, data, method))
    file = tmp_path / "run.pt"
    for number in (2, 5):
        kill_in_epoch(number, method, file)
        assert number <= saved_epochs(file) < EPOCHS
    again, data = model_and_data()
    found = without_clock(train(again, data, method, file))
    assert bits(again) == bits(model)
    assert found == whole
    assert [path.name for path in tmp_path.glob("*.pt*") if path != file] in ([], ["run.pt.part"])


@pytest.mark.parametrize(
    ("how", "message"),
    [
        ({"eps": 0.02}, "other attack"),
        ({"p": 2}, "other attack"),
        ({"attack_steps": 2}, "other attack"),
        ({"attack_start": 0.01}, "other attack"),
        ({"bounds": None}, "other attack"),
        ({"patience": 3}, "other patience"),
        ({"norms": 1}, "other norms"),
        ({"penalty": None}, "other penalty"),
        ({"augment": CropFlip()}, "other augment"),
        ({"beta": 3.0}, "other beta"),
        ({"schedule": {3: 0.1}}, "other schedule"),
        ({"method": "alp", "beta": 6.0}, "other method"),
    ],
)
def test_another_run(tmp_path: Path, how: Any, message: str) -> None:
    model, data = model_and_data()
    train(model, data, "trades", tmp_path / "run.pt", epochs=1, patience=1)
    content = (tmp_path / "run.pt").read_bytes()
    fresh = model_and_data()[0]
    how = {"epochs": 1, "patience": 1, "method": "trades", **how}
    with pytest.raises(ValueError, match=rf"{message}.*nothing was overwritten"):
        train(fresh, data, checkpoint=tmp_path / "run.pt", **how)
    assert (tmp_path / "run.pt").read_bytes() == content


def test_a_finished_run_with_the_best_weights_is_only_read(tmp_path: Path) -> None:
    """The model holds those of the best epoch, the file also those of the last."""
    file = tmp_path / "run.pt"
    model, data = model_and_data()
    how = {"patience": 2, "lr": 0.5, "epochs": 30, "schedule": "constant"}
    rows, norms, kept = without_clock(train(model, data, "pgd", file, **how))
    assert kept == len(rows) - 2 < 28
    content, best = file.read_bytes(), bits(model)
    for again in (model, model_and_data()[0]):
        assert without_clock(train(again, data, "pgd", file, **how)) == (rows, norms, kept)
        assert bits(again) == best
    assert file.read_bytes() == content
