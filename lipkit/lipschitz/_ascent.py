"""Look for the steepest point: climb through gates that open gradually and sharpen on the way."""

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz import _annealed
from lipkit.lipschitz._kinks import steepest_clear
from lipkit.lipschitz._points import kink_radii, random_points
from lipkit.lipschitz._question import Box, Question, ask
from lipkit.lipschitz._starts import Starts, choose_starts, starts_at
from lipkit.lipschitz._walk import walk
from lipkit.norms import dual_exponent, dual_vector

_SOURCE = "derived; digest of random ReLU networks, section 5.9"
_RATE = 0.05  # Adam's step, in units of the region looked at
_SOFT, _SHARP = 2.0, 20.0  # the gates' first and last sharpness
_LOOK_EVERY = 5  # steps between two looks at the true gradient
_WALKING_TIME = 5e8  # multiplications, some tenths of a second
_KEPT = 8  # points of a walk that are remembered
_SAME = 1e-9  # slopes this close come from one linear piece
_FAR = 10.0 ** np.arange(9)  # how far out, beside the farthest kinks


def ascent(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    starts: int = 16,
    steps: int = 150,
    walks: int = 4,
    n: int = 2000,
) -> Bound:
    r"""A lower bound: :math:`\|J(x)\|_{p \to q}` at a point x found by annealed gradient ascent.

    The steepest of n random points start trajectories on which the steps
    :math:`\mathbb 1[z > 0]` in :math:`J = W_L D_{L-1} \cdots D_0 W_0` are replaced by
    :math:`\mathrm{sigmoid}(\beta z / s)`, :math:`\beta` growing from 2 to 20, and Adam climbs
    :math:`c^T J(x)\, u` with u and c the vectors that attain the norm. Every five steps the true
    gradient is looked at. From the steepest points found, walks go straight on uphill and look at
    every linear piece on their way.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. For p = 1 each trajectory works
        on its own input coordinate; for q = inf and several outputs, on its own output.
    box
        ``(lower, upper)``: stay inside, and the answer speaks of the box. Without one and without
        biases the points stay on the sphere of radius :math:`\sqrt d`; with biases half of the
        trajectories look at the network without them, which is what the network is far out, and
        the points found are moved out until the gates are those.
    rng
        Seed or Generator. With the same one and the same n the answer is never below that of
        :func:`sampling`.
    starts, steps, n
        Trajectories, Adam steps on each, and random points to choose the starts from.
    walks
        Rounds of walks from the best half as many points as there are trajectories; 0 for none.

    Returns a ``Bound`` of kind lower, output norm per input norm: the value is recomputed at the
    witness from the network itself. Raises ``ValueError`` for sizes below 1, and for several
    outputs in a norm pair without a closed form.
    [Derived, digest of random ReLU networks, section 5.9.]

    >>> from lipkit.networks import sample_random_relu
    >>> ascent(sample_random_relu(2, 16, 1, rng=0)).value.__round__(10)
    2.2627035173
    """
    question = ask(network, p, q, box)
    starts, n = _validate.count(starts, "starts"), _validate.count(n, "n")
    steps, walks = _validate.count(steps, "steps", 0), _validate.count(walks, "walks", 0)
    X = random_points(question, n, _validate.generator(rng))
    looks = _joined([*_searches(question, X, _Effort(starts, steps, walks))])
    value, witness, passed = steepest_clear(question, looks.points, looks.slopes)
    details = {"points": len(looks.points), "passed over at kinks": passed}
    return question.answer(
        value, "lower", method="ascent", source=_SOURCE, witness=witness, details=details
    )


@dataclass(frozen=True)
class _Effort:
    starts: int
    steps: int
    walks: int


@dataclass(frozen=True)
class _Looks:
    """The true slopes ``(n,)`` at some points ``(n, d)``."""

    points: Array
    slopes: Array

    def steepest(self, m: int) -> "_Looks":
        """The ``m`` steepest, one of each slope."""
        order = np.argsort(-self.slopes, kind="stable")
        ranked = self.slopes[order]
        new = np.append(True, np.diff(ranked) < -_SAME * ranked[0])
        best = order[new][:m]
        return _Looks(self.points[best], self.slopes[best])


def _joined(looks: Sequence[_Looks]) -> _Looks:
    return _Looks(
        np.concatenate([look.points for look in looks]),
        np.concatenate([look.slopes for look in looks]),
    )


@dataclass(frozen=True)
class _Terrain:
    """Where a trajectory may go: the length of a step, the way back inside, the gates' scales."""

    unit: Array | float
    back_inside: Callable[[Array], Array]
    scales: list[Array] | None = None


def _searches(question: Question, X: Array, effort: _Effort) -> Iterator[_Looks]:
    net = question.network
    if question.box is None and not net.bias_free:
        half = replace(effort, starts=(effort.starts + 1) // 2)
        yield _far_out(question, X, half)
        effort = half
    yield _search(question, X, effort)


def _search(question: Question, X: Array, effort: _Effort) -> _Looks:
    begin, slopes = choose_starts(question, X, effort.starts)
    terrain = _terrain(question, X, begin.X)
    looks = [_Looks(X, slopes), _climb(question, begin, terrain, effort.steps)]
    best = _joined(looks).steepest((effort.starts + 1) // 2)
    looks += _walks(question, best, terrain, effort.walks)
    return _joined(looks)


def _far_out(question: Question, X: Array, effort: _Effort) -> _Looks:
    """The steepest points of the network without biases, moved out until biases matter no more."""
    free = replace(question, network=question.network.without_biases())
    directions = _to_sphere(X)
    best = _search(free, directions, effort).steepest(effort.starts).points
    distances = kink_radii(question.network, directions)[1] * _FAR
    moved = (best * distances[:, None, None]).reshape(-1, X.shape[1])
    return _Looks(moved, question.slopes_at(moved))


def _terrain(question: Question, X: Array, begin: Array) -> _Terrain:
    """The box; the sphere, without biases; or all of space, at the starts' own distances."""
    if question.box is not None:
        lower, upper = question.box
        spread = [z.std(axis=0) for z in question.network.preactivations(X[:256])]
        return _Terrain((upper - lower) / 2, lambda X: np.clip(X, lower, upper), spread)
    if question.network.bias_free:
        return _Terrain(1.0, _to_sphere)
    return _Terrain(np.sqrt(np.mean(begin**2, axis=1, keepdims=True)), lambda X: X)


def _to_sphere(X: Array) -> Array:
    length = np.linalg.norm(X, axis=1, keepdims=True)
    return np.asarray(X * (math.sqrt(X.shape[1]) / length))


def _uphill(
    question: Question, at: Starts, beta: float, scales: list[Array] | None
) -> tuple[Array, Array]:
    """The derivative of the annealed slope at the points ``at.X``, and the next covectors c."""
    net, c, u = question.network, at.c, at.u
    trace = _annealed.forward(net, at.X, beta, scales)
    if u is None:
        u = dual_vector(_annealed.pull_back(net, trace, c), question.p)
    image, entering = _annealed.push_forward(net, trace, u)
    G = _annealed.climb(net, trace, c, entering)
    return G, c if at.holds_c else dual_vector(image, dual_exponent(question.q))


def _climb(question: Question, begin: Starts, terrain: _Terrain, steps: int) -> _Looks:
    """All trajectories at once; the points where they were looked at."""
    at, adam = begin, _Adam(np.zeros_like(begin.X), np.zeros_like(begin.X))
    seen = [begin.X]
    for step in range(steps):
        G, c = _uphill(question, at, _sharpness(step / steps), terrain.scales)
        X = terrain.back_inside(at.X + _RATE * terrain.unit * adam(G, step + 1))
        at = replace(at, X=X, c=c)
        if step % _LOOK_EVERY == _LOOK_EVERY - 1 or step == steps - 1:
            seen.append(X)
    points = np.concatenate(seen)
    return _Looks(points, question.slopes_at(points))


def _walks(question: Question, best: _Looks, terrain: _Terrain, rounds: int) -> list[_Looks]:
    """From the best points uphill past every kink, on to the steepest piece, and again."""
    looks: list[_Looks] = []
    X = best.points
    pieces = _pieces_a_walk(question, rounds * len(X))
    for turn in range(rounds):
        beta = _sharpness(turn / max(1, rounds - 1))
        U, _ = _uphill(question, starts_at(question, X), beta, terrain.scales)
        ways = [_Looks(way, question.slopes_at(way)) for way in walk(question, X, U, pieces)]
        looks += [way.steepest(_KEPT) for way in ways]
        X = np.stack([look.points[0] for look in looks[-len(X) :]])
    return looks


def _pieces_a_walk(question: Question, walks: int) -> int:
    """As many as the time for all walks together allows; a piece costs some matrix products."""
    weights = sum(W.size for W in question.network.weights)
    cost = walks * weights * (2 + question.network.output_dim)
    return int(np.clip(_WALKING_TIME / max(1, cost), 16, 1000))


def _sharpness(share: float) -> float:
    return float(_SOFT * (_SHARP / _SOFT) ** share)


@dataclass
class _Adam:
    """Running means of the derivative and of its square; a call gives the step.

    [Kingma and Ba 2015.]
    """

    mean: Array
    square: Array

    def __call__(self, G: Array, step: int) -> Array:
        self.mean = 0.9 * self.mean + 0.1 * G
        self.square = 0.999 * self.square + 0.001 * G**2
        size = np.sqrt(self.square / (1 - 0.999**step))
        return np.asarray(self.mean / (1 - 0.9**step) / np.maximum(size, 1e-150))
