"""Hold every chapter to the form of the book: `python tools/lint_chapters.py [FILE …]`.

One message a fault: file:line: what is wrong and how to mend it. The rules are in `tools/lint/`.
"""

import sys
from pathlib import Path

from lint import lint

from lipkit.teach.graders import known_tasks

BIBLIOGRAPHY = Path("book/references.bib")


def main(arguments: list[str]) -> int:
    """Lint the given files, or all chapters."""
    paths = [Path(name) for name in arguments] or sorted(Path("chapters").glob("*.md"))
    graders = known_tasks()
    faults = [fault for path in paths for fault in lint(path, BIBLIOGRAPHY, graders)]
    print("\n".join(faults) or f"{len(paths)} chapters, no fault")
    return bool(faults)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
