"""Networks as plain arrays: deep ReLU networks, two-layer networks, activations' constants."""

from lipkit.networks._activations import Activation, activation
from lipkit.networks._random_relu import sample_random_relu
from lipkit.networks._relu import ReluNetwork
from lipkit.networks._two_layer import TwoLayerNetwork

__all__ = ["Activation", "ReluNetwork", "TwoLayerNetwork", "activation", "sample_random_relu"]
