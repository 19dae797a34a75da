"""ECLipsE-Fast: LipSDP with one multiplier a layer, set by a formula and not optimised."""

from collections.abc import Sequence
from typing import Any

import numpy as np
from scipy.linalg import solve_triangular

from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._multipliers import balanced, certified_bound, restored
from lipkit.lipschitz._question import Box, Question, ask, through_l2
from lipkit.norms import pair_norm

_SOURCE = "Xu and Sivaranjani 2024; digest of random ReLU networks, section 5.6"


def eclipse_fast(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    certified: bool = False,
) -> Bound:
    r"""An upper bound, global: :math:`\sqrt{\lambda_{max}(W_L X_L^{-1} W_L^T)}`.

    From :math:`X_0 = I`, layer by layer, with :math:`S_\ell = W_\ell X_\ell^{-1} W_\ell^T` and
    :math:`\lambda_\ell = 1 / \|S_\ell\|_2`,

    .. math:: X_{\ell+1} = 2 \lambda_\ell I - \lambda_\ell^2 S_\ell .

    Milliseconds for some hundred neurons a layer. Never above the product of norms, never below
    :func:`lipsdp`, of which :math:`T_\ell = \rho \lambda_\ell I` are possible multipliers.

    Parameters
    ----------
    network
        Any depth, any number of outputs.
    p, q
        Every pair, through l2, as for :func:`lipsdp`.
    box
        Changes only the domain that the answer speaks of.
    rng
        Not used.
    certified
        True proves the bound as :func:`lipsdp` does, by a Cholesky of the whole network.

    Returns a ``Bound`` of kind upper, output norm per input norm; details: the ``multipliers``, one
    a layer. A layer of zeros gives 0. Raises ``ValueError`` for a wrong p, q or box.
    [Xu and Sivaranjani 2024; digest of random ReLU networks, section 5.6.]

    >>> from lipkit.networks import ReluNetwork
    >>> tiny = ReluNetwork([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, -2, 1, 0.5]]])
    >>> eclipse_fast(tiny).value.__round__(10)
    3.6912057651
    """
    question = ask(network, p, q, box)
    if not all(W.any() for W in question.network.weights):
        return _answer(question, 0.0, certified, [0.0] * question.network.depth)
    weights, power = balanced(question.network.weights)
    value, multipliers = _recursion(weights)
    proved = False
    if certified:
        T = [np.full(len(W), t) for W, t in zip(weights[:-1], multipliers, strict=True)]
        value, proved = certified_bound(weights, T)
    scales = [2 * sum(power[layer + 1 :]) for layer in range(len(multipliers))]
    multipliers = [float(np.ldexp(t, s)) for t, s in zip(multipliers, scales, strict=True)]
    return _answer(question, restored(value, power), proved, multipliers)


def _answer(question: Question, value: float, certified: bool, multipliers: list[float]) -> Bound:
    return question.answer(
        through_l2(question, value),
        "upper",
        method="eclipse_fast",
        source=_SOURCE,
        certified=certified,
        details={"multipliers": multipliers},
    )


def _recursion(weights: Sequence[Array]) -> tuple[float, list[float]]:
    X: Array | None = None
    chosen: list[float] = []
    for layer, W in enumerate(weights):
        B = W if X is None else solve_triangular(np.linalg.cholesky(X), W.T, lower=True).T
        largest = float(pair_norm(B, 2, 2)) ** 2
        if layer < len(weights) - 1:
            chosen.append(1 / largest)
            X = 2 * chosen[-1] * np.eye(len(W)) - chosen[-1] ** 2 * (B @ B.T)
    return float(np.sqrt(largest)), [largest * t for t in chosen]
