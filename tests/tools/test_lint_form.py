"""The linter finds what is wrong with the shape of a chapter."""

from pathlib import Path

import pytest

from tests.tools.planting import GOOD, Plant, assert_found, between, faults

RIDGE = "## A ridge"
NAMED = between(":::{prf:definition}", ":::{dropdown}")
FIGURE = between("```{code-cell} ipython3\n---\ntags", "```{code-cell} ipython3\nwager.reveal")
TERMS = "Before you"

PLANTED = {
    "kernelspec": Plant("kernelspec:", "kernel:", "no kernelspec"),
    "words": Plant("Steep.", "word " * 2500, "words outside dropdowns"),
    "no front box": Plant(":class: lk-front", ":class: note", "0 front boxes"),
    "field": Plant("Time to run\n", "Time\n", "front box has the fields", TERMS),
    "order": Plant("You need\n: nothing", "You need:\n nothing", "front box has the", TERMS),
    "statement": Plant(": How steep?", ": Steep.", "the question is no question", "Question"),
    "empty field": Plant(": you can say.", ":", "After this chapter is empty", "After this"),
    "time to run": Plant(": 5 seconds", ": soon", "Time to run without a time", "Time to run"),
    "time to read": Plant(": 20 minutes", ": long", "Time to read without", "Time to read"),
    "two titles": Plant(RIDGE, "# A ridge", "2 titles"),
    "title": Plant("# A chapter\n", "", "0 titles"),
    "level skipped": Plant("# A chapter\n", "# A chapter\n\n### D\n", "here: use ##", "### D"),
    "too deep": Plant(RIDGE, f"{RIDGE}\n\n### D\n\n#### E", "level 4 here: use ###", "#### E"),
    "plain heading": Plant(RIDGE, "## Introduction", "heading “Introduction”", "## Intro"),
    "role as heading": Plant(RIDGE, "## Break it", "the subject's own words", "## Break"),
    "table without a head": Plant(
        "Steep.", "| | room |\n|---|---|\n| a | b |", "column of the table has no head", "| | room"
    ),
    "same heading": Plant(RIDGE, f"{RIDGE}\n\n### a Ridge", "stands twice", "### a Ridge"),
    "end of a heading": Plant(RIDGE, "## A ridge.", "heading ends in .", "## A ridge."),
    "definition": Plant(NAMED, "", "nothing is named"),
    "no figure": Plant(FIGURE, "", "nothing is measured"),
    "no exercises": Plant("## Exercises", "## Problems", "the last sections are"),
    "order of the end": Plant("## Reading", "## Literature", "the last sections are"),
    "two items": Plant("- Two.\n", "", "2 list items under What we know now", "## What we"),
    "four items": Plant("- Two.\n", "- Two.\n- Too.\n", "4 list items under", "## What we"),
    "next question": Plant("**Next question.** How", "How", "no next question", "## What we"),
    "nothing to read": Plant("- {cite:t}`known`: the ridge.", "A book.", "nothing under", "## Rea"),
    "uncited item": Plant("- {cite:t}`known`: the", "- A book: the", "without a cit", "- A book"),
}


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(plant: Plant, tmp_path: Path) -> None:
    assert_found(plant, tmp_path)


WAYS = {
    "bet": between("```{code-cell} ipython3\nwager =", "```{code-cell} ipython3\n---\ntags"),
    "explorer": between("```{code-cell} ipython3\nwager.reveal", ":::{prf:definition}"),
    "proof": between(":::{dropdown} Proof", "## Exercises"),
}


def test_one_of_bet_explorer_and_proof_is_enough_and_needed(tmp_path: Path) -> None:
    text = GOOD
    for way in WAYS.values():
        text = text.replace(way, "")
    assert faults(tmp_path, text) == [
        "1: no bet, explorer or proof: show the answer, or prove it in {dropdown} Proof"
    ]
    for name in ("bet", "proof"):
        one = text.replace("## Exercises", f"{WAYS[name]}\n\n## Exercises")
        assert not any("no bet" in fault for fault in faults(tmp_path, one))
    assert faults(tmp_path, GOOD.replace(WAYS["bet"], "").replace(WAYS["proof"], "")) == []
