"""Bets: what a cell gives the page, with and without scripts, and what is refused."""

import json
import re
from html.parser import HTMLParser
from itertools import count

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from lipkit.teach import bets
from lipkit.teach.bets._block import plain

NUMBERS = count()
NASTY = """<b>"Tom" & 'Ann'</b>"""


def fresh():
    return f"test.bet-{next(NUMBERS)}"


def choice(question="Which?", options=("A", "B"), name=None):
    return bets.Choice(name or fresh(), question, options)


def number(question="How steep?", low=0.1, high=1000, name=None, **options):
    return bets.Number(name or fresh(), question, low=low, high=high, **options)


def curve(question="Draw it.", name=None, **options):
    axes = {"x": [1, 10, 100], "ylim": (0, 2), "xlabel": "width", "ylabel": "risk"}
    return bets.Curve(name or fresh(), question, **{**axes, **options})


BETS = pytest.mark.parametrize(
    ("make", "truth", "answer"),
    [
        (choice, "A", "A is the one"),
        (number, 27.9, "Here it is 27.9"),
        (curve, [1, 1.5, 1], "The truth is the solid line"),
    ],
    ids=["choice", "number", "curve"],
)


class Reader(HTMLParser):
    """The tags with their attributes, and the words that a reader without scripts sees."""

    def __init__(self, block):
        super().__init__()
        self.tags, self.words, self._open = [], "", []
        self.feed(block._repr_mimebundle_()["text/html"])
        assert not self._open

    def handle_starttag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))
        if tag != "input":
            self._open.append((tag, "hidden" in dict(attributes)))

    def handle_startendtag(self, tag, attributes):
        self.tags.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self._open.pop()[0] == tag

    def handle_data(self, data):
        self.words += "" if any(hidden for _, hidden in self._open) else data

    def all(self, tag):
        return [found for name, found in self.tags if name == tag]

    def data(self, key):
        return json.loads(self.all("div")[0][f"data-{key}"])


# -- the page ------------------------------------------------------------------------------------
@BETS
def test_without_scripts_the_question_is_a_text_and_the_answer_is_plain(make, truth, answer):
    bet = make()
    asked, told = Reader(bet), Reader(bet.reveal(truth, "Nobody walks\n there."))
    assert bet.question in asked.words
    assert "Write it down before you read on." in asked.words
    assert "Commit" not in asked.words
    assert f"{answer}. Nobody walks there." in told.words
    assert "not bet yet" not in told.words
    assert "Show the answer" not in told.words
    assert "open" in told.all("details")[0]


def test_on_paper_a_reader_knows_what_to_write():
    assert "A\nB" in re.sub(r"\s*\n\s*|(?<=A)(?=B)", "\n", Reader(choice()).words)
    assert "A number between 0.1 and 1,000 grey values." in Reader(number(unit="grey values")).words
    assert "Axes: risk from 0 to 2, width 1, 10, 100." in Reader(curve()).words


@BETS
def test_a_reveal_may_do_without_a_sentence(make, truth, answer):
    assert "</span>.</p>" in make().reveal(truth).html


@BETS
def test_block_and_reveal_find_each_other(make, truth, answer):
    bet = make()
    asked, told = Reader(bet), Reader(bet.reveal(truth))
    assert asked.data("bet")["name"] == told.data("reveal")["name"] == bet.name
    assert asked.all("div")[0]["id"] == f"bet-{bet.name}"
    assert told.all("a") == [{"href": f"#bet-{bet.name}"}]


@BETS
def test_every_id_of_a_page_is_its_own(make, truth, answer):
    blocks = [block for bet in (make("One?"), make("Two?")) for block in (bet, bet.reveal(truth))]
    ids = [found["id"] for block in blocks for _, found in Reader(block).tags if "id" in found]
    assert len(ids) == len(set(ids))


@BETS
def test_the_reader_answers_with_native_inputs_that_have_names(make, truth, answer):
    bet = make()
    asked = Reader(bet)
    assert f"<fieldset><legend>{bet.question}</legend>" in bet.html
    assert len(asked.all("input")) == len(asked.all("label")) >= 1
    assert len(re.findall(r"<label>[^<]*<input", bet.html)) == len(asked.all("input"))
    assert {found["type"] for found in asked.all("button")} == {"submit"}
    assert [found["role"] for found in asked.all("p") if "role" in found] == ["status"]


@BETS
def test_an_authors_words_are_never_markup(make, truth, answer):
    bet = make(question=NASTY)
    for block in (bet, bet.reveal(truth, NASTY)):
        assert NASTY in Reader(block).words
        assert not Reader(block).all("b")


def test_options_and_units_are_never_markup():
    asked = Reader(choice(options=(NASTY, "B")))
    assert asked.all("input")[0]["value"] == NASTY
    assert asked.data("bet")["options"] == [NASTY, "B"]
    assert not asked.all("b") + Reader(number(unit=NASTY)).all("b")
    assert not Reader(curve(xlabel=NASTY, ylabel=NASTY)).all("b")


def test_a_number_has_limits_in_the_field():
    field = Reader(number(low=1 / 7, high=1 / 3)).all("input")[0]
    assert (float(field["min"]), float(field["max"])) == pytest.approx((1 / 7, 1 / 3), rel=1e-12)
    assert field["step"] == "any"


def test_radio_buttons_of_a_bet_are_one_group():
    one, two = choice(), choice()
    assert {found["name"] for found in Reader(one).all("input")} == {one.name}
    assert {found["name"] for found in Reader(two).all("input")} == {two.name}


def test_a_curve_has_a_slider_and_a_place_for_each_x():
    bet = curve(x=[1, 10, 1000], xscale="log")
    asked = Reader(bet)
    left, middle, right = asked.data("bet")["x"]
    assert len(asked.all("input")) == 3
    assert (middle - left) / (right - left) == pytest.approx(1 / 3, abs=1e-3)


@pytest.mark.parametrize("scale", ["linear", "log"])
def test_the_script_draws_where_matplotlib_does(scale):
    bet = curve(x=[1, 3, 10], xscale=scale, yscale=scale, ylim=(0.5, 5))
    truth = [0.5, 1.2, 5]
    told = bet.reveal(truth)
    data = Reader(told).data("reveal")
    path = next(p for p in Reader(told).all("path") if "#0069b0" in p.get("style", ""))
    drawn = np.array(re.findall(r"[-\d.]+", path["d"]), dtype=float).reshape(-1, 2)
    heights = np.log(truth) if scale == "log" else np.array(truth)
    part = (heights - heights[0]) / (heights[-1] - heights[0])
    np.testing.assert_allclose(drawn[:, 0], data["x"], atol=0.02)
    np.testing.assert_allclose(drawn[:, 1], data["top"] + (1 - part) * data["height"], atol=0.02)


def test_the_truth_may_come_on_a_finer_grid_with_a_band():
    x = np.arange(1, 101)
    told = curve().reveal(np.sqrt(x) / 5, x=x, band=(np.zeros(100), np.full(100, 2.0)))
    data = Reader(told).data("reveal")
    np.testing.assert_allclose(data["truth"], np.sqrt([1, 10, 100]) / 5)
    assert "fill-opacity: 0.2" in told.html
    assert "fill-opacity: 0.2" not in curve().reveal([1, 1, 1]).html
    assert "0.2 at 1, 0.6325 at 10, 2 at 100" in Reader(told).all("svg")[0]["aria-label"]


@given(st.floats(-1e12, 1e12))
def test_a_shown_number_has_four_digits_or_all_before_the_point(value):
    shown = float(plain(value).replace(",", ""))
    assert abs(shown - value) <= max(5e-4 * abs(value), 0) or abs(value) >= 1000
    assert abs(shown - value) <= max(0.5, 5e-4 * abs(value))


def test_shown_numbers():
    shown = {27.9: "27.9", 0.12345: "0.1235", 0: "0", 999.96: "1000", 123456.7: "123,457"}
    assert {value: plain(value) for value in shown} == shown


# -- what is refused -----------------------------------------------------------------------------
@pytest.mark.parametrize("name", ["", "a b", "Upper", "a..b", ".a", 'x"y', "a.", None])
def test_a_name_that_is_no_id_is_refused(name):
    with pytest.raises(ValueError, match=r"name: got .*, expected lower-case"):
        bets.Choice(name, "Which?", ["A", "B"])


def test_a_name_belongs_to_one_question_but_a_cell_may_run_again():
    first = choice()
    again = choice(name=first.name)
    assert again.html == first.html
    with pytest.raises(ValueError, match=r"for a second question.*choose another"):
        number(name=first.name)
    assert choice("Which ?", name=fresh()).name != first.name


@pytest.mark.parametrize("text", ["", " \n"])
def test_a_blank_text_is_refused(text):
    with pytest.raises(ValueError, match="question: got a blank"):
        choice(text)
    with pytest.raises(ValueError, match="options: got a blank"):
        choice(options=("A", text))


@pytest.mark.parametrize("options", [[], ["A"], ["A", "A"], ["A", "B", " A "]])
def test_a_choice_needs_two_options_and_no_two_alike(options):
    with pytest.raises(ValueError, match=r"options: got .*, expected two or more, all different"):
        choice(options=options)


def test_the_right_choice_is_one_of_the_options():
    with pytest.raises(ValueError, match="truth: got 'C', expected one of 'A', 'B'"):
        choice().reveal("C")


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"low": 2, "high": 1}, "low and high: got .*the smaller one first"),
        ({"low": 1, "high": 1}, "low and high"),
        ({"low": 0, "high": 1, "scale": "log"}, "expected positive numbers"),
        ({"low": float("nan"), "high": 1}, "low and high: got NaN or infinite"),
        ({"low": 0, "high": float("inf")}, "low and high: got NaN or infinite"),
        ({"scale": "log10"}, "scale: got 'log10'"),
    ],
)
def test_limits_that_are_none_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        number(**options)


@pytest.mark.parametrize("truth", [0.05, 1000.1, float("nan"), float("inf")])
def test_a_number_that_nobody_could_bet_is_refused(truth):
    with pytest.raises(ValueError, match="truth: got"):
        number().reveal(truth)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"x": [1]}, "x: got .*2 to 12 increasing"),
        ({"x": range(13)}, "x: got .*2 to 12 increasing"),
        ({"x": [1, 3, 2]}, "x: got .*increasing"),
        ({"x": [1, 1]}, "x: got .*increasing"),
        ({"x": [1, np.nan]}, "x: got NaN"),
        ({"x": [0, 1], "xscale": "log"}, "x: got .*expected positive"),
        ({"ylim": (2, 0)}, "ylim: got"),
        ({"ylim": (0, 2), "yscale": "log"}, "ylim: got .*expected positive"),
        ({"ylim": (0, 1, 2)}, "ylim: got"),
    ],
)
def test_axes_that_are_none_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        curve(**options)


@pytest.mark.parametrize(
    ("truth", "options", "message"),
    [
        ([1, 1], {}, "truth: got 2 numbers for 3"),
        ([1, 1, 2.1], {}, "truth: got 2.1, expected numbers in"),
        ([1, np.nan, 1], {}, "truth: got NaN"),
        ([1, 1, 1], {"x": [1, 10, 99]}, "x: got a grid without all of"),
        ([1, 1, 1, 1], {"x": [1, 10, 10, 100]}, "expected each once"),
        ([1, 1, 1], {"band": ([1, 1], [2, 2])}, "band: got 2 numbers for 3"),
    ],
)
def test_a_curve_that_does_not_fit_is_refused(truth, options, message):
    with pytest.raises(ValueError, match=message):
        curve().reveal(truth, **options)
