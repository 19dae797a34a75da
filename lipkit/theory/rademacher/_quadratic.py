"""Quadratic networks: the supremum is a norm of one matrix."""

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.theory.rademacher._complexity import Complexity
from lipkit.theory.rademacher._linear import sample
from lipkit.theory.rademacher._signs import rademacher_mc, sign_vector

_MOST_NUMBERS = 2**22  # that many at a time: 32 MB


def ky_fan_norm(X: ArrayLike, s: ArrayLike, k: int | None = None) -> float:
    r"""The sum of the k largest singular values of :math:`\Omega = \sum_i \sigma_i x_i x_i^\top`.

    ``X`` is ``(n, d)`` and the signs ``s`` ``(n,)``. k = 1 is the operator norm, k of d or more (or
    None) the nuclear norm. It is dual to the operator norm on matrices of rank k: the largest
    :math:`\sum_i \sigma_i x_i^\top T x_i` with :math:`\|T\|_{op} \le 1`, rank at most k.
    Raises ``ValueError`` for other signs, shapes that do not fit or k below 1.
    [Standard; digest of the laws of robustness, 4.4.]

    >>> from lipkit.data import four_points
    >>> ky_fan_norm(*four_points(), 1), ky_fan_norm(*four_points())
    (2.0, 4.0)
    """
    X = sample(X)
    s = sign_vector(s, len(X))
    return float(_ky_fan(X, s[None], _most(X, k))[0])


def quadratic_rademacher(
    X: ArrayLike,
    k: int | None = None,
    kind: str = "lip",
    n_draws: int = 1000,
    *,
    exact: bool = False,
    rng: Seed = 0,
    delta: float = 0.05,
) -> Complexity:
    r"""The complexity of quadratic networks :math:`\sum_\ell a_\ell (w_\ell \cdot x)^2`.

    ``kind="lip"``: at most k neurons (None: any number) and Lipschitz constant at most 1 on the
    unit ball, which is :math:`2\|T\|_{op}` for :math:`f(x) = x^\top T x`; the complexity is
    :math:`\tfrac{1}{2n} \mathbb E \|\Omega_\sigma\|_{(k)}`, a Ky Fan norm. ``kind="path"``:
    :math:`\sum_\ell |a_\ell| \|w_\ell\|_2^2 \le 1`, any width; it is
    :math:`\tfrac1n \mathbb E \|\Omega_\sigma\|_{op}`. Here
    :math:`\Omega_\sigma = \sum_i \sigma_i x_i x_i^\top` and ``X`` has shape ``(n, d)``.
    Kind of the answer: exact (``exact``: all signs, n up to 16) or estimate.
    Raises ``ValueError`` for an unknown kind, k below 1, or k with ``"path"``.
    [Derived, digest of the laws of robustness, 4.4.]

    >>> from lipkit.data import four_points
    >>> quadratic_rademacher(four_points().X, k=2, exact=True)
    0.25 (exact, 16 draws)
    """
    X = sample(X)
    kind = _validate.one_of(kind, "kind", ("lip", "path"))
    if kind == "path" and k is not None:
        raise ValueError(f"k: got {k}, expected None: the path norm bounds networks of any width")
    size, most = (0.5, _most(X, k)) if kind == "lip" else (1.0, 1)
    return rademacher_mc(
        lambda S: size * _ky_fan(X, S, most),
        len(X),
        n_draws,
        rng=rng,
        radius_sq=size**2 * float(((X**2).sum(axis=1) ** 2).sum()),
        delta=delta,
        exact=exact,
        vectorized=True,
    )


def _most(X: Array, k: int | None) -> int:
    d = int(X.shape[1])
    return d if k is None else min(_validate.count(k, "k"), d)


def _ky_fan(X: Array, S: Array, k: int) -> Array:
    n, d = X.shape
    step = max(1, _MOST_NUMBERS // (d * max(n, d)))
    parts = [
        np.linalg.eigvalsh((S[i : i + step, None, :] * X.T) @ X) for i in range(0, len(S), step)
    ]
    values = np.sort(np.abs(np.concatenate(parts)), axis=1)
    return np.asarray(values[:, d - k :].sum(axis=1))
