"""Every explorer of the book moves, says what its table says, and keeps the page small."""

import re
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Locator, Page

from tests.book.test_browser import listen, typeset
from tests.conftest import Site

pytestmark = pytest.mark.timeout(1200)  # every page of the book, on a busy machine

LIMIT = 300_000  # bytes of a page's explorers
STEPS = 8  # of a long slider; short ones are moved all the way

EXPLORER = re.compile(r'<div class="lk-explorer".*?</script></div>', re.S)
LOOK = """root => ({
  say: root.querySelector('.lk-ex-say').textContent,
  labels: [...root.querySelectorAll('.lk-ex-picture')].map(one => one.ariaLabel),
  slots: Object.fromEntries([...root.querySelectorAll('.lk-ex-say [data-lk-text]')]
    .map(one => [one.dataset.lkText, one.textContent])),
  rows: [...root.querySelectorAll('tr[aria-current]')].map(row => Object.fromEntries(
    [...row.cells].map(cell => [cell.dataset.lkCell || '', cell.textContent]))),
  drawn: root.querySelector('.lk-ex-panels').innerHTML,
})"""


def with_explorers(site: Site) -> dict[Path, list[str]]:
    """The pages that have explorers, and the text of each."""
    found = {path: EXPLORER.findall(path.read_text()) for path in site.views()}
    return {path: texts for path, texts in found.items() if texts}


def check(root: Locator, state: str) -> str:
    """Assert that the sentence, the pictures and the table agree; return the sentence."""
    look = root.evaluate(LOOK)
    assert set(look["labels"]) <= {look["say"]}, state
    (row,) = look["rows"]
    for key in look["slots"].keys() & row.keys():
        assert look["slots"][key] == row[key], (state, key)
    return str(look["say"] + look["drawn"])


def move(page: Page, root: Locator, control: Locator) -> set[str]:
    """Move one control through its values with the keyboard; all that was said and drawn."""
    name = control.get_attribute("id")
    kind = control.evaluate("one => one.type")
    control.focus()
    if kind == "checkbox":
        keys = ["Space", "Space"]
    elif kind == "range":
        last = int(control.get_attribute("max") or 0)
        keys = ["Home"] + ["ArrowRight"] * min(last, STEPS) + ["End"]
    else:
        keys = ["Home"] + ["ArrowDown"] * (control.locator("option").count() - 1)
    seen = set()
    for key in keys:
        page.keyboard.press(key)
        seen.add(check(root, f"{name}, after {key}"))
    return seen


def test_every_explorer_moves_by_the_keyboard(browser: Browser, site: Site) -> None:
    page = browser.new_page(offline=True)
    heard = listen(page, site.html.as_uri())
    stuck = []
    for path in with_explorers(site):
        typeset(page, path.as_uri())
        for root in page.locator("[data-lk-explorer]").all():
            assert root.locator(".lk-ex-controls").is_visible()
            assert not root.locator(".lk-ex-still").is_visible()
            for control in root.locator("[data-lk-control]").all():
                if len(move(page, root, control)) < 2:
                    stuck.append(f"{path.relative_to(site.html)}: {control.get_attribute('id')}")
    assert not stuck, "\n".join(["nothing changes with", *stuck])
    assert not heard, "\n".join(heard)


def test_ids_are_unique_and_no_widget_is_left(site: Site) -> None:
    for path in with_explorers(site):
        html = path.read_text()
        ids = re.findall(r'\sid="([^"]+)"', html)
        assert len(set(ids)) == len(ids), (path, sorted(i for i in ids if ids.count(i) > 1))
        assert "jupyter.widget" not in html, path


def test_explorers_are_small(site: Site, capsys: pytest.CaptureFixture[str]) -> None:
    pages = with_explorers(site)
    assert pages, "no page has an explorer"
    lines, heavy = [], []
    for path, texts in pages.items():
        sizes = [len(text.encode()) for text in texts]
        each = " + ".join(f"{size / 1000:.0f}" for size in sizes)
        lines.append(f"{each} kB of explorers in {path.relative_to(site.html)}")
        if sum(sizes) > LIMIT:
            heavy.append(lines[-1])
    with capsys.disabled():
        print("", *lines, sep="\n")
    assert not heavy, "\n".join(heavy)
