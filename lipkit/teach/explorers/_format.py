"""Numbers as text, each rounded to the side it is on."""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, ROUND_HALF_EVEN, Decimal

from lipkit.teach.explorers._axis import RAISED
from lipkit.teach.panels import Number

_AWAY = {"lower": ROUND_FLOOR, "upper": ROUND_CEILING}
_SLACK = Decimal("1e-9")  # rounding errors of the value itself must not move its last digit


def shown(value: float | int | str, number: Number | None) -> str:
    """The text of a value of the view; ``number`` says its kind and its digits.

    >>> shown(27.8765, Number("slope", "lower", 3, "")), shown(0.0, Number("slope", "upper", 3, ""))
    ('27.8', '0')
    """
    if isinstance(value, str):
        return value
    if isinstance(value, int):
        return f"{value:,}".replace("-", "−")
    if math.isnan(value):
        return "not defined"
    if math.isinf(value):
        return "∞" if value > 0 else "−∞"
    assert number is not None
    return _significant(value, number.digits, _AWAY.get(number.kind, ROUND_HALF_EVEN))


def _significant(value: float, digits: int, rounding: str) -> str:
    exact = Decimal(value)
    if not exact:
        return "0"
    nearest = _quantized(exact, digits, ROUND_HALF_EVEN)
    if abs(nearest - exact) > _SLACK * abs(exact):
        nearest = _quantized(exact, digits, rounding)
    if not nearest:
        return "0"
    power = nearest.adjusted()
    if -4 <= power < 6:
        return f"{nearest:,f}".replace("-", "−")
    factor = nearest.scaleb(-power)
    return f"{factor:f}×10".replace("-", "−") + str(power).translate(RAISED)


def _quantized(exact: Decimal, digits: int, rounding: str) -> Decimal:
    """The nearest number of so many digits on that side; a carry must not add a digit."""
    for _ in range(2):
        last = exact.adjusted() - digits + 1
        exact = exact.quantize(Decimal(1).scaleb(last), rounding=rounding)
    return exact
