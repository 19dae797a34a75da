"""The sparse matrix of a convolution, entry by entry from the definition."""

import math
from functools import reduce

import numpy as np
from scipy import sparse

from lipkit._validate import Array
from lipkit.norms._axis import PADDED, Axis
from lipkit.norms._geometry import Geometry


def sparse_matrix(K: Array, geometry: Geometry) -> sparse.csr_array:
    """The matrix of the layer on flattened images, channels first; K has the layer's shape."""
    links = [_axis_links(axis) for axis in geometry.axes]
    rows, columns, taps = (reduce(np.add.outer, part) for part in _scaled(links, geometry))
    groups, outputs, inputs, *_ = geometry.kernel_shape
    g, o, i = np.ix_(range(groups), range(outputs), range(inputs))
    pixels_out, pixels_in = (math.prod(s[1:]) for s in (geometry.image, geometry.domain))
    row = ((g * outputs + o) * pixels_out)[..., None] + rows.ravel()
    column = ((g * inputs + i) * pixels_in)[..., None] + columns.ravel()
    entries = K.reshape(groups, outputs, inputs, -1)[..., taps.ravel()]
    row, column = (np.broadcast_to(index, entries.shape).ravel() for index in (row, column))
    shape = groups * outputs * pixels_out, groups * inputs * pixels_in
    A = sparse.coo_array((entries.ravel(), (row, column)), shape=shape, dtype=np.float64)
    return (A.T if geometry.transposed else A).tocsr()


def _axis_links(axis: Axis) -> np.ndarray:
    """Output, input and tap of every link of an axis that is not padding: ``(3, links)``."""
    sources = axis.sources()
    t, a = np.nonzero(sources != PADDED)
    return np.stack([t, sources[t, a], a])


def _scaled(links: list[np.ndarray], geometry: Geometry) -> list[list[np.ndarray]]:
    """Each axis's indices times its stride in the flattened output, input and kernel."""
    sizes = geometry.image[1:], geometry.domain[1:], geometry.kernel_shape[3:]
    return [
        [axis[kind] * math.prod(size[j + 1 :]) for j, axis in enumerate(links)]
        for kind, size in enumerate(sizes)
    ]
