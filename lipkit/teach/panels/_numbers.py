"""What a view's numbers are called, and on which side of the truth they lie."""

from dataclasses import dataclass

from lipkit import _validate

KINDS = ("lower", "upper", "exact", "estimate", "grey")


@dataclass(frozen=True)
class Number:
    """The name, kind, significant digits and unit of one number."""

    name: str
    kind: str
    digits: int
    unit: str


def number(name: str, kind: str = "grey", *, digits: int = 3, unit: str = "") -> Number:
    """A number with its name: ``kind`` is lower, upper, exact or estimate; grey is none of them.

    It is shown with ``digits`` significant digits: a lower answer rounded down, an upper one up,
    any other to the nearest; whole numbers (``int``) are shown in full.

    >>> number("steepest slope", "lower", digits=2).kind
    'lower'
    """
    _validate.one_of(kind, "kind", KINDS)
    return Number(name, kind, _validate.count(digits, "digits"), unit)
