"""The book builds without a warning and executes every chapter; a fault stops it and is shown."""

import json
import shutil
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


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """The book's own configuration around one page and one chapter."""
    book = tmp_path / "book"
    ignore = shutil.ignore_patterns("vendor", "results")
    shutil.copytree(ROOT / "book/_ext", book / "_ext")
    shutil.copytree(ROOT / "book/static", book / "static", ignore=ignore)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (book / "references.bib").write_text("")
    (book / "intro.md").write_text("# A book\n\n## Begins\n\nHere.\n")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters: [{file: chapters/one}]\n"
    )
    (tmp_path / "chapters").mkdir()
    (tmp_path / "chapters/one.md").write_text(BROKEN)
    return tmp_path


def test_a_failing_cell_fails_the_build_and_shows_its_traceback(small_book: Path) -> None:
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
