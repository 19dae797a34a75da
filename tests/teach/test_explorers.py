"""An explorer: what its page holds is what its view says; bad descriptions are refused."""

import json
import re
import sys
from html import escape
from html.parser import HTMLParser
from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipkit.bound import Bound
from lipkit.teach import explorer, panels
from lipkit.teach.explorers._codes import fractions, unpack
from lipkit.teach.explorers._colours import colour, marker
from tests.teach.explorers_sample import TICKS, WIDTHS, sample, view

KIND = "application/vnd.jupyter.widget-view+json"


@pytest.fixture(scope="module")
def made():
    return sample()


@pytest.fixture(scope="module")
def payload(made):
    return json.loads(re.search(r'json">(.*)</script>', made.html(), re.S)[1])


def states():
    """All states of the sample, in the order of the page."""
    return [
        {"u": u, "width": width, "mode": mode, "noisy": noisy}
        for u in np.linspace(-1, 1, 9).tolist()
        for width in WIDTHS
        for mode in (0, 1)
        for noisy in (False, True)
    ]


def move_of(payload, *names):
    """The one move that is drawn from these arrays, and its arrays by side."""
    (found,) = [m for m in payload["moves"] if set(names) <= set(m["from"].values())]
    return found, {side: payload["arrays"][name] for side, name in found["from"].items()}


# -- the page holds what the view says -----------------------------------------------------------
@given(st.sampled_from(list(enumerate(states()))))
def test_curves_come_back_within_half_a_step(payload, numbered):
    number, state = numbered
    said = view(**state)
    _, packed = move_of(payload, "p2.x.x", "p2.y.y")
    x, y = (fractions(unpack(packed[side], number)) for side in "xy")
    assert x == pytest.approx(np.log(said["x"] / 0.9) / np.log(30 / 0.9), abs=3e-5)
    known = ~np.isnan(said["y"])
    assert np.array_equal(np.isnan(y), ~known)
    slope = np.polyfit(y[known], np.log(said["y"][known]), 1)  # any straight line: it is a log axis
    assert np.polyval(slope, y[known]) == pytest.approx(np.log(said["y"][known]), abs=1e-3)


@given(st.sampled_from(list(enumerate(states()))))
def test_heat_maps_come_back_within_half_a_level(payload, numbered):
    number, state = numbered
    move, packed = move_of(payload, "p0.level.heights")
    codes = unpack(packed["level"], number).reshape(-1, move["columns"])[::-1].astype(float)
    heights = view(**state)["heights"]
    assert np.array_equal(codes == 255, np.isnan(heights))
    found = np.where(codes == 255, np.nan, codes / 127 - 1) * 4  # the scale goes up to 4
    assert np.nanmax(np.abs(found - heights)) <= 4 / 254 + 1e-9


@given(st.sampled_from(list(enumerate(states()))))
def test_polygons_come_back(payload, numbered):
    number, state = numbered
    said = view(**state)
    _, packed = move_of(payload, "p3.x.squares", "p3.y.squares")
    corners = np.stack([fractions(unpack(packed[side], number)) for side in "xy"], axis=1)
    shapes = np.split(corners, np.flatnonzero(np.isnan(corners[:, 0])))
    found = [shape[~np.isnan(shape[:, 0])] * 2.4 - 1.2 for shape in shapes][:-1]
    assert len(found) == len(said["squares"])
    for shape, square in zip(found, said["squares"], strict=True):
        assert shape == pytest.approx(square, abs=1e-4)


@given(st.sampled_from(list(enumerate(states()))))
def test_marks_of_a_ruler_stand_at_their_numbers(payload, numbered):
    number, state = numbered
    said = view(**state)
    _, packed = move_of(payload, "p1.slope")
    (place,) = fractions(unpack(packed["x"], number))
    if said["slope"] == 0:
        assert place == pytest.approx(0, abs=3e-5)
        return
    low, high = np.log([0.5, 31.26])  # the least and the largest finite number in any state
    low, high = low - 0.04 * (high - low), high + 0.04 * (high - low)
    expected = 0.08 + 0.84 * (np.log(said["slope"]) - low) / (high - low)
    assert place == pytest.approx(expected, abs=1e-4)


def test_texts_of_all_states_are_those_of_python(made, payload):
    for key, packed in payload["texts"].items():
        index = unpack({"wide": True, "data": packed["index"], "size": len(states())}, 0)
        found = [packed["texts"][i] for i in index]
        assert found == [made.texts(**state)[key] for state in states()]
    assert "constant" not in payload["texts"]


def test_what_never_changes_is_not_in_the_page(payload):
    names = {name for move in payload["moves"] for name in move["from"].values()}
    assert names == set(payload["arrays"])
    assert "p2.y.flat" not in names
    assert not any("20.0" in name for name in names)


def test_the_first_state_needs_no_script(made):
    html = made.html()
    for part in (made.svg(), "At <b", "<summary>The numbers</summary>"):
        assert part in html
    assert re.search(r'<div class="lk-ex-controls" hidden="">', html)
    assert "0.25</b>" in html


# -- what is shown -------------------------------------------------------------------------------
def test_numbers_are_rounded_to_their_sides(made):
    texts = made.texts(u=-0.75, width=np.inf)
    assert (texts["slope"], texts["product"]) == ("7.5", "32")
    assert made.texts(width=10)["rate"] == "∞"
    assert made.texts(width=5)["rate"] == "not defined"
    assert made.texts(width=2)["rate"] == "0.500"
    assert made.texts(u=1)["count"] == "12,445"


def test_the_sentence_is_said_and_written_with_care(made):
    said = made.say(u=0, noisy=True)
    assert said == 'At 0 it is </script> & "flat": {0} of 6.3, with noise.'
    assert "&lt;/script&gt; &amp; &quot;flat&quot;" in made.svg(u=0)
    for text in ("Turn &amp; &lt;move&gt;", "Move &lt;it&gt;.", "a &lt; b"):
        assert text in made.html()
    assert "</" not in re.search(r'json">(.*)</script>', made.html(), re.S)[1]


def test_any_value_between_the_grid_s_is_drawn(made):
    assert made.texts(u=0.123456789, width=7.0) | {} == made.shown(u=0.123456789, width=7).texts
    assert made.texts(u=0.123456789)["u"] == "0.123457"
    assert made.say(u=0.1) != made.say(u=0.11)


def test_every_picture_says_the_sentence(made):
    pictures = re.findall(r"<svg .*?</svg>", made.svg(u=-1), re.S)
    assert len(pictures) == 5
    for picture in pictures:
        root = ElementTree.fromstring(picture)
        assert root.attrib["role"] == "img"
        assert root.attrib["aria-label"] == made.say(u=-1)


def test_a_mark_without_a_place_is_hidden(made):
    def drawn(**state):
        svg = re.findall(r"<svg .*?</svg>", made.svg(**state), re.S)
        return [len(re.findall('display="none"', one)) for one in svg]

    assert drawn(width=2)[1] == 3  # no row says "not defined"
    assert drawn(width=5)[1] == 3  # one does, and has no mark instead
    assert drawn(u=0.25)[2] == 0
    assert drawn(u=1)[2] == 3  # a line at 40, its label and the dot are beyond 30


def test_roles_come_with_their_markers_and_lines_with_their_dashes(made):
    svg = made.svg()
    for role in ("lower", "upper", "exact"):  # as in the ruler
        assert f'<path d="{marker(role)}" fill="{escape(colour(role, "it"))}"' in svg
    assert svg.count('stroke-dasharray="6 4"') == 1
    for label in ("▼ steepest", "▲ sampling", "≥ <tspan", "≤ <tspan", "= <tspan"):
        assert label in svg


def test_a_heat_map_has_steps_and_an_image_has_pixels(made):
    disc, *_, image = re.findall(r"<svg .*?</svg>", made.svg(), re.S)
    assert disc.count('type="discrete"') == 2
    assert "pixelated" not in disc
    assert "discrete" not in image
    assert image.count("image-rendering:pixelated") == 1

    def edges(svg, shape):
        found = re.search(rf'<{shape} x="([^"]+)" y="([^"]+)" width="([^"]+)" height', svg)
        return [float(each) for each in found.groups()]

    (box,) = re.findall(r'<clipPath id="exp-sample-p4-box">(.*?)</clipPath>', image)
    wide = re.sub('data-lk-move="[^"]+" ', "", image)
    assert edges(wide, "image") == edges(box, "rect")  # its squares fill the axes
    _, _, width = edges(re.sub('data-lk-move="[^"]+" ', "", disc), "image")
    rim = float(re.search('rx="([^"]+)"', disc)[1])
    assert width == pytest.approx(2 * rim * 7 / 6, abs=0.2)  # pixels stand on both ends


def test_a_label_stands_where_its_curve_ends_in_sight():
    def seen(t):
        return {"x": np.arange(5.0), "y": np.array([0, 1 + t, 2 * t, np.nan, 9])}

    made = tiny(seen, **plotted(panels.curve("x", "y", "the end"), xlim=(0, 3.5), ylim=(0, 10)))
    for t in range(4):
        svg = made.svg(t=t)
        end = float(re.search(r'd="M[^ ]+ [^L]+L[^ ]+ [^L]+L[^ ]+ ([\d.]+)', svg)[1])
        label = float(re.search(r'transform="translate\(0 ([\d.]+)\)"[^>]*><g', svg)[1])
        assert label == pytest.approx(min(end, 208 + 6 - 6.5), abs=0.11)


class Ids(HTMLParser):
    """The ids, what refers to ids, and the tags that are open."""

    def __init__(self, html):
        super().__init__()
        self.ids, self.used, self.open = [], [], []
        self.feed(html)

    def handle_starttag(self, tag, attributes):
        if tag not in ("input", "meta", "link"):
            self.open.append(tag)
        for key, value in attributes:
            if key == "id":
                self.ids.append(value)
            if key in ("for", "aria-labelledby"):
                self.used.append(value)
            self.used += re.findall(r"url\(#([^)]+)\)", value or "")

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_two_explorers_share_no_id_and_refer_to_their_own(made):
    html = Ids(made.html() + sample("exp-other").html())
    assert len(set(html.ids)) == len(html.ids)
    assert set(html.used) <= set(html.ids)
    assert html.open == []


def test_the_table_runs_along_one_control_and_marks_the_current_row(made):
    body = re.search(r'<tbody data-lk-along="u">(.*?)</tbody>', made.html(), re.S)[1]
    rows = [re.findall(r">([^<>]*)</t[hd]>", row) for row in body.split("</tr>")[:-1]]
    keys = ["u", "slope", "product", "rate", "count", "constant"]
    expected = [made.texts(u=u) for u in np.linspace(-1, 1, 9).tolist()]
    assert rows == [[texts[key] for key in keys] for texts in expected]
    current = [row for row in body.split("</tr>") if 'aria-current="true"' in row]
    assert len(current) == 1
    assert ">0.25</th>" in current[0]
    assert "first input (rad)" in made.html()
    assert '<tbody data-lk-along="mode">' in sample(rows="mode").html()


def test_the_size_is_that_of_the_page(made):
    assert made.size == len(made.html().encode()) < 120_000
    assert repr(made) == f"Explorer('Turn & <move>', 180 states, {made.size / 1000:.0f} kB)"


def test_the_page_repeats(made):
    assert sample().html() == made.html()


# -- Bounds, and descriptions that are refused ---------------------------------------------------
def tiny(seen, **changes):
    """An explorer of one slider whose view returns what is given."""
    description = {
        "controls": {"t": panels.slider("place", 0, 3, step=1)},
        "numbers": {},
        "show": [panels.plot(panels.dot("t", 0.5))],
        "say": "At {t}.",
    }
    return explorer(
        seen if callable(seen) else lambda t: seen, name="tiny", title="T", **description | changes
    )


def test_a_bound_keeps_its_kind():
    bound = Bound(2.34, "upper", quantity="norm of a layer", method="by hand")
    good = tiny({"b": bound}, numbers={"b": panels.number("b", "upper", digits=2)})
    assert good.texts()["b"] == "2.4"
    with pytest.raises(ValueError, match="b: got a Bound of kind 'upper' for a number of kind 'l"):
        tiny({"b": bound}, numbers={"b": panels.number("b", "lower")})


SQUARE = np.array([[0, 0], [1, 0], [1, 1.0]])
LINE, NUMBER = np.arange(3.0), panels.number("n", "exact")


def plotted(*marks, **axes):
    return {"show": [panels.plot(*marks, **axes)]}


@pytest.mark.parametrize(
    ("seen", "changes", "message"),
    [
        (lambda t: {"a": 1 / (2 - t)}, {}, "view: failed at t=2.0: ZeroDivisionError"),
        (lambda t: 3, {}, r"view: got int at t=0.0, expected a dict"),
        (
            lambda t: {"a": 1} if t < 2 else {},
            {},
            "got nothing for 'a' at {'t': 2.0}, expected a",
        ),
        (lambda t: {"a": 1 if t < 2 else "x"}, {}, "got a text for 'a' at {'t': 2.0}, expected"),
        (lambda t: {"a": np.ones((2, int(t)))}, {}, r"got an array of shape \(2, 1\) for 'a'"),
        ({"a": object()}, {}, "a: got object with dtype object"),
        ({"a": 1j}, {}, "a: got complex with dtype complex128"),
        (
            {"a": np.zeros((2, 2, 2))},
            {},
            r"a: got ndarray with dtype float64 and shape \(2, 2",
        ),
        ({"t": 7.0}, {}, "view: got the key 't', which is a control, with another value"),
        ({}, {"controls": {}}, "controls: got none"),
        ({}, {"rows": "z"}, "rows: got 'z', expected a control: t"),
        ({"a": 1.0}, {"say": "{a}"}, "say: got {a}, whose rounding is unknown; add it to numbers"),
        ({"a": 1.0}, {"say": "{b}"}, "say: got {b}, expected a control, a number or a text: 'a'"),
        ({}, {"say": "{t:.2f}"}, "say: got {t:.2f}, expected a name alone"),
        ({}, {"say": "{t!r}"}, "say: got {t!r}, expected a name alone"),
        ({}, {"say": "{}"}, "say: got {}, expected a name alone"),
        ({}, {"say": "{t"}, "say: got '{t': .*; write a brace that is meant as one twice"),
        ({}, {"numbers": {"a": NUMBER}}, "numbers: got 'a', expected a number or a text that view"),
        ({}, {"numbers": {"t": NUMBER}}, "numbers: got 't', which is a control; leave it out"),
        ({"a b": 1}, {"numbers": {"a b": NUMBER}}, "got the key 'a b', expected a name as in Pyt"),
        ({}, {"show": [3]}, "show: got 3, expected panels.plot"),
        ({}, plotted("t"), "plot: got 't', expected marks such as"),
        ({}, plotted(panels.dot("z", 0)), "dot, x: got 'z', which is no control and not in what"),
        ({}, plotted(panels.dot(None, 0)), "dot, x: got None, expected a key"),
        (
            {"a": LINE},
            plotted(panels.dot("a", 0)),
            "got an array with one axis for 'a', expected",
        ),
        (
            {"a": 1},
            plotted(panels.curve("a", "a")),
            "curve, x: got a number for 'a', expected an",
        ),
        (
            {"a": LINE, "b": LINE[1:]},
            plotted(panels.curve("a", "b")),
            "curve: got the lengths 3 for 'a', 2 for 'b', expected the same for all",
        ),
        (
            lambda t: {"a": LINE, "b": LINE[: 3 - int(t > 1)]},
            plotted(panels.band("a", "a", "b")),
            "band: got the lengths 3 for 'a', 2 for 'b'",
        ),
        (
            {"a": [SQUARE], "b": LINE},
            plotted(panels.patches("a", "b")),
            "patches: got the lengths 1 for 'a', 3 for 'b'",
        ),
        (
            {"a": [SQUARE], "b": LINE[:1], "i": 1},
            plotted(panels.patches("a", "b", inside="i")),
            "inside: got 1, expected the index of one of 1 polygons, or −1",
        ),
        ({"a": [SQUARE[:2]]}, {}, r"a: got a polygon of shape \(2, 2\), expected \(k, 2\), k ≥ 3"),
        ({"a": [SQUARE * np.nan]}, {}, "a: got NaN"),
        (
            {"z": np.ones((2, 2))},
            plotted(panels.heat("z", x=(0, 1), y=(0, 1)), panels.heat("z", x=(0, 1), y=(0, 1))),
            "plot: got two marks with a colour scale, expected one",
        ),
        (
            {"z": np.ones((2, 2))},
            plotted(panels.heat("z", x=(0, 1), y=(0, 1), limits=(-1, 2))),
            r"limits: got \(-1, 2\), expected \(−a, a\), or \(a, b\)",
        ),
        (
            {"a": LINE},
            plotted(panels.curve("a", "a", role="red")),
            "curve: got role='red', expected 'ink', one of 'lower'",
        ),
        ({}, plotted(panels.dot("t", 0), drag=("z", None)), "drag: got 'z', expected the name of"),
        (
            {},
            plotted(panels.dot(1, 1), xscale="log", drag=("t", None)),
            "drag: got 't', whose values do not all stand on the x axis",
        ),
        ({}, {"show": [panels.ruler("z", unit="u")]}, "ruler: got 'z', expected one of numbers"),
        (
            {"a": -1.0},
            {"show": [panels.ruler("a", unit="u")], "numbers": {"a": NUMBER}},
            "ruler: got a negative 'a' on a log scale; use scale='linear'",
        ),
        (
            {"a": -np.inf},
            {"show": [panels.ruler("a", unit="u", scale="linear")], "numbers": {"a": NUMBER}},
            "ruler: got minus infinity, which has no place",
        ),
        (
            {"a": 9.0},
            {"show": [panels.ruler("a", unit="u", limits=(1, 5))], "numbers": {"a": NUMBER}},
            r"limits: got \(1, 5\) for values from 9 to 9; give wider ones",
        ),
    ],
)
def test_what_is_refused(seen, changes, message):
    with pytest.raises((ValueError, TypeError), match=re.sub(r"([{}])", r"\\\1", message)):
        tiny(seen, **changes)


def test_the_name_is_an_id():
    with pytest.raises(ValueError, match="name: got 'Two words', expected small letters"):
        sample("Two words")


def test_too_many_states():
    controls = {key: panels.slider(key, 0, 44, step=1) for key in ("a", "b")}
    with pytest.raises(ValueError, match=r"got 45 × 45 = 2,025 states, expected at most 2,000"):
        explorer(view, name="e", title="", controls=controls, numbers={}, show=[], say="")


def test_too_many_bytes():
    noise = np.random.default_rng(0)
    z = panels.heat("z", x=(0, 1), y=(0, 1))
    message = r"tiny: got \d+ kB, expected at most 300 kB; most of it is p0.level.z \(\d+ kB\), "
    with pytest.raises(ValueError, match=message):
        tiny(lambda t: {"z": noise.normal(size=(300, 300))}, **plotted(z))


@pytest.mark.parametrize(
    ("make", "message"),
    [
        (lambda: panels.slider("s", 0, 1), "expected low, high and step=, or values="),
        (lambda: panels.slider("s", 0, 1, step=0.3), "expected a step that reaches the end"),
        (lambda: panels.slider("s", 0, 1, step=-1), "step: got -1, expected a positive number"),
        (lambda: panels.slider("s", 1, 0, step=1), "expected a step that reaches the end"),
        (lambda: panels.slider("s", 0, values=[1, 2]), "expected one of the two ways"),
        (lambda: panels.slider("s", values=[2, 1]), "expected two or more increasing numbers"),
        (lambda: panels.slider("s", 0, 1, step=0.5, start=0.2), "got start=0.2, which is not on "),
        (lambda: panels.slider("s", 0, 1, step=0.5, whole=True), "expected whole numbers"),
        (lambda: panels.choice("c", ["a"]), "expected two or more different names"),
        (lambda: panels.choice("c", ["a", "b"], start="z"), "got start='z', which is not on the"),
        (lambda: panels.number("n", "best"), "kind: got 'best', expected one of 'lower'"),
        (lambda: panels.number("n", digits=0), "digits: got 0, expected at least 1"),
        (lambda: panels.rule(), "got x=None and y=None, expected one of the two"),
        (lambda: panels.rule(x=1, y=1), "expected one of the two"),
        (lambda: panels.plot(), "plot: got no marks"),
        (lambda: panels.plot(panels.dot(0, 0), xscale="ln"), "xscale: got 'ln'"),
        (lambda: panels.plot(panels.dot(0, 0), height=0), "height: got 0"),
        (lambda: panels.ruler(unit="u"), "ruler: got no keys"),
        (lambda: panels.ruler("a", unit="u", scale="ln"), "scale: got 'ln'"),
    ],
)
def test_words_that_are_refused(make, message):
    with pytest.raises((ValueError, TypeError), match=message):
        make()


def test_steps_are_round_numbers():
    assert panels.slider("s", 0, 1, step=0.1).values[3] == 0.3
    assert panels.slider("s", -1, 1, step=0.05).texts[21:24] == ("0.05", "0.1", "0.15")
    assert panels.slider("s", 1000, 3000, step=1000).texts == ("1,000", "2,000", "3,000")
    whole = panels.slider("s", 1, 9, step=4, whole=True)
    assert whole.values == (1, 5, 9)
    assert all(isinstance(value, int) for value in whole.values)


# -- the live face -------------------------------------------------------------------------------
def faces(made):
    bundle = made._repr_mimebundle_()
    assert bundle["text/html"] == made.html()
    assert bundle["text/plain"] == repr(made)
    return set(bundle)


def test_a_notebook_gets_widgets_and_a_page_none(made, monkeypatch):
    monkeypatch.delenv("LIPKIT_FACE", raising=False)
    assert faces(made) == {"text/plain", "text/html", KIND}
    monkeypatch.setenv("LIPKIT_FACE", "page")
    assert faces(made) == {"text/plain", "text/html"}


def test_without_ipywidgets_the_page_s_face_is_left(made, monkeypatch):
    monkeypatch.delenv("LIPKIT_FACE", raising=False)
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    assert faces(made) == {"text/plain", "text/html"}


@pytest.fixture
def live(made):
    import ipywidgets

    from lipkit.teach.explorers._live import widget

    box = widget(made, ipywidgets)
    _, row, drawn, told = box.children
    u, width, mode, noisy = row.children
    return {"u": u, "width": width, "mode": mode, "noisy": noisy, "drawn": drawn, "told": told}


def test_a_live_notebook_recomputes_any_value(made, live):
    live["u"].value = 0.225  # finer than the page
    live["width"].value = np.inf
    live["mode"].value = 1
    live["noisy"].value = True
    state = {"u": 0.225, "width": np.inf, "mode": 1, "noisy": True}
    pictures = re.sub(r"<svg style=\"[^\"]*\" ", "<svg ", live["drawn"].value)
    assert made.svg(**state) in pictures
    assert "At 0.225 it is steep: {2.2} of 32, with noise." in live["told"].value
    assert live["u"].description == "first input (rad)"
    for text in made.texts(**state)["slope"], "steepest slope", "product bound":
        assert text in live["told"].value


def test_an_error_in_the_view_is_shown_and_goes_away():
    import ipywidgets

    from lipkit.teach.explorers._live import widget

    fragile = tiny(lambda t: {"a": 1 / (0.5 - t)})
    *_, row, drawn, told = widget(fragile, ipywidgets).children
    before = drawn.value
    row.children[0].value = 0.5
    assert 'role="alert"' in told.value
    assert "view: failed at t=0.5: ZeroDivisionError" in told.value
    assert drawn.value == before
    row.children[0].value = 0.6
    assert "alert" not in told.value


def test_a_whole_slider_stays_whole_in_a_notebook():
    import ipywidgets

    from lipkit.teach.explorers._live import widget

    made = tiny({}, controls={"t": panels.slider("n", 0, 9, step=3, whole=True)})
    (slider,) = widget(made, ipywidgets).children[1].children
    assert isinstance(slider, ipywidgets.IntSlider)
    slider.value = 4
    assert made.texts(t=slider.value)["t"] == "4"


def test_the_sample_covers_every_mark():
    import inspect

    import tests.teach.explorers_sample as module

    source = inspect.getsource(module)
    assert all(f"panels.{word}(" in source for word in panels.__all__)
    assert len(TICKS) == 7
