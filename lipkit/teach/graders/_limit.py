"""Run what may never end."""

import ctypes
import sys
import threading
import time
import traceback
from collections.abc import Callable
from typing import Any

_GRACE = 0.5  # seconds in which a late action may still be stopped


class TimeLimit(Exception):
    """The action took too long: where it was, on which input, and whether it could be stopped."""

    def __init__(self, stack: traceback.StackSummary, busy_with: str, stopped: bool):
        super().__init__("stopped" if stopped else "still running")
        self.stack, self.busy_with, self.stopped = stack, busy_with, stopped


class Stop(BaseException):
    """Raised inside a late action; no ``except Exception`` holds it back."""


class _Worker(threading.Thread):
    def __init__(self, action: Callable[[], Any]):
        super().__init__(daemon=True)
        self.action = action
        self.busy_with = ""
        self.value: Any = None
        self.error: BaseException | None = None
        self.finished = self.abandoned = False
        self.lock, self.parked = threading.Lock(), threading.Event()

    def run(self) -> None:
        try:
            try:
                self.value = self.action()
            except Stop:
                raise
            except BaseException as error:
                self.error = error
            with self.lock:
                self.finished = True
        except Stop:
            pass

    def stack(self) -> traceback.StackSummary:
        frame = sys._current_frames().get(self.ident or 0)
        return traceback.extract_stack(frame) if frame else traceback.StackSummary()

    def stop(self) -> bool:
        """Whether the action ended; a bare ``except:`` may catch the exception again and again."""
        deadline = time.monotonic() + _GRACE
        while self.is_alive() and time.monotonic() < deadline:
            with self.lock:
                if not self.finished and self.ident is not None:
                    ctypes.pythonapi.PyThreadState_SetAsyncExc(
                        ctypes.c_ulong(self.ident), ctypes.py_object(Stop)
                    )
            self.join(0.005)
        self.abandoned = self.is_alive()
        if self.abandoned:
            self.parked.wait(_GRACE)
        return not self.abandoned


def limited(action: Callable[[], Any], seconds: float) -> Any:
    """What ``action()`` returns or raises; :class:`TimeLimit` if it is not done in time.

    It runs in a daemon thread, so this works in a notebook and in a script, on every platform.

    >>> limited(lambda: 1 + 1, seconds=5)
    2
    """
    worker = _Worker(action)
    worker.start()
    try:
        worker.join(seconds)
    finally:
        late, stack, busy_with = not worker.finished, worker.stack(), worker.busy_with
        stopped = worker.stop()
    if late:
        raise TimeLimit(stack, busy_with, stopped)
    if worker.error is not None:
        raise worker.error
    return worker.value


def park() -> None:
    """Hold here for good an action that could not be stopped; any other passes.

    >>> park()
    """
    worker = threading.current_thread()
    if isinstance(worker, _Worker) and worker.abandoned:
        worker.parked.set()
        threading.Event().wait()


def busy_with(what: str) -> None:
    """Note what the limited action is at, for the message if it never ends.

    >>> busy_with("nothing that is limited")
    """
    worker = threading.current_thread()
    if isinstance(worker, _Worker):
        worker.busy_with = what
