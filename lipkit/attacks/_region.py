"""The ball around each clean point, cut by the box: where an attack may go, to the last bit."""

import math
from dataclasses import dataclass, replace

import torch
from torch import Tensor

_ROUNDS = 30  # a round settles at least one coordinate; two to five do in practice
# Share of the l2 radius kept free, for the rounding of x + shift and of whoever sums the squares.
_SLACK = {torch.float32: 4.8e-7, torch.float64: 5e-14}


@dataclass(frozen=True, eq=False)
class Region:
    r"""The points :math:`x'` with :math:`\|x' - x\|_p \le \varepsilon` and lower ≤ x' ≤ upper.

    ``low`` and ``high`` bound the coordinates: for p = inf they are the region, for p = 2 the box.
    ``radius`` is the largest number of the dtype that is at most ε, for p = 2 a few units less.
    ``down`` and ``up`` are how far x is from the faces of the box, rounded.
    """

    x: Tensor
    p: float
    radius: float
    low: Tensor
    high: Tensor
    down: Tensor
    up: Tensor

    @classmethod
    def of(cls, x: Tensor, eps: float, p: float, lower: Tensor, upper: Tensor) -> "Region":
        """Around ``x`` ``(n, ...)``; the corners of the box broadcast against one point."""
        radius = _at_most(eps, x.dtype)
        if p == 2:
            radius *= 1 - _SLACK[x.dtype]
            low, high = lower.expand_as(x), upper.expand_as(x)
        else:
            low = torch.maximum(_shifted(x, -radius), lower)
            high = torch.minimum(_shifted(x, radius), upper)
        return cls(x, p, radius, low, high, low - x, high - x)

    def take(self, rows: Tensor | slice) -> "Region":
        """The region of some of the points, by index, mask or slice."""
        fields = ("x", "low", "high", "down", "up")
        return replace(self, **{name: getattr(self, name)[rows] for name in fields})

    def step(self, x: Tensor, gradient: Tensor, size: float | Tensor) -> Tensor:
        """Up the loss by a step of length ``size`` in the norm of the ball, then back inside.

        A gradient of 0 leaves the point where it is.
        """
        if self.p == 2:
            return self.project(x.addcmul(gradient, size * _column(_inverse(gradient), x)))
        sign = gradient.sign()
        moved = torch.add(x, sign, alpha=size) if isinstance(size, float) else x.addcmul(sign, size)
        return moved.clamp_(self.low, self.high)

    def project(self, z: Tensor) -> Tensor:
        """The nearest point of the region, in the Euclidean distance."""
        if self.p != 2:
            return z.clamp(self.low, self.high)
        return self._along(z - self.x, cap=1.0)

    def furthest(self, direction: Tensor) -> Tensor:
        """The point of the region that maximises the inner product with ``direction``."""
        if self.p != 2:
            return torch.where(direction > 0, self.high, self.x).where(direction >= 0, self.low)
        return self._along(unit(direction), cap=1e15)

    def surface(self, noise: Tensor) -> Tensor:
        """The point where a ray from the clean point leaves the ball, cut by the box."""
        if self.p == 2:
            return self._rounded(self.radius * unit(noise))
        largest = noise.flatten(1).abs().amax(dim=1)
        return self.project(self.x + self.radius * noise / _column(largest.clamp_min(1e-30), noise))

    def inside(self, noise: Tensor) -> Tensor:
        """A random point of the ball, cut by the box, from ``noise``.

        For p = inf, noise uniform on (-1, 1). For p = 2, Gaussian noise with two numbers more than
        a point has: a point of the sphere without two of its coordinates is uniform in the ball.
        """
        if self.p != 2:
            return self.project(self.x + self.radius * noise)
        sphere = unit(noise)[:, : self.x[0].numel()]
        return self._rounded(self.radius * sphere.reshape(self.x.shape))

    def _along(self, v: Tensor, cap: float) -> Tensor:
        """The clean point plus ``clamp(t v)`` into the box, t ≤ cap as large as the ball allows.

        For ``cap = 1`` that is the nearest point to x + v, for no cap the furthest along v. With
        the coordinates that the box holds fixed, t solves a quadratic; then more of them may be
        held, which only shortens the result: t grows from round to round, and never too far.
        """
        t = (self.radius / _length(v).clamp_min(1e-300)).clamp_max(cap)
        for _ in range(_ROUNDS):
            scaled = v * _column(t, v)
            cut = scaled.clamp(self.down, self.up)
            if torch.equal(cut, scaled):
                break
            free = _length(v * (cut == scaled)).square()
            held = _length(cut).square() - t.square() * free
            grown = ((self.radius**2 - held).clamp_min(0) / free.clamp_min(1e-300)).sqrt()
            grown = torch.maximum(grown.clamp_max(cap), t)
            settled = (grown <= t * (1 + torch.finfo(v.dtype).eps)).all()
            t = grown
            if settled:
                break
        return self._rounded(v * _column(t, v))

    def _rounded(self, shift: Tensor) -> Tensor:
        """The clean point plus ``shift``, inside the ball after rounding, in the box."""
        moved = (self.x + shift).clamp_(self.low, self.high)
        back = moved - self.x
        if (_length(back) > self.radius * (1 + _SLACK[shift.dtype] / 2)).any():
            too_far = back.abs() > shift.abs()
            moved = torch.where(too_far, torch.nextafter(moved, self.x), moved)
        return moved


def unit(v: Tensor) -> Tensor:
    """Each point's tensor over its l2 norm; 0 stays 0."""
    return v * _column(_inverse(v), v)


def _length(v: Tensor) -> Tensor:
    """The l2 norm of each point, in double precision: single loses the squares of small ones.

    This is one of the places that need a device with float64.
    """
    lengths: Tensor = torch.linalg.vector_norm(v.flatten(1), dim=1, dtype=torch.float64)
    return lengths


def _inverse(v: Tensor) -> Tensor:
    """One over the l2 norm of each point, finite for 0."""
    return _length(v).reciprocal().clamp_max(1e30)


def distance(a: Tensor, b: Tensor, p: float) -> Tensor:
    """The lp distances of the points of two batches, ``(n,)``, in double precision."""
    apart = (a.double() - b.double()).flatten(1)
    return torch.linalg.vector_norm(apart, ord=p, dim=1) if apart.numel() else apart.sum(dim=1)


def _column(values: Tensor, like: Tensor) -> Tensor:
    """One number a point, of the dtype and rank of ``like``."""
    return values.to(like.dtype).view(-1, *[1] * (like.ndim - 1))


def _at_most(value: float, dtype: torch.dtype) -> float:
    """The largest number of the dtype that is not above ``value``."""
    near = torch.tensor(value, dtype=torch.float64).to(dtype)
    if near.double().item() > value:
        near = torch.nextafter(near, torch.full_like(near, -math.inf))
    return float(near.double().item())


def _shifted(x: Tensor, by: float) -> Tensor:
    """x + by, rounded towards x: the error of the rounded sum is known exactly (Knuth)."""
    total = x + by
    part = total - x
    error = (x - (total - part)) + (by - part)
    overshoots = error < 0 if by > 0 else error > 0
    return torch.where(overshoots, torch.nextafter(total, x), total)
