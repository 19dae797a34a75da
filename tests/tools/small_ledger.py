"""A chapter with one theorem and one number, its ledger, and the tests that it names."""

from pathlib import Path

CHAPTER = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# One chapter

## A law

```{code-cell} ipython3
from myst_nb import glue
glue("slope", 2.345, display=False)
glue("steps", "seven", display=False)
```

::::{prf:theorem} A bound
:label: thm-one
:class: lk-derived

Steep.

:::{table}
:class: lk-assume

| hypothesis | what it buys | label |
|---|---|---|
| width | room | [needed]{.lk-needed} |
:::
::::

## What we know now

- The slope is {glue:text}`slope:.1f`, after {glue:text}`steps` steps.
"""

LEDGER = """\
- theorem: thm-one
  claim: It is as steep as $x$.
  whose: derived here
  read: derived
  function: lipkit.bound.Bound
  test: tests/test_one.py::test_law
  no figure: it is proved
  breaks:
    it is narrow: tests/test_one.py::test_break
- claim: The slope is {glue:text}`slope:.1f`, after {glue:text}`steps` steps.
  whose: computed here
  function: lipkit.bound.Bracket
  test: tests/test_one.py::test_number
  no figure: one number
"""

TESTS = """\
def test_law():
    assert True


def test_break(request):
    request.node.user_properties.append(("break", "at most 1 promised, 3 found"))


def test_number():
    assert True
"""


def write(folder: Path) -> None:
    """Write the three where the book has them."""
    for name in ("book", "chapters", "tests"):
        (folder / name).mkdir(exist_ok=True)
    (folder / "book/references.bib").write_text("@article{known,\n}\n")
    (folder / "chapters/one.md").write_text(CHAPTER)
    (folder / "chapters/one.claims.yml").write_text(LEDGER)
    (folder / "tests/test_one.py").write_text(TESTS)


def edit(path: Path, old: str, new: str) -> None:
    """Replace the one place where `old` stands."""
    text = path.read_text()
    assert text.count(old) == 1, f"{text.count(old)} times: {old}"
    path.write_text(text.replace(old, new))
