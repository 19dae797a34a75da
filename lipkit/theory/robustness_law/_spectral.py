"""The spectral proxy: an upper answer that a law bounds from below, which says nothing of Lip."""

import math

import numpy as np
from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit.bound import NETWORK, Bound

PROXY = "spectral proxy of a two-layer network that fits the hardest labels"


def spectral_proxy(W: ArrayLike, a: ArrayLike, lip: float = 1.0) -> Bound:
    r"""The product bound of a two-layer network, :math:`\mathrm{Lip}(f) \le L\|a\|_2\|W\|_{op}`.

    ``W`` is ``(k, d)``, ``a`` ``(k,)``, ``lip`` the activation's constant L. Kind: upper, global.
    Cancellation between neurons makes it as loose as you like. Raises ``ValueError`` for shapes
    that do not fit or ``lip`` not positive. [Standard; digest of the laws of robustness, 5.5.]

    >>> spectral_proxy([[1.0], [1.0]], [1.0, -1.0])  # the network is 0
    Lipschitz constant of a network ≤ 2  (ℓ2→ℓ2, global, spectral proxy)
    """
    W, a = _validate.real_array(W, "W", 2), _validate.real_array(a, "a", 1)
    if W.size == 0 or a.shape != W.shape[:1]:
        raise ValueError(f"a: got shape {a.shape} for W of shape {W.shape}, expected one a row")
    size = float(np.linalg.norm(a) * np.linalg.norm(W, ord=2))
    return Bound(
        _validate.positive(lip, "lip") * size,
        "upper",
        quantity=NETWORK,
        method="spectral proxy",
        source="digest of the laws of robustness, 5.5",
    )


def spectral_proxy_bound(n: int, k: int) -> Bound:
    r"""The proxy of a fit with k neurons is at least :math:`\sqrt{n/k}`, with positive probability.

    For generic data and networks without biases: :math:`L\|a\|_2\|W\|_{op} \ge \sqrt{n/k}`. A lower
    bound of an *upper* bound: it is no bound of the Lipschitz constant, and its quantity says so.
    Kind: lower. Raises ``ValueError`` for n or k below 1.
    [Bubeck, Li and Nagaraj 2021, Thm 5, statement read.]

    >>> spectral_proxy_bound(100, 4).value
    5.0
    """
    n, k = _validate.count(n, "n"), _validate.count(k, "k")
    return Bound(
        math.sqrt(n / k),
        "lower",
        quantity=PROXY,
        method="capacity",
        source="Bubeck, Li and Nagaraj 2021, Thm 5",
        details={"holds": "with positive probability over generic data"},
    )
