"""Networks as plain arrays: deep ReLU networks, two-layer networks, activations' constants."""

from lipkit.networks._activation_constants import ActivationConstants, activation_constants
from lipkit.networks._activations import Activation, activation
from lipkit.networks._batch import ReluNetworkBatch
from lipkit.networks._initialisations import initialisation_factor
from lipkit.networks._random_features import RandomFeatures, sample_random_features
from lipkit.networks._random_relu import (
    sample_random_relu,
    sample_random_relu_batch,
    sample_random_relu_chunks,
)
from lipkit.networks._relu import ReluNetwork
from lipkit.networks._two_layer import TwoLayerNetwork

__all__ = [
    "Activation",
    "ActivationConstants",
    "RandomFeatures",
    "ReluNetwork",
    "ReluNetworkBatch",
    "TwoLayerNetwork",
    "activation",
    "activation_constants",
    "initialisation_factor",
    "sample_random_features",
    "sample_random_relu",
    "sample_random_relu_batch",
    "sample_random_relu_chunks",
]
