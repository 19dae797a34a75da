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


def test_the_regularisers_run_on_small_files(tmp_path: Path) -> None:
    """Digest, section 7.3, row `regularisation`: the command of the module, with smaller sizes."""
    write_cifar(tmp_path)
    (tmp_path / "runs").mkdir()
    out = tmp_path / "found.json"
    sizes = {**TINY, "folder": tmp_path, "checkpoints": tmp_path / "runs"}
    own = {"method": "standard", "architecture": "vgg11", "lr": 0.01, "eps_test": 1 / 255}
    decay = {"penalty": "norm_decay_l1", "strength": 1e-3, "gain_cap": 5}
    setting = [f"--set={name}={value}" for name, value in (sizes | own | decay).items()]
    main(["robust_cnn_norms", "--tier=full", "--seeds=1", f"--out={out}", *setting])
    stored = load_result(out)
    assert stored.params["lr"] == 0.01
    assert stored.params["eps_test"] == pytest.approx(1 / 255)
    assert (tmp_path / "runs" / "vgg11-standard-norm_decay_l1-0.001-5-1.pt").is_file()


@pytest.mark.parametrize(
    ("penalty", "strength", "smaller"),
    [
        ("weight_decay", 0.1, ("conv_l1", "conv_sup")),
        ("norm_decay_l1", 0.1, ("conv_l1",)),
        ("norm_decay_sup", 0.1, ("conv_sup",)),
        ("svc", 0.3, ("conv_sup",)),  # every 100 steps, and these are 100
    ],
)
def test_penalties_shrink_what_they_pull_at(
    penalty: str, strength: float, smaller: tuple[str, ...]
) -> None:
    sizes = {"n_attacked": 4, "steps_test": 1, "epochs": 2, "batch_size": 4}
    plain = {**robust_cnn_norms.params("test"), "method": "standard", **sizes}
    before, after = (
        robust_cnn_norms({**plain, **own}, 0)
        for own in ({}, {"penalty": penalty, "strength": strength})
    )
    for name in smaller:
        assert (after[name] < 0.9 * before[name]).all(), name


def test_gains_are_capped() -> None:
    decay = {"penalty": "norm_decay_sup", "strength": 0.1, "batch_size": 4}
    plain = {**robust_cnn_norms.params("test"), "method": "standard", "n_attacked": 4, **decay}
    free, capped = (robust_cnn_norms({**plain, "gain_cap": cap}, 0) for cap in (0.0, 0.5))
    assert (capped["bn_sup"] < 0.9 * free["bn_sup"]).all()


def test_slopes_margins_and_the_bound_on_them() -> None:
    found = robust_cnn_norms(robust_cnn_norms.params("test"), 0)
    # the difference of two logits is at most twice as steep as the network
    assert 0 < found["slope"] <= 2 * found["constant_sup"]
    assert found["margin"] > 0
    assert found["reach"] > 0
    whole = found["fused_sup"].prod() * found["linear_sup"].prod()
    assert found["constant_sup"] == pytest.approx(whole)


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"penalty": "dropout"}, "penalty: got 'dropout', expected one of"),
        ({"strength": 0.1}, "strength: got 0.1 without a penalty, expected 0"),
        ({"penalty": "svc", "strength": 1.0, "gain_cap": 5.0}, "gain_cap: got 5 with penalty"),
    ],
)
def test_penalties_that_do_not_fit(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(ValueError, match=message):
        robust_cnn_norms({**robust_cnn_norms.params("test"), **wrong}, 0)


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
