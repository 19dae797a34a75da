"""Weights of variance two over the number of inputs, drawn without torch's global generator."""

import math

import torch
from torch import nn

from lipkit import _validate
from lipkit._validate import Seed


def drawn(model: nn.Sequential, rng: Seed) -> nn.Sequential:
    """The model with the linear and convolutional layers that were left on the meta device.

    Weights are :math:`N(0, 2/n_{in})`, drawn in the order of the layers; biases are 0.
    """
    draws = _validate.generator(rng)
    for layer in model.modules():
        if isinstance(layer, (nn.Conv2d, nn.Linear)):
            layer.to_empty(device="cpu")  # draws nothing
            weight = draws.normal(size=tuple(layer.weight.shape))
            weight *= math.sqrt(2 / weight[0].size)
            with torch.no_grad():
                layer.weight.copy_(torch.from_numpy(weight))
                if layer.bias is not None:
                    layer.bias.zero_()
    return model
