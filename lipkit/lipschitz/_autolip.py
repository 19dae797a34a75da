"""The product bound: one norm a layer, multiplied."""

from dataclasses import replace
from typing import Any

from lipkit._validate import Seed
from lipkit.bound import Bound, compose
from lipkit.lipschitz._pair import upper_pair_norm
from lipkit.lipschitz._question import Box, ask
from lipkit.norms import matrix_norm

_SOURCE = "Virmaux and Scaman 2018; standard"


def autolip(
    network: Any,
    p: float = 2,
    *,
    q: float | None = None,
    box: Box | None = None,
    rng: Seed = 0,
    certified: bool = False,
) -> Bound:
    r"""An upper bound, global: :math:`\|W_L\|_{p \to q} \prod_{\ell<L} \|W_\ell\|_{p \to p}`.

    Parameters
    ----------
    network
        A ``ReluNetwork``, a ``TwoLayerNetwork`` with relu, or a torch ``Sequential``.
    p, q
        Input and output norm in [1, inf]; ``q=None`` means q = p. For one output the last factor is
        the dual norm :math:`\|W_L\|_{p'}`, whatever q. Hidden layers with p outside {1, 2, inf}
        enter by their Riesz-Thorin bound. A last layer ``(m, n)`` whose pair has no closed form
        enters by the smaller of :math:`\|W_L\|_{p \to p}\, m^{(1/q - 1/p)_+}` and
        :math:`\|W_L\|_{q \to q}\, n^{(1/q - 1/p)_+}`.
    box
        Changes only the domain that the answer speaks of: the number stays the global one, which
        holds on every part of space.
    rng
        Not used.
    certified
        True bounds every layer's norm from above in real arithmetic and rounds the products up.

    Returns a ``Bound`` of kind upper, output norm per input norm, with the factors in its details.
    Raises ``ValueError`` or ``TypeError`` for a wrong network, p, q or box.
    [Virmaux and Scaman 2018; digest of random ReLU networks, section 5.1.]

    >>> from lipkit.networks import ReluNetwork
    >>> autolip(ReluNetwork([[[1, 0], [0, 1], [1, 1], [1, -1]], [[1, -2, 1, 0.5]]]), 1)
    Lipschitz constant of a network ≤ 6  (ℓ1→ℓ1, global, autolip)
    """
    question = ask(network, p, q, box)
    *hidden, last = question.network.weights
    factors = [matrix_norm(W, question.p, certified=certified) for W in hidden]
    factors.append(upper_pair_norm(last, question.p, question.q, certified))
    product = compose(*factors)
    domain: Any = "global" if question.box is None else question.box
    return replace(product, method="autolip", source=_SOURCE, domain=domain)
