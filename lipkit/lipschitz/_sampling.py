"""The steepest of many places looked at, chosen without looking for steepness."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._kinks import steepest_clear
from lipkit.lipschitz._points import random_pairs, random_points
from lipkit.lipschitz._question import Box, Question, ask
from lipkit.networks import ReluNetwork

_SOURCE = "standard; digest of random ReLU networks, fact 1.1"
_ROUNDING = 2e-15  # 18 times the unit roundoff: what a sum may err by, beside its terms


def sampling(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    n: int = 2000,
    slopes: str = "gradients",
    points: ArrayLike | None = None,
) -> Bound:
    r"""A lower bound: the largest :math:`\|J\|_{p \to q}` seen, or quotient of a pair of points.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. For one output
        :math:`\|J\| = \|\nabla f\|_{p'}`, whatever q.
    box
        ``(lower, upper)``: points uniform in the box, and the answer speaks of the box. Otherwise
        Gaussian directions, at radii from well below to well above those of the kinks.
    rng
        Seed or Generator.
    n
        How many points, or pairs.
    slopes
        ``"gradients"``: formal gradients at points clear of every kink; the witness is the point.
        ``"quotients"``: :math:`\|f(x) - f(y)\|_q / \|x - y\|_p`, less its rounding, for pairs half
        of which are far apart and half close; the witness is the pair.
    points
        ``(m, d)``: your own points, such as the data, in place of random ones; quotients are then
        taken over all pairs, or over n random pairs if there are more. The answer is still a lower
        one of the constant over the whole domain, not the constant on the data.

    Returns a ``Bound`` of kind lower, output norm per input norm. Raises ``ValueError`` for an
    unknown ``slopes``, for points outside the box, and, for gradients of several outputs, for a
    norm pair without a closed form (quotients take any pair).
    [Standard; digest of random ReLU networks, fact 1.1.]

    >>> from lipkit.networks import sample_random_relu
    >>> f = sample_random_relu(2, 16, 1, rng=0)
    >>> sampling(f, n=500).value.__round__(6), sampling(f, n=500, slopes="quotients") < 2.2627
    (2.262704, True)
    """
    question = ask(network, p, q, box)
    _validate.one_of(slopes, "slopes", ("gradients", "quotients"))
    n = _validate.count(n, "n")
    draws = _validate.generator(rng)
    given = None if points is None else _own_points(points, question)
    if slopes == "gradients":
        X = random_points(question, n, draws) if given is None else given
        value, witness, passed = steepest_clear(question, X, question.slopes_at(X))
        details = {"points": len(X), "passed over at kinks": passed}
        return _lower(question, value, witness, details)
    X, Y = random_pairs(question, n, draws) if given is None else _own_pairs(given, n, draws)
    quotients = _quotients(question, X, Y)
    if not quotients.any():
        return _lower(question, 0.0, None, {"pairs": len(X)})
    best = int(np.argmax(quotients))
    pair = (X[best].copy(), Y[best].copy())
    return _lower(question, float(quotients[best]), pair, {"pairs": len(X)})


def _lower(question: Question, value: float, witness: Any, details: dict[str, int]) -> Bound:
    return question.answer(
        value, "lower", method="sampling", source=_SOURCE, witness=witness, details=details
    )


def _own_points(points: ArrayLike, question: Question) -> Array:
    X, _ = _validate.points(points, question.network.input_dim, "points")
    if len(X) == 0:
        raise ValueError("points: got none, expected at least one row")
    if question.box is not None:
        lower, upper = question.box
        outside = int(((lower > X) | (upper < X)).any(axis=1).sum())
        if outside:
            raise ValueError(
                f"points: got {outside} of {len(X)} outside the box, expected all inside; "
                "drop them or leave box out"
            )
    return X


def _own_pairs(points: Array, n: int, rng: np.random.Generator) -> tuple[Array, Array]:
    m = len(points)
    if m < 2:
        raise ValueError("points: got one, expected at least two to take quotients of")
    if m * (m - 1) // 2 <= n:
        i, j = np.triu_indices(m, 1)
    else:
        i = rng.integers(m, size=n)
        j = (i + rng.integers(1, m, size=n)) % m
    return points[i], points[j]


def _quotients(question: Question, X: Array, Y: Array) -> Array:
    """Of each pair, less what rounding may have added; 0 where the two points are one."""
    (fx, err_x), (fy, err_y) = (_outputs(question.network, points) for points in (X, Y))
    rises = np.linalg.norm(fx - fy, ord=question.q, axis=1)
    rises -= np.linalg.norm(err_x + err_y, ord=question.q, axis=1)
    runs = np.linalg.norm(X - Y, ord=question.p, axis=1)
    quotients = np.divide(rises, runs, out=np.zeros_like(rises), where=runs > 0)
    return np.asarray(np.maximum(quotients, 0.0))


def _outputs(network: ReluNetwork, X: Array) -> tuple[Array, Array]:
    """The outputs ``(n, n_out)`` up to the last bias, and a size for their rounding errors."""
    biases = (*network.biases[:-1], np.zeros(network.output_dim))
    z, error = X, np.zeros_like(X)
    for layer, (W, b) in enumerate(zip(network.weights, biases, strict=True)):
        hidden = np.maximum(z, 0.0) if layer else z
        error = np.where(z < -error, 0.0, error) if layer else error
        terms = np.abs(hidden) @ np.abs(W).T + np.abs(b)
        z, error = hidden @ W.T + b, error @ np.abs(W).T + _ROUNDING * terms
    return z, error
