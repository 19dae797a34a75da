"""A slice through the groups network, turned from two random directions to the ridge."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.data import generic
from lipkit.experiments.ridge import planes, ridge_network
from lipkit.lipschitz import LinearRegion
from lipkit.networks import ReluNetwork


@dataclass(frozen=True, eq=False)
class Scene:
    """A network, two orthogonal planes of directions ``(2, d)``, and three slopes on it."""

    network: ReluNetwork
    random: Array
    ridge: Array
    probed: float
    found: float
    product: float


def turned_slice(
    turn: float,
    neurons: int = 100,
    *,
    n: int = 800,
    d: int = 1200,
    points: int = 2000,
    grid: int = 35,
    seed: int = 0,
) -> dict[str, Any]:
    r"""Heights on one slice of the unit ball, and its steepest slope.

    The slice is spanned by :math:`\cos t\,r_i + \sin t\,s_i`: t is ``turn`` in degrees, the
    :math:`r_i` are random and the :math:`s_i` span the plane of the found point and its gradient,
    all orthonormal. ``heights`` ``(grid, grid)`` are those on the square :math:`[-1, 1]^2`,
    ``slope`` is the exact steepest slope *within the slice and the unit disc*, ``u`` and ``v`` a
    point that has it (NaN where the slice is flat). ``probed``: the steepest of random points of
    the sphere; ``found``: the slope along the sphere at the found point, both lower answers;
    ``product``: the product bound. [Derived; network: Bubeck, Li and Nagaraj 2021.]
    """
    scene = _scene(neurons, n, d, points, seed)
    t = np.radians(turn)
    network = scene.network.restrict(np.cos(t) * scene.random + np.sin(t) * scene.ridge)
    ticks = np.linspace(-1, 1, grid)
    square = np.stack(np.meshgrid(ticks, ticks), axis=-1).reshape(-1, 2)
    slope, point = steepest_in_disc(lipschitz.linear_regions(network, ([-1, -1], [1, 1])))
    return {
        "heights": np.reshape(network(square), (grid, grid)),
        "slope": slope,
        "u": point[0],
        "v": point[1],
        "probed": scene.probed,
        "found": scene.found,
        "product": scene.product,
    }


def steepest_in_disc(regions: list[LinearRegion]) -> tuple[float, Array]:
    """The largest slope of a region that meets the open unit disc, and a point of it there."""
    slopes = np.array([np.linalg.norm(region.gradient) for region in regions])
    for i in np.argsort(-slopes):
        nearest = _nearest(regions[i].vertices)
        if slopes[i] == 0:
            break
        if np.linalg.norm(nearest) < 1:
            return float(slopes[i]), _inside(nearest, regions[i].vertices.mean(axis=0))
    return 0.0, np.full(2, np.nan)


def _nearest(vertices: Array) -> Array:
    """The point of a convex polygon that is nearest to the origin."""
    step = np.roll(vertices, -1, axis=0) - vertices
    if (vertices[:, 0] * step[:, 1] >= vertices[:, 1] * step[:, 0]).all():
        return np.zeros(2)  # the origin is on the left of every side
    along = -(vertices * step).sum(axis=1) / (step * step).sum(axis=1)
    points = vertices + np.clip(along, 0, 1)[:, None] * step
    return np.asarray(points[np.linalg.norm(points, axis=1).argmin()])


def _inside(nearest: Array, centre: Array) -> Array:
    """From the nearest point towards the centre, as far as the disc allows by halving."""
    share = 1.0
    while np.linalg.norm(nearest + share * (centre - nearest)) >= 1:
        share /= 2
    return np.asarray(nearest + share * (centre - nearest))


@lru_cache(maxsize=8)
def _scene(neurons: int, n: int, d: int, points: int, seed: int) -> Scene:
    network, witness = ridge_network(n, d, neurons, seed)
    random, ridge = planes(network, np.asarray(witness.witness), seed)
    Q, R = np.linalg.qr((random - (random @ ridge.T) @ ridge).T)
    sphere = generic(points, d, rng=np.random.default_rng([seed, 1])).X
    return Scene(
        network,
        (Q * np.sign(np.diag(R))).T,
        ridge,
        lipschitz.sampling(network, points=sphere).value,
        witness.value,
        lipschitz.autolip(network).value,
    )
