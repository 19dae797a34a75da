"""Inputs at which a student's function is tried."""

from collections.abc import Callable, Iterable
from copy import deepcopy
from dataclasses import dataclass
from typing import Any

from lipkit.teach.graders._check import Wrong, located
from lipkit.teach.graders._errors import describe
from lipkit.teach.graders._limit import Stop, busy_with
from lipkit.teach.graders._show import show


@dataclass(frozen=True, eq=False)
class Case:
    """The arguments of one call, and in a few words what they are."""

    args: tuple[Any, ...]
    about: str = ""

    def __str__(self) -> str:
        shown = ", ".join(map(show, self.args))
        return f"{self.about}: {shown}" if self.about else shown


def case(*args: Any, about: str = "") -> Case:
    """One input for a function; ``about`` says what it is.

    >>> print(case(0.5, 2, about="a short step"))
    a short step: 0.5, 2
    """
    return Case(args, about)


def as_cases(inputs: Iterable[Any]) -> tuple[Case, ...]:
    """Every input as a case; what is none yet becomes the only argument of one."""
    return tuple(given if isinstance(given, Case) else case(given) for given in inputs)


def call(function: Callable[..., Any], given: Case) -> Any:
    """What the student's function returns, from copies of the arguments.

    >>> call(sorted, case([2, 1]))
    [1, 2]
    """
    busy_with(str(given))
    try:
        return function(*deepcopy(given.args))
    except Stop:
        raise
    except BaseException as error:
        raise Wrong(describe(error), at=str(given), expected="no error") from None


def value_at(given: Case, function: Callable[..., Any], read: Callable[[Any], Any]) -> Any:
    """What the student's function returns, as the reader reads it."""
    returned = call(function, given)
    return located(str(given), read, returned)
