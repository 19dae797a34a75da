"""The ledger has no gap in the book, and every gap that is planted is found."""

import json
import os
import subprocess
import sys
from pathlib import Path

import checks
import dist
import ledger
import pytest
import yaml

from tests.tools.small_ledger import LEDGER, TESTS, edit, write

ROOT = Path(__file__).parents[2]
PAGE, CLAIMS, FILE = "chapters/one.md", "chapters/one.claims.yml", "tests/test_one.py"
SECOND = LEDGER.index("- claim")
THEOREM, NUMBER = LEDGER[:SECOND], LEDGER[SECOND:]
LAW = "tests/test_one.py::test_law"
GLUED = "{glue:text}`slope:.1f`"
SENTENCE = f"The slope is {GLUED}, after {{glue:text}}`steps` steps."
NEEDED, USED = "[needed]{.lk-needed}", "[used by the proof]{.lk-used}"
ROW = f"| width | room | {NEEDED} |"

# What is planted: a file, a text in it, what replaces it; what must be said, and of which place:
# the theorem (16) or the number (33) of the chapter, the first (1) or second (10) entry.
PLANTED = {
    "theorem without an entry": (CLAIMS, THEOREM, "", "theorem thm-one has 0 entries", 16),
    "theorem with two entries": (CLAIMS, THEOREM, 2 * THEOREM, "thm-one has 2 entries", 16),
    "number without an entry": (CLAIMS, NUMBER, "", "number slope:.1f has no entry", 33),
    "number in another format": (PAGE, "slope:.1f", "slope:.2f", "slope:.2f has no entry", 33),
    "entry without a theorem": (PAGE, "thm-one", "thm-two", "no theorem thm-one in", 1),
    "entry without a number": (PAGE, GLUED, "steep", "slope:.1f is not printed under", 10),
    "number elsewhere": (PAGE, "## What we", "## All we", "slope:.1f is not printed under", 10),
    "neither": (CLAIMS, SENTENCE, "It is steep.", "neither a theorem nor a number", 10),
    "no test": (CLAIMS, f"  test: {LAW}\n", "", "no test: add the field", 1),
    "empty test": (CLAIMS, f"test: {LAW}", "test:", "no test: add the field", 1),
    "no tests": (CLAIMS, f"test: {LAW}", "test: []", "no test: add the field", 1),
    "empty break": (CLAIMS, "narrow: tests/test_one.py::test_break", "narrow:", "no file None", 1),
    "no function": (CLAIMS, "  function: lipkit.bound.Bound\n", "", "no function: add", 1),
    "no claim": (CLAIMS, "  claim: It is as steep as $x$.\n", "", "no claim: add", 1),
    "no owner": (CLAIMS, "  whose: derived here\n", "", "no whose: add", 1),
    "misspelt field": (CLAIMS, "  read:", "  red:", "unknown field red: use", 1),
    "typed number": (CLAIMS, "as $x$", "as 2.5", "typed number 2.5 in the claim", 1),
    "read otherwise": (CLAIMS, "read: derived", "read: read", "read: read, but the box on", 1),
    "box otherwise": (PAGE, "lk-derived", "lk-read", "box on line 16 has lk-read", 1),
    "owner unknown": (CLAIMS, "derived here", "lost", "whose: lost: write a key", 1),
    "owner not here": (CLAIMS, "derived here", "known", "whose: known: write a key", 1),
    "number's owner": (CLAIMS, "computed here", "known", "a number is “computed here”", 10),
    "number read": (CLAIMS, "no figure: one", "read: read\n  no figure: one", "read belongs", 10),
    "unknown function": (CLAIMS, "bound.Bracket", "bound.Bond", "no function lipkit.bound.Bo", 10),
    "unknown module": (CLAIMS, "bound.Bracket", "bond.Bound", "no function lipkit.bond.Bo", 10),
    "not of lipkit": (CLAIMS, "lipkit.bound.Bracket", "math.sqrt", "no function math.sqrt", 10),
    "test gone": (FILE, "def test_law", "def test_laws", "no test test_law in", 1),
    "file gone": (CLAIMS, LAW, LAW.replace("one", "two"), "no file tests/test_two.py", 1),
    "only a file": (CLAIMS, LAW, LAW.partition("::")[0], "no test  in tests/test_one.py", 1),
    "no test by name": (FILE, "test_law", "law", "no test test_law in tests/test_one.py", 1),
    "break gone": (FILE, "def test_break", "def test_broken", "no test test_break in", 1),
    "break of no label": (PAGE, NEEDED, USED, "1 breaks, 0 hypotheses labelled needed", 1),
    "label of no break": (PAGE, ROW, f"{ROW}\n{ROW}", "1 breaks, 2 hypotheses labelled", 1),
    "no figure field": (CLAIMS, "  no figure: it is proved\n", "", "give either figure", 1),
    "figure and none": (CLAIMS, "no figure: one", "figure: a\n  no figure: o", "give either", 10),
    "unknown figure": (CLAIMS, "no figure: one number", "figure: fig-b", "no figure fig-b in", 10),
}


def test_the_book_has_no_gap() -> None:
    assert ledger.faults(ROOT) == []


def test_every_test_of_the_ledger_is_collected() -> None:
    tests = ledger.tests(ROOT)
    command = [sys.executable, "-m", "pytest", "--collect-only", "-q", "-p", "no:cacheprovider"]
    found = subprocess.run(
        [*command, *tests], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert found.returncode == 0, found.stdout
    collected = {line.partition("[")[0] for line in found.stdout.splitlines() if "::" in line}
    assert collected == {name.partition("[")[0] for name in tests}


def test_a_good_ledger_has_no_gap(tmp_path: Path) -> None:
    write(tmp_path)
    assert ledger.faults(tmp_path) == []


@pytest.mark.parametrize(("file", "old", "new", "says", "line"), PLANTED.values(), ids=PLANTED)
def test_a_planted_gap_is_found(
    file: str, old: str, new: str, says: str, line: int, tmp_path: Path
) -> None:
    write(tmp_path)
    edit(tmp_path / file, old, new)
    found = [fault for fault in ledger.faults(tmp_path) if says in fault]
    assert len(found) == 1, ledger.faults(tmp_path)
    where = tmp_path / (PAGE if line in (16, 33) else CLAIMS)
    assert found[0].startswith(f"{where}:{line}: ")
    assert ": " in found[0].removeprefix(f"{where}:{line}: "), f"no mend in {found[0]}"


def test_a_chapter_without_a_ledger_and_a_ledger_without_a_chapter(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / CLAIMS).rename(tmp_path / "chapters/two.claims.yml")
    theorem, *numbers, page = ledger.faults(tmp_path)
    assert "theorem thm-one has 0 entries" in theorem
    assert "number slope:.1f has no entry" in "".join(numbers)
    assert "two.claims.yml:1: no page two.md: rename the ledger, or remove it" in page


def test_every_number_of_the_landing_page_is_a_headline(tmp_path: Path) -> None:
    write(tmp_path)
    (tmp_path / "book/intro.md").write_text("# A book\n\nIt is {glue:text}`height:.1f` high.\n")
    [fault] = ledger.faults(tmp_path)
    assert "intro.md:3: number height:.1f has no entry: add it to a claim in" in fault


def test_any_page_may_have_a_ledger_and_then_has_no_gap(tmp_path: Path) -> None:
    write(tmp_path)
    for name in ("one.md", "one.claims.yml"):
        (tmp_path / "chapters" / name).rename(tmp_path / "book" / name)
    assert ledger.faults(tmp_path) == []
    assert len(ledger.tests(tmp_path)) == 3
    edit(tmp_path / "book/one.md", "thm-one", "thm-two")
    assert len(ledger.faults(tmp_path)) == 2


def test_a_slip_in_the_yaml_names_file_and_line(tmp_path: Path) -> None:
    write(tmp_path)
    edit(tmp_path / CLAIMS, "  read: derived", "  read derived")
    with pytest.raises(yaml.YAMLError, match=r"one\.claims\.yml\", line 5"):
        ledger.faults(tmp_path)


def outcome(folder: Path, old: str = "", new: str = "") -> dict[str, str]:
    """What each test is said to have done, with one text of the test file replaced."""
    write(folder)
    if old:
        edit(folder / FILE, old, new)
    run = checks.start(folder, folder)
    assert run
    failed = checks.finish(run)
    report = json.loads((folder / "claims.json").read_text())
    assert report["run"] == os.environ[checks.RUN]
    found = {name.partition("::")[2]: test["outcome"] for name, test in report["tests"].items()}
    assert len(failed) == sum(result != "passed" for result in found.values())
    return {**found, "said": "; ".join(failed)}


@pytest.fixture(autouse=True)
def no_run(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(checks.RUN, "")  # and restore it


GOOD = {"test_law": "passed", "test_break": "passed", "test_number": "passed", "said": ""}
PARAMETERS = """\
import pytest


@pytest.mark.parametrize("n", [1, 2])
def test_law(n):
    assert n == 1
"""


def test_passing_tests_pass(tmp_path: Path) -> None:
    assert outcome(tmp_path) == GOOD
    first = os.environ[checks.RUN]
    assert outcome(tmp_path) == GOOD
    assert os.environ[checks.RUN] != first


@pytest.mark.parametrize(
    ("old", "new", "result", "said"),
    [
        (
            "def test_law():\n    assert True",
            PARAMETERS,
            "failed",
            "test_law failed: assert 2 == 1",
        ),
        (
            "def test_law():\n",
            "def test_law(lost):\n",
            "failed",
            "test_law failed: failed on setup",
        ),
        (
            "def test_law():\n    assert True",
            "import pytest\ndef test_law():\n    pytest.skip('no')",
            "skipped",
            "test_law skipped: no",
        ),
    ],
    ids=["one parameter", "fixture", "skipped"],
)
def test_a_test_that_does_not_pass_is_not_green(
    tmp_path: Path, old: str, new: str, result: str, said: str
) -> None:
    found = outcome(tmp_path, old, new)
    assert {**found, "said": ""} == {**GOOD, "test_law": result}
    assert said in found["said"]


def test_a_break_without_a_margin_is_not_green(tmp_path: Path) -> None:
    line = TESTS[TESTS.index("    request.") : TESTS.index("\n\n\ndef test_number")]
    found = outcome(tmp_path, line, "    assert True")
    assert found["test_break"] == "failed"
    assert "no margin: use the fixture `breaks`" in found["said"]


def test_a_file_that_does_not_import_leaves_nothing_green(tmp_path: Path) -> None:
    found = outcome(tmp_path, "def test_law", "import lost\ndef test_law")
    assert {found[name] for name in GOOD if name != "said"} == {"failed"}
    assert "it did not run" in found["said"]


def test_without_pytest_or_claims_nothing_runs_and_old_results_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write(tmp_path)
    (tmp_path / "claims.json").write_text("{}")
    monkeypatch.setattr(checks, "NEEDED", ("pytest", "no_such_module"))
    assert checks.start(tmp_path, tmp_path) is None
    assert not (tmp_path / "claims.json").exists()
    monkeypatch.undo()
    (tmp_path / CLAIMS).unlink()
    assert checks.start(tmp_path, tmp_path) is None


def test_only_a_green_site_is_zipped(tmp_path: Path) -> None:
    report = tmp_path / "claims.json"
    assert not dist.green(report)
    for outcomes, green in ((["passed", "passed"], True), (["passed", "failed"], False)):
        tests = {str(i): {"outcome": one} for i, one in enumerate(outcomes)}
        report.write_text(json.dumps({"run": "x", "tests": tests}))
        assert dist.green(report) == green
