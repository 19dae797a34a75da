"""Small integers for positions and levels, axes, numbers as text, labels: one law each."""

import math
from decimal import Decimal
from itertools import pairwise

import numpy as np
import pytest
from hypothesis import assume, example, given
from hypothesis import strategies as st

from lipkit.teach import figures
from lipkit.teach.explorers import _draw
from lipkit.teach.explorers._axis import Axis, round_step, spanning, tick_text
from lipkit.teach.explorers._codes import fractions, levels, pack, positions, unpack
from lipkit.teach.explorers._colours import colour, text_colour
from lipkit.teach.explorers._draw import Box, png
from lipkit.teach.explorers._format import shown
from lipkit.teach.explorers._lettering import spread
from lipkit.teach.panels import number

real = st.floats(-1e12, 1e12)
inside = st.floats(-1, 2)
positive = st.floats(1e-8, 1e8)


# -- codes ---------------------------------------------------------------------------------------
@given(st.lists(inside, max_size=20))
def test_a_position_comes_back_within_half_a_step(f):
    assert np.abs(fractions(positions(f)) - f).max(initial=0) <= 1.5 / 65534 + 1e-12


def test_positions_off_the_paper_and_gaps():
    codes = positions([-math.inf, -7, -1, 0, 1, 2, 9, math.inf, math.nan])
    expected = [-1, -1, -1, 0, 1, 2, 2, 2, math.nan]
    assert fractions(codes) == pytest.approx(expected, abs=3e-5, nan_ok=True)


@given(st.lists(st.floats(-3, 3), min_size=1, max_size=9))
def test_levels_are_steps_between_the_ends(z):
    steps = levels(z, -3, 3)
    assert np.abs(steps / 254 * 6 - 3 - z).max() <= 3 / 254 + 1e-9


def test_levels_at_zero_beyond_and_nowhere():
    assert levels([-9, -2, 0, 2, 9, math.nan], -2, 2).tolist() == [0, 0, 127, 254, 254, 255]


arrays = st.lists(
    st.one_of(
        st.lists(st.integers(0, 65535), max_size=4), st.sampled_from([[1, 2], [65535], [], [7]])
    ),
    min_size=1,
    max_size=12,
)


@given(arrays, st.sampled_from([np.uint16, np.uint8]))
@example([[1, 2], [1, 2]], np.uint16)
@example([[]], np.uint8)
def test_packed_arrays_come_back(states, kind):
    codes = [np.array(state, dtype=np.uint16).astype(kind) for state in states]
    packed = pack(codes)
    for state, expected in enumerate(codes):
        assert unpack(packed, state).tolist() == expected.tolist()


def test_equal_arrays_are_stored_once():
    row = np.arange(300, dtype=np.uint16)
    once, often = pack([row, row + 1]), pack([row, row + 1] * 50)
    assert often["data"] == once["data"]
    assert "index" not in pack([row] * 50)


# -- axes ----------------------------------------------------------------------------------------
@given(real, real, st.booleans())
def test_an_axis_runs_from_0_to_1(a, b, log):
    if log:
        a, b = abs(a), abs(b)
        assume(min(a, b) > 1e-12)
    assume(abs(a - b) > 1e-6 * max(abs(a), abs(b)))
    axis = Axis(min(a, b), max(a, b), log)
    middle = math.sqrt(a) * math.sqrt(b) if log else (a + b) / 2
    assert axis.fraction([axis.low, middle, axis.high]) == pytest.approx([0, 0.5, 1], abs=1e-6)


def test_what_has_no_logarithm():
    fraction = Axis(1, 10, log=True).fraction([0, -1, math.inf, math.nan])
    assert fraction.tolist()[0] == -math.inf
    assert np.isnan(fraction[[1, 3]]).all()
    assert fraction[2] == math.inf


@given(st.lists(real, min_size=1, max_size=6), st.booleans())
def test_a_spanning_axis_holds_every_value(values, log):
    values = [abs(v) for v in values] if log else values
    assume(not log or max(values) > 0)
    axis = spanning([[math.nan, math.inf], values], None, log, "xlim")
    fraction = axis.fraction([v for v in values if v > 0 or not log])
    assert fraction.min() >= -1e-9
    assert fraction.max() <= 1 + 1e-9


@given(positive, st.floats(1.001, 1e12), st.integers(2, 7), st.booleans())
def test_ticks_are_few_different_and_in_order(low, ratio, most, log):
    axis = Axis(low, low * ratio, log)
    places, texts = zip(*axis.ticks(most), strict=True)
    assert 2 <= len(set(texts)) == len(texts) <= most + 2
    assert all(-1e-6 <= place <= 1 + 1e-6 for place in places)
    assert all(a < b for a, b in pairwise(places))


def test_ticks_by_hand():
    assert [text for _, text in Axis(-1, 1).ticks(4)] == ["−1", "−0.5", "0", "0.5", "1"]
    assert [text for _, text in Axis(0.9, 1200, log=True).ticks(6)] == ["1", "10", "100", "1,000"]
    assert [text for _, text in Axis(1, 30, log=True).ticks(6)] == ["1", "2", "5", "10", "20"]
    assert tick_text(2e6) == "2×10⁶"
    assert tick_text(1e-5) == "10⁻⁵"
    assert tick_text(-1500) == "−1,500"


@given(positive, st.integers(1, 20))
def test_a_round_step_fits_at_most_so_often(length, most):
    step = round_step(length, most)
    assert step * most >= length * (1 - 1e-8)
    assert step * most <= length * 2.6
    assert f"{step:.0e}"[0] in "125"


@pytest.mark.parametrize(
    ("limits", "log", "groups", "message"),
    [
        ((2, 1), False, [[1]], r"got the limits \(2, 1\), expected finite low < high"),
        ((0, 1), True, [[1]], "expected finite 0 < low < high"),
        ((0, math.inf), False, [[1]], "expected finite low < high"),
        (None, False, [[math.nan]], "got no finite value in any state; give the limits"),
        (None, True, [[-1, 0]], "got no positive finite value"),
    ],
)
def test_an_axis_that_cannot_be(limits, log, groups, message):
    with pytest.raises(ValueError, match=message):
        spanning(groups, limits, log, "xlim")


# -- numbers -------------------------------------------------------------------------------------
def read(text):
    """The exact number that a text stands for."""
    mantissa, _, power = text.replace(",", "").replace("−", "-").partition("×10")
    raised = power.translate(str.maketrans("⁻⁰¹²³⁴⁵⁶⁷⁸⁹", "-0123456789"))
    return Decimal(mantissa).scaleb(int(raised or 0))


@given(
    st.floats(-1e15, 1e15),
    st.integers(1, 6),
    st.sampled_from(list(figures.ROLES)),
)
@example(9.996, 3, "upper")
@example(0.1 + 0.2, 2, "upper")
@example(1e-12, 2, "lower")
@example(-27.96, 3, "lower")
def test_a_number_is_rounded_to_its_side(value, digits, kind):
    assume(value == 0 or abs(value) > 1e-300)
    text = shown(value, number("it", kind, digits=digits))
    exact, printed = Decimal(value), read(text)
    slack = abs(exact) * Decimal("1.1e-9")
    assert abs(printed - exact) <= abs(exact) * Decimal(10) ** (1 - digits) + slack
    if kind == "lower":
        assert printed <= exact + slack
    if kind == "upper":
        assert printed >= exact - slack
    plain = text.partition("×")[0].replace(",", "").strip("−")
    assert value == 0 or len(plain.replace(".", "").lstrip("0")) >= min(digits, 1)


@pytest.mark.parametrize(
    ("value", "kind", "digits", "text"),
    [
        (27.8765, "lower", 3, "27.8"),
        (27.8123, "upper", 3, "27.9"),
        (27.85, "exact", 3, "27.9"),
        (2.0, "exact", 3, "2.00"),
        (0.3 - 0.1, "lower", 2, "0.20"),
        (0.1 + 0.2, "upper", 2, "0.30"),
        (-1.234, "lower", 2, "−1.3"),
        (-1.234, "upper", 2, "−1.2"),
        (9.999, "upper", 3, "10.0"),
        (12345.6, "exact", 3, "12,300"),
        (2.5e7, "exact", 2, "2.5×10⁷"),
        (0.00001234, "upper", 2, "1.3×10⁻⁵"),
        (0.0, "upper", 3, "0"),
        (-0.0, "lower", 3, "0"),
        (math.inf, "upper", 3, "∞"),
        (-math.inf, "lower", 3, "−∞"),
        (math.nan, "exact", 3, "not defined"),
        (1234567, "upper", 1, "1,234,567"),
        (-3, "exact", 1, "−3"),
        ("steep", "exact", 1, "steep"),
    ],
)
def test_numbers_by_hand(value, kind, digits, text):
    assert shown(value, number("it", kind, digits=digits)) == text


# -- labels --------------------------------------------------------------------------------------
@given(st.lists(st.tuples(st.floats(-50, 250), st.integers(1, 3)), min_size=1, max_size=6))
def test_labels_stay_apart_in_order_and_in_sight(labels):
    places, heights = [y for y, _ in labels], [13.0 * lines for _, lines in labels]
    found = spread(places, heights, 0, 260)
    order = np.argsort(places, kind="stable")
    for i, j in pairwise(order):
        assert found[j] - found[i] >= (heights[i] + heights[j]) / 2 - 1e-9
    if sum(heights) <= 260:
        for y, height in zip(found, heights, strict=True):
            assert height / 2 - 1e-9 <= y <= 260 - height / 2 + 1e-9


def test_labels_that_have_room_stay():
    assert spread([10, math.nan, 60], [13, 13, 13], 0, 100)[::2] == [10, 60]
    assert math.isnan(spread([10, math.nan], [13, 13], 0, 100)[1])


# -- drawing -------------------------------------------------------------------------------------
BOX = Box(10, 20, 100, 50)


def test_paths_by_hand():
    x, y = positions([0, 0.5, math.nan, 1]), positions([0, 1, 0.5, 0.5])
    assert _draw.line(BOX, {"x": x, "y": y})["d"] == "M10 70L60 20M110 45"
    ends = {"x": positions([0, 1]), "low": positions([0, 0]), "high": positions([1, 0.5])}
    assert _draw.band(BOX, ends)["d"] == "M10 20L110 45L110 70L10 70Z"
    assert _draw.place(BOX, {"x": positions(0.25)}) == {"transform": "translate(35 0)"}
    assert _draw.place(BOX, {"y": positions(math.nan)}) == {"display": "none"}


def test_strengths_of_two_hues_by_hand():
    up, down = _draw.strengths(levels([-1, 0, 0.2, 1, math.nan], -1, 1), True)
    assert (up.tolist(), down.tolist()) == ([0, 0, 50, 254, 0], [254, 0, 0, 0, 0])
    up, down = _draw.strengths(levels([0, 1, math.nan], 0, 1), False)
    assert (up.tolist(), down.tolist()) == ([0, 254, 0], [0, 0, 0])


def test_a_picture_is_a_png(tmp_path):
    from matplotlib.image import imread

    pixels = np.random.default_rng(0).integers(0, 256, (3, 5, 3)).astype(np.uint8)
    (tmp_path / "it.png").write_bytes(png(pixels))
    assert np.array_equal(np.rint(imread(tmp_path / "it.png") * 255), pixels)


def test_colours_are_the_book_s():
    assert colour("lower", "curve") == f"var(--lk-c1, {figures.PALETTE[0]})"
    assert colour("ink", "curve") == colour("exact", "curve") == "currentColor"
    assert colour(figures.PALETTE[4], "curve") == f"var(--lk-c5, {figures.PALETTE[4]})"
    assert text_colour("grey") == text_colour("ink") == "currentColor"
    assert colour("grey", "curve") != "currentColor"
    with pytest.raises(ValueError, match="curve: got role='red', expected 'ink', one of 'lower'"):
        colour("red", "curve")
