"""A claim is green only if its tests passed in that very build; the page says it in words."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
import yaml
from claims import state

from tests.conftest import ROOT, Site, build
from tests.tools.small_ledger import edit, write

STATE = r'class="lk-state [\w-]+">(.*?)<'
LEDGERS = [*ROOT.glob("chapters/*.claims.yml"), *ROOT.glob("book/**/*.claims.yml")]


@pytest.fixture
def claiming(small_book: Path) -> Path:
    """A small book with a theorem, a number, their ledger, and its tests."""
    write(small_book)
    (small_book / "book/claims.md").write_text("# Claims\n\n## All\n\n:::{claims}\n:::\n")
    api = (
        "```{eval-rst}\n.. py:class:: lipkit.bound.Bound\n.. py:class:: lipkit.bound.Bracket\n```\n"
    )
    (small_book / "book/api.md").write_text(f"# API\n\n## Names\n\n{api}")
    toc = small_book / "_toc.yml"
    files = "[{file: chapters/one}, {file: book/claims}, {file: book/api}]"
    toc.write_text(f"format: jb-book\nroot: book/intro\nchapters: {files}\n")
    return small_book


def page(book: Path) -> str:
    return (book / "_build/html/book/claims.html").read_text()


def states(book: Path) -> list[str]:
    return re.findall(STATE, page(book))


def jupyter_book(book: Path, run: str) -> None:
    """What a reader without make does."""
    command = [Path(sys.executable).with_name("jupyter-book"), "build", "-W", "-q", book]
    environment = os.environ | {"LIPKIT_CLAIMS_RUN": run}
    subprocess.run(command, check=True, capture_output=True, env=environment)


def test_green_in_its_own_build_only(claiming: Path) -> None:
    made = build(claiming, claiming)
    assert made.returncode == 0, made.output
    assert "claims: 3 of 3 tests passed" in made.output
    assert states(claiming) == ["✓ passed", "✓ passed"]
    assert "2 claims; 2 passed in this build." in page(claiming)
    assert numbers(claiming / "_build/html/book/claims.html") == {"2.3", "seven"}
    assert "Broken if it is narrow</strong>: at most 1 promised, 3 found" in page(claiming)
    assert 'href="api.html#lipkit.bound.Bound"' in page(claiming)
    assert 'href="../chapters/one.html#thm-one"' in page(claiming)
    # The report of that run is still there, but this is another build.
    assert (claiming / "_build/claims.json").exists()
    jupyter_book(claiming, run="another")
    assert states(claiming) == ["– not run", "– not run"]
    assert "2 not run in this build; <code" in page(claiming)


def test_a_failing_claim_fails_the_build_and_is_shown(claiming: Path) -> None:
    edit(
        claiming / "tests/test_one.py",
        "def test_number():\n    assert True",
        "def test_number():\n    assert 2 > 3",
    )
    made = build(claiming, claiming)
    assert made.returncode != 0
    assert "tests/test_one.py::test_number failed: assert 2 > 3" in made.output
    assert "claims: 2 of 3 tests passed" in made.output
    assert states(claiming) == ["✓ passed", "✗ failed"]


def test_a_gap_in_the_ledger_stops_the_build_at_once(claiming: Path) -> None:
    edit(claiming / "chapters/one.md", ":label: thm-one", ":label: thm-two")
    made = build(claiming, claiming)
    assert made.returncode != 0
    assert "one.md:16: theorem thm-two has 0 entries: write one in" in made.output
    assert "one.claims.yml:1: no theorem thm-one in one.md" in made.output
    assert not (claiming / "_build").exists()


@pytest.mark.parametrize(
    ("outcomes", "shown"),
    [
        (["passed", "passed"], "passed"),
        (["passed", "failed"], "failed"),
        (["skipped", "failed"], "failed"),
        (["passed", "skipped"], "skipped"),
        (["passed", None], ""),
        ([None, "failed"], "failed"),
        ([], ""),
    ],
)
def test_a_claim_is_as_good_as_its_worst_test(outcomes: list[str | None], shown: str) -> None:
    names = [str(i) for i in range(len(outcomes))]
    report = {i: {"outcome": one} for i, one in zip(names, outcomes, strict=True) if one}
    assert state({"test": names[:1], "breaks": {i: i for i in names[1:]}}, report) == shown


def test_every_claim_of_the_book_passed(site: Site) -> None:
    site.pages()
    report = json.loads((site.html.parent / "claims.json").read_text())
    assert {test["outcome"] for test in report["tests"].values()} == {"passed"}
    shown = re.findall(STATE, (site.html / "book/claims.html").read_text())
    assert set(shown) == {"✓ passed"}
    assert len(shown) == sum(len(yaml.safe_load(path.read_text())) for path in LEDGERS)


def test_the_page_prints_the_numbers_of_the_chapters(site: Site) -> None:
    site.pages()
    pages = [path.relative_to(ROOT).with_name(path.name.partition(".")[0]) for path in LEDGERS]
    printed = [numbers(site.html / f"{page}.html") for page in pages]
    claimed = numbers(site.html / "book/claims.html")
    assert claimed
    assert claimed <= set().union(*printed)


def numbers(path: Path) -> set[str]:
    return set(re.findall(r'<span class="pasted-text">(.*?)</span>', path.read_text()))
