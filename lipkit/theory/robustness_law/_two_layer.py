"""Two-layer ReLU networks: what fitting costs in weights, and when it costs slope."""

import math

from numpy.typing import ArrayLike

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound import Bound
from lipkit.theory._border import probability
from lipkit.theory.rademacher import relu_neuron_sup
from lipkit.theory.robustness_law._answer import lower, ratio
from lipkit.theory.robustness_law._data import both_signs, in_ball, signed

PATH_NORM = "path norm of a two-layer ReLU network that fits"


def path_norm_lower_bound(
    X: ArrayLike, y: ArrayLike, gamma: float = 1.0, method: str = "auto"
) -> Bound:
    r"""Capacity: every bias-free two-layer ReLU network with average margin gamma has

    .. math:: \sum_\ell |a_\ell| \|w_\ell\|_2 \ge \gamma n / \nu(y), \qquad
              \nu(y) = \sup_{\|w\|_2 \le 1} \Big| \sum_i y_i \mathrm{ReLU}(w \cdot x_i) \Big|

    It bounds weights, not the slope. ``X`` is ``(n, d)``, ``y`` ``(n,)`` in {-1, +1}. ``method`` is
    that of :func:`~lipkit.theory.rademacher.relu_neuron_sup`: ``"arc"`` or ``"enumerate"`` (exact
    :math:`\nu`), ``"bound"`` (an upper bound of :math:`\nu`, so a weaker law), or ``"auto"``, the
    best of them that is possible. A search would under-estimate :math:`\nu` and over-state the law:
    ``"ascent"`` raises ``ValueError``. Kind: lower; ``inf`` if :math:`\nu = 0`.
    [Derived, digest of the laws of robustness, 2.2.]

    >>> from lipkit.data import four_points
    >>> round(path_norm_lower_bound(*four_points()).value, 12)
    4.0
    """
    X, y = signed(X, y)
    gamma = _validate.positive(gamma, "gamma")
    nu = _neuron(X, y, method)
    return Bound(
        ratio(gamma * len(y), nu.value),
        "lower",
        quantity=f"{PATH_NORM} the data",
        method=f"one neuron, {nu.method}",
        source="digest of the laws of robustness, 2.2",
        details={"nu": nu},
    )


def path_norm_law(n: int, gamma: float = 1.0, R: float = 1.0, delta: float | None = None) -> Bound:
    r"""The same for any n points of length at most R and fair labels.

    .. math:: \sum_\ell |a_\ell| \|w_\ell\|_2 \ge \frac{\gamma\sqrt n}{2R} \text{ for some labels},
              \qquad \ge \frac{\gamma \sqrt n}{R(2 + \sqrt{2 \log(1/\delta)})}
              \text{ with probability } \ge 1 - \delta

    The second form is used if ``delta`` is given. Kind: lower. Raises ``ValueError`` for n below 1,
    gamma or R not positive, or delta outside (0, 1).
    [Derived, digest of the laws of robustness, 2.2.]

    >>> path_norm_law(100).quantity, path_norm_law(100).value
    ('path norm of a two-layer ReLU network that fits the hardest labels', 5.0)
    """
    size = _validate.positive(gamma, "gamma") * math.sqrt(_validate.count(n, "n"))
    size /= _validate.positive(R, "R")
    spread = 0.0 if delta is None else math.sqrt(2 * math.log(1 / probability(delta)))
    labels = "the hardest labels" if delta is None else f"fair labels (probability {1 - delta:g})"
    return Bound(
        size / (2 + spread),
        "lower",
        quantity=f"{PATH_NORM} {labels}",
        method="contraction",
        source="digest of the laws of robustness, 2.2",
        details={} if delta is None else {"probability": 1 - delta},
    )


def whole_class_law(
    X: ArrayLike, y: ArrayLike, k: int, A: float, B: float, method: str = "auto"
) -> Bound:
    r"""The tempting law of a *whole* weight-bounded class. It never says more than 1.

    .. math:: \mathrm{Lip}(f) \ge \frac{n}{AB\sqrt k\, \nu(y)}, \qquad
              \|a\|_2 \le A,\ \|w_\ell\|_2 \le B

    for every exact fit. True, and vacuous: where the value exceeds 1, no member of the class fits
    (``details["can_fit"]`` is False), and 1 is what any fit of both labels in the unit ball pays.
    ``X`` is ``(n, d)`` in the unit ball, ``y`` ``(n,)`` with both labels; ``method`` as in
    :func:`path_norm_lower_bound`. ``can_fit`` True is necessary for a fit, not sufficient.
    Kind: lower. Raises ``ValueError`` for one label only, points outside the unit ball, A or B not
    positive, k below 1, or ``method="ascent"``.
    [Derived, digest of the laws of robustness, 1.3, 1.4 and 2.3: our reconstruction of what a
    withdrawn preprint announced, of which the abstract was read.]

    >>> from lipkit.data import four_points
    >>> law = whole_class_law(*four_points(), k=4, A=1.0, B=1.0)
    >>> round(law.value, 6), law.details["can_fit"]
    (2.0, False)
    """
    X, y = signed(X, y)
    X, y = in_ball(X), both_signs(y)
    nu = _neuron(X, y, method)
    budget = _validate.positive(A, "A") * _validate.positive(B, "B")
    reach = budget * math.sqrt(_validate.count(k, "k")) * nu.value
    return lower(
        ratio(len(y), reach),
        of="two-layer network with bounded weights",
        domain="unit ball",
        method="whole class",
        source="2.3",
        can_fit=bool(reach >= len(y) * (1 - 1e-12)),
        nu=nu,
    )


def _neuron(X: Array, y: Array, method: str) -> Bound:
    if method == "ascent":
        raise ValueError(
            "method: got 'ascent', which under-estimates the supremum and over-states the law, "
            "expected 'auto', 'arc', 'enumerate' or 'bound'"
        )
    nu = relu_neuron_sup(X, y, method)
    return relu_neuron_sup(X, y, "bound") if nu.kind == "lower" else nu
