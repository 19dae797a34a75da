"""The Lipschitz constant of one network, bounded from below and above, or found exactly."""

from collections.abc import Callable

from lipkit.bound import Bound
from lipkit.lipschitz._ascent import ascent
from lipkit.lipschitz._autolip import autolip
from lipkit.lipschitz._batch_ascent import gradient_lower_bounds
from lipkit.lipschitz._bracket import bracket
from lipkit.lipschitz._branch_and_bound import branch_and_bound
from lipkit.lipschitz._certify import certify_lower
from lipkit.lipschitz._crown import crown
from lipkit.lipschitz._eclipse import eclipse_fast
from lipkit.lipschitz._exact_shallow import exact_shallow
from lipkit.lipschitz._interval import interval
from lipkit.lipschitz._line import exact_line
from lipkit.lipschitz._lipsdp import lipsdp
from lipkit.lipschitz._methods import METHODS as _METHODS
from lipkit.lipschitz._mip_shallow import mip_shallow
from lipkit.lipschitz._network import as_relu_network
from lipkit.lipschitz._plane import exact_plane
from lipkit.lipschitz._regions import LinearRegion, linear_regions
from lipkit.lipschitz._sampling import sampling
from lipkit.lipschitz._seqlip import seqlip, seqlip_greedy

__all__ = [
    "METHODS",
    "LinearRegion",
    "as_relu_network",
    "ascent",
    "autolip",
    "bracket",
    "branch_and_bound",
    "certify_lower",
    "crown",
    "eclipse_fast",
    "exact_line",
    "exact_plane",
    "exact_shallow",
    "gradient_lower_bounds",
    "interval",
    "linear_regions",
    "lipsdp",
    "mip_shallow",
    "sampling",
    "seqlip",
    "seqlip_greedy",
]

#: Every method by its name, called as ``method(network, p=2, *, q=None, box=None, rng=0, ...)``;
#: the cheapest first.
METHODS: dict[str, Callable[..., Bound]] = _METHODS
