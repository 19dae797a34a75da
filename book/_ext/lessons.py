"""Put the course into the site: the teacher's pages, and beside them slides, notebooks and keys.

A page `book/teaching/NAME` of a lesson `course/NAME` ends with that lesson's `teacher.md`.
"""

import subprocess
import sys
from pathlib import Path

from sphinx.application import Sphinx

PAGES = "book/teaching"
BUILDER = "tools/course.py"
SHARED = ("slides.html", "handout.html", "notebook.ipynb", "key.html", "key.ipynb")


def built(app: Sphinx) -> Path:
    """Where the lessons are built: `make course` builds them in the same place."""
    return Path(app.outdir).parent / "course"


def build_lessons(app: Sphinx) -> None:
    """Build what has changed."""
    builder = Path(app.srcdir) / BUILDER
    if builder.exists():
        subprocess.run([sys.executable, builder, "--output", built(app)], check=True)


def append_text(app: Sphinx, docname: str, source: list[str]) -> None:
    """Let a lesson's page end with the teacher's text."""
    folder, _, name = docname.rpartition("/")
    text = built(app) / name / "teacher.md"
    if folder == PAGES and text.exists():
        app.env.note_dependency(str(text))
        source[0] += "\n" + text.read_text(encoding="utf-8")


def publish(app: Sphinx, exception: Exception | None) -> None:
    """Copy the lessons into the site, where they use its MathJax."""
    if exception or app.builder.format != "html":
        return
    for path in (path for name in SHARED for path in built(app).glob(f"*/{name}")):
        target = Path(app.outdir) / "course" / path.parent.name / path.name
        target.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text(encoding="utf-8")
        text = text.replace("../mathjax/", "../../_static/vendor/mathjax/")
        target.write_text(text, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx; the pages are mended after they are published."""
    app.connect("builder-inited", build_lessons)
    app.connect("source-read", append_text)
    app.connect("build-finished", publish, priority=400)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
