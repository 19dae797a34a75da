"""An exception in a student's code, in one line."""

import os
import sysconfig
import traceback
from collections.abc import Iterable
from pathlib import Path

_NOT_OWN = (
    str(Path(__file__).parents[2]) + os.sep,
    *(sysconfig.get_path(name) + os.sep for name in ("stdlib", "platstdlib", "purelib", "platlib")),
    "<frozen",
    "<__array_function__",
)


def describe(error: BaseException) -> str:
    """The exception's last line, and the line of the student's own code that led to it.

    >>> try:
    ...     [1, 2].index(3)
    ... except ValueError as error:
    ...     print(describe(error))
    ValueError: 3 is not in list (line 2: [1, 2].index(3))
    """
    text = _short(traceback.format_exception_only(error)[-1].strip())
    line = own_line(traceback.extract_tb(error.__traceback__))
    return f"{text} ({line})" if line else text


def own_line(stack: Iterable[traceback.FrameSummary]) -> str:
    """The innermost line that belongs neither to this package nor to a library."""
    own = [f for f in stack if not f.filename.startswith(_NOT_OWN)]
    if not own:
        return ""
    return f"line {own[-1].lineno}" + (f": {_short(own[-1].line)}" if own[-1].line else "")


def _short(text: str, most: int = 160) -> str:
    return text if len(text) <= most else f"{text[: most - 1]}…"
