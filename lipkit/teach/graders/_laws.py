"""Checkers that hold an answer to a property, with no oracle."""

import pickle
from collections.abc import Callable, Iterable, Mapping
from copy import deepcopy
from itertools import pairwise
from typing import Any

import numpy as np

from lipkit.teach.graders._cases import Case, as_cases, call, value_at
from lipkit.teach.graders._check import Check, Untried, Wrong
from lipkit.teach.graders._errors import describe
from lipkit.teach.graders._readers import array, number
from lipkit.teach.graders._show import show


def shape(
    *sizes: int | None,
    inputs: Iterable[Any] | None = None,
    name: str = "the right shape",
    hint: str = "",
) -> Check:
    """The answer, or what the function gives on every input, is finite and has this shape.

    No size is a number; None stands for any length. If it fails, later checks are not tried.

    >>> shape(2, None).test([[1, 2, 3], [4, 5, 6]])
    """
    read = array(*sizes) if sizes else number
    cases = None if inputs is None else as_cases(inputs)

    def test(answer: Any) -> None:
        if cases is None:
            read(answer)
        for given in cases or ():
            value_at(given, answer, read)

    return Check(name, test, hint, gate=True)


def homogeneous(
    degree: float,
    inputs: Iterable[Any],
    *,
    scales: Iterable[float] = (0.5, 3.0),
    rtol: float = 1e-6,
    name: str = "",
    hint: str = "",
) -> Check:
    """The function obeys f(c x) = c^degree f(x) for c > 0, in its first argument.

    >>> homogeneous(2, [np.array([1.0, -2.0])]).test(lambda x: x @ x)
    """
    cases, factors = as_cases(inputs), tuple(scales)

    def test(answer: Any) -> None:
        for given in cases:
            once = value_at(given, answer, array())
            for c in factors:
                scaled = Case((c * given.args[0], *given.args[1:]), f"{c:g} times another")
                got = value_at(scaled, answer, array(*once.shape))
                if not np.allclose(got, c**degree * once, rtol=rtol):
                    said = f"{show(once)} there, but {show(got)} at {c:g} times that input"
                    expected = f"{c:g}^{degree:g} times the value at {c:g} times the input"
                    raise Wrong(said, at=str(given), expected=expected)

    return Check(name or f"homogeneous of degree {degree:g}", test, hint)


def invariant(
    transform: Callable[..., Any],
    inputs: Iterable[Any],
    *,
    rtol: float = 1e-6,
    atol: float = 0.0,
    name: str = "invariant",
    expected: str = "the same value at both",
    hint: str = "",
) -> Check:
    """The function does not see the transform, which maps its arguments to new ones.

    >>> invariant(lambda x: -x, [2.0]).test(abs)
    """
    cases = as_cases(inputs)

    def test(answer: Any) -> None:
        for given in cases:
            new = transform(*deepcopy(given.args))
            other = Case(new if isinstance(new, tuple) else (new,))
            before = value_at(given, answer, array())
            after = value_at(other, answer, array(*before.shape))
            if not np.allclose(before, after, rtol=rtol, atol=atol):
                raise _two_values(given, before, other, after, expected)

    return Check(name, test, hint)


def monotone(
    inputs: Iterable[Any], *, increasing: bool = True, name: str = "", hint: str = ""
) -> Check:
    """The function's numbers never fall from one input to the next; never rise if not increasing.

    >>> monotone([1.0, 2.0, 3.0], increasing=False).test(lambda x: 1 / x)
    """
    sign, word = (1, "increasing") if increasing else (-1, "decreasing")
    cases = as_cases(inputs)

    def test(answer: Any) -> None:
        for first, second in pairwise(cases):
            before = value_at(first, answer, number)
            after = value_at(second, answer, number)
            if sign * (after - before) < -1e-9 * abs(before):
                raise _two_values(first, before, second, after, f"{word} values")

    return Check(name or word, test, hint)


def raises(
    errors: type[Exception] | tuple[type[Exception], ...],
    inputs: Iterable[Any],
    *,
    name: str = "refuses bad input",
    hint: str = "",
) -> Check:
    """The function raises one of these errors on every input.

    >>> raises(ValueError, ["two"]).test(float)
    """
    kinds = errors if isinstance(errors, tuple) else (errors,)
    expected = " or ".join(kind.__name__ for kind in kinds)
    cases = as_cases(inputs)

    def test(answer: Any) -> None:
        for given in cases:
            try:
                got = show(answer(*deepcopy(given.args)))
            except kinds:
                continue
            except (Exception, SystemExit) as error:
                got = describe(error)
            raise Wrong(got, at=str(given), expected=expected)

    return Check(name, test, hint)


def not_mutating(
    inputs: Iterable[Any],
    *,
    name: str = "leaves its input as it was",
    hint: str = "Work on a copy: the caller still needs the input.",
) -> Check:
    """The function leaves its arguments as they were; not tried on one that raises.

    >>> not_mutating([[3, 1, 2]]).test(sorted)
    """
    cases = as_cases(inputs)

    def test(answer: Any) -> None:
        for given in cases:
            own = deepcopy(given.args)
            before = pickle.dumps(own)
            try:
                call(lambda *_, own=own: answer(*own), given)
            except Wrong as failed:
                raise Untried(failed.got) from None
            if pickle.dumps(own) != before:
                raise Wrong("a changed input", at=str(given), expected="the input as it was")

    return Check(name, test, hint)


def witness(
    holds: Callable[[Any], bool],
    *,
    name: str,
    expected: str,
    said: Callable[[Any], str] = show,
    mistakes: Mapping[str, Callable[[Any], bool]] | None = None,
    hint: str = "",
) -> Check:
    """The answer is an example: the property holds for it. ``said`` writes out one that is none.

    ``mistakes`` maps a hint to what must hold for it to be given.

    >>> witness(lambda n: n % 7 == 0, name="divisible", expected="a multiple of 7").test(21)
    """

    def test(answer: Any) -> None:
        if not holds(answer):
            hints = (h for h, made in (mistakes or {}).items() if made(answer))
            raise Wrong(said(answer), expected=expected, hint=next(hints, ""))

    return Check(name, test, hint)


def counterexample(
    claim: Callable[[Any], bool],
    *,
    name: str,
    expected: str,
    said: Callable[[Any], str] = show,
    hint: str = "",
) -> Check:
    """The answer is a counter-example: the claim fails for it.

    >>> counterexample(lambda x: x**2 >= x, name="x² ≥ x fails", expected="x² < x").test(0.5)
    """
    return witness(lambda x: not claim(x), name=name, expected=expected, said=said, hint=hint)


def _two_values(first: Case, before: Any, second: Case, after: Any, expected: str) -> Wrong:
    said = f"{show(before)} at the first, {show(after)} at the second"
    return Wrong(said, at=f"{first}; then {second}", expected=expected)
