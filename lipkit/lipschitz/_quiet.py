"""Silence for a library that writes to the process's standard output by itself."""

import ctypes
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager


@contextmanager
def quiet_output() -> Iterator[None]:
    """Send what compiled code prints to nowhere, where there is a C library to flush.

    HiGHS 1.12 prints a debugging line from some mixed-integer programs whatever its options say.
    """
    try:
        flush, saved = ctypes.CDLL(None).fflush, os.dup(1)
    except (OSError, TypeError, AttributeError):  # no such library, or no output
        yield
        return
    sys.stdout.flush()
    flush(None)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 1)
        yield
        flush(None)
    finally:
        os.dup2(saved, 1)
        os.close(saved)
        os.close(nowhere)
