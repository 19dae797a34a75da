"""Deep ReLU networks as lists of arrays."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array

if TYPE_CHECKING:
    from torch.nn import Module, Sequential


class ReluNetwork:
    r"""A network :math:`f = V_L \circ \mathrm{ReLU} \circ \dots \circ \mathrm{ReLU} \circ V_0`.

    Affine maps :math:`V_\ell(x) = W_\ell x + b_\ell`; the depth L counts hidden layers, 0 or more.

    Parameters
    ----------
    weights
        L + 1 arrays; ``weights[l]`` has shape ``(n_out, n_in)``. Copied as float64.
    biases
        As many arrays of shape ``(n_out,)``, or None for a network without biases.

    Raises ``ValueError`` where shapes do not fit together or an entry is not finite. The derivative
    of ReLU at 0 is 0 here, so where some preactivation is exactly 0 the formal gradient need not be
    a gradient; :meth:`preactivations` tells.

    >>> f = ReluNetwork([np.eye(2), [[1.0, -2.0]]])
    >>> f([3.0, 1.0]), f.gradient([3.0, 1.0])
    (1.0, array([ 1., -2.]))
    """

    def __init__(self, weights: Sequence[ArrayLike], biases: Sequence[ArrayLike] | None = None):
        if not weights:
            raise ValueError("weights: got an empty list, expected at least one matrix")
        self.weights = tuple(
            _frozen(_validate.real_array(W, f"weights[{i}]", 2)) for i, W in enumerate(weights)
        )
        given = [np.zeros(len(W)) for W in self.weights] if biases is None else biases
        if len(given) != len(self.weights):
            raise ValueError(
                f"biases: got {len(given)}, expected {len(self.weights)}, one per weight matrix"
            )
        self.biases = tuple(
            _frozen(_validate.real_array(b, f"biases[{i}]", 1)) for i, b in enumerate(given)
        )
        self._check_shapes()

    def _check_shapes(self) -> None:
        for i, (W, b) in enumerate(zip(self.weights, self.biases, strict=True)):
            if min(W.shape) == 0:
                raise ValueError(f"weights[{i}]: got shape {W.shape}, expected at least one neuron")
            if b.shape != W.shape[:1]:
                raise ValueError(f"biases[{i}]: got shape {b.shape}, expected {W.shape[:1]}")
            if i and W.shape[1] != len(self.weights[i - 1]):
                raise ValueError(
                    f"weights[{i}]: got shape {W.shape}, expected {len(self.weights[i - 1])} "
                    "columns, the outputs of the layer before"
                )

    # -- what it is --------------------------------------------------------------------------
    @property
    def input_dim(self) -> int:
        """The number of inputs, d."""
        return int(self.weights[0].shape[1])

    @property
    def output_dim(self) -> int:
        """The number of outputs."""
        return len(self.weights[-1])

    @property
    def depth(self) -> int:
        """The number of hidden layers, L."""
        return len(self.weights) - 1

    @property
    def widths(self) -> tuple[int, ...]:
        """The number of neurons of each hidden layer."""
        return tuple(len(W) for W in self.weights[:-1])

    @property
    def bias_free(self) -> bool:
        """Whether every hidden bias is 0; the output's bias moves no gradient."""
        return not any(b.any() for b in self.biases[:-1])

    def __repr__(self) -> str:
        sizes = " → ".join(map(str, (self.input_dim, *self.widths, self.output_dim)))
        return f"ReluNetwork({sizes}{', no biases' if self.bias_free else ''})"

    # -- what it does ------------------------------------------------------------------------
    def __call__(self, X: ArrayLike) -> Any:
        """The output: ``(n, d)`` gives ``(n, n_out)``, or ``(n,)`` for one output; a point no n."""
        batch, single = _validate.points(X, self.input_dim)
        last = self._hidden(batch)[-1]
        out = self._squeeze(last @ self.weights[-1].T + self.biases[-1])
        return _first(out) if single else out

    def preactivations(self, X: ArrayLike) -> list[Array]:
        """The values of each hidden layer before ReLU: L arrays ``(n, width)``, or ``(width,)``."""
        batch, single = _validate.points(X, self.input_dim)
        inputs = self._hidden(batch)[:-1]
        z = [h @ W.T + b for h, W, b in zip(inputs, self.weights, self.biases, strict=False)]
        return [layer[0] for layer in z] if single else z

    def gradient(self, X: ArrayLike) -> Array:
        r"""The formal gradient :math:`W_L D_{L-1} \cdots D_0 W_0`, with ReLU'(0) = 0.

        ``(n, d)`` gives ``(n, d)`` for a single output and ``(n, n_out, d)`` otherwise; a point
        drops n. It is the gradient almost everywhere, and wherever no preactivation is 0.
        """
        J = self.jacobian(X)
        return np.asarray(J[..., 0, :] if self.output_dim == 1 else J)

    def jacobian(self, X: ArrayLike) -> Array:
        """The formal gradient with outputs always an axis: ``(n, n_out, d)``; a point drops n."""
        batch, single = _validate.points(X, self.input_dim)
        gates = [z > 0 for z in self.preactivations(batch)]
        J = np.broadcast_to(self.weights[-1], (len(batch), *self.weights[-1].shape))
        for gate, W in zip(reversed(gates), reversed(self.weights[:-1]), strict=True):
            rows = (J * gate[:, None, :]).reshape(-1, len(W))  # one large product, not n small ones
            J = (rows @ W).reshape(len(batch), self.output_dim, W.shape[1])
        return np.asarray(J[0] if single else J)

    def _hidden(self, batch: Array) -> list[Array]:
        hidden = [batch]
        for W, b in zip(self.weights[:-1], self.biases, strict=False):
            hidden.append(np.maximum(hidden[-1] @ W.T + b, 0.0))
        return hidden

    def _squeeze(self, out: Array) -> Array:
        return out[..., 0] if self.output_dim == 1 else out

    # -- networks made of it -----------------------------------------------------------------
    def without_biases(self) -> "ReluNetwork":
        """The network with every bias set to 0; it behaves as this one does far from the origin."""
        return ReluNetwork(self.weights)

    def with_readout(self, C: ArrayLike) -> "ReluNetwork":
        """The network :math:`x \\mapsto C f(x)`; C has shape ``(m, n_out)`` or ``(n_out,)``."""
        C = np.atleast_2d(_validate.real_array(C, "C"))
        if C.ndim != 2 or C.shape[1] != self.output_dim:
            raise ValueError(f"C: got shape {C.shape}, expected (m, {self.output_dim})")
        last, bias = self.weights[-1], self.biases[-1]
        return ReluNetwork((*self.weights[:-1], C @ last), (*self.biases[:-1], C @ bias))

    def restrict(self, directions: ArrayLike, origin: ArrayLike | None = None) -> "ReluNetwork":
        """The network on a line or plane, :math:`t \\mapsto f(o + \\sum_j t_j u_j)`.

        ``directions`` has shape ``(k, d)``, one direction u a row; ``origin`` o is 0 by default.
        """
        U = np.atleast_2d(_validate.real_array(directions, "directions"))
        o = np.zeros(self.input_dim) if origin is None else origin
        _validate.points(U, self.input_dim, "directions")
        o = _validate.real_array(o, "origin", 1)
        start = _validate.points(o, self.input_dim, "origin")[0][0]
        first = self.weights[0]
        return ReluNetwork(
            (first @ U.T, *self.weights[1:]), (first @ start + self.biases[0], *self.biases[1:])
        )

    # -- torch -------------------------------------------------------------------------------
    @classmethod
    def from_torch(
        cls, module: "Module", input_shape: Sequence[int] | None = None
    ) -> "ReluNetwork":
        """The function of a torch ``Sequential`` of affine layers and ReLU, on flattened inputs.

        Linear, Flatten, Dropout and BatchNorm as in eval mode, convolutions and average pools as
        the matrices that they are. These last need ``input_shape``, the shape of one input without
        the batch, such as ``(1, 28, 28)``: their matrices are dense, so think of small images. The
        module is left as it was. Any other layer raises ``TypeError`` and is named, as does a
        missing shape; a shape that does not fit raises ``ValueError``.
        """
        from lipkit.networks._torch import affine_layers

        return cls(*affine_layers(module, input_shape))

    def to_torch(self, dtype: Any = None) -> "Sequential":
        """A torch ``Sequential`` of Linear and ReLU, of torch's default dtype if none is given."""
        from lipkit.networks._torch import sequential

        return sequential(self.weights, self.biases, dtype)


def _frozen(array: Array) -> Array:
    array = np.ascontiguousarray(array)
    array.flags.writeable = False
    return array


def _first(out: Array) -> Any:
    return out[0] if out.ndim > 1 else out[0].item()
