"""One ReLU neuron: how well it can follow given signs, and signs on average."""

from functools import partial

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import Bound, Kind
from lipkit.theory.rademacher._complexity import Complexity
from lipkit.theory.rademacher._linear import sample
from lipkit.theory.rademacher._neuron_bounds import ascent, norm_bounds
from lipkit.theory.rademacher._neuron_exact import Maximiser, arcs, patterns
from lipkit.theory.rademacher._patterns import MOST_PATTERNS, pattern_count
from lipkit.theory.rademacher._signs import Suprema, rademacher_mc, sign_vector

NEURON = "largest sum of one ReLU neuron"
METHODS = ("auto", "arc", "enumerate", "ascent", "bound")


def relu_neuron_sup(
    X: ArrayLike, s: ArrayLike, method: str = "auto", restarts: int = 20, *, rng: Seed = 0
) -> Bound:
    r"""How well one ReLU neuron can follow the signs s.

    .. math:: \nu(\sigma) = \sup_{\|w\|_2 \le 1} \Big| \sum_i \sigma_i \mathrm{ReLU}(w \cdot x_i)
              \Big|

    Parameters
    ----------
    X, s
        Shapes ``(n, d)`` and ``(n,)``; signs are -1 and +1.
    method
        ``"arc"`` (exact, d = 2), ``"enumerate"`` (exact, where there are at most 5000 activation
        patterns), ``"ascent"`` (lower: a search with ``restarts`` random starts), ``"bound"``
        (upper, *for these signs*: the smaller of :math:`\tfrac12 \|X^\top\sigma\|_2 + \tfrac12
        \sqrt n \|X\|_{op}` and :math:`\max_\pm \sqrt{n_\pm}\|X_\pm\|_{op}`), or ``"auto"``: exact
        where one of the two can be, otherwise the ascent.
    rng
        Seed or Generator of the ascent's starts.

    Returns a :class:`~lipkit.bound.Bound` of the kind named above, with the vector w as its
    witness. A lower answer over-states every law that divides by it.
    Raises ``ValueError`` for other labels, an unknown method, ``"arc"`` outside the plane or
    ``"enumerate"`` with too many patterns. [Derived, digest of the laws of robustness, 2.1 and
    4.3.]

    >>> from lipkit.data import four_points
    >>> relu_neuron_sup(*four_points())
    largest sum of one ReLU neuron = 1  (ℓ2→ℓ2, signs, arc)
    """
    X = sample(X)
    S = sign_vector(s, len(X))[None]
    method, kind = resolve_method(X, method)
    if method == "bound":
        return _answer(float(norm_bounds(X, S)[0]), kind, method, None)
    values, W = _maximiser(X, method, restarts, rng)(S)
    return _answer(float(values[0]), kind, method, W[0])


def neuron_rademacher(
    X: ArrayLike,
    n_draws: int = 1000,
    *,
    method: str = "auto",
    exact: bool = False,
    restarts: int = 20,
    rng: Seed = 0,
    delta: float = 0.05,
) -> Complexity:
    r"""One ReLU neuron with either sign: :math:`\rho_1 = \tfrac1n \mathbb E\,\nu(\sigma)`.

    ``X`` has shape ``(n, d)``. ``method`` as in :func:`relu_neuron_sup`, whose kind is handed on:
    with ``"ascent"`` the answer is lower, with ``"bound"`` upper. ``exact`` takes all sign vectors
    (n up to 16). Every two-layer class is a multiple of it: :func:`two_layer_rademacher`.
    Raises as :func:`relu_neuron_sup` and :func:`rademacher_mc`.
    [Derived, digest of the laws of robustness, 2.1.]

    >>> from lipkit.data import four_points
    >>> neuron_rademacher(four_points().X, exact=True)  # (1 + 7 sqrt 2) / 32
    0.340609 (exact, 16 draws)
    """
    X, draws = sample(X), _validate.generator(rng)
    method, kind = resolve_method(X, method)
    return rademacher_mc(
        _suprema(X, method, restarts, draws),
        len(X),
        n_draws,
        rng=draws,
        radius_sq=float((X**2).sum()),
        delta=delta,
        exact=exact,
        side=kind,
        vectorized=True,
    )


def neuron_rademacher_bounds(X: ArrayLike) -> tuple[Complexity, Complexity]:
    r"""Both sides of :func:`neuron_rademacher` by hand.

    .. math:: \frac{1}{2\sqrt2}\, u \le \rho_1 \le
              \min\Big(2u,\ \tfrac12 u + \tfrac{1}{2\sqrt n} \|X\|_{op}\Big), \qquad
              u = \frac1n \Big(\sum_i \|x_i\|_2^2\Big)^{1/2}

    Below: :math:`\psi(t) - \psi(-t) = t`, so a neuron follows half of what a linear map does.
    Above: contraction (Talagrand), or :math:`\psi(t) = (t + |t|)/2`. Returns a lower and an upper
    :class:`Complexity`. Raises ``ValueError`` for an empty X.
    [Derived, digest of the laws of robustness, 2.1.]

    >>> neuron_rademacher_bounds([[1.0, 0.0], [0.0, 1.0]])
    (0.25 (lower), 0.707107 (upper))
    """
    X = sample(X)
    n, linear = len(X), float(np.linalg.norm(X)) / len(X)
    split = linear / 2 + float(np.linalg.norm(X, ord=2)) / (2 * np.sqrt(n))
    return (
        Complexity(linear / np.sqrt(8), kind="lower"),
        Complexity(min(2 * linear, split), kind="upper"),
    )


def resolve_method(X: Array, method: str) -> tuple[str, Kind]:
    """The method that runs, and on which side its answers are."""
    method = _validate.one_of(method, "method", METHODS)
    d = X.shape[1]
    if method == "auto":
        few = pattern_count(len(X), min(X.shape)) <= MOST_PATTERNS
        method = "arc" if d == 2 else "enumerate" if few else "ascent"
    if method == "arc" and d != 2:
        raise ValueError(f"method: got 'arc' in {d} dimensions, expected 2; use 'enumerate'")
    sides: dict[str, Kind] = {"ascent": "lower", "bound": "upper"}
    return method, sides.get(method, "exact")


def _suprema(X: Array, method: str, restarts: int, rng: Seed) -> Suprema:
    if method == "bound":
        return partial(norm_bounds, X)
    maximise = _maximiser(X, method, restarts, rng)
    return lambda S: maximise(S)[0]


def _maximiser(X: Array, method: str, restarts: int, rng: Seed) -> Maximiser:
    if method == "arc":
        return arcs(X)
    if method == "enumerate":
        return patterns(X)
    return ascent(X, _validate.count(restarts, "restarts"), _validate.generator(rng))


def _answer(value: float, kind: Kind, method: str, witness: Array | None) -> Bound:
    return Bound(
        value,
        kind,
        quantity=NEURON,
        domain="signs",
        method=method,
        source="digest of the laws of robustness, 2.1 and 4.3",
        witness=witness,
    )
