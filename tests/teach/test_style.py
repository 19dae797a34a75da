"""Colours that everybody can tell apart, on both pages; roles that never come by colour alone."""

import itertools
import re
from pathlib import Path

import matplotlib as mpl
import numpy as np
import pytest

from lipkit.bound import Bound
from lipkit.teach import figures
from lipkit.teach.figures._style import ADAPTS, DARK, INK, LIGHT, NEUTRAL, role_of

PAGES = [(LIGHT, "#ffffff"), (DARK, "#121212"), (DARK, "#14181e")]
CSS = Path(__file__).parents[2] / "book/static/css/lk.css"

# Machado, Oliveira and Fernandes (2009), severity 1, on linear RGB
SIGHT = {
    "normal": np.eye(3),
    "protanopia": [
        [0.152286, 1.052583, -0.204868],
        [0.114503, 0.786281, 0.099216],
        [-0.003882, -0.048116, 1.051998],
    ],
    "deuteranopia": [
        [0.367322, 0.860646, -0.227968],
        [0.280085, 0.672501, 0.047413],
        [-0.011820, 0.042940, 0.968881],
    ],
}
XYZ = np.array([[0.4124, 0.3576, 0.1805], [0.2126, 0.7152, 0.0722], [0.0193, 0.1192, 0.9505]])


def linear(colour):
    c = np.array([int(colour[i : i + 2], 16) for i in (1, 3, 5)]) / 255
    return np.where(c <= 0.04045, c / 12.92, ((c + 0.055) / 1.055) ** 2.4)


def contrast(a, b):
    low, high = sorted(float(XYZ[1] @ linear(c)) + 0.05 for c in (a, b))
    return high / low


def lab(rgb):
    t = XYZ @ np.clip(rgb, 0, 1) / XYZ.sum(axis=1)
    f = np.where(t > (6 / 29) ** 3, np.cbrt(t), t / (3 * (6 / 29) ** 2) + 4 / 29)
    return np.array([116 * f[1] - 16, 500 * (f[0] - f[1]), 200 * (f[1] - f[2])])


def test_the_measures_know_what_is_known():
    assert contrast("#000000", "#ffffff") == pytest.approx(21, abs=0.01)
    assert contrast("#777777", "#ffffff") == pytest.approx(4.48, abs=0.01)
    assert lab(linear("#ff0000")) == pytest.approx([53.24, 80.09, 67.2], abs=0.1)
    red, green = linear("#b06000"), linear("#6a7a00")
    matrix = np.array(SIGHT["deuteranopia"])
    assert np.linalg.norm(lab(red) - lab(green)) > 40
    assert np.linalg.norm(lab(matrix @ red) - lab(matrix @ green)) < 15


@pytest.mark.parametrize(("colours", "page"), PAGES)
def test_every_colour_stands_out_from_the_page(colours, page):
    for colour in (*colours, NEUTRAL):
        assert contrast(colour, page) >= 3, colour
    for colour in (*colours[:4], colours[6]):  # those that text is written in
        assert contrast(colour, page) >= 4.5, colour


@pytest.mark.parametrize("sight", SIGHT)
@pytest.mark.parametrize("colours", [LIGHT, DARK])
def test_every_pair_can_be_told_apart(colours, sight):
    seen = {c: lab(np.array(SIGHT[sight]) @ linear(c)) for c in (*colours, NEUTRAL)}
    for a, b in itertools.combinations(seen, 2):
        assert np.linalg.norm(seen[a] - seen[b]) >= 15, (a, b)


@pytest.mark.skipif(not CSS.exists(), reason="the book's style sheet is not here")
@pytest.mark.parametrize(("theme", "colours"), [("light", LIGHT), ("dark", DARK)])
def test_the_style_sheet_gives_these_colours(theme, colours):
    block = re.search(rf'data-theme="{theme}"\] {{(.*?)}}', CSS.read_text(), re.DOTALL)[1]
    assert tuple(re.findall(r"--lk-c\d: (#[0-9a-f]{6});", block)) == colours


def test_no_colour_of_the_map_is_mistaken_for_one_of_the_style():
    for name in ("viridis", "PuOr"):
        colours = mpl.colormaps[name](np.linspace(0, 1, 256))
        assert not {mpl.colors.to_hex(c) for c in colours} & set(ADAPTS)


def test_each_kind_of_bound_has_a_role_of_its_own():
    for kind in ("lower", "upper", "exact", "estimate"):
        bound = Bound(1.0, kind, quantity="q", method="m")
        assert figures.ROLES[bound.kind] is role_of(bound.kind)
    roles = list(figures.ROLES.values())
    assert len({role.color for role in roles}) == len(roles)
    assert [role.marker for role in roles] == list("^voDs")
    with pytest.raises(ValueError, match="role: got 'best', expected one of 'lower'"):
        role_of("best")


def test_a_role_draws_lines_and_points():
    _, ax = figures.new()
    (line,) = ax.plot([1, 2], [1, 2], **figures.LOWER)
    assert (line.get_color(), line.get_marker(), line.get_linestyle()) == (LIGHT[0], "^", "-")
    points = ax.scatter([1], [1], **figures.ESTIMATE)
    assert mpl.colors.to_hex(points.get_facecolor()[0]) == figures.ESTIMATE.color


def test_text_is_never_grey():
    _, ax = figures.new()
    figures.label_line(ax, 0, 0, "grey", figures.GREY)
    assert ax.texts[0].get_color() == INK


def test_new_makes_rows_and_columns_of_clean_axes():
    fig, axes = figures.new(rows=2, columns=3, width=6, height=4, sharex=True)
    assert axes.shape == (2, 3)
    assert fig.get_size_inches().tolist() == [6, 4]
    assert not axes[0, 0].spines["top"].get_visible()
    assert fig.get_facecolor()[3] == axes[0, 0].get_facecolor()[3] == 0
    assert fig.canvas.manager is None  # pyplot does not know it
