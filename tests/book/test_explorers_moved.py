"""The page's script draws what Python draws: in Chromium, from the disk, with the network off."""

import base64
import io
import math
import re
from collections.abc import Iterator
from typing import Any
from xml.etree import ElementTree

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from PIL import Image
from playwright.sync_api import Browser, Page

from lipkit.teach import explorer, panels
from lipkit.teach.explorers import Explorer
from tests.book.test_browser import PHONE, listen
from tests.conftest import ROOT
from tests.teach.explorers_sample import sample

STATIC = ROOT / "book/static"
FRAME = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>Two explorers</title>
<link rel="stylesheet" href="{static}/css/lk.css">
<link rel="stylesheet" href="{static}/css/explorer.css">
<script src="{static}/js/explorer.js"></script>
<style>body {{ background: var(--lk-paper); color: var(--lk-c7); font-family: sans-serif }}</style>
</head><body><main class="bd-content"><h1>Two explorers</h1>{body}</main></body></html>"""
NUMBER = re.compile(r"-?\d+(?:\.\d+)?(?:e-?\d+)?")


@pytest.fixture(scope="module")
def explorers() -> dict[str, Explorer]:
    controls = {key: panels.slider(key, 0, 10, step=1) for key in "uv"}
    drag = explorer(
        lambda u, v: {"sum": u + v},
        name="exp-drag",
        title="Drag the point",
        controls=controls,
        numbers={"sum": panels.number("u + v")},
        show=[panels.plot(panels.dot("u", "v"), xlabel="u", ylabel="v", drag=("u", "v"))],
        say="{u} and {v} are {sum}.",
    )
    return {"exp-sample": sample(), "exp-drag": drag}


@pytest.fixture(scope="module")
def address(explorers: dict[str, Explorer], tmp_path_factory: pytest.TempPathFactory) -> str:
    body = "".join(each.html() for each in explorers.values())
    page = tmp_path_factory.mktemp("explorers") / "page.html"
    page.write_text(FRAME.format(theme="light", static=STATIC.as_uri(), body=body))
    return page.as_uri()


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page(offline=True)
    heard = listen(page, "file://")
    page.goto(address)
    yield page
    page.close()
    assert not heard, "\n".join(heard)


# -- reading a page ------------------------------------------------------------------------------
def state_of(page: Page, made: Explorer) -> dict[str, Any]:
    """The values that the controls of the page have."""
    state = {}
    for name, control in made.controls.items():
        box = page.locator(f"#{made.name}-{name}")
        at = int(box.is_checked()) if control.shape == "checkbox" else int(box.input_value())
        state[name] = control.values[at]
    return state


def things(markup: str) -> list[tuple[str, dict[str, str], str]]:
    """Every element in order: name, attributes, text. What is hidden may have its last look."""
    whole = markup.replace("&nbsp;", "\N{NO-BREAK SPACE}")
    return list(_things(ElementTree.fromstring(f"<all>{whole}</all>")))


def _things(element: ElementTree.Element) -> Iterator[tuple[str, dict[str, str], str]]:
    hidden = "display" in element.attrib
    attributes = {k: v for k, v in element.attrib.items() if not (hidden and k == "transform")}
    yield element.tag.rpartition("}")[2], attributes, element.text or ""
    for child in () if hidden else element:
        yield from _things(child)


def pixels(link: str) -> Any:
    data = base64.b64decode(link.partition(",")[2])
    return np.asarray(Image.open(io.BytesIO(data)).convert("RGBA"))


def same(found: str, expected: str, slack: float) -> bool:
    """Whether two texts are equal but for the rounding of their numbers."""
    if NUMBER.sub("#", found) != NUMBER.sub("#", expected):
        return False
    pairs = zip(NUMBER.findall(found), NUMBER.findall(expected), strict=True)
    return all(math.isclose(float(a), float(b), abs_tol=slack) for a, b in pairs)


def compare(page: Page, made: Explorer) -> dict[str, Any]:
    """Assert that all of the explorer in the page is what Python says of the controls' state."""
    state = state_of(page, made)
    root = page.locator(f"#{made.name}")
    drawn = things(root.locator(".lk-ex-panels").inner_html())
    expected = things(made.svg(**state))
    assert [name for name, _, _ in drawn] == [name for name, _, _ in expected], state
    for (_, a, text), (name, b, words) in zip(drawn, expected, strict=True):
        if name == "image":
            assert np.array_equal(pixels(a.pop("href")), pixels(b.pop("href"))), state
        assert text == words, (state, name)
        assert a.keys() == b.keys(), (state, name, a, b)
        slack = {key: 0.0011 if key == "fill-opacity" else 0.1001 for key in a}
        assert all(same(a[key], b[key], slack[key]) for key in a), (state, name, a, b)
    assert root.locator(".lk-ex-say").inner_text() == made.say(**state)
    spoken = root.locator(".lk-ex-picture").evaluate_all("all => all.map(one => one.ariaLabel)")
    assert set(spoken) == {made.say(**state)}
    compare_controls(page, made, state)
    compare_table(page, made, state)
    return state


def compare_controls(page: Page, made: Explorer, state: dict[str, Any]) -> None:
    for name, control in made.controls.items():
        if control.shape == "range":
            text = control.read(state[name]) + control.suffix
            box = page.locator(f"#{made.name}-{name}")
            assert box.get_attribute("aria-valuetext") == text
            assert page.locator(f"#{made.name}-{name} + .lk-ex-value").inner_text() == text


def compare_table(page: Page, made: Explorer, state: dict[str, Any]) -> None:
    rows = page.locator(f"#{made.name} tbody tr").evaluate_all(
        "rows => rows.map(row => [row.ariaCurrent, ...[...row.cells].map(c => c.textContent)])"
    )
    values = made.controls[made.rows].values
    expected = []
    for value in values:
        texts = made.texts(**state | {made.rows: value})
        current = "true" if value == state[made.rows] else None
        expected.append([current, texts[made.rows], *(texts[key] for key in made.numbers)])
    assert rows == expected, state
    caption = page.locator(f"#{made.name} caption").text_content() or ""
    others = {key: one for key, one in made.controls.items() if key != made.rows}
    assert caption == "; ".join(
        f"{one.label}: {one.read(state[key])}{one.suffix}" for key, one in others.items()
    )


# -- moving it -----------------------------------------------------------------------------------
def press(page: Page, ident: str, *keys: str) -> None:
    page.focus(f"#{ident}")
    for key in keys:
        page.keyboard.press(key)


def test_every_way_of_the_keyboard(page: Page, explorers: dict[str, Explorer]) -> None:
    made, seen = explorers["exp-sample"], []
    compare(page, made)
    for ident, keys in [
        ("exp-sample-u", ["ArrowLeft"]),  # to zero: nothing is outlined, a number is 0
        ("exp-sample-noisy", ["Space"]),
        ("exp-sample-u", ["End"]),
        ("exp-sample-width", ["ArrowRight"]),  # a rate that is not defined
        ("exp-sample-mode", ["ArrowDown"]),
        ("exp-sample-width", ["ArrowUp"]),  # an infinite one
        ("exp-sample-u", ["Home", "ArrowRight", "ArrowRight"]),
        ("exp-sample-noisy", ["Space"]),
        ("exp-sample-width", ["PageUp"]),
        ("exp-sample-width", ["Home"]),
        ("exp-sample-u", ["ArrowRight"] * 3),
        ("exp-sample-mode", ["ArrowUp"]),
    ]:
        press(page, ident, *keys)
        seen.append(tuple(compare(page, made).values()))
    assert len(set(seen)) == len(seen)
    assert {width for _, width, _, _ in seen} == {1, 2, 5, 10, math.inf}


def test_many_states_along_a_random_walk(page: Page, explorers: dict[str, Explorer]) -> None:
    made, draws = explorers["exp-sample"], np.random.default_rng(0)
    set_to = "(box, at) => { box.type === 'checkbox' ? box.checked = at : box.value = at }"
    for _ in range(25):
        for name, control in made.controls.items():
            at = int(draws.integers(len(control.values)))
            page.locator(f"#exp-sample-{name}").evaluate(set_to, at)
        page.locator("#exp-sample-u").dispatch_event("input", {"bubbles": True})
        compare(page, made)


def test_back_to_the_start(page: Page, explorers: dict[str, Explorer]) -> None:
    made = explorers["exp-sample"]
    start = page.locator("#exp-sample .lk-ex-panels").inner_html()
    press(page, "exp-sample-u", "Home")
    press(page, "exp-sample-noisy", "Space")
    page.click("#exp-sample .lk-ex-back")
    assert compare(page, made) == {"u": 0.25, "width": 2, "mode": 0, "noisy": False}
    assert things(page.locator("#exp-sample .lk-ex-panels").inner_html())[:40] == things(start)[:40]


def test_the_mouse_on_a_slider(page: Page, explorers: dict[str, Explorer]) -> None:
    made = explorers["exp-sample"]
    box = page.locator("#exp-sample-u").bounding_box()
    assert box is not None
    middle = box["y"] + box["height"] / 2
    page.mouse.move(box["x"] + box["width"] / 2, middle)
    page.mouse.down()
    seen = set()
    for share in (0.5, 0.9, 0.3, 0.01):
        page.mouse.move(box["x"] + share * box["width"], middle, steps=3)
        seen.add(compare(page, made)["u"])
    page.mouse.up()
    assert len(seen) == 4
    assert -1 in seen


def corner(page: Page, ident: str) -> tuple[float, float, float, float]:
    area = page.locator(f"#{ident} .lk-ex-area")
    area.scroll_into_view_if_needed()
    box = area.bounding_box()
    assert box is not None
    return box["x"], box["y"], box["width"], box["height"]


def test_dragging_in_the_picture(page: Page, explorers: dict[str, Explorer]) -> None:
    made = explorers["exp-drag"]
    x, y, width, height = corner(page, "exp-drag")
    page.mouse.move(x + width / 2, y + height / 2)
    page.mouse.down()
    for across, up in [(0.5, 0.5), (0.2, 0.9), (0.77, 0.31), (-0.5, 2.0), (1.3, -0.2)]:
        page.mouse.move(x + across * width, y + (1 - up) * height, steps=2)
        nearest = {
            key: min(max(round((share - 0.5) * 10.8 + 5), 0), 10)
            for key, share in (("u", across), ("v", up))
        }
        assert compare(page, made) == nearest
    page.mouse.up()
    page.mouse.move(x + width / 2, y + height / 2)
    assert state_of(page, made) == {"u": 10, "v": 0}
    press(page, "exp-drag-u", "ArrowLeft")
    assert compare(page, made) == {"u": 9, "v": 0}


def test_one_finger_along_one_axis(
    browser: Browser, address: str, explorers: dict[str, Explorer]
) -> None:
    made = explorers["exp-sample"]
    page = browser.new_page(offline=True, viewport=PHONE, has_touch=True)
    page.goto(address)
    x, y, width, height = corner(page, "exp-sample")
    page.touchscreen.tap(x + 0.9 * width, y + 0.2 * height)
    assert compare(page, made)["u"] == 1
    page.touchscreen.tap(x + 0.3 * width, y + 0.9 * height)
    assert compare(page, made)["u"] == -0.5
    page.close()


# -- readers, screens, browsers ------------------------------------------------------------------
@pytest.mark.parametrize("view", ["light", "dark", "phone"])
def test_no_fault_for_axe(view: str, browser: Browser, address: str) -> None:
    page = browser.new_page(offline=True, **({"viewport": PHONE} if view == "phone" else {}))
    page.goto(address)
    page.evaluate(
        f"document.documentElement.dataset.theme = '{'dark' if view == 'dark' else 'light'}'"
    )
    for fold in page.locator("summary").all():
        fold.click()
    result = Axe().run(page)
    assert result.violations_count == 0, result.generate_report()
    page.close()


def test_nothing_is_wider_than_a_phone(browser: Browser, address: str) -> None:
    page = browser.new_page(offline=True, viewport=PHONE)
    page.goto(address)
    for fold in page.locator("summary").all():
        fold.click()
    assert page.evaluate("document.documentElement.scrollWidth") <= PHONE["width"]
    right = "all => Math.max(...all.map(one => one.getBoundingClientRect().right))"
    assert page.eval_on_selector_all(".lk-explorer, .lk-explorer svg", right) <= PHONE["width"]
    size = "all => Math.min(...all.map(one => one.getScreenCTM().a * 11.5))"
    assert page.eval_on_selector_all(".lk-ex-picture", size) >= 9
    page.close()


def test_without_scripts_the_first_state_and_the_table_are_there(
    browser: Browser, address: str, explorers: dict[str, Explorer]
) -> None:
    context = browser.new_context(offline=True, java_script_enabled=False)
    page = context.new_page()
    page.goto(address)
    root = page.locator("#exp-sample")
    assert not root.locator(".lk-ex-controls").is_visible()
    assert root.locator(".lk-ex-say").inner_text() == explorers["exp-sample"].say()
    assert "only with scripts" in root.locator(".lk-ex-still").inner_text()
    root.locator("summary").click()
    assert root.locator("tbody tr").count() == 9
    assert root.locator('tr[aria-current="true"]').is_visible()
    context.close()


def test_without_storage_it_moves_all_the_same(
    browser: Browser, address: str, explorers: dict[str, Explorer]
) -> None:
    page = browser.new_page(offline=True)
    forbid = "{ get() { throw new DOMException('no storage', 'SecurityError') } }"
    page.add_init_script(
        "for (const name of ['localStorage', 'sessionStorage', 'indexedDB'])"
        f" Object.defineProperty(window, name, {forbid});"
    )
    heard = listen(page, "file://")
    page.goto(address)
    press(page, "exp-sample-u", "End")
    assert compare(page, explorers["exp-sample"])["u"] == 1
    assert not heard
    page.close()


def test_on_paper_there_are_no_controls(page: Page) -> None:
    press(page, "exp-sample-u", "End")
    page.emulate_media(media="print")
    root = page.locator("#exp-sample")
    for part, seen in {".lk-ex-controls": False, "details": False, ".lk-ex-panels": True}.items():
        assert root.locator(part).is_visible() == seen
    assert "At 1 it is steep" in root.locator(".lk-ex-say").inner_text()


def test_the_theme_needs_no_new_drawing(page: Page) -> None:
    look = "one => getComputedStyle(one).stroke"
    curve = page.locator("#exp-sample path[data-lk-move][stroke*='lk-c2']")
    before, markup = curve.evaluate(look), page.locator(".lk-ex-panels").first.inner_html()
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    assert curve.evaluate(look) != before
    assert page.locator(".lk-ex-panels").first.inner_html() == markup


def test_the_current_row_stays_in_sight(page: Page) -> None:
    assert not page.locator("#exp-sample .lk-ex-still").is_visible()
    page.add_style_tag(content=".lk-ex-scroll { max-height: 6rem !important }")
    inside = """box => { const [row, all] = [box.querySelector('[aria-current]'), box]
      .map(one => one.getBoundingClientRect());
      return row.top >= all.top && row.bottom <= all.bottom }"""
    box = page.locator("#exp-drag .lk-ex-scroll")
    press(page, "exp-drag-u", "End")
    page.click("#exp-drag summary")
    page.wait_for_function(inside, arg=box.element_handle())
    for key in ("Home", "End", "ArrowLeft"):
        press(page, "exp-drag-u", key)
        assert box.evaluate(inside), key


def test_a_sentence_that_stays_is_not_said_again(page: Page) -> None:
    page.evaluate("""() => { window.said = 0; new MutationObserver(all => window.said += all.length)
      .observe(document.querySelector('.lk-ex-say'), {subtree: true, childList: true,
                                                      characterData: true}) }""")
    press(page, "exp-sample-mode", "ArrowDown")
    assert page.evaluate("window.said") == 0
    press(page, "exp-sample-noisy", "Space")
    assert page.evaluate("window.said") > 0


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_a_heat_map_takes_two_hues_and_no_colour_at_zero(page: Page, theme: str) -> None:
    page.evaluate(f"document.documentElement.dataset.theme = '{theme}'")
    press(page, "exp-sample-u", "End")
    page.evaluate("scrollTo(0, 0)")
    rim = page.locator("#exp-sample ellipse[stroke]").bounding_box()
    assert rim is not None
    shot = np.asarray(Image.open(io.BytesIO(page.screenshot(full_page=True))).convert("RGB"))
    x, y, r = rim["x"] + rim["width"] / 2, rim["y"] + rim["height"] / 2, rim["width"] / 2

    def colour(across: float, up: float) -> Any:
        return shot[round(y - up * r), round(x + across * r)].astype(int)

    red, _, blue = colour(0.6, 0.4)  # where x + y is 1
    assert blue > red + 8
    red, _, blue = colour(-0.4, -0.6)
    assert red > blue + 8
    paper = [255, 255, 255] if theme == "light" else [0x14, 0x18, 0x1E]
    assert np.abs(colour(0, 0) - paper).max() <= 2


def test_the_focus_can_be_seen(page: Page) -> None:
    for ident in ("exp-sample-u", "exp-sample-mode", "exp-sample-noisy"):
        page.focus(f"#{ident}")
        page.keyboard.press("Shift")  # now the focus is a keyboard's
        style = page.locator(f"#{ident}").evaluate("one => getComputedStyle(one).outlineStyle")
        assert style not in ("none", ""), ident


def test_the_script_is_short_and_writes_no_markup() -> None:
    script = (STATIC / "js/explorer.js").read_text()
    assert len(script.splitlines()) <= 400
    for word in ("innerHTML", "outerHTML", "insertAdjacent", "eval(", "Storage", "fetch("):
        assert word not in script
