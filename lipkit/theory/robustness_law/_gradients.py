"""Slopes at points: all that probing sees."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks import ReluNetwork, TwoLayerNetwork


def gradient_norms(
    network: TwoLayerNetwork | ReluNetwork, Z: ArrayLike, tangential: bool = True
) -> Array:
    r"""The lengths :math:`\|\nabla f(z)\|_2` at the rows of Z, or of their parts along the sphere.

    ``Z`` is ``(n, d)``, the answer ``(n,)``; the network has one output. The tangential part at z
    is :math:`\nabla f - (\nabla f \cdot z) z / \|z\|_2^2`. Each is at most the Lipschitz constant
    (on the sphere, for tangential parts at unit z) wherever no preactivation is 0; the largest of
    them is a lower answer and can be 0 for a steep network.
    Raises ``ValueError`` for the wrong number of inputs, several outputs, or a tangential part at
    the origin. [Standard.]

    >>> f = TwoLayerNetwork([[3.0, 4.0]], [0.0], [1.0], "relu")
    >>> gradient_norms(f, [[1.0, 0.0]]), gradient_norms(f, [[1.0, 0.0]], tangential=False)
    (array([4.]), array([5.]))
    """
    Z = _validate.real_array(Z, "Z", 2)
    gradients = network.gradient(Z)
    if gradients.ndim != 2:
        raise ValueError("network: got several outputs, expected one; choose one by with_readout")
    if tangential:
        lengths = np.linalg.norm(Z, axis=1, keepdims=True)
        if (lengths == 0).any():
            raise ValueError("Z: got the origin, where no direction is tangential; leave it out")
        unit = Z / lengths
        gradients = gradients - np.sum(gradients * unit, axis=1, keepdims=True) * unit
    return np.asarray(np.linalg.norm(gradients, axis=1))
