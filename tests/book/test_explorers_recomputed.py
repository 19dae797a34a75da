"""The numbers of a chapter's explorers, set by mouse and keyboard, against calls of their views."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page

from lipkit.experiments.digits_plane import digits_plane
from lipkit.experiments.free_gates import answers_by_width
from lipkit.experiments.lp_dichotomy import lp_dichotomy
from lipkit.experiments.turned_slice import turned_slice
from tests.book.test_browser import typeset
from tests.conftest import Site

VARIANCES = {"2/N, then 1": "generalised_he", "2/d, then 1/N": "kaiming_linear"}
VIEWS: dict[str, tuple[Callable[..., Mapping[str, Any]], dict[str, Mapping[str, Any]]]] = {
    "exp-slice": (turned_slice, {}),
    "exp-facets": (digits_plane, {}),
    "exp-sizes": (answers_by_width, {}),
    "exp-dichotomy": (lp_dichotomy, {"init": VARIANCES}),
}
TEXTS = """(root, what) => Object.fromEntries([...root.querySelectorAll(what)].map(
    one => [one.dataset.lkControl || one.dataset.lkCell,
            one.selectedOptions ? one.selectedOptions[0].textContent
                : one.getAttribute('aria-valuetext') || one.textContent]))"""


def number(text: str) -> float:
    """A number as a page writes it; a whole one is an int."""
    for old, new in (("−", "-"), ("∞", "inf"), (",", ""), ("°", "")):
        text = text.replace(old, new)
    return int(text) if text.lstrip("-").isdigit() else float(text)


def told(root: Locator, meant: Mapping[str, Mapping[str, Any]]) -> dict[str, Any]:
    """The values of the controls, as the page tells them."""
    texts = root.evaluate(TEXTS, "[data-lk-control]")
    return {
        name: meant[name].get(text, text) if name in meant else number(text)
        for name, text in texts.items()
    }


def states(page: Page, root: Locator) -> Iterator[str]:
    """Move every control by a key, and every slider by two clicks of the mouse."""
    for control in root.locator("[data-lk-control]").all():
        slider = control.get_attribute("type") == "range"
        for share in (0.3, 0.8) if slider else ():
            control.scroll_into_view_if_needed()
            box = control.bounding_box()
            assert box
            page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
            yield f"mouse at {share}"
        control.focus()
        page.keyboard.press("End" if slider else "ArrowDown")
        yield "keyboard"


def close(text: str, value: float) -> bool:
    """Equal but for the digits that are not shown."""
    if not math.isfinite(value):
        return text in ("not defined", "∞")
    unit = 10.0 ** -len(text.partition(".")[2])
    return abs(number(text) - value) <= max(unit, 0.01 * abs(value))


@pytest.mark.parametrize("name", VIEWS)
def test_the_page_says_what_the_view_returns(name: str, browser: Browser, site: Site) -> None:
    view, meant = VIEWS[name]
    pages = [path for path in site.views() if f'id="{name}"' in path.read_text()]
    assert len(pages) == 1
    page = browser.new_page(offline=True)
    typeset(page, pages[0].as_uri())
    root = page.locator(f"#{name}")
    seen = set()
    for how in states(page, root):
        state = told(root, meant)
        expected = view(**state)
        cells = root.evaluate(TEXTS, "tr[aria-current] [data-lk-cell]")
        wrong = {
            key: (text, expected[key])
            for key, text in cells.items()
            if key in expected
            and not isinstance(expected[key], str)
            and not close(text, float(expected[key]))
        }
        assert not wrong, (state, how)
        seen.add(tuple(state.values()))
    assert len(seen) > 3


def test_every_explorer_of_a_chapter_is_recomputed(site: Site) -> None:
    pages = (site.html / "chapters").glob("*.html")
    found = [
        re.findall(r'<div class="lk-explorer" id="([^"]+)"', page.read_text()) for page in pages
    ]
    assert {name for names in found for name in names} == set(VIEWS)
