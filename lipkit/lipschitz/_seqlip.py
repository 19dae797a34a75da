"""SeqLip: the product bound with each layer's gates put between its two singular bases."""

import math
from collections.abc import Iterator, Sequence
from typing import Any

import numpy as np

from lipkit import _validate
from lipkit._validate import Array, Seed
from lipkit.bound import Bound, Kind
from lipkit.lipschitz._multipliers import balanced, restored
from lipkit.lipschitz._question import Box, Question, ask, in_l2
from lipkit.lipschitz._subsets import climbing_subset_norm, largest_subset_norm

_SOURCE = "Virmaux and Scaman 2018; digest of random ReLU networks, section 5.5"


def seqlip(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    branches: int = 50_000,
) -> Bound:
    r"""An upper bound, global, in l2: each hidden layer at its worst gates, the layers multiplied.

    With :math:`W_\ell = U_\ell \Sigma_\ell V_\ell^T`,

    .. math::
        \prod_{\ell < L} \max_{\sigma \in \{0,1\}^{N_\ell}}
        \| \tilde\Sigma_{\ell+1} V_{\ell+1}^T D_\sigma U_\ell \tilde\Sigma_\ell \|_2 ,

    :math:`\tilde\Sigma` being :math:`\Sigma` for the first and the last layer and
    :math:`\Sigma^{1/2}` between. For one hidden layer that is the norm at the worst of all gate
    patterns, whether or not a point of space has it.

    Parameters
    ----------
    network
        Any depth, any number of outputs. The worst gates are found by branching, with bounds from
        the multipliers of :func:`lipsdp`: in a second for some fifty neurons a layer.
    p, q
        p = 2, and q = 2 unless there is one output.
    box
        Changes only the domain that the answer speaks of.
    rng
        Not used.
    branches
        Of the search for each layer's gates. If they do not suffice, the largest bound left takes
        the place of the maximum, and the answer is still an upper bound.

    Returns a ``Bound`` of kind upper, output norm per input norm; details: the ``factors``, and
    whether each is the ``maximum``. It is the Lipschitz constant itself for one hidden layer
    without biases and a readout without negative weights. Raises ``ValueError`` for other norms.
    [Virmaux and Scaman 2018; digest of random ReLU networks, section 5.5.]

    >>> from lipkit.networks import sample_random_relu
    >>> seqlip(sample_random_relu(2, 16, 1, rng=0)).value.__round__(10)
    2.5487420965
    """
    question = in_l2(ask(network, p, q, box), "seqlip")
    branches = _validate.count(branches, "branches")
    weights, power = balanced(question.network.weights)
    found = [largest_subset_norm(A, B, branches) for A, B in _factors(weights)]
    details = {
        "factors": [value for value, _ in found],
        "maximum": [looked <= branches for _, looked in found],
    }
    return _product(question, "upper", "seqlip", details, power)


def seqlip_greedy(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
) -> Bound:
    r"""An *estimate* in l2: :func:`seqlip` with each layer's gates found by climbing.

    From 16 random starts, gates and singular vectors take turns:
    :math:`\sigma_i = \mathbb 1[(A^T u)_i (B v)_i \ge 0]`. Each turn raises the norm, so the value
    is a lower answer to an upper bound, and says nothing sure about the Lipschitz constant.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        p = 2, and q = 2 unless there is one output.
    box
        Changes only the domain that the answer speaks of.
    rng
        Seed or Generator of the starts.

    Returns a ``Bound`` of kind estimate. Raises ``ValueError`` for other norms.
    [Virmaux and Scaman 2018; digest of random ReLU networks, sections 5.5 and 6.6.]

    >>> from lipkit.networks import sample_random_relu
    >>> seqlip_greedy(sample_random_relu(2, 16, 1, rng=0), rng=0).kind
    'estimate'
    """
    question = in_l2(ask(network, p, q, box), "seqlip_greedy")
    draws = _validate.generator(rng)
    weights, power = balanced(question.network.weights)
    factors = [climbing_subset_norm(A, B, draws) for A, B in _factors(weights)]
    return _product(question, "estimate", "seqlip_greedy", {"factors": factors}, power)


def _factors(weights: Sequence[Array]) -> Iterator[tuple[Array, Array]]:
    """What stands left and right of each layer's gates; a linear map is one gate and its norm."""
    if len(weights) == 1:
        yield np.full((1, 1), np.linalg.norm(weights[0], 2)), np.ones((1, 1))
        return
    right = weights[0]
    for W in weights[1:-1]:
        U, s, Vt = np.linalg.svd(W, full_matrices=False)
        yield np.sqrt(s)[:, None] * Vt, right
        right = U * np.sqrt(s)
    yield weights[-1], right


def _product(
    question: Question, kind: Kind, method: str, details: dict[str, Any], power: list[int]
) -> Bound:
    """The product; ``power`` is what the layers were divided by, of which the first gets all."""
    details["factors"][0] = restored(details["factors"][0], power)
    value = math.prod(details["factors"])
    return question.answer(value, kind, method=method, source=_SOURCE, details=details)
