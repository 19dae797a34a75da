"""The universal law without one of its hypotheses: classes and data where the conclusion fails."""

import math
from typing import Any

import numpy as np

from lipkit.data import generic
from lipkit.experiments._registry import experiment
from lipkit.theory.robustness_law import bubeck_sellke_bound

_DELTA = 0.01
_SIZE: dict[str, Any] = {"n": (10**9, 200_000, 2**50 // 100), "d": (50, 10**9, 50)}


@experiment(
    sizes={
        "test": _SIZE | {"points": 4000},
        "quick": _SIZE | {"points": 20_000},
        "standard": _SIZE | {"points": 200_000},
        "full": _SIZE | {"points": 2_000_000},
    },
    seeds={"test": 2, "quick": 1, "standard": 5, "full": 20},
)
def dropped_hypotheses(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""Slopes that the printed law would promise without a hypothesis, and the slopes that do.

    In this order: without label noise, without isoperimetry, without bounded parameters. For each:
    ``promised``, what the formula of Theorem 3 gives with that hypothesis ignored; ``slope``, the
    Lipschitz constant of a function of the class, exact or an upper bound; ``error``, its mean
    squared error; ``allowed``, the error from which the law is supposed to speak. What depends on
    the sample is measured on ``points`` of its n points. ``n`` and ``d`` are those of each case.
    """
    (n, n_atoms, n_orthants), (d, d_atoms, d_orthants) = params["n"], params["d"]
    rows = [
        clean_labels(n, d, params["points"], seed),
        atoms(n_atoms, d_atoms, seed),
        orthants(n_orthants, d_orthants, params["points"], seed),
    ]
    return {key: np.array([row[key] for row in rows]) for key in rows[0]}


def clean_labels(n: int, d: int, points: int, seed: int) -> dict[str, float]:
    r"""No noise: labels :math:`y = \min(1, \max(-1, \sqrt d\,x_1))` on the sphere.

    Their variance is about 1/2. The class is all :math:`\theta y`, :math:`0 \le \theta \le 1`:
    one parameter, W = J = 1. Its member with :math:`\theta = 1` has error 0 whatever n is, and
    slope :math:`\sqrt d`. The law is read with the variance of the labels in the place of
    :math:`\sigma^2`, and with eps = 1/2.
    """
    X, _ = generic(points, d, rng=seed)
    variance = float(np.var(np.clip(math.sqrt(d) * X[:, 0], -1, 1)))
    return {
        "promised": bubeck_sellke_bound(n, d, 1, 0.5, _DELTA).value,
        "slope": math.sqrt(d),
        "error": 0.0,
        "allowed": variance - 0.5,
    }


def atoms(n: int, d: int, seed: int, eps: float = 0.6) -> dict[str, float]:
    r"""No isoperimetry: points drawn from n orthonormal ones in d dimensions, d at least n.

    The class is all sums of bumps :math:`\theta_j \max(0, 1 - \sqrt2\,\|x - e_j\|_2)` with
    :math:`|\theta_j| \le 1`: p = n parameters, J = 1, :math:`W = 2\sqrt n`. With
    :math:`\theta_j` the mean of the labels at :math:`e_j` the slope is at most :math:`\sqrt2`.
    """
    rng = np.random.default_rng(seed)
    at = rng.integers(n, size=n)
    labels = rng.choice([-1.0, 1.0], size=n)
    mean = np.bincount(at, labels, n) / np.maximum(np.bincount(at, minlength=n), 1)
    return {
        "promised": bubeck_sellke_bound(n, d, n, eps, _DELTA, W=2 * math.sqrt(n)).value,
        "slope": math.sqrt(2) * float(np.abs(mean).max()),
        "error": float(np.mean((mean[at] - labels) ** 2)),
        "allowed": 1 - eps,
    }


def orthants(n: int, d: int, points: int, seed: int, eps: float = 0.7) -> dict[str, float]:
    r"""No bound on the parameters: one number whose digits hold a sign for each orthant.

    :math:`f_\theta(x) = s_{o(x)}(\theta) \min(1, K \min_j |x_j|)`, with o(x) the number of x's
    orthant, :math:`s_i(\theta) = \pm1` the i-th digit of :math:`\theta = \sum_i b_i 3^{-i}`, and
    :math:`K = 3.2\, d^{3/2}`, its slope: it is 0 on the walls. Digits that suit the labels give
    each point alone in its orthant an error of at most :math:`(1 - K \min_j |x_j|)_+^2`; a point
    that shares it is counted with 4. J is of the order :math:`3^{2^d}`; the law is read without
    it, as if a parameter between 0 and 1 were enough. [Idea: Bubeck and Sellke 2021, Thm 4.]
    """
    X, _ = generic(points, d, rng=seed)
    K = 3.2 * d**1.5
    missed = np.maximum(0, 1 - K * np.abs(X).min(axis=1)) ** 2
    shared = -math.expm1((n - 1) * math.log1p(-(2.0**-d)))
    return {
        "promised": bubeck_sellke_bound(n, d, 1, eps, _DELTA).value,
        "slope": K,
        "error": float(missed.mean()) + 4 * shared,
        "allowed": 1 - eps,
    }
