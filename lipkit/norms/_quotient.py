"""How far one vector is stretched by a convolution, rounded down: a certified lower bound."""

import math
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.norms._certify import UNIT
from lipkit.norms._conv_apply import Convolution
from lipkit.norms._conv_sums import sum_norm
from lipkit.norms._geometry import Geometry


def quotient_below(K: Array, geometry: Geometry, x: Any) -> float:
    r"""At most :math:`\|Ax\|_2 / \|x\|_2` in real arithmetic, 0 for x = 0.

    ``K`` is a float64 kernel as the layer stores it, with entries of size about 1. Each entry of
    the computed Ax errs by at most :math:`\gamma_n (|A||x|)_i`, n the number of terms in its sum.
    """
    x = np.asarray(x, np.float64)
    length = float(np.linalg.norm(x))
    if not length:
        return 0.0
    y = Convolution(K, geometry).apply(x)
    stretched = float(np.linalg.norm(y)) * (1 - (y.size + 8) * UNIT)
    lost = rounding_of_sums(geometry) * norm_of_sizes(K, geometry) * length * (1 + 1e-9)
    return max(0.0, float((stretched - lost) / (length * (1 + (x.size + 16) * UNIT))) - 1e-280)


def norm_of_sizes(K: Array, geometry: Geometry) -> float:
    """An upper bound of the l2 norm of the convolution with |K|, by Schur's test."""
    sizes = np.abs(K)
    one, sup = (sum_norm(sizes, geometry, p)[0] for p in (1, math.inf))
    return math.sqrt(one * sup) * (1 + 2 * rounding_of_sums(geometry))


def rounding_of_sums(geometry: Geometry) -> float:
    """The relative error of any sum over the taps and channels that one pixel meets."""
    _, outputs, inputs, *taps = geometry.kernel_shape
    borders = sum(axis.left + axis.used_right for axis in geometry.axes)
    terms = math.prod(taps) * (outputs + inputs) + borders + 16
    return terms * UNIT / (1 - terms * UNIT)
