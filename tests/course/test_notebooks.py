"""The students' notebook, its key, and what a folder of answers is worth."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import grade
import jupytext
import nbformat
import pytest

from course import SOLUTION, read
from tests.conftest import ROOT

# The cells one after the other, in a fresh interpreter: what each check said, and what was loaded.
RUN = """
import ast, json, sys

names, said = {}, []
for source, is_check in json.load(sys.stdin):
    *lines, last = ast.parse(source).body or [ast.Pass()]
    try:
        exec(compile(ast.Module(lines, []), "cell", "exec"), names)
        if is_check:
            said.append(str(eval(compile(ast.Expression(last.value), "cell", "eval"), names)))
        else:
            exec(compile(ast.Module([last], []), "cell", "exec"), names)
    except NotImplementedError:
        assert not is_check
print(json.dumps({"said": said, "modules": sorted(sys.modules)}))
"""
HEAVY = {"torch", "matplotlib", "pandas", "sklearn", "lipkit.experiments", "ipywidgets"}


def source_of(lesson: Path) -> Path:
    return ROOT / "course" / lesson.name / "notebook.md"


def tagged(cell, tag: str) -> bool:
    return tag in cell.metadata.get("tags", [])


def run(path: Path) -> dict:
    notebook = nbformat.read(path, as_version=4)
    cells = [(c.source, tagged(c, "check")) for c in notebook.cells if c.cell_type == "code"]
    command = [sys.executable, "-W", "error", "-c", RUN]
    done = subprocess.run(command, input=json.dumps(cells), capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.parametrize("name", ["notebook.ipynb", "key.ipynb"])
def test_both_are_valid(name: str, lesson: Path):
    notebook = nbformat.read(lesson / name, as_version=4)
    nbformat.validate(notebook)
    assert notebook.nbformat == 4
    assert notebook.metadata.kernelspec.name == "python3"
    assert len({cell.id for cell in notebook.cells}) == len(notebook.cells)


def test_the_key_passes_every_check_and_shows_it(lesson: Path):
    notebook = nbformat.read(lesson / "key.ipynb", as_version=4)
    checks = [cell for cell in notebook.cells if tagged(cell, "check")]
    assert len(checks) == 6
    for cell in checks:
        (output,) = cell.outputs
        assert ": correct, " in output.data["text/plain"].splitlines()[0]
        assert "lk-verdict" in output.data["text/html"]
    page = (lesson / "key.html").read_text()
    assert page.count(": correct, ") == 6
    assert page.count("Grading:") == 6


def test_the_solutions_pass_with_numpy_alone(lesson: Path):
    result = run(lesson / "key.ipynb")
    assert len(result["said"]) == 6
    assert all(": correct, " in said.splitlines()[0] for said in result["said"])
    assert not HEAVY & set(result["modules"])


def signed(lesson: Path, target: Path) -> Path:
    """The students' notebook with an id in its first cell."""
    text = (lesson / "notebook.ipynb").read_text()
    assert text.count(r"\"your id\"") == 1
    target.write_text(text.replace("your id", "ada"))
    return target


def test_without_an_id_it_says_so(lesson: Path):
    with pytest.raises(AssertionError, match=r"student_id: got 'your id'.*pass your own"):
        run(lesson / "notebook.ipynb")


def test_the_students_notebook_fails_gracefully(lesson: Path, tmp_path: Path):
    result = run(signed(lesson, tmp_path / "ada.ipynb"))
    assert len(result["said"]) == 6
    for said in result["said"]:
        assert ": not yet, " in said.splitlines()[0]
        assert "NameError" not in said
    assert not HEAVY & set(result["modules"])


def test_the_students_notebook_holds_no_solution(lesson: Path):
    text = (lesson / "notebook.ipynb").read_text()
    source = read(source_of(lesson))
    assert "SOLUTION" not in text
    assert "Grading" not in text
    solved = [line for cell in source.cells for found in SOLUTION.finditer(cell.source)
              for line in found[0].splitlines()[1:-1]]  # fmt: skip
    hidden = {line.strip() for line in solved if len(line.strip()) > 8}
    assert len(hidden) > 12
    blank = nbformat.read(lesson / "notebook.ipynb", as_version=4)
    shown = {line.strip() for cell in blank.cells for line in cell.source.splitlines()}
    assert not hidden & shown
    notes = [cell.source for cell in source.cells if tagged(cell, "solution")]
    assert len(notes) == 6
    assert not [note for note in notes if json.dumps(note[:60])[1:-1] in text]


def test_only_numpy_and_the_checks_are_imported(lesson: Path):
    lines = jupytext.read(source_of(lesson)).cells
    code = "\n".join(cell.source for cell in lines if cell.cell_type == "code")
    imports = re.findall(r"^\s*(?:import|from) .*", code, re.MULTILINE)
    assert imports == ["import numpy as np", "from lipkit.teach import check, variant"]


def test_notebook_and_teacher_agree_on_minutes_and_points(lesson: Path):
    notebook = (lesson / "notebook.ipynb").read_text()
    teacher = (lesson / "teacher.md").read_text().partition("## The notebook")[2]
    rows = r"\| (\d) \| ([^|]+) \| (\d+) \|"
    minutes = re.findall(rows, notebook)
    assert minutes == re.findall(rows, teacher)
    assert sum(int(time) for *_, time in minutes) == 40
    points = [int(n) for n in re.findall(rows + r" (\d) \|", teacher) for n in [n[-1]]]
    assert points == [worth for _, worth in grade.checks(lesson.name)]
    told = re.findall(r"Grading: (\d) points?", (lesson / "key.html").read_text())
    assert points == [int(n) for n in told]


# -- grading a folder ----------------------------------------------------------------------------
def edited(lesson: Path, target: Path, *changes: tuple[str, str]) -> None:
    """The key, without its outputs, changed and saved as a student's notebook."""
    notebook = read(source_of(lesson))
    for old, new in changes:
        hits = [cell for cell in notebook.cells if old in cell.source]
        assert hits, old
        for cell in hits:
            cell.source = cell.source.replace(old, new)
    nbformat.write(notebook, target)


def test_a_folder_is_graded(course: Path, tmp_path: Path):
    lesson = course / "lesson-1"
    edited(lesson, tmp_path / "ada.ipynb", ('"your id"', '"ada"'))
    edited(
        lesson,
        tmp_path / "eve.ipynb",
        ('"your id"', '"eve"'),
        ("np.abs(g).max()", "np.abs(g).sum()"),  # wrong
        ('check("lesson-1.task1", dual_norm)', "check = lambda *_, **__: True"),  # and hides it
        ("[10, 10]", "[0, 1]"),  # half right
        ("on = W @ x + b > 0", "on = W @ x > 0"),  # wrong
        ("rng = np.random", "import time; time.sleep(60); np.random"),  # takes too long
        ("np.prod([", "unknown(["),  # fails
    )
    (tmp_path / "notes.txt").write_text("not a notebook")
    command = [sys.executable, ROOT / "tools/grade.py", "lesson-1", tmp_path, "--seconds", "15"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    header, *rows = csv.reader(done.stdout.splitlines())
    assert header == ["file", "student", *(f"task {n}" for n in range(1, 7)), "sum"]
    assert rows == [
        ["ada.ipynb", "ada", "1", "2", "2", "1", "2", "2", "10"],
        ["eve.ipynb", "eve", "0", "0", "0", "0", "2", "2", "4"],
    ]
