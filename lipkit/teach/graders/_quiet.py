"""Leave no trace: output, warnings and random states are as they were."""

import io
import random
import sys
import threading
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, redirect_stderr, redirect_stdout

import numpy as np

from lipkit.teach.graders._limit import park

_ONE_AT_A_TIME = threading.Lock()


class _Nowhere(io.TextIOBase):
    """Takes what is printed, gives nothing to read, and keeps an abandoned action that does so."""

    def write(self, text: str) -> int:
        park()
        return len(text)

    def readline(self, size: int | None = -1) -> str:  # type: ignore[override]
        park()
        return ""


_NOWHERE = _Nowhere()  # one for good: an abandoned action may still be using it


@contextmanager
def quiet() -> Iterator[None]:
    """Swallow what is printed and warned, seed the global random states, then restore all.

    >>> with quiet():
    ...     print("nobody hears this")
    """
    limit, stdin = sys.getrecursionlimit(), sys.stdin
    with (
        _ONE_AT_A_TIME,
        warnings.catch_warnings(),
        np.printoptions(),
        redirect_stdout(_NOWHERE),
        redirect_stderr(_NOWHERE),
        _seeded(),
    ):
        warnings.simplefilter("ignore")
        sys.stdin = _NOWHERE
        try:
            yield
        finally:
            sys.setrecursionlimit(limit)
            sys.stdin = stdin


@contextmanager
def _seeded() -> Iterator[None]:
    plain, legacy = random.getstate(), np.random.get_state()  # noqa: NPY002
    random.seed(0)
    np.random.seed(0)  # noqa: NPY002
    try:
        yield
    finally:
        random.setstate(plain)
        np.random.set_state(legacy)  # noqa: NPY002
