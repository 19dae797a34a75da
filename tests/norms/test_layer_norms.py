"""The table of a model's layers: order, names, shapes, fused pairs, and what is put back."""

import math
from typing import Any

import pytest
import torch
from torch import nn

from lipkit.norms import LayerNorm, layer_lipschitz, layer_norms, operator_norm, residual

INF = math.inf


class Block(nn.Module):
    """A residual block as people write them, with functional calls in between."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x: Any) -> Any:
        out = torch.relu(self.bn1(self.conv1(x)))
        return torch.relu(self.bn2(self.conv2(out)) + x)


class Net(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.stem = nn.Conv2d(1, 4, 3, padding=1)
        self.block = Block(4)
        self.pool = nn.AvgPool2d(2)
        self.head = nn.Sequential(nn.Flatten(), nn.Dropout(), nn.Linear(64, 3))

    def forward(self, x: Any) -> Any:
        return self.head(self.pool(self.block(self.stem(x))))


def seen(model: Any, shape: Any) -> Any:
    """The model after one batch, so that its BatchNorms have statistics."""
    torch.manual_seed(0)
    with torch.no_grad():
        model.train()(torch.randn(8, *shape))
    return model


@pytest.fixture
def net() -> Any:
    torch.manual_seed(0)
    return seen(Net(), (1, 8, 8))


def test_every_layer_in_the_order_of_the_pass(net: Any) -> None:
    records = layer_norms(net, (1, 8, 8), INF)
    assert [(r.name, r.kind, r.input_shape) for r in records] == [
        ("stem", "Conv2d", (1, 8, 8)),
        ("block.conv1", "Conv2d", (4, 8, 8)),
        ("block.bn1", "BatchNorm2d", (4, 8, 8)),
        ("block.conv2", "Conv2d", (4, 8, 8)),
        ("block.bn2", "BatchNorm2d", (4, 8, 8)),
        ("pool", "AvgPool2d", (4, 8, 8)),
        ("head.0", "Flatten", (4, 4, 4)),
        ("head.1", "Dropout", (64,)),
        ("head.2", "Linear", (64,)),
    ]
    assert all(isinstance(r, LayerNorm) and r.exact for r in records)
    net.eval()
    for record in records:
        layer = net.get_submodule(record.name)
        assert record.norm == layer_lipschitz(layer, INF, input_shape=record.input_shape)


@pytest.mark.parametrize("p", [1, 2, INF])
def test_fused_pairs(net: Any, p: float) -> None:
    records = layer_norms(net, (1, 8, 8), p, fuse_bn=True)
    assert [(r.name, r.kind) for r in records][:4] == [
        ("stem", "Conv2d"),
        ("block.conv1+block.bn1", "Conv2d+BatchNorm2d"),
        ("block.conv2+block.bn2", "Conv2d+BatchNorm2d"),
        ("pool", "AvgPool2d"),
    ]
    net.eval()
    pair = nn.Sequential(net.block.conv1, net.block.bn1)
    assert records[1].norm is not None
    assert records[1].norm.value == layer_lipschitz(pair, p, input_shape=(4, 8, 8)).value
    apart = layer_norms(net, (1, 8, 8), p)
    assert records[1].norm.value <= apart[1].norm * apart[2].norm  # type: ignore[operator]


def test_a_pair_whose_middle_is_read_elsewhere_is_not_fused() -> None:
    """Edge case 8: the BatchNorm must be the only consumer."""

    class Leak(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv1d(1, 2, 3, padding=1), nn.BatchNorm1d(2)

        def forward(self, x: Any) -> Any:
            middle = self.conv(x)
            assert middle.dim() == 3  # to ask for the shape is not to read
            return self.bn(middle) + middle.abs()

    model = seen(Leak(), (1, 6))
    assert [r.name for r in layer_norms(model, (1, 6), 1, fuse_bn=True)] == ["conv", "bn"]

    class Twice(Leak):
        def forward(self, x: Any) -> Any:
            middle = self.conv(x)
            return self.bn(middle) + self.bn(middle)

    model = seen(Twice(), (1, 6))
    assert [r.name for r in layer_norms(model, (1, 6), 1, fuse_bn=True)] == ["conv", "bn", "bn"]


def test_a_batch_norm_after_something_else_is_not_fused() -> None:
    model = seen(nn.Sequential(nn.Conv1d(1, 2, 3), nn.ReLU(), nn.BatchNorm1d(2)), (1, 6))
    assert [r.name for r in layer_norms(model, (1, 6), 1, fuse_bn=True)] == ["0", "1", "2"]
    rows = seen(nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(3)), (3, 4))
    assert [r.name for r in layer_norms(rows, (3, 4), 1, fuse_bn=True)] == ["0", "1"]
    flat = seen(nn.Sequential(nn.Linear(4, 2), nn.BatchNorm1d(2)), (4,))
    assert [r.name for r in layer_norms(flat, (4,), 1, fuse_bn=True)] == ["0+1"]


@pytest.mark.parametrize("before", range(1, 9))
def test_what_a_model_computes_before_a_pair_does_not_keep_it_from_being_fused(before: int) -> None:
    """Tensors that are gone by then gave their identity to the pair's own."""

    class Steps(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv1d(1, 1, 3, padding=1), nn.BatchNorm1d(1)

        def forward(self, x: Any) -> Any:
            for _ in range(before):
                x = torch.relu(x + 1) * 2
            return self.bn(self.conv(x))

    assert [r.name for r in layer_norms(seen(Steps(), (1, 6)), (1, 6), 1, fuse_bn=True)] == [
        "conv+bn"
    ]


def test_what_the_model_returns_is_read() -> None:
    class Both(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.bn = nn.Conv1d(1, 1, 3), nn.BatchNorm1d(1)

        def forward(self, x: Any) -> Any:
            y = self.conv(x)
            return self.bn(y), {"middle": y}

    assert [r.name for r in layer_norms(seen(Both(), (1, 6)), (1, 6), 1, fuse_bn=True)] == [
        "conv",
        "bn",
    ]


def test_edge_14_a_layer_used_twice_gives_two_records() -> None:
    class Shared(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv, self.pool = nn.Conv2d(1, 1, 3, padding=1), nn.MaxPool2d(2)

        def forward(self, x: Any) -> Any:
            return self.conv(self.pool(self.conv(x)))

    records = layer_norms(Shared(), (1, 2, 2), 1)
    assert [(r.name, r.input_shape) for r in records] == [
        ("conv", (1, 2, 2)), ("pool", (1, 2, 2)), ("conv", (1, 1, 1))]  # fmt: skip
    assert records[0].norm.value > records[2].norm.value  # type: ignore[union-attr]


def test_one_module_under_two_names_counts_once_a_use() -> None:
    relu = nn.ReLU()
    records = layer_norms(nn.Sequential(nn.Linear(2, 2), relu, nn.Linear(2, 2), relu), (2,), 1)
    assert [r.name for r in records] == ["0", "1", "2", "1"]


def test_the_model_itself_can_be_a_layer() -> None:
    (record,) = layer_norms(nn.Linear(2, 3), (2,), 1)
    assert (record.name, record.kind) == ("Linear", "Linear")


def test_residual_blocks_are_looked_into() -> None:
    records = layer_norms(nn.Sequential(residual(nn.Linear(2, 2)), nn.Tanh()), (2,), INF)
    assert {r.name for r in records} == {"0.body", "0.shortcut", "1"}


def test_parametrised_weights() -> None:
    """Edge case 14: a parametrisation makes children of a layer that is one all the same."""
    layer = nn.utils.parametrizations.weight_norm(nn.Conv1d(2, 2, 3))
    (record,) = layer_norms(nn.Sequential(layer), (2, 7), 1)
    assert record.kind == "Conv1d"
    assert record.norm == operator_norm(layer, 1, input_shape=(2, 7))


# -- what is not known ---------------------------------------------------------------------------
class Scale(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.gain = nn.Parameter(torch.ones(2))

    def forward(self, x: Any) -> Any:
        return x * self.gain


class Wrapped(Scale):
    """A layer of its own around another: its parameters are in no known layer."""

    def __init__(self) -> None:
        super().__init__()
        self.inner = nn.Linear(2, 2)

    def forward(self, x: Any) -> Any:
        return self.inner(x * self.gain)


@pytest.mark.parametrize("layer", [Scale(), Wrapped(), nn.LayerNorm(2)])
def test_an_unknown_layer_is_an_error_that_names_it_or_a_record_without_a_norm(layer: Any) -> None:
    model = nn.Sequential(nn.Linear(2, 2), layer)
    name = type(layer).__name__
    with pytest.raises(TypeError, match=f"layer: got {name}, which is not known"):
        layer_norms(model, (2,), 1)
    records = layer_norms(model, (2,), 1, strict=False)
    assert [(r.name, r.kind) for r in records] == [("0", "Linear"), ("1", name)]
    assert records[1].norm is None
    assert not records[1].exact


def test_what_is_no_model() -> None:
    with pytest.raises(TypeError, match="model: got int, expected a torch module"):
        layer_norms(3, (2,), 1)
    with pytest.raises(TypeError, match="input_shape: got None"):
        layer_norms(nn.Linear(2, 2), None, 1)  # type: ignore[arg-type]
    with pytest.raises(ValueError, match=r"p: got 0\.5"):
        layer_norms(nn.Linear(2, 2), (2,), 0.5)


# -- what is put back ----------------------------------------------------------------------------
def state(model: Any) -> Any:
    hooks = [len(m._forward_hooks) + len(m._forward_pre_hooks) for m in model.modules()]
    return hooks, [m.training for m in model.modules()], [v.clone() for v in model.buffers()]


def unchanged(model: Any, before: Any) -> bool:
    after = state(model)
    same = all(torch.equal(a, b) for a, b in zip(before[2], after[2], strict=True))
    return bool(before[:2] == after[:2] and same)


def test_modes_hooks_and_statistics_are_restored(net: Any) -> None:
    net.train()
    net.block.bn1.eval()  # a mixture of modes comes back as it was
    before = state(net)
    layer_norms(net, (1, 8, 8), 2, fuse_bn=True)
    assert unchanged(net, before)
    assert all(parameter.grad is None for parameter in net.parameters())


def test_edge_14_restored_even_where_the_pass_fails(net: Any) -> None:
    net.train()
    before = state(net)
    with pytest.raises(RuntimeError):
        layer_norms(net, (1, 9, 8, 8), 2)
    assert unchanged(net, before)
    with pytest.raises(RuntimeError):
        layer_norms(net, (1, 4, 4), 2)  # the last layer's width does not fit
    assert unchanged(net, before)
    broken = nn.Sequential(nn.Linear(2, 2), Scale())
    before = state(broken)
    with pytest.raises(TypeError):
        layer_norms(broken, (2,), 1)
    assert unchanged(broken, before)


def test_train_mode_does_not_matter(net: Any) -> None:
    training = layer_norms(net.train(), (1, 8, 8), 1)
    assert training == layer_norms(net.eval(), (1, 8, 8), 1)


def test_the_dtype_is_the_models() -> None:
    records = layer_norms(nn.Sequential(nn.Linear(2, 2), nn.ReLU()).double(), (2,), 1)
    assert len(records) == 2
    assert len(layer_norms(nn.ReLU(), (2,), 1)) == 1
