"""The form of a chapter, rule by rule: each yields (line, what is wrong: how to mend it)."""

import re
from collections.abc import Collection
from pathlib import Path

from lint import boxes, cells, form, prose
from lint.chapter import read

RULES = (
    form.form,
    form.front_box,
    form.headings,
    form.table_heads,
    form.parts,
    form.ending,
    prose.numbers,
    prose.words,
    prose.sentences,
    cells.code,
    cells.size,
    cells.seeds,
    cells.figures,
    cells.explorers,
    cells.said,
    cells.bets,
    boxes.theorems,
    boxes.hypotheses,
    boxes.exercises,
)


def keys(bibliography: Path) -> set[str]:
    """The keys of a BibTeX file."""
    return set(re.findall(r"@\w+\{([^,\s]+),", bibliography.read_text(encoding="utf-8")))


def lint(path: Path, bibliography: Path, graders: Collection[str] | None = None) -> list[str]:
    """Every fault of one chapter, in the order of its lines.

    `graders` are the tasks that `lipkit.teach.check` knows; None: whether they exist is not asked.
    """
    chapter = read(path)
    faults = [fault for rule in RULES for fault in rule(chapter)]
    faults += prose.citations(chapter, keys(bibliography))
    faults += boxes.graded(chapter, graders)
    return [f"{path}:{line}: {message}" for line, message in sorted(faults)]
