"""A reader bets with keyboard, mouse or finger; bets are kept apart; nothing is needed for it."""

import json
from collections.abc import Iterator
from functools import cache
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from lipkit.teach import bets
from tests.book.test_axe import STILL, VIEWS
from tests.book.test_browser import PHONE, listen
from tests.conftest import ROOT, Site

pytestmark = pytest.mark.timeout(1200)  # every page of the book, on a busy machine

STATIC = (ROOT / "book/static").as_uri()
HTML = f"""<!doctype html>
<html lang="en" data-theme="THEME">
<head>
<meta charset="utf-8"><meta name="viewport" content="width=device-width"><title>Bets</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="{STATIC}/css/lk.css">
<link rel="stylesheet" href="{STATIC}/css/bets.css">
<style>html[data-theme="dark"] body {{ background: #14181e; color: #eee }}
a {{ color: var(--pst-color-primary) }}
body {{ --pst-color-text-muted: #667; margin: 0; font: 16px sans-serif }}</style>
<script src="{STATIC}/js/bets.js"></script>
</head>
<body><main class="bd-content"><h1>Bets</h1>BODY</main></body>
</html>"""
X, TRUTH = [1, 10, 100, 1000], [1, 1.7, 0.6, 0.2]
THROWS = "Object.defineProperty(window, 'localStorage', {get() {throw new Error('denied')}})"
ABSENT = "Object.defineProperty(window, 'localStorage', {value: undefined})"


@cache
def choice(name="page.choice"):
    bet = bets.Choice(name, "Which number <would> you sign?", ["A & B", "F", "none of them"])
    return bet, bet.reveal("none of them", "All are lower answers.")


@cache
def number(name="page.number", low=0.1, high=1000, truth=27.9, scale="log", unit="steps"):
    bet = bets.Number(name, "How steep is it?", low=low, high=high, scale=scale, unit=unit)
    return bet, bet.reveal(truth, "Nobody walks there.")


@cache
def curve(name="page.curve", **options):
    axes = {"ylim": (0, 2), "xlabel": "width", "ylabel": "risk", "xscale": "log", **options}
    bet = bets.Curve(name, "Draw the risk.", x=X, **axes)
    return bet, bet.reveal(TRUTH, "It peaks.", band=(TRUTH, TRUTH))


def write(folder: Path, *pairs, name="page.html", theme="light") -> str:
    """A page with all bets first and their reveals after them."""
    blocks = [block.html for blocks in zip(*pairs, strict=True) for block in blocks]
    path = folder / name
    path.write_text(HTML.replace("THEME", theme).replace("BODY", "\n".join(blocks)))
    return path.as_uri()


@pytest.fixture
def address(tmp_path: Path) -> str:
    return write(tmp_path, choice(), number(), curve())


@pytest.fixture(scope="module")
def context(browser: Browser) -> Iterator[BrowserContext]:
    """One reader for many pages, each at its own address, so with its own bets."""
    context = browser.new_context(offline=True)
    yield context
    context.close()


@pytest.fixture
def page(context: BrowserContext, address: str) -> Iterator[Page]:
    page = context.new_page()
    heard = listen(page, "file://")
    page.goto(address)
    yield page
    page.close()
    assert not heard


def block(page: Page, name: str):
    return page.locator(f'[id="bet-{name}"]')


def reveal(page: Page, name: str):
    return page.locator(f"[data-reveal*='\"{name}\"']")


def commit(page: Page, name: str) -> None:
    block(page, name).get_by_role("button").click()


def bet_on(page: Page, name: str, value: str) -> None:
    block(page, name).get_by_role("spinbutton").fill(value)
    commit(page, name)


# -- betting -------------------------------------------------------------------------------------
def test_a_choice_by_keyboard(page: Page) -> None:
    first = page.get_by_label("A & B")
    first.focus()
    page.keyboard.press("ArrowDown")
    expect(page.get_by_label("F", exact=True)).to_be_checked()
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    status = block(page, "page.choice").get_by_role("status")
    expect(status).to_have_text("You chose F. It is kept in this browser.")
    expect(first).to_be_disabled()
    expect(reveal(page, "page.choice").locator("p:visible")).to_have_text(
        "You chose F. none of them is the one. All are lower answers."
    )


def test_the_right_choice_by_mouse(page: Page) -> None:
    page.get_by_label("none of them").click()
    commit(page, "page.choice")
    expect(reveal(page, "page.choice").locator("p:visible")).to_have_text(
        "You chose none of them, and none of them is the one. All are lower answers."
    )


def test_a_number_by_keyboard(page: Page) -> None:
    page.get_by_label("A number between 0.1 and 1,000").focus()
    page.keyboard.type("12")
    page.keyboard.press("Enter")
    expect(block(page, "page.number").get_by_role("button")).to_be_focused()
    status = block(page, "page.number").get_by_role("status")
    expect(status).to_have_text("You bet 12 steps. It is kept in this browser.")
    expect(reveal(page, "page.number").locator("p:visible")).to_have_text(
        "You bet 12 steps. Here it is 27.9 steps, 2.3 times your bet. Nobody walks there."
    )


def test_a_curve_by_keyboard(page: Page) -> None:
    sliders = block(page, "page.curve").get_by_role("slider")
    sliders.first.focus()
    for keys in (["Home"], ["End"], ["ArrowUp"] * 5, ["PageDown"]):
        for key in keys:
            page.keyboard.press(key)
        page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    values = [slider.get_attribute("aria-valuetext") for slider in sliders.all()]
    assert values == ["0", "2", "1.1", "0.8"]
    assert page.get_by_role("slider", name="width 1,000", exact=True).count() == 1
    answer = reveal(page, "page.curve")
    expect(answer.locator("p:visible")).to_have_text(
        "You drew the dashed line. The truth is the solid line, "
        "furthest from yours at width 1: you said 0, it is 1. It peaks."
    )
    drawn = answer.locator(".lk-bet-line").get_attribute("points")
    assert drawn == block(page, "page.curve").locator(".lk-bet-line").get_attribute("points")


def test_the_drawn_curve_lies_where_its_values_are(page: Page) -> None:
    """The truth, entered by slider, covers the truth that matplotlib drew."""
    sliders = block(page, "page.curve").get_by_role("slider")
    for slider, value in zip(sliders.all(), TRUTH, strict=True):
        slider.fill(str(round(50 * value)))
    commit(page, "page.curve")
    answer = reveal(page, "page.curve")
    assert "at width 1: you said 1, it is 1" in answer.text_content()
    box = "line => Object.values(line.getBoundingClientRect().toJSON())"
    mine = answer.locator(".lk-bet-line").evaluate(box)
    truth = answer.locator("path[style*='lk-c1'][style*='fill: none']").evaluate(box)
    assert mine == pytest.approx(truth, abs=2)  # the strokes differ in width


def test_a_curve_by_mouse(page: Page) -> None:
    board = block(page, "page.curve").locator("svg")
    board.scroll_into_view_if_needed()
    line = board.locator(".lk-bet-line").bounding_box()
    page.mouse.move(line["x"], line["y"] + 20)
    page.mouse.move(line["x"] + 5, line["y"] + 25)
    sliders = block(page, "page.curve").get_by_role("slider")
    assert [slider.input_value() for slider in sliders.all()] == ["50"] * 4
    page.mouse.down()
    page.mouse.move(line["x"] + line["width"], line["y"] - 40, steps=30)
    page.mouse.up()
    first, *_, last = [int(slider.input_value()) for slider in sliders.all()]
    assert first < 50 < last
    commit(page, "page.curve")
    line = board.locator(".lk-bet-line").bounding_box()
    page.mouse.click(line["x"] + 1, line["y"] + line["height"] / 2)
    assert int(sliders.first.input_value()) == first


def test_nothing_that_is_no_answer_is_committed(page: Page) -> None:
    commit(page, "page.choice")
    for value in ("", "0.01", "1001"):
        bet_on(page, "page.number", value)
    for name in ("page.choice", "page.number"):
        expect(block(page, name).get_by_role("button")).to_have_text("Commit")
        expect(block(page, name).locator("[role=status]")).to_have_text("")


NEAR = [
    ("log", "100", 25, "25; your bet is 4 times that."),
    ("log", "10", 11, "11, within 10 % of your bet."),
    ("log", "12", 12, "12, as you said."),
    ("log", "0.5", 560, "560, 1,100 times your bet."),
    ("linear", "0", 2.25, "2.25, 2.3 more than your bet."),
    ("linear", "3", -1, "-1, 4 less than your bet."),
    ("linear", "0", 0, "0, as you said."),
]


def test_how_near_a_number_came(page: Page, tmp_path: Path) -> None:
    pairs = {
        f"near.{i}": number(f"near.{i}", 0.1 if scale == "log" else -5, 1000, truth, scale, "")
        for i, (scale, _, truth, _) in enumerate(NEAR)
    }
    page.goto(write(tmp_path, *pairs.values(), name="near.html"))
    for name, (_, bet, _, gap) in zip(pairs, NEAR, strict=True):
        bet_on(page, name, bet)
        assert f"Here it is {gap} Nobody" in reveal(page, name).inner_text()


def test_a_logarithmic_curve(page: Page, tmp_path: Path) -> None:
    page.goto(write(tmp_path, curve("page.log", ylim=(0.1, 10), yscale="log"), name="log.html"))
    sliders = block(page, "page.log").get_by_role("slider")
    for slider, percent in zip(sliders.all(), (0, 50, 75, 100), strict=True):
        slider.fill(str(percent))
    shown = block(page, "page.log").locator("label span").all_text_contents()
    assert shown == ["0.1", "1", "3.162", "10"]


# -- before a bet, and after it ------------------------------------------------------------------
@pytest.mark.parametrize("name", ["page.choice", "page.number", "page.curve"])
def test_before_a_bet_the_answer_is_folded(page: Page, name: str) -> None:
    answer = reveal(page, name)
    expect(answer.get_by_text("You have not bet yet.")).to_be_visible()
    expect(answer.locator("details > p")).to_be_hidden()
    answer.get_by_text("Show the answer").focus()
    page.keyboard.press("Enter")
    expect(answer.locator("details > p")).to_be_visible()
    answer.get_by_role("link").click()
    assert page.url.endswith(f"#bet-{name}")
    expect(block(page, name)).to_be_in_viewport()


def answer_all(page: Page) -> None:
    page.get_by_label("F", exact=True).check()
    commit(page, "page.choice")
    bet_on(page, "page.number", "12.5")
    block(page, "page.curve").get_by_role("slider").nth(1).fill("100")
    commit(page, "page.curve")


def test_a_bet_outlives_a_reload_until_it_is_taken_back(page: Page) -> None:
    answer_all(page)
    page.reload()
    expect(page.get_by_label("F", exact=True)).to_be_checked()
    assert page.get_by_role("spinbutton").input_value() == "12.5"
    assert block(page, "page.curve").locator("label span").all_text_contents() == [
        "1",
        "2",
        "1",
        "1",
    ]
    expect(page.get_by_text("Bet again")).to_have_count(3)
    for name in ("page.choice", "page.number", "page.curve"):
        expect(reveal(page, name).get_by_text("You have not bet yet.")).to_be_hidden()
        commit(page, name)
        status = block(page, name).get_by_role("status")
        expect(status).to_have_text("Your bet is taken back.")
        expect(block(page, name).locator("input").first).to_be_enabled()
        expect(reveal(page, name).locator("details > p")).to_be_hidden()
        expect(reveal(page, name).locator(".lk-bet-line")).to_have_count(0)
    page.reload()
    expect(page.get_by_text("Bet again")).to_have_count(0)


@pytest.mark.parametrize("script", [THROWS, ABSENT], ids=["denied", "absent"])
def test_without_storage_a_bet_lasts_for_the_visit(script, browser: Browser, address: str) -> None:
    page = browser.new_page(offline=True)
    heard = listen(page, "file://")
    page.add_init_script(script)
    page.goto(address)
    answer_all(page)
    assert page.get_by_text("It is kept until you leave this page.").count() == 3
    assert "2.2 times your bet" in reveal(page, "page.number").inner_text()
    commit(page, "page.number")
    bet_on(page, "page.number", "28")
    assert "within 1 % of your bet" in reveal(page, "page.number").inner_text()
    page.reload()
    expect(page.get_by_text("Bet again")).to_have_count(0)
    assert not heard


def test_pages_do_not_share_their_bets(page: Page, tmp_path: Path) -> None:
    other = write(tmp_path, number(), number("page.second"), name="other.html")
    bet_on(page, "page.number", "12")
    page.goto(other)
    expect(page.get_by_text("Bet again")).to_have_count(0)
    bet_on(page, "page.number", "50")
    expect(page.get_by_text("Bet again")).to_have_count(1)
    page.go_back()
    assert "You bet 12 steps" in reveal(page, "page.number").inner_text()


@pytest.mark.parametrize(
    ("name", "stored"),
    [
        ("choice", '"G"'),
        ("choice", "1"),
        ("number", "1001"),
        ("number", '"12"'),
        ("number", "{"),
        ("number", "1e999"),
        ("curve", "[1, 1, 1]"),
        ("curve", "[1, 1, 1, 3]"),
        ("curve", "[1, 1, 1, null]"),
        ("curve", '{"length": 4}'),
    ],
)
def test_what_cannot_be_a_bet_is_none(name: str, stored: str, page: Page) -> None:
    key = f"`lk-bet ${{location.pathname}} page.{name}`"
    page.evaluate(f"localStorage.setItem({key}, {json.dumps(stored)})")
    page.reload()
    expect(page.get_by_text("Bet again")).to_have_count(0)
    expect(page.get_by_text("You have not bet yet.")).to_have_count(3)


# -- every reader --------------------------------------------------------------------------------
def test_without_scripts_the_page_asks_and_answers(browser: Browser, address: str) -> None:
    page = browser.new_page(offline=True, java_script_enabled=False)
    page.goto(address)
    expect(page.locator("form:visible, summary:visible")).to_have_count(0)
    expect(page.get_by_text("Write it down before you read on.")).to_have_count(3)
    for text in ("none of them is the one.", "Here it is 27.9", "The truth is the solid line. It"):
        expect(page.get_by_text(text)).to_be_visible()


@pytest.mark.parametrize("committed", [False, True], ids=["asked", "committed"])
def test_paper_shows_question_bet_and_answer(page: Page, committed: bool) -> None:
    if committed:
        answer_all(page)
    page.emulate_media(media="print")
    for text in ("Axes: risk from 0 to 2", "Here it is 27.9", "The truth is the solid line"):
        assert page.get_by_text(text).evaluate("found => found.checkVisibility()")
    expect(page.locator("form:visible, summary:visible")).to_have_count(0)
    expect(page.get_by_text("Write it down").locator("visible=true")).to_have_count(
        0 if committed else 3
    )


@pytest.mark.parametrize("view", VIEWS)
def test_no_violation_before_and_after(view: str, browser: Browser, tmp_path: Path) -> None:
    theme = "dark" if view == "dark" else "light"
    page = browser.new_page(offline=True, **VIEWS[view])
    page.goto(write(tmp_path, choice(), number(), curve(), theme=theme))
    page.add_style_tag(content=STILL)
    for step in (lambda _: None, answer_all):
        step(page)
        result = Axe().run(page)
        assert not result.violations_count, result.generate_report()


def test_nothing_is_wider_than_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(offline=True, viewport=PHONE)
    page.goto(address)
    answer_all(page)
    assert page.evaluate("document.documentElement.scrollWidth") == PHONE["width"]


# -- the book ------------------------------------------------------------------------------------
def enter(form) -> None:
    """Some answer, whatever the kind: in a field, its lower limit."""
    field = form.locator("input").first
    kind = field.get_attribute("type")
    field.check() if kind == "radio" else field.fill(field.get_attribute("min"))
    form.get_by_role("button").click()


def test_every_bet_of_the_book_can_be_made_and_is_answered(browser: Browser, site: Site) -> None:
    page = browser.new_page(offline=True)
    heard = listen(page, site.html.as_uri())
    for path in site.views():
        if 'data-bet="' not in path.read_text(encoding="utf-8"):
            continue
        page.goto(path.as_uri())
        for asked in page.locator("[data-bet]").all():
            name = json.loads(asked.get_attribute("data-bet"))["name"]
            answers = page.locator("[data-reveal]").all()
            mine = [
                a for a in answers if json.loads(a.get_attribute("data-reveal"))["name"] == name
            ]
            assert mine, f"{path.name}: {name} is never revealed"
            enter(asked.locator("form"))
            expect(asked.get_by_role("status")).to_contain_text("You ")
            for answer in mine:
                expect(answer.locator(".lk-reveal-word").first).to_contain_text("You ")
                expect(answer.locator("details > p")).to_be_visible()
    assert not heard
