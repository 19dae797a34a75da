"""Every method by its name."""

from collections.abc import Callable

from lipkit.bound import Bound
from lipkit.lipschitz._ascent import ascent
from lipkit.lipschitz._autolip import autolip
from lipkit.lipschitz._branch_and_bound import branch_and_bound
from lipkit.lipschitz._crown import crown
from lipkit.lipschitz._eclipse import eclipse_fast
from lipkit.lipschitz._exact_shallow import exact_shallow
from lipkit.lipschitz._interval import interval
from lipkit.lipschitz._line import exact_line
from lipkit.lipschitz._lipsdp import lipsdp
from lipkit.lipschitz._mip_shallow import mip_shallow
from lipkit.lipschitz._plane import exact_plane
from lipkit.lipschitz._sampling import sampling
from lipkit.lipschitz._seqlip import seqlip, seqlip_greedy

#: Called as ``method(network, p=2, *, q=None, box=None, rng=0, ...)``; the cheapest first.
METHODS: dict[str, Callable[..., Bound]] = {
    "autolip": autolip,
    "eclipse_fast": eclipse_fast,
    "interval": interval,
    "exact_line": exact_line,
    "exact_plane": exact_plane,
    "crown": crown,
    "sampling": sampling,
    "seqlip_greedy": seqlip_greedy,
    "ascent": ascent,
    "lipsdp": lipsdp,
    "seqlip": seqlip,
    "exact_shallow": exact_shallow,
    "branch_and_bound": branch_and_bound,
    "mip_shallow": mip_shallow,
}
