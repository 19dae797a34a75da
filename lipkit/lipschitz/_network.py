"""The one door for networks: what may stand where a method wants a ReLU network."""

import sys
from typing import Any

from lipkit.networks import ReluNetwork, TwoLayerNetwork


def as_relu_network(network: Any) -> ReluNetwork:
    """The same function as a :class:`~lipkit.networks.ReluNetwork`.

    Takes a ``ReluNetwork`` (returned as it is), a ``TwoLayerNetwork`` with relu, or a torch
    ``Sequential`` of the layers that ``ReluNetwork.from_torch`` knows. Raises ``TypeError`` for
    anything else, and ``ValueError`` for a two-layer network with another activation.

    >>> from lipkit.networks import TwoLayerNetwork
    >>> as_relu_network(TwoLayerNetwork([[1.0, 2.0]], [0.0], [3.0], "relu"))
    ReluNetwork(2 → 1 → 1, no biases)
    """
    if isinstance(network, ReluNetwork):
        return network
    if isinstance(network, TwoLayerNetwork):
        return network.to_relu_network()
    torch = sys.modules.get("torch")  # a torch module cannot exist before torch is imported
    if torch is not None and isinstance(network, torch.nn.Module):
        return ReluNetwork.from_torch(network)
    raise TypeError(
        f"network: got {type(network).__name__}, expected a ReluNetwork, a TwoLayerNetwork with "
        "relu, or a torch Sequential of Linear and ReLU; "
        "build ReluNetwork(weights, biases) from its arrays"
    )
