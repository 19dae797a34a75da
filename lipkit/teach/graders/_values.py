"""Checkers that compare an answer, or what a function gives, with an oracle."""

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches
from functools import partial
from typing import Any

import numpy as np

from lipkit._validate import Array
from lipkit.teach.graders._cases import Case, as_cases, value_at
from lipkit.teach.graders._check import Check, Wrong
from lipkit.teach.graders._readers import array, kind, number, text
from lipkit.teach.graders._show import show

_SLACK = 1e-9  # relative, for one-sided answers that are up to rounding
_NEAR = 0.02  # relative; what is so near the truth was probably rounded
_ROUNDED = 0.015  # relative; a wrong value is recognised after rounding, too


def close_to(
    oracle: Any,
    *,
    rtol: float = 1e-6,
    atol: float = 0.0,
    mistakes: Mapping[str, Any] | None = None,
    name: str = "the right value",
    expected: str = "another value",
    hint: str = "",
) -> Check:
    """The answer, a number or an array, is the oracle's: a value, or a function that computes it.

    ``mistakes`` maps a hint to the wrong value that calls for it, or to a test of the answer.

    >>> close_to(2**0.5, rtol=1e-3).test(1.414)
    """

    def test(answer: Any) -> None:
        true = np.asarray(oracle() if callable(oracle) else oracle, dtype=float)
        got = _like(true, answer)
        if not np.allclose(got, true, rtol=rtol, atol=atol):
            hints = (h for h, wrong in (mistakes or {}).items() if _is(wrong, got, rtol))
            close = _digits(rtol) if np.allclose(got, true, _NEAR, atol) else ""
            raise Wrong(show(got), expected=expected, hint=next(hints, close))

    return Check(name, test, hint)


def agrees(
    oracle: Callable[..., Any],
    inputs: Iterable[Any],
    *,
    rtol: float = 1e-6,
    atol: float = 0.0,
    mistakes: Mapping[str, Callable[..., Any]] | None = None,
    name: str = "right on every input",
    expected: str = "another value",
    hint: str = "",
) -> Check:
    """The function's number or array is the oracle's on every input.

    ``mistakes`` maps a hint to the wrong function that calls for it.

    >>> agrees(abs, [2.0, -3.0]).test(lambda x: max(x, -x))
    """
    cases = as_cases(inputs)

    def test(answer: Any) -> None:
        for given, got, true in _outputs(answer, oracle, cases):
            if not np.allclose(got, true, rtol=rtol, atol=atol):
                hints = (
                    h for h, f in (mistakes or {}).items() if np.allclose(got, f(*given.args), rtol)
                )
                said = show(got) + _side(got, true)
                raise Wrong(said, at=str(given), expected=expected, hint=next(hints, ""))

    return Check(name, test, hint)


def upper(
    oracle: Callable[..., Any],
    inputs: Iterable[Any],
    *,
    name: str = "an upper answer",
    expected: str = "at least the true value, on every input",
    hint: str = "",
) -> Check:
    """The function's number is nowhere below the oracle's, up to rounding.

    >>> upper(abs, [2.0, -3.0]).test(lambda x: 1 + x * x)
    """
    return Check(name, _one_sided(oracle, as_cases(inputs), 1, expected), hint)


def lower(
    oracle: Callable[..., Any],
    inputs: Iterable[Any],
    *,
    name: str = "a lower answer",
    expected: str = "at most the true value, on every input",
    hint: str = "",
) -> Check:
    """The function's number is nowhere above the oracle's, up to rounding.

    >>> lower(abs, [2.0, -3.0]).test(lambda x: x)
    """
    return Check(name, _one_sided(oracle, as_cases(inputs), -1, expected), hint)


def exactly(
    value: Any, *, name: str = "the right one", expected: str = "another one", hint: str = ""
) -> Check:
    """The answer equals the value: an integer, a text, a set, an array of integers.

    >>> exactly({1, 2}).test({2, 1})
    """

    def test(answer: Any) -> None:
        if not np.array_equal(answer, value):
            raise Wrong(show(answer), expected=expected)

    return Check(name, test, hint)


def one_of(
    *accepted: str,
    mistakes: Mapping[str, Sequence[str]] | None = None,
    name: str = "the right word",
    expected: str = "another word",
    hint: str = "",
) -> Check:
    """The answer is one of these words, in any case; "the" or "norm of each W" around it may stand.

    ``mistakes`` maps a hint to the wrong words that call for it.

    >>> one_of("Frobenius", "Hilbert-Schmidt").test("the Frobenius norm")
    """
    allowed = {_word(word) for word in accepted}

    def test(answer: Any) -> None:
        said = _word(answer)
        if said not in allowed:
            hints = (h for h, ws in (mistakes or {}).items() if said in map(_word, ws))
            typo = "Is it spelled right?" if get_close_matches(said, allowed, 1, 0.8) else ""
            raise Wrong(show(answer), expected=expected, hint=next(hints, typo))

    return Check(name, test, hint)


def bound_kind(
    wanted: str,
    *,
    name: str = "on the right side",
    expected: str = "another kind of answer",
    hint: str = "",
) -> Check:
    """The answer is a ``Bound`` of this kind, or names it, as :func:`kind` reads it.

    >>> bound_kind("upper").test("an upper answer")
    """

    def test(answer: Any) -> None:
        got = kind(answer)
        if got != wanted:
            raise Wrong(show(got), expected=expected)

    return Check(name, test, hint)


def _one_sided(
    oracle: Callable[..., Any], cases: Sequence[Case], sign: int, expected: str
) -> Callable[[Any], None]:
    def test(answer: Any) -> None:
        for given, got, true in _outputs(answer, oracle, cases):
            if (sign * (got - true) < -_SLACK * np.abs(true)).any():
                raise Wrong(show(got) + _side(got, true), at=str(given), expected=expected)

    return test


def _outputs(
    answer: Any, oracle: Callable[..., Any], cases: Sequence[Case]
) -> Iterator[tuple[Case, Array, Array]]:
    """Each input, what the answer gives there, and what the oracle gives there."""
    for given in cases:
        true = np.asarray(oracle(*given.args), dtype=float)
        yield given, value_at(given, answer, partial(_like, true)), true


def _like(true: Array, value: Any) -> Array:
    """The value, which must have the oracle's shape."""
    return np.asarray(number(value) if true.ndim == 0 else array(*true.shape)(value))


def _side(got: Array, true: Array) -> str:
    if got.ndim:
        return ""
    return ", too large" if got > true else ", too small"


def _is(wrong: Any, got: Array, rtol: float) -> bool:
    if callable(wrong):
        return bool(wrong(got))
    return bool(np.allclose(got, wrong, max(rtol, _ROUNDED)))


def _digits(rtol: float) -> str:
    return f"Close. Was it rounded? Give {1 - math.floor(math.log10(rtol))} significant digits."


_BEFORE = re.compile(r"^(?:(?:it|is|the|an?|product|of) )+")
_AFTER = re.compile(r"(?: matrix)?(?: norms?(?: of .*)?)?$")


def _word(answer: Any) -> str:
    said = re.sub("[-‐‑–]", " ", text(answer)).strip(" .'\"")
    return _AFTER.sub("", _BEFORE.sub("", said))
