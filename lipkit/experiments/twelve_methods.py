"""One small network, every method's answer, and how rare the steepest piece is."""

from collections.abc import Sequence
from dataclasses import replace
from itertools import combinations
from typing import Any

import numpy as np
from scipy.special import betainc, betaincinv

from lipkit import _validate, lipschitz
from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.experiments._registry import experiment
from lipkit.networks import ReluNetwork, sample_random_relu

ONE_PASS = ("autolip", "eclipse_fast", "interval", "crown")
SEARCHES = ("sampling", "seqlip_greedy", "ascent", "lipsdp", "seqlip")

Row = tuple[str, tuple[Bound, ...]]


def twelve_answers(network: ReluNetwork, parts: Sequence[int], *, rng: Seed = 0) -> list[Row]:
    r"""What each method says of a network with one hidden layer: global, :math:`\ell_2`.

    A row is a name and one or two answers; branch and bound has a row for each number of ``parts``
    that it may split. ``mip_shallow`` answers for p = 1 and for p = inf, which lie on either side
    of p = 2, since :math:`\|v\|_\infty \le \|v\|_2 \le \|v\|_1`. The exact method comes last.
    """
    rows: list[Row] = [
        (name, (lipschitz.METHODS[name](network, rng=rng),)) for name in ONE_PASS + SEARCHES
    ]
    sides = [(1.0, "lower"), (np.inf, "upper")]
    programs = [(lipschitz.mip_shallow(network, p), kind) for p, kind in sides]
    rows.append(("mip_shallow", tuple(_moved(b, kind, norm=(2.0, 2.0)) for b, kind in programs)))
    for n in parts:
        found = lipschitz.branch_and_bound(network, rng=rng, nodes=n)
        lower = _moved(found, "lower", value=found.details["at least"], certified=False)
        both = (found,) if found.kind == "exact" else (lower, found)
        rows.append((f"branch_and_bound, {found.details['nodes']}", both))
    return [*rows, ("exact_shallow", (lipschitz.exact_shallow(network),))]


def _moved(bound: Bound, kind: Any, **changes: Any) -> Bound:
    return replace(bound, kind=kind, witness=None, **changes)


def bracket_so_far(rows: Sequence[Row]) -> tuple[Array, Array]:
    """The best lower and the best upper answer after each row; 0 and inf as long as there is none.

    >>> f = sample_random_relu(2, 6, 1, rng=0)
    >>> low, high = bracket_so_far(twelve_answers(f, [100]))
    >>> bool(low[-1] == high[-1])
    True
    """
    lows = [max(_values(bounds, "lower"), default=0.0) for _, bounds in rows]
    highs = [min(_values(bounds, "upper"), default=np.inf) for _, bounds in rows]
    return np.maximum.accumulate(lows), np.minimum.accumulate(highs)


def _values(bounds: Sequence[Bound], side: str) -> list[float]:
    return [float(b) for b in bounds if b.kind in (side, "exact")]


def cell_share(network: ReluNetwork, x: Array, *, n: int = 20_000, rng: Seed = 0) -> float:
    r"""The share of all directions in which the gates are those at x; one hidden layer, no biases.

    The cell is a cone. Its edges are directions in which :math:`d - 1` preactivations vanish; a
    cap around their mean holds them all, and n uniform directions of the cap are tried. The
    relative standard error is :math:`\sqrt{(1 - h)/(hn)}`, h being the share of hits.
    Raises ``ValueError`` for other networks, for one input, and for a cell that no cap smaller than
    a half-sphere holds. [Derived.]

    >>> corner = ReluNetwork([[[1.0, 0.0], [0.0, 1.0]], [[1.0, 1.0]]])
    >>> round(cell_share(corner, np.array([1.0, 1.0])), 2)
    0.25
    """
    W, d = network.weights[0], network.input_dim
    if network.depth != 1 or not network.bias_free or not 2 <= d <= len(W):
        raise ValueError(
            f"network: got {network!r}, expected one hidden layer, no biases, two inputs or more "
            "and as many neurons"
        )
    walls = np.sign(W @ x)[:, None] * W
    edges = _edges(walls)
    centre = edges.mean(axis=0)
    reach = (edges @ centre).min() / max(float(np.linalg.norm(centre)), 1e-300)
    if reach < 1e-9:
        raise ValueError("x: got a cell wider than a half-sphere, expected a narrower one")
    cap = float(betainc((d - 1) / 2, 0.5, 1 - reach**2)) / 2
    directions = _in_cap(centre, cap, n, _validate.generator(rng))
    return cap * float((directions @ walls.T > 0).all(axis=1).mean())


def _edges(walls: Array) -> Array:
    """The unit directions ``(m, d)`` of the edges of the cone ``walls @ u >= 0``."""
    d = walls.shape[1]
    rows = walls[list(combinations(range(len(walls)), d - 1))]
    normals = np.linalg.svd(rows)[2][:, -1]
    both = np.concatenate([normals, -normals])
    inside = both @ walls.T >= -1e-9 * np.linalg.norm(walls, axis=1)
    return np.asarray(both[inside.all(axis=1)])


def _in_cap(centre: Array, cap: float, n: int, draws: np.random.Generator) -> Array:
    """Uniform directions ``(n, d)`` of the cap around ``centre`` that holds the share ``cap``."""
    d = len(centre)
    squares = betaincinv((d - 1) / 2, 0.5, 2 * cap * draws.uniform(size=n))[:, None]
    axis = centre / np.linalg.norm(centre)
    aside = draws.normal(size=(n, d))
    aside -= (aside @ axis)[:, None] * axis
    aside /= np.linalg.norm(aside, axis=1, keepdims=True)
    return np.asarray(np.sqrt(1 - squares) * axis + np.sqrt(squares) * aside)


@experiment(
    sizes={
        "test": {"d": 3, "width": 8},
        "quick": {"d": 4, "width": 20},
        "standard": {"d": 4, "width": 40},
        "full": {"d": 5, "width": 40},
    }
)
def steepest_cell(params: dict[str, Any], seed: int) -> dict[str, Any]:
    r"""How steep a random network is (l2, no biases), what searches find, and where the rest is.

    ``exact`` is the constant, ``sampling`` and ``ascent`` are lower answers, ``share`` is the part
    of all directions in which the network is steepest.
    """
    network = sample_random_relu(params["d"], params["width"], 1, rng=seed)
    exact = lipschitz.exact_shallow(network)
    return {
        "exact": exact.value,
        "sampling": lipschitz.sampling(network, rng=seed).value,
        "ascent": lipschitz.ascent(network, rng=seed).value,
        "share": cell_share(network, np.asarray(exact.witness), rng=seed),
    }
