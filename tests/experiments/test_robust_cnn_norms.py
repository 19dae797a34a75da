"""The protocol of the layer norms of robust networks, on digits and on small CIFAR-10 files."""

import math
import pickle
from pathlib import Path

import numpy as np
import pytest

from lipkit.experiments import load_result
from lipkit.experiments._cli import main
from lipkit.experiments.robust_cnn_norms import robust_cnn_norms

TINY = {"width": 2, "epochs": 1, "batch_size": 10, "steps_test": 2, "n_attacked": 8}


def write_cifar(folder: Path) -> None:
    """Six batches of eight images, in the Python version's layout."""
    for i, name in enumerate([*(f"data_batch_{k}" for k in range(1, 6)), "test_batch"]):
        draws = np.random.default_rng(i)
        pixels = draws.integers(0, 256, size=(8, 3072), dtype=np.uint8)
        batch = {b"data": pixels, b"labels": draws.integers(0, 10, 8).tolist()}
        (folder / name).write_bytes(pickle.dumps(batch, protocol=2))


def test_the_protocol_is_the_papers() -> None:
    """Digest, sections 7.1 and 7.3, row `norms of robust models`."""
    full = robust_cnn_norms.params("full")
    wanted = {
        "data": "cifar10",
        "epochs": 120,
        "batch_size": 128,
        "lr": 0.1,
        "schedule": "step",
        "eps": 0.031,
        "attack_steps": 10,
        "step_size": 0.007,
        "start": 0.001,
        "beta": 1.0,
        "augment": True,
        "n_train": 0,
        "n_attacked": 1024,
    }
    assert {name: full[name] for name in wanted} == wanted
    assert full["eps_test"] == pytest.approx(8 / 255)
    assert robust_cnn_norms.seeds("full") == range(1)


@pytest.mark.parametrize("method", ["standard", "pgd", "trades", "alp"])
def test_digits(method: str) -> None:
    params = {**robust_cnn_norms.params("test"), "method": method}
    found = robust_cnn_norms(params, 0)
    assert 0 <= found["robust"] <= found["clean"] <= 1
    assert found["robust"] == min(found["robust_apgd_ce"], found["robust_apgd_t"])
    assert found["clean_by_epoch"].shape == found["robust_by_epoch"].shape == (2,)
    for norm in ("l1", "sup"):
        sizes = {name: found[f"{name}_{norm}"].shape for name in ("conv", "linear", "bn", "fused")}
        assert sizes == {"conv": (3,), "linear": (1,), "bn": (3,), "fused": (3,)}
        product = found[f"conv_{norm}"] * found[f"bn_{norm}"]
        assert (found[f"fused_{norm}"] <= product * (1 + 1e-9)).all()


def test_the_radius_of_the_test_is_not_that_of_the_training() -> None:
    params = {**robust_cnn_norms.params("test"), "eps_test": 0.0, "n_attacked": 0}
    found = robust_cnn_norms(params, 0)
    assert found["robust"] == found["clean"]  # a ball of radius 0
    assert found["robust_by_epoch"][-1] < found["clean_by_epoch"][-1]


@pytest.mark.parametrize(("architecture", "convs"), [("resnet18", 20), ("vgg11", 8)])
def test_the_code_of_the_full_tier_on_small_files(
    tmp_path: Path, architecture: str, convs: int
) -> None:
    """The documented command, with everything but the sizes as in the tier."""
    write_cifar(tmp_path)
    (tmp_path / "runs").mkdir()
    out = tmp_path / "found.json"
    sizes = {**TINY, "attack_steps": 1, "folder": tmp_path, "checkpoints": tmp_path / "runs"}
    setting = [f"--set={name}={value}" for name, value in sizes.items()]
    command = ["robust_cnn_norms", "--tier=full", "--seeds=1", f"--out={out}", *setting]
    main([*command, "--set=method=trades", f"--set=architecture={architecture}"])
    stored = load_result(out)
    assert stored.tier == "full"
    assert np.shape(stored.data["conv_l1"]) == (1, convs)
    assert all(math.isfinite(v) for v in np.ravel(stored.data["fused_sup"]))
    assert (tmp_path / "runs" / f"{architecture}-trades-1.pt").is_file()


def test_the_folder_must_be_named() -> None:
    with pytest.raises(ValueError, match=r"folder: got '', expected where CIFAR-10's files are"):
        robust_cnn_norms(robust_cnn_norms.params("full"), 0)


@pytest.mark.parametrize(
    ("name", "value"), [("data", "cifar100"), ("architecture", "senet18"), ("method", "mart")]
)
def test_unknown_names(name: str, value: str) -> None:
    params = {**robust_cnn_norms.params("test"), name: value}
    with pytest.raises(ValueError, match=f"{name}: got '{value}', expected one of"):
        robust_cnn_norms(params, 0)
