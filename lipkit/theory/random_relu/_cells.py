"""How many activation patterns N neurons can show: cells of N hyperplanes."""

import math

from lipkit.theory.random_relu._sizes import architecture


def n_cells(width: int, d: int, central: bool = True) -> int:
    r"""The open cells of N hyperplanes in general position in :math:`\mathbb R^d`, exactly.

    .. math:: 2\sum_{k<d} \binom{N-1}k \text{ through the origin}, \qquad
              \sum_{k \le d} \binom Nk \text{ anywhere (central=False)}

    At most so many in any position. Without biases a layer's hyperplanes are central. A Python
    integer of any size. Raises ``ValueError`` for width or d below 1.
    [Standard; digest of random ReLU networks, 3.3.]

    >>> n_cells(50, 3), n_cells(3, 2, central=False)
    (2452, 7)
    """
    d, width, _ = architecture(d, width)
    if central:
        return 2 * _binomial_sum(width - 1, d - 1)
    return _binomial_sum(width, d)


def log_patterns(d: int, width: int, depth: int, bias: bool = False) -> float:
    r"""Natural logarithm of a bound on the number of a deep network's activation patterns.

    .. math:: \ln|\mathcal S| \le L \ln C(N, d) \le dL \ln(eN/d) \quad (N \ge d)

    C counts cells as :func:`n_cells` does, central without biases: each linear piece is cut by N
    hyperplanes a layer. Exact for L = 1 in general position. Raises ``ValueError`` for sizes below
    1. [Derived, digest of random ReLU networks, 3.4, Theorem G.]

    >>> round(log_patterns(8, 64, 1), 4)
    20.9526
    """
    d, width, depth = architecture(d, width, depth)
    return depth * math.log(n_cells(width, d, central=not bias))


def _binomial_sum(n: int, k: int) -> int:
    """The sum of the first k + 1 binomial coefficients of n."""
    if k >= n:
        return 1 << n
    total, term = 0, 1
    for i in range(k + 1):
        total += term
        term = term * (n - i) // (i + 1)
    return total
