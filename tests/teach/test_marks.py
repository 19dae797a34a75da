"""The helpers draw what they are given, where they are told, and refuse what does not fit."""

import itertools
import math

import matplotlib as mpl
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.collections import QuadMesh

from lipkit.teach import figures
from lipkit.teach.figures._ruler import _Flag, _place

SQUARE = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 1.0], [0.0, 1.0]])
BESIDE = np.add(SQUARE, [1.0, 0.0])
ENTRIES = [
    ("ascent", 5.0, "lower"),
    ("truth", 7.5, "exact"),
    ("guess", 0.25, "estimate"),
    ("product of norms", 1234.5, "upper"),
]


@pytest.fixture
def ax():
    return figures.new()[1]


# -- labels and bands ----------------------------------------------------------------------------
@pytest.mark.parametrize(
    ("side", "dx", "dy"), [("right", 1, 0), ("left", -1, 0), ("above", 0, 1), ("below", 0, -1)]
)
def test_a_label_stands_beside_its_point(ax, side, dx, dy):
    ax.set(xlim=(0, 1), ylim=(0, 1))
    figures.label_line(ax, 0.5, 0.5, "label", "upper", side=side)
    renderer = FigureCanvasAgg(ax.figure).get_renderer()
    box = ax.texts[0].get_window_extent(renderer)
    x, y = ax.transData.transform((0.5, 0.5))
    assert box.x0 > x if dx > 0 else box.x1 < x if dx < 0 else box.x0 < x < box.x1
    assert box.y0 > y if dy > 0 else box.y1 < y if dy < 0 else box.y0 < y < box.y1
    assert ax.texts[0].get_color() == figures.UPPER.color


def test_an_unknown_side_is_refused(ax):
    with pytest.raises(ValueError, match="side: got 'top', expected one of 'right'"):
        figures.label_line(ax, 0, 0, "label", "upper", side="top")


def test_a_band_lies_between_its_ends(ax):
    figures.band(ax, [0, 1], [1, 2], [3, 5], "lower", label="ninety percent")
    (shade,) = ax.collections
    corners = {tuple(v) for v in shade.get_paths()[0].vertices}
    assert corners == {(0, 1), (1, 2), (1, 5), (0, 3)}
    assert mpl.colors.to_hex(shade.get_facecolor()[0]) == figures.LOWER.color
    assert ax.texts[0].xy == (1, 3.5)


# -- regions and heat ----------------------------------------------------------------------------
def test_regions_are_coloured_by_value_on_a_named_scale(ax):
    filled = figures.regions(ax, [SQUARE, BESIDE], [1.0, 3.0], label="slope", limits=(0, 4))
    ax.figure.draw_without_rendering()
    expected = mpl.colormaps["viridis"]([0.25, 0.75])
    np.testing.assert_allclose(filled.get_facecolor(), expected)
    assert (ax.get_xlim(), ax.get_ylim(), ax.get_aspect()) == ((0, 2), (0, 1), 1)
    (bar,) = ax.child_axes
    assert bar.get_ylabel() == "slope"
    assert bar.get_ylim() == (0, 4)


def test_many_regions_become_an_image_and_few_stay_shapes(ax):
    few = figures.regions(ax, [SQUARE] * 1000, np.ones(1000), label=None)
    many = figures.regions(ax, [SQUARE] * 1001, np.ones(1001), label=None)
    assert not few.get_rasterized()
    assert many.get_rasterized()
    assert not ax.child_axes


def test_heat_puts_each_value_in_its_place(ax):
    Z = np.array([[0.0, 1.0], [2.0, 3.0], [4.0, 5.0]])
    mesh = figures.heat(ax, [10, 20], [1, 2, 3], Z, "height", limits=(-1, 6))
    assert mesh.get_array().tolist() == Z.tolist()
    assert mesh.get_clim() == (-1, 6)
    assert (ax.get_xlim(), ax.get_ylim()) == ((5, 25), (0.5, 3.5))
    assert mesh.get_rasterized()


def test_heat_of_a_thousand_points_a_side_stays_small(ax):
    Z = np.add.outer(np.linspace(0, 1, 1000), np.linspace(0, 1, 1000))
    figures.heat(ax, np.arange(1000), np.arange(1000), Z, "height")
    alt = "A plane that rises evenly from 0.0 in one corner to 2.0 in the opposite corner."
    assert len(figures.show(ax.figure, alt=alt).svg) < 150_000


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (
            lambda ax: figures.regions(ax, [SQUARE], [1, 2], label="s"),
            "values: got 2 for 1 polygons",
        ),
        (lambda ax: figures.regions(ax, [SQUARE], [np.nan], label="s"), "values: got NaN"),
        (
            lambda ax: figures.regions(ax, [SQUARE[0]], [1], label="s"),
            r"polygons: got shape \(2,\)",
        ),
        (lambda ax: figures.heat(ax, [0, 1], [0], [[1.0], [2.0]], "Z"), r"Z: got shape \(2, 1\)"),
        (lambda ax: figures.heat(ax, [0, 1], [0], [[1.0, np.inf]], "Z"), "Z: got NaN or inf"),
    ],
)
def test_what_does_not_fit_is_refused(ax, call, message):
    with pytest.raises(ValueError, match=message):
        call(ax)


# -- the ruler -----------------------------------------------------------------------------------
def layout(fig):
    """Boxes of the flags (name and value together) and their poles (x, bottom, top), in pixels."""
    (ax,) = fig.axes
    renderer = FigureCanvasAgg(fig).get_renderer()
    texts = [text.get_window_extent(renderer) for text in ax.texts]
    flags = [mpl.transforms.Bbox.union(texts[i : i + 2]) for i in range(0, len(texts), 2)]
    poles = [np.sort(ax.transData.transform(line.get_xydata()), axis=0) for line in ax.lines[1:]]
    return flags, [(pole[0, 0], *pole[:, 1]) for pole in poles]


def assert_readable(fig):
    flags, poles = layout(fig)
    for a, b in itertools.combinations(flags, 2):
        assert not a.overlaps(b)
    for flag, (x, low, high) in itertools.product(flags, poles):
        assert not (flag.x0 < x < flag.x1 and low < flag.y1 and high > flag.y0)
    page = fig.bbox
    for flag in flags:
        assert page.x0 <= flag.x0 < flag.x1 <= page.x1
        assert page.y0 <= flag.y0 < flag.y1 <= page.y1


def marks(fig):
    """Where the markers stand, as numbers, with their colours, from left to right."""
    points = [
        (*c.get_offsets()[0], mpl.colors.to_hex(c.get_facecolor()[0]))
        for c in fig.axes[0].collections
    ]
    assert all(y == 0 for _, y, _ in points)
    return [(x, colour) for x, _, colour in points]


def texts(fig):
    said = [text.get_text() for text in fig.axes[0].texts]
    return list(zip(said[::2], said[1::2], strict=True))


def test_a_ruler_says_names_values_and_kinds():
    fig = figures.ruler(ENTRIES, unit="slope (ℓ2)")
    expected = [
        ("guess", "≈ 0.25", 0.25, figures.ESTIMATE),
        ("ascent", "≥ 5", 5.0, figures.LOWER),
        ("truth", "= 7.5", 7.5, figures.EXACT),
        ("product of norms", "≤ 1,235", 1234.5, figures.UPPER),
    ]
    assert texts(fig) == [(name, text) for name, text, _, _ in expected]
    for (x, colour), (_, _, value, role) in zip(marks(fig), expected, strict=True):
        assert x == pytest.approx(value, rel=1e-12)
        assert colour == role.color
    (ax,) = fig.axes
    assert (ax.get_xscale(), ax.get_xlabel()) == ("log", "slope (ℓ2)")
    assert_readable(fig)


def test_a_ruler_rounds_to_the_side_of_the_kind():
    entries = [("a", 3.6378, "lower"), ("b", 3.6312, "upper"), ("c", 229.3, "upper")]
    entries += [("d", 0.44693, "lower"), ("e", 2.4, "lower"), ("f", 31.0, "upper")]
    entries += [("g", 1000.9, "lower"), ("h", 99.96, "upper"), ("i", 0.1 + 0.2, "upper")]
    said = [text for _, text in sorted(texts(figures.ruler(entries, unit="slope")))]
    assert said == [
        *("≥ 3.63", "≤ 3.64", "≤ 230", "≥ 0.446", "≥ 2.4", "≤ 31", "≥ 1,000", "≤ 100", "≤ 0.3")
    ]


def test_without_names_it_gives_away_neither_name_nor_kind():
    fig = figures.ruler(ENTRIES, unit="slope", names=False)
    assert texts(fig) == [("C", "0.25"), ("A", "5"), ("B", "7.5"), ("D", "1,235")]
    assert {colour for _, colour in marks(fig)} == {figures.GREY.color}
    assert_readable(fig)


lengths = st.floats(0, 360, allow_subnormal=False)


@settings(max_examples=150, deadline=None)
@given(st.lists(st.tuples(lengths, st.floats(10, 150)), min_size=1, max_size=7), st.booleans())
def test_no_flag_or_pole_ever_meets_another(places, crowd):
    """In points and levels: a flag fills its level between its ends, a pole all levels below it."""
    sizes = [(x / 100 + 300 if crowd else x, width) for x, width in places]
    flags = [_Flag(x, width, "", "", figures.GREY) for x, width in sorted(sizes)]
    _place(flags)
    for a, b in itertools.permutations(flags, 2):
        if a.side != b.side:
            continue
        apart = a.span[1] <= b.span[0] or b.span[1] <= a.span[0]
        assert apart or a.level != b.level
        assert not (a.span[0] < b.x < a.span[1] and a.level <= b.level)
    assert {flag.level for flag in flags} <= set(range(len(flags)))


@pytest.mark.parametrize("seed", range(10))
def test_nor_on_the_page(seed):
    rng = np.random.default_rng(seed)
    words = ["".join(rng.choice(list("abcdefgh mw"), rng.integers(1, 19))) + "." for _ in range(6)]
    spread = rng.choice([0.1, 3.0])
    entries = [(word, 10 ** rng.uniform(-spread, spread), "upper") for word in words]
    assert_readable(figures.ruler([("far", 1e-3, "lower"), *entries], unit="slope"))


def test_many_equal_numbers_still_find_room():
    assert_readable(figures.ruler([(f"number {i}", 2.0, "upper") for i in range(12)], unit="slope"))


def test_the_axis_spans_at_least_a_factor_of_ten():
    low, high = (
        figures.ruler([("a", 2.0, "exact"), ("b", 2.1, "upper")], unit="s").axes[0].get_xlim()
    )
    assert high / low >= 10
    assert math.sqrt(low * high) == pytest.approx(math.sqrt(2.0 * 2.1))


@pytest.mark.parametrize(
    ("entries", "error", "message"),
    [
        ([], ValueError, "entries: got 0, expected 1 to 26"),
        ([(" ", 1.0, "lower")], ValueError, "entries: got a blank label"),
        ([("a", 0.0, "lower")], ValueError, "entries, 'a': got 0.0, expected a positive number"),
        ([("a", math.inf, "upper")], ValueError, "entries, 'a': got NaN or infinite"),
        ([("a", 1.0, "best")], ValueError, "role: got 'best'"),
    ],
)
def test_entries_that_no_ruler_can_hold_are_refused(entries, error, message):
    with pytest.raises(error, match=message):
        figures.ruler(entries, unit="slope")


# -- discs ---------------------------------------------------------------------------------------
def test_discs_share_one_scale_symmetric_about_0():
    ticks = np.linspace(-1, 1, 41)
    slope = np.broadcast_to(3.0 * ticks, (41, 41))
    fig = figures.discs({"flat": np.zeros((41, 41)), "plane": slope}, label="height")
    meshes = [c for ax in fig.axes[:2] for c in ax.collections if isinstance(c, QuadMesh)]
    assert [mesh.get_clim() for mesh in meshes] == [(-3, 3), (-3, 3)]
    assert all(mesh.get_clip_path() is not None for mesh in meshes)
    assert fig.axes[-1].get_xlabel() == "height"
    with pytest.raises(ValueError, match=r"plane: got shape \(3, 4\), expected a square"):
        figures.discs({"plane": np.ones((3, 4))}, label="height")
