"""Early stopping, penalties, augmentation, layer norms by epoch, the bar."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from lipkit.data import Points, moons
from lipkit.norms import layer_norms
from lipkit.training import CropFlip, History, Penalty, WeightDecay, fit, mlp, small_cnn
from lipkit.training._early import best_epoch, finished


def classes(n: int = 60, seed: int = 0) -> Points:
    X, y = moons(n, rng=seed)
    return Points((X + 1.5) / 4, (y > 0).astype(np.int64))


def images(n: int = 24) -> tuple[Any, Any]:
    return np.random.default_rng(0).uniform(size=(n, 1, 8, 8)), np.arange(n) % 10


def quick(model: nn.Module, data: Any, **how: Any) -> History:
    return fit(model, data, **{"epochs": 3, "batch_size": 16, "progress": False, **how})


def weights(model: nn.Module) -> list[Tensor]:
    return [tensor.clone() for tensor in model.state_dict().values()]


def same(a: list[Tensor], b: list[Tensor]) -> bool:
    return all(torch.equal(one, other) for one, other in zip(a, b, strict=True))


class TestEarlyStopping:
    def rows(self, *robust: float) -> list[dict[str, Any]]:
        clean = [0.1 * i for i in range(len(robust))]
        return [
            {"validation_loss": 1.0, "validation_accuracy": a, "validation_robust_accuracy": r}
            for a, r in zip(clean, robust, strict=True)
        ]

    def test_robust_accuracy_decides(self) -> None:
        rows = self.rows(0.3, 0.5, 0.5, 0.4)
        assert best_epoch(rows) == 1  # the first of equals, though the clean accuracy rises
        assert finished(rows, 10, patience=2)
        assert not finished(rows, 10, patience=3)
        assert not finished(rows, 10, patience=None)
        assert finished(rows, 4, patience=None)
        assert not finished([], 4, patience=1)

    def test_without_an_attack_accuracy_decides_and_for_values_the_loss(self) -> None:
        accuracies = [{"validation_loss": i, "validation_accuracy": a} for i, a in ((1, 0), (2, 1))]
        assert best_epoch(accuracies) == 1
        assert best_epoch([{"validation_loss": loss} for loss in (3.0, 1.0, 2.0)]) == 1

    @pytest.mark.parametrize("method", ["standard", "pgd"])
    def test_the_model_has_the_weights_of_the_best_epoch(self, method: str) -> None:
        how = {"method": method, "eps": 0.05, "attack_steps": 2, "lr": 0.3, "schedule": "constant"}
        held_out = classes(30, seed=1)
        model = mlp((2, 6, 2), rng=2)
        stopped = quick(
            model, classes(), epochs=40, patience=3, validation=held_out, norms=1, **how
        )
        values = [row["validation_robust_accuracy"] for row in stopped.rows]
        assert stopped.kept == values.index(max(values)) + 1 == len(values) - 3 < 37
        twin = mlp((2, 6, 2), rng=2)
        again = quick(twin, classes(), epochs=stopped.kept, validation=held_out, **how)
        assert same(weights(model), weights(twin))
        assert again.kept == stopped.kept
        assert again.last["validation_robust_accuracy"] == max(values)
        assert {record["epoch"] for record in stopped.norms} == set(range(1, len(values) + 1))

    def test_an_attack_is_measured_for_plain_training_too(self) -> None:
        row = quick(mlp((2, 6, 2)), classes(), eps=0.05, validation=classes(20, seed=1)).last
        assert row["validation_robust_accuracy"] <= row["validation_accuracy"]
        assert "train_robust_accuracy" not in row


class TestPenalties:
    def test_weight_decay_is_that_of_torch(self) -> None:
        data, how = classes(30), {"epochs": 1, "batch_size": 30, "lr": 0.1}
        model, twin = mlp((2, 6, 2), rng=0).double(), mlp((2, 6, 2), rng=0).double()
        quick(model, data, penalty=WeightDecay(0.2), **how)
        optimiser = torch.optim.SGD(twin.parameters(), lr=0.1, momentum=0.9, weight_decay=0.2)
        out = twin(torch.from_numpy(data.X))
        nn.functional.cross_entropy(out, torch.from_numpy(data.y)).backward()
        optimiser.step()
        for ours, theirs in zip(weights(model), weights(twin), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-12, atol=1e-15)

    def test_a_function_is_added_to_the_loss(self) -> None:
        """lambda / 2 times the sum of squares is weight decay; the loss shown is without it."""

        def squares(model: nn.Module) -> Tensor:
            return 0.1 * torch.stack([w.square().sum() for w in model.parameters()]).sum()

        models = [mlp((2, 6, 2), rng=0).double() for _ in range(2)]
        a = quick(models[0], classes(), penalty=squares)
        b = quick(models[1], classes(), penalty=WeightDecay(0.2))
        for ours, theirs in zip(*map(weights, models), strict=True):
            torch.testing.assert_close(ours, theirs, rtol=1e-9, atol=1e-12)
        for one, other in zip(a.rows, b.rows, strict=True):
            assert one["train_loss"] == pytest.approx(other["train_loss"], rel=1e-9)

    def test_hooks_and_their_order(self) -> None:
        calls: list[Any] = []

        class Spy(Penalty):
            def loss(self, model: nn.Module) -> None:
                calls.append(("loss", all(w.grad is None for w in model.parameters())))

            def after_backward(self, model: nn.Module) -> None:
                calls.append(("backward", all(w.grad is not None for w in model.parameters())))

            def after_step(self, model: nn.Module, step: int) -> None:
                calls.append(("step", step))

        quick(mlp((2, 4, 2)), classes(40), epochs=2, batch_size=20, penalty=Spy())
        steps = [[("loss", True), ("backward", True), ("step", i)] for i in range(4)]
        assert calls == [call for step in steps for call in step]

    def test_a_projection_is_the_last_word(self) -> None:
        class Clip(Penalty):
            def after_step(self, model: nn.Module, step: int) -> None:
                with torch.no_grad():
                    for w in model.parameters():
                        w.clamp_(-0.1, 0.1)

        model = mlp((2, 6, 2))
        quick(model, classes(), penalty=Clip())
        assert max(w.abs().max().item() for w in model.parameters()) <= 0.1 + 1e-7

    def test_an_infinite_penalty_is_found(self) -> None:
        with pytest.raises(FloatingPointError, match="where the loss is no longer finite"):
            quick(mlp((2, 4, 2)), classes(), penalty=lambda model: torch.tensor(math.nan))

    @pytest.mark.parametrize("strength", [-1.0, math.nan, math.inf])
    def test_bad_strength(self, strength: float) -> None:
        with pytest.raises(ValueError, match="strength: got"):
            WeightDecay(strength)


class TestCropFlip:
    def test_every_image_is_a_window_of_the_padded_one_or_of_its_mirror(self) -> None:
        X = torch.arange(1.0, 1 + 60 * 2 * 4 * 5).reshape(60, 2, 4, 5)
        found = CropFlip(padding=2)(X, torch.Generator().manual_seed(0))
        seen = set()
        for image, new in zip(X, found, strict=True):
            padded = nn.functional.pad(image, [2] * 4)
            windows = {
                (i, j, flip): padded[:, i : i + 4, j : j + 5].flip(-1 if flip else ())
                for i in range(5)
                for j in range(5)
                for flip in (False, True)
            }
            (match,) = [key for key, window in windows.items() if torch.equal(window, new)]
            seen.add(match)
        assert {key[0] for key in seen} == {key[1] for key in seen} == set(range(5))
        assert {key[2] for key in seen} == {False, True}
        assert any(i != j for i, j, _ in seen)

    def test_no_padding_only_mirrors(self) -> None:
        X = torch.rand(50, 1, 3, 3)
        found = CropFlip(0)(X, torch.Generator().manual_seed(1))
        mirrored = [torch.equal(new, old.flip(-1)) for new, old in zip(found, X, strict=True)]
        kept = [torch.equal(new, old) for new, old in zip(found, X, strict=True)]
        assert all(a != b for a, b in zip(mirrored, kept, strict=True))
        assert 10 < sum(mirrored) < 40

    def test_in_training(self) -> None:
        """The step sees moved images, another way each epoch; validation sees them as they are."""
        X, y = images()
        seen: dict[bool, list[Tensor]] = {True: [], False: []}
        model = small_cnn(width=2)
        model.register_forward_hook(
            lambda module, inputs, out: seen[module.training].append(inputs[0].detach())
        )
        how = {"epochs": 2, "batch_size": 24, "augment": CropFlip(2)}
        quick(model, (X, y), validation=(X, y), **how)
        assert not torch.equal(seen[True][0].sort(dim=0).values, seen[True][1].sort(dim=0).values)
        torch.testing.assert_close(seen[False][-1], torch.tensor(X).float())

    def test_bad_input(self) -> None:
        with pytest.raises(ValueError, match="padding: got -1"):
            CropFlip(-1)
        with pytest.raises(ValueError, match=r"augment: got points of shape \(2,\), expected imag"):
            quick(mlp((2, 4, 2)), classes(), augment=CropFlip())


class TestNorms:
    def test_they_are_those_of_the_layers_after_each_epoch(self) -> None:
        model = small_cnn(width=2, batch_norm=True)
        history = quick(model, images(), epochs=2, norms=(1, np.inf))
        for p in (1, np.inf):
            for fused in (False, True):
                true = layer_norms(model, (1, 8, 8), p, fuse_bn=fused)
                mine = [
                    record
                    for record in history.norms
                    if (record["epoch"], record["p"], record["fused"]) == (2, p, fused)
                ]
                kept = [record for record in true if not fused or "+" in record.kind]
                assert len(kept) == (3 if fused else 11)
                assert [(r["layer"], r["kind"], r["norm"], r["answer"]) for r in mine] == [
                    (r.name, r.kind, r.norm.value, r.norm.kind) for r in kept if r.norm
                ]
        first, last = (
            [r["norm"] for r in history.norms if r["epoch"] == epoch and r["layer"] == "0"]
            for epoch in (1, 2)
        )
        assert first != last

    def test_a_tidy_frame(self) -> None:
        history = quick(mlp((2, 4, 2)), classes(), norms=2)
        frame = history.norms_to_frame()
        assert frame.columns.tolist() == [
            "epoch",
            "layer",
            "kind",
            "fused",
            "p",
            "norm",
            "answer",
        ]
        assert len(frame) == 3 * 3  # epochs, layers
        assert len(History().norms_to_frame()) == 0
        assert quick(mlp((2, 4, 2)), classes()).norms == []

    def test_a_layer_that_is_not_known(self) -> None:
        class Own(nn.Module):
            def __init__(self) -> None:
                super().__init__()
                self.scale = nn.Parameter(torch.ones(1))

            def forward(self, x: Tensor) -> Tensor:
                return self.scale * x

        history = quick(nn.Sequential(Own(), nn.Linear(2, 2)), classes(), norms=1)
        assert [record["norm"] is None for record in history.norms[:2]] == [True, False]

    def test_without_pandas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "pandas", None)
        with pytest.raises(ImportError, match=r"norms_to_frame: got no pandas.*read \.norms"):
            History().norms_to_frame()


def test_the_bar_shows_batches_and_results(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    from tqdm import tqdm

    monkeypatch.setattr(tqdm, "__init__", _eager(tqdm.__init__))
    quick(mlp((2, 4, 2)), classes(40), batch_size=20, progress=True, validation=classes(9, seed=1))
    out, err = capsys.readouterr()
    assert out == ""
    assert "batch 1/2" in err
    assert "3/3" in err
    assert "validation accuracy 0." in err or "validation accuracy 1" in err


def _eager(init: Any) -> Any:
    return lambda self, *args, **how: init(self, *args, **{**how, "mininterval": 0.0})


def test_single_precision_is_taken_as_it_is() -> None:
    """Arrays and tensors in float32 train like the same numbers in double precision."""
    X, y = classes()
    single = X.astype(np.float32)
    single.flags.writeable = False
    states = []
    for data in ((single, y), (single.astype(np.float64), y), (torch.from_numpy(single.copy()), y)):
        model = mlp((2, 4, 2))
        quick(model, data)
        states.append(weights(model))
    assert same(states[0], states[1])
    assert same(states[0], states[2])
    bad = X.astype(np.float32)
    bad[0, 0] = np.nan
    with pytest.raises(ValueError, match="data X: got NaN"):
        quick(mlp((2, 4, 2)), (bad, y))
