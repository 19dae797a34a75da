"""How far a fit is from the best: objective above, dual value below."""

from dataclasses import dataclass

import numpy as np

from lipkit._validate import Array


@dataclass(frozen=True)
class Candidate:
    """A point, the dual point beside it, and the gap between them, relative to the objective."""

    phi: Array
    u: Array
    objective: float
    gap: float


def nothing(F: Array) -> Candidate:
    """Where a search starts: any candidate is better."""
    return Candidate(np.zeros(F.shape[1]), np.zeros(F.shape[0]), np.inf, np.inf)


def certify(F: Array, y: Array, eps: float, phi: Array, u: Array) -> Candidate:
    """The relative duality gap of a pair."""
    value = objective(y - F @ phi, float(np.linalg.norm(phi)), eps)
    lower = dual_value(u, y, float(np.linalg.norm(F.T @ u)), eps)
    return Candidate(phi, u, value, max(value - lower, 0.0) / value if value > 0 else 0.0)


def objective(residuals: Array, norm: float, eps: float) -> float:
    r""":math:`\tfrac12 \sum_i (|r_i| + \varepsilon\|\varphi\|_2)^2`."""
    return float(((np.abs(residuals) + eps * norm) ** 2).sum() / 2)


def dual_value(u: Array, y: Array, pull: float, eps: float) -> float:
    r"""A lower bound of every objective, for any u with :math:`\|F^\top u\|_2` = ``pull``.

    .. math:: \mathcal D(u) = u^\top y - \sup_{t \ge 0} \{\|F^\top u\|_2\, t + \sum_i \psi_t(u_i)\}

    where :math:`\psi_t(u) = \tfrac12 u^2 - |u|\varepsilon t` for :math:`|u| > \varepsilon t`, else
    :math:`-\tfrac12\varepsilon^2 t^2`. [Derived, digest of adversarial random features, 7.4.]
    """
    size = np.sort(np.abs(u))
    c = eps * _worst_norm(size, pull, eps)
    above = size[size > c]
    cost = (above**2).sum() / 2 - c * above.sum() - (len(u) - len(above)) * c**2 / 2
    return float(u @ y - pull * c / eps - cost)


def _worst_norm(size: Array, pull: float, eps: float) -> float:
    r"""The t with :math:`\varepsilon\sum_i \max(|u_i|, \varepsilon t)` = ``pull``; 0 if none."""
    total = size.sum()
    if pull <= eps * total:
        return 0.0
    below = np.arange(1, len(size) + 1)
    rest = total - np.cumsum(size)
    levels = (pull / eps - rest) / below  # eps t, if the k smallest lie below it
    upper = np.append(size[1:], np.inf)
    return float(levels[np.argmax(levels <= upper)] / eps)
