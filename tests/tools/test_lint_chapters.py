"""The chapter linter passes the book's chapters and finds every fault that is planted."""

from pathlib import Path

import pytest

from tools.lint_chapters import lint

ROOT = Path(__file__).parents[2]

GOOD = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# A chapter

:::{admonition} Before you start
:class: lk-front

Question
: How steep?

After this chapter
: you can say.

You need
: nothing

Time to read
: 20 minutes

Time to run
: 5 seconds
:::

## A section

In 1928 {cite:t}`known` had 25 points, the slope $3.14$ and {glue:text}`slope:.2f` of them.
CIFAR-100 is in Section 3.2 of `x[1.5]`.

```{code-cell} ipython3
---
mystnb:
  figure:
    name: fig-one
    caption: A figure, {glue:text}`slope:.2f`.
---
rng = np.random.default_rng(0)
figures.curve(rng.normal(size=1000))
```

::::{prf:theorem} A bound
:label: thm-one
:class: lk-derived

Steep.

:::{table}
:class: lk-assume

| hypothesis | label |
|---|---|
| width | [needed]{.lk-needed} |
:::
::::

:::{exercise} By hand
:label: ex-one
:class: lk-hand

Do it.
:::

:::{solution} ex-one
:class: dropdown

Done.
:::
"""

CELL = "```{code-cell} ipython3\n%s\n```\n"
FIGURE = CELL % "---\nmystnb: {figure: {name: f, caption: c}}\n---\nfigures.ruler()"
THEOREM = ":::{prf:lemma} L\n:class: lk-read\n\nSo.\n:::\n"

# What is planted: (text of the good chapter, what replaces it), and what the linter must say.
PLANTED = {
    "kernelspec": ("kernelspec:", "kernel:", "no kernelspec"),
    "front box": (":class: lk-front", ":class: note", "0 front boxes"),
    "field": ("Time to run\n", "Time\n", "front box has the fields"),
    "order": ("You need\n: nothing", "You need:\n nothing", "front box has the fields"),
    "section": ("## A section", "### A section", "no section"),
    "solution": ("{solution} ex-one", "{solution} ex-two", "exercise ex-one has no solution"),
    "citation": ("`known`", "`unknown`", "unknown citation unknown"),
    "second citation": ("`known`", "`known,other`", "unknown citation other"),
    "cited in a caption": ("A figure,", "A figure {cite}`lost`,", "unknown citation lost"),
    "caption": ("    caption: A figure, {glue:text}`slope:.2f`.\n", "", "figure without caption"),
    "name": ("    name: fig-one\n", "", "figure without name"),
    "unnumbered figure": ("## A section", "## S\n\n" + CELL % "figures.ruler()", "without name"),
    "decimal": ("25 points", "2.5 points", "typed number 2.5"),
    "long number": ("25 points", "25,000 points", "typed number 25,000"),
    "number in a box": ("Steep.", "Steeper than 0.00.", "typed number 0.00"),
    "number in the front box": (": How steep?", ": Is it 123?", "typed number 123"),
    "np.random.seed": ("rng = ", "np.random.seed(0)\nrng = ", "np.random.seed"),
    "legacy sampler": ("rng = ", "x = np.random.randn(3)\nrng = ", "np.random.randn"),
    "no seed": ("default_rng(0)", "default_rng()", "default_rng()"),
    "torch seed": ("rng = ", "torch.manual_seed(0)\nrng = ", "torch.manual_seed"),
    "long cell": ("rng = ", "x = 1\n" * 24 + "rng = ", "26 lines, at most 25"),
    "words": ("Steep.", "word " * 2500, "words outside dropdowns"),
    "theorems": ("## A section", "## S\n\n" + 3 * THEOREM, "more than 3 theorems"),
    "figures": ("## A section", "## S\n\n" + 6 * FIGURE, "more than 6 figures"),
    "open options": ("---\nrng = ", "  ---\nrng = ", "options are not closed"),
    "provenance": (":class: lk-derived", ":class: bold", "prf:theorem without provenance"),
}

# What must not be taken for a fault.
FINE = {
    "hidden cell": ("mystnb:", "tags: [hide-input]\nmystnb:\n" + 30 * "# x\n"),
    "folded words": ("Done.", "word " * 3000),
    "folded theorems": ("Done.", f"::::{{dropdown}} P\n{3 * THEOREM}::::"),
    "display math": ("Steep.", "$$\nx = 1.25\n$$ (eq-one)"),
    "aligned math": ("Steep.", "\\begin{align}\nx &= 1.25\n\\end{align}"),
    "code block": ("Steep.", "```python\nx = 1.25\nnp.random.seed(0)\n```"),
    "link": ("Steep.", "[here](page-1.25.html), <https://x.org/1.25>"),
}


def faults(tmp_path: Path, text: str) -> list[str]:
    chapter, bibliography = tmp_path / "chapter.md", tmp_path / "references.bib"
    chapter.write_text(text)
    bibliography.write_text("@article{known,\n  title = {K},\n}\n")
    return lint(chapter, bibliography)


def test_a_good_chapter_has_no_fault(tmp_path: Path) -> None:
    assert faults(tmp_path, GOOD) == []


@pytest.mark.parametrize(("old", "new", "message"), PLANTED.values(), ids=PLANTED)
def test_a_planted_fault_is_found(tmp_path: Path, old: str, new: str, message: str) -> None:
    assert GOOD.count(old) == 1
    found = faults(tmp_path, GOOD.replace(old, new))
    assert len(found) == 1, found
    assert message in found[0]


@pytest.mark.parametrize(("old", "new"), FINE.values(), ids=FINE)
def test_what_is_fine_is_left_alone(tmp_path: Path, old: str, new: str) -> None:
    assert GOOD.count(old) == 1
    assert faults(tmp_path, GOOD.replace(old, new)) == []


def test_a_fault_names_its_line(tmp_path: Path) -> None:
    found = faults(tmp_path, GOOD.replace("25 points", "2.5 points"))
    number = GOOD.splitlines().index(next(x for x in GOOD.splitlines() if "25 points" in x)) + 1
    assert found[0].startswith(f"{tmp_path / 'chapter.md'}:{number}: ")


@pytest.mark.parametrize("chapter", sorted((ROOT / "chapters").glob("*.md")), ids=lambda p: p.stem)
def test_the_chapters_pass(chapter: Path) -> None:
    assert lint(chapter, ROOT / "book/references.bib") == []
