"""The shape of a chapter: front box, headings, the parts that none may lack, length."""

import re
from collections.abc import Iterator
from itertools import pairwise

from lint.chapter import THEOREMS, Chapter, Section
from lint.prose import CITE, Fault, count_words
from lint.python import calls

FIELDS = ["Question", "After this chapter", "You need", "Time to read", "Time to run"]
EXERCISES, KNOWN, READING = "Exercises", "What we know now", "Reading"
PLAIN = {"introduction", "background", "overview", "conclusion", "conclusions", "summary", "bet"}
PLAIN |= {"see", "name it", "why", "break it", "measure", "results", "discussion", "motivation"}
MOST_WORDS, DEEPEST = 2500, 3
TIME = re.compile(r"\d+ (?:second|minute)s?\b")
RULE = re.compile(r"\|[\s:|-]*-[\s:|-]*\|")  # below the head of a table


def form(chapter: Chapter) -> Iterator[Fault]:
    """Front matter; nothing too long."""
    if "kernelspec" not in chapter.front:
        yield 1, "no kernelspec: begin with --- jupytext, kernelspec --- as in the other chapters"
    words = sum(count_words(line.text) for line in chapter.prose if not line.folded)
    if words > MOST_WORDS:
        yield 1, f"{words} words outside dropdowns, at most {MOST_WORDS}: make it two chapters"


def front_box(chapter: Chapter) -> Iterator[Fault]:
    """One box with the five fields, each filled."""
    boxes = [block for block in chapter.named("admonition") if "lk-front" in block.words]
    if len(boxes) != 1:
        yield 1, f"{len(boxes)} front boxes: write one admonition with :class: lk-front"
    for box in boxes:
        pairs = zip(box.text, box.text[1:], strict=False)
        found = {term: text[1:].strip() for term, text in pairs if text.startswith(":")}
        found = {term: text for term, text in found.items() if term and not term.startswith(":")}
        if list(found) != FIELDS:
            yield box.line, f"front box has the fields {list(found)}: write {FIELDS}, in this order"
        if not found.get("Question", "?").endswith("?"):
            yield box.line_of("Question"), "the question is no question: write one sentence with ?"
        for name in ("Time to read", "Time to run"):
            if not TIME.search(found.get(name, "1 minute")):
                yield box.line_of(name), f"{name} without a time: write it as “20 minutes”"
        for name in FIELDS:
            if found.get(name) == "":
                yield box.line_of(name), f"{name} is empty: fill it in"


def table_heads(chapter: Chapter) -> Iterator[Fault]:
    """Every column of a table is named: a screen reader says its head before each cell."""
    for head, rule in pairwise(chapter.prose):
        if RULE.fullmatch(rule.text.strip()) and "" in map(str.strip, head.text.split("|")[1:-1]):
            yield head.number, "a column of the table has no head: name it"


def headings(chapter: Chapter) -> Iterator[Fault]:
    """One title; no level skipped, none deep, none that any book could have."""
    sections = chapter.sections
    titles = [section for section in sections if section.level == 1]
    if len(titles) != 1 or sections[0].level != 1:
        yield 1, f"{len(titles)} titles: begin with one # heading and use ## below it"
    for before, section in pairwise(sections):
        if section.level > before.level + 1 or section.level > DEEPEST:
            hashes = "#" * min(before.level + 1, DEEPEST)
            yield section.line, f"heading of level {section.level} here: use {hashes}"
    seen: set[str] = set()
    for section in sections:
        title = section.title.lower()
        if title in PLAIN:
            yield section.line, f"heading “{section.title}”: use the subject's own words"
        if title in seen:
            yield section.line, f"heading “{section.title}” stands twice: links need one"
        if re.search(r"[.:]$", title):
            yield section.line, f"heading ends in {title[-1]}: leave it out"
        seen.add(title)


def parts(chapter: Chapter) -> Iterator[Fault]:
    """The parts that every chapter has."""
    called = [call.dotted for cell in chapter.named("code-cell") for call in calls(cell)]
    shown = any(name.startswith("bets.") or name.endswith("explorer") for name in called)
    proofs = [b for b in chapter.named("dropdown") if b.argument.startswith("Proof")]
    if not (shown or proofs or chapter.named("prf:proof")):
        yield 1, "no bet, explorer or proof: show the answer, or prove it in {dropdown} Proof"
    if not chapter.named("prf:definition", *THEOREMS):
        yield 1, "nothing is named: add a {prf:definition} or a {prf:theorem}"
    if not any(cell.figure for cell in chapter.named("code-cell")):
        yield 1, "nothing is measured: add a cell that ends in figures.show(…)"
    last = [section.title for section in chapter.sections if section.level == 2][-3:]
    if last != [EXERCISES, KNOWN, READING]:
        yield 1, f"the last sections are {last}: write ## {EXERCISES}, ## {KNOWN}, ## {READING}"


def ending(chapter: Chapter) -> Iterator[Fault]:
    """Three lines that we know now, the next question, and works to read."""
    if known := chapter.section(KNOWN):
        items = list_items(chapter, known)
        if len(items) != 3:
            yield known.line, f"{len(items)} list items under {KNOWN}: write three"
    if not any(line.text.startswith("**Next question.**") for line in chapter.prose):
        line = known.line if known else 1
        yield line, f"no next question: end {KNOWN} with a line **Next question.**"
    if reading := chapter.section(READING):
        items = list_items(chapter, reading)
        if not items:
            yield reading.line, f"nothing under {READING}: add one line a work, with {{cite:t}}"
        for number, text in items:
            if not CITE.search(text):
                yield number, f"item under {READING} without a citation: begin it with {{cite:t}}"


def list_items(chapter: Chapter, section: Section) -> list[tuple[int, str]]:
    """The list items of a section, with their lines."""
    inside = [line for line in chapter.prose if section.line < line.number < section.end]
    return [(line.number, line.text) for line in inside if line.text.startswith(("- ", "* "))]
