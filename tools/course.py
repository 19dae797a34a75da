"""Build the course: `python tools/course.py [--output FOLDER]`, by default into _build/course.

A lesson is a folder of course/ with four sources: `computed.py` gives numbers and figures by name,
`teacher.md` and `slides.md` use them as `{{ name }}`, `notebook.md` holds tasks and solutions.
course/README.md has the details.
"""

import argparse
import hashlib
import html
import re
import runpy
import shutil
from collections.abc import Mapping
from copy import deepcopy
from pathlib import Path
from typing import Any

import jupytext
import nbformat
import yaml
from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markdown_it import MarkdownIt
from mdit_py_plugins.attrs import attrs_block_plugin
from mdit_py_plugins.dollarmath import dollarmath_plugin
from nbclient import NotebookClient

ROOT = Path(__file__).parents[1]
COURSE = ROOT / "course"
THEME = COURSE / "theme"
STATIC = ROOT / "book/static"
VERDICT = STATIC / "css/verdict.css"
MATHJAX = "mathjax/tex-chtml.js"

SLIDE = re.compile(r"^---\n", re.MULTILINE)
NOTES = "\nNotes:\n"
KEY_ID = '"your id"', '"ada"'
SOLUTION = re.compile(r"^( *)### BEGIN SOLUTION\n.*?### END SOLUTION$", re.MULTILINE | re.DOTALL)

Cell = Any
Notebook = Any


def lessons() -> list[Path]:
    """The folders of the lessons."""
    return sorted(path.parent for path in COURSE.glob("*/slides.md"))


def build(lesson: Path, output: Path) -> None:
    """Write everything of one lesson into `output`, unless it is there already."""
    stamp, digest = output / ".sources", sources(lesson)
    if stamp.exists() and stamp.read_text() == digest:
        return
    output.mkdir(parents=True, exist_ok=True)
    values = runpy.run_path(str(lesson / "computed.py"))["computed"]()
    texts = {name: getattr(value, "svg", value) for name, value in values.items()}
    title, parts = deck((lesson / "slides.md").read_text())
    teacher = fill((lesson / "teacher.md").read_text(), texts)
    notebook = read(lesson / "notebook.md")
    answers = execute(signed(notebook))
    write = {
        "slides.html": slides(title, parts, texts),
        "handout.html": slides(title, parts, texts, notes=False),
        "teacher.md": teacher,
        "teacher.html": themed("page.html", "page.css", title=title, body=markdown(teacher)),
        "notebook.ipynb": ipynb(student(notebook)),
        "key.ipynb": ipynb(answers),
        "key.html": key(f"{title}: answer key", answers),
    }
    for name, text in write.items():
        (output / name).write_text(text, encoding="utf-8")
    stamp.write_text(digest)


def sources(lesson: Path) -> str:
    """A digest of all that a lesson is made from."""
    files = [*lesson.iterdir(), *THEME.iterdir(), *STATIC.glob("css/*.css"), Path(__file__)]
    files += (ROOT / "lipkit").rglob("*.py")
    digest = hashlib.sha256()
    for path in sorted(path for path in files if path.is_file()):
        digest.update(str(path.relative_to(ROOT)).encode() + path.read_bytes())
    return digest.hexdigest()


# Texts


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with its numbers and figures; a name that was not computed is an error."""
    template = Environment(undefined=StrictUndefined, keep_trailing_newline=True).from_string(text)
    return template.render(values)


def markdown(text: str) -> str:
    """HTML of Markdown with tables, formulas and `{.class}` lines."""
    parser = MarkdownIt("commonmark", {"html": True}).enable("table")
    attrs_block_plugin(parser)
    dollarmath_plugin(parser, allow_labels=False, renderer=formula)
    return str(parser.render(text))


def formula(tex: str, options: Mapping[str, Any]) -> str:
    """A formula as MathJax finds it."""
    left, right = (r"\[", r"\]") if options["display_mode"] else (r"\(", r"\)")
    return left + html.escape(tex.strip()) + right


def colours() -> str:
    """The book's colours: light, dark where that is preferred or asked for, light in print."""
    style = (STATIC / "css/lk.css").read_text()
    light, dark = (
        "".join(re.findall(r"--[\w-]+: [^;]+;", found[1]))
        for found in re.finditer(r'html\[data-theme="(?:light|dark)"\] \{([^}]*)\}', style)
    )
    return (
        f":root {{ color-scheme: light; {light} }}\n"
        f"@media screen and (prefers-color-scheme: dark) {{ :root:not([data-theme=light]) "
        f"{{ color-scheme: dark; {dark} }} }}\n"
        f"@media screen {{ :root[data-theme=dark] {{ color-scheme: dark; {dark} }} }}\n"
    )


def themed(template: str, style: str, **fields: Any) -> str:
    """A page of the theme, alone in one file but for MathJax."""
    pages = Environment(undefined=StrictUndefined, loader=FileSystemLoader(THEME))
    css = colours() + (THEME / style).read_text()
    return pages.get_template(template).render(css=css, mathjax=f"../{MATHJAX}", **fields)


# Slides


def deck(text: str) -> tuple[str, list[str]]:
    """The title, from front matter, and the slides, between lines of `---`."""
    _, meta, *parts = SLIDE.split(text)
    return str(yaml.safe_load(meta)["title"]), parts


def slides(title: str, parts: list[str], values: Mapping[str, str], *, notes: bool = True) -> str:
    """The slides as one page, each with its notes if they are wanted."""
    framed = {
        name: f"<figure>{value}</figure>" if value.startswith("<svg") else value
        for name, value in values.items()
    }
    halves = [fill(part, framed).partition(NOTES) for part in parts]
    shown = [{"body": markdown(a), "notes": markdown(b) if notes else ""} for a, _, b in halves]
    js = (THEME / "slides.js").read_text()
    return themed("slides.html", "slides.css", title=title, slides=shown, js=js)


# Notebooks


def read(source: Path) -> Notebook:
    """A MyST notebook, with the same ids for its cells each time."""
    notebook = jupytext.read(source, fmt="md:myst")
    for number, cell in enumerate(notebook.cells):
        cell.id = f"cell-{number}"
    notebook.metadata.pop("jupytext", None)
    return notebook


def ipynb(notebook: Notebook) -> str:
    """The notebook as the text of an .ipynb file."""
    nbformat.validate(notebook)
    return str(nbformat.writes(notebook))  # type: ignore[no-untyped-call]


def tagged(cell: Cell, tag: str) -> bool:
    """Whether the cell has the tag."""
    return tag in cell.metadata.get("tags", [])


def student(notebook: Notebook) -> Notebook:
    """The notebook without its solutions."""
    blank = deepcopy(notebook)
    blank.cells = [cell for cell in blank.cells if not tagged(cell, "solution")]
    for cell in blank.cells:
        cell.source = SOLUTION.sub(_blank, cell.source)
    return blank


def _blank(solution: re.Match[str]) -> str:
    inside = solution[1]
    return f"{inside}raise NotImplementedError" if inside else "# your answer"


def signed(notebook: Notebook) -> Notebook:
    """The notebook with an id in place of the text that no check takes."""
    named = deepcopy(notebook)
    for cell in named.cells:
        cell.source = cell.source.replace(*KEY_ID)
    return named


def execute(notebook: Notebook) -> Notebook:
    """The notebook with its outputs; a cell that fails is an error."""
    run = deepcopy(notebook)
    quiet = ["--IPKernelApp.log_level=40"]
    NotebookClient(run, timeout=120, kernel_name="python3", extra_arguments=quiet).execute()
    for cell in run.cells:
        cell.metadata.pop("execution", None)  # the times
    return run


def key(title: str, notebook: Notebook) -> str:
    """An executed notebook as a page."""
    cells = [
        {
            "tags": cell.metadata.get("tags", []),
            "text": markdown(cell.source) if cell.cell_type == "markdown" else "",
            "code": cell.source if cell.cell_type == "code" else "",
            "outputs": [output_of(output) for output in cell.get("outputs", [])],
        }
        for cell in notebook.cells
    ]
    return themed("key.html", "page.css", title=title, cells=cells, verdict=VERDICT.read_text())


def output_of(output: Any) -> str:
    """HTML of one output."""
    data = output.get("data", {"text/plain": output.get("text", "")})
    return str(data.get("text/html") or f"<pre>{html.escape(data['text/plain'])}</pre>")


def main() -> None:
    """Build all lessons."""
    parser = argparse.ArgumentParser(description=__doc__.partition(":")[0])
    parser.add_argument("--output", type=Path, default=ROOT / "_build/course")
    output = parser.parse_args().output
    shutil.copytree(STATIC / "vendor/mathjax", output / "mathjax", dirs_exist_ok=True)
    for lesson in lessons():
        build(lesson, output / lesson.name)
        print(f"{output / lesson.name}: slides, teacher's page, notebook and key")


if __name__ == "__main__":
    main()
