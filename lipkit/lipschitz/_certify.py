"""A lower answer without rounding: the gradient at a floating-point number, in exact arithmetic."""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import Bound
from lipkit.lipschitz._question import Box, Question, ask
from lipkit.norms import dual_exponent

_SOURCE = "derived; digest of random ReLU networks, section 5.11 (1)"
_PADDING = 1e-11  # more than all roundings of a norm of fewer than 10 000 entries together

Integers = NDArray[np.object_]


def certify_lower(
    network: Any, x: ArrayLike, p: float = 2, *, q: float | None = None, box: Box | None = None
) -> Bound:
    r"""A certified lower bound: :math:`\|J(x)\|_{p \to q}` at x, in exact rational arithmetic.

    Floating-point numbers are integers times powers of two, and so is everything that a network
    makes of them before the norm is taken; the norm is rounded down.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    x
        A point ``(d,)``, such as the witness of a lower or an exact answer.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p.
    box
        ``(lower, upper)``: the answer's domain, in which x must lie.

    Returns a certified ``Bound`` of kind lower with witness x. Raises ``ValueError`` for a point at
    a kink or outside the box, and for several outputs in a pair without a closed form.
    [Derived, digest of random ReLU networks, section 5.11 (1).]

    >>> from lipkit.networks import sample_random_relu
    >>> f = sample_random_relu(2, 16, 1, rng=0)
    >>> certify_lower(f, [1.0, 0.5])
    Lipschitz constant of a network ≥ 1.46031  (ℓ2→ℓ2, global, certify_lower, certified)
    """
    question = ask(network, p, q, box)
    batch, single = _validate.points(x, question.network.input_dim, "x")
    if not single:
        raise ValueError(f"x: got shape {batch.shape}, expected one point")
    point = batch[0]
    if (
        question.box is not None
        and not ((question.box[0] <= point) & (point <= question.box[1])).all()
    ):
        raise ValueError("x: got a point outside the box, expected one inside; leave box out")
    value = _norm_rounded_down(question, _jacobian(question, point))
    return question.answer(
        value, "lower", method="certify_lower", source=_SOURCE, certified=True, witness=point
    )


@dataclass(frozen=True, eq=False)
class _Exact:
    """The numbers ``integers / 2**power``."""

    integers: Integers
    power: int

    @classmethod
    def of(cls, values: Array) -> "_Exact":
        mantissas, exponents = np.frexp(values)
        whole = np.ldexp(mantissas, 53).astype(np.int64)
        power = int(max(0, np.max(np.where(whole != 0, 53 - exponents, 0), initial=0)))
        shifts = (exponents - 53 + power).clip(0).astype(int)
        shifted = [int(m) << int(s) for m, s in zip(whole.ravel(), shifts.ravel(), strict=True)]
        return cls(np.array(shifted, dtype=object).reshape(values.shape), power)

    def times(self, other: "_Exact") -> "_Exact":
        return _Exact(np.asarray(self.integers @ other.integers), self.power + other.power)

    def at(self, power: int) -> Integers:
        """The integers for a larger power."""
        return np.asarray(self.integers * (1 << (power - self.power)), dtype=object)


def _jacobian(question: Question, x: Array) -> _Exact:
    """The Jacobian at x, ``(n_out, d)``; ``ValueError`` if x may be at a kink."""
    net = question.network
    gates = []
    hidden, alive = _Exact.of(x), np.ones(len(x), dtype=bool)
    for W, b in zip(net.weights[:-1], net.biases[:-1], strict=True):
        product, shift = _Exact.of(W).times(hidden), _Exact.of(b)
        power = max(product.power, shift.power)
        z = product.at(power) + shift.at(power)
        silent = ~W[:, alive].any(axis=1) & (b == 0)
        if ((z == 0) & ~silent).any():
            raise ValueError("x: got a point at a kink, expected one clear of all; move it a bit")
        alive = np.asarray(z > 0, dtype=bool)
        gates.append(alive)
        hidden = _Exact(np.where(alive, z, 0), power)
    J = _Exact.of(net.weights[-1])
    for W, gate in zip(reversed(net.weights[:-1]), reversed(gates), strict=True):
        J = _Exact(J.integers[:, gate], J.power).times(_Exact.of(W[gate]))
    return J


def _norm_rounded_down(question: Question, J: _Exact) -> float:
    p, q = question.p, question.q
    m, n = J.integers.shape
    if p == 1 or n == 1:
        return max(_length(column, q, J.power) for column in J.integers.T)
    if math.isinf(q) or m == 1:
        return max(_length(row, dual_exponent(p), J.power) for row in J.integers)
    if p == q == 2:
        return _spectral(J)
    raise ValueError(
        f"norm pair: got l{p:g} to l{q:g} for {m} outputs, expected p = 1, q = inf or p = q = 2"
    )


def _length(v: Sequence[int], r: float, power: int) -> float:
    """The norm of ``v / 2**power``, rounded down."""
    sizes = [abs(int(x)) for x in v]
    largest = max(sizes, default=0)
    if math.isinf(r) or largest == 0:
        return _down(Fraction(largest, 1 << power))
    if r == 1:
        return _down(Fraction(sum(sizes), 1 << power))
    if r == 2:
        return _root_down(sum(x * x for x in sizes), power)
    shares = sum(float(Fraction(x, largest)) ** r for x in sizes)
    return float(_down(Fraction(largest, 1 << power)) * shares ** (1 / r) * (1 - _PADDING))


def _spectral(J: _Exact) -> float:
    """:math:`u^T J v / (|u| |v|)` for the singular vectors that floating point finds."""
    scale = Fraction(1, 1 << J.power)
    U, _, V = np.linalg.svd(np.array([[float(scale * int(x)) for x in row] for row in J.integers]))
    u, v = _Exact.of(U[:, 0]), _Exact.of(V[0])
    value = abs(int(u.integers @ J.integers @ v.integers))
    lengths = sum(int(x) ** 2 for x in u.integers) * sum(int(x) ** 2 for x in v.integers)
    # value and the root of lengths carry the same powers of u and v
    return _down(Fraction(value, (math.isqrt(lengths) + 1) << J.power)) if value else 0.0


def _root_down(square: int, power: int) -> float:
    """The root of ``square / 4**power``, rounded down."""
    extra = max(0, 128 - square.bit_length())
    extra += extra % 2
    return _down(Fraction(math.isqrt(square << extra), 1 << (power + extra // 2)))


def _down(value: Fraction) -> float:
    try:
        nearest = float(value)
    except OverflowError:
        return float(np.finfo(np.float64).max)
    return nearest if Fraction(nearest) <= value else math.nextafter(nearest, 0.0)
