"""The chapters of the book pass the linter, by its command too."""

import subprocess
import sys
from pathlib import Path

import pytest
from lint import lint

from lipkit.teach.graders import known_tasks
from tests.tools.planting import GOOD

ROOT = Path(__file__).parents[2]
CHAPTERS = sorted((ROOT / "chapters").glob("*.md"))


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_the_chapters_pass(chapter: Path) -> None:
    assert lint(chapter, ROOT / "book/references.bib", known_tasks()) == []


def run(*paths: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "tools/lint_chapters.py", *map(str, paths)]
    return subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)


def test_the_command_prints_one_line_a_fault_and_fails(tmp_path: Path) -> None:
    known = GOOD.replace("`known`", "`bubeck2021`")
    known = known.replace("ex-chapter", "ex-one").replace("chapter.", "one.")
    good, bad = tmp_path / "one.md", tmp_path / "bad.md"
    good.write_text(known.replace("lk-code", "lk-experiment"))
    bad.write_text(good.read_text().replace("one", "bad").replace("25 points", "2.5 points"))
    passed = run(good)
    assert (passed.returncode, passed.stdout) == (0, "1 chapters, no fault\n"), passed.stdout
    failed = run(good, bad)
    assert failed.returncode == 1
    assert [line.partition(": ")[0] for line in failed.stdout.splitlines()] == [f"{bad}:29"]
