"""Convolutional torch modules as networks of plain matrices: torch itself is the oracle."""

import numpy as np
import pytest
import torch
from torch import nn

from lipkit import norms
from lipkit.lipschitz import autolip, sampling
from lipkit.networks import ReluNetwork


def same(module: nn.Module, shape: tuple[int, ...], seed: int = 0) -> ReluNetwork:
    """The network computes what the module computes in eval mode, gradient included."""
    torch.manual_seed(seed)
    module = module.double()
    for layer in module.modules():
        if isinstance(layer, (nn.BatchNorm1d, nn.BatchNorm2d)):
            layer.running_mean.normal_()  # type: ignore[union-attr, operator]
            layer.running_var.uniform_(0.1, 3)  # type: ignore[union-attr, operator]
            if layer.affine:
                nn.init.normal_(layer.weight)
                nn.init.normal_(layer.bias)
    before = {name: t.clone() for name, t in module.state_dict().items()}
    network = ReluNetwork.from_torch(module, shape)
    assert module.training
    assert all(torch.equal(before[name], t) for name, t in module.state_dict().items())
    X = torch.randn(7, *shape, dtype=torch.float64, requires_grad=True)
    module.eval()
    out = module(X).flatten(1)
    flat = X.flatten(1).detach().numpy()
    mine = network(flat)
    np.testing.assert_allclose(
        mine.reshape(out.shape), out.detach().numpy(), rtol=1e-10, atol=1e-11
    )
    (grad,) = torch.autograd.grad(out[:, 0].sum(), X)
    np.testing.assert_allclose(
        network.jacobian(flat)[:, 0], grad.flatten(1).numpy(), rtol=1e-9, atol=1e-11
    )
    return network


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(2, 3, 3),
        nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False),
        nn.Conv2d(2, 4, (2, 3), padding=(1, 0), dilation=(1, 2), groups=2),
        nn.Conv2d(2, 3, 3, padding="same", padding_mode="circular"),
        nn.Conv2d(2, 3, 3, padding=1, padding_mode="reflect"),
        nn.AvgPool2d(2),
        nn.AvgPool2d(3, stride=2, padding=1),
        nn.AvgPool2d(3, stride=2, padding=1, count_include_pad=False, ceil_mode=True),
        nn.AdaptiveAvgPool2d((2, 1)),
        nn.BatchNorm2d(2),
        nn.BatchNorm2d(2, affine=False),
    ],
    ids=str,
)
def test_one_layer(layer: nn.Module) -> None:
    same(nn.Sequential(layer), (2, 6, 5))


def test_a_small_convolutional_network() -> None:
    module = nn.Sequential(
        nn.Conv2d(1, 4, 3, padding=1),
        nn.BatchNorm2d(4),
        nn.ReLU(),
        nn.AvgPool2d(2),
        nn.Sequential(nn.Conv2d(4, 3, 3), nn.Dropout2d(0.3), nn.ReLU()),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Linear(12, 5),
        nn.BatchNorm1d(5),
        nn.ReLU(),
        nn.Dropout(0.5),
        nn.Linear(5, 2),
    )
    network = same(module, (1, 8, 8))
    assert repr(network) == "ReluNetwork(64 → 256 → 12 → 5 → 2)"
    assert 0 < sampling(network, n=50).value < autolip(network).value


def test_two_convolutions_without_relu_between_are_one_matrix() -> None:
    module = nn.Sequential(nn.Conv2d(1, 2, 3), nn.Conv2d(2, 1, 2), nn.ReLU(), nn.Flatten(),
                           nn.Linear(9, 1))  # fmt: skip
    network = same(module, (1, 6, 6))
    assert network.depth == 1


def test_one_dimension_and_three() -> None:
    same(nn.Sequential(nn.Conv1d(2, 3, 3), nn.BatchNorm1d(3), nn.ReLU(), nn.AvgPool1d(2)), (2, 9))
    same(nn.Sequential(nn.Conv3d(1, 2, 2), nn.ReLU(), nn.AvgPool3d(2), nn.Flatten()), (1, 4, 4, 3))


def test_the_matrix_of_a_convolution_is_exact() -> None:
    layer = nn.Conv2d(1, 1, 2, bias=False).double()
    W = ReluNetwork.from_torch(layer, (1, 2, 3)).weights[0]
    a, b, c, d = layer.weight.detach().numpy().ravel()
    assert W.tolist() == [[a, b, 0, c, d, 0], [0, a, b, 0, c, d]]


def test_it_agrees_with_the_room_of_norms() -> None:
    layer = nn.Conv2d(2, 3, 3, stride=2, padding=1, bias=False).double()
    W = ReluNetwork.from_torch(layer, (2, 6, 5)).weights[0]
    kernel = layer.weight.detach().numpy()
    A = norms.conv_matrix(kernel, input_size=(6, 5), stride=2, padding=1)
    np.testing.assert_allclose(np.asarray(A.todense()), W, rtol=0, atol=1e-15)


class TestBadInput:
    def test_no_shape(self) -> None:
        module = nn.Sequential(nn.Conv2d(1, 1, 3), nn.ReLU(), nn.Flatten(), nn.Linear(4, 1))
        with pytest.raises(TypeError, match=r"got Conv2d and no input_shape.*\(1, 28, 28\)"):
            ReluNetwork.from_torch(module)
        with pytest.raises(TypeError, match="no input_shape"):
            autolip(module)

    def test_a_shape_that_does_not_fit(self) -> None:
        with pytest.raises(ValueError, match=r"input_shape: Conv2d.*got shape \(3, 8, 8\)"):
            ReluNetwork.from_torch(nn.Sequential(nn.Conv2d(1, 1, 3)), (3, 8, 8))

    @pytest.mark.parametrize(
        ("layers", "shape", "message"),
        [
            ([nn.BatchNorm2d(3), nn.Flatten(), nn.Linear(12, 1)], (2, 2, 2), r"BatchNorm2d\(3"),
            ([nn.Linear(3, 4), nn.ReLU(), nn.Linear(4, 1)], (7,), "Linear.in_features=3"),
            ([nn.Conv2d(1, 2, 2), nn.ReLU(), nn.Flatten(), nn.Linear(9, 1)], (1, 3, 3), "Linear"),
            ([nn.Linear(3, 4), nn.BatchNorm1d(5), nn.Linear(5, 1)], None, r"BatchNorm1d\(5"),
            ([nn.BatchNorm1d(1), nn.Linear(3, 4)], None, "Linear.in_features=3"),
        ],
    )
    def test_layers_that_do_not_fit(
        self, layers: list[nn.Module], shape: tuple[int, ...] | None, message: str
    ) -> None:
        with pytest.raises(ValueError, match=f"module: {message}.*got shape .*, expected"):
            ReluNetwork.from_torch(nn.Sequential(*layers), shape)

    def test_no_flatten_before_linear(self) -> None:
        module = nn.Sequential(nn.Conv2d(1, 1, 3), nn.Linear(4, 1))
        with pytest.raises(TypeError, match=r"got Linear on shape \(1, 4, 4\), expected Flatten"):
            ReluNetwork.from_torch(module, (1, 6, 6))

    @pytest.mark.parametrize("layer", [nn.MaxPool2d(2), nn.Sigmoid(), nn.Flatten(2)], ids=str)
    def test_layers_that_are_none_of_these(self, layer: nn.Module) -> None:
        with pytest.raises(TypeError, match=f"module: got {type(layer).__name__}"):
            ReluNetwork.from_torch(nn.Sequential(nn.Conv2d(1, 1, 3), layer), (1, 6, 6))
