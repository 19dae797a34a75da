"""Attacks: closed forms on linear models, the written rules step by step, and repeatability."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import brentq
from torch import nn

from lipkit.attacks import apgd, apgd_targeted, fgsm, pgd, pgd_batch
from lipkit.attacks._apgd import checkpoints
from lipkit.attacks._losses import Goal
from lipkit.networks import ReluNetwork

FREE = (-math.inf, math.inf)
NORMS = [2.0, math.inf]


def linear(classes: int = 3, d: int = 6, seed: int = 0) -> tuple[nn.Linear, np.ndarray]:
    W = np.random.default_rng(seed).normal(size=(classes, d))
    model = nn.Linear(d, classes, bias=False).double()
    model.weight.data = torch.from_numpy(W)
    return model, W


def data(n: int = 8, d: int = 6, seed: int = 1, classes: int = 3) -> tuple[Any, Any]:
    draws = np.random.default_rng(seed)
    return draws.uniform(size=(n, d)), draws.integers(0, classes, size=n)


def network(d: int = 6, classes: int = 5, seed: int = 0) -> nn.Sequential:
    draws = torch.Generator().manual_seed(seed)
    net = nn.Sequential(nn.Linear(d, 16), nn.Tanh(), nn.Linear(16, classes)).double()
    for parameter in net.parameters():
        parameter.data = torch.randn(parameter.shape, generator=draws, dtype=torch.float64)
    return net


def dual(v: np.ndarray, p: float) -> np.ndarray:
    return np.linalg.norm(v, ord=1 if p == math.inf else 2, axis=-1)


def capped(v: np.ndarray, x: np.ndarray, eps: float, p: float) -> float:
    """The maximum of <v, delta> over ball and unit box, from its multiplier."""
    if p == math.inf:
        return float(np.maximum(v * np.minimum(eps, 1 - x), v * np.maximum(-eps, -x)).sum())

    def at(t: float) -> np.ndarray:
        return np.clip(t * v, -x, 1 - x)

    def excess(t: float) -> float:
        return float(np.linalg.norm(at(t)) - eps)

    t = 1e6 if excess(1e6) <= 0 else brentq(excess, 0, 1e6, xtol=1e-14)
    return float(v @ at(t))


ATTACKS = {
    "fgsm": lambda *a, **k: fgsm(*a, **k),
    "pgd": lambda *a, **k: pgd(*a, steps=50, **k),
    "apgd": lambda *a, **k: apgd(*a, steps=100, **k),
}


class TestLinear:
    """The margin of a linear model falls by exactly eps times a dual norm."""

    @pytest.mark.parametrize("name", ATTACKS)
    @pytest.mark.parametrize("p", NORMS)
    def test_two_classes_without_a_box(self, name: str, p: float) -> None:
        model, W = linear(2)
        X, y = data(classes=2)
        margin = X @ W.T
        true = margin[range(8), 1 - y] - margin[range(8), y] + 0.3 * dual(W[0] - W[1], p)
        found = ATTACKS[name](model, X, y, eps=0.3, p=p, bounds=None, loss="margin")
        np.testing.assert_allclose(found.loss, true, atol=1e-6)
        assert found.success.tolist() == (true > 0).tolist()
        ce = ATTACKS[name](model, X, y, eps=0.3, p=p, bounds=FREE)
        np.testing.assert_allclose(ce.loss, np.logaddexp(0, true), atol=1e-6)

    @pytest.mark.parametrize("name", ATTACKS)
    @pytest.mark.parametrize("p", NORMS)
    @pytest.mark.parametrize("eps", [0.1, 0.6, 4.0])
    def test_two_classes_in_the_box(self, name: str, p: float, eps: float) -> None:
        model, W = linear(2)
        X, y = data(classes=2)
        sign = np.where(y == 0, 1.0, -1.0)[:, None]
        v, logits = sign * (W[1] - W[0]), X @ W.T
        clean = logits[range(8), 1 - y] - logits[range(8), y]
        gain = [capped(row, x, eps, p) for row, x in zip(v, X, strict=True)]
        found = ATTACKS[name](model, X, y, eps=eps, p=p, loss="margin")
        np.testing.assert_allclose(found.loss.numpy() - clean, gain, atol=1e-6)

    @pytest.mark.parametrize("p", NORMS)
    def test_three_classes_towards_one(self, p: float) -> None:
        model, W = linear(3)
        X, y = data()
        target = (y + 1) % 3
        clean = (X @ W.T)[range(8), target] - (X @ W.T)[range(8), y]
        true = clean + 0.2 * dual(W[target] - W[y], p)
        found = pgd(
            model, X, y, eps=0.2, p=p, bounds=None, loss="margin", targeted=target, steps=60
        )
        np.testing.assert_allclose(found.loss, true, atol=1e-6)

    def test_every_class_in_turn_finds_the_exact_robust_set(self) -> None:
        model, W = linear(5)
        X, y = data(200, classes=5)
        y = (X @ W.T).argmax(axis=1)
        logits, eps = X @ W.T, 0.15
        gaps = logits[range(200), y][:, None] - logits
        pull = eps * dual(W[y][:, None] - W[None], math.inf)
        others = np.arange(5)[None] != y[:, None]
        falls = ((gaps < pull) & others).any(axis=1)
        found = apgd_targeted(model, X, y, eps=eps, bounds=None, steps=40)
        assert 20 < falls.sum() < 180
        assert found.success.tolist() == falls.tolist()


class TestRules:
    """One step after the other in NumPy, on a network whose gradient is written out."""

    @staticmethod
    def slope(net: nn.Sequential, x: np.ndarray, y: np.ndarray) -> np.ndarray:
        W, b, V, c = (parameter.detach().numpy() for parameter in net.parameters())
        hidden = np.tanh(x @ W.T + b)
        logits = hidden @ V.T + c
        probability = np.exp(logits - logits.max(axis=1, keepdims=True))
        probability /= probability.sum(axis=1, keepdims=True)
        probability[range(len(y)), y] -= 1
        return np.asarray((probability @ V * (1 - hidden**2)) @ W)

    @pytest.mark.parametrize("p", NORMS)
    def test_pgd(self, p: float) -> None:
        net, (X, y) = network(), data(classes=5)
        x = X
        for _ in range(6):
            g = self.slope(net, x, y)
            if p == math.inf:
                x = np.clip(x + 0.04 * np.sign(g), np.maximum(X - 0.1, 0), np.minimum(X + 0.1, 1))
            else:
                x = x + 0.04 * g / np.linalg.norm(g, axis=1, keepdims=True)
                shift = x - X
                x = X + shift * np.minimum(1, 0.1 / np.linalg.norm(shift, axis=1, keepdims=True))
        how: dict[str, Any] = {"eps": 0.1, "p": p, "steps": 6, "step_size": 0.04}
        how["bounds"] = (0.0, 1.0) if p == math.inf else None
        last = pgd_batch(net, torch.from_numpy(X), torch.from_numpy(y), **how)
        np.testing.assert_allclose(last, x, atol=1e-9)
        result = pgd(net, X, y, random_start=False, **how)
        assert result.loss_trace.shape == (7, 8)
        finite = Goal("ce", torch.from_numpy(y)).losses(net(last)).detach()
        torch.testing.assert_close(result.loss_trace[-1], finite, atol=1e-8, rtol=0)
        top = result.loss_trace.max(dim=0).values
        assert (result.loss >= top).all()
        assert p == 2 or torch.equal(result.loss, top)

    def test_fgsm(self) -> None:
        net, (X, y) = network(), data(classes=5)
        step = np.clip(X + 0.2 * np.sign(self.slope(net, X, y)), 0, 1)
        np.testing.assert_allclose(fgsm(net, X, y, eps=0.2).adversarial, step, atol=1e-12)

    def test_checkpoints(self) -> None:
        """For 100 steps: 22, then gaps of 19, 16, 13, 10, 7, 6, 6 (Croce and Hein)."""
        assert checkpoints(100) == {22: 22, 41: 19, 57: 16, 70: 13, 80: 10, 87: 7, 93: 6, 99: 6}
        assert list(checkpoints(1)) == [1]

    @pytest.mark.parametrize("loss", ["ce", "dlr"])
    def test_apgd(self, loss: str) -> None:
        """Point by point, as the paper's pseudocode reads."""
        net, (X, y) = network(seed=3), data(6, classes=5, seed=5)
        found = apgd(net, X, y, eps=0.25, steps=60, loss=loss, rng=4)
        for i in range(6):
            trace, best = slow_apgd(net, X[i], int(y[i]), 0.25, 60, loss, 4, X.shape, i)
            np.testing.assert_allclose(found.loss_trace[:, i], trace, atol=1e-9)
            np.testing.assert_allclose(found.loss_trace[:, i].max(), best, atol=1e-9)


def slow_apgd(
    net: nn.Sequential,
    clean: Any,
    y: int,
    eps: float,
    steps: int,
    loss: str,
    rng: int,
    shape: Any,
    row: int,
) -> tuple[list[float], float]:
    """Auto-PGD of one point in the sup norm, from the same start."""
    goal = Goal(loss, torch.tensor([y]))

    def ask(point: np.ndarray) -> tuple[float, np.ndarray]:
        x = torch.from_numpy(point)[None].requires_grad_()
        value = goal.losses(net(x))[0]
        (gradient,) = torch.autograd.grad(value, x)
        return value.item(), gradient[0].numpy()

    def project(point: np.ndarray) -> np.ndarray:
        return np.clip(point, np.maximum(clean - eps, 0), np.minimum(clean + eps, 1))

    seed = int(np.random.default_rng(rng).integers(2**63))
    noise = (2 * np.random.default_rng([seed, 0]).random(shape) - 1)[row]
    x = project(clean + eps * noise / np.abs(noise).max())
    value, gradient = ask(x)
    best, best_x, best_gradient, before = value, x, gradient, x
    size, trace, marks = 2 * eps, [value], checkpoints(steps)
    rises, halved, best_then = 0, True, value
    for k in range(1, steps + 1):
        z = project(x + size * np.sign(gradient))
        step = z if k == 1 else project(x + 0.75 * (z - x) + 0.25 * (x - before))
        before, x = x, step
        value, gradient = ask(x)
        rises += value > trace[-1]
        trace.append(value)
        if value > best:
            best, best_x, best_gradient = value, x, gradient
        if k in marks:
            halve = rises <= 0.75 * marks[k] or (not halved and best <= best_then)
            if halve:
                size, x, gradient = size / 2, best_x, best_gradient
            rises, halved, best_then = 0, halve, best
    return trace, best


class TestLosses:
    logits = torch.tensor([[3.0, 1.0, 0.0, 2.0], [1.0, 5.0, 2.0, 4.0]], dtype=torch.float64)
    y = torch.tensor([0, 0])

    def test_by_hand(self) -> None:
        def of(loss: str) -> list[float]:
            return Goal(loss, self.y).losses(self.logits).tolist()

        assert of("margin") == [-1.0, 4.0]
        assert of("dlr") == pytest.approx([-1 / 2, 4 / 3])  # 3 - 1 and 5 - 2 below
        assert of("ce") == pytest.approx(
            [
                math.log(1 + math.exp(-2) + math.exp(-3) + math.exp(-1)),
                math.log(1 + math.exp(4) + math.exp(1) + math.exp(3)),
            ]
        )

    def test_targeted_by_hand(self) -> None:
        def of(loss: str) -> list[float]:
            return Goal(loss, self.y, torch.tensor([3, 2])).losses(self.logits).tolist()

        assert of("margin") == [-1.0, 1.0]
        assert of("dlr") == pytest.approx([-1 / 2.5, 1 / 3.5])
        ce = torch.nn.functional.cross_entropy(self.logits, torch.tensor([3, 2]), reduction="none")
        assert of("ce") == pytest.approx((-ce).tolist())

    @pytest.mark.parametrize("target", [None, torch.tensor([3, 2])])
    def test_the_ratio_of_logits_knows_no_scale(self, target: torch.Tensor | None) -> None:
        goal = Goal("dlr", self.y, target)
        torch.testing.assert_close(
            goal.losses(1e3 * self.logits + 7), goal.losses(self.logits), rtol=1e-9, atol=0
        )

    def test_cross_entropy_of_large_logits(self) -> None:
        logits = torch.tensor([[1e4, 1e4 - 30, 0.0]])
        value = Goal("ce", torch.tensor([0])).losses(logits)
        torch.testing.assert_close(
            value, torch.nn.functional.cross_entropy(logits, torch.tensor([0]), reduction="none")
        )

    @pytest.mark.parametrize("loss", ["ce", "dlr", "margin"])
    def test_total_is_the_sum(self, loss: str) -> None:
        for target in (None, torch.tensor([3, 2])):
            goal = Goal(loss, self.y, target)
            torch.testing.assert_close(goal.total(self.logits), goal.losses(self.logits).sum())


class TestRepeats:
    @pytest.mark.parametrize("attack", [pgd, apgd])
    @pytest.mark.parametrize("p", NORMS)
    def test_the_seed_decides_and_torch_does_not(self, attack: Any, p: float) -> None:
        net, (X, y) = network(), data(classes=5)
        net.append(nn.Dropout(0.3))  # of no effect in eval mode
        before = torch.get_rng_state()
        runs = []
        for rng in (3, np.random.default_rng(3), 4):
            runs.append(attack(net, X, y, eps=0.1, p=p, steps=5, rng=rng))
            assert torch.equal(before, torch.get_rng_state())
            before = torch.manual_seed(len(runs)).get_state()
        assert torch.equal(runs[0].loss_trace, runs[1].loss_trace)
        assert not torch.equal(runs[0].loss_trace, runs[2].loss_trace)

    def test_a_model_that_draws_is_repeated_too(self) -> None:
        net, (X, y) = network(), data(classes=5)

        def noisy(x: torch.Tensor) -> torch.Tensor:
            return net(x) + torch.randn(5, dtype=x.dtype)

        X = torch.from_numpy(X)
        torch.manual_seed(0)
        first = pgd(noisy, X, y, eps=0.1, steps=4)
        torch.manual_seed(1)
        assert torch.equal(first.loss_trace, pgd(noisy, X, y, eps=0.1, steps=4).loss_trace)

    @pytest.mark.parametrize("early_stop", [False, True])
    @pytest.mark.parametrize("attack", [pgd, apgd])
    @pytest.mark.parametrize("p", NORMS)
    def test_batches_change_nothing(self, attack: Any, p: float, early_stop: bool) -> None:
        net, (X, y) = network(), data(23, classes=5)
        how: dict[str, Any] = {"eps": 0.1, "p": p, "steps": 12, "restarts": 2, "rng": 5}
        how["early_stop"] = early_stop
        whole = attack(net, X, y, **how)
        for size in (1, 4, 23):
            parts = attack(net, X, y, batch_size=size, **how)
            torch.testing.assert_close(parts.adversarial, whole.adversarial, atol=1e-9, rtol=0)
            assert torch.equal(parts.success, whole.success)
            apart = (parts.loss_trace - whole.loss_trace).nan_to_num(0).abs()
            assert (apart > 1e-9).double().mean() < 0.01  # a sign that rounding turns

    @pytest.mark.parametrize("attack", [pgd, apgd])
    def test_more_restarts_never_help_the_defender(self, attack: Any) -> None:
        net, (X, y) = network(seed=2), data(60, classes=5)
        few, many = (attack(net, X, y, eps=0.08, steps=6, restarts=r) for r in (1, 4))
        assert (many.success | ~few.success).all()
        same = many.success == few.success
        assert (many.loss[same] >= few.loss[same]).all()
        assert (many.loss > few.loss).any()
        assert (few.steps, many.steps) == (6, 24)

    def test_a_batch_generator(self) -> None:
        net, (X, y) = network(), data(classes=5)
        x, y = torch.from_numpy(X), torch.from_numpy(y)
        for p in NORMS:
            a, b, c, still = (
                pgd_batch(net, x, y, eps=0.1, p=p, steps=1, step_size=1e-9, generator=g)
                for g in (*(torch.Generator().manual_seed(s) for s in (0, 0, 1)), None)
            )
            assert torch.equal(a, b)
            assert not torch.allclose(a, c)
            torch.testing.assert_close(still, x)
            start = x + 0.05
            moved = pgd_batch(net, x, y, eps=1.0, p=p, steps=1, step_size=1e-9, start=start)
            torch.testing.assert_close(moved, start.clamp(0, 1))

    def test_a_batch_may_raise_any_function_of_the_logits(self) -> None:
        net, (X, y) = network(), data(classes=5)
        x, y = torch.from_numpy(X), torch.from_numpy(y)
        how: dict[str, Any] = {"eps": 0.1, "steps": 4}
        own = pgd_batch(net, x, None, loss=lambda z: Goal("margin", y).losses(z).sum(), **how)
        assert torch.equal(own, pgd_batch(net, x, y, loss="margin", **how))


class TestWhatComesBack:
    @pytest.mark.parametrize("attack", [fgsm, pgd, apgd, apgd_targeted])
    @pytest.mark.parametrize("p", NORMS)
    def test_the_fields_agree_with_the_model(self, attack: Any, p: float) -> None:
        net, (X, y) = network().float(), data(40, classes=5)
        result = attack(net, X, y, eps=0.15, p=p)
        logits = net(result.adversarial).detach()
        assert torch.equal(result.prediction, logits.argmax(dim=1))
        assert result.success.tolist() == (logits.argmax(dim=1).numpy() != y).tolist()
        loss = Goal("dlr" if attack is apgd_targeted else "ce", torch.from_numpy(y)).losses(logits)
        torch.testing.assert_close(result.loss, loss)
        clean = net(torch.from_numpy(X).float()).argmax(dim=1)
        assert torch.equal(result.clean_prediction, clean)
        assert 0 < result.success_rate < 1
        assert "of 40" in repr(result)
        assert result.adversarial.dtype == torch.float32
        for name, field in vars(result).items():
            assert not isinstance(field, torch.Tensor) or not field.requires_grad, name

    @pytest.mark.parametrize("attack", [pgd, apgd])
    def test_never_below_the_clean_loss(self, attack: Any) -> None:
        net, (X, y) = network(), data(40, classes=5)
        result = attack(net, X, y, eps=0.1, steps=1)
        clean = Goal("ce", torch.from_numpy(y)).losses(net(torch.from_numpy(X)).detach())
        assert (result.loss >= clean).all()
        wrong = result.clean_prediction != torch.from_numpy(y)
        assert wrong.any()
        assert result.success[wrong].all()

    @pytest.mark.parametrize("attack", [pgd, apgd])
    def test_early_stop_finds_the_same_and_does_less(self, attack: Any) -> None:
        net, (X, y) = network(), data(60, classes=5)
        seen = []
        net.register_forward_hook(lambda module, inputs, out: seen.append(len(inputs[0])))
        runs = []
        for stop in (False, True):
            seen.clear()
            runs.append((attack(net, X, y, eps=0.1, early_stop=stop), sum(seen)))
        (whole, cost), (stopped, less) = runs
        assert torch.equal(whole.success, stopped.success)
        assert less < 0.7 * cost
        assert (stopped.loss <= whole.loss + 1e-12).all()
        late = ~stopped.success
        assert torch.equal(stopped.adversarial[late], whole.adversarial[late])
        assert torch.isfinite(stopped.loss_trace[:, late]).all()
        assert torch.isnan(stopped.loss_trace[-1, stopped.success]).any()

    def test_targets(self) -> None:
        net, (X, y) = network(seed=1), data(40, classes=5)
        target = (y + 2) % 5
        result = apgd(net, X, y, eps=0.3, loss="dlr", targeted=target)
        assert result.success.tolist() == (result.prediction.numpy() == target).tolist()
        assert 0.2 < result.success_rate < 1

    def test_other_models(self) -> None:
        """A lipkit network, a function, and images of several axes."""
        net, (X, y) = network(), data(classes=5)
        relu = ReluNetwork([np.eye(6), np.ones((2, 6))], [np.zeros(6), np.zeros(2)])
        assert pgd(relu, X, y % 2, eps=0.1).adversarial.dtype == torch.float64
        plain = pgd(lambda x: net(x), torch.from_numpy(X), y, eps=0.1)
        assert torch.equal(plain.adversarial, pgd(net, X, y, eps=0.1).adversarial)
        single = net.float()
        assert pgd(lambda x: single(x), X, y, eps=0.1).adversarial.dtype == torch.float32
        net.double()
        images = torch.from_numpy(X).view(8, 1, 2, 3)
        for p in NORMS:
            folded = apgd(nn.Sequential(nn.Flatten(), net), images, y, eps=0.1, p=p)
            assert folded.adversarial.shape == images.shape
            assert folded.success_rate > 0

    @pytest.mark.parametrize("attack", [fgsm, pgd, apgd, apgd_targeted])
    def test_no_points(self, attack: Any) -> None:
        empty = attack(network(), np.empty((0, 6)), np.empty(0, dtype=int), eps=0.1)
        assert empty.adversarial.shape == (0, 6)
        assert math.isnan(empty.success_rate)
        assert empty.flags == ()

    @pytest.mark.parametrize("attack", [fgsm, pgd, apgd, apgd_targeted])
    @pytest.mark.parametrize("p", NORMS)
    def test_no_radius(self, attack: Any, p: float) -> None:
        X, y = data(classes=5)
        result = attack(network(), X, y, eps=0.0, p=p)
        assert np.array_equal(result.adversarial.numpy(), X)
        assert not result.radius.any()
        assert result.flags == ()

    def test_a_box_by_channel(self) -> None:
        X, y = data(classes=5)
        lower, upper = np.linspace(-0.1, 0.0, 6), torch.linspace(1.0, 1.2, 6)
        result = pgd(network(), X, y, eps=0.5, bounds=(lower, upper))
        assert (result.adversarial >= torch.from_numpy(lower)).all()
        assert (result.adversarial <= upper).all()
        assert (result.adversarial > 1).any()
        assert (result.adversarial < 0).any()
