"""The differentiable norms: the same numbers, subgradients, descent, and what is refused."""

import math
from typing import Any

import numpy as np
import pytest
import torch

from lipkit.norms import conv_norm
from lipkit.training import conv_penalty
from tests.norms.conv_oracles import configurations, modular

INF = math.inf


def gradient(weight: Any, p: float, **layer: Any) -> tuple[float, Any]:
    weight = torch.as_tensor(weight).detach().clone().requires_grad_()
    penalty = conv_penalty(weight, p, **layer)
    penalty.backward()
    return penalty.item(), weight.grad


def test_the_numbers_are_those_of_conv_norm() -> None:
    for kernel, layer in configurations(300, seed=20):
        for p in (1, INF):
            value, grad = gradient(kernel, p, **layer)
            assert value == pytest.approx(conv_norm(kernel, p, **layer).value, rel=1e-12, abs=0)
            assert torch.isfinite(grad).all()
            assert (grad * torch.from_numpy(kernel)).sum().item() == pytest.approx(value, rel=1e-9)


def test_autograd_and_finite_differences_agree() -> None:
    draws = np.random.default_rng(0)
    for mode in ("zeros", "circular", "reflect", "replicate"):
        K = draws.normal(size=(2, 3, 3, 2))
        layer: Any = {"input_size": (4, 3), "padding": 1, "padding_mode": mode, "stride": (1, 2)}
        direction = draws.normal(size=K.shape)
        for p in (1, INF):
            _, grad = gradient(K, p, **layer)
            slope = (grad.numpy() * direction).sum()
            h = 1e-6
            up, down = (conv_norm(K + s * h * direction, p, **layer).value for s in (1, -1))
            assert (up - down) / (2 * h) == pytest.approx(slope, rel=1e-6)


@pytest.mark.parametrize(
    ("stride", "padding", "size", "sup", "one"),
    [(1, 1, 8, 27, 36), (2, 1, 8, 27, 16), (3, 0, 7, 27, 4), (1, 1, 2, 12, 16)],
)
def test_the_digests_active_sets(stride: int, padding: int, size: int, sup: int, one: int) -> None:
    """3 to 4 channels, 3 x 3: signs of that many weights, zeros elsewhere; in float32."""
    torch.manual_seed(0)
    weight = torch.randn(4, 3, 3, 3)
    layer: Any = {"stride": stride, "padding": padding, "input_size": size}
    for p, active in ((INF, sup), (1, one)):
        value, grad = gradient(weight, p, **layer)
        assert int((grad != 0).sum()) == active
        assert torch.equal(grad[grad != 0], weight.sign()[grad != 0])
        assert (grad * weight).sum().item() == pytest.approx(value, rel=1e-6)


def test_a_plain_step_lowers_the_norm_by_the_active_weights() -> None:
    """The digest's exercise 5: by exactly the step times their number."""
    K = torch.from_numpy(modular(4, 3, 3, 3)) + 0.1
    step = 1e-3
    for p in (1, INF):
        layer: Any = {"input_size": 8, "padding": 1, "stride": 2}
        K[0] *= 3 if p == INF else 1  # no other set takes over
        K[:, 1] *= 3 if p == 1 else 1
        value, grad = gradient(K, p, **layer)
        after = conv_norm(K - step * grad, p, **layer).value
        assert after == pytest.approx(value - step * int((grad != 0).sum()), rel=1e-9)


def test_aliased_taps_follow_the_sign_of_their_sum() -> None:
    """Taps 0 and 2 read one pixel through reflection: -3 + 1 has the sign of neither alone."""
    value, grad = gradient([[[-3.0, 0.5, 1.0]]], 1, input_size=9, padding=1, padding_mode="reflect")
    assert value == 5.5  # pixel 1: |-3 + 1| + |0.5| + |-3|
    assert grad.tolist() == [[[-2.0, 1.0, -1.0]]]


def test_ties_share() -> None:
    value, grad = gradient([[[2.0]], [[2.0]]], INF, input_size=3)
    assert value == 2
    assert grad.ravel().tolist() == [0.5, 0.5]


def test_zero_weights_have_gradient_zero() -> None:
    """Edge case 2 of the digest."""
    for p in (1, INF):
        value, grad = gradient(torch.zeros(2, 3, 3, 3), p, input_size=4, padding=1)
        assert value == 0
        assert not grad.any()
    value, grad = gradient([[[1.0, 2.0]]], 1, input_size=1, padding=5, dilation=10)
    assert (value, grad.tolist()) == (0, [[[0, 0]]])


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float32, torch.float64])
def test_the_graph_keeps_the_dtype(dtype: torch.dtype) -> None:
    weight = torch.tensor(modular(3, 2, 3, 3), dtype=dtype, requires_grad=True)
    penalty = conv_penalty(weight, 1, input_size=5, padding=1, padding_mode="reflect")
    assert penalty.dtype == dtype
    assert penalty.item() == 20  # quarters are exact in all of them
    penalty.backward()
    assert weight.grad is not None
    assert weight.grad.dtype == dtype


def test_it_can_be_minimised() -> None:
    torch.manual_seed(0)
    layer = torch.nn.Conv2d(3, 4, 3, padding=1)
    optimiser = torch.optim.SGD(layer.parameters(), lr=2e-3)
    before = conv_norm(layer.weight, INF, input_size=8, padding=1).value
    for _ in range(100):
        optimiser.zero_grad()
        conv_penalty(layer.weight, INF, input_size=8, padding=1).backward()
        optimiser.step()
    assert conv_norm(layer.weight, INF, input_size=8, padding=1).value < 0.8 * before


@pytest.mark.parametrize(
    ("weight", "p", "layer", "error", "message"),
    [
        (
            np.ones((1, 1, 3)),
            1,
            {"input_size": 4},
            TypeError,
            "weight: got float64, expected a ten",
        ),
        ([[[1.0]]], 1, {"input_size": 4}, TypeError, "weight: got list"),
        (torch.ones(1, 1, 3).int(), 1, {"input_size": 4}, TypeError, "got torch.int32"),
        (
            torch.ones(1, 1, 3),
            2,
            {"input_size": 4},
            ValueError,
            "p: got 2, expected 1 or numpy.inf",
        ),
        (torch.ones(1, 1, 3), 0.5, {"input_size": 4}, ValueError, "p: got 0.5"),
        (torch.ones(1, 1, 3), 1, {"input_size": 2}, ValueError, "output is empty"),
        (torch.full((1, 1, 3), math.nan), 1, {"input_size": 4}, ValueError, "NaN or infinite"),
        (torch.ones(3, 2), 1, {"input_size": 4}, ValueError, "one to three axes"),
    ],
)
def test_bad_input(weight: Any, p: float, layer: Any, error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=message):
        conv_penalty(weight, p, **layer)
