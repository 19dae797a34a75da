"""Two classifiers of the plane: the exact worst point of a ball beside one step and a promise."""

from dataclasses import dataclass
from functools import lru_cache
from typing import Any

import numpy as np

from lipkit import lipschitz
from lipkit._validate import Array
from lipkit.data import moons
from lipkit.networks import ReluNetwork
from lipkit.norms import dual_vector, vector_norm

WINDOW = ([-1.8, -0.8], [1.8, 1.8])  # what is drawn
PLANE = ([-4.0, -4.0], [4.0, 4.0])  # where ties are looked for
LINE = ReluNetwork([[[-1.8, 2.4]]], [[0.3]])
_HALVINGS = 48


@dataclass(frozen=True, eq=False)
class Scene:
    """A score on the plane, its facets' gradients ``(k, 2)`` and edges ``(m, 2, 2)``, its zeros.

    ``drawn`` and ``heights`` are the zeros and the score in the window.
    """

    score: ReluNetwork
    gradients: Array
    edges: Array
    zeros: Array
    drawn: Array
    heights: Array


def worst_point(classifier: str, p: float, eps: float, angle: float) -> dict[str, Any]:
    r"""What one point of the upper moon, at ``angle`` degrees, has to fear within ``eps``.

    ``classifier``: "line", :math:`f(x) = -1.8 x_1 + 2.4 x_2 + 0.3`, or "network", eight ReLU
    neurons trained on two moons. The label is +1, so the margin is f. ``worst`` is the exact least
    margin of the :math:`\ell_p` ball, at (``wx``, ``wy``); ``step`` the one at the end of one
    gradient step, at (``sx``, ``sy``), an upper answer of it; ``promised`` is margin :math:`- L
    \varepsilon`, a lower one. ``radius`` is margin / L, a lower answer of ``distance``, the exact
    one to f = 0. ``constant`` is L, exact and global. Curves: the ``ball``, the ball of the
    ``radius``, the ``zeros``; ``heights`` for a map. [Derived.]
    """
    scene, constant = _scene(classifier), _constant(classifier, p)
    turn = np.radians(angle)
    x = np.array([np.cos(turn), np.sin(turn)])
    margin = float(scene.score(x))
    nearest, distance = _places(classifier, p, (float(x[0]), float(x[1])))
    worst = _worst(scene, x, p, eps, nearest)
    step = x - eps * dual_vector(scene.score.gradient(x), p)
    radius, circle = max(margin, 0.0) / constant, _circle(p)
    ball, sure = x + eps * circle, x + radius * circle
    return {
        "margin": margin,
        "constant": constant,
        "promised": margin - constant * eps,
        "worst": float(scene.score(worst)),
        "step": float(scene.score(step)),
        "radius": radius,
        "distance": distance if margin > 0 else 0.0,
        "x": x[0],
        "y": x[1],
        "wx": worst[0],
        "wy": worst[1],
        "sx": step[0],
        "sy": step[1],
        "ballx": ball[:, 0],
        "bally": ball[:, 1],
        "surex": sure[:, 0],
        "surey": sure[:, 1],
        "zerox": _gaps(scene.drawn[..., 0]),
        "zeroy": _gaps(scene.drawn[..., 1]),
        "heights": scene.heights,
    }


def _worst(scene: Scene, x: Array, p: float, eps: float, nearest: Array) -> Array:
    """The point of the ball with the least score.

    On a facet the score is affine: its minimum over facet and ball is at an end of an edge cut by
    the ball, or where the ball reaches furthest against the gradient. All candidates are in the
    ball, so the least of them is the answer.
    """
    reach = np.array([x - eps * dual_vector(g, p) for g in scene.gradients])
    points = np.concatenate([x[None], reach, _cut(scene.edges, nearest, x, p, eps)])
    return np.asarray(points[np.argmin(scene.score(points))])


def _cut(edges: Array, nearest: Array, x: Array, p: float, eps: float) -> Array:
    """The ends of the parts of edges that lie in the ball; ``nearest`` is on each edge."""
    met = vector_norm(_at(edges, nearest) - x, p) <= eps
    both = np.concatenate([edges[met], edges[met][:, ::-1]])
    kept, beyond = np.concatenate([nearest[met], 1 - nearest[met]]), np.ones(len(both))
    for _ in range(_HALVINGS):
        middle = (kept + beyond) / 2
        within = vector_norm(_at(both, middle) - x, p) <= eps
        kept, beyond = np.where(within, middle, kept), np.where(within, beyond, middle)
    return _at(both, kept)


@lru_cache(maxsize=64)
def _places(classifier: str, p: float, x: tuple[float, float]) -> tuple[Array, float]:
    """The nearest point of each edge, between 0 and 1, and the distance to the nearest zero."""
    scene, at = _scene(classifier), np.array(x)
    zero = _at(scene.zeros, _nearest(scene.zeros, at, p)) - at
    return _nearest(scene.edges, at, p), float(vector_norm(zero, p).min())


def _nearest(edges: Array, x: Array, p: float) -> Array:
    """Where on each edge, between 0 and 1, the distance to x is least: it is convex there."""
    low, high = np.zeros(len(edges)), np.ones(len(edges))
    for _ in range(2 * _HALVINGS):
        left, right = (2 * low + high) / 3, (low + 2 * high) / 3
        falls = vector_norm(_at(edges, left) - x, p) > vector_norm(_at(edges, right) - x, p)
        low, high = np.where(falls, left, low), np.where(falls, high, right)
    return np.asarray((low + high) / 2)


def _at(edges: Array, t: Array) -> Array:
    return np.asarray(edges[:, 0] + t[:, None] * (edges[:, 1] - edges[:, 0]))


def _circle(p: float) -> Array:
    """The unit sphere of the plane, closed."""
    turns = np.linspace(0, 2 * np.pi, 33 if p == 2 else 9)
    round_ = np.stack([np.cos(turns), np.sin(turns)], axis=1)
    return np.asarray(round_ / vector_norm(round_, p)[:, None])


def _gaps(ends: Array) -> Array:
    """Segments ``(m, 2)`` one after the other, with NaN between them."""
    return np.asarray(np.column_stack([ends, np.full(len(ends), np.nan)]).ravel())


@lru_cache(maxsize=2)
def _scene(classifier: str) -> Scene:
    score = score_of(classifier)
    facets = lipschitz.linear_regions(score, PLANE)
    edges = [np.stack([f.vertices, np.roll(f.vertices, -1, axis=0)], axis=1) for f in facets]
    low, high = WINDOW
    ticks = np.linspace(low[0], high[0], 55), np.linspace(low[1], high[1], 40)
    square = np.stack(np.meshgrid(*ticks), axis=-1)
    return Scene(
        score,
        np.array([f.gradient for f in facets]),
        np.concatenate(edges),
        _zeros(score, facets),
        _zeros(score, lipschitz.linear_regions(score, WINDOW)),
        np.reshape(score(square.reshape(-1, 2)), square.shape[:2]),
    )


def _zeros(score: ReluNetwork, facets: list[lipschitz.LinearRegion]) -> Array:
    """The segments ``(m, 2, 2)`` on which the score is 0."""
    found = [_zero(score, facet.vertices) for facet in facets]
    return np.array([segment for segment in found if segment is not None])


def _zero(score: ReluNetwork, vertices: Array) -> Array | None:
    """The segment of a facet on which the score is 0, if there is one."""
    after = np.roll(vertices, -1, axis=0)
    a, b = score(vertices), score(after)
    crossing = (a > 0) != (b > 0)
    if crossing.sum() != 2:
        return None
    t = (a / np.where(crossing, a - b, 1.0))[crossing, None]
    return np.asarray(vertices[crossing] + t * (after - vertices)[crossing])


@lru_cache(maxsize=8)
def _constant(classifier: str, p: float) -> float:
    score = score_of(classifier)
    if score.depth:
        return lipschitz.exact_shallow(score, p).value
    return lipschitz.autolip(score, p).value  # one layer: the product is the constant


@lru_cache(maxsize=2)
def score_of(classifier: str) -> ReluNetwork:
    """The line, or the network of eight neurons."""
    if classifier == "line":
        return LINE
    from lipkit.training import fit, mlp

    model = mlp((2, 8, 1), rng=0)
    fit(model, moons(200, rng=0), epochs=100, batch_size=20, progress=False, rng=0)
    return ReluNetwork.from_torch(model)
