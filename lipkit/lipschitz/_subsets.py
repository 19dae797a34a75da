r"""The largest norm that gates can make: :math:`\max_{\sigma \in \{0,1\}^N} \|A D_\sigma B\|_2`.

The norm is convex in the gates, so gates in [0, 1] can do no better. Finding it is NP-hard.
"""

import numpy as np
from scipy.linalg import solve_triangular

from lipkit._validate import Array
from lipkit.lipschitz._barrier import solve_lipsdp
from lipkit.norms import pair_norm

_CHUNK = 4096  # branches looked at together
_SAME = 1e-12  # a branch that cannot gain more than this is cut
_STARTS = 16
_GAP = 1e-4  # relative, of the multipliers that look ahead


def largest_subset_norm(A: Array, B: Array, most: int) -> tuple[float, int]:
    r"""The maximum, or an upper bound of it after ``most`` branches, and the branches looked at.

    ``A`` is ``(m, N)``, ``B`` ``(N, k)``. The gates are decided one by one, the heaviest first.
    """
    weight = np.linalg.norm(A, axis=0) * np.linalg.norm(B, axis=1)
    order = np.argsort(-weight, kind="stable")[: np.count_nonzero(weight)]
    A, B = A[:, order], B[order]
    if len(B) == 0:
        return 0.0, 0
    ahead = _look_ahead(A, B)
    best = climbing_subset_norm(A, B, np.random.default_rng(0))
    stack, looked = [(0, np.zeros((1, len(A), B.shape[1])))], 0
    while stack and looked <= most:
        k, M = stack.pop()
        reach = _reach(M, *ahead[k])
        looked += len(M)
        if k == len(B):
            best = max(best, float(reach.max()))
            continue
        M = M[reach > best * (1 + _SAME)]
        M = np.concatenate([M, M + np.outer(A[:, k], B[k])])
        stack += [(k + 1, M[i : i + _CHUNK]) for i in range(0, len(M), _CHUNK)]
    return max([best, *(float(_reach(M, *ahead[k]).max()) for k, M in stack)]), looked


def _look_ahead(A: Array, B: Array) -> list[tuple[Array, Array]]:
    r"""What the free gates F may add, for each number of decided ones: two matrices.

    With multipliers t of LipSDP, :math:`\|Mx + A_F \delta\|^2 + 2 \sum_F t_i \delta_i ((Bx)_i -
    \delta_i)` is largest for :math:`Q \delta = (A_F^T M + T_F B_F) x`, :math:`Q = 2T_F - A_F^T
    A_F`. With :math:`Q = LL^T`, the answer is :math:`L^{-1} A_F^T` and :math:`L^{-1} T_F B_F`.
    """
    t = solve_lipsdp([B, A], _GAP).T[0]
    ahead = []
    for k in range(len(B)):
        L = np.linalg.cholesky(2 * np.diag(t[k:]) - A[:, k:].T @ A[:, k:])
        both = solve_triangular(L, np.hstack([A[:, k:].T, t[k:, None] * B[k:]]), lower=True)
        ahead.append((both[:, : len(A)], both[:, len(A) :]))
    return [*ahead, (np.zeros((0, len(A))), np.zeros((0, B.shape[1])))]  # none is left


def _reach(M: Array, P: Array, R: Array) -> Array:
    """At most how long the sums ``(n, m, k)`` get by the gates that are still free."""
    return pair_norm(np.concatenate([M, P @ M + R], axis=1), 2, 2)


def climbing_subset_norm(A: Array, B: Array, rng: np.random.Generator) -> float:
    r"""A value reached by turns: :math:`\sigma_i = \mathbb 1[(A^T u)_i (B v)_i \ge 0]`, then u, v.

    Each turn raises the norm; where it stops there may be larger ones, so it is a lower answer.
    """
    best = 0.0
    for start in rng.normal(size=(_STARTS, len(A) + B.shape[1])):
        u, v, value = start[: len(A)], start[len(A) :], -1.0
        while True:
            gates = (A.T @ u) * (B @ v) >= 0
            U, s, V = np.linalg.svd((A * gates) @ B, full_matrices=False)
            if s[0] <= value * (1 + _SAME):
                break
            value, u, v = float(s[0]), U[:, 0], V[0]
        best = max(best, value, float(s[0]))
    return best


def subset_sums(V: Array) -> Array:
    """All sums of the rows ``(n, ...)``, ``(2**n, ...)``: bit i of the index says row i is in."""
    sums = np.zeros((1, *V.shape[1:]))
    for v in V:
        sums = np.concatenate([sums, sums + v])
    return sums
