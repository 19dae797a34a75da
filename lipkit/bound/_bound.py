"""One typed answer."""

import math
from dataclasses import KW_ONLY, dataclass
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal, localcontext
from html import escape
from typing import Any, Literal, TypeAlias

import numpy as np

from lipkit import _validate
from lipkit._validate import Array
from lipkit.bound._number import Number

Kind: TypeAlias = Literal["exact", "upper", "lower", "estimate"]
Domain: TypeAlias = str | tuple[Array, Array]

NETWORK = "Lipschitz constant of a network"
LAYER = "norm of a layer"

ROUNDING = 1e-9  # slack for answers that do not account for rounding

_AWAY = {"lower": ROUND_FLOOR, "upper": ROUND_CEILING}
_SIGN = {"exact": "=", "upper": "≤", "lower": "≥", "estimate": "≈"}


@dataclass(frozen=True, eq=False, repr=False)
class Bound(Number):
    r"""One answer about one quantity: the value is :math:`=, \ge, \le` or :math:`\approx` it.

    Parameters
    ----------
    value
        The number, at least 0; ``inf`` is allowed, NaN is not. Units: output norm per input norm.
    kind
        ``"exact"``, ``"upper"``, ``"lower"`` or ``"estimate"`` (neither side is guaranteed).
    quantity
        What it is about, such as :data:`NETWORK` or :data:`LAYER`.
    norm
        The pair (input norm p, output norm q), each in [1, inf].
    domain
        ``"global"``, another name such as ``"data"``, or a box ``(lower, upper)`` of arrays.
    method, source
        How it was found, and where the method is described.
    certified
        True if rounding is accounted for, so that the inequality holds for the real-number network.
    witness
        What attains a lower answer: a point, or a pair of points.
    details
        Anything else worth keeping, as a dict.

    Raises
    ------
    TypeError
        Comparing two bounds with ``<``; that would forget their kinds.
    ValueError
        A negative or NaN value, or an unknown kind.

    Examples
    --------
    >>> b = Bound(2.5, "upper", quantity=NETWORK, method="autolip")
    >>> b
    Lipschitz constant of a network ≤ 2.5  (ℓ2→ℓ2, global, autolip)
    >>> b - 2, float(b), b < 3
    (0.5, 2.5, True)
    """

    value: float
    kind: Kind
    _: KW_ONLY
    quantity: str
    norm: tuple[float, float] = (2, 2)
    domain: Domain = "global"
    method: str
    source: str | None = None
    certified: bool = False
    witness: Any = None
    details: Any = None

    def __post_init__(self) -> None:
        if not float(self.value) >= 0:
            raise ValueError(
                f"value: got {self.value!r}, expected a number of at least 0 (inf is allowed)"
            )
        _validate.one_of(self.kind, "kind", tuple(_SIGN))
        if self.kind == "estimate" and self.certified:
            raise ValueError("certified: got True for an estimate, which has no side to certify")
        p, q = self.norm
        pair = (_validate.exponent(p, "norm[0]"), _validate.exponent(q, "norm[1]"))
        self._set(value=float(self.value), norm=pair, details=dict(self.details or {}))
        if not isinstance(self.domain, str):
            lower, upper = (_validate.real_array(side, "domain") for side in self.domain)
            self._set(domain=(lower, upper))

    def _set(self, **fields: Any) -> None:
        for name, value in fields.items():
            object.__setattr__(self, name, value)

    @property
    def subject(self) -> tuple[Any, ...]:
        """The quantity, the norm pair and the domain, as a hashable tuple."""
        domain: Any = self.domain
        if not isinstance(domain, str):
            domain = tuple(tuple(side.ravel().tolist()) for side in domain)
        return self.quantity, self.norm, domain

    @property
    def _statement(self) -> tuple[Any, ...]:
        return self.value, self.kind, self.method, self.certified, self.subject

    def __eq__(self, other: object) -> bool:
        if isinstance(other, Bound):
            return self._statement == other._statement
        if isinstance(other, (int, float, np.number)):
            return self.value == other
        return NotImplemented

    def __hash__(self) -> int:
        return hash(self.value)

    def __format__(self, spec: str) -> str:
        """The number, rounded to the side it is on: a printed upper bound is one too."""
        return _rounded(self, spec) if spec else str(self)

    def __str__(self) -> str:
        return f"{_SIGN[self.kind]} {_rounded(self, '.6g')}"

    def where(self) -> str:
        """The norm pair and the domain, in words."""
        return f"{_pair_text(self.norm)}, {_domain_text(self.domain)}"

    def __repr__(self) -> str:
        certified = ", certified" if self.certified else ""
        return f"{self.quantity} {self}  ({self.where()}, {self.method}{certified})"

    def _repr_html_(self) -> str:
        rows = {
            self.kind: str(self),
            "norms, domain": self.where(),
            "method": self.method,
            "rounding": "accounted for" if self.certified else "not accounted for",
        }
        return html_table(self.quantity, rows)


def _rounded(bound: Bound, spec: str) -> str:
    nearest = format(bound.value, spec)
    if bound.kind not in _AWAY or math.isinf(bound.value):
        return nearest
    gap = float(Decimal(nearest.replace(",", "")) - Decimal(bound.value))
    slack = 0.0 if bound.certified else ROUNDING * bound.value
    if (gap if bound.kind == "lower" else -gap) <= slack:
        return nearest
    with localcontext() as context:
        context.rounding = _AWAY[bound.kind]
        away = format(Decimal(bound.value), spec)
    return format(float(away.replace(",", "")), spec)


def _pair_text(norm: tuple[float, float]) -> str:
    names = ["ℓ∞" if math.isinf(p) else f"ℓ{p:g}" for p in norm]
    return f"{names[0]}→{names[1]}"


def _domain_text(domain: Domain) -> str:
    return domain if isinstance(domain, str) else f"a box in {domain[0].size} dimensions"


def html_table(title: str, rows: dict[str, str]) -> str:
    body = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{escape(text)}</td></tr>'
        for name, text in rows.items()
    )
    return (
        f'<table class="lk-bound"><caption>{escape(title)}</caption><tbody>{body}</tbody></table>'
    )
