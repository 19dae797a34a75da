"""One line on a terminal that says what long work is doing."""

import sys
import time

_PATIENCE = 2.0  # seconds of silence


class Progress:
    """Silent for two seconds, then one line on standard error; always silent off a terminal."""

    def __init__(self, total: int, shown: bool | None):
        self.total = total
        self.shown = sys.stderr.isatty() if shown is None else shown
        self.start = time.monotonic()
        self.written = False

    def step(self, done: int, name: str) -> None:
        """Say which step begins."""
        if self.shown and time.monotonic() - self.start > _PATIENCE:
            self.written = True
            bar = "#" * done + "-" * (self.total - done)
            sys.stderr.write(f"\r[{bar}] {name:20}")
            sys.stderr.flush()

    def close(self) -> None:
        """Leave the line empty."""
        if self.written:
            sys.stderr.write("\r" + " " * (self.total + 24) + "\r")
            sys.stderr.flush()
