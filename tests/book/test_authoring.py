"""The pages for authors: the template is a chapter, and what they show and say is so."""

import re
import shutil
from pathlib import Path

import ledger
import pytest
import yaml
from badges import BADGES
from lint import boxes, cells, form, lint
from lint.chapter import read

from lipkit.teach import panels
from lipkit.teach.graders import known_tasks
from tests.conftest import ROOT

AUTHORING = ROOT / "book/authoring"
PAGES = sorted(AUTHORING.glob("*.md"))
TEMPLATE = AUTHORING / "template.md"
BIBLIOGRAPHY = ROOT / "book/references.bib"
SLUG = "steep-hills"
WORDS = {3: "three", 6: "six"}


def text(name: str) -> str:
    return (AUTHORING / f"{name}.md").read_text(encoding="utf-8")


@pytest.fixture
def book(tmp_path: Path) -> Path:
    """A book whose one chapter is the template, copied and renamed as the page says."""
    copies = re.findall(r"\{download\}`(?:.*<)?([\w./]+)>?` \| `([\w./<>]+)`", text("chapter"))
    assert len(copies) == 3
    python = f"test_{SLUG.replace('-', '_')}"
    for source, target in copies:
        new = tmp_path / target.replace("test_<slug>", python).replace("<slug>", SLUG)
        new.parent.mkdir(parents=True, exist_ok=True)
        old = (AUTHORING / source).read_text(encoding="utf-8")
        new.write_text(old.replace("test_template", python).replace("template", SLUG))
    (tmp_path / "book").mkdir()
    shutil.copy(BIBLIOGRAPHY, tmp_path / "book")
    return tmp_path


def test_the_template_passes_the_linter() -> None:
    assert lint(TEMPLATE, BIBLIOGRAPHY, known_tasks()) == []


def test_a_renamed_copy_is_a_chapter_without_a_fault(book: Path) -> None:
    chapter = book / "chapters" / f"{SLUG}.md"
    assert lint(chapter, BIBLIOGRAPHY, known_tasks()) == []
    assert ledger.faults(book) == []
    assert len(ledger.tests(book)) == 5
    assert len(ledger.break_tests(book)) == 2


def test_the_template_guides_through_the_nine_parts_of_the_table() -> None:
    guides = re.findall(r"^% (\d) · ", TEMPLATE.read_text(encoding="utf-8"), re.M)
    parts = re.findall(r"^\| (\d) \| ", text("chapter"), re.M)
    assert guides == parts == list("123456789")


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_what_looks_like_code_runs_or_is_part_of_a_file_that_does(page: Path) -> None:
    shown = [block for block in read(page).blocks if block.name in ("", "code", "code-block")]
    assert not [f"{page.name}:{block.line}" for block in shown]


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_every_page_is_in_the_book(page: Path) -> None:
    toc = yaml.safe_load((ROOT / "_toc.yml").read_text(encoding="utf-8"))
    part = next(part for part in toc["parts"] if part["caption"] == "Write for this book")
    assert f"book/authoring/{page.stem}" in [chapter["file"] for chapter in part["chapters"]]


def test_an_explorer_takes_twelve_lines() -> None:
    visible = [c for c in read(AUTHORING / "explorer.md").named("code-cell") if not c.words]
    assert [cells.lines(cell) <= 12 for cell in visible] == [True]


def test_the_words_of_an_explorer_are_those_there_are() -> None:
    table = "".join(re.findall(r"^\| `(?:controls|numbers|show)` .*", text("explorer"), re.M))
    assert set(re.findall(r"`(\w+)`", table)) - {"controls", "numbers", "show"} == {*panels.__all__}


def test_the_classes_are_those_there_are() -> None:
    rows = dict(re.findall(r"^\| `(lk-\w+)` \| ([^|]+) \|", text("claim"), re.M))
    assert rows == {name: BADGES[name] for name in boxes.PROVENANCE}
    labels = dict(re.findall(r"^\| [^|]+ \| `\[([^]]+)\]\{\.(lk-\w+)\}`", text("claim"), re.M))
    assert {name: words for words, name in labels.items()} == boxes.LABELS
    assert set(re.findall(r"`(lk-\w+)`", text("exercise"))) == boxes.KINDS


def test_the_limits_are_those_of_the_linter() -> None:
    said = (
        f"At most {form.MOST_WORDS:,} words outside dropdowns, {WORDS[boxes.MOST_THEOREMS]} "
        f"theorems, {WORDS[cells.MOST_FIGURES]} figures; visible cells of at most "
        f"{cells.MOST_LINES} lines, {cells.MEDIAN_LINES} in the median."
    )
    assert said in text("chapter")
    assert (boxes.FEWEST_EXERCISES, boxes.MOST_EXERCISES) == (4, 6)
    assert "four to six, each with a solution" in text("chapter")
