"""The book builds without a warning and executes every chapter; a fault stops it and is shown."""

import json
from pathlib import Path

import pytest

from tests.conftest import ROOT, Site, build

CHAPTERS = sorted((ROOT / "chapters").glob("*.md"))

BROKEN = """\
---
jupytext:
  text_representation: {extension: .md, format_name: myst}
kernelspec: {name: python3, display_name: Python 3, language: python}
---
# A chapter

## With a fault

```{code-cell} ipython3
raise ValueError("the ridge was missed")
```
"""


def test_the_book_builds_without_a_warning(site: Site) -> None:
    assert site.returncode == 0, site.output


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_was_executed_and_is_offered_as_a_notebook(chapter: Path, site: Site) -> None:
    site.pages()
    assert f" s  {chapter.stem}\n" in site.output
    page = (site.html / "chapters" / chapter.with_suffix(".html").name).read_text()
    name = f"_sources/chapters/{chapter.stem}.ipynb"
    assert name in page
    cells = json.loads((site.html / name).read_text())["cells"]
    assert sum(cell["cell_type"] == "code" for cell in cells) == chapter.read_text().count(
        "```{code-cell}"
    )


def test_a_failing_cell_fails_the_build_and_shows_its_traceback(small_book: Path) -> None:
    (small_book / "chapters/one.md").write_text(BROKEN)
    broken = build(small_book, small_book)
    assert broken.returncode != 0
    assert "chapters/one.md failed" in broken.output
    assert "ValueError: the ridge was missed" in broken.output


def test_a_warning_fails_the_build(small_book: Path) -> None:
    chapter = small_book / "chapters/one.md"
    chapter.write_text(BROKEN.replace("raise ValueError", "print") + "\n{ref}`nowhere`\n")
    warned = build(small_book, small_book)
    assert warned.returncode != 0
    assert "nowhere" in warned.output
