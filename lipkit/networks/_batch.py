"""Many ReLU networks of one architecture, their weights stacked."""

from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.networks._relu import ReluNetwork

_ENTRIES = 2**22  # numbers a layer of the networks looked at together: 32 MB


class ReluNetworkBatch:
    """Networks of the same sizes: ``weights[l]`` ``(n, out, in)``, ``biases[l]`` ``(n, out)``.

    ``batch[i]`` is the i-th as a :class:`ReluNetwork`. Copied as float64. Raises ``ValueError``
    where shapes do not fit together or an entry is not finite.

    >>> f = ReluNetworkBatch([np.ones((7, 4, 3)), np.ones((7, 1, 4))])
    >>> f, f[0]([1.0, 0.0, 0.0])
    (ReluNetworkBatch(7 × 3 → 4 → 1, no biases), 4.0)
    """

    def __init__(self, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike] | None = None):
        if not weights:
            raise ValueError("weights: got an empty list, expected at least one stack of matrices")
        self.weights = tuple(
            _validate.real_array(W, f"weights[{i}]", 3) for i, W in enumerate(weights)
        )
        given = [np.zeros(W.shape[:2]) for W in self.weights] if biases is None else biases
        if len(given) != len(self.weights):
            raise ValueError(
                f"biases: got {len(given)}, expected {len(self.weights)}, one per weight stack"
            )
        self.biases = tuple(_validate.real_array(b, f"biases[{i}]", 2) for i, b in enumerate(given))
        self._check_shapes()

    def _check_shapes(self) -> None:
        n = len(self.weights[0])
        for i, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            if min(W.shape) == 0:
                raise ValueError(f"weights[{i}]: got shape {W.shape}, expected nothing empty")
            if len(W) != n:
                raise ValueError(f"weights[{i}]: got {len(W)} networks, expected {n}")
            if b.shape != W.shape[:2]:
                raise ValueError(f"biases[{i}]: got shape {b.shape}, expected {W.shape[:2]}")
            if i and W.shape[2] != self.weights[i - 1].shape[1]:
                raise ValueError(
                    f"weights[{i}]: got shape {W.shape}, expected {self.weights[i - 1].shape[1]} "
                    "columns, the outputs of the layer before"
                )

    def __len__(self) -> int:
        return len(self.weights[0])

    def __getitem__(self, i: int) -> ReluNetwork:
        return ReluNetwork([W[i] for W in self.weights], [b[i] for b in self.biases])

    def __repr__(self) -> str:
        sizes = " → ".join(map(str, (self.input_dim, *self.widths, self.output_dim)))
        free = ", no biases" if self.bias_free else ""
        return f"ReluNetworkBatch({len(self)} × {sizes}{free})"

    @property
    def input_dim(self) -> int:
        """The number of inputs, d."""
        return int(self.weights[0].shape[2])

    @property
    def output_dim(self) -> int:
        """The number of outputs."""
        return int(self.weights[-1].shape[1])

    @property
    def depth(self) -> int:
        """The number of hidden layers, L."""
        return len(self.weights) - 1

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of neurons of each hidden layer."""
        return tuple(int(W.shape[1]) for W in self.weights[:-1])

    @property
    def bias_free(self) -> bool:
        """Whether every hidden bias of every network is 0."""
        return not any(b.any() for b in self.biases[:-1])

    def gradient(self, X: ArrayLike) -> Array:
        """The formal gradients of every network with one output, as :meth:`ReluNetwork.gradient`.

        ``X`` is a point ``(d,)``, giving ``(n, d)``; points ``(m, d)`` for all networks, or
        ``(n, m, d)`` for each its own, giving ``(n, m, d)``. So many networks are looked at
        together that a layer takes 32 MB. Raises ``ValueError`` for several outputs or another
        shape.

        >>> ReluNetworkBatch([np.ones((7, 4, 3)), np.ones((7, 1, 4))]).gradient(np.ones(3))[0]
        array([4., 4., 4.])
        """
        points = _validate.real_array(X, "X")
        if self.output_dim != 1:
            raise ValueError(f"gradient: got {self.output_dim} outputs, expected one")
        own = points.ndim == 3 and points.shape[0] == len(self)
        if points.shape[-1:] != (self.input_dim,) or not (own or points.ndim in (1, 2)):
            raise ValueError(
                f"X: got shape {points.shape}, expected (d,), (m, d) or (n, m, d) with "
                f"n = {len(self)}, d = {self.input_dim}"
            )
        m = np.atleast_2d(points).shape[-2]
        size = max(1, _ENTRIES // (m * max(self.input_dim, *self.widths, 1)))
        groups = [slice(i, i + size) for i in range(0, len(self), size)]
        found = [self._gradients(points[group] if own else points, group) for group in groups]
        v = np.concatenate(found)
        return np.array(v[:, 0] if points.ndim == 1 else v)

    def _gradients(self, points: Array, group: slice) -> Array:
        """The gradients of some of the networks, ``(n, m, d)``."""
        hidden, gates = np.atleast_2d(points), []
        weights = [W[group] for W in self.weights]
        for W, b in zip(weights[:-1], self.biases, strict=False):
            z = hidden @ W.swapaxes(1, 2) + b[group, None]
            gates.append(z > 0)
            hidden = np.maximum(z, 0.0)
        v = weights[-1]
        for W, gate in zip(weights[-2::-1], reversed(gates), strict=True):
            v = (v * gate) @ W
        shape = (len(v), *np.atleast_2d(points).shape[-2:])
        return np.broadcast_to(v, shape)
