"""What the build says when a chapter changes under its hands."""

from types import SimpleNamespace

import build
import pytest


class Cache:
    """Knows the first chapter only."""

    def get_cached_project_nb(self, name: str) -> SimpleNamespace | None:
        data = {"execution_seconds": 2.5}
        return SimpleNamespace(data=data) if name == "chapters/one.md" else None


def test_seconds_are_reported() -> None:
    assert build.report(["chapters/one.md"], Cache()).splitlines() == [
        "   2.5 s  one",
        "   2.5 s  all chapters",
    ]


def test_a_chapter_that_changed_meanwhile_is_named() -> None:
    with pytest.raises(SystemExit, match="two: changed while the book was built; build again"):
        build.report(["chapters/one.md", "chapters/two.md"], Cache())
