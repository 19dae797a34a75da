"""Two-layer networks with any activation."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks._activations import Activation
from lipkit.networks._activations import activation as find_activation
from lipkit.networks._relu import ReluNetwork


class TwoLayerNetwork:
    r"""The network :math:`f(x) = \sum_{\ell=1}^k a_\ell\, \psi(w_\ell \cdot x + b_\ell)`.

    ``W`` has shape ``(k, d)``, ``b`` and ``a`` ``(k,)``, float64. Raises ``ValueError`` where
    shapes do not fit.

    >>> f = TwoLayerNetwork([[1.0], [1.0]], [0.0, -1.0], [1.0, -1.0], "relu")
    >>> f([[0.5], [3.0]])
    array([0.5, 1. ])
    """

    def __init__(
        self,
        W: ArrayLike,
        b: ArrayLike,
        a: ArrayLike,
        activation: str | Activation = "relu",
    ):
        self.W = _validate.real_array(W, "W", 2)
        self.b = _validate.real_array(b, "b", 1)
        self.a = _validate.real_array(a, "a", 1)
        self.activation = find_activation(activation)
        k = len(self.W)
        if self.b.shape != (k,) or self.a.shape != (k,):
            raise ValueError(
                f"b, a: got shapes {self.b.shape} and {self.a.shape}, expected ({k},), "
                "one for each row of W"
            )

    @property
    def input_dim(self) -> int:
        """The number of inputs, d."""
        return int(self.W.shape[1])

    @property
    def width(self) -> int:
        """The number of neurons, k."""
        return len(self.W)

    def __repr__(self) -> str:
        return f"TwoLayerNetwork({self.input_dim} → {self.width} → 1, {self.activation.name})"

    def __call__(self, X: ArrayLike) -> Any:
        """The output: ``(n, d)`` gives ``(n,)``, a point ``(d,)`` gives a float."""
        batch, single = _validate.points(X, self.input_dim)
        out = self.activation(batch @ self.W.T + self.b) @ self.a
        return out[0].item() if single else out

    def gradient(self, X: ArrayLike) -> Array:
        """The gradient, shape of ``X``; at a kink the formal one."""
        batch, single = _validate.points(X, self.input_dim)
        slopes = self.activation.derivative(batch @ self.W.T + self.b)
        grad = (slopes * self.a) @ self.W
        return np.asarray(grad[0] if single else grad)

    def to_relu_network(self) -> ReluNetwork:
        """The same as a :class:`ReluNetwork`; ``ValueError`` unless the activation is relu."""
        if self.activation.name != "relu":
            raise ValueError(f"activation: got {self.activation.name!r}, expected 'relu'")
        return ReluNetwork([self.W, self.a[None, :]], [self.b, np.zeros(1)])
