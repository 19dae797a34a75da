"""A task: what is asked, how the answer is read, and the checks it must pass."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from lipkit.teach.graders._check import Check
from lipkit.teach.graders._readers import Reader, anything
from lipkit.teach.graders._variants import Draws

SECONDS = 5.0


@dataclass(frozen=True)
class Task:
    """One exercise that can be checked.

    Parameters
    ----------
    title
        The exercise's heading.
    answer
        What to hand over, in words that follow "expected": ``"a function steepest(f)"``.
    checks
        In the order in which they are tried, or a function of the parameters that gives them.
    reads
        Turns what was handed over into what the checks take.
    parameters
        The numbers in the exercise's text, by name.
    draw
        ``draw(draws)`` gives a student's own parameters, by the same names.
    seconds
        Time limit of one check.

    >>> from lipkit.teach.graders import close_to, number
    >>> Task("Half", "a number", [close_to(0.5)], reads=number).title
    'Half'
    """

    title: str
    answer: str
    checks: Sequence[Check] | Callable[..., Sequence[Check]]
    reads: Reader = anything
    parameters: Mapping[str, Any] = field(default_factory=dict)
    draw: Callable[[Draws], Mapping[str, Any]] | None = None
    seconds: float = SECONDS

    def checks_for(self, parameters: Mapping[str, Any]) -> Sequence[Check]:
        """The checks for these parameters."""
        return self.checks(**parameters) if callable(self.checks) else self.checks
