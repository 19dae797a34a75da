"""A bar that moves once an epoch and says, within it, how far the batches are."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any


class Bar:
    """Does nothing; :class:`_Shown` is the one that can be seen."""

    def batch(self, done: int, total: int) -> None:
        """So many batches of this epoch are done."""

    def epoch(self, row: dict[str, Any]) -> None:
        """An epoch is done, and this is what it found."""


class _Shown(Bar):
    def __init__(self, bar: Any) -> None:
        self._bar = bar
        self._last = ""

    def batch(self, done: int, total: int) -> None:
        self._bar.set_postfix_str(f"batch {done}/{total}{self._last}", refresh=False)
        self._bar.update(0)

    def epoch(self, row: dict[str, Any]) -> None:
        skipped = ("epoch", "lr", "seconds")
        found = [f"{k.replace('_', ' ')} {v:.3g}" for k, v in row.items() if k not in skipped]
        self._last = ", ".join(["", *found])
        self._bar.set_postfix_str(self._last.removeprefix(", "), refresh=False)
        self._bar.update(1)


@contextmanager
def progress_bar(start: int, stop: int, wanted: bool) -> Iterator[Bar]:
    """The bar on stderr, from an epoch to another, or none."""
    if not wanted:
        yield Bar()
        return
    try:
        from tqdm import tqdm
    except ImportError as error:
        raise ImportError("progress: got no tqdm; pip install tqdm, or progress=False") from error
    with tqdm(initial=start, total=stop, desc="epochs", miniters=0, mininterval=0.2) as bar:
        yield _Shown(bar)
