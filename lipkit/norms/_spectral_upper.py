"""Certified upper bounds of the l2 norm of a convolution."""

import math
from itertools import product

import numpy as np

from lipkit.bound import Bound, Kind, tightest
from lipkit.norms._certify import UNIT, top_eigenvalue, top_singular_value
from lipkit.norms._conv_matrix import sparse_matrix
from lipkit.norms._conv_sums import sum_norm
from lipkit.norms._gram import gram_upper_bounds
from lipkit.norms._quotient import norm_of_sizes, rounding_of_sums
from lipkit.norms._spectral import Spectral

_GRAM_RTOL = 1e-6
_DIGEST = "; digest of layer norms, section 4"


def by_fft(problem: Spectral, n_iter: int | None = None) -> Bound:
    """The largest singular value over the frequencies of a torus: exact, or an upper bound."""
    return by_torus(problem, "exact" if problem.exact else "upper")


def by_torus(problem: Spectral, kind: Kind = "upper") -> Bound:
    """The same, as what it is said to be."""
    torus = problem.torus_norm
    value = torus.upper if kind == "upper" else torus.value
    details = {"frequencies": torus.points}
    return problem.answer(
        value, kind, "fft", source=f"Sedghi et al. 2019{_DIGEST}", details=details
    )


def by_gram(problem: Spectral, n_iter: int | None = None) -> Bound:
    """Gram iteration at every frequency of the same torus."""
    torus = problem.torus
    batches = torus.batches(torus.frequencies())
    found = [gram_upper_bounds(X, rtol=_GRAM_RTOL, steps=n_iter).max() for X in batches]
    value = torus.rounded_up(float(max(found)))
    return problem.answer(value, "upper", "gram", source=f"Delattre et al. 2023{_DIGEST}")


def by_unfolding(problem: Spectral, n_iter: int | None = None) -> Bound:
    r""":math:`\sqrt{k_1 k_2 \cdots}` times the least norm of the kernel's unfoldings."""
    K, n_axes = problem.grouped, len(problem.geometry.axes)
    norms = []
    for with_output in product([True, False], repeat=n_axes):
        rows = [1, *(3 + j for j in range(n_axes) if with_output[j])]
        columns = [2, *(3 + j for j in range(n_axes) if not with_output[j])]
        height = math.prod(K.shape[j] for j in rows)
        unfolded = K.transpose(0, *rows, *columns).reshape(len(K), height, -1)
        norms.append([top_singular_value(part) for part in unfolded])
    least = np.min(norms, axis=0).max()  # of each group, then of all
    value = math.sqrt(math.prod(K.shape[3:])) * least * problem.torus.factor * (1 + 8 * UNIT)
    return problem.answer(value, "upper", "unfold", source=f"Singla and Feizi 2021{_DIGEST}")


def by_schur(problem: Spectral, n_iter: int | None = None) -> Bound:
    r"""Schur's test, :math:`\sqrt{\|A\|_1 \|A\|_\infty}`."""
    one, sup = (_sum_above(problem, p) for p in (1.0, math.inf))
    return problem.answer(
        math.sqrt(one * sup) * (1 + 8 * UNIT), "upper", "schur", source="Schur's test"
    )


def _sum_above(problem: Spectral, p: float) -> float:
    """The l1 or the sup norm, rounded up: cancelling taps err by a share of their sizes."""
    value, sizes = (
        sum_norm(K, problem.geometry, p)[0] for K in (problem.kernel, np.abs(problem.kernel))
    )
    return value + 4 * rounding_of_sums(problem.geometry) * sizes


def by_whole_matrix(problem: Spectral) -> Bound:
    """The whole matrix, for a layer that is small."""
    geometry = problem.geometry
    A = sparse_matrix(problem.kernel, geometry)
    A = A if A.shape[0] <= A.shape[1] else A.T.tocsr()
    bound = top_eigenvalue([(A @ A.T).toarray()])[1]
    slack, size = rounding_of_sums(geometry), norm_of_sizes(problem.kernel, geometry)
    products = 2 * int(np.diff(A.indptr).max()) * UNIT  # copies of a pixel make long sums
    value = (math.sqrt(bound + (4 * slack + products) * size**2) + slack * size) * (1 + 4 * UNIT)
    return problem.answer(value, "upper", "dense")


def least_upper(problem: Spectral) -> tuple[Bound, tuple[Bound, ...]]:
    """The tightest certificate, and all that were tried."""
    first = by_whole_matrix(problem) if problem.small else by_torus(problem)
    tried = first, by_schur(problem)
    return tightest(tried), tried
