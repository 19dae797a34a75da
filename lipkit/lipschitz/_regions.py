"""The linear regions of a network of two inputs in a window, cut out neuron by neuron."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit import _validate
from lipkit._validate import Array
from lipkit.lipschitz._network import as_relu_network
from lipkit.lipschitz._polygons import Polygons
from lipkit.lipschitz._question import Box
from lipkit.networks import ReluNetwork

_RELATIVE_ZERO = 1e-12  # a preactivation this small beside the terms it sums is 0
_NOISE = 0.005  # and this part of that is what rounding alone leaves of an exact 0


@dataclass(frozen=True, eq=False)
class LinearRegion:
    """A convex polygon of the plane on which the network is affine.

    ``vertices`` ``(k, 2)`` run counter-clockwise; ``gradient`` is ``(2,)``, or ``(n_out, 2)`` for
    several outputs; ``pattern`` ``(sum of widths,)`` says which neurons are on, first layer first.
    """

    vertices: Array
    gradient: Array
    pattern: NDArray[np.bool_]

    @property
    def area(self) -> float:
        """The area of the polygon, in squared units of the input."""
        return float(Polygons.of(self.vertices).areas()[0])


@dataclass(frozen=True, eq=False)
class Tiling:
    """The regions of a window: ``gradients`` ``(k, n_out, 2)``, ``patterns`` ``(k, neurons)``."""

    polygons: Polygons
    gradients: Array
    patterns: NDArray[np.bool_]
    dropped: int

    def centres(self) -> Array:
        """A point inside each region, ``(k, 2)``."""
        return self.polygons.centres()


def linear_regions(network: Any, box: Box) -> list[LinearRegion]:
    r"""The convex polygons of a window on which a network of two inputs is affine.

    ``network`` has two inputs, any depth, any outputs, biases allowed; ``box`` is the window
    ``(lower, upper)``. The polygons cover the window and meet only at their borders. A sliver is
    left out where a preactivation stays within :math:`10^{-12}` of the terms it sums, or where it
    is smaller than :math:`10^{-22}` of the window: such a cut is not made. Two regions may have
    the same gradient: what tells them apart is which neurons are on. Raises ``ValueError`` unless
    there are two inputs, and for a window without interior.
    [Standard; digest of random ReLU networks, section 5.2.]

    >>> f = ReluNetwork([[[1.0, 0.0]], [[1.0]]])  # relu of the first input
    >>> [(r.area, r.gradient.tolist()) for r in linear_regions(f, ([-1, -1], [1, 1]))]
    [(2.0, [1.0, 0.0]), (2.0, [0.0, 0.0])]
    """
    net = as_relu_network(network)
    if net.input_dim != 2:
        raise ValueError(
            f"network: got {net.input_dim} inputs, expected 2; "
            "network.restrict(directions, origin) makes a plane through it"
        )
    tiling = tile(net, *_validate.box_bounds(box, 2))
    gradients = tiling.gradients[:, 0] if net.output_dim == 1 else tiling.gradients
    corners = tiling.polygons.corners()
    return list(map(LinearRegion, corners, gradients, tiling.patterns))


def tile(network: ReluNetwork, lower: Array, upper: Array) -> Tiling:
    """Cut the window by one layer after the other."""
    polygons = Polygons.of(_rectangle(lower, upper))
    reach = float(np.max(np.abs([lower, upper])))
    smallest = 1e-22 * float(np.prod(upper - lower))
    hidden = np.vstack([np.eye(2), np.zeros(2)])[None]  # forms (k, 3, n): two slopes and an offset
    patterns: list[NDArray[np.bool_]] = []
    dropped = 0
    for W, b in zip(network.weights[:-1], network.biases[:-1], strict=True):
        z = _apply(W, b, hidden)
        doubt = _RELATIVE_ZERO * _size(_apply(np.abs(W), np.abs(b), np.abs(hidden)), reach)
        polygons, parent, slivers = _cut_by_layer(polygons, z, doubt, smallest)
        dropped += slivers
        z = z[parent]
        gates = _values(z, polygons.centres()) > 0
        patterns = [p[parent] for p in patterns] + [gates]
        hidden = z * gates[:, None, :]
    gradients = np.broadcast_to(
        _apply(network.weights[-1], network.biases[-1], hidden)[:, :2].transpose(0, 2, 1),
        (len(polygons), network.output_dim, 2),
    )
    pattern = np.concatenate(patterns, axis=1) if patterns else np.zeros((1, 0), dtype=bool)
    return Tiling(polygons, gradients, pattern, dropped)


def _rectangle(lower: Array, upper: Array) -> Array:
    (left, bottom), (right, top) = lower, upper
    return np.array([[left, bottom], [right, bottom], [right, top], [left, top]])


def _apply(W: Array, b: Array, hidden: Array) -> Array:
    """The forms ``(k, 3, n_out)`` of ``W h + b``."""
    k, three, n = hidden.shape
    z = (hidden.reshape(k * three, n) @ W.T).reshape(k, three, len(W))
    z[:, 2] += b
    return z


def _values(forms: Array, x: Array) -> Array:
    """Forms ``(k, 3, n)`` at one point ``(k, 2)`` each: ``(k, n)``."""
    return np.asarray(forms[:, 0] * x[:, :1] + forms[:, 1] * x[:, 1:] + forms[:, 2])


def _size(forms: Array, reach: float) -> Array:
    return np.asarray((forms[:, 0] + forms[:, 1]) * reach + forms[:, 2])


def _crosses(heights: Array, noise: Array | float = 0.0) -> NDArray[np.bool_]:
    """The rows with heights on both sides of 0, beyond the noise."""
    above, below = (heights > noise).any(axis=1), (heights < -np.asarray(noise)).any(axis=1)
    return np.asarray(above & below)


def _cut_by_layer(
    polygons: Polygons, z: Array, doubt: Array, smallest: float
) -> tuple[Polygons, NDArray[np.intp], int]:
    """Cut by each neuron's zero line in turn; which polygon each part came from."""
    parent: NDArray[np.intp] = np.arange(len(polygons))
    dropped = 0
    for neuron in range(z.shape[2]):
        heights = polygons.heights(z[parent, :, neuron])
        limit = doubt[parent, neuron, None]
        values = np.where(np.abs(heights) <= limit, 0.0, heights)
        lost = _crosses(heights, _NOISE * limit) & ~_crosses(values)
        polygons, origin, slivers = polygons.cut(values, smallest)
        parent = parent[origin]
        dropped += slivers + int(lost.sum())
    return polygons, parent, dropped
