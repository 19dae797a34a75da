"""The least value of a network of one input on an interval, at an end or at a kink."""

import numpy as np

from lipkit.networks import ReluNetwork


def least_value(net: ReluNetwork, reach: float) -> float:
    """On [-reach, reach], for one hidden layer."""
    w, b = net.weights[0][:, 0], net.biases[0]
    kinks = -b[w != 0] / w[w != 0]
    t = np.concatenate([[-reach, reach], kinks[np.abs(kinks) <= reach]])
    return float(net(t[:, None]).min())
