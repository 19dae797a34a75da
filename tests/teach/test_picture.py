"""From a figure to inline SVG: alt text, the page's colours and fonts, unique ids, same bytes."""

import os
import re
import subprocess
import sys
from pathlib import Path
from xml.etree import ElementTree

import matplotlib as mpl
import numpy as np
import pytest

from lipkit.teach import figures

ALT = "Three points on a rising line, from 0.1 to 31.7, the last of them far above the other two."
ROOT = Path(__file__).parents[2]


def draw(alt=ALT, **new):
    """A figure with all that makes trouble: clip paths, markers, images, formulas, logarithms."""
    fig, (left, right) = figures.new(columns=2, **new)
    x = np.array([1.0, 10.0, 1e5])
    left.plot(x, [0.1, 2.0, 31.7], **figures.UPPER)
    left.plot(x, [0.1, 1.0, 3.0], "k--", label="black")
    left.axhline(1, color=figures.MUTED)
    left.set(xscale="log", xlabel=r"$\|\nabla f\|_2$ & <more>", title="a title", yscale="log")
    left.legend()
    figures.band(left, x, [0.1, 1, 5], [0.2, 2, 9], "lower", label="a “band”")
    figures.heat(right, [0, 1], [0, 1, 2], np.arange(6.0).reshape(3, 2), "heat, in kelvin")
    return figures.show(fig, alt=alt)


@pytest.fixture(scope="module")
def picture():
    return draw()


def tree(picture):
    return ElementTree.fromstring(picture.svg)


def tag(element):
    return element.tag.rpartition("}")[2]


# -- alt text ------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("alt", "message"),
    [
        ("Slope 3.2", "alt: got 9 characters, expected at least 60"),
        ("x 1" + " " * 80, "alt: got 3 characters"),
        ("The upper bound lies above the lower one at every width that was tried", "got no digit"),
        ("Figure with the upper bound at 3.2 and the lower bound at 1.2, by width", "'Figure with"),
        ("Plot of the upper bound at 3.2 and the lower bound at 1.2, by the width", "starts 'Plot"),
        ("an image in which the upper bound is 3.2 and the lower bound is only 1.2", "'an image"),
    ],
)
def test_an_alt_text_that_says_nothing_is_refused(alt, message):
    fig, _ = figures.new()
    with pytest.raises(ValueError, match=message):
        figures.show(fig, alt=alt)


def test_words_that_only_begin_alike_are_fine():
    fig, _ = figures.new()
    alt = "Images of class 3 lie on steeper facets than those of class 5, up to a slope of 7.1."
    assert figures.show(fig, alt=alt).alt == alt


def test_the_alt_text_labels_the_image(picture):
    assert tree(picture).attrib["role"] == "img"
    assert tree(picture).attrib["aria-label"] == ALT
    quoted = (
        'A "quoted" <text> & more, over\n   two lines, with the value 3.2 and nothing else to say.'
    )
    assert tree(draw(alt=quoted)).attrib["aria-label"] == " ".join(quoted.split())


# -- what the page gets --------------------------------------------------------------------------
def test_a_notebook_gets_one_svg_and_nothing_else(picture):
    bundle = picture._repr_mimebundle_(include=None, exclude=None)
    assert list(bundle) == ["text/html"]
    assert bundle["text/html"].startswith("<svg ")
    assert bundle["text/html"].count("<svg") == 1
    assert "\n" not in bundle["text/html"]
    assert not hasattr(picture, "_repr_html_")
    assert repr(picture) == f"Picture({ALT!r})"


def test_the_frame_scales_with_the_page(picture):
    frame = tree(picture).attrib
    assert frame["class"] == "lk-figure"
    assert not {"width", "height"} & set(frame)
    assert re.fullmatch(r"0 0 \d+\.?\d* \d+\.?\d*", frame["viewBox"])
    assert frame["style"] == "max-width: 6.24in"


def test_nothing_reaches_beyond_the_picture(picture):
    allowed = {"svg", "g", "path", "text", "defs", "use", "image", "clipPath", "rect"}
    assert {tag(e) for e in tree(picture).iter()} <= allowed
    assert "font-family" not in picture.svg
    assert "http" not in picture.svg.replace("http://www.w3.org/2000/svg", "")


def test_text_is_text_in_the_page_s_font_and_colour(picture):
    texts = [e for e in tree(picture).iter() if tag(e) == "text"]
    said = {e.text for e in texts}
    assert {"‖∇f‖₂ & <more>", "a title", "black", "a “band”", "heat, in kelvin", "10⁴"} <= said
    for text in texts:
        fill = re.search(r"fill: ([^;]+)", text.attrib["style"])
        assert fill is None or re.match(r"currentColor|var\(--lk-c\d, #", fill[1])


def test_no_colour_of_the_style_is_fixed(picture):
    free = re.sub(r"var\(--lk-[a-z0-9]+, #[0-9a-f]{6}\)", "", picture.svg)
    fixed = set(re.findall(r"#[0-9a-f]{6}\b", free))
    assert not fixed & {*figures.PALETTE, figures.MUTED, "#000000"}
    assert "var(--lk-c2, " in picture.svg
    assert "var(--lk-muted, " in picture.svg
    assert tree(picture).attrib["fill"] == "currentColor"  # what has no colour of its own


def test_white_stays_white_and_paper_follows_the_page():
    from lipkit.teach.figures._style import PAPER

    fig, ax = figures.new()
    ax.plot([1], [1], "o", color="white", markeredgecolor=PAPER)
    svg = figures.show(fig, alt=ALT).svg
    assert "fill: #ffffff" in svg
    assert f"stroke: var(--lk-paper, {PAPER})" in svg


def test_text_is_legible_on_a_phone(picture):
    width = float(tree(picture).attrib["viewBox"].split()[2])
    sizes = [float(size) for size in re.findall(r"font-size: ([\d.]+)px", picture.svg)]
    assert min(sizes) * 358 / width >= 9


# -- names ---------------------------------------------------------------------------------------
def test_ids_are_unique_on_a_page_of_pictures_and_all_lead_somewhere(picture):
    pictures = [picture, draw(height=3.0), draw(alt=ALT + " Again.")]
    ids = [re.findall(r' id="([^"]+)"', each.svg) for each in pictures]
    together = [name for names in ids for name in names]
    assert len(together) == len(set(together))
    for names, each in zip(ids, pictures, strict=True):
        used = re.findall(r'url\(#([^)]+)\)|href="#([^"]+)"', each.svg)
        assert {a or b for a, b in used} == set(names)
        assert any(a for a, _ in used)
        assert any(b for _, b in used)


def test_the_bytes_are_the_same_in_another_process(picture):
    code = (
        "import sys; sys.path[:0] = ['.', 'tests/teach']\n"
        "import test_picture as t; sys.stdout.buffer.write(t.draw().svg.encode())\n"
        "assert 'matplotlib.pyplot' not in sys.modules"
    )
    env = {**os.environ, "PYTHONHASHSEED": "7", "PYTHONDONTWRITEBYTECODE": "1"}
    command = [sys.executable, "-c", code]
    other = subprocess.run(command, cwd=ROOT, env=env, capture_output=True, check=True)
    assert other.stdout.decode() == picture.svg == draw().svg


# -- side effects --------------------------------------------------------------------------------
def test_global_settings_are_neither_changed_nor_heeded(picture, tmp_path):
    with mpl.rc_context({"axes.facecolor": "red", "svg.fonttype": "path", "axes.labelsize": 30}):
        before = dict(mpl.rcParams)
        again = draw()
        again.save(tmp_path / "a.svg")
        again.save(tmp_path / "a.png")
        figures.ruler([("a", 1.0, "exact")], unit="slope")
        assert dict(mpl.rcParams) == before
    assert again.svg == picture.svg


def test_a_figure_of_pyplot_is_closed():
    from matplotlib import pyplot

    pyplot.switch_backend("agg")
    fig, ax = pyplot.subplots()
    ax.plot([1, 2])
    figures.show(fig, alt=ALT)
    assert pyplot.get_fignums() == []


def test_importing_teach_loads_no_matplotlib():
    code = (
        "import sys, lipkit.teach; assert 'matplotlib' not in sys.modules\n"
        "lipkit.teach.figures.new; assert 'matplotlib' in sys.modules\n"
        "assert not {'lipkit.experiments', 'torch', 'pandas'} & set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True, cwd=ROOT)


# -- files ---------------------------------------------------------------------------------------
def test_a_saved_svg_stands_alone(picture, tmp_path):
    picture.save(tmp_path / "a.svg")
    text = (tmp_path / "a.svg").read_text()
    frame = ElementTree.fromstring(text).attrib
    assert (frame["width"], frame["height"]) == ("5.2in", "3.4in")
    assert "sans-serif" in frame["font-family"]
    assert "var(" not in text
    assert "currentColor" not in text
    assert figures.UPPER.color in text


def test_a_saved_png_is_opaque(picture, tmp_path):
    from matplotlib.image import imread

    picture.save(tmp_path / "a.png")
    pixels = imread(tmp_path / "a.png")
    assert pixels.shape[:2] == (680, 1040)
    assert (pixels[0, 0] == 1).all()


def test_other_files_are_refused(picture, tmp_path):
    with pytest.raises(ValueError, match=r"path: got 'a\.pdf', expected a name ending in \.svg"):
        picture.save(tmp_path / "a.pdf")


# -- last touches --------------------------------------------------------------------------------
def test_last_touches():
    fig, ax = figures.new()
    ax.plot([1, 2], label="a")
    ax.set_title("left")
    legend = ax.legend()
    figures.show(fig, alt=ALT)
    assert (ax.get_title("left"), ax.get_title("center")) == ("left", "")
    assert not legend.get_frame_on()


def test_ticks_that_an_author_chose_stay():
    fig, ax = figures.new()
    ax.set(xscale="log", xlim=(1, 1e5), ylim=(0, 1), yticks=[0, 0.123, 1])
    ax.xaxis.set_major_formatter("{x:.0f} units")
    svg = figures.show(fig, alt=ALT).svg
    assert ">100 units<" in svg
    assert ">0.123<" in svg


@pytest.mark.parametrize(
    ("tex", "plain"),
    [
        ("$d$", "d"),
        (r"$\ell_2$ to $\ell_\infty$", None),
        (r"$N = 10^{-3}$", "N = 10⁻³"),
        (r"$\sup \|\nabla f\|$", "sup ‖∇f‖"),
        (r"$\|W_1\|_2 \leq 3$ and 5", "‖W₁‖₂ ≤ 3 and 5"),
        (r"$\sqrt d$, $x^T$", "√d, xᵀ"),
        (r"$\frac{1}{2}$", None),
        ("$x_q$", None),
        ("5 $ a piece", "5 $ a piece"),
    ],
)
def test_formulas_become_plain_characters_or_are_refused(tex, plain):
    from lipkit.teach.figures._untex import untex

    if plain is None:
        with pytest.raises(ValueError, match="expected one that plain characters can write"):
            untex(tex)
    else:
        assert untex(tex) == plain


@pytest.mark.parametrize(
    ("value", "label"),
    [(1, "1"), (0.001, "0.001"), (5000, "5000"), (1e4, "10⁴"), (2e-5, "2×10⁻⁵"), (1e-12, "10⁻¹²")],
)
def test_labels_of_logarithmic_ticks(value, label):
    from lipkit.teach.figures._finish import plain

    assert plain(value) == label
