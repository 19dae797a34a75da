"""How deep must a network be to fit at all, if every layer is small?"""

import math
from collections.abc import Callable

from lipkit import _validate

_ROUNDING = 1e-12


def min_depth_to_fit(n: int, M: float, gamma: float = 1.0, R: float = 1.0, P: float = 1.0) -> int:
    r"""The least number D of layers with which n points can be fitted, if :math:`\|W_j\|_F \le M`.

    .. math:: R M^D \big(1 + \sqrt{2\log 2\,(D - 1)}\big) \ge \gamma P \sqrt n

    is necessary if for a fraction P of all label vectors some network
    :math:`W_D \psi(W_{D-1} \cdots \psi(W_1 x))` of any widths, without biases, fits points of
    length at most R with average margin gamma. The answer is the smallest such D, about
    :math:`\log n / (2 \log M)` for M > 1. D counts matrices, one more than the hidden layers.
    It is about fitting at all and not about slopes, and about norms of layers and not their widths.
    Raises ``ValueError`` for an argument that is not positive, P above 1, or if no depth suffices
    (M < 1). [Derived, digest of the laws of robustness, 3.2: our reconstruction of what a withdrawn
    preprint announced, of which the abstract was read.]

    >>> [min_depth_to_fit(10**e, 2.0) for e in (2, 4, 6, 8)]
    [3, 5, 8, 12]
    """
    M, R = _validate.positive(M, "M"), _validate.positive(R, "R")
    gamma, P = _validate.positive(gamma, "gamma"), _validate.positive(P, "P")
    if P > 1:
        raise ValueError(f"P: got {P:g}, expected a fraction of the label vectors, at most 1")
    target = math.log(gamma * P / R) + math.log(_validate.count(n, "n")) / 2

    def reached(D: int) -> bool:
        return _log_capacity(D, M) >= target - _ROUNDING

    last = _last_depth(M, target)
    if not reached(last):
        raise ValueError(
            f"no depth suffices: got M = {M:g} below 1, where the product of the norms shrinks; "
            f"n = {n} points need M of at least 1 or a smaller gamma"
        )
    return _first(reached, last)


def _log_capacity(D: int, M: float) -> float:
    return D * math.log(M) + math.log1p(math.sqrt(2 * math.log(2) * (D - 1)))


def _last_depth(M: float, target: float) -> int:
    """Up to here the capacity grows with the depth, and it has reached the target if it ever will.

    For M >= 1 the root of the depth or the power alone suffices. For M < 1 growth ends by
    1 + 1/(2 log(1/M)).
    """
    if M >= 1:
        by_root = 2 + math.ceil(math.exp(2 * max(target, 0.0)) / (2 * math.log(2)))
        return by_root if M == 1 else min(by_root, 1 + math.ceil(max(target, 0.0) / math.log(M)))
    end = 2 + math.ceil(1 / (2 * math.log(1 / M)))

    def falls(D: int) -> bool:
        return _log_capacity(D + 1, M) < _log_capacity(D, M)

    return _first(falls, end)


def _first(holds: Callable[[int], bool], last: int) -> int:
    """The first D from 1 to last at which it holds, by halving: it holds from there on."""
    low, high = 1, last
    while low < high:
        middle = (low + high) // 2
        low, high = (low, middle) if holds(middle) else (middle + 1, high)
    return low
