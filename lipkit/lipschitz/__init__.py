"""The Lipschitz constant of one network, bounded from below and above, or found exactly."""

from collections.abc import Callable

from lipkit.bound import Bound
from lipkit.lipschitz._ascent import ascent
from lipkit.lipschitz._autolip import autolip
from lipkit.lipschitz._line import exact_line
from lipkit.lipschitz._network import as_relu_network
from lipkit.lipschitz._plane import exact_plane
from lipkit.lipschitz._regions import LinearRegion, linear_regions
from lipkit.lipschitz._sampling import sampling

__all__ = [
    "METHODS",
    "LinearRegion",
    "as_relu_network",
    "ascent",
    "autolip",
    "exact_line",
    "exact_plane",
    "linear_regions",
    "sampling",
]

#: Every method by its name, called as ``method(network, p=2, *, q=None, box=None, rng=0, ...)``.
METHODS: dict[str, Callable[..., Bound]] = {
    "autolip": autolip,
    "sampling": sampling,
    "ascent": ascent,
    "exact_line": exact_line,
    "exact_plane": exact_plane,
}
