"""Adversarial training: the losses by hand, the points in their ball, BatchNorm while attacked."""

import copy
import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import log_softmax, softmax
from torch import nn

from lipkit.attacks import pgd, pgd_batch
from lipkit.data import Points, digits, moons
from lipkit.training import History, alp_loss, fit, mlp, small_cnn, trades_loss

METHODS = ("pgd", "trades", "alp")


def state(model: nn.Module) -> dict[str, torch.Tensor]:
    return {name: tensor.clone() for name, tensor in model.state_dict().items()}


def same(a: dict[str, torch.Tensor], b: dict[str, torch.Tensor]) -> bool:
    return a.keys() == b.keys() and all(torch.equal(a[name], b[name]) for name in a)


def boxed(n: int = 40, d: int = 3, n_classes: int = 2, seed: int = 0) -> Points:
    draws = np.random.default_rng(seed)
    return Points(draws.uniform(size=(n, d)), draws.integers(0, n_classes, n))


def apart(n: int) -> Points:
    """Points no two of which are near each other, so that attacked ones can be told apart."""
    X, y = boxed(n)
    return Points(X + np.arange(n)[:, None], y)


def linear() -> tuple[nn.Linear, Any, Any]:
    """A linear classifier of three inputs, and copies of its weights."""
    model = mlp((3, 2), rng=0)[0].double()
    return model, model.weight.detach().numpy().copy(), model.bias.detach().numpy().copy()


def quick(model: nn.Module, data: Any, **how: Any) -> History:
    usual = {"epochs": 2, "batch_size": 16, "attack_steps": 2, "progress": False, "eps": 0.1}
    return fit(model, data, **{**usual, **how})


def seen_in_training(model: nn.Module) -> list[torch.Tensor]:
    """What the model is given in train mode, in this order."""
    seen: list[torch.Tensor] = []
    model.register_forward_hook(
        lambda module, inputs, out: seen.append(inputs[0].detach()) if module.training else None
    )
    return seen


def logits_and_labels() -> tuple[Any, Any, Any]:
    draws = np.random.default_rng(0)
    return draws.normal(size=(5, 4)) * 3, draws.normal(size=(5, 4)) * 3, draws.integers(0, 4, 5)


class TestLosses:
    """Both formulas in NumPy, and their gradients by differences."""

    @staticmethod
    def by_hand(name: str, clean: Any, attacked: Any, y: Any, beta: float) -> float:
        rows = np.arange(len(y))
        ce = -log_softmax(clean, axis=1)[rows, y].mean()
        if name == "alp":
            ce_attacked = -log_softmax(attacked, axis=1)[rows, y].mean()
            return ce / 2 + ce_attacked / 2 + beta * ((clean - attacked) ** 2).mean()
        P, Q = softmax(clean, axis=1), softmax(attacked, axis=1)
        return ce + beta * (P * np.log(P / Q)).sum(axis=1).mean()

    @pytest.mark.parametrize(("name", "loss"), [("trades", trades_loss), ("alp", alp_loss)])
    @pytest.mark.parametrize("beta", [0.0, 1.0, 6.0])
    def test_values_and_gradients(self, name: str, loss: Any, beta: float) -> None:
        clean, attacked, y = logits_and_labels()
        tensors = [torch.tensor(z, requires_grad=True) for z in (clean, attacked)]
        found = loss(*tensors, torch.tensor(y), beta=beta)
        assert found.item() == pytest.approx(self.by_hand(name, clean, attacked, y, beta))
        found.backward()
        for which, tensor in enumerate(tensors):
            for at in ((0, 0), (2, 3), (4, 1)):
                moved = [clean.copy(), attacked.copy()]
                moved[which][at] += 1e-6
                up = self.by_hand(name, *moved, y, beta)
                moved[which][at] -= 2e-6
                slope = (up - self.by_hand(name, *moved, y, beta)) / 2e-6
                gradient = 0.0 if tensor.grad is None else tensor.grad[at].item()
                assert gradient == pytest.approx(slope, abs=1e-7)

    @pytest.mark.parametrize("loss", [trades_loss, alp_loss])
    @pytest.mark.parametrize("shape", [(1, 4), (5, 3), (5,), (5, 4, 1)])
    def test_logits_of_other_points(self, loss: Any, shape: Any) -> None:
        with pytest.raises(ValueError, match=r"clean, attacked: got shapes \(5, 4\) and"):
            loss(torch.zeros(5, 4), torch.zeros(shape), torch.zeros(5, dtype=torch.int64))

    def test_defaults(self) -> None:
        clean, attacked, y = (torch.tensor(part) for part in logits_and_labels())
        six, one = trades_loss(clean, attacked, y, beta=6.0), alp_loss(clean, attacked, y, beta=1.0)
        assert torch.equal(trades_loss(clean, attacked, y), six)
        assert torch.equal(alp_loss(clean, attacked, y), one)

    def test_the_divergence_starts_from_the_clean_point(self) -> None:
        """KL is not symmetric: the one with the sides swapped has another value."""
        clean, attacked, y = (torch.tensor(part) for part in logits_and_labels())
        ce = trades_loss(clean, attacked, y, beta=0.0)
        swapped = trades_loss(attacked, clean, y) - trades_loss(attacked, clean, y, beta=0.0)
        assert abs((trades_loss(clean, attacked, y) - ce) - swapped).item() > 0.1

    def test_saturated_logits_stay_finite(self) -> None:
        clean = torch.tensor([[1e4, 0.0, -1e4]])
        attacked = torch.tensor([[-1e4, 0.0, 1e4]], requires_grad=True)
        loss = trades_loss(clean, attacked, torch.tensor([0]))
        loss.backward()
        assert torch.isfinite(loss)
        assert attacked.grad is not None
        assert torch.isfinite(attacked.grad).all()


class TestOneStep:
    """A linear model: its worst points are known, and so is the step."""

    @pytest.mark.parametrize("method", METHODS)
    def test_by_hand(self, method: str) -> None:
        X, y = apart(12)
        model, W, b = linear()
        seen = seen_in_training(model)
        # a step as long as the ball is wide ends in the corner, wherever it began
        how = {"attack_steps": 1, "attack_step_size": 0.2, "batch_size": 12, "epochs": 1, "lr": 0.1}
        row = quick(model, (X, y), method=method, bounds=None, **how).last
        clean, points = (seen[0], seen[1]) if len(seen) == 2 else (None, seen[0])
        order = np.array([np.abs(X - x).max(axis=1).argmin() for x in points.numpy()])
        labels = y[order]
        away = np.sign(W[1 - labels] - W[labels])
        if method != "trades":
            np.testing.assert_allclose(points.numpy(), X[order] + 0.1 * away, atol=1e-15)
        if clean is not None:
            np.testing.assert_array_equal(clean.numpy(), X[order])
        beta = {"pgd": 0.0, "trades": 6.0, "alp": 1.0}[method]
        inputs = (X[order], points.numpy(), labels)
        loss, gradient = self.loss_and_gradient(method, W, b, *inputs, beta)
        assert row["train_loss"] == pytest.approx(loss)
        np.testing.assert_allclose(model.weight.detach().numpy(), W - 0.1 * gradient, rtol=1e-9)

    @staticmethod
    def loss_and_gradient(
        method: str, W: Any, b: Any, X: Any, attacked: Any, y: Any, beta: float
    ) -> tuple[float, Any]:
        n, rows = len(y), np.arange(len(y))
        z, z_attacked = X @ W.T + b, attacked @ W.T + b
        P, Q, one_hot = softmax(z, axis=1), softmax(z_attacked, axis=1), np.eye(2)[y]
        ce, ce_attacked = -np.log(P[rows, y]).mean(), -np.log(Q[rows, y]).mean()
        of_ce, of_attacked = (P - one_hot).T @ X / n, (Q - one_hot).T @ attacked / n
        if method == "pgd":
            return ce_attacked, of_attacked
        if method == "alp":
            gap = z - z_attacked
            pairing = 2 * (gap.T @ X - gap.T @ attacked) / gap.size
            return (ce + ce_attacked) / 2 + beta * (gap**2).mean(), (
                of_ce + of_attacked
            ) / 2 + beta * pairing
        ratio = np.log(P / Q)
        kl = (P * ratio).sum(axis=1)
        of_clean = P * (ratio - kl[:, None])  # d KL / d z; that in z_attacked is Q - P
        total = (of_clean.T @ X + (Q - P).T @ attacked) / n
        return ce + beta * kl.mean(), of_ce + beta * total

    def test_trades_attacks_the_divergence(self) -> None:
        """A linear model: the point ends in one of the two corners of its ball that matter."""
        X, y = boxed(12)
        model, W, b = linear()
        seen = seen_in_training(model)
        how = {"attack_steps": 1, "attack_step_size": 0.2, "batch_size": 12, "epochs": 1}
        quick(model, (X, y), method="trades", bounds=None, **how)
        clean, points = (part.numpy() for part in seen)
        moved = (points - clean) / 0.1 * np.sign(W[1] - W[0])
        np.testing.assert_allclose(moved, np.sign(moved[:, :1]) * np.ones((12, 3)), atol=1e-12)
        P, Q = (softmax(part @ W.T + b, axis=1) for part in (clean, points))
        assert ((P * np.log(P / Q)).sum(axis=1) > 0).all()

    @pytest.mark.parametrize("method", METHODS)
    def test_no_radius_is_no_attack(self, method: str) -> None:
        """With eps = 0 the attacked points are the points: the second term is 0."""
        models = [mlp((3, 6, 2), rng=0).double() for _ in range(2)]
        quick(models[0], boxed(), method=method, eps=0)
        quick(models[1], boxed(), method="standard", eps=None)
        for name, tensor in models[0].state_dict().items():
            torch.testing.assert_close(tensor, models[1].state_dict()[name], rtol=1e-10, atol=1e-13)


class TestPoints:
    @settings(max_examples=15)
    @given(
        st.integers(0, 2**32 - 1),
        st.sampled_from(METHODS),
        st.sampled_from([2, math.inf]),
        st.floats(0, 0.9),
        st.sampled_from(["uniform", 0.001, 5.0]),
    )
    def test_inside_ball_and_box(
        self, seed: int, method: str, p: float, eps: float, start: Any
    ) -> None:
        X, y = boxed(8, seed=seed)
        model = mlp((3, 5, 2), rng=seed).double()
        seen = seen_in_training(model)
        how = {"epochs": 1, "batch_size": 8, "eps": eps, "p": p, "attack_start": start}
        quick(model, (X, y), method=method, **how)
        points = seen[-1].numpy()
        moved = np.linalg.norm(points[:, None] - X[None], ord=p, axis=2)
        assert (moved.min(axis=1) <= eps).all()
        assert points.min() >= 0
        assert points.max() <= 1

    def test_a_normal_start(self) -> None:
        """No step to speak of: what is left is x plus the noise asked for, clipped to the ball."""
        X = np.full((400, 3), 0.5)
        seen = seen_in_training(model := mlp((3, 5, 2)).double())
        how = {"epochs": 1, "batch_size": 400, "attack_steps": 1, "attack_step_size": 1e-9}
        quick(model, (X, np.zeros(400, int)), method="pgd", attack_start=0.01, **how)
        noise = seen[0].numpy() - X
        assert noise.std() == pytest.approx(0.01, rel=0.1)
        assert np.abs(noise).max() > 0.02

    def test_a_uniform_start(self) -> None:
        X = np.full((400, 3), 0.5)
        seen = seen_in_training(model := mlp((3, 5, 2)).double())
        how = {"epochs": 1, "batch_size": 400, "attack_steps": 1, "attack_step_size": 1e-9}
        quick(model, (X, np.zeros(400, int)), method="pgd", **how)
        noise = np.sort(np.abs(seen[0].numpy() - X).ravel())
        np.testing.assert_allclose(noise, np.linspace(0, 0.1, 1200), atol=0.008)

    def test_steps_and_their_length_are_passed_on(self) -> None:
        """A long way in small steps: the farthest that three steps of 0.01 can go is 0.03."""
        X, y = apart(30)
        for steps, size, reach in ((1, 0.01, 0.01), (3, 0.01, 0.03), (1, None, 0.1)):
            seen = seen_in_training(model := linear()[0])
            how = {"epochs": 1, "batch_size": 30, "attack_steps": steps, "attack_step_size": size}
            quick(model, (X, y), method="pgd", bounds=None, attack_start=1e-9, **how)
            points = seen[0].numpy()
            moved = np.abs(points[:, None] - X[None]).max(axis=2).min(axis=1)
            np.testing.assert_allclose(moved, reach, atol=1e-6)


def normalised(rng: int = 1) -> nn.Sequential:
    first, relu, last = mlp((3, 8, 2), rng=rng)
    return nn.Sequential(first, nn.BatchNorm1d(8), relu, nn.Dropout(0.5), last).double()


class TestBatchNorm:
    """The attack: eval mode, no statistic moved. The step: train mode, x and x' apart."""

    @pytest.mark.parametrize(("method", "passes"), [("standard", 1), ("pgd", 1), ("trades", 2)])
    def test_only_steps_move_the_statistics(self, method: str, passes: int) -> None:
        model = normalised()
        quick(model, boxed(48), method=method, attack_steps=5, validation=boxed(20, seed=1))
        assert int(model[1].num_batches_tracked) == passes * 2 * 3  # epochs, batches

    @pytest.mark.parametrize("method", METHODS)
    def test_statistics_by_hand(self, method: str) -> None:
        model = normalised()
        before = model[0].weight.detach().clone(), model[0].bias.detach().clone()
        seen = seen_in_training(model)
        quick(model, boxed(16), method=method, epochs=1)
        mean, variance = torch.zeros(8).double(), torch.ones(8).double()
        for points in seen:
            hidden = points @ before[0].T + before[1]
            mean = 0.9 * mean + 0.1 * hidden.mean(dim=0)
            variance = 0.9 * variance + 0.1 * hidden.var(dim=0)
        torch.testing.assert_close(model[1].running_mean, mean)
        torch.testing.assert_close(model[1].running_var, variance)

    def test_the_attack_is_that_of_the_model_in_eval_mode(self) -> None:
        """Same points as pgd_batch on a copy in eval mode, from the same start."""
        X, y = boxed(16)
        model = normalised()
        model[1].running_mean += torch.linspace(-1, 1, 8)
        twin = copy.deepcopy(model).eval()
        seen = seen_in_training(model)
        how = {"epochs": 1, "attack_start": 1e-12, "attack_steps": 3}
        quick(model, (X, y), method="pgd", **how)
        order = np.array([np.abs(X - x).max(axis=1).argmin() for x in seen[0].numpy()])
        x, labels = torch.from_numpy(X[order]), torch.from_numpy(y[order])
        alone = pgd_batch(twin, x, labels, eps=0.1, steps=3)
        torch.testing.assert_close(seen[0], alone, rtol=0, atol=1e-9)
        twin.train()
        in_train_mode = (
            x
            + 0.1
            * torch.autograd.grad(
                nn.functional.cross_entropy(twin(z := x.clone().requires_grad_()), labels), z
            )[0].sign()
        )
        assert (seen[0] - in_train_mode).abs().max() > 0.01

    def test_every_module_sees_eval_mode_in_the_attack(self) -> None:
        model, modes = normalised(), set()
        for module in model.modules():
            module.register_forward_hook(
                lambda module, inputs, out: modes.add((module.training, out.requires_grad))
            )
        quick(model, boxed(16), method="trades", epochs=1)
        assert modes == {(False, True), (True, True), (False, False)}


class TestResults:
    @pytest.mark.parametrize(
        ("method", "columns"),
        [
            ("standard", ["train_accuracy"]),
            ("pgd", ["train_robust_accuracy"]),
            ("trades", ["train_accuracy", "train_robust_accuracy"]),
            ("alp", ["train_accuracy", "train_robust_accuracy"]),
        ],
    )
    def test_columns(self, method: str, columns: list[str]) -> None:
        looked = ["validation_loss", "validation_accuracy", "validation_robust_accuracy"]
        history = quick(mlp((3, 4, 2)), boxed(), method=method, validation=boxed(10, seed=1))
        ends = ["lr", "seconds"]
        assert list(history.last) == ["epoch", "train_loss", *columns, *looked, *ends]
        assert history.to_frame().columns.tolist() == ["train_loss", *columns, *looked, *ends]

    def test_robust_validation_accuracy_is_that_of_the_attack(self) -> None:
        """At most the clean one, and close to that of a longer attack with restarts."""
        X, y = moons(200, rng=0)
        data = Points((X + 1.5) / 4, (y > 0).astype(np.int64))
        model = mlp((2, 32, 2))
        row = quick(
            model, data, eps=0.05, epochs=20, attack_steps=20, validation=data, method="pgd"
        ).last
        hits = pgd(model, data.X, data.y, eps=0.05, steps=50, restarts=2).success
        robust = 1 - hits.double().mean().item()
        assert row["validation_robust_accuracy"] <= row["validation_accuracy"]
        assert robust <= row["validation_robust_accuracy"] + 1e-9
        assert row["validation_robust_accuracy"] == pytest.approx(robust, abs=0.02)

    def test_training_against_an_attack_helps_against_it(self) -> None:
        """Digits, eps = 0.1: the digest finds .60 for plain training and .87 to .89."""
        train, test = digits()
        found = {}
        for method in ("standard", *METHODS):
            history = fit(
                mlp((64, 32, 10), rng=0),
                train,
                method=method,
                eps=0.1,
                attack_steps=5,
                epochs=8,
                batch_size=64,
                lr=0.1,
                validation=test,
                progress=False,
            )
            found[method] = history.last
        robust = {name: row["validation_robust_accuracy"] for name, row in found.items()}
        assert all(robust[method] > robust["standard"] + 0.15 for method in METHODS)
        assert all(row["validation_accuracy"] > 0.85 for row in found.values())

    @pytest.mark.parametrize("method", METHODS)
    def test_same_seed_same_bits(self, method: str) -> None:
        models = [normalised() for _ in range(3)]
        for model, seed, chance in zip(models, (7, 7, 8), (1, 2, 3), strict=True):
            torch.manual_seed(chance)
            before = torch.get_rng_state()
            quick(model, boxed(), method=method, rng=seed, validation=boxed(9, seed=1))
            assert torch.equal(before, torch.get_rng_state())
        assert same(state(models[0]), state(models[1]))
        assert not same(state(models[0]), state(models[2]))

    def test_the_attack_of_validation_changes_no_step(self) -> None:
        models = [normalised() for _ in range(2)]
        quick(models[0], boxed(), method="pgd")
        quick(models[1], boxed(), method="pgd", validation=boxed(30, seed=2))
        assert same(state(models[0]), state(models[1]))

    def test_the_model_is_left_as_it_was(self) -> None:
        model = normalised()
        model[1].eval()
        model[0].bias.requires_grad_(False)
        modes = [module.training for module in model.modules()]
        learned = [parameter.requires_grad for parameter in model.parameters()]
        quick(model, boxed(), method="trades", validation=boxed(9, seed=1))
        assert [module.training for module in model.modules()] == modes
        assert [parameter.requires_grad for parameter in model.parameters()] == learned
        assert all(parameter.grad is None for parameter in model.parameters())

    def test_images(self) -> None:
        X, y = np.random.default_rng(0).uniform(size=(12, 1, 8, 8)), np.arange(12) % 10
        model = small_cnn(width=2, batch_norm=True)
        assert len(quick(model, (X.astype(np.float32), y), method="pgd", p=2, eps=1.0)) == 2


class TestBadInput:
    @pytest.mark.parametrize(
        ("how", "error", "message"),
        [
            ({"eps": None}, ValueError, "eps: got None with method='pgd', expected the radius"),
            ({"eps": -0.1}, ValueError, "eps: got -0.1, expected a radius of at least 0"),
            ({"eps": math.nan}, ValueError, "eps: got NaN"),
            ({"eps": 8}, ValueError, r"eps: got 8 in a box of width 1.*grey values is 8 / 255"),
            ({"p": 1}, ValueError, r"p: got 1, expected 2 or numpy\.inf"),
            ({"p": 0.5}, ValueError, "p: got 0.5"),
            ({"attack_steps": 0}, ValueError, "attack_steps: got 0"),
            ({"attack_step_size": 0}, ValueError, "attack_step_size: got 0"),
            ({"attack_start": "zero"}, ValueError, "attack_start: got 'zero', expected one of 'un"),
            ({"attack_start": -1.0}, ValueError, "attack_start: got -1.0"),
            ({"bounds": (1, 0)}, ValueError, r"bounds: got \(1, 0\), expected lower < upper"),
            ({"bounds": 1}, TypeError, "bounds: got 1, expected a pair"),
            ({"bounds": (0.2, 0.8)}, ValueError, r"data: got values from .*inside bounds = \(0.2"),
            ({"beta": 6}, ValueError, "beta: got 6 with method='pgd', which has no second term"),
            ({"beta": -1, "method": "trades"}, ValueError, "beta: got -1, expected a weight"),
            ({"patience": 0}, ValueError, "patience: got 0"),
            ({"patience": 3}, ValueError, "patience: got 3 without validation points"),
            ({"norms": 3}, ValueError, r"norms: got 3, expected 1, 2 or numpy\.inf"),
            ({"norms": "all"}, TypeError, "norms: got 'all'"),
            ({"penalty": 0.1}, TypeError, "penalty: got float, expected a lipkit.training.Penalty"),
            ({"augment": 0.1}, TypeError, "augment: got float, expected a function of a batch"),
            (
                {"validation": (np.full((4, 3), 1.1), [0, 1, 0, 1])},
                ValueError,
                "validation: got va",
            ),
        ],
    )
    def test_settings(self, how: Any, error: type[Exception], message: str) -> None:
        model = mlp((3, 4, 2))
        before = state(model)
        with pytest.raises(error, match=message):
            quick(model, boxed(), **{"method": "pgd", **how})
        assert same(before, state(model))

    def test_images_of_255_grey_values(self) -> None:
        X = np.random.default_rng(0).integers(0, 256, size=(8, 3))
        with pytest.raises(ValueError, match="divide images of 0 to 255 by 255"):
            quick(mlp((3, 4, 2)), (X, boxed(8).y), method="pgd")

    def test_values_instead_of_classes(self) -> None:
        X, _ = boxed(8)
        with pytest.raises(ValueError, match="data: got float labels beside an attack"):
            quick(mlp((3, 4, 1)), (X, X[:, 0]), method="pgd")

    def test_labels_out_of_range(self) -> None:
        with pytest.raises(ValueError, match="labels 0 to 2, expected"):
            quick(mlp((3, 4, 2)), boxed(20, n_classes=3), method="trades")

    def test_a_rounded_pixel_is_in_the_box(self) -> None:
        X, y = boxed(8)
        X[0, 0] = 1.0 + 1e-8
        quick(mlp((3, 4, 2)), (X, y), method="pgd")
