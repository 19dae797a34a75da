"""A chapter as the linter and the ledger see it: front matter, blocks, prose, sections."""

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, NamedTuple

import yaml

THEOREMS = {"prf:theorem", "prf:lemma", "prf:proposition", "prf:corollary", "prf:conjecture"}
VERBATIM = {"", "code-cell", "code-block", "code", "literalinclude", "math", "raw", "eval-rst"}
FOLDED = {"dropdown", "solution"}
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
# Their argument is a title, so prose; that of other directives is a label or a path.
TITLED = {"admonition", "dropdown", "exercise", "grid-item-card", "note", "tip", "warning"}

FENCE = re.compile(r"^\s*(`{3,}|:{3,}|~{3,})\s*(?:\{([^}]+)\})?\s*(.*?)\s*$")
OPTION = re.compile(r":([\w-]+):\s*(.*)")
HEADING = re.compile(r"(#+) +(.*?)\s*$")
MATH = ("$$", r"\begin{", r"\end{")
ROW = re.compile(r"^\|(.*)\|\s*$")
LABEL = re.compile(r"\[([^]]*)\]\{\.(lk-[\w-]+)\}")


class Line(NamedTuple):
    """A line of prose; `folded` if a reader must open something to see it."""

    number: int
    text: str
    folded: bool


@dataclass
class Section:
    """A heading and where the next of its level or above begins."""

    line: int
    level: int
    title: str
    end: int


@dataclass
class Block:
    """A directive or a code cell; `solves` is the exercise in whose solution it stands."""

    name: str
    argument: str
    line: int
    fence: str
    parent: "Block | None" = None
    folded: bool = False
    solves: str = ""
    text: list[str] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        """Whether options that begin with `---` also end with it."""
        return self.text[:1] != ["---"] or "---" in self.text[1:]

    @property
    def options(self) -> dict[str, Any]:
        """Its options, from `:key: value` lines or from YAML between `---`."""
        if self.closed and self.text[:1] == ["---"]:
            return {} if self.garbled else self._yaml()
        pairs = map(OPTION.match, self.text[: len(self.text) - len(self.body)])
        return {pair[1]: pair[2] for pair in pairs if pair}

    @property
    def garbled(self) -> bool:
        """Whether its options are no YAML."""
        try:
            return self.closed and self.text[:1] == ["---"] and not isinstance(self._yaml(), dict)
        except yaml.YAMLError:
            return True

    def _yaml(self) -> Any:
        return yaml.safe_load("\n".join(self.text[1 : self.text.index("---", 1)])) or {}

    @property
    def first(self) -> int:
        """The line of the file on which its body begins."""
        return self.line + 1 + len(self.text) - len(self.body)

    @property
    def body(self) -> list[str]:
        """Its lines after the options."""
        if self.closed and self.text[:1] == ["---"]:
            return self.text[self.text.index("---", 1) + 1 :]
        start = next((i for i, text in enumerate(self.text) if not OPTION.match(text)), None)
        return [] if start is None else self.text[start:]

    @property
    def words(self) -> set[str]:
        """Its classes, or its tags if it is a cell."""
        given = self.options.get("tags" if self.name == "code-cell" else "class", "")
        return set(re.findall(r"[\w-]+", str(given)))

    @property
    def folds(self) -> bool:
        """Whether a reader must open it to see what it holds."""
        return self.name in FOLDED or "dropdown" in self.words

    @property
    def figure(self) -> dict[str, Any]:
        """The figure that a cell declares, or nothing."""
        return (self.options.get("mystnb") or {}).get("figure") or {}

    @property
    def figure_name(self) -> str:
        """The name by which a figure is referred to, or nothing."""
        directive = self.options.get("name") if self.name == "figure" else None
        return str(self.figure.get("name") or directive or "")

    def rows(self) -> list[tuple[int, str]]:
        """The rows of the table in it, with their lines, without head and rule."""
        found = [(n, text) for n, text in enumerate(self.text, self.line + 1) if ROW.match(text)]
        return found[2:]

    def line_of(self, fragment: str) -> int:
        """The first of its lines that holds the fragment, or its own."""
        lines = enumerate(self.text, self.line + 1)
        return next((number for number, text in lines if fragment in text), self.line)


@dataclass
class Chapter:
    """What the rules look at."""

    slug: str
    front: dict[str, Any]
    blocks: list[Block] = field(default_factory=list)
    prose: list[Line] = field(default_factory=list)

    def named(self, *names: str) -> list[Block]:
        """The blocks of these names."""
        return [block for block in self.blocks if block.name in names]

    @property
    def sections(self) -> list[Section]:
        """Its headings, in order."""
        found = [(line.number, match) for line in self.prose if (match := HEADING.match(line.text))]
        last = self.prose[-1].number + 1 if self.prose else 1
        sections = [Section(number, len(match[1]), match[2], last) for number, match in found]
        for i, section in enumerate(sections):
            after = (other.line for other in sections[i + 1 :] if other.level <= section.level)
            section.end = next(after, last)
        return sections

    def section(self, title: str) -> Section | None:
        """The section of this title."""
        return next((section for section in self.sections if section.title == title), None)

    def texts(self) -> Iterator[tuple[int, str]]:
        """Everything that is read as prose, line by line: also titles and captions."""
        yield from ((line.number, line.text) for line in self.prose)
        for block in self.blocks:
            if block.argument and (block.name in TITLED or block.name.startswith("prf:")):
                yield block.line, block.argument
            for text in str(block.figure.get("caption", "")).splitlines():
                yield block.line_of(text), text


def assumptions(chapter: Chapter, box: Block) -> list[Block]:
    """The assumption tables in a theorem box."""
    tables = chapter.named("table")
    return [table for table in tables if table.parent is box and "lk-assume" in table.words]


def labels(table: Block) -> Iterator[tuple[int, str, str]]:
    """Of each row of an assumption table: its line, and the words and the class of its label."""
    for number, text in table.rows():
        cell = text.strip().strip("|").split("|")[-1].strip()
        label = LABEL.fullmatch(cell)
        yield number, label[1] if label else cell, label[2] if label else ""


class Reader:
    """Reads line by line; holds what is open."""

    def __init__(self, chapter: Chapter):
        self.chapter = chapter
        self.open: list[Block] = []
        self.gate = ""  # the exercise between whose solution-start and solution-end we are
        self.math = False

    def feed(self, number: int, line: str) -> None:
        """Take the next line."""
        inside = self.open[-1] if self.open else None
        found = FENCE.match(line)
        if inside and found and found[1].startswith(inside.fence) and not (found[2] or found[3]):
            self.close()
        elif found and not (inside and inside.name in VERBATIM):
            self.begin(Block(found[2] or "", found[3], number, found[1], inside))
        else:
            if inside:
                inside.text.append(line)
            self.prose(number, line)

    def begin(self, block: Block) -> None:
        """Open a block."""
        self.open.append(block)
        solutions = [outer.argument for outer in self.open if outer.name == "solution"]
        block.solves = self.gate or "".join(solutions)
        block.folded = bool(self.gate) or any(outer.folds for outer in self.open)
        self.chapter.blocks.append(block)

    def close(self) -> None:
        """Close the innermost block."""
        block = self.open.pop()
        if block.name == "solution-start":
            self.gate = block.argument
        elif block.name == "solution-end":
            self.gate = ""

    def prose(self, number: int, line: str) -> None:
        """Keep the line if it is read as prose: no code, no option, no display math."""
        if (self.open and self.open[-1].name in VERBATIM) or OPTION.match(line):
            return
        if line.strip().startswith(MATH):
            self.math ^= line.count("$$") != 2
        elif not self.math:
            folded = bool(self.gate) or any(block.folds for block in self.open)
            self.chapter.prose.append(Line(number, line, folded))


def read(path: Path) -> Chapter:
    """Split a chapter into front matter, blocks and prose."""
    lines = path.read_text(encoding="utf-8").splitlines()
    end = lines.index("---", 1) if lines[:1] == ["---"] and "---" in lines[1:] else -1
    front = yaml.safe_load("\n".join(lines[1:end])) if end > 0 else {}
    reader = Reader(Chapter(path.stem, front or {}))
    for number, line in enumerate(lines[end + 1 :], start=end + 2):
        reader.feed(number, line)
    return reader.chapter
