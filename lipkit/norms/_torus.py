"""The l2 norm of a convolution on a torus: one small matrix for each frequency."""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import reduce
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.norms._axis import IntArray
from lipkit.norms._certify import UNIT, gram, product_error, top_eigenvalue
from lipkit.norms._circle import circle
from lipkit.norms._geometry import Geometry


@dataclass(frozen=True)
class TorusNorm:
    """The norm on the torus times the axes' factors: as computed, rounded up, and what it is."""

    value: float
    upper: float
    exact: bool
    points: tuple[int, ...]


_LARGEST_BATCH = 1 << 16  # complex entries


class Torus:
    r"""The transfer matrices :math:`\hat K(\omega) = \sum_a K_a e^{i \omega \cdot q_a}`.

    ``K`` is a float64 kernel of shape ``geometry.kernel_shape`` with entries of size about 1. The
    phases of a stride count as input channels; frequencies come once for each pair
    :math:`\pm\omega`.
    """

    def __init__(self, K: Array, geometry: Geometry):
        self.groups, self.outputs, self.inputs, *taps = K.shape
        self.circles = tuple(circle(axis) for axis in geometry.axes)
        self.points = tuple(c.points for c in self.circles)
        phases = reduce(_joined, (c.phases for c in self.circles))
        K = K.reshape(-1, math.prod(taps))
        self._parts = [
            (phases == r, np.ascontiguousarray(K[:, phases == r].T)) for r in np.unique(phases)
        ]
        self.shape = self.outputs, self.inputs * len(self._parts)
        sizes = np.abs(K).sum(axis=1).reshape(self.groups, -1)
        self.frobenius = float(np.linalg.norm(sizes, axis=1).max()) * (1 + 1e-9)
        self.rounding = (100 + 2 * K.shape[1]) * UNIT * self.frobenius
        self.factor = math.prod(c.factor for c in self.circles)
        self.exact = all(c.exact for c in self.circles)
        pixels = max(map(math.prod, (geometry.domain, geometry.image)))
        self._batch = min(_LARGEST_BATCH, (K.size + pixels) // 4)

    def frequencies(self) -> IntArray:
        """One of each pair of opposite frequencies, as indices: ``(n, axes)``."""
        index = np.indices(self.points).reshape(len(self.points), -1)
        opposite = -index % np.array(self.points)[:, None]
        mine, other = (np.ravel_multi_index(tuple(j), self.points) for j in (index, opposite))
        return np.ascontiguousarray(index[:, mine <= other].T)

    def matrices(self, frequencies: IntArray) -> Any:
        """The matrices of some frequencies: ``(n, groups, outputs, inputs * phases)``, complex."""
        each = (c.waves(j) for c, j in zip(self.circles, frequencies.T, strict=True))
        waves = reduce(_outer, each)
        shape = len(waves), self.groups, self.outputs, self.inputs
        found = np.empty((*shape, len(self._parts)), dtype=np.complex128)
        for r, (mine, part) in enumerate(self._parts):
            found[..., r].real = (waves[:, mine].real @ part).reshape(shape)
            found[..., r].imag = (waves[:, mine].imag @ part).reshape(shape)
        return found.reshape(*shape[:3], -1)

    def rounded_up(self, value: float) -> float:
        """An upper bound of the layer from one of the computed matrices."""
        return (value + self.rounding) * self.factor * (1 + 8 * UNIT)

    def batches(self, frequencies: IntArray) -> Iterator[Any]:
        """The matrices of all these frequencies, a few at a time."""
        entries = self.groups * math.prod(self.shape)
        step = max(1, self._batch // entries)
        for first in range(0, len(frequencies), step):
            yield self.matrices(frequencies[first : first + step])


def torus_norm(torus: Torus) -> TorusNorm:
    r"""The largest :math:`\sigma_{\max}(\hat K(\omega))` times the factors of the axes.

    An upper bound of the norm in every padding mode, and the norm itself if ``exact``.
    """
    largest, bound = top_eigenvalue(gram(X) for X in torus.batches(_steepest_first(torus)))
    lost = product_error(torus.shape, torus.frobenius)
    upper = torus.rounded_up(math.sqrt(bound + lost))
    return TorusNorm(torus.factor * math.sqrt(largest), upper, torus.exact, torus.points)


def _steepest_first(torus: Torus) -> IntArray:
    """The frequencies by a rough norm of each, the largest first."""
    frequencies = torus.frequencies()
    rough = np.concatenate([_rough_norms(X) for X in torus.batches(frequencies)])
    return np.asarray(np.take(frequencies, np.argsort(-rough), axis=0))


def _rough_norms(X: Any, steps: int = 4) -> Array:
    """The norm of each ``(groups, m, n)`` by power iteration on all groups."""
    u = np.random.default_rng(0).normal(size=(X.shape[-2], 1)) + np.zeros((*X.shape[:2], 1, 1))
    for _ in range(steps):
        u = u / (np.linalg.norm(u, axis=-2, keepdims=True) + 1e-300)
        right = u.conj().swapaxes(-2, -1) @ X
        u = X @ right.conj().swapaxes(-2, -1)
    return np.asarray(np.sqrt(np.linalg.norm(u[..., 0], axis=-1).max(axis=1)))


def _joined(first: IntArray, second: IntArray) -> IntArray:
    """The phases of two axes as one number for each pair of taps."""
    return np.asarray(first[:, None] * (second.max() + 1) + second).ravel()


def _outer(first: Any, second: Any) -> Any:
    return (first[:, :, None] * second[:, None]).reshape(len(first), -1)
