"""Plant one fault in a good chapter and say what the linter must find, and where."""

from collections.abc import Collection, Iterable
from dataclasses import dataclass
from pathlib import Path

from lint import lint

GOOD = Path(__file__).with_name("good_chapter.md").read_text(encoding="utf-8")
CELL = "```{code-cell} ipython3\n%s\n```\n"


def between(start: str, end: str) -> str:
    """The text of the good chapter from `start` up to `end`."""
    return GOOD[GOOD.index(start) : GOOD.index(end)]


@dataclass
class Plant:
    """`old` becomes `new`; then one fault holds `says`, on the line that `at` is on.

    `at` is a text of the faulty chapter; with ^ before it, the cell around that text is named.
    Nothing: the first line.
    """

    old: str
    new: str
    says: str
    at: str = ""

    @property
    def text(self) -> str:
        """The chapter with the fault."""
        assert GOOD.count(self.old) == 1, f"{GOOD.count(self.old)} times: {self.old}"
        return GOOD.replace(self.old, self.new)

    @property
    def line(self) -> int:
        """The line that must be named."""
        lines = self.text.splitlines()
        number = next(i for i, line in enumerate(lines) if self.at.lstrip("^") in line)
        while self.at.startswith("^") and "{code-cell}" not in lines[number]:
            number -= 1
        return number + 1 if self.at else 1


def faults(folder: Path, text: str, graders: Collection[str] | None = None) -> list[str]:
    """What the linter says of a text, without the path."""
    chapter, bibliography = folder / "chapter.md", folder / "references.bib"
    chapter.write_text(text, encoding="utf-8")
    bibliography.write_text("@article{known,\n  title = {K},\n}\n")
    found = lint(chapter, bibliography, graders)
    assert all(fault.startswith(f"{chapter}:") for fault in found)
    return [fault.removeprefix(f"{chapter}:") for fault in found]


def assert_found(plant: Plant, folder: Path, graders: Iterable[str] | None = None) -> None:
    """The fault is found, alone, with its line and how to mend it."""
    found = faults(folder, plant.text, None if graders is None else set(graders))
    assert len(found) == 1, found
    assert plant.says in found[0]
    assert found[0].startswith(f"{plant.line}: "), (plant.line, found[0])
    assert ": " in found[0].partition(": ")[2], f"no mend in {found[0]}"
