"""What the builder promises about the sources of a lesson."""

import re
import runpy
import shutil
from pathlib import Path
from typing import Any

import jinja2
import numpy as np
import pytest

import course as builder
from lipkit.teach.figures import PALETTE
from tests.conftest import ROOT, Site

LESSONS = builder.lessons()
TYPED = re.compile(r"(?<![\w.])(?:\d+\.\d+|\d[\d,]*\d\d)")
UNTYPED = re.compile(r"\$[^$]*\$|\{\{[^}]*\}\}|`[^`]*`")


def test_a_number_that_was_not_computed_stops_the_build():
    assert (
        builder.fill("{{ a }}, ${{ b }}$\n", {"a": "1.5", "b": r"\sqrt{2}"}) == "1.5, $\\sqrt{2}$\n"
    )
    with pytest.raises(jinja2.UndefinedError, match="'lost' is undefined"):
        builder.fill("{{ lost }}", {})


@pytest.mark.parametrize("text", ["slides.md", "teacher.md"])
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.name)
def test_no_computed_number_is_typed_and_no_norm_is_a_table_rule(lesson: Path, text: str):
    for line in (lesson / text).read_text().splitlines():
        assert not TYPED.search(UNTYPED.sub("", line)), line
        assert not (line.startswith("|") and "\\|" in line), line


def test_markdown_has_formulas_tables_and_classes():
    html = builder.markdown("{.ask}\nIs $a<b$?\n\n| x |\n|---|\n| $$ \n\n$$\nx^2\n$$\n")
    assert '<p class="ask">Is <span class="math inline">\\(a&lt;b\\)</span>?</p>' in html
    assert "<table>" in html
    assert "\\[x^2\\]" in html


@pytest.mark.parametrize(
    ("source", "blank"),
    [
        ("def f():\n    ### BEGIN SOLUTION\n    return 1\n    ### END SOLUTION",
         "def f():\n    raise NotImplementedError"),
        ("a = ...\n### BEGIN SOLUTION\na = 1\n\nb = 2\n### END SOLUTION\nc = a",
         "a = ...\n# your answer\nc = a"),
        ("### BEGIN SOLUTION\nx\n### END SOLUTION\ny\n### BEGIN SOLUTION\nz\n### END SOLUTION",
         "# your answer\ny\n# your answer"),
    ],
)  # fmt: skip
def test_solutions_are_blanked(source: str, blank: str):
    assert builder.SOLUTION.sub(builder._blank, source) == blank


def test_slides_and_notes_are_told_apart():
    title, parts = builder.deck(
        "---\ntitle: A deck\n---\n\n# One\n\nNotes:\n\nSay.\n\n---\n\n## Two\n"
    )
    assert title == "A deck"
    assert [part.partition(builder.NOTES)[::2] for part in parts] == [
        ("\n# One\n", "\nSay.\n\n"),
        ("\n## Two\n", ""),
    ]


def test_the_colours_are_those_of_the_figures():
    light, dark, chosen = builder.colours().split("\n@media")
    for number, colour in enumerate(PALETTE, start=1):
        assert f"--lk-c{number}: {colour};" in light
        assert f"--lk-c{number}: #" in dark
    assert dark.partition("dark;")[2].split("}")[0] == chosen.partition("dark;")[2].split("}")[0]


def test_what_is_built_is_not_built_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    lesson = LESSONS[0]
    (tmp_path / ".sources").write_text(builder.sources(lesson))
    monkeypatch.setattr(builder, "execute", None)
    builder.build(lesson, tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == [".sources"]


def test_a_changed_source_is_noticed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    root = tmp_path / "root"
    shutil.copytree(ROOT / "course", root / "course")
    monkeypatch.setattr(builder, "ROOT", root)
    monkeypatch.setattr(builder, "THEME", root / "course/theme")
    monkeypatch.setattr(builder, "STATIC", root / "static")
    monkeypatch.setattr(builder, "__file__", str(root / "course/README.md"))
    lesson = root / "course/lesson-1"
    before = builder.sources(lesson)
    assert builder.sources(lesson) == before
    (lesson / "slides.md").write_text((lesson / "slides.md").read_text() + "\n")
    assert builder.sources(lesson) != before


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.name)
def test_the_teacher_has_75_minutes(lesson: Path):
    text = (lesson / "teacher.md").read_text()
    noted = re.findall(r"\*\*Minutes (\d+) to (\d+)", (lesson / "slides.md").read_text())
    rows = re.findall(r"^\| (\d+)–(\d+) \| (\d+)(?:–(\d+))? \|", text, re.MULTILINE)
    for begin, end, first, last in rows:
        assert (begin, end) == (noted[int(first) - 1][0], noted[int(last or first) - 1][1])
    times = [(int(a), int(b)) for a, b in re.findall(r"^\| (\d+)–(\d+) \|", text, re.MULTILINE)]
    assert [times[0][0], times[-1][1]] == [0, 75]
    assert [end for _, end in times[:-1]] == [begin for begin, _ in times[1:]]
    lost = dict(re.findall(r"^\| (\d+) minutes \| (.*) \|$", text, re.MULTILINE))
    saved = {k: sum(map(int, re.findall(r"\((\d+) minutes\)", v))) for k, v in lost.items()}
    assert saved["10"] == 10
    assert saved["10"] + saved["20"] == 20


@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.name)
def test_no_more_minutes_are_saved_on_a_slide_than_it_has(lesson: Path):
    noted = re.findall(r"\*\*Minutes (\d+) to (\d+)", (lesson / "slides.md").read_text())
    text = (lesson / "teacher.md").read_text().partition("## If time runs out")[2]
    saved = re.findall(r"slide (\d+)\b[^;|]*?\((\d+) minutes\)", text)
    assert len(saved) == len(re.findall(r"\(\d+ minutes\)", text.partition("## The")[0]))
    for slide, minutes in saved:
        begin, end = noted[int(slide) - 1]
        less = sum(int(m) for s, m in saved if s == slide)
        assert int(minutes) <= less < int(end) - int(begin)


def test_the_key_is_signed_and_the_notebook_is_not():
    notebook = builder.read(LESSONS[0] / "notebook.md")
    assert sum('"your id"' in cell.source for cell in notebook.cells) == 1
    named = builder.signed(notebook)
    assert sum('student_id = "ada"' in cell.source for cell in named.cells) == 1
    assert "your id" not in str(named.cells)
    assert "your id" in str(notebook.cells)


# -- what lesson 1 says was computed -------------------------------------------------------------
@pytest.fixture(scope="module")
def lesson_1() -> dict[str, Any]:
    return runpy.run_path(str(ROOT / "course/lesson-1/computed.py"))


def test_the_norms_of_the_neurons_that_are_on(lesson_1: dict[str, Any]):
    told = lesson_1["on_together"]()
    assert told == {
        "on_first": "1", "on_second": r"\sqrt{2}", "on_any": r"\sqrt{2}", "on_all": "(0, 0)"
    }  # fmt: skip
    W0, W1 = np.array([[1, 0], [-1, 0], [0, 1], [0, -1]]), np.array([1, 1, -1, -1])
    points = np.random.default_rng(0).normal(size=(200, 2))
    slopes = [np.linalg.norm(W1 * (W0 @ x > 0) @ W0) for x in points]
    np.testing.assert_allclose(slopes, np.sqrt(2))


def test_what_f_alone_proves_and_how_large_e_may_be():
    """The factors from one pair of norms to another: never exceeded, and attained."""
    rows, columns = 10, 64
    maps = [*np.random.default_rng(0).standard_cauchy(size=(200, rows, columns))]
    first, flat = np.zeros((rows, columns)), np.ones((rows, columns))
    first[:, 0] = 1
    by_f = [np.linalg.norm(A, 2) / np.linalg.norm(A, np.inf) for A in [*maps, first]]
    assert max(by_f) == pytest.approx(np.sqrt(10)) == by_f[-1]
    signs = np.random.default_rng(1).choice([-1, 1], size=(500, columns))
    by_d = [np.abs(A @ signs.T).sum(axis=0).max() / np.linalg.norm(A, 2) for A in maps]
    assert max(by_d) < np.sqrt(640) == pytest.approx(flat.sum() / np.linalg.norm(flat, 2))


# -- in the site ---------------------------------------------------------------------------------
@pytest.mark.parametrize("lesson", LESSONS, ids=lambda path: path.name)
def test_the_site_has_the_lesson(lesson: Path, site: Site):
    site.pages()
    page = (site.html / f"book/teaching/{lesson.name}.html").read_text()
    assert "The question that splits the room" in page
    for name in ("slides.html", "handout.html", "notebook.ipynb", "key.html", "key.ipynb"):
        assert f'href="../../course/{lesson.name}/{name}"' in page
        assert (site.html / "course" / lesson.name / name).exists()
    slides = site.html / "course" / lesson.name / "slides.html"
    (mathjax,) = re.findall(r'<script defer src="([^"]+)"', slides.read_text())
    assert (slides.parent / mathjax).exists()


def test_the_slides_say_the_chapters_numbers(site: Site):
    site.pages()
    chapter = (site.html / "chapters/lipschitz-constants.html").read_text()
    glued = set(re.findall(r'class="pasted-text">([^<]+)<', chapter))
    slides = (site.html / "course/lesson-1/slides.html").read_text()
    rows = re.findall(r"<strong>([A-E])</strong> ([\d.]+)</td>", slides)
    assert [letter for letter, _ in rows] == [*"ADBEC", *"ABCDE"]
    assert {number for _, number in rows} <= glued
    assert re.search(r"Two thousand random points", chapter)
    witness = re.search(r"One chosen point: ([\d.]+)\.", slides)[1]
    assert witness in glued
