"""LipSDP: the best of the bounds that see of each neuron only its slope's range."""

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import Bound
from lipkit.lipschitz._barrier import solve_lipsdp
from lipkit.lipschitz._first_order import descend_deep, descend_shallow
from lipkit.lipschitz._multipliers import (
    balanced,
    certified_bound,
    constant_multipliers,
    from_units,
    restored,
    to_units,
)
from lipkit.lipschitz._question import Box, Question, ask, through_l2
from lipkit.norms import matrix_norm

_SOURCE = "Fazlyab et al. 2019; digest of random ReLU networks, sections 5.4 and 5.11"
_SOLVERS = ("auto", "newton", "descent")
_NEWTON = 400  # hidden neurons, some seconds; for one wide layer descent is as good sooner
_NEWTON_SHALLOW = 150


def lipsdp(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    solver: str = "auto",
    gap: float = 1e-7,
) -> Bound:
    r"""An upper bound, global: the least :math:`\sqrt\rho` for which :math:`P \succeq 0`.

    Increments of a ReLU satisfy :math:`\delta h (\delta z - \delta h) \ge 0`. One multiplier
    :math:`t_i > 0` a neuron adds these up; the best ones are a semidefinite program:

    .. math::
        P = \begin{pmatrix} \rho I & -W_0^T T_0 & & \\ \cdot & 2T_0 & -W_1^T T_1 & \\
        & \cdot & \ddots & \\ & & \cdot & 2T_{L-1} - W_L^T W_L \end{pmatrix} \succeq 0 .

    It is at most :func:`eclipse_fast`, and so at most the product of norms; biases do not enter.
    With multipliers that couple neurons the method would not be valid.

    Parameters
    ----------
    network
        Any depth, any number of outputs. Neurons that nothing feeds or nobody reads are left out.
    p, q
        Every pair, through l2: :math:`\|J\|_{p \to q}` is at most :math:`\|J\|_2` times
        :math:`d^{(1/2 - 1/p)_+}` and :math:`m^{(1/q - 1/2)_+}`, for d inputs and m outputs.
    box
        Changes only the domain that the answer speaks of.
    rng
        Not used.
    solver
        ``"newton"``: a barrier method, with a lower bound of what LipSDP can prove; seconds up to
        400 hidden neurons. ``"descent"``: L-BFGS, for wider networks, 0.01 to 0.5 % above the
        optimum. ``"auto"`` chooses by size.
    gap
        Newton's method stops at this relative gap between :math:`\rho` and its lower bound.

    Returns a certified ``Bound`` of kind upper, output norm per input norm. The value is not the
    solver's but recomputed from the multipliers, and :math:`P \succ 0` is proved by Cholesky with
    all rounding accounted for, that of P included. Details: the ``multipliers`` of each layer (0
    for neurons left out), the ``solver``, and from Newton's method ``optimum at least``, a lower
    bound of what LipSDP can reach in l2 (not of the Lipschitz constant). Raises ``ValueError`` for
    an unknown solver or a gap of 0.
    [Fazlyab et al. 2019; solver: digest of random ReLU networks, sections 5.4, 5.11 (3).]

    >>> from lipkit.networks import ReluNetwork
    >>> tiny = ReluNetwork([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, -2, 1, 0.5]]])
    >>> lipsdp(tiny).value.__round__(6), lipsdp(tiny).certified
    (2.971838, True)
    """
    question = ask(network, p, q, box)
    solver = _validate.one_of(solver, "solver", _SOLVERS)
    gap = _validate.positive(gap, "gap")
    net = question.network
    if net.depth == 0:
        size = matrix_norm(net.weights[0], 2, certified=True).value
        return _answer(question, size, True, {"multipliers": (), "solver": "none"})
    kept = living_neurons(net.weights)
    if not all(k.any() for k in kept):
        nothing = tuple(np.zeros(n) for n in net.widths)
        return _answer(question, 0.0, True, {"multipliers": nothing, "solver": "none"})
    return _solved(question, kept, solver, gap)


def living_neurons(weights: Sequence[Array]) -> list[Array]:
    """For each hidden layer, which neurons have a way in and a way out that is not all zeros."""
    kept = [np.ones(len(W), dtype=bool) for W in weights[:-1]]
    for _ in range(len(kept)):
        for k in range(len(kept)):
            before = kept[k - 1] if k else np.ones(weights[0].shape[1], dtype=bool)
            after = kept[k + 1] if k + 1 < len(kept) else np.ones(len(weights[-1]), dtype=bool)
            fed, read = weights[k][:, before].any(axis=1), weights[k + 1][after].any(axis=0)
            kept[k] = kept[k] & fed & read
    return kept


def _solved(question: Question, kept: list[Array], solver: str, gap: float) -> Bound:
    weights, power = balanced(_thinned(question.network.weights, kept))
    solver = _choose(weights) if solver == "auto" else solver
    T, details = _multipliers(weights, solver, gap)
    value, certified = certified_bound(weights, T)
    if not math.isfinite(value):
        T = constant_multipliers(weights)
        value, certified = certified_bound(weights, T)
    details["multipliers"] = tuple(_spread(T, kept, power))
    if "optimum at least" in details:
        details["optimum at least"] = restored(details["optimum at least"], power)
    return _answer(question, restored(value, power), certified, details)


def _multipliers(
    weights: list[Array], solver: str, gap: float
) -> tuple[list[Array], dict[str, Any]]:
    if solver == "newton":
        solution = solve_lipsdp(weights, gap)
        details = {"solver": solver, "steps": solution.steps, "optimum at least": solution.lower}
        return solution.T, details
    units, sizes = to_units(weights)
    scalar = _is_scalar_shallow(weights)
    T = descend_shallow(units[0], units[1][0]) if scalar else descend_deep(units)
    return from_units(T, sizes), {"solver": solver}


def _choose(weights: list[Array]) -> str:
    most = _NEWTON_SHALLOW if _is_scalar_shallow(weights) else _NEWTON
    return "newton" if sum(len(W) for W in weights[:-1]) <= most else "descent"


def _is_scalar_shallow(weights: Sequence[Array]) -> bool:
    return len(weights) == 2 and len(weights[1]) == 1


def _thinned(weights: Sequence[Array], kept: list[Array]) -> list[Array]:
    ins = [np.ones(weights[0].shape[1], dtype=bool), *kept]
    outs = [*kept, np.ones(len(weights[-1]), dtype=bool)]
    return [W[np.ix_(o, i)] for W, o, i in zip(weights, outs, ins, strict=True)]


def _spread(T: list[Array], kept: list[Array], power: list[int]) -> list[Array]:
    """The multipliers of the network as it came, 0 for neurons left out."""
    full = [np.zeros(len(k)) for k in kept]
    for layer, (t, k) in enumerate(zip(T, kept, strict=True)):
        full[layer][k] = np.ldexp(t, 2 * sum(power[layer + 1 :]))
    return full


def _answer(question: Question, value: float, certified: bool, details: dict[str, Any]) -> Bound:
    value = through_l2(question, value)
    return question.answer(
        value, "upper", method="lipsdp", source=_SOURCE, certified=certified, details=details
    )
