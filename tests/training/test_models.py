"""Convolutional models: their shapes, their counts, their start, and that every room reads them."""

import math
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from lipkit.norms import layer_lipschitz, layer_norms
from lipkit.training import resnet18, small_cnn, vgg11

MODELS = {
    "small_cnn": lambda **how: small_cnn((3, 32, 32), width=4, **how),
    "small_cnn, BatchNorm": lambda **how: small_cnn((3, 32, 32), width=4, batch_norm=True, **how),
    "vgg11": lambda **how: vgg11(width=4, **how),
    "vgg11, no BatchNorm": lambda **how: vgg11(width=4, batch_norm=False, **how),
    "resnet18": lambda **how: resnet18(width=4, **how),
}


def state(model: nn.Module) -> list[torch.Tensor]:
    return [tensor.clone() for tensor in model.state_dict().values()]


def parameters(model: nn.Module) -> int:
    return sum(weights.numel() for weights in model.parameters())


@pytest.mark.parametrize("make", MODELS.values(), ids=MODELS)
class TestAll:
    def test_logits_of_images(self, make: Any) -> None:
        model = make(classes=7)
        assert model(torch.rand(2, 3, 32, 32)).shape == (2, 7)
        assert all(weights.requires_grad for weights in model.parameters())
        assert not any(tensor.is_meta for tensor in state(model))

    def test_the_seed_decides_and_torch_does_not(self, make: Any) -> None:
        before = torch.get_rng_state()
        a = state(make(rng=5))
        assert torch.equal(before, torch.get_rng_state())
        torch.manual_seed(123)
        b, c = state(make(rng=np.random.default_rng(5))), state(make(rng=6))
        assert all(torch.equal(one, other) for one, other in zip(a, b, strict=True))
        assert not all(torch.equal(one, other) for one, other in zip(a, c, strict=True))

    def test_every_layer_has_a_norm_and_the_whole_a_bound(self, make: Any) -> None:
        model = make().eval()
        with torch.no_grad():
            for _ in range(3):  # BatchNorm that has seen something
                model.train()(torch.rand(8, 3, 32, 32))
        model.eval()
        records = layer_norms(model, (3, 32, 32), np.inf)
        kinds = [record.kind for record in records]
        assert kinds.count("Linear") == 1
        bound = layer_lipschitz(model, np.inf, input_shape=(3, 32, 32))
        assert bound.kind == "upper"
        assert 0 < bound.value < math.inf
        x = torch.rand(4, 3, 32, 32)
        with torch.no_grad():
            change = (model(x + 1e-3) - model(x)).abs().max().item() / 1e-3
        assert change <= bound.value * (1 + 1e-3)

    def test_bad_sizes(self, make: Any) -> None:
        with pytest.raises(ValueError, match="classes: got 0"):
            make(classes=0)


class TestVgg11:
    def test_the_layers(self) -> None:
        model = vgg11()
        convs = [layer for layer in model if isinstance(layer, nn.Conv2d)]
        assert [conv.out_channels for conv in convs] == [64, 128, 256, 256, 512, 512, 512, 512]
        # by hand: 3 x 3 kernels, two numbers a channel of BatchNorm, the linear layer
        kernels = 9 * sum(conv.in_channels * conv.out_channels for conv in convs)
        assert parameters(model) == kernels + 2 * 2752 + 512 * 10 + 10 == 9_228_362

    @pytest.mark.filterwarnings("ignore:BatchNorm2d")
    def test_the_last_two_convolutions_read_two_by_two_maps(self) -> None:
        """Digest 2.1: there the authors' guard fails, and they leave them out."""
        shapes = [
            record.input_shape[1:]
            for record in layer_norms(vgg11(width=2), (3, 32, 32), np.inf, strict=False)
            if record.kind == "Conv2d"
        ]
        assert shapes == [(32, 32), (16, 16), (8, 8), (8, 8), (4, 4), (4, 4), (2, 2), (2, 2)]

    def test_larger_images(self) -> None:
        assert vgg11((1, 64, 32), width=2)(torch.rand(2, 1, 64, 32)).shape == (2, 10)

    @pytest.mark.parametrize("shape", [(3, 28, 28), (3, 32), (3, 0, 32), (1, 3, 32, 32)])
    def test_bad_images(self, shape: Any) -> None:
        with pytest.raises(ValueError, match="input_shape: got"):
            vgg11(shape)


class TestResnet18:
    def test_the_layers(self) -> None:
        model = resnet18()
        convs = [layer for layer in model.modules() if isinstance(layer, nn.Conv2d)]
        assert len(convs) == 1 + 16 + 3  # the stem, two a block, a shortcut a stage but the first
        assert parameters(model) == 11_173_962  # as reported for the CIFAR form
        assert [conv.stride for conv in convs if conv.kernel_size == (1, 1)] == [(2, 2)] * 3

    def test_a_block_by_hand(self) -> None:
        model = resnet18(width=4).eval()
        x = torch.rand(2, 4, 8, 8)
        with torch.no_grad():
            block, relu = model[3], model[4]
            conv1, bn1, _, conv2, bn2 = block.body
            by_hand = torch.relu(x + bn2(conv2(torch.relu(bn1(conv1(x))))))
            torch.testing.assert_close(relu(block(x)), by_hand)

    @pytest.mark.filterwarnings("ignore:BatchNorm2d")
    def test_maps_are_no_smaller_than_four(self) -> None:
        """Digest 2.1: every convolution of ResNet-18 at 32 x 32 passes the guard."""
        records = layer_norms(resnet18(width=2), (3, 32, 32), np.inf, strict=False)
        sizes = [r.input_shape[1] for r in records if r.kind == "Conv2d"]
        assert min(sizes) == 4

    @pytest.mark.parametrize("shape", [(3, 28, 28), (3, 32)])
    def test_bad_images(self, shape: Any) -> None:
        with pytest.raises(ValueError, match="in multiples of 8"):
            resnet18(shape)


class TestSmallCnn:
    def test_the_network_of_the_digest(self) -> None:
        kernels = 9 * (16 + 16 * 32 + 32 * 32)
        assert parameters(small_cnn()) == kernels + 16 + 32 + 32 + 512 * 10 + 10
        assert parameters(small_cnn(batch_norm=True)) == kernels + 2 * 80 + 512 * 10 + 10

    def test_he_initialisation(self) -> None:
        model = small_cnn((3, 16, 16), width=32)
        for at, n_in in ((2, 9 * 32), (4, 9 * 64), (7, 64 * 64)):
            assert model[at].weight.std().item() == pytest.approx(math.sqrt(2 / n_in), rel=0.05)
            assert not model[at].bias.any()

    def test_odd_sizes(self) -> None:
        assert small_cnn((1, 7, 9), width=2)(torch.rand(3, 1, 7, 9)).shape == (3, 10)

    @pytest.mark.parametrize(("how", "name"), [({"width": 0}, "width"), ({"width": 1.5}, "width")])
    def test_bad_width(self, how: Any, name: str) -> None:
        with pytest.raises((ValueError, TypeError), match=f"{name}: got"):
            small_cnn(**how)
