"""What the methods for the l2 norm of a convolution share: one problem, one way to answer."""

import math
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.bound import LAYER, Bound, Kind
from lipkit.norms._circle import circle
from lipkit.norms._geometry import Geometry
from lipkit.norms._quotient import quotient_below
from lipkit.norms._torus import Torus, TorusNorm, torus_norm

_SMALL = 512  # the shorter side of a matrix that is factorised whole
_SMALL_IF_COPIED = 1100  # the same where padding copies pixels, which makes the torus's bound loose
_TINY = 1e-280


@dataclass(frozen=True, eq=False)
class Spectral:
    """A kernel scaled by a power of two to entries of about 1, and its geometry."""

    kernel: Array
    exponent: int
    geometry: Geometry
    underflow: float  # more than the norm of what the scaling lost

    @classmethod
    def of(cls, kernel: Any, geometry: Geometry) -> "Spectral":
        """Of a finite kernel, not 0, as the layer stores it."""
        exponent = int(np.frexp(np.abs(kernel).max())[1])
        scaled = np.ldexp(np.float64(kernel), -exponent)
        same = np.array_equal(np.ldexp(scaled, exponent), kernel)
        return cls(scaled, exponent, geometry, 0.0 if same else _TINY)

    @property
    def grouped(self) -> Array:
        """The kernel with its groups apart: shape ``geometry.kernel_shape``."""
        return self.kernel.reshape(self.geometry.kernel_shape)

    @property
    def exact(self) -> bool:
        """Whether the torus answers exactly."""
        return all(circle(axis).exact for axis in self.geometry.axes)

    @property
    def small(self) -> bool:
        """Whether the whole matrix may be factorised."""
        copied = any(circle(axis).factor > 1 for axis in self.geometry.axes)
        side = min(map(math.prod, (self.geometry.domain, self.geometry.image)))
        return side <= (_SMALL_IF_COPIED if copied else _SMALL)

    @cached_property
    def torus(self) -> Torus:
        """The convolution on a torus."""
        return Torus(self.grouped, self.geometry)

    @cached_property
    def torus_norm(self) -> TorusNorm:
        """The norm on the torus."""
        return torus_norm(self.torus)

    def draw(self, dtype: Any) -> Any:
        """A random input of the layer, the same every time."""
        return np.random.default_rng(0).normal(size=self.geometry.layer_input).astype(dtype)

    def answer(self, value: float, kind: Kind, method: str, **more: Any) -> Bound:
        """The bound in the kernel's own scale, rounded to its side."""
        if kind in ("upper", "lower"):
            value = max(0.0, value + (self.underflow if kind == "upper" else -self.underflow))
        with np.errstate(over="ignore", under="ignore"):
            scaled = float(np.ldexp(value, self.exponent))
        if kind == "upper" and value > 0:
            scaled = math.nextafter(scaled, math.inf)
        if kind == "lower":
            scaled = math.nextafter(scaled, 0.0)
        certified = kind in ("upper", "lower")
        return Bound(scaled, kind, quantity=LAYER, method=method, certified=certified, **more)

    def stretched(self, x: Any, method: str, **more: Any) -> Bound:
        """The lower bound that one input proves."""
        value = quotient_below(self.kernel, self.geometry, x)
        return self.answer(value, "lower", method, witness=np.float64(x), **more)
