r"""What a choice of multipliers proves: the matrix of LipSDP, its Schur chain, its certificate.

With diagonal :math:`T_\ell \succ 0`, one number a neuron, and

.. math::
    P = \begin{pmatrix} \rho I & -W_0^T T_0 & & \\ \cdot & 2T_0 & -W_1^T T_1 & \\
    & \cdot & \ddots & \\ & & \cdot & 2T_{L-1} - W_L^T W_L \end{pmatrix} \succeq 0 ,

the network's constant in l2 is at most :math:`\sqrt\rho`: increments of a ReLU satisfy
:math:`\delta h (\delta z - \delta h) \ge 0`. [Fazlyab et al. 2019; digest of random ReLU networks,
sections 5.4 and 5.11.]
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from scipy.linalg import solve_triangular

from lipkit._validate import Array
from lipkit.lipschitz._psd import is_positive_definite
from lipkit.lipschitz._rounding import gamma
from lipkit.norms import pair_norm

Weights = Sequence[Array]
_MARGINS = (1e-11, 1e-10, 1e-9, 1e-8, 1e-7, 1e-6, 1e-5)  # what a proof may cost, relative


def balanced(weights: Weights) -> tuple[list[Array], list[int]]:
    """Every layer times a power of two, to entries of size 1: exact, and far from overflow."""
    power = [math.frexp(float(np.abs(W).max()))[1] for W in weights]
    return [np.ldexp(W, -k) for W, k in zip(weights, power, strict=True)], power


def restored(value: float, power: list[int]) -> float:
    """The bound of the network as it was before :func:`balanced`, rounded up below 2**-1022."""
    try:
        scaled = math.ldexp(value, sum(power))
    except OverflowError:
        return math.inf
    return math.nextafter(scaled, math.inf) if scaled < 2.0**-1022 and value > 0 else scaled


def to_units(weights: Weights) -> tuple[list[Array], list[float]]:
    """Layers of norm 1, with no more inputs than first neurons, and the norms they had."""
    sizes = [float(np.linalg.norm(W, 2)) for W in weights]
    units = [W / s for W, s in zip(weights, sizes, strict=True)]
    if units[0].shape[1] > len(units[0]):
        units[0] = np.linalg.qr(units[0].T)[1].T  # turning the input changes no norm
    return units, sizes


def from_units(T: Weights, sizes: list[float]) -> list[Array]:
    """The multipliers of the layers as they were before :func:`to_units`."""
    after = [math.prod(sizes[k + 1 :]) ** 2 for k in range(len(T))]
    return [t * scale for t, scale in zip(T, after, strict=True)]


@dataclass(frozen=True, eq=False)
class Chain:
    r"""The Schur complements from the output: :math:`M_\ell = 2T_\ell - Y_{\ell+1} = LL^T`,
    :math:`Y_\ell = H_\ell^T H_\ell` with the ``halves`` :math:`H_\ell = L^{-1} T_\ell W_\ell`.

    ``roots`` are the L; both first layer first. Without hidden layers :math:`H = W`.
    """

    halves: list[Array]
    roots: list[Array]

    @property
    def rho(self) -> float:
        r"""The smallest :math:`\rho` for these multipliers, in floating point."""
        return float(pair_norm(self.halves[0], 2, 2)) ** 2

    def gains(self) -> list[Array]:
        r""":math:`G_\ell = M_\ell^{-1} T_\ell W_\ell` of each hidden layer."""
        pairs = zip(self.roots, self.halves, strict=False)
        return [solve_triangular(L, H, lower=True, trans="T") for L, H in pairs]


def schur_chain(weights: Weights, T: Weights) -> Chain | None:
    """The chain of these multipliers, or None if they prove nothing."""
    halves, roots = [weights[-1]], list[Array]()
    for W, t in zip(reversed(weights[:-1]), reversed(T), strict=True):
        if not (np.isfinite(t).all() and (t > 0).all()):
            return None
        try:
            M = 2 * np.diag(t) - halves[-1].T @ halves[-1]
            roots.append(np.asarray(np.linalg.cholesky(M), dtype=np.float64))
        except np.linalg.LinAlgError:
            return None
        halves.append(solve_triangular(roots[-1], t[:, None] * W, lower=True))
    return Chain(halves[::-1], roots[::-1])


def constant_multipliers(weights: Weights) -> list[Array]:
    """From the output, :math:`t_\\ell = \\lambda_{max}(Y_{\\ell+1})`: no worse than the product."""
    T: list[Array] = []
    for k in range(len(weights) - 1, 0, -1):
        chain = schur_chain(weights[k:], T)
        assert chain is not None
        T.insert(0, np.full(weights[k].shape[1], max(chain.rho, 1e-12)))
    return T


def certified_bound(weights: Weights, T: Weights) -> tuple[float, bool]:
    r"""The bound :math:`\sqrt\rho` that the multipliers prove, and whether it is certified.

    The chain's :math:`\rho` is raised by a margin, as small as can be proved. ``(inf, False)`` for
    multipliers that prove nothing; not certified if even the largest margin was too small.
    """
    rho = _smallest_rho(weights, T)
    if rho is None:
        return math.inf, False
    for margin in _MARGINS:
        raised = rho * (1 + margin)
        if is_positive_definite(*_smallest_matrix(weights, T, raised)):
            return math.nextafter(math.sqrt(raised), math.inf), True
    return math.sqrt(rho), False


def _smallest_rho(weights: Weights, T: Weights) -> float | None:
    """In floating point; None if the multipliers prove nothing."""
    if not _is_shallow(weights):
        chain = schur_chain(weights, T)
        return None if chain is None else chain.rho
    (W, A), t = weights, T[0]
    s = 1 - float(np.sum(A[0] ** 2 / np.maximum(t, 1e-300))) / 2
    if not (np.isfinite(t).all() and (t > 0).all() and s > 0):
        return None
    v = W.T @ A[0]
    return float(np.linalg.eigvalsh(W.T @ (t[:, None] * W) / 2 + np.outer(v, v) / (4 * s))[-1])


def _smallest_matrix(weights: Weights, T: Weights, rho: float) -> tuple[Array, Array]:
    """The smallest of three matrices that are definite together, and its entries' errors."""
    if _is_shallow(weights):
        return _shallow_matrix(weights, T, rho)
    wide = len(T) > 0 and weights[0].shape[1] > len(weights[0])
    return (_hidden_matrix if wide else _matrix)(weights, T, rho)


def _is_shallow(weights: Weights) -> bool:
    """One hidden layer no narrower than the input, one output, nothing unread."""
    if len(weights) != 2 or weights[0].shape[1] > len(weights[0]):
        return False
    return len(weights[1]) == 1 and bool(weights[1].all())


def _matrix(weights: Weights, T: Weights, rho: float) -> tuple[Array, Array]:
    """P and a bound of each entry's rounding error."""
    sizes = [weights[0].shape[1], *map(len, T)]
    P = np.diag(np.concatenate([np.full(sizes[0], rho), *(2 * t for t in T)]))
    for (left, here), W, t in zip(_blocks(sizes), weights[:-1], T, strict=True):
        P[here, left] = -t[:, None] * W
        P[left, here] = P[here, left].T
    size = np.abs(P)
    last, W = slice(sum(sizes[:-1]), None), weights[-1]
    P[last, last] -= W.T @ W
    size[last, last] += np.abs(W).T @ np.abs(W)
    return P, gamma(2 * len(W) + 16) * size


def _blocks(sizes: list[int]) -> Iterator[tuple[slice, slice]]:
    ends = np.cumsum([0, *sizes])
    for k in range(1, len(sizes)):
        yield slice(ends[k - 1], ends[k]), slice(ends[k], ends[k + 1])


def _hidden_matrix(weights: Weights, T: Weights, rho: float) -> tuple[Array, Array]:
    r"""With more inputs than first neurons the first block is eliminated by hand:

    the next one is :math:`2T_0 - T_0 W_0 W_0^T T_0 / \rho`.
    """
    d, n = weights[0].shape[1], len(T[0])
    P, error = (M[d:, d:].copy() for M in _matrix([np.zeros((n, d)), *weights[1:]], T, rho))
    TW = T[0][:, None] * weights[0]
    P[:n, :n] -= TW @ TW.T / rho
    size = np.abs(TW) @ np.abs(TW).T / rho + np.abs(np.diag(2 * T[0])) + np.abs(P[:n, :n])
    error[:n, :n] += gamma(2 * d + 32) * size
    return P, error


def _shallow_matrix(weights: Weights, T: Weights, rho: float) -> tuple[Array, Array]:
    r"""For one output the hidden block is eliminated by hand, and d + 1 rows are left:

    :math:`\rho I - \frac12 W^T T W` bordered by :math:`\frac12 W^T a` and
    :math:`s \le 1 - \frac12 \sum_i a_i^2 / t_i`. [Digest of random ReLU networks, (5.4s).]
    """
    (W, A), t = weights, T[0]
    a, n = A[0], len(t)
    lost, inner = np.sum(a**2 / t) / 2, W.T @ (t[:, None] * W) / 2
    border = W.T @ a / 2
    P = np.block([[rho * np.eye(len(border)) - inner, border[:, None]], [border, 1 - lost]])
    size_inner = np.abs(W).T @ (t[:, None] * np.abs(W)) / 2 + rho * np.eye(len(border))
    size_border = np.abs(W).T @ np.abs(a) / 2
    size = np.block([[size_inner, size_border[:, None]], [size_border, 1 + lost]])
    return P, gamma(2 * n + 32) * size
