"""Theorems with their provenance and assumptions; exercises with solutions and graders."""

from collections.abc import Collection, Iterator

from lint.chapter import THEOREMS, Block, Chapter, assumptions, labels
from lint.form import EXERCISES
from lint.prose import Fault
from lint.python import calls, text

PROVENANCE = {"lk-read", "lk-abstract", "lk-derived"}
KINDS = {"lk-hand", "lk-code", "lk-experiment", "lk-trap", "lk-open"}
LABELS = {"lk-needed": "needed", "lk-used": "used by the proof", "lk-device": "proof device"}
MOST_THEOREMS, FEWEST_EXERCISES, MOST_EXERCISES = 3, 4, 6


def theorems(chapter: Chapter) -> Iterator[Fault]:
    """At most three; each has a label and says whose it is."""
    boxes = chapter.named(*THEOREMS)
    for box in boxes:
        if len(box.words & PROVENANCE) != 1:
            yield box.line, f"{box.name} without provenance: add one class of {sorted(PROVENANCE)}"
        if not box.options.get("label"):
            yield box.line, f"{box.name} without a label: add :label: thm-…; the ledger needs it"
    shown = [box for box in boxes if not box.folded]
    for box in shown[MOST_THEOREMS:]:
        yield box.line, f"more than {MOST_THEOREMS} theorems: make it two chapters"


def hypotheses(chapter: Chapter) -> Iterator[Fault]:
    """Every theorem has one assumption table, each row one of the three labels."""
    for box in chapter.named(*THEOREMS - {"prf:conjecture"}):
        tables = assumptions(chapter, box)
        if len(tables) != 1 or not tables[0].rows():
            yield box.line, "theorem without its assumptions: add {table} with :class: lk-assume"
    for table in chapter.named("table"):
        if "lk-assume" in table.words:
            for line, words, name in labels(table):
                if LABELS.get(name) != words:
                    allowed = ", ".join(f"[{text}]{{.{key}}}" for key, text in LABELS.items())
                    yield line, f"label {words} {name}".rstrip() + f": write one of {allowed}"


def exercises(chapter: Chapter) -> Iterator[Fault]:
    """Four to six in their section, numbered, each of one kind and with one solution."""
    boxes = chapter.named("exercise", "exercise-start")
    if not FEWEST_EXERCISES <= len(boxes) <= MOST_EXERCISES:
        allowed = f"write {FEWEST_EXERCISES} to {MOST_EXERCISES}"
        section = chapter.section(EXERCISES)
        yield section.line if section else 1, f"{len(boxes)} exercises: {allowed}"
    solved = [block.argument for block in chapter.named("solution", "solution-start")]
    for n, box in enumerate(boxes, start=1):
        expected, label = f"ex-{chapter.slug}-{n}", box.options.get("label")
        if label != expected:
            yield box.line, f"exercise {n} has the label {label}: write :label: {expected}"
        if solved.count(str(label)) != 1:
            yield box.line, f"exercise {label} has no solution: add one :::{{solution}} {label}"
        if len(box.words & KINDS) != 1:
            yield box.line, f"exercise {label} of no single kind: add one class of {sorted(KINDS)}"
        section = chapter.section(EXERCISES)
        if section and not section.line < box.line < section.end:
            yield box.line, f"exercise {label} outside ## {EXERCISES}: move it there"


def graded(chapter: Chapter, graders: Collection[str] | None) -> Iterator[Fault]:
    """Every code exercise has a grader, which its solution passes; no check is for nothing."""
    for n, box in enumerate(chapter.named("exercise", "exercise-start"), start=1):
        name = f"{chapter.slug}.ex{n}"
        if "lk-code" in box.words and name not in checked(chapter, box):
            yield box.line, f'solution of a code exercise without check("{name}", …): add a cell'
        if "lk-code" in box.words and graders is not None and name not in graders:
            where = f"lipkit/teach/graders/tasks/{chapter.slug.replace('-', '_')}.py"
            yield box.line, f"no grader {name}: add it to {where}"


def checked(chapter: Chapter, box: Block) -> set[str]:
    """The tasks that the solution of an exercise calls `check` for."""
    label = str(box.options.get("label"))
    cells = [cell for cell in chapter.named("code-cell") if cell.solves == label]
    found = [call for cell in cells for call in calls(cell) if call.name == "check"]
    return {text(call.positional[0]) for call in found if call.positional}
