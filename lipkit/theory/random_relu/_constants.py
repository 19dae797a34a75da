"""Constants of wide shallow networks: what is proved of the steepest slope, what methods lose."""

import math

from scipy import optimize

from lipkit.theory.random_relu._sizes import architecture

_RADIUS = 2 / math.sqrt(math.pi)  # of the semicircle, in units of the square root of d
_REST = 1 - 1 / 2 - 1 / math.pi  # variance of the gradient beyond its first two chaoses


def steepest_constant() -> float:
    r"""A number that :math:`\mathrm{Lip}_2/\sqrt d` exceeds, wide shallow networks, large d.

    .. math:: \lim_{d\to\infty}\lim_{N\to\infty} P\big(\mathrm{Lip}_2(f) \ge (c - \epsilon)\sqrt d
              \big) = 1, \qquad c^2 = \max_{|x|=1} |m + Ax|^2 + 1 - \tfrac12 - \tfrac1\pi

    m Gaussian of variance 1/2, A semicircular of radius :math:`2/\sqrt\pi`: the linear and the
    quadratic part of the gradient. No statement at a finite size, where the point found may be
    anywhere between 1.2 and 1.6; searches find 1.9 to 2.1. A fixed point has 1.
    [Derived, digest of random ReLU networks, 3.3; iterated limit only.]

    >>> round(steepest_constant(), 6)
    1.529394
    """

    def dual(z: float) -> float:  # the multiplier of |x| = 1 is z^2
        return z**2 + (z**2 - z * math.sqrt(z**2 - _RADIUS**2)) / _RADIUS**2

    found = optimize.minimize_scalar(dual, bounds=(_RADIUS, 3.0), options={"xatol": 1e-9})
    return math.sqrt(float(found.fun) + _REST)


def relaxation_sizes(d: int, width: int) -> dict[str, float]:
    r"""What methods answer on wide shallow networks, to leading order, pair (2, 2), no biases.

    .. math:: \text{autolip} \approx \sqrt{2N} + \sqrt{2d}, \quad
              \text{eclipse} \approx \sqrt N + \sqrt d, \quad
              \text{lipsdp} \approx \sqrt{N/\pi}, \quad
              \text{seqlip} \approx \tfrac{\sqrt2}\pi\sqrt N

    For :math:`N \gg d \gg 1`; estimates for reference lines, no bounds. The truth is about
    :math:`2\sqrt d`: whatever quantifies over all gates loses :math:`\sqrt{N/d}`, because it does
    not know which cells exist. ``seqlip`` is its exact optimum. Raises ``ValueError`` for sizes
    below 1. [Derived, digest of random ReLU networks, 4.5.]

    >>> {name: round(size, 1) for name, size in relaxation_sizes(5, 5000).items()}
    {'autolip': 103.2, 'eclipse_fast': 72.9, 'lipsdp': 39.9, 'seqlip': 31.8}
    """
    d, width, _ = architecture(d, width)
    root = math.sqrt(width)
    return {
        "autolip": math.sqrt(2) * (root + math.sqrt(d)),
        "eclipse_fast": root + math.sqrt(d),
        "lipsdp": root / math.sqrt(math.pi),
        "seqlip": root * math.sqrt(2) / math.pi,
    }
