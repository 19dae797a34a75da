"""Hold every chapter to the form of the book: `python tools/lint_chapters.py [FILE …]`.

One message a fault: file:line: what is wrong and how to mend it.
"""

import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import yaml

FIELDS = ["Question", "After this chapter", "You need", "Time to read", "Time to run"]
THEOREMS = {"prf:theorem", "prf:lemma", "prf:proposition", "prf:corollary", "prf:conjecture"}
PROVENANCE = {"lk-read", "lk-abstract", "lk-derived"}
VERBATIM = {"", "code-cell", "code-block", "code", "literalinclude", "math", "raw", "eval-rst"}
FOLDED = {"dropdown", "solution"}
HIDDEN = {"hide-input", "hide-cell", "remove-input", "remove-cell"}
MOST_LINES, MOST_WORDS, MOST_THEOREMS, MOST_FIGURES = 25, 2500, 3, 6

FENCE = re.compile(r"^\s*(`{3,}|:{3,}|~{3,})\s*(?:\{([^}]+)\})?\s*(.*?)\s*$")
CITE = re.compile(r"\{cite(?::\w+)?\}`([^`]+)`")
NOT_PROSE = re.compile(
    r"\{[\w:-]+\}`[^`]*`"  # roles: glue, cite, ref, doc …
    r"|`[^`]*`|\$[^$]*\$"  # code, math
    r"|\]\([^)]*\)|<[^>]*>|https?://\S+"  # targets of links, HTML
    r"|\{[.#][^}]*\}"  # attributes
    r"|\b(?:Theorem|Lemma|Proposition|Corollary|Section|Equation|Figure|Fig\.|Python|Sphinx) [\d.]+"
)
YEAR = re.compile(r"\b(?:19|20)\d\d\b")
TYPED = re.compile(r"(?<![A-Za-z]-)(?<![\w.])(?:\d+\.\d+|\d[\d,]*\d\d)")
GLOBAL_RANDOM = re.compile(
    r"np\.random\.(?!default_rng|Generator|SeedSequence)\w+|default_rng\(\s*\)"
    r"|torch\.(?:manual_seed|seed)\b|(?<![\w.])random\.\w+\("
)

OPTION = re.compile(r":([\w-]+):\s*(.*)")

Fault = tuple[int, str]


@dataclass
class Block:
    """A directive or a code cell."""

    name: str
    argument: str
    line: int
    fence: str
    folded: bool = False
    text: list[str] = field(default_factory=list)

    @property
    def closed(self) -> bool:
        """Whether options that begin with `---` also end with it."""
        return self.text[:1] != ["---"] or "---" in self.text[1:]

    @property
    def options(self) -> dict[str, Any]:
        """Its options, from `:key: value` lines or from YAML between `---`."""
        if self.closed and self.text[:1] == ["---"]:
            return yaml.safe_load("\n".join(self.text[1 : self.text.index("---", 1)])) or {}
        pairs = map(OPTION.match, self.text)
        return {pair[1]: pair[2] for pair in pairs if pair}

    @property
    def body(self) -> list[str]:
        """Its lines after the options."""
        if self.closed and self.text[:1] == ["---"]:
            return self.text[self.text.index("---", 1) + 1 :]
        return [line for line in self.text if not OPTION.match(line)]

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


@dataclass
class Chapter:
    """What the rules look at; `prose` holds (line, text, folded)."""

    front: dict[str, Any]
    blocks: list[Block] = field(default_factory=list)
    prose: list[tuple[int, str, bool]] = field(default_factory=list)

    def named(self, *names: str) -> list[Block]:
        """The blocks of these names."""
        return [block for block in self.blocks if block.name in names]


def read(text: str) -> Chapter:
    """Split a chapter into front matter, blocks and prose."""
    lines = text.splitlines()
    end = lines.index("---", 1) if lines[:1] == ["---"] and "---" in lines[1:] else -1
    chapter = Chapter(yaml.safe_load("\n".join(lines[1:end])) or {} if end > 0 else {})
    stack: list[Block] = []
    gated = False  # between solution-start and solution-end
    for number, line in enumerate(lines[end + 1 :], start=end + 2):
        inside = stack[-1] if stack else None
        verbatim = inside is not None and inside.name in VERBATIM
        found = FENCE.match(line)
        if inside and found and found[1].startswith(inside.fence) and not (found[2] or found[3]):
            gated = inside.name == "solution-start" or (gated and inside.name != "solution-end")
            stack.pop()
        elif found and not verbatim:
            stack.append(Block(found[2] or "", found[3], number, found[1]))
            chapter.blocks.append(stack[-1])
            stack[-1].folded = gated or any(block.folds for block in stack)
        else:
            if inside:
                inside.text.append(line)
            if not verbatim and not OPTION.match(line):
                folded = gated or any(block.folds for block in stack)
                chapter.prose.append((number, line, folded))
    return chapter


def count_words(line: str) -> int:
    """What a reader reads: a role, a formula or a link's target is one word or none."""
    text = re.sub(r"^\[[^]]+\]: .*", "", NOT_PROSE.sub(" x ", line))
    return len(re.findall(r"\b\w[\w'’-]*", text))


def form(chapter: Chapter) -> Iterator[Fault]:
    """Front matter, front box, a section, nothing too long."""
    if "kernelspec" not in chapter.front:
        yield 1, "no kernelspec: begin with --- jupytext, kernelspec --- as in the other chapters"
    boxes = [block for block in chapter.named("admonition") if "lk-front" in block.words]
    if len(boxes) != 1:
        yield 1, f"{len(boxes)} front boxes: write one admonition with :class: lk-front"
    for box in boxes:
        defined = zip(box.text, box.text[1:], strict=False)
        found = [term for term, text in defined if text.startswith(": ")]
        if found != FIELDS:
            yield box.line, f"front box has the fields {found}: write {FIELDS}, in this order"
    if not any(line.startswith("## ") for _, line, _ in chapter.prose):
        yield 1, "no section: a page needs at least one ## heading"
    words = sum(count_words(line) for _, line, folded in chapter.prose if not folded)
    if words > MOST_WORDS:
        yield 1, f"{words} words outside dropdowns, at most {MOST_WORDS}: make it two chapters"


def theorems(chapter: Chapter) -> Iterator[Fault]:
    """At most three, each says whose it is."""
    boxes = chapter.named(*THEOREMS)
    for box in boxes:
        if len(box.words & PROVENANCE) != 1:
            yield box.line, f"{box.name} without provenance: add one class of {sorted(PROVENANCE)}"
    shown = [box for box in boxes if not box.folded]
    for box in shown[MOST_THEOREMS:]:
        yield box.line, f"more than {MOST_THEOREMS} theorems: make it two chapters"


def exercises(chapter: Chapter) -> Iterator[Fault]:
    """Every exercise has a solution."""
    solved = {block.argument for block in chapter.named("solution", "solution-start")}
    for block in chapter.named("exercise", "exercise-start"):
        label = block.options.get("label")
        if label not in solved:
            yield block.line, f"exercise {label} has no solution: add :::{{solution}} {label}"


def cells(chapter: Chapter) -> Iterator[Fault]:
    """Short cells, seeded, whose figures have a name and a caption."""
    for cell in chapter.named("code-cell"):
        if not cell.closed:
            yield cell.line, "options are not closed: end them with --- at the line's start"
            continue
        code = [line for line in cell.body if line.strip()]
        if len(code) > MOST_LINES and not cell.words & HIDDEN:
            yield cell.line, f"{len(code)} lines, at most {MOST_LINES}: move the work into lipkit"
        for number, line in enumerate(cell.text, start=cell.line + 1):
            if found := GLOBAL_RANDOM.search(line):
                yield number, f"{found[0]} is not seeded here: pass rng=0 or default_rng(0)"
        draws = "mystnb" in cell.options or (code and code[-1].startswith("figures."))
        missing = [key for key in ("name", "caption") if not cell.figure.get(key)]
        if draws and missing:
            yield cell.line, f"figure without {' and '.join(missing)}: add it to mystnb: figure:"
    shown = [block for block in chapter.blocks if block.figure or block.name.endswith("figure")]
    for block in shown[MOST_FIGURES:]:
        yield block.line, f"more than {MOST_FIGURES} figures: make it two chapters"


def numbers(chapter: Chapter) -> Iterator[Fault]:
    """A number that was computed is glued, not typed."""
    in_math = False
    for number, line, _ in chapter.prose:
        if line.strip().startswith(("$$", r"\begin{", r"\end{")):
            in_math = in_math ^ (line.count("$$") != 2)
        elif not in_math:
            rest = YEAR.sub(" ", NOT_PROSE.sub(" ", line))
            for typed in TYPED.findall(rest):
                yield number, f"typed number {typed}: compute and glue it, or write it as $math$"


def citations(chapter: Chapter, known: set[str]) -> Iterator[Fault]:
    """Every cited key exists."""
    captions = [(block.line, str(block.figure.get("caption"))) for block in chapter.blocks]
    for number, text in [(number, line) for number, line, _ in chapter.prose] + captions:
        for key in ",".join(CITE.findall(text)).split(","):
            if key.strip() and key.strip() not in known:
                yield number, f"unknown citation {key.strip()}: add it to book/references.bib"


def lint(path: Path, bibliography: Path) -> list[str]:
    """Every fault of one chapter, in order."""
    chapter = read(path.read_text(encoding="utf-8"))
    known = set(re.findall(r"@\w+\{([^,\s]+),", bibliography.read_text(encoding="utf-8")))
    faults = [
        *(fault for rule in (form, theorems, exercises, cells, numbers) for fault in rule(chapter)),
        *citations(chapter, known),
    ]
    return [f"{path}:{line}: {message}" for line, message in sorted(faults)]


def main(arguments: list[str]) -> int:
    """Lint the given files, or all chapters."""
    paths = [Path(name) for name in arguments] or sorted(Path("chapters").glob("*.md"))
    faults = [fault for path in paths for fault in lint(path, Path("book/references.bib"))]
    print("\n".join(faults) or f"{len(paths)} chapters, no fault")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
