"""Norm decay, projections, clipping: against by-hand steps, matrices and SciPy."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from scipy.optimize import LinearConstraint, minimize
from torch import Tensor, nn

from lipkit.norms import conv_norm, materialize, matrix_norm, operator_norm
from lipkit.training import (
    NormDecay,
    NormProjection,
    SingularValueClipping,
    clip_singular_values,
    fit,
    project_l1_ball,
    renew_batch_norm,
    small_cnn,
)

SHAPE = (1, 8, 8)


def images(n: int = 24) -> tuple[Any, Any]:
    return np.random.default_rng(0).uniform(size=(n, *SHAPE)), np.arange(n) % 10


def conv(stride: int = 1, padding: int = 1, taps: int = 3, **how: Any) -> nn.Conv2d:
    torch.manual_seed(0)
    return nn.Conv2d(3, 4, taps, stride, padding, **how).double()


def with_zero_gradients(model: Any) -> Any:
    for weights in model.parameters():
        weights.grad = torch.zeros_like(weights)
    return model


def values(layer: nn.Module) -> Tensor:
    weight = layer.weight
    assert isinstance(weight, Tensor)
    return weight


class TestNormDecay:
    # The digest's table, section 5.1: stride, padding, size, and how many weights are active.
    @pytest.mark.parametrize(
        ("setting", "by_rows", "by_columns"),
        [((1, 1, 8), 27, 36), ((2, 1, 8), 27, 16), ((3, 0, 7), 27, 4), ((1, 1, 2), 12, 16)],
    )
    def test_active_weights_and_homogeneity(
        self, setting: tuple[int, int, int], by_rows: int, by_columns: int
    ) -> None:
        stride, padding, size = setting
        for p, active in ((math.inf, by_rows), (1.0, by_columns)):
            layer = with_zero_gradients(conv(stride, padding))
            NormDecay(1.0, p, input_shape=(3, size, size)).after_backward(layer)
            grad = values(layer).grad
            assert grad is not None
            truth = float(operator_norm(layer, p, input_shape=(3, size, size)))
            assert (grad * values(layer)).sum().item() == pytest.approx(truth, rel=1e-12)
            assert int((grad != 0).sum()) == active

    def test_three_steps_by_hand(self) -> None:
        layer = nn.Linear(3, 2, bias=False).double()
        rows = [[1.0, -2.0, 3.0], [4.0, 5.0, -6.0]]
        decay = NormDecay(0.1, math.inf, input_shape=(3,))
        seen = []
        for scale in (1.0, 1.0, 10.0):  # in the third step the first row is the largest
            with torch.no_grad():
                layer.weight.copy_(torch.tensor([[scale * w for w in rows[0]], rows[1]]))
            layer.weight.grad = torch.ones_like(layer.weight)
            decay.after_backward(layer)
            assert layer.weight.grad is not None
            seen.append(((layer.weight.grad - 1) / 0.1).round(decimals=9).tolist())
        assert seen[0] == seen[1] == [[0, 0, 0], [1, 1, -1]]
        assert seen[2] == [[1, -1, 1], [0.5, 0.5, -0.5]]

    def test_without_memory_it_is_the_gradient_of_the_penalty(self) -> None:
        layer = with_zero_gradients(conv())
        decay = NormDecay(0.3, 1, input_shape=(3, 5, 5), memory=0.0)
        for seed in range(3):
            torch.manual_seed(seed)
            with torch.no_grad():
                values(layer).normal_()
            values(layer).grad = None
            with_zero_gradients(layer)
            decay.after_backward(layer)
            grad = values(layer).grad
            assert grad is not None
            norm = operator_norm(layer, 1, input_shape=(3, 5, 5)).value
            assert (grad * values(layer)).sum().item() == pytest.approx(0.3 * norm, rel=1e-12)

    def test_patch_layers_keep_their_weights(self) -> None:
        """A defect of the authors' code: their update replaced the weights by their signs."""
        layer = with_zero_gradients(conv(stride=2, padding=0, taps=2))
        before = values(layer).clone()
        NormDecay(1.0, 1, input_shape=(3, 4, 4)).after_backward(layer)
        assert torch.equal(values(layer), before)

    @pytest.mark.parametrize(("taps", "norm"), [([[1, 2], [3, 4]], 6), ([[1, 4], [2, 4]], 8)])
    def test_taps_that_meet_where_the_axes_differ(self, taps: Any, norm: int) -> None:
        """Another: taps numbered column by column and read row by row gave 7 and 6."""
        layer = nn.Conv2d(1, 1, 2, padding=(1, 0), bias=False).double()
        with torch.no_grad():
            layer.weight.copy_(torch.tensor(taps)[None, None])
        decay = NormDecay(1.0, 1, input_shape=(1, 2, 2))
        decay.after_backward(with_zero_gradients(layer))
        assert list(decay.norms(layer).values()) == [norm]
        assert layer.weight.grad is not None
        assert layer.weight.grad[0, 0].tolist() == [[0, 1], [0, 1]]

    def test_the_input_size_may_change(self) -> None:
        """Another: the size was frozen at the first forward pass."""
        for size in (2, 8):
            norms = NormDecay(1.0, math.inf, input_shape=(3, size, size)).norms(conv())
            truth = conv_norm(values(conv()), math.inf, input_size=size, padding=1).value
            assert list(norms.values()) == [pytest.approx(truth, rel=1e-12)]

    def test_a_model_that_has_seen_other_images_decays(self) -> None:
        model = nn.Sequential(conv(), nn.AdaptiveAvgPool2d(1))
        for size in (5, 9, 3):
            model(torch.zeros(1, 3, size, size, dtype=torch.float64)).sum().backward()
            NormDecay(1.0, 1, input_shape=(3, 8, 8)).after_backward(model)

    def test_batch_norm_is_really_capped(self) -> None:
        """A third: their decay of BatchNorm filled a buffer and never used it."""
        model = with_zero_gradients(nn.Sequential(conv(), nn.BatchNorm2d(4).double()))
        norm = model[1]
        assert isinstance(norm, nn.BatchNorm2d)
        with torch.no_grad():
            norm.weight.copy_(torch.tensor([1.0, -20.0, 9.0, 2.0]))
        decay = NormDecay(0.0, input_shape=(3, 8, 8), gain_cap=5.0)
        decay.after_backward(model)
        gains = (norm.weight / torch.sqrt(norm.running_var + norm.eps)).tolist()
        np.testing.assert_allclose(gains, [1, -5, 5, 2], rtol=1e-4)  # the authors cut one a step

    def test_it_lowers_the_norms_in_training(self) -> None:
        found = {}
        for strength in (0.0, 0.02):
            torch.manual_seed(0)
            model = small_cnn(SHAPE, batch_norm=True)
            decay = NormDecay(strength, input_shape=SHAPE)
            fit(model, images(), epochs=10, batch_size=4, penalty=decay, progress=False)
            found[strength] = math.prod(decay.norms(model).values())
        assert found[0.02] < 0.7 * found[0.0]

    def test_stopped_and_resumed(self, tmp_path: Any) -> None:
        def run(checkpoint: Any, epochs: int) -> nn.Module:
            torch.manual_seed(0)
            model = small_cnn(SHAPE, batch_norm=True)
            decay = NormDecay(0.01, input_shape=SHAPE)
            how: dict[str, Any] = {"penalty": decay, "progress": False, "schedule": "constant"}
            fit(model, images(), epochs=epochs, checkpoint=checkpoint, **how)
            return model

        class Stop(NormDecay):
            def after_step(self, model: nn.Module, step: int) -> None:
                if step == 2:
                    raise KeyboardInterrupt

            def __repr__(self) -> str:
                return repr(NormDecay(0.01, input_shape=SHAPE))

        whole = run(None, 4)
        torch.manual_seed(0)
        model = small_cnn(SHAPE, batch_norm=True)
        how: dict[str, Any] = {"progress": False, "schedule": "constant"}
        with pytest.raises(KeyboardInterrupt):
            fit(model, images(), epochs=4, checkpoint=tmp_path / "run",
                penalty=Stop(0.01, input_shape=SHAPE), **how)  # fmt: skip
        resumed = run(tmp_path / "run", 4)
        for a, b in zip(whole.parameters(), resumed.parameters(), strict=True):
            assert torch.equal(a, b)

    def test_layers_that_are_not_trained_are_left_alone(self) -> None:
        model = nn.Sequential(conv(), nn.Flatten(), nn.Linear(256, 2).double())
        model[0].requires_grad_(False)
        assert list(NormDecay(1.0, input_shape=(3, 8, 8)).norms(model)) == ["2"]

    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ({"strength": -1.0}, "strength: got -1.0"),
            ({"strength": 1.0, "p": 2}, "p: got 2, expected 1 or numpy.inf"),
            ({"strength": 1.0, "memory": 1.0}, "memory: got 1.0"),
            ({"strength": 1.0, "gain_cap": 0.0}, "gain_cap"),
        ],
    )
    def test_bad_settings(self, how: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            NormDecay(**how, input_shape=SHAPE)

    def test_a_step_before_backward(self) -> None:
        with pytest.raises(ValueError, match=r"call loss\.backward\(\) first"):
            NormDecay(1.0, input_shape=(3, 8, 8)).after_backward(conv())

    def test_a_model_without_weights(self) -> None:
        with pytest.raises(ValueError, match="without a trained Linear layer or convolution"):
            NormDecay(1.0, input_shape=(3,)).norms(nn.ReLU())


def nearest_by_scipy(v: np.ndarray, radius: float) -> np.ndarray:
    """The nearest point of the l1 ball, with positive and negative parts as variables."""
    n = len(v)

    def square(z: np.ndarray) -> float:
        return float(((z[:n] - z[n:] - v) ** 2).sum())

    bounds = [(0, None)] * (2 * n)
    inside = LinearConstraint(np.ones((1, 2 * n)), -np.inf, radius)
    start = np.concatenate([np.maximum(v, 0), np.maximum(-v, 0)])
    start *= min(1.0, radius / np.abs(v).sum())
    found = minimize(square, start, method="SLSQP", bounds=bounds, constraints=[inside],
                     options={"ftol": 1e-14, "maxiter": 500}).x  # fmt: skip
    return np.asarray(found[:n] - found[n:])


class TestProjection:
    @given(st.lists(st.floats(-5, 5), min_size=1, max_size=6), st.floats(0.1, 4))
    def test_the_nearest_point_of_the_ball(self, entries: list[float], radius: float) -> None:
        v = torch.tensor(entries, dtype=torch.float64)
        u = project_l1_ball(v, radius)
        assert u.abs().sum() <= radius * (1 + 1e-12)
        # First-order condition: (v - u) . (w - u) <= 0 for every w in the ball.
        corners = radius * torch.cat([torch.eye(len(v)), -torch.eye(len(v))]).double()
        assert (((corners - u) @ (v - u)).max()) <= 1e-9
        if v.abs().sum() <= radius:
            assert torch.equal(u, v)

    def test_against_scipy(self) -> None:
        rng = np.random.default_rng(0)
        for _ in range(20):
            v, radius = rng.normal(size=5) * 3, rng.uniform(0.2, 4)
            ours = project_l1_ball(torch.from_numpy(v), radius).numpy()
            if np.abs(v).sum() > radius:
                np.testing.assert_allclose(ours, nearest_by_scipy(v, radius), atol=2e-6)

    @pytest.mark.parametrize("method", ["euclidean", "radial"])
    @pytest.mark.parametrize("p", [1.0, math.inf])
    @pytest.mark.parametrize("setting", [(1, 1, 8), (2, 1, 9), (3, 0, 7), (2, 0, 8)])
    def test_the_layer_obeys(self, method: str, p: float, setting: tuple[int, int, int]) -> None:
        stride, padding, size = setting
        layer = conv(stride, padding)
        shape = (3, size, size)
        NormProjection(0.4, p, input_shape=shape, method=method).after_step(layer, 0)
        A = materialize(layer, shape)
        norm = float(matrix_norm(A, p))
        assert norm == pytest.approx(0.4, rel=1e-9)

    @pytest.mark.parametrize("p", [1.0, math.inf])
    @pytest.mark.parametrize("groups", [1, 2])
    def test_nearest_among_random_feasible_layers(self, p: float, groups: int) -> None:
        torch.manual_seed(1)
        layer = nn.Conv2d(4, 4, 3, 2, 1, groups=groups, bias=False).double()
        start = layer.weight.detach().clone()
        NormProjection(0.8, p, input_shape=(4, 9, 9)).after_step(layer, 0)
        projected = layer.weight.detach().clone()
        gap = start - projected
        for seed in range(200):
            torch.manual_seed(seed)
            other = nn.Conv2d(4, 4, 3, 2, 1, groups=groups, bias=False).double()
            scale = 0.8 / operator_norm(other, p, input_shape=(4, 9, 9)).value
            point = scale * other.weight.detach()
            assert (gap * (point - projected)).sum() <= 1e-9
        assert gap.norm() < (start - start * 0.8 / operator_norm_of(start, layer, p)).norm()

    def test_rows_and_columns_of_a_linear_layer(self) -> None:
        torch.manual_seed(0)
        for p in (1.0, math.inf):
            layer = nn.Linear(5, 4).double()
            before = layer.weight.detach().clone()
            NormProjection(0.5, p, input_shape=(5,)).after_step(layer, 0)
            rows, old = (layer.weight, before) if p > 1 else (layer.weight.T, before.T)
            expected = torch.stack([project_l1_ball(row, 0.5) for row in old])
            torch.testing.assert_close(rows.detach(), expected)

    def test_a_layer_inside_stays(self) -> None:
        layer = conv()
        before = values(layer).clone()
        for method in ("euclidean", "radial"):
            NormProjection(1e3, 1, input_shape=(3, 8, 8), method=method).after_step(layer, 0)
        assert torch.equal(values(layer), before)

    def test_it_waits_its_turn(self) -> None:
        layer = conv()
        before = values(layer).clone()
        projection = NormProjection(0.5, 1, input_shape=(3, 8, 8), every=3)
        for step in (0, 1):
            projection.after_step(layer, step)
        assert torch.equal(values(layer), before)
        projection.after_step(layer, 2)
        assert not torch.equal(values(layer), before)

    @pytest.mark.parametrize(
        ("layer", "p", "size"),
        [
            (conv(), math.inf, 2),  # every output sees padding
            (conv(padding_mode="reflect"), 1.0, 4),  # taps meet on one pixel
            (conv(padding_mode="replicate"), 1.0, 8),
        ],
    )
    def test_coupled_layers_are_refused(self, layer: nn.Module, p: float, size: int) -> None:
        projection = NormProjection(0.5, p, input_shape=(3, size, size))
        with pytest.raises(ValueError, match=r"share weights.*use method='radial'"):
            projection.after_step(layer, 0)
        radial = NormProjection(0.5, p, input_shape=(3, size, size), method="radial")
        radial.after_step(layer, 0)
        assert operator_norm(layer, p, input_shape=(3, size, size)).value <= 0.5 * (1 + 1e-9)

    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ({"bound": 0.0, "p": 1}, "bound"),
            ({"bound": 1.0, "p": 2}, "expected 1 or numpy.inf"),
            ({"bound": 1.0, "p": 1, "method": "l2"}, "method"),
            ({"bound": 1.0, "p": 1, "every": 0}, "every"),
        ],
    )
    def test_bad_settings(self, how: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            NormProjection(**how, input_shape=SHAPE)
        with pytest.raises(ValueError, match="radius"):
            project_l1_ball(torch.ones(2), 0.0)


def operator_norm_of(weight: Tensor, like: nn.Conv2d, p: float) -> float:
    return conv_norm(
        weight, p, input_size=9, stride=like.stride, padding=like.padding, groups=like.groups
    ).value


class TestClipping:
    def kernel(self) -> Tensor:
        o, i, a, b = np.indices((3, 2, 3, 3))
        return torch.from_numpy(((7 * o + 5 * i + 3 * a + 2 * b) % 11 - 5) / 4)

    def test_values_of_the_digest(self) -> None:
        on_circle = {"input_size": 8, "padding": 1, "padding_mode": "circular"}
        K = self.kernel()
        norm = conv_norm(K, 2, **on_circle).value  # type: ignore[arg-type]
        assert norm == pytest.approx(9.463155, abs=1e-6)
        K = K * (2 / norm)
        expected = [1.402723, 1.248693, 1.174427, 1.131030, 1.101983]
        for rounds, value in enumerate(expected, start=1):
            clipped = clip_singular_values(K, 1.0, 8, rounds=rounds)
            found = conv_norm(clipped, 2, **on_circle).value  # type: ignore[arg-type]
            assert found == pytest.approx(value, abs=1e-6)

    def test_a_kernel_below_the_bound_stays(self) -> None:
        K = self.kernel()
        torch.testing.assert_close(clip_singular_values(K, 100.0, (8, 9)), K)

    def test_groups_and_other_layers(self) -> None:
        torch.manual_seed(0)
        model = nn.Sequential(
            nn.Conv2d(4, 4, 3, padding=1, groups=2), nn.Flatten(), nn.Linear(256, 2)
        ).double()
        with torch.no_grad():
            model[0].weight.mul_(20)
        before = [weights.clone() for weights in model.parameters()]
        clipping = SingularValueClipping(1.0, input_shape=(4, 8, 8), every=2)
        clipping.after_step(model, 0)
        assert all(torch.equal(a, b) for a, b in zip(model.parameters(), before, strict=True))
        clipping.after_step(model, 1)
        halves = [clip_singular_values(half, 1.0, 8) for half in before[0].chunk(2)]
        torch.testing.assert_close(model[0].weight.detach(), torch.cat(halves))
        assert torch.equal(model[2].weight, before[2])

    @pytest.mark.parametrize(
        ("how", "said"),
        [
            ({"bound": 0.0, "input_size": 8}, "bound"),
            ({"bound": 1.0, "input_size": 2}, "at least as large as its taps"),
            ({"bound": 1.0, "input_size": (8,)}, "a size for each axis"),
        ],
    )
    def test_bad_settings(self, how: dict[str, Any], said: str) -> None:
        with pytest.raises(ValueError, match=said):
            clip_singular_values(self.kernel(), **how)


class TestRenewal:
    def test_after_a_change_of_weights_the_statistics_follow(self) -> None:
        torch.manual_seed(0)
        X = torch.rand(64, 3, 8, 8).double()
        model = nn.Sequential(conv(), nn.BatchNorm2d(4).double(), nn.Dropout(0.5))
        renew_batch_norm(model, X, batch_size=64)
        before = model.eval()(X)
        with torch.no_grad():
            model[0].weight.mul_(100)
            model[0].bias.mul_(100)
        model.train()
        renew_batch_norm(model, X, batch_size=64)
        assert model.training
        assert model[2].training
        assert model[1].momentum == 0.1
        after = model.eval()(X)
        torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3)

    def test_one_point_is_refused(self) -> None:
        with pytest.raises(ValueError, match="at least two"):
            renew_batch_norm(nn.BatchNorm1d(1), [[1.0]])
