"""The facets of the digits network in the plane of three test images, and one point on them."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit import lipschitz, norms
from lipkit._validate import Array
from lipkit.experiments.digits import digits_network
from lipkit.networks import ReluNetwork

WINDOW = 2.5


@dataclass(frozen=True, eq=False)
class Plane:
    """The plane's ``centre`` ``(64,)`` and ``directions`` ``(2, 64)``, the images' places in it."""

    network: ReluNetwork
    restricted: ReluNetwork
    centre: Array
    directions: Array
    images: Array
    facets: list[Array]
    slopes: Array
    found: float
    product: float


def digits_plane(u: float, v: float, *, classes: tuple[int, ...] = (3, 5, 8), seed: int = 0) -> Any:
    r"""What the digits network does at the point (u, v) of the plane of three test images.

    ``facets``: all polygons ``(k, 2)`` of the window :math:`[-2.5, 2.5]^2` on which the network is
    affine, ``slopes`` their slopes in the plane, ``steepest`` the largest of these (exact for
    window and plane), that of facet number ``top``. ``here``: the slope in the plane at the point.
    ``image`` ``(8, 8)``: the point as an image, bottom row first; ``read``: its class; ``margin``:
    by how much. ``u3``, ``v3``, …: where the test image of class 3, … lies. ``found`` (the steepest
    point found, any direction) and ``product`` bound the whole network. Slopes are :math:`\ell_2`
    to :math:`\ell_2`, per unit of grey value.
    """
    plane = _plane(classes, seed)
    point = np.array([u, v], dtype=float)
    image = plane.centre + point @ plane.directions
    logits = np.sort(plane.network(image))
    return {
        "facets": plane.facets,
        "slopes": plane.slopes,
        "steepest": float(plane.slopes.max()),
        "top": int(plane.slopes.argmax()),
        "here": float(norms.pair_norm(plane.restricted.jacobian(point), 2, 2)),
        "image": image.reshape(8, 8)[::-1],
        "read": int(np.argmax(plane.network(image))),
        "margin": float(logits[-1] - logits[-2]),
        "found": plane.found,
        "product": plane.product,
        **{f"u{c}": float(place[0]) for c, place in zip(classes, plane.images, strict=True)},
        **{f"v{c}": float(place[1]) for c, place in zip(classes, plane.images, strict=True)},
    }


@lru_cache(maxsize=2)
def _plane(classes: tuple[int, ...], seed: int) -> Plane:
    network, split = digits_network(seed)
    X, y = split.test
    three = np.array([X[y == c][0] for c in classes])
    centre = three.mean(axis=0)
    directions = np.linalg.qr((three[1:] - three[0]).T)[0].T
    restricted = network.restrict(directions, centre)
    regions = lipschitz.linear_regions(restricted, ([-WINDOW, -WINDOW], [WINDOW, WINDOW]))
    return Plane(
        network,
        restricted,
        centre,
        directions,
        (three - centre) @ directions.T,
        [region.vertices for region in regions],
        norms.pair_norm([region.gradient for region in regions], 2, 2),
        lipschitz.ascent(network, rng=seed).value,
        lipschitz.autolip(network).value,
    )
