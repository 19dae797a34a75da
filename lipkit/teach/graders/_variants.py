"""Parameters that are the same for a student on every machine, and differ between students."""

import hashlib
import unicodedata
from collections.abc import Sequence
from fractions import Fraction
from typing import TypeVar

T = TypeVar("T")

_NOBODY = "", "yourid"  # the second stands in the notebooks' first cell


class Draws:
    """Numbers drawn one after the other from SHA-256 of a text: the same everywhere, for good.

    >>> draws = Draws("demo.ex1", "ada")
    >>> draws.integer(1, 6), draws.choice(["a", "b"]), draws.decimal(0, 1, places=2)
    (6, 'a', 0.63)
    """

    def __init__(self, exercise: str, student_id: str | int):
        self._text = f"{exercise}\0{_normal(student_id)}"
        self._drawn = 0

    def integer(self, low: int, high: int) -> int:
        """An integer from low to high, both included."""
        self._drawn += 1
        digest = hashlib.sha256(f"{self._text}\0{self._drawn}".encode()).digest()
        return low + int.from_bytes(digest, "big") % (high - low + 1)

    def decimal(self, low: int, high: int, *, places: int) -> float:
        """A number from low to high with so many places, both included."""
        scale = 10**places
        return float(Fraction(self.integer(low * scale, high * scale), scale))

    def choice(self, options: Sequence[T]) -> T:
        """One of the options."""
        return options[self.integer(0, len(options) - 1)]


def _normal(student_id: str | int) -> str:
    if isinstance(student_id, bool) or not isinstance(student_id, (str, int)):
        raise TypeError(
            f"student_id: got {type(student_id).__name__}, expected a str or an int; "
            "pass what identifies the student in your course"
        )
    text = "".join(unicodedata.normalize("NFC", str(student_id)).casefold().split())
    if text in _NOBODY:
        raise ValueError(
            f"student_id: got {student_id!r}, expected a name or a number; pass your own"
        )
    return unicodedata.normalize("NFC", text)
