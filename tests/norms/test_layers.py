"""Norms of torch layers: the digest's table, torch's own Jacobians, and what is refused."""

import math
import warnings
from typing import Any

import numpy as np
import pytest
import torch
from scipy.optimize import minimize_scalar
from torch import nn

from lipkit.bound import LAYER, NETWORK, Bound
from lipkit.norms import (
    add_branches,
    conv_norm,
    layer_lipschitz,
    materialize,
    matrix_norm,
    operator_norm,
    residual,
    stack_branches,
)
from lipkit.norms._activation_constants import ACTIVATIONS

INF = math.inf
torch.manual_seed(0)  # for the layers in the tables below


@pytest.fixture(autouse=True)
def _seed() -> None:
    torch.manual_seed(0)


def three(layer: Any, shape: Any = None) -> list[float]:
    return [layer_lipschitz(layer, p, input_shape=shape).value for p in (1, 2, INF)]


def jacobian(layer: Any, shape: tuple[int, ...]) -> Any:
    """What torch computes at a random point, in float64."""
    layer = layer.double().eval()
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(1, *shape)))
    J = torch.autograd.functional.jacobian(layer, x)
    return J.reshape(-1, x.numel()).numpy()


def batch_norm(channels: int, n: int = 2, seed: int = 0, **how: Any) -> Any:
    """In eval mode, with statistics and gains of some data."""
    draws = np.random.default_rng(seed)
    layer = getattr(nn, f"BatchNorm{n}d")(channels, **how).double().eval()
    layer.running_var.copy_(torch.from_numpy(draws.uniform(0.5, 2, channels)))
    layer.running_mean.copy_(torch.from_numpy(draws.normal(size=channels)))
    layer.num_batches_tracked.fill_(1)
    if layer.affine:
        layer.weight.data = torch.from_numpy(draws.normal(size=channels))
    return layer


# -- the digest's table --------------------------------------------------------------------------
A = nn.AvgPool2d


@pytest.mark.parametrize(
    ("layer", "shape", "values"),
    [
        (A(2), (1, 4, 4), (1 / 4, 1 / 2, 1)),
        (A(3), (1, 9, 9), (1 / 9, 1 / 3, 1)),
        (A(3, 1, 1), (1, 8, 8), (1, 0.9212, 1)),
        (A(3, 2, 1), (1, 1, 1), (1 / 9, 1 / 9, 1 / 9)),
        (A(3, 1, 1, count_include_pad=False), (1, 8, 8), (1.3611, 1.0145, 1)),
        (nn.AdaptiveAvgPool2d(3), (1, 5, 5), (0.6944, 0.6667, 1)),
        (A(4, 3, 2, ceil_mode=True), (1, 3, 3), (1 / 4, 0.1875, 1 / 4)),
        (A(2, 2, ceil_mode=True), (1, 3, 3), (1, 1, 1)),
        (A(2, divisor_override=1), (1, 4, 4), (1, 2, 4)),
        (nn.AdaptiveAvgPool2d(1), (1, 8, 8), (0.015625, 0.125, 1)),
        (nn.MaxPool2d(3, 1, 1), (1, 3, 3), (9, 3, 1)),
        (nn.MaxPool2d(3, 1, 1), (1, 8, 8), (9, 3, 1)),
        (nn.MaxPool2d(3, 1), (1, 5, 5), (9, 3, 1)),
        (nn.MaxPool2d(3, 2, 1), (1, 3, 3), (4, 2, 1)),
        (nn.MaxPool2d(3, 2, 1), (1, 2, 2), (1, 1, 1)),
        (nn.MaxPool2d(2), (1, 8, 8), (1, 1, 1)),
        (nn.Sigmoid(), None, (0.25,) * 3),
        (nn.GELU(), None, (1.12890,) * 3),
        (nn.GELU(approximate="tanh"), None, (1.1290,) * 3),
        (nn.SiLU(), None, (1.09984,) * 3),
        (nn.Mish(), None, (1.08850,) * 3),
        (nn.Hardswish(), None, (1.5,) * 3),
        (nn.SELU(), None, (1.75810,) * 3),
        (nn.Softmax(dim=1), None, (0.5,) * 3),
        (nn.Flatten(), None, (1,) * 3),
        (nn.Dropout(0.5).eval(), None, (1,) * 3),
    ],
    ids=str,
)
def test_digest(layer: Any, shape: Any, values: Any) -> None:
    assert three(layer, shape) == pytest.approx(values, abs=5e-5)
    assert all(layer_lipschitz(layer, p, input_shape=shape).kind == "exact" for p in (1, 2, INF))


# -- linear layers against torch's own matrix ----------------------------------------------------
LINEAR: dict[str, tuple[Any, tuple[int, ...]]] = {
    "Linear": (nn.Linear(5, 3), (5,)),
    "Linear on the last axis": (nn.Linear(5, 3, bias=False), (2, 4, 5)),
    "Conv1d": (nn.Conv1d(2, 4, 3, stride=2, padding=1, groups=2), (2, 7)),
    "Conv2d": (nn.Conv2d(2, 3, (3, 2), dilation=2, padding=(2, 1)), (2, 5, 4)),
    "Conv2d same": (nn.Conv2d(2, 2, 3, padding="same", padding_mode="reflect"), (2, 4, 4)),
    "Conv2d circular": (nn.Conv2d(2, 3, 3, padding=1, padding_mode="circular"), (2, 4, 4)),
    "Conv3d": (nn.Conv3d(1, 2, 2, padding=1), (1, 2, 3, 2)),
    "ConvTranspose1d": (nn.ConvTranspose1d(2, 3, 4, stride=2), (2, 3)),
    "ConvTranspose2d": (
        nn.ConvTranspose2d(4, 2, 3, stride=2, padding=1, output_padding=1, groups=2), (4, 2, 3)),
    "ConvTranspose3d": (nn.ConvTranspose3d(1, 2, 2), (1, 2, 1, 2)),
    "BatchNorm1d": (batch_norm(3, 1), (3,)),
    "BatchNorm1d, sequences": (batch_norm(3, 1), (3, 4)),
    "BatchNorm2d": (batch_norm(3), (3, 2, 2)),
    "BatchNorm3d without gains": (batch_norm(2, 3, affine=False), (2, 2, 1, 2)),
    "AvgPool1d": (nn.AvgPool1d(3, 2, 1), (2, 8)),
    "AvgPool2d": (A((3, 2), stride=(2, 1), padding=(1, 0)), (2, 5, 4)),
    "AvgPool2d, real pixels": (
        A(3, 2, 1, count_include_pad=False, ceil_mode=True), (1, 6, 5)),
    "AvgPool2d, ceil": (A(3, 2, 1, ceil_mode=True), (1, 6, 5)),
    "AvgPool2d, a last window in the padding": (A(3, 3, 1, ceil_mode=True), (1, 2, 5)),
    "AvgPool2d, the same over real pixels": (
        A(3, 3, 1, ceil_mode=True, count_include_pad=False), (1, 2, 5)),
    "AvgPool2d, divisor": (A(3, 2, 1, divisor_override=4), (1, 6, 5)),
    "AvgPool3d": (nn.AvgPool3d(2, 1), (1, 3, 2, 3)),
    "AdaptiveAvgPool1d": (nn.AdaptiveAvgPool1d(3), (2, 7)),
    "AdaptiveAvgPool2d": (nn.AdaptiveAvgPool2d((None, 3)), (1, 4, 5)),
    "AdaptiveAvgPool3d": (nn.AdaptiveAvgPool3d(2), (1, 3, 4, 2)),
    "Flatten": (nn.Flatten(), (2, 3, 2)),
    "Identity": (nn.Identity(), (4,)),
    "Dropout": (nn.Dropout2d(0.3).eval(), (2, 2, 2)),
    "conv then BatchNorm": (
        nn.Sequential(nn.Conv2d(2, 4, 3, padding=1, groups=2), batch_norm(4)), (2, 4, 4)),
    "transposed conv then BatchNorm": (
        nn.Sequential(nn.ConvTranspose2d(4, 3, 3, stride=2, groups=1), batch_norm(3)), (4, 2, 2)),
    "grouped transposed conv then BatchNorm": (
        nn.Sequential(nn.ConvTranspose1d(4, 6, 3, groups=2), batch_norm(6, 1)), (4, 3)),
    "Linear then BatchNorm": (nn.Sequential(nn.Linear(4, 3), batch_norm(3, 1)), (4,)),
    "BatchNorm then conv": (nn.Sequential(batch_norm(2), nn.Conv2d(2, 3, 3)), (2, 4, 4)),
    "residual": (residual(nn.Conv2d(2, 2, 3, padding=1)), (2, 4, 4)),
    "residual with a shortcut": (
        residual(nn.Conv2d(2, 3, 3, stride=2, padding=1), nn.Conv2d(2, 3, 1, stride=2)), (2, 4, 4)),
    "a chain": (
        nn.Sequential(nn.Conv2d(1, 2, 2), nn.Sequential(A(2), nn.Flatten()), nn.Linear(8, 3)),
        (1, 5, 5)),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "shape"), LINEAR.values(), ids=LINEAR)
def test_linear_layers(layer: Any, shape: tuple[int, ...]) -> None:
    J = jacobian(layer, shape)
    np.testing.assert_allclose(materialize(layer, shape), J, atol=1e-12)
    for p in (1, 2, INF):
        bound = operator_norm(layer, p, input_shape=shape)
        true = np.linalg.norm(J, ord=p)
        assert (bound.quantity, bound.norm) == (LAYER, (p, p))
        assert bound.value == pytest.approx(true, rel=1e-9)
        if bound.kind == "upper":
            assert p == 2
            assert bound.value >= true * (1 - 1e-14)
        else:
            assert bound.kind == "exact"
        again = layer_lipschitz(layer, p, input_shape=shape)
        assert again.value >= true * (1 - 1e-12)


def test_two_layers_where_the_product_is_not_the_norm() -> None:
    """As one matrix exact, as a product an upper bound."""
    chain = nn.Sequential(nn.Linear(2, 2, bias=False), nn.Linear(2, 2, bias=False))
    chain[0].weight.data = torch.tensor([[1.0, 0.0], [0.0, 0.0]])
    chain[1].weight.data = torch.tensor([[0.0, 0.0], [0.0, 3.0]])
    assert operator_norm(chain, 2) == 0
    assert layer_lipschitz(chain, 2) == 3
    assert layer_lipschitz(chain, 2).kind == "upper"
    assert operator_norm(nn.Sequential(nn.Flatten(), chain), 2) == 0


def test_a_chain_that_is_too_large_for_its_matrix(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lipkit.norms._layers._MOST_ENTRIES", 10)
    chain = nn.Sequential(nn.Linear(4, 4), nn.Linear(4, 4))
    bound = operator_norm(chain, 2)
    assert (bound.kind, bound.method, bound.quantity) == ("upper", "product", LAYER)
    assert bound.value == pytest.approx(
        math.prod(np.linalg.norm(layer.weight.detach().numpy(), 2) for layer in chain), rel=1e-6
    )


def test_fusing_is_no_more_than_the_product_and_exact() -> None:
    conv, norm = nn.Conv2d(3, 4, 3, padding=1).double(), batch_norm(4)
    with torch.no_grad():  # the largest row and the largest gain are those of different channels
        conv.weight[0] *= 3
        norm.weight.copy_(torch.tensor([0.1, 1.0, 1.0, -2.0]))
    for p in (1, INF):
        fused = layer_lipschitz(nn.Sequential(conv, norm), p, input_shape=(3, 6, 6))
        product = operator_norm(conv, p, input_shape=(3, 6, 6)) * operator_norm(norm, p)
        assert fused.kind == "exact"
        assert fused.value < product
    fused = layer_lipschitz(nn.Sequential(conv, norm), 2, input_shape=(3, 6, 6))
    assert (fused.kind, fused.certified) == ("upper", False)  # the fused kernel is rounded


def test_a_rescaled_conv_and_batch_norm_are_the_same_layer() -> None:
    """The digest's section 6: the norm of the conv alone is a gauge."""
    conv, norm = nn.Conv2d(2, 3, 3).double(), batch_norm(3, eps=1e-12)
    before = layer_lipschitz(nn.Sequential(conv, norm), INF, input_shape=(2, 5, 5)).value
    alone = operator_norm(conv, INF, input_shape=(2, 5, 5)).value
    with torch.no_grad():
        conv.weight *= 1000
        norm.running_var *= 1000**2
        norm.running_mean *= 1000
    after = layer_lipschitz(nn.Sequential(conv, norm), INF, input_shape=(2, 5, 5)).value
    assert operator_norm(conv, INF, input_shape=(2, 5, 5)).value == pytest.approx(1000 * alone)
    assert after == pytest.approx(before, rel=1e-9)


def test_only_what_follows_directly_is_fused() -> None:
    """A ReLU between, or a BatchNorm over sequences after a Linear layer on the last axis."""
    conv, norm = nn.Conv2d(2, 3, 3).double(), batch_norm(3)
    apart = layer_lipschitz(nn.Sequential(conv, nn.ReLU(), norm), INF, input_shape=(2, 5, 5))
    product = operator_norm(conv, INF, input_shape=(2, 5, 5)) * operator_norm(norm, INF)
    assert apart.value == pytest.approx(product)
    rows = nn.Sequential(nn.Linear(4, 2).double(), batch_norm(3, 1))
    factors = operator_norm(rows[0], 1) * operator_norm(rows[1], 1)
    assert layer_lipschitz(rows, 1, input_shape=(3, 4)).value == pytest.approx(factors)


# -- activations ---------------------------------------------------------------------------------
SLOPES = {
    "CELU": nn.CELU(0.7), "ELU": nn.ELU(), "ELU(2)": nn.ELU(2.0), "GELU": nn.GELU(),
    "GELU tanh": nn.GELU(approximate="tanh"), "Hardsigmoid": nn.Hardsigmoid(),
    "Hardswish": nn.Hardswish(), "Hardtanh": nn.Hardtanh(), "LeakyReLU": nn.LeakyReLU(0.1),
    "LeakyReLU(-3)": nn.LeakyReLU(-3.0), "LogSigmoid": nn.LogSigmoid(), "Mish": nn.Mish(),
    "PReLU": nn.PReLU(), "PReLU(1.7)": nn.PReLU(init=1.7), "ReLU": nn.ReLU(), "ReLU6": nn.ReLU6(),
    "SELU": nn.SELU(), "SiLU": nn.SiLU(), "Sigmoid": nn.Sigmoid(), "Softplus": nn.Softplus(2.0),
    "Softshrink": nn.Softshrink(), "Softsign": nn.Softsign(), "Tanh": nn.Tanh(),
    "Tanhshrink": nn.Tanhshrink(),
}  # fmt: skip


@pytest.mark.parametrize("layer", SLOPES.values(), ids=SLOPES)
def test_the_steepest_slope(layer: Any) -> None:
    """Found by torch on a fine grid, and by a search around its best point."""
    value = layer_lipschitz(layer, 2).value
    x = torch.linspace(-30, 30, 60_001, dtype=torch.float64, requires_grad=True)
    slopes = torch.autograd.grad(layer.double()(x).sum(), x)[0].abs()
    assert slopes.max().item() <= value * (1 + 1e-7)
    top = x[slopes.argmax()].item()

    def minus_slope(at: float) -> float:
        point = torch.tensor(at, dtype=torch.float64, requires_grad=True)
        return -abs(torch.autograd.grad(layer(point.reshape(1)).sum(), point)[0].item())

    best = minimize_scalar(minus_slope, bounds=(top - 0.01, top + 0.01), method="bounded")
    assert max(slopes.max().item(), -best.fun) >= value * (1 - 1e-3)  # some are only approached
    if type(layer).__name__ in ("GELU", "SiLU", "Mish"):
        assert -best.fun == pytest.approx(value, rel=1e-12)


def test_every_activation_is_tried() -> None:
    tried = {type(layer).__name__ for layer in SLOPES.values()}
    assert tried | {"Softmax", "Softmax2d", "Softmin"} == ACTIVATIONS


@pytest.mark.parametrize("layer", [nn.Softmax(dim=-1), nn.Softmin(dim=-1)])
def test_softmax(layer: Any) -> None:
    draws = np.random.default_rng(0)
    for p in (1, 2, INF):
        most = 0.0
        for _ in range(50):
            x = torch.from_numpy(draws.normal(size=3) * 3)
            J = torch.autograd.functional.jacobian(layer, x).numpy()
            most = max(most, np.linalg.norm(J, ord=p))
        assert most <= layer_lipschitz(layer, p).value
        J = torch.autograd.functional.jacobian(layer, torch.zeros(2).double()).numpy()
        assert np.linalg.norm(J, ord=p) == pytest.approx(layer_lipschitz(layer, p).value)


def test_celu_with_a_negative_alpha_has_no_bound() -> None:
    with pytest.raises(ValueError, match=r"CELU: got alpha -1\.0"):
        layer_lipschitz(nn.CELU(-1.0), 2)


# -- max-pooling ---------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("layer", "shape"),
    [
        (nn.MaxPool1d(3, 1), (1, 6)),
        (nn.MaxPool1d(3, 2, 1, dilation=2), (1, 9)),
        (nn.MaxPool1d(2, 1, 1, dilation=3), (1, 4)),
        (nn.MaxPool1d(3, 2, 1, dilation=2), (1, 5)),
        (nn.MaxPool2d(3, 3, 1, ceil_mode=True), (1, 2, 5)),
        (nn.MaxPool2d((3, 2), stride=(2, 1), padding=(1, 0)), (1, 5, 4)),
        (nn.MaxPool2d(3, 2, ceil_mode=True), (1, 4, 6)),
        (nn.MaxPool2d(3, 2, 1, ceil_mode=True), (1, 4, 5)),
        (nn.MaxPool3d(2, 1), (1, 3, 2, 3)),
        (nn.AdaptiveMaxPool1d(3), (1, 4)),
        (nn.AdaptiveMaxPool2d((2, 3)), (1, 5, 4)),
        (nn.AdaptiveMaxPool3d(2), (1, 3, 2, 3)),
    ],
    ids=str,
)
def test_a_lone_spike_attains_the_constant_of_a_max_pool(
    layer: Any, shape: tuple[int, ...]
) -> None:
    n = math.prod(shape)
    base, spikes = torch.zeros(1, *shape), torch.eye(n).reshape(n, *shape)
    moved = (layer(spikes) - layer(base)).reshape(n, -1).numpy()
    x = torch.from_numpy(np.random.default_rng(0).normal(size=(300, *shape)))
    y = torch.from_numpy(np.random.default_rng(1).normal(size=(300, *shape)))
    for p in (1, 1.5, 2, INF):
        bound = layer_lipschitz(layer, p, input_shape=shape)
        assert bound.kind == "exact"
        assert bound.value == pytest.approx(np.linalg.norm(moved, ord=p, axis=1).max(), rel=1e-6)
        out, between = ((a - b).reshape(300, -1) for a, b in ((layer(x), layer(y)), (x, y)))
        rise = np.linalg.norm(out, ord=p, axis=1) / np.linalg.norm(between, ord=p, axis=1)
        assert rise.max() <= bound.value * (1 + 1e-9)


# -- blocks --------------------------------------------------------------------------------------
def network() -> Any:
    torch.manual_seed(0)
    return (
        nn.Sequential(
            nn.Conv2d(1, 4, 3, padding=1),
            batch_norm(4),
            nn.ReLU(),
            residual(nn.Sequential(nn.Conv2d(4, 4, 3, padding=1), nn.Tanh())),
            nn.MaxPool2d(2),
            nn.Dropout(0.2),
            nn.Flatten(),
            nn.Linear(64, 10),
            nn.Softmax(dim=1),
        )
        .double()
        .eval()
    )


@pytest.mark.parametrize("p", [1, 2, INF])
def test_a_network_and_its_shapes(p: float) -> None:
    """The product of its parts by hand, and no pair of points moves further apart."""
    model = network()
    bound = layer_lipschitz(model, p, input_shape=(1, 8, 8))
    parts = [
        layer_lipschitz(model[:2], p, input_shape=(1, 8, 8)),
        layer_lipschitz(model[3].body[0], p, input_shape=(4, 8, 8)) + 1,
        layer_lipschitz(model[4], p, input_shape=(4, 8, 8)),
        operator_norm(model[7], p),
        0.5,
    ]
    assert bound.value == pytest.approx(math.prod(map(float, parts)), rel=1e-9)
    assert (bound.kind, bound.quantity, bound.norm) == ("upper", NETWORK, (p, p))
    draws = np.random.default_rng(0)
    x = torch.from_numpy(draws.normal(size=(50, 1, 8, 8)))
    y = x + torch.from_numpy(draws.normal(size=x.shape)) * 0.1
    with torch.no_grad():
        out = (model(x) - model(y)).numpy()
    distance = np.linalg.norm((x - y).reshape(50, -1).numpy(), ord=p, axis=1)
    assert (np.linalg.norm(out, ord=p, axis=1) <= bound.value * distance).all()


def test_one_layer_among_isometries_stays_exact() -> None:
    W = nn.Linear(12, 3)
    bound = layer_lipschitz(nn.Sequential(nn.Flatten(), nn.Dropout().eval(), W), 2)
    assert (bound.kind, bound.quantity) == ("exact", NETWORK)
    assert bound.value == matrix_norm(W.weight.detach().numpy(), 2).value
    assert layer_lipschitz(nn.Sequential(), 2) == 1
    assert layer_lipschitz(nn.Sequential(nn.Identity()), 1).kind == "exact"


@pytest.mark.parametrize("p", [1, 2, INF])
def test_residual_blocks(p: float) -> None:
    W = nn.Linear(3, 3, bias=False)
    block = residual(nn.Sequential(W, nn.ReLU()))
    bound = layer_lipschitz(block, p)
    assert bound.value == pytest.approx(1 + operator_norm(W, p).value)
    assert bound.kind == "upper"
    J = W.weight.detach().double().numpy() + np.eye(3)
    exact = layer_lipschitz(residual(W), p)
    assert exact.kind == "exact"
    assert exact.value == pytest.approx(np.linalg.norm(J, ord=p), rel=1e-12)


def test_a_residual_block_computes_the_sum() -> None:
    body, shortcut, x = nn.Linear(3, 2), nn.Linear(3, 2), torch.ones(4, 3)
    assert torch.equal(residual(body, shortcut)(x), shortcut(x) + body(x))
    square = nn.Linear(3, 3)
    assert torch.equal(residual(square)(x), x + square(x))


def test_branches() -> None:
    f, g = (Bound(v, "exact", quantity=LAYER, norm=(1, 1), method="svd") for v in (3.0, 4.0))
    assert add_branches(f, g) == 7
    assert stack_branches(f, g) == 7
    for p, value in ((2, 5.0), (INF, 4.0), (3, 91 ** (1 / 3))):
        f, g = (Bound(v, "upper", quantity=LAYER, norm=(p, p), method="m") for v in (3.0, 4.0))
        assert stack_branches(f, g).value == pytest.approx(value)
        assert stack_branches(f, g).kind == "upper"
    zero = Bound(0.0, "exact", quantity=LAYER, method="m")
    assert stack_branches(zero, zero) == 0
    sure = [Bound(0.1, "upper", quantity=LAYER, method="m", certified=True)] * 3
    assert add_branches(*sure).certified
    assert add_branches(*sure).value >= 0.3
    assert stack_branches(*sure).value >= math.sqrt(0.03)
    one, tiny = (
        Bound(v, "upper", quantity=LAYER, method="m", certified=True) for v in (1.0, 2.0**-60)
    )
    assert add_branches(one, tiny).value > 1  # in real arithmetic both are
    assert stack_branches(one, tiny).value > 1


@pytest.mark.parametrize("join", [add_branches, stack_branches])
def test_branches_that_cannot_be_joined(join: Any) -> None:
    two = Bound(1.0, "exact", quantity=LAYER, method="m")
    one = Bound(1.0, "exact", quantity=LAYER, norm=(1, 1), method="m")
    low = Bound(1.0, "lower", quantity=LAYER, method="m")
    with pytest.raises(ValueError, match="got none"):
        join()
    with pytest.raises(ValueError, match="different norms"):
        join(two, one)
    with pytest.raises(ValueError, match="kind 'lower'"):
        join(two, low)


def test_stacked_branches_against_a_matrix() -> None:
    first, second = nn.Linear(4, 3, bias=False), nn.Linear(4, 5, bias=False)
    J = np.vstack([layer.weight.detach().double().numpy() for layer in (first, second)])
    for p in (1, 2, INF):
        bound = stack_branches(operator_norm(first, p), operator_norm(second, p))
        assert bound.value >= np.linalg.norm(J, ord=p) * (1 - 1e-9)


# -- what is refused -----------------------------------------------------------------------------
class Mine(nn.Module):
    def forward(self, x: Any) -> Any:
        return x**2


class Squared(nn.Linear):
    def forward(self, x: Any) -> Any:
        return super().forward(x) ** 2


class Named(nn.Conv2d):
    """Another name, the same forward."""


def test_a_subclass_is_its_base_unless_it_computes_something_else() -> None:
    layer = Named(2, 3, 3)
    assert operator_norm(layer, 1, input_shape=(2, 5, 5)) == conv_norm(
        layer.weight, 1, input_size=5
    )
    with pytest.raises(TypeError, match="got Squared, which is not known"):
        layer_lipschitz(Squared(2, 2), 2)


def test_parametrised_weights_are_read_as_they_are_used() -> None:
    """Edge case 14: spectral_norm makes the reshaped kernel's norm 1, not the layer's."""
    torch.manual_seed(0)
    layer = nn.utils.parametrizations.spectral_norm(nn.Conv2d(2, 3, 3, padding=1)).eval()
    for p in (1, 2, INF):
        assert operator_norm(layer, p, input_shape=(2, 6, 6)) == conv_norm(
            layer.weight, p, input_size=6, padding=1
        )
    assert operator_norm(layer, 2, input_shape=(2, 6, 6)) > 1.1


def _with_variance(value: float) -> Any:
    layer = batch_norm(2)
    layer.running_var.fill_(value)
    return layer


BAD: dict[str, tuple[Any, Any, Any, str]] = {
    "unknown": (Mine(), None, TypeError, "got Mine, which is not known"),
    "unknown inside": (nn.Sequential(nn.ReLU(), Mine()), None, TypeError, "got Mine"),
    "unknown in a residual block": (residual(Mine()), None, TypeError, "got Mine"),
    "another torch layer": (nn.LayerNorm(3), None, TypeError, "got LayerNorm"),
    "no layer": (np.eye(2), None, TypeError, "got ndarray"),
    "no shape for a convolution": (
        nn.Conv2d(1, 1, 3), None, ValueError, r"got None for Conv2d, expected \(channels, \*2 si"),
    "no shape for a pool": (nn.MaxPool2d(2), None, ValueError, "got None for MaxPool2d"),
    "a batch in the shape": (nn.Conv2d(1, 1, 3), (7, 1, 5, 5), ValueError, "without a batch"),
    "channels": (nn.Conv2d(2, 1, 3), (3, 5, 5), ValueError, "expected 2 channels first"),
    "features": (nn.Linear(2, 1), (3,), ValueError, "expected 2 features last"),
    "channels of a BatchNorm": (batch_norm(3), (2, 4, 4), ValueError, "expected 3 channels"),
    "too small an image": (nn.Conv2d(1, 1, 3), (1, 2, 5), ValueError, "the output is empty"),
    "too small an image for a pool": (nn.AvgPool2d(3), (1, 2, 5), ValueError, "output is empty"),
    "a size of zero": (nn.Conv2d(1, 1, 3), (1, 0, 5), ValueError, r"input_shape\[1\]: got 0"),
    "a shape that is none": (nn.Conv2d(1, 1, 3), "abc", TypeError, "input_shape: got 'abc'"),
    "shapes that do not meet": (
        nn.Sequential(nn.Flatten(), nn.Linear(5, 2)), (1, 2, 2), ValueError, "expected 5 features"),
    "branches that do not meet": (
        residual(nn.Linear(3, 2)), (3,), ValueError, r"branches that end in shapes \(2,\)"),
    "BatchNorm in train mode": (nn.BatchNorm2d(2), (2, 3, 3), ValueError, "train mode.*eval"),
    "BatchNorm without statistics": (
        nn.BatchNorm2d(2, track_running_stats=False).eval(), None, ValueError, "no running"),
    "BatchNorm in train mode after a conv": (
        nn.Sequential(nn.Conv2d(1, 2, 1), nn.BatchNorm2d(2)), (1, 3, 3), ValueError, "train mode"),
    "BatchNorm of other channels": (
        nn.Sequential(nn.Conv2d(1, 2, 1), batch_norm(3)), (1, 3, 3), ValueError,
        "got 3 channels after a layer with 2"),
    "BatchNorm of other features": (
        nn.Sequential(nn.Linear(1, 2), batch_norm(3, 1)), (1,), ValueError, "got 3 channels"),
    "BatchNorm of a negative variance": (
        _with_variance(-1.0), (2, 3, 3), ValueError, r"running_var \+ eps of -0\.99999, expected"),
    "BatchNorm that divides by zero": (
        _with_variance(-1e-5), (2, 3, 3), ValueError, r"BatchNorm2d: got running_var \+ eps of 0"),
    "a slope that is no number": (
        nn.LeakyReLU(math.nan), None, ValueError, "LeakyReLU: got .*finite numbers"),
    "an alpha that is no number": (
        nn.ELU(math.inf), None, ValueError, "^ELU: got .*finite numbers"),
    "a Softplus that jumps": (
        nn.Softplus(threshold=0.0), None, ValueError, r"threshold 0\.0, expected at least 20"),
    "no width for the sum of branches": (
        residual(nn.Identity()), None, ValueError, "input_shape: got None for Residual"),
    "Dropout in train mode": (nn.Dropout(0.5), None, ValueError, "Dropout: got train mode"),
    "NaN weight": (nn.Linear(2, 2), (2,), ValueError, "Linear weight: got NaN"),
    "Flatten of the batch": (nn.Flatten(0), (2, 3), ValueError, "start_dim 0"),
}  # fmt: skip


@pytest.mark.parametrize(("layer", "shape", "error", "message"), BAD.values(), ids=BAD)
def test_bad_input(layer: Any, shape: Any, error: type[Exception], message: str) -> None:
    if "NaN" in message:
        layer.weight.data[0, 0] = math.nan
    with pytest.raises(error, match=message):
        layer_lipschitz(layer, 2, input_shape=shape)


def test_exponents() -> None:
    with pytest.raises(ValueError, match=r"p: got 0\.5"):
        layer_lipschitz(nn.ReLU(), 0.5)
    with pytest.raises(ValueError, match=r"expected 1, 2 or numpy\.inf"):
        operator_norm(nn.Conv1d(1, 1, 1), 3, input_shape=(1, 4))
    assert operator_norm(nn.Linear(3, 3), 3).kind == "upper"


@pytest.mark.parametrize("layer", [nn.ReLU(), nn.MaxPool2d(2), nn.Sequential(nn.Tanh())])
def test_what_is_not_linear_has_no_operator_norm_and_no_matrix(layer: Any) -> None:
    """Edge case 9: max-pooling is not linear."""
    with pytest.raises(TypeError, match="not linear"):
        operator_norm(layer, 2, input_shape=(1, 4, 4))
    with pytest.raises(TypeError, match="not linear"):
        materialize(layer, (1, 4, 4))


def test_a_matrix_that_is_too_large() -> None:
    layer = nn.Conv2d(1, 1, 3, padding=1)
    with pytest.raises(ValueError, match=r"1e\+08 entries, expected at most 5e\+07"):
        materialize(layer, (1, 100, 100))
    assert materialize(nn.Linear(2, 2), (2,), force=True).shape == (2, 2)
    with pytest.raises(ValueError, match="output is empty"):
        materialize(nn.Conv2d(1, 1, 3), (1, 2, 2))


def test_edge_8_batch_norm() -> None:
    """Without gains, with a gain of zero, and one that has seen no data."""
    layer = batch_norm(3, affine=False)
    variance = layer.running_var.numpy()
    assert operator_norm(layer, 1).value == pytest.approx(1 / math.sqrt(variance.min() + 1e-5))
    layer = batch_norm(1)
    layer.weight.data.zero_()
    assert operator_norm(layer, 2) == 0
    with pytest.warns(UserWarning, match="BatchNorm2d: it has seen no data"):
        operator_norm(nn.BatchNorm2d(2).eval(), 2)


def test_nothing_is_changed() -> None:
    model = network().train()
    for layer in model.modules():
        if isinstance(layer, nn.BatchNorm2d | nn.Dropout):
            layer.eval()
    before = {name: value.clone() for name, value in model.state_dict().items()}
    modes = [module.training for module in model.modules()]
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        layer_lipschitz(model, 2, input_shape=(1, 8, 8))
    assert modes == [module.training for module in model.modules()]
    after = model.state_dict()
    assert all(torch.equal(value, after[name]) for name, value in before.items())
    assert all(parameter.grad is None for parameter in model.parameters())


def test_lazy_torch() -> None:
    """The names of layers do not need torch: `import lipkit.norms` leaves it alone."""
    import subprocess
    import sys

    code = "import sys, lipkit.norms as n; n.conv_norm([[[1.0]]], 2, input_size=3); "
    code += "sys.exit('torch' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
