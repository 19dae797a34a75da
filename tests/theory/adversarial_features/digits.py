"""The digest's numbers as printed: agreement to the last digit."""

from decimal import Decimal
from typing import Any


def agrees(value: Any, printed: str) -> bool:
    """Whether the value rounds to what is printed, with a tenth of a unit to spare."""
    last = Decimal(1).scaleb(int(Decimal(printed).as_tuple().exponent))
    return bool(abs(Decimal(float(value)) - Decimal(printed)) <= last * Decimal("0.6"))


def assert_agrees(value: Any, printed: str) -> None:
    assert agrees(value, printed), f"got {value!r}, printed {printed}"
