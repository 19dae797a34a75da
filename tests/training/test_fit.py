"""Training: the rule is the written one, the seed decides everything, and nothing else is moved."""

import math
from itertools import chain
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lipkit.data import Points, digits, generic, moons
from lipkit.training import History, fit, mlp


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def classes(n: int = 60, seed: int = 0) -> Points:
    X, y = moons(n, rng=seed)
    return Points(X, (y > 0).astype(np.int64))


def quick(model: nn.Module, data: Any, **how: Any) -> History:
    return fit(model, data, **{"epochs": 3, "batch_size": 16, "progress": False, **how})


def dropout_net() -> nn.Sequential:
    first, relu, last = mlp((2, 8, 2), rng=1)
    return nn.Sequential(first, nn.BatchNorm1d(8), relu, nn.Dropout(0.5), last)


class TestMlp:
    def test_he_initialisation(self) -> None:
        model = mlp((300, 400, 10), rng=0)
        for layer, n_in in ((model[0], 300), (model[2], 400)):
            assert layer.weight.std().item() == pytest.approx(math.sqrt(2 / n_in), rel=0.05)
            assert not layer.bias.any()
        assert all(p.requires_grad for p in model.parameters())

    def test_the_seed_decides_and_torch_does_not(self) -> None:
        before = torch.get_rng_state()
        a = state(mlp((3, 4, 2), rng=5))
        assert torch.equal(before, torch.get_rng_state())
        torch.manual_seed(123)
        assert same(a, state(mlp((3, 4, 2), rng=np.random.default_rng(5))))
        assert not same(a, state(mlp((3, 4, 2), rng=6)))

    def test_shape(self) -> None:
        assert [type(layer) for layer in mlp([2, 3, 4, 1])] == [nn.Linear, nn.ReLU] * 2 + [
            nn.Linear
        ]
        assert [type(layer) for layer in mlp((2, 1))] == [nn.Linear]

    @pytest.mark.parametrize("sizes", [(), (3,), (3, 0), (0, 3)])
    def test_bad_sizes(self, sizes: Any) -> None:
        with pytest.raises(ValueError, match="sizes"):
            mlp(sizes)


class TestRule:
    """One step, then several, by hand in NumPy."""

    def test_gradient_descent_with_momentum(self) -> None:
        X, y = generic(7, 3, rng=0)
        model = nn.Linear(3, 1).double()
        w, b = model.weight.detach().numpy()[0].copy(), model.bias.item()
        velocity_w, velocity_b, losses = np.zeros(3), 0.0, []
        for epoch in range(5):
            lr = 0.05 * (1 + math.cos(math.pi * epoch / 5)) / 2
            residual = X @ w + b - y
            losses.append(np.mean(residual**2))
            velocity_w = 0.9 * velocity_w + 2 * X.T @ residual / 7
            velocity_b = 0.9 * velocity_b + 2 * residual.mean()
            w, b = w - lr * velocity_w, b - lr * velocity_b
        history = fit(model, (X, y), epochs=5, lr=0.05, progress=False)
        np.testing.assert_allclose(model.weight.detach().numpy()[0], w, rtol=1e-10)
        assert model.bias.item() == pytest.approx(b, rel=1e-10)
        assert [row["train_loss"] for row in history.rows] == pytest.approx(losses, rel=1e-10)

    def test_cross_entropy(self) -> None:
        X, y = classes(9)
        model = nn.Linear(2, 2).double()
        W, b = model.weight.detach().numpy().copy(), model.bias.detach().numpy().copy()
        logits = X @ W.T + b
        probability = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
        rows = np.arange(9)
        loss, right = -np.log(probability[rows, y]).mean(), (logits.argmax(axis=1) == y).mean()
        gradient = probability.copy()
        gradient[rows, y] -= 1
        row = fit(model, (X, y), epochs=1, lr=0.1, progress=False).last
        assert (row["train_loss"], row["train_accuracy"]) == pytest.approx((loss, right))
        np.testing.assert_allclose(
            model.weight.detach().numpy(), W - 0.1 * gradient.T @ X / 9, rtol=1e-10
        )

    def test_every_point_once_an_epoch_in_a_new_order(self) -> None:
        X = np.arange(10.0)[:, None]
        seen: list[list[float]] = []
        model = nn.Linear(1, 1).double()
        model.register_forward_hook(
            lambda module, inputs, out: (
                seen.append(inputs[0][:, 0].tolist()) if module.training else None
            )
        )
        quick(model, (X, np.zeros(10)), batch_size=4, epochs=2, lr=1e-6)
        assert [len(batch) for batch in seen] == [4, 3, 3] * 2
        first, second = list(chain(*seen[:3])), list(chain(*seen[3:]))
        assert sorted(first) == sorted(second) == X[:, 0].tolist()
        assert first != second

    @pytest.mark.parametrize(
        ("schedule", "true"),
        [
            ("constant", [0.2] * 4),
            ("cosine", [0.2, 0.1 + 0.1 / math.sqrt(2), 0.1, 0.1 - 0.1 / math.sqrt(2)]),
            ("step", [0.2] * 8 + [0.02] + [0.002] + [0.0002] * 2),  # from 7.5, 9 and 10 of 12
            ({3: 0.5, 1: 0.1}, [0.2, 0.02, 0.02, 0.01]),
        ],
    )
    def test_schedules(self, schedule: Any, true: list[float]) -> None:
        history = quick(mlp((2, 2)), classes(), epochs=len(true), lr=0.2, schedule=schedule)
        assert [row["lr"] for row in history.rows] == pytest.approx(true)

    def test_the_papers_schedule(self) -> None:
        """Liang and Huang: 120 epochs, a tenth from 75, 90 and 100 on."""
        from lipkit.training._settings import _factor

        found = [_factor("step", epoch, 120) for epoch in range(120)]
        assert found == pytest.approx([1.0] * 75 + [0.1] * 15 + [0.01] * 10 + [0.001] * 20)


class TestRepeats:
    @pytest.mark.parametrize("make", [lambda: mlp((2, 8, 2), rng=1), dropout_net])
    def test_same_seed_same_bits(self, make: Any) -> None:
        results = []
        for chance in (1, 2):
            torch.manual_seed(chance)
            np.random.seed(chance)  # noqa: NPY002
            model = make()
            history = quick(model, classes(), rng=7, validation=classes(20, seed=1))
            results.append((state(model), [dict(row, seconds=0) for row in history.rows]))
        assert same(results[0][0], results[1][0])
        assert results[0][1] == results[1][1]

    def test_a_generator_is_a_seed_too(self) -> None:
        models = [mlp((2, 8, 2)) for _ in range(3)]
        for model, rng in zip(models, (3, np.random.default_rng(3), 4), strict=True):
            quick(model, classes(), rng=rng)
        assert same(state(models[0]), state(models[1]))
        assert not same(state(models[0]), state(models[2]))

    def test_validation_changes_nothing(self) -> None:
        models = [dropout_net() for _ in range(2)]
        models[1].load_state_dict(models[0].state_dict())
        quick(models[0], classes())
        quick(models[1], classes(), validation=classes(30, seed=2))
        assert same(state(models[0]), state(models[1]))

    def test_tensors_arrays_and_lists_are_the_same_data(self) -> None:
        X, y = classes()
        kinds = [(X, y), (torch.tensor(X), torch.tensor(y)), [X.tolist(), y.astype(np.int32)]]
        states = []
        for data in kinds:
            model = mlp((2, 4, 2))
            quick(model, data)
            states.append(state(model))
        assert same(states[0], states[1])
        assert same(states[0], states[2])


class TestLeavesAlone:
    def test_torchs_generator(self) -> None:
        model = dropout_net()
        torch.manual_seed(11)
        before = torch.get_rng_state()
        quick(model, classes())
        assert torch.equal(before, torch.get_rng_state())
        with pytest.raises(FloatingPointError):
            quick(model, classes(), lr=1e30)
        assert torch.equal(before, torch.get_rng_state())

    def test_modes_module_by_module(self) -> None:
        for training in (True, False):
            model = dropout_net().train(training)
            model[1].train(not training)
            before = [module.training for module in model.modules()]
            quick(model, classes(), validation=classes(10))
            assert [module.training for module in model.modules()] == before

    def test_frozen_parameters(self) -> None:
        model = mlp((2, 4, 2))
        model[0].weight.requires_grad_(False)
        frozen, trained = model[0].weight.clone(), model[2].weight.clone()
        quick(model, classes())
        assert torch.equal(model[0].weight, frozen)
        assert not torch.equal(model[2].weight, trained)
        assert [p.requires_grad for p in model.parameters()] == [False, True, True, True]
        assert all(p.grad is None for p in model.parameters())

    def test_the_data(self) -> None:
        X, y = classes()
        copies = X.copy(), y.copy()
        quick(mlp((2, 4, 2)), (X, y))
        np.testing.assert_array_equal(X, copies[0])
        np.testing.assert_array_equal(y, copies[1])

    def test_runs_inside_no_grad_and_leaves_it_on(self) -> None:
        a, b = mlp((2, 4, 2)), mlp((2, 4, 2))
        with torch.no_grad():
            quick(a, classes())
            assert not torch.is_grad_enabled()
        quick(b, classes())
        assert same(state(a), state(b))

    def test_dtype_and_device(self) -> None:
        model = mlp((2, 4, 2)).double()
        quick(model, classes(), device="cpu")
        assert {p.dtype for p in model.parameters()} == {torch.float64}


class TestResults:
    def test_digits(self) -> None:
        """Four splits: the mean accuracy is 97.6 %, its standard error below 0.5 %."""
        accuracies = []
        for seed in range(4):
            split = digits(rng=seed)
            model = mlp((64, 32, 32, 10), rng=seed)
            history = fit(
                model,
                split.train,
                validation=split.test,
                epochs=30,
                batch_size=32,
                lr=0.1,
                progress=False,
                rng=seed,
            )
            accuracies.append(history.last["validation_accuracy"])
            with torch.no_grad():
                found = model(torch.tensor(split.test.X, dtype=torch.float32)).argmax(1).numpy()
            assert (found == split.test.y).mean() == pytest.approx(accuracies[-1], abs=1e-12)
        assert np.mean(accuracies) > 0.96
        assert history.last["train_accuracy"] > 0.99

    def test_signs_and_values(self) -> None:
        X, y = moons(200, rng=0)
        signs = fit(mlp((2, 32, 1)), (X, y), epochs=40, batch_size=20, progress=False)
        assert signs.last["train_accuracy"] > 0.95
        values = quick(mlp((2, 8, 1)), (X, X[:, 0]), validation=(X, X[:, 1]))
        assert set(values.last) == {"epoch", "train_loss", "validation_loss", "lr", "seconds"}

    def test_several_outputs(self) -> None:
        X, _ = generic(100, 3, rng=0)
        A = np.array([[1.0, -2.0, 0.5], [0.0, 1.0, 1.0]])
        model = nn.Linear(3, 2)
        history = fit(model, (X, X @ A.T), epochs=60, batch_size=10, lr=0.2, progress=False)
        assert history.last["train_loss"] < 1e-6
        np.testing.assert_allclose(model.weight.detach().numpy(), A, atol=1e-2)

    def test_images(self) -> None:
        X, y = np.random.default_rng(0).normal(size=(20, 1, 4, 4)), np.arange(20) % 3
        model = nn.Sequential(nn.Conv2d(1, 2, 3), nn.ReLU(), nn.Flatten(), nn.Linear(8, 3))
        assert len(quick(model, (X, y))) == 3

    def test_validation_is_taken_in_eval_mode_with_the_last_weights(self) -> None:
        model, held_out = dropout_net(), classes(50, seed=3)
        history = quick(model, classes(), validation=held_out)
        with torch.no_grad():
            out = model.eval()(torch.tensor(held_out.X, dtype=torch.float32))
        true = nn.functional.cross_entropy(out, torch.tensor(held_out.y)).item()
        assert history.last["validation_loss"] == pytest.approx(true, rel=1e-5)

    def test_progress(self, capsys: pytest.CaptureFixture[str]) -> None:
        quick(mlp((2, 2)), classes())
        assert capsys.readouterr() == ("", "")
        quick(mlp((2, 2)), classes(), progress=True)
        out, err = capsys.readouterr()
        assert out == ""
        assert "3/3" in err


class TestBadInput:
    @pytest.mark.parametrize(
        ("how", "error", "message"),
        [
            (
                {"method": "mart"},
                ValueError,
                "method: got 'mart', expected one of 'standard',",
            ),
            ({"schedule": "steps"}, ValueError, "schedule: got 'steps', expected one of 'cosine'"),
            ({"schedule": {0: 0.1}}, ValueError, "schedule epoch: got 0, expected at least 1"),
            ({"schedule": {1.5: 0.1}}, TypeError, "schedule epoch: got 1.5, expected an integer"),
            ({"schedule": {2: -0.1}}, ValueError, "schedule from epoch 2: got -0.1"),
            ({"epochs": 0}, ValueError, "epochs: got 0"),
            ({"batch_size": 0}, ValueError, "batch_size: got 0"),
            ({"batch_size": 1.5}, TypeError, "batch_size: got 1.5"),
            ({"lr": 0}, ValueError, "lr: got 0, expected a positive number"),
            ({"lr": math.inf}, ValueError, "lr: got NaN or infinite"),
            ({"rng": None}, TypeError, "rng: got None"),
            ({"validation": classes(5).X}, TypeError, "validation: got ndarray, expected a pair"),
            ({"validation": moons(5, rng=0)}, ValueError, "validation: got integer labels beside"),
        ],
    )
    def test_settings(self, how: Any, error: type[Exception], message: str) -> None:
        model = mlp((2, 4, 2))
        before = state(model)
        with pytest.raises(error, match=message):
            quick(model, classes(), **how)
        assert same(before, state(model))

    X = np.ones((4, 2))

    @pytest.mark.parametrize(
        ("data", "error", "message"),
        [
            (digits(), TypeError, "data: got a Split, .*pass its .train"),
            (X, TypeError, "data: got ndarray, expected a pair"),
            ((X, [0, 1, 0]), ValueError, r"X of shape \(4, 2\) and y of shape \(3,\)"),
            ((X[:0], np.zeros(0, dtype=int)), ValueError, "at least one point"),
            ((X[:, 0], [0, 1, 0, 1]), ValueError, r"X of shape \(4,\)"),
            ((X * math.nan, [0, 1, 0, 1]), ValueError, "data X: got NaN"),
            ((X, [0.0, 1.0, math.nan, 0.0]), ValueError, "data y: got NaN"),
            ((X, ["a", "b", "a", "b"]), ValueError, "data y: got shape .*dtype <U1"),
            ((X, np.ones((4, 2), dtype=int)), ValueError, r"expected integers \(n,\)"),
            ((X, [0, 1, 2, 0]), ValueError, r"labels 0 to 2, expected \(1, C\) and classes 0 to C"),
            ((X, [-1, 1, -1, 1]), ValueError, "integer labels -1 to 1.*float labels mean squared"),
            (
                (X, [-1.0, 1.0, -1.0, 1.0]),
                ValueError,
                r"outputs of shape \(1, 2\).*expected \(1,\)",
            ),
            ((X, np.ones((4, 3))), ValueError, r"outputs of shape \(1, 2\).*expected \(1, 3\)"),
            ((np.ones((4, 3)), [0, 1, 0, 1]), RuntimeError, "shapes cannot be multiplied"),
        ],
    )
    def test_data(self, data: Any, error: type[Exception], message: str) -> None:
        with pytest.raises(error, match=message):
            quick(mlp((2, 4, 2)), data)

    def test_model(self) -> None:
        with pytest.raises(TypeError, match=r"model: got function, expected a torch\.nn\.Module"):
            quick(lambda x: x, classes())  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="no parameter that requires a gradient"):
            quick(mlp((2, 2)).requires_grad_(False), classes())

    def test_divergence_says_to_lower_lr(self) -> None:
        with pytest.raises(FloatingPointError, match=r"lr: got 1e\+20 in epoch \d.*lower lr"):
            quick(mlp((2, 8, 2)), classes(), lr=1e20, schedule="constant", epochs=10)


class TestHistory:
    def test_rows(self) -> None:
        history = quick(mlp((2, 4, 2)), classes(), validation=classes(20, seed=1))
        assert len(history) == len(history.rows) == 3
        assert [row["epoch"] for row in history.rows] == [1, 2, 3]
        assert history.last is history.rows[-1]
        assert list(history.last) == [
            "epoch",
            "train_loss",
            "train_accuracy",
            "validation_loss",
            "validation_accuracy",
            "lr",
            "seconds",
        ]
        assert all(row["seconds"] >= 0 for row in history.rows)
        assert repr(history).startswith("History(3 epochs, train_loss ")

    def test_frame(self) -> None:
        history = quick(mlp((2, 4, 2)), classes())
        frame = history.to_frame()
        assert frame.index.name == "epoch"
        assert frame.index.tolist() == [1, 2, 3]
        assert frame["train_loss"].tolist() == [row["train_loss"] for row in history.rows]
        assert len(History().to_frame()) == 0

    def test_frame_without_pandas(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setitem(__import__("sys").modules, "pandas", None)
        with pytest.raises(ImportError, match=r"lipkit\[sweep\]"):
            History([{"epoch": 1}]).to_frame()

    def test_html(self) -> None:
        rows = [{"epoch": i, "<loss>": 1 / i} for i in range(1, 41)]
        html = History(rows)._repr_html_()
        assert "&lt;loss&gt;" in html
        assert "<loss>" not in html
        assert html.count("<tr>") == 11  # the head and ten rows
        assert ">1</td>" in html
        assert ">40</td>" in html
        assert "No epoch" in History()._repr_html_()

    def test_empty(self) -> None:
        assert repr(History()) == "History(0 epochs)"
        with pytest.raises(IndexError, match="no finished epoch"):
            _ = History().last
