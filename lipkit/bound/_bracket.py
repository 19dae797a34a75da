"""A lower and an upper answer about one quantity."""

import math
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import ROUND_CEILING, Decimal, localcontext

from lipkit.bound._bound import ROUNDING, Bound, html_table


@dataclass(frozen=True)
class Bracket:
    r"""A lower and an upper answer about one quantity: :math:`\ell \le q \le u`.

    ``trail`` keeps every answer tried on the way. An exact answer may stand on either side.

    Raises ``ValueError`` if a side is not of the kind it stands for, if the two speak of different
    things, or if lower > upper (beyond rounding, unless both are certified).

    >>> from lipkit.bound import NETWORK
    >>> low = Bound(2.0, "lower", quantity=NETWORK, method="ascent")
    >>> high = Bound(3.0, "upper", quantity=NETWORK, method="autolip")
    >>> Bracket(low, high)
    Lipschitz constant of a network in [2, 3]  (ℓ2→ℓ2, global, ratio 1.5)
    >>> Bracket(low, high).contains(2.5)
    True
    """

    lower: Bound
    upper: Bound
    trail: tuple[Bound, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "trail", tuple(self.trail))
        for bound, side in ((self.lower, "lower"), (self.upper, "upper")):
            if not isinstance(bound, Bound):
                raise TypeError(f"{side}: got {type(bound).__name__}, expected a Bound")
            if bound.kind not in (side, "exact"):
                raise ValueError(
                    f"{side}: got a bound of kind {bound.kind!r}, expected {side!r} or 'exact'"
                )
        same_subject([self.lower, self.upper])
        certified = self.lower.certified and self.upper.certified
        slack = 0.0 if certified else ROUNDING * self.upper.value
        if self.lower.value > self.upper.value + slack:
            raise ValueError(
                f"got lower {self.lower.value!r} ({self.lower.method}) above upper "
                f"{self.upper.value!r} ({self.upper.method}): one of the two is wrong"
            )

    @property
    def ratio(self) -> float:
        """Upper over lower, at least 1; ``inf`` if only the lower is 0, 1 if both are."""
        if self.upper.value <= self.lower.value:
            return 1.0
        return self.upper.value / self.lower.value if self.lower.value > 0 else math.inf

    @property
    def width(self) -> float:
        """Upper minus lower, at least 0."""
        return max(0.0, self.upper.value - self.lower.value)

    def contains(self, x: float) -> bool:
        """Whether lower <= x <= upper."""
        return self.lower.value <= float(x) <= self.upper.value

    def __repr__(self) -> str:
        ends = f"[{self.lower:.6g}, {self.upper:.6g}]"
        where, ratio = self.lower.where(), _at_most(self.ratio)
        return f"{self.lower.quantity} in {ends}  ({where}, ratio {ratio})"

    def _repr_html_(self) -> str:
        rows = {
            "lower": f"≥ {self.lower:.6g} ({self.lower.method})",
            "upper": f"≤ {self.upper:.6g} ({self.upper.method})",
            "ratio": _at_most(self.ratio),
            "norms, domain": self.lower.where(),
        }
        return html_table(self.lower.quantity, rows)


def _at_most(ratio: float) -> str:
    """Four digits, rounded up: the truth is at most so many times the lower answer."""
    short = f"{ratio:.4g}"
    if math.isinf(ratio) or float(short) >= ratio * (1 - ROUNDING):
        return short
    with localcontext() as context:
        context.rounding = ROUND_CEILING
        return f"{float(format(Decimal(ratio), '.4g')):.4g}"


def same_subject(bounds: Iterable[Bound]) -> None:
    """Raise ``ValueError`` unless all the bounds speak of one quantity, norm pair and domain."""
    first, *others = (bound.subject for bound in bounds)
    for other in others:
        for ours, theirs, what in zip(first, other, ("quantity", "norm", "domain"), strict=True):
            if ours != theirs:
                raise ValueError(f"got bounds of different {what}: {ours} and {theirs}")
