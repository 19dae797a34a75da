"""The value of a Rademacher complexity: a float that says how it was found."""

import math
from collections.abc import Iterator
from typing import Any

from lipkit import _validate

KINDS = ("exact", "estimate", "lower", "upper")


class Complexity(float):
    r"""A Rademacher complexity: a float with its side and its uncertainty.

    Unpacks to ``mean, stderr, half_width``; compares and computes as the mean.

    Parameters
    ----------
    mean
        The value, in units of the class's output.
    kind
        Whether every supremum behind it was found: ``"exact"`` (yes, and over all sign vectors),
        ``"estimate"`` (yes, over drawn ones), ``"lower"`` (no, a search found less), ``"upper"``
        (no, a bound replaced it).
    stderr
        The standard error of the mean over draws; 0 without draws.
    half_width
        The deviation from the mean of infinitely many draws is smaller, except with probability
        ``delta``; 0 without draws, ``inf`` if no such bound is known.
    draws
        How many sign vectors were used; 0 for a closed formula.

    >>> c = Complexity(0.25, kind="estimate", stderr=0.01, half_width=0.05, draws=100)
    >>> c, c + 1, c.lower, c.upper
    (0.25 ± 0.05 (estimate, 100 draws), 1.25, 0.2, 0.3)
    """

    kind: str
    stderr: float
    half_width: float
    draws: int
    delta: float

    def __new__(
        cls,
        mean: float,
        *,
        kind: str = "exact",
        stderr: float = 0.0,
        half_width: float = 0.0,
        draws: int = 0,
        delta: float = 0.05,
    ) -> "Complexity":
        """A float with the other fields beside it."""
        made = super().__new__(cls, mean)
        made.kind = _validate.one_of(kind, "kind", KINDS)
        made.stderr, made.half_width = float(stderr), float(half_width)
        made.draws, made.delta = draws, delta
        return made

    @property
    def mean(self) -> float:
        """The value as a plain float."""
        return float(self)

    @property
    def lower(self) -> float:
        """What the complexity is at least, but for the draws' ``delta``; 0 says nothing."""
        return 0.0 if self.kind == "upper" else max(0.0, self.mean - self.half_width)

    @property
    def upper(self) -> float:
        """What the complexity is at most, but for the draws' ``delta``; inf says nothing."""
        return math.inf if self.kind == "lower" else self.mean + self.half_width

    def scaled(self, factor: float) -> "Complexity":
        r"""The complexity of the class :math:`\{cf\}`, c times this one; c > 0."""
        c = _validate.positive(factor, "factor")
        fields = self._fields()
        fields |= {"stderr": c * self.stderr, "half_width": c * self.half_width}
        return Complexity(c * self.mean, **fields)

    def __iter__(self) -> Iterator[float]:
        return iter((self.mean, self.stderr, self.half_width))

    def __repr__(self) -> str:
        if self.draws == 0:
            return f"{self.mean:.6g} ({self.kind})"
        width = f" ± {self.half_width:.2g}" if self.half_width else ""
        return f"{self.mean:.6g}{width} ({self.kind}, {self.draws} draws)"

    def __getnewargs_ex__(self) -> tuple[tuple[float], dict[str, Any]]:
        return (self.mean,), self._fields()

    def _fields(self) -> dict[str, Any]:
        return dict(vars(self))
