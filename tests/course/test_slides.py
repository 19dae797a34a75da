"""The slides as a room, a reader and a printer meet them: offline, from the disk."""

import re
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page

from tests.course.conftest import show

SIZES = {"laptop": (1280, 720), "projector": (1920, 1080), "old projector": (1024, 768)}
VIEWS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}
PAGES = ("slides.html", "handout.html", "teacher.html")

# What lies outside its slide or below the line with the slide's number.
OUTSIDE = """() => [...document.querySelectorAll("main > section")].flatMap((section) => {
  const page = section.querySelector(".slide"), slide = page.getBoundingClientRect();
  const floor = section.querySelector(".number").getBoundingClientRect().top;
  const parts = ":scope > :not(.number), figure text, mjx-math, td, li";
  return [...page.querySelectorAll(parts)].filter((part) => {
    const box = part.getBoundingClientRect();
    return box.width && (box.left < slide.left || box.right > slide.right
      || box.top < slide.top || box.bottom > floor + 1);
  }).map((part) => `${section.id}: ${part.tagName} ${part.textContent.slice(0, 40)}`);
})"""

# The size of every text, in pixels as they are seen.
SMALLEST = """() => Math.min(
  ...[...document.querySelectorAll(".slide > :not(figure, .number), .slide td, .slide li")]
    .map((part) => parseFloat(getComputedStyle(part).fontSize)),
  ...[...document.querySelectorAll(".slide figure text")]
    .map((text) => [parseFloat(getComputedStyle(text).fontSize), text.getScreenCTM()])
    .map(([size, seen]) => size * Math.hypot(seen.a, seen.b)))"""

# The number of the slide that fills the screen.
HERE = """() => 1 + [...document.querySelectorAll("main > section")].findIndex(
  (section) => Math.abs(section.getBoundingClientRect().top) < 2)"""


@pytest.fixture
def context(browser: Browser):
    with browser.new_context(offline=True, viewport={"width": 1280, "height": 720}) as opened:
        yield opened


@pytest.fixture
def slides(context: BrowserContext, lesson: Path) -> Page:
    """The slides on a laptop, with everything they must never say."""
    page = context.new_page()
    page.heard = []
    page.on("request", lambda r: None if r.url.startswith("file:") else page.heard.append(r.url))
    page.on("requestfailed", lambda request: page.heard.append(request.url))
    page.on("pageerror", lambda error: page.heard.append(str(error)))
    page.on("console", lambda m: page.heard.append(m.text) if m.type == "error" else None)
    return show(page, lesson / "slides.html")


def press(page: Page, *keys: str) -> int:
    """The number of the slide on the screen after these keys."""
    for key in keys:
        page.keyboard.press(key)
    return page.evaluate(HERE)


def test_there_are_twelve_each_with_a_heading_and_notes(slides: Page):
    assert slides.locator("main > section").count() == 12
    assert slides.locator("section h1").count() == 1
    for section in slides.locator("main > section").all():
        assert section.locator("h1, h2").count() == 1
        assert re.match(r"Minutes \d+ to \d+\.", section.locator(".notes p").first.text_content())


def test_the_minutes_of_the_notes_follow_each_other_to_75(slides: Page):
    notes = " ".join(
        slides.locator(".notes p:first-of-type strong:first-child").all_text_contents()
    )
    times = [(int(a), int(b)) for a, b in re.findall(r"Minutes (\d+) to (\d+)", notes)]
    assert [times[0][0], times[-1][1]] == [0, 75]
    assert [end for _, end in times[:-1]] == [begin for begin, _ in times[1:]]


def test_nothing_comes_from_outside_and_nothing_fails(slides: Page):
    press(slides, *["ArrowRight"] * 12, "n", "d", "Escape")
    assert not slides.heard
    names = slides.locator("[src], [href]").evaluate_all(
        "found => found.map((one) => one.getAttribute('src') ?? one.getAttribute('href'))"
    )
    outer = [name for name in names if not name.startswith(("#", "data:"))]
    assert outer == ["../mathjax/tex-chtml.js"]


def test_the_formulas_are_drawn(slides: Page):
    assert slides.locator(".math").count() > 20
    assert slides.locator(".math:not(:has(mjx-container))").count() == 0
    assert slides.locator("mjx-merror").count() == 0
    assert not re.search(r"\$|\\\(|\{\{|<<", slides.locator("main").inner_text())


def test_the_keyboard_moves(slides: Page):
    assert press(slides) == 1
    assert press(slides, "ArrowRight") == 2
    assert press(slides, " ", "PageDown") == 4
    assert press(slides, "ArrowLeft", "PageUp") == 2
    assert press(slides, "End", "ArrowRight") == 12
    assert press(slides, "Home", "ArrowLeft") == 1
    assert press(slides, "End", "ArrowUp") == 11
    assert slides.url.endswith("#slide-11")
    assert slides.evaluate("document.activeElement.id") == "slide-11"


def test_a_place_can_be_kept_and_a_window_resized(slides: Page):
    press(slides, *["ArrowRight"] * 4)
    slides.set_viewport_size({"width": 1000, "height": 600})
    slides.wait_for_function(f"({HERE})() === 5")
    slides.reload()
    slides.wait_for_function(f"({HERE})() === 5")


def test_all_slides_at_once(slides: Page):
    press(slides, "ArrowRight", "Escape")
    boxes = slides.locator("main > section").evaluate_all(
        "found => found.map((one) => one.getBoundingClientRect().bottom)"
    )
    assert max(boxes) < 720
    assert press(slides, "ArrowRight", "Enter") == 3
    assert press(slides, "Escape", "Home", "ArrowRight", "Escape") == 3
    press(slides, "Escape")
    slides.locator("#slide-9").click()
    assert slides.evaluate(HERE) == 9


def test_the_notes_and_the_other_colours_come_and_go(slides: Page):
    notes = slides.locator("#slide-1 .notes p").first
    paper = "getComputedStyle(document.documentElement).backgroundColor"
    assert not notes.is_visible()
    press(slides, "n")
    assert notes.is_visible()
    hidden = ".notes:not([open]), .notes:has(p:last-child)"
    cut = slides.locator(hidden).evaluate_all(
        "f => f.filter(n => n.scrollHeight > n.clientHeight + 1)"
    )
    assert not cut
    press(slides, "n")
    assert not notes.is_visible()
    light = slides.evaluate(paper)
    press(slides, "D")
    assert slides.evaluate(paper) != light
    press(slides, "d")
    assert slides.evaluate(paper) == light


def test_two_windows_move_together(slides: Page, context: BrowserContext, lesson: Path):
    other = show(context.new_page(), lesson / "slides.html")
    press(slides, "ArrowRight", "ArrowRight")
    other.wait_for_function(f"({HERE})() === 3")
    press(other, "n", "ArrowLeft")
    slides.wait_for_function(f"({HERE})() === 2")


def test_a_number_jumps(slides: Page):
    assert press(slides, "7") == 7
    slides.wait_for_timeout(1600)
    assert press(slides, "1", "2") == 12
    assert press(slides, "3") == 3
    slides.wait_for_timeout(1600)
    assert press(slides, "0") == 3
    assert press(slides, "9", "9") == 9


def test_the_room_stays_where_it_is_while_the_speaker_chooses(
    slides: Page, context: BrowserContext, lesson: Path
):
    room = show(context.new_page(), lesson / "slides.html")
    press(slides, "ArrowRight")
    room.wait_for_function(f"({HERE})() === 2")
    press(slides, "Escape", "ArrowRight", "End", "5", "ArrowRight")
    room.wait_for_timeout(200)
    assert room.evaluate(HERE) == 2
    press(slides, "Enter")
    room.wait_for_function(f"({HERE})() === 6")
    assert slides.evaluate(HERE) == 6
    press(slides, "Escape", "Home", "Escape")
    room.wait_for_timeout(200)
    assert room.evaluate(HERE) == slides.evaluate(HERE) == 6
    press(slides, "Escape")
    slides.locator("#slide-9").click()
    room.wait_for_function(f"({HERE})() === 9")


def test_the_handout_has_every_slide_and_no_notes(slides: Page, lesson: Path):
    bodies = slides.locator(".slide").all_inner_texts()
    handout = show(slides, lesson / "handout.html")
    assert handout.locator(".slide").all_inner_texts() == bodies
    text = (lesson / "handout.html").read_text()
    assert "Minutes 0 to" not in text
    assert "<details" not in text
    assert press(handout, "ArrowRight", "n", "ArrowRight") == 3
    assert handout.evaluate("document.documentElement.className") == ""


def test_the_tools_can_be_clicked(slides: Page):
    slides.mouse.move(600, 300)
    slides.get_by_role("button", name="Next").click()
    assert slides.evaluate(HERE) == 2
    slides.get_by_role("button", name="Notes").click()
    assert slides.locator("#slide-2 .notes p").first.is_visible()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_nothing_overflows(size: tuple[int, int], slides: Page):
    slides.set_viewport_size({"width": size[0], "height": size[1]})
    assert not slides.evaluate(OUTSIDE)
    press(slides, "n")
    assert not slides.evaluate(OUTSIDE)


def test_the_back_row_can_read_it(slides: Page):
    assert slides.evaluate(SMALLEST) >= 18  # of 720 pixels


@pytest.mark.parametrize("notes", [False, True], ids=["slides", "with notes"])
@pytest.mark.parametrize("paper", [{"prefer_css_page_size": True}, {"format": "A4"}], ids=str)
def test_it_prints_one_slide_a_page(paper: dict, notes: bool, slides: Page):
    if notes:
        press(slides, "n")
    printed = slides.pdf(**paper)
    assert len(re.findall(rb"/Type\s*/Page\b", printed)) == 12


def test_without_scripts_everything_is_there(browser: Browser, lesson: Path):
    page = browser.new_page(offline=True, java_script_enabled=False)
    page.goto((lesson / "slides.html").as_uri() + "#slide-12")
    assert page.locator("#slide-12 h2").is_visible()
    assert page.locator("section h1, section h2").count() == 12


def test_without_storage_the_keys_still_work(browser: Browser, lesson: Path):
    page = browser.new_page(offline=True, viewport={"width": 1280, "height": 720})
    denied = "get() { throw new DOMException('denied', 'SecurityError'); }"
    page.add_init_script(f"Object.defineProperty(window, 'localStorage', {{ {denied} }})")
    assert press(show(page, lesson / "slides.html"), "ArrowRight", "ArrowRight") == 3


@pytest.mark.parametrize("view", VIEWS)
def test_no_accessibility_fault(view: str, browser: Browser, lesson: Path):
    page = browser.new_page(offline=True, **VIEWS[view])
    for name in PAGES:
        result = Axe().run(show(page, lesson / name))
        assert not result.violations_count, f"{name}\n{result.generate_report()}"


@pytest.mark.parametrize("name", PAGES)
def test_nothing_is_wider_than_a_phone(name: str, browser: Browser, lesson: Path):
    page = show(browser.new_page(offline=True, **VIEWS["phone"]), lesson / name)
    assert page.evaluate("document.documentElement.scrollWidth") <= 390
