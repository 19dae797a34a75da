"""The linter finds theorems without provenance or assumptions, exercises without answers."""

from pathlib import Path

import pytest

from tests.tools.planting import GOOD, Plant, assert_found, between, faults

RIDGE = "## A ridge"
LEMMA = """\
::::{prf:lemma} L
:label: thm-%d
:class: lk-read

:::{table}
:class: lk-assume

| hypothesis | what it buys | label |
|---|---|---|
| width | room | [needed]{.lk-needed} |
:::
::::
"""
EXERCISE = """\
:::{exercise} More
:label: ex-chapter-%d
:class: lk-hand
:::

:::{solution} ex-chapter-%d
:class: dropdown
:::

"""
FOURTH = between(":::{exercise} Nobody", "## What we")
SOLUTION = ":::{solution} ex-chapter-4\n:class: dropdown\n"
ROWS = between("| width", ":::\n::::")
BOUND, NOBODY, MACHINE = "} A bound", "} Nobody", "} By machine"
CHECK = 'check("chapter.ex2", lambda x: x)'


def lemmas(count: int) -> str:
    return "".join(LEMMA % n for n in range(2, 2 + count))


def more(count: int) -> str:
    return FOURTH + "".join(EXERCISE % (n, n) for n in range(5, 5 + count))


# An exercise whose solution is there, but is not its own.
UNSOLVED = more(1).replace("{solution} ex-chapter-5", "{solution} ex-chapter-6")
FIRST = between("## Exercises", ":::{exercise} By machine")
EARLY = FIRST.replace("## Exercises", "") + "## Exercises\n\n"

PLANTED = {
    "provenance": Plant(":class: lk-derived", ":class: bold", "without provenance", BOUND),
    "two owners": Plant(":class: lk-derived", ":class: lk-derived lk-read", "provenance", BOUND),
    "no label": Plant(":label: thm-one\n", "", "without a label: add :label: thm-", BOUND),
    "theorems": Plant(RIDGE, f"{RIDGE}\n\n{lemmas(3)}", "more than 3 theorems", BOUND),
    "assumptions": Plant(":class: lk-assume", ":class: x", "without its assumptions", BOUND),
    "no row": Plant(ROWS, "", "without its assumptions", BOUND),
    "label in words": Plant("[needed]{.lk-needed}", "needed", "label needed: write", "| width"),
    "other label": Plant("[needed]{.lk-needed}", "[handy]{.lk-needed}", "label handy", "| width"),
    "other class": Plant("[needed]{.lk-needed}", "[needed]{.lk-used}", "label needed lk-", "| wi"),
    "three exercises": Plant(FOURTH, "", "3 exercises: write 4 to 6", "## Exercises"),
    "seven exercises": Plant(FOURTH, more(3), "7 exercises: write 4 to 6", "## Exercises"),
    "no solution": Plant(FOURTH, UNSOLVED, "exercise ex-chapter-5 has no solution", "} More"),
    "number": Plant(FOURTH, more(1).replace("chapter-5", "chapter-6"), "-5", "} More"),
    "slug": Plant(FOURTH, FOURTH.replace("ex-chapter", "ex-book"), "write :label: ex-ch", NOBODY),
    "outside": Plant(FIRST, EARLY, "exercise ex-chapter-1 outside ## Exercises", "} By hand"),
    "two solutions": Plant(
        SOLUTION, f"{SOLUTION}:::\n\n{SOLUTION}", "no solution: add one", NOBODY
    ),
    "no kind": Plant(":class: lk-open", ":class: hard", "of no single kind", NOBODY),
    "two kinds": Plant(":class: lk-open", ":class: lk-open lk-hand", "no single kind", NOBODY),
    "no check": Plant(CHECK, "f = 1", 'without check("chapter.ex2", …)', MACHINE),
    "other check": Plant(CHECK, CHECK.replace("ex2", "ex1"), "without check(", MACHINE),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(plant: Plant, tmp_path: Path) -> None:
    assert_found(plant, tmp_path)


def test_a_check_counts_only_in_its_own_solution(tmp_path: Path) -> None:
    moved = GOOD.replace(CHECK, "f = 1").replace("wager.reveal(slope)", f"wager.reveal({CHECK})")
    assert [fault.partition(": ")[2][:34] for fault in faults(tmp_path, moved)] == [
        "solution of a code exercise without"[:34]
    ]


def test_graders_are_asked_for_only_if_they_are_given(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD, graders=None) == []
    assert faults(tmp_path, GOOD, graders={"chapter.ex2", "other.ex1"}) == []
    found = faults(tmp_path, GOOD, graders={"chapter.ex1"})
    line = 1 + next(i for i, text in enumerate(GOOD.splitlines()) if MACHINE in text)
    where = "lipkit/teach/graders/tasks/chapter.py"
    assert found == [f"{line}: no grader chapter.ex2: add it to {where}"]


FINE = {
    "folded words": ("Done.", "word " * 3000),
    "folded theorems": ("Done.", f"::::{{dropdown}} P\n{lemmas(3)}::::"),
    "three theorems": (RIDGE, f"{RIDGE}\n\n{lemmas(2)}"),
    "six exercises": (FOURTH, more(2)),
    "conjecture": (RIDGE, RIDGE + "\n\n:::{prf:conjecture} C\n:label: c\n:class: lk-read\n:::"),
    "other table": (RIDGE, RIDGE + "\n\n:::{table}\n\n| a | b |\n|---|---|\n| c | d |\n:::"),
    "bars": ("| width | room |", "| $|w|=1$ | room |"),
    "proof by box": (":::{dropdown} Proof, in two lines", ":::{prf:proof}"),
}


@pytest.mark.parametrize(("old", "new"), FINE.values(), ids=FINE)
def test_what_is_fine_is_left_alone(old: str, new: str, tmp_path: Path) -> None:
    assert GOOD.count(old) == 1
    assert faults(tmp_path, GOOD.replace(old, new)) == []
