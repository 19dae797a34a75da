"""The ledger, what the book claims and what checks it: `python tools/ledger.py` finds its gaps.

Beside a page stands its ledger, `<page>.claims.yml`: one entry for each theorem of a chapter, and
for each number in its section "What we know now" and on the landing page. An entry missing at
either end is a fault: file:line: what is wrong and how to mend it.
"""

import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from lint import keys
from lint.chapter import THEOREMS, Block, Chapter, assumptions, labels, read
from lint.form import KNOWN
from lint.prose import GLUE, plain, typed_numbers
from pointers import missing_function, missing_test

LANDING = "book/intro.md"
SUFFIX = ".claims.yml"
FIELDS = {"claim", "whose", "function", "test"}
ALSO = {"theorem", "read", "breaks", "figure", "no figure"}
DERIVED, COMPUTED = "derived here", "computed here"
LINE = "line of the file"


class Loader(yaml.SafeLoader):  # type: ignore[misc]  # PyYAML has no types
    """Notes the line on which each mapping begins."""


def _with_line(loader: Loader, node: yaml.MappingNode) -> dict[str, Any]:
    return {**loader.construct_mapping(node, deep=True), LINE: node.start_mark.line + 1}


Loader.add_constructor("tag:yaml.org,2002:map", _with_line)


@dataclass(frozen=True)
class Entry:
    """One claim, and where its entry begins."""

    ledger: Path
    given: Mapping[str, Any]

    @property
    def theorem(self) -> str:
        """The label of the theorem that it is, or nothing if it is about numbers."""
        return str(self.given.get("theorem", ""))

    @property
    def numbers(self) -> list[str]:
        """The glued numbers in its claim, with their formats."""
        return GLUE.findall(str(self.given.get("claim", "")))

    @property
    def breaks(self) -> dict[str, str]:
        """For each needed hypothesis, in words: the test that drops it."""
        given = self.given.get("breaks") or {}
        return {words: str(test) for words, test in given.items() if words != LINE}

    @property
    def tests(self) -> list[str]:
        """Every test that it names."""
        return [*many(self.given.get("test")), *self.breaks.values()]

    def fault(self, message: str) -> str:
        """The message, with file and line."""
        return f"{self.ledger}:{self.given[LINE]}: {message}"


@dataclass(frozen=True)
class Page:
    """A page, what it claims, and what its ledger says."""

    path: Path
    chapter: Chapter
    entries: list[Entry]

    @property
    def ledger(self) -> Path:
        """Where its entries stand."""
        return self.path.with_suffix(SUFFIX)

    @property
    def theorems(self) -> dict[str, Block]:
        """Its theorem boxes by label."""
        boxes = self.chapter.named(*THEOREMS)
        return {str(box.options.get("label")): box for box in boxes}

    @property
    def numbers(self) -> dict[str, int]:
        """Its headline numbers, with the line on which each stands first."""
        known = self.chapter.section(KNOWN)
        start, end = (known.line, known.end) if known else (1, 1)
        inside = [
            (line, name)
            for line, text in self.chapter.texts()
            for name in GLUE.findall(text)
            if self.path.match(LANDING) or start < line < end
        ]
        return {name: line for line, name in reversed(inside)}


def many(value: Any) -> list[str]:
    """One text, or a list of them."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def pages(source: Path) -> list[Page]:
    """The landing page, every chapter, and every other page with a ledger."""
    paths = [source / LANDING, *sorted((source / "chapters").glob("*.md"))]
    paths += [page_of(ledger) for ledger in sorted((source / "book").rglob(f"*{SUFFIX}"))]
    return [Page(path, read(path), entries(path)) for path in dict.fromkeys(paths) if path.exists()]


def page_of(ledger: Path) -> Path:
    """The page beside which a ledger stands."""
    return ledger.with_name(ledger.name.removesuffix(SUFFIX) + ".md")


def entries(page: Path) -> list[Entry]:
    """What stands in the ledger of a page."""
    ledger = page.with_suffix(SUFFIX)
    if not ledger.exists():
        return []
    with ledger.open(encoding="utf-8") as stream:  # so that a slip in the YAML names the file
        given = yaml.load(stream, Loader) or []
    return [Entry(ledger, entry) for entry in given]


def tests(source: Path) -> list[str]:
    """Every test that a ledger names, once."""
    found = [test for page in pages(source) for entry in page.entries for test in entry.tests]
    return list(dict.fromkeys(found))


def break_tests(source: Path) -> set[str]:
    """The tests that drop a hypothesis, which must say by how much the conclusion fails."""
    found = [entry for page in pages(source) for entry in page.entries]
    return {test for entry in found for test in entry.breaks.values()}


def faults(source: Path) -> list[str]:
    """Everything that is missing at either end."""
    known = keys(source / "book/references.bib")
    found = [fault for page in pages(source) for fault in page_faults(page, known, source)]
    for folder in ("book", "chapters"):
        for ledger in sorted((source / folder).rglob(f"*{SUFFIX}")):
            page = page_of(ledger)
            if not page.exists():
                found.append(f"{ledger}:1: no page {page.name}: rename the ledger, or remove it")
    return found


def page_faults(page: Page, known: set[str], source: Path) -> Iterator[str]:
    """What is missing on one page: first claims without an entry, then each entry."""
    theorems = [entry.theorem for entry in page.entries]
    numbers = [name for entry in page.entries for name in entry.numbers]
    for label, box in page.theorems.items():
        if theorems.count(label) != 1:
            count = f"{theorems.count(label)} entries: write one in {page.ledger}"
            yield f"{page.path}:{box.line}: theorem {label} has {count}"
    for name, line in page.numbers.items():
        if name not in numbers:
            yield (
                f"{page.path}:{line}: number {name} has no entry: add it to a claim in "
                f"{page.ledger}, with the same format"
            )
    for entry in page.entries:
        for message in entry_faults(entry, page, known, source):
            yield entry.fault(message)


def entry_faults(entry: Entry, page: Page, known: set[str], source: Path) -> Iterator[str]:
    """What is wrong with one entry."""
    fields = {name for name, value in entry.given.items() if value and name != LINE}
    if missing := FIELDS - fields:
        yield f"no {', '.join(sorted(missing))}: add the field"
    if unknown := fields - FIELDS - ALSO:
        yield f"unknown field {', '.join(sorted(unknown))}: use {', '.join(sorted(FIELDS | ALSO))}"
    for number in typed_numbers(plain(str(entry.given.get("claim", "")))):
        yield f"typed number {number} in the claim: glue it"
    if entry.theorem:
        yield from theorem_faults(entry, page, known)
    else:
        yield from number_faults(entry, page)
    yield from figure_faults(entry, page)
    for function in many(entry.given.get("function")):
        yield from missing_function(function)
    for test in entry.tests:
        yield from missing_test(test, source)


def theorem_faults(entry: Entry, page: Page, known: set[str]) -> Iterator[str]:
    """Label, provenance and breaks must be those of the box."""
    box = page.theorems.get(entry.theorem)
    if box is None:
        yield f"no theorem {entry.theorem} in {page.path.name}: mend the label, or remove the entry"
        return
    kind, whose = entry.given.get("read"), entry.given.get("whose")
    if f"lk-{kind}" not in box.words:
        classes = ", ".join(sorted(box.words))
        yield f"read: {kind}, but the box on line {box.line} has {classes}: make them agree"
    if (whose == DERIVED) != (kind == "derived") or (whose != DERIVED and whose not in known):
        yield f"whose: {whose}: write a key of references.bib, or “{DERIVED}” with read: derived"
    tables = assumptions(page.chapter, box)
    needed = sum(name == "lk-needed" for table in tables for _, _, name in labels(table))
    if len(entry.breaks) != needed:
        yield f"{len(entry.breaks)} breaks, {needed} hypotheses labelled needed: name one test each"


def number_faults(entry: Entry, page: Page) -> Iterator[str]:
    """The numbers of a claim must be printed on the page, and be computed there."""
    if not entry.numbers:
        yield "neither a theorem nor a number: give the label, or glue the number in the claim"
    for name in entry.numbers:
        if name not in page.numbers:
            where = "on the page" if page.path.match(LANDING) else f"under “{KNOWN}”"
            yield f"number {name} is not printed {where}: print it, or take it out of the claim"
    if entry.given.get("whose") != COMPUTED:
        yield f"whose: {entry.given.get('whose')}: a number is “{COMPUTED}”"
    if extra := {"read", "breaks"} & entry.given.keys():
        yield f"{', '.join(sorted(extra))} belongs to a theorem: take it out"


def figure_faults(entry: Entry, page: Page) -> Iterator[str]:
    """A figure of the page, or why there is none."""
    figures = {block.figure_name for block in page.chapter.blocks}
    figure, reason = entry.given.get("figure"), entry.given.get("no figure")
    if (figure is None) == (reason is None):
        yield "give either figure: its name, or no figure: why there is none"
    if figure is not None and figure not in figures:
        yield f"no figure {figure} in {page.path.name}: mend the name, or write no figure: why"


def main() -> int:
    """Say what is missing."""
    found = faults(Path())
    print("\n".join(found) or f"{len(tests(Path()))} tests for the claims of the book, no fault")
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
