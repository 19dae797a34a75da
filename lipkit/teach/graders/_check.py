"""What a check is: a name, a test that raises ``Wrong``, a hint."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any


class Wrong(Exception):
    """Raised by a test: what was got, at which input, what was expected, in words; no answers.

    >>> Wrong("-1", at="x = 2", expected="a number of at least 0").at
    'x = 2'
    """

    def __init__(self, got: str, *, at: str = "", expected: str = "", hint: str = ""):
        super().__init__(got)
        self.got, self.at, self.expected, self.hint = got, at, expected, hint


class Untried(Exception):
    """Raised by a test that found nothing to judge: why, in words.

    >>> str(Untried("KeyError: 3"))
    'KeyError: 3'
    """


@dataclass(frozen=True)
class Check:
    """One property of an answer.

    Parameters
    ----------
    name
        The property in a few words, such as ``"kinks that coincide"``.
    test
        ``test(answer)`` returns nothing, or raises :class:`Wrong`, or :class:`Untried`.
    hint
        One sentence that helps without giving the answer away.
    gate
        True if later checks make no sense when this one fails; they are then not tried.
    """

    name: str
    test: Callable[[Any], None]
    hint: str = ""
    gate: bool = False


def gate(check: Check) -> Check:
    """The same check; if it fails, those after it are not tried.

    >>> from lipkit.teach.graders import close_to
    >>> gate(close_to(2.0)).gate
    True
    """
    return replace(check, gate=True)


def item(key: Any, check: Check) -> Check:
    """The check of one part of the answer, ``answer[key]``.

    >>> from lipkit.teach.graders import close_to
    >>> item("slope", close_to(2.0)).test({"slope": 2.0})
    """
    return replace(
        check,
        name=f"{key}: {check.name}",
        test=lambda answer: located(f"entry {key!r}", check.test, answer[key]),
    )


def each(what: str, check: Check) -> Check:
    """The check of every part of the answer; ``what`` names a part, which is then numbered.

    >>> from lipkit.teach.graders import shape
    >>> each("row", shape(2)).test([[1, 2], [3, 4]])
    """

    def test(answer: Any) -> None:
        for i, part in enumerate(answer, start=1):
            located(f"{what} {i}", check.test, part)

    return replace(check, test=test)


def located(at: str, run: Callable[[Any], Any], value: Any) -> Any:
    """``run(value)``; what it raises says at which part or input."""
    try:
        return run(value)
    except Wrong as wrong:
        wrong.at = f"{at}, {wrong.at}" if wrong.at else at
        raise
