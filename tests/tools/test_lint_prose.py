"""The linter finds typed numbers, dates and citations, empty words, and two sentences on a line."""

from pathlib import Path

import pytest

from tests.tools.planting import GOOD, Plant, assert_found, faults

SAYS = "had 25 points"
STEEP = "Steep."
KNOWN = "- {cite:t}`known`"

PLANTED = {
    "decimal": Plant(SAYS, "had 2.5 points", "typed number 2.5", "2.5"),
    "long number": Plant(SAYS, "had 25,000 points", "typed number 25,000", "25,000"),
    "number in a box": Plant(STEEP, "Steeper than 0.00.", "typed number 0.00", "0.00"),
    "number in the front box": Plant(": How steep?", ": Is it 123?", "typed number 123", "123"),
    "number in a title": Plant("} Slope", "} Slope 0.5", "typed number 0.5", "Slope 0.5"),
    "number in a heading": Plant("## A ridge", "## All 800", "typed number 800", "All 800"),
    "number in a caption": Plant("A figure,", "A figure of 800,", "typed number 800", "of 800"),
    "number in a list": Plant("- Two.", "- Two of 100.", "typed number 100", "of 100"),
    "number in a solution": Plant("Done.", "It is 3.7.", "typed number 3.7", "3.7"),
    "number in a table": Plant("| width | room", "| 0.5 | room", "typed number 0.5", "| 0.5"),
    "name and year": Plant(SAYS, "after Smith (2019)", "typed citation Smith (2019)", "Smith"),
    "two names": Plant(SAYS, "(Lee and Wu, 1998)", "citation Lee and Wu, 1998", "Lee"),
    "et al.": Plant(SAYS, "by Lee et al. there", "typed citation et al.", "Lee"),
    "many and a year": Plant(SAYS, "by Lee et al. (2001)", "citation Lee et al. (2001)", "Lee"),
    "numbered citation": Plant(SAYS, "as in [12]", "typed citation [12]", "[12]"),
    "numbered citations": Plant(SAYS, "as in [3, 4]", "typed citation [3, 4]", "[3, 4]"),
    "arXiv": Plant(SAYS, "in arXiv:2009.14444", "typed citation arXiv:2009.14444", "arXiv"),
    "arXiv number": Plant(SAYS, "in 2009.14444", "typed citation 2009.14444", "2009"),
    "DOI": Plant(SAYS, "in doi:10.1145/3578580", "typed citation doi:10.1145", "doi"),
    "year": Plant(SAYS, "since 1928", "typed date 1928", "1928"),
    "year at the end": Plant(SAYS, "it was 1928.", "typed date 1928", "1928"),
    "date": Plant(SAYS, "on 2026-11-25", "typed date 2026-11-25", "2026"),
    "month": Plant(SAYS, "in May 2019", "typed date May 2019", "2019"),
    "year in a caption": Plant("A figure,", "Of 2019,", "typed date 2019", "Of 2019"),
    "unknown citation": Plant(KNOWN, "- {cite:t}`lost`", "unknown citation lost", "lost"),
    "second citation": Plant(KNOWN, "- {cite}`known,x`", "unknown citation x", "known,x"),
    "cited in a caption": Plant("A figure,", "A {cite}`lost`,", "citation lost", "lost"),
    "obviously": Plant(STEEP, "Obviously steep.", "“Obviously”: prove it", "Obviously"),
    "easy to see": Plant("Rise", "It is easy to see: rise", "“It is easy to see”", "easy"),
    "well known": Plant("Rise", "It is well known: rise", "cite it, or prove it", "well"),
    "significantly": Plant(STEEP, "Significantly so.", "give the number", "Significantly"),
    "state of the art": Plant(STEEP, "A state-of-the-art slope.", "name the work", "state-of"),
    "note that": Plant(STEEP, "Note that it is steep.", "leave it out", "Note that"),
    "crucial": Plant("A figure,", "A crucial figure,", "say what it does", "crucial"),
    "two sentences": Plant("Rise over run.", "Rise. Over run.", "two sentences", "Rise."),
    "in an item": Plant("- One.", "- One. And $x$.", "two sentences on one line", "- One."),
    "after a formula": Plant("Do it.", "Take $x$. *Then* do it.", "two sentences", "Take"),
    "after a question": Plant("Do it.", "Why? $x$ is so.", "two sentences", "Why?"),
    "after a lead-in": Plant(
        "**Next question.** How", "**Next question.** So. How", "two", "So. How"
    ),
}

# What must not be taken for a fault.
FINE = {
    "display math": (STEEP, "$$\nx = 1.25\n$$ (eq-one)"),
    "math of one line": (STEEP, "$$x = 1.25$$"),
    "aligned math": (STEEP, "\\begin{align}\nx &= 1.25\n\\end{align}"),
    "code block": (STEEP, "```python\nx = 1.25\nnp.random.seed(0)\n```"),
    "link": (STEEP, "[here](page-1.25.html), <https://x.org/1.25>"),
    "link with a year": (STEEP, "[Shi][a].\n\n[a]: https://x.org/2019/1.25"),
    "theorem of a paper": (STEEP, "Theorem 3.2 of {cite:t}`known`."),
    "target": (STEEP, "(sec-1.25)=\nSteep."),
    "attributes": (STEEP, "[steep]{.lk-needed}, and CIFAR-100."),
    "python": (STEEP, "Python 3.11 has it."),
    "indices": (STEEP, "The digits 3, 5 and 8; ten of 64."),
    "abbreviation": (STEEP, "Steep, e.g. Everest, cf. Alps, vs. Jura."),
    "initial": (STEEP, "By D. Hilbert and E. Noether."),
    "lead-in": (STEEP, "*Why convex.* It is steep.\n**A** is, too."),
    "table": ("| width | room |", "| So. It is. | room |"),
    "decimal comma": (STEEP, "Ratios such as 1:2, 3/4, 25 %."),
    "significant": (STEEP, "Three significant digits; clear enough."),
}


def test_a_good_chapter_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == []


@pytest.mark.parametrize("plant", PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(plant: Plant, tmp_path: Path) -> None:
    assert_found(plant, tmp_path)


@pytest.mark.parametrize(("old", "new"), FINE.values(), ids=FINE)
def test_what_is_fine_is_left_alone(old: str, new: str, tmp_path: Path) -> None:
    assert GOOD.count(old) == 1
    assert faults(tmp_path, GOOD.replace(old, new)) == []
