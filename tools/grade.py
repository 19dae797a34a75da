"""Grade notebooks: `python tools/grade.py LESSON FOLDER` prints one line a notebook, as CSV.

Each notebook is run, then the lesson's own checks are run in the same kernel: what a student wrote
into the check cells does not count.
"""

import argparse
import csv
import sys
from pathlib import Path
from typing import Any

import jupytext
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).parents[1]
ID = "print(student_id)"
SECONDS = 60


def checks(lesson: str) -> list[tuple[str, int]]:
    """The code of each check of a lesson, and its points."""
    notebook = jupytext.read(ROOT / "course" / lesson / "notebook.md", fmt="md:myst")
    return [
        (f"from lipkit.teach import check\nprint(bool({cell.source}))", cell.metadata["points"])
        for cell in notebook.cells
        if "check" in cell.metadata.get("tags", [])
    ]


def grade(submission: Path, lesson: str, *, seconds: int = SECONDS) -> list[Any]:
    """File, student id, points for each check, sum."""
    tasks = checks(lesson)
    notebook = jupytext.read(submission)
    begin = len(notebook.cells)
    for code in [ID, *(code for code, _ in tasks)]:
        notebook.cells.append(new_code_cell(code))  # type: ignore[no-untyped-call]
    client = NotebookClient(
        notebook,
        timeout=seconds,
        kernel_name="python3",
        allow_errors=True,
        interrupt_on_timeout=True,
        extra_arguments=["--IPKernelApp.log_level=40"],
    )
    client.execute()
    student, *verdicts = (printed(cell) for cell in notebook.cells[begin:])
    points = [
        worth if verdict == "True" else 0
        for verdict, (_, worth) in zip(verdicts, tasks, strict=True)
    ]
    return [submission.name, student, *points, sum(points)]


def printed(cell: Any) -> str:
    """What a cell printed; nothing if it failed."""
    return "".join(output.get("text", "") for output in cell.outputs).strip()


def main() -> None:
    """Grade every notebook of a folder."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("lesson", help="such as lesson-1")
    parser.add_argument("folder", type=Path, help="where the .ipynb files are")
    parser.add_argument("--seconds", type=int, default=SECONDS, help="time limit of one cell")
    arguments = parser.parse_args()
    table = csv.writer(sys.stdout)
    names = [f"task {n}" for n, _ in enumerate(checks(arguments.lesson), start=1)]
    table.writerow(["file", "student", *names, "sum"])
    for submission in sorted(arguments.folder.glob("*.ipynb")):
        table.writerow(grade(submission, arguments.lesson, seconds=arguments.seconds))
        sys.stdout.flush()


if __name__ == "__main__":
    main()
