"""A reader without a network sees whole pages, on a desk and on a phone."""

import pytest
from playwright.sync_api import Browser, Page

from tests.conftest import Site

pytestmark = pytest.mark.timeout(1200)  # every page of the book, on a busy machine

PHONE = {"width": 390, "height": 844}


def listen(page: Page, home: str) -> list[str]:
    """Collect what a reader must never meet: requests that leave the site, failures, errors."""
    heard: list[str] = []
    inside = (home, "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(inside) else heard.append(r.url))
    left = "net::ERR_ABORTED"  # the next page was opened before this one was whole
    page.on(
        "requestfailed", lambda r: heard.append(f"{r.failure}: {r.url}") if r.failure != left else 0
    )
    page.on("response", lambda r: heard.append(f"{r.status}: {r.url}") if r.status > 399 else None)
    page.on("pageerror", lambda error: heard.append(f"{page.url}: {error}"))
    page.on("console", lambda m: heard.append(f"{page.url}: {m.text}") if m.type == "error" else 0)
    return heard


def typeset(page: Page, address: str) -> None:
    """Open a page and wait until its formulas are drawn."""
    page.goto(address, wait_until="load")
    page.evaluate("() => window.MathJax?.startup?.promise")


def test_pages_from_the_disk(browser: Browser, site: Site) -> None:
    page = browser.new_page(offline=True)
    heard = listen(page, site.html.as_uri())
    for path in site.views():
        typeset(page, path.as_uri())
    page.goto((site.html / "index.html").as_uri())
    page.wait_for_url("**/book/intro.html")
    assert not heard, "\n".join(heard)


def test_pages_from_a_server(browser: Browser, site: Site, server: str) -> None:
    page = browser.new_page()
    page.route(lambda url: not url.startswith(server), lambda route: route.abort())
    heard = listen(page, server)
    for path in site.views():
        typeset(page, f"{server}/{path.relative_to(site.html).as_posix()}")
    assert not heard, "\n".join(heard)


def test_nothing_is_wider_than_a_phone(browser: Browser, site: Site) -> None:
    page = browser.new_page(offline=True, viewport=PHONE)
    wide = []
    for path in site.views():
        typeset(page, path.as_uri())
        width = page.evaluate("document.documentElement.scrollWidth")
        pictures = page.eval_on_selector_all(
            "article svg, article img",
            "found => Math.max(0, ...found.map(one => one.getBoundingClientRect().right))",
        )
        if max(width, pictures) > PHONE["width"]:
            wide.append(f"{path.relative_to(site.html)}: page {width}, pictures {pictures:.0f}")
    assert not wide, "\n".join(wide)


def test_formulas_are_drawn(browser: Browser, site: Site) -> None:
    page = browser.new_page(offline=True)
    raw = []
    for path in site.views():
        typeset(page, path.as_uri())
        undrawn = "found => found.filter(one => !one.querySelector('mjx-container')).length"
        if count := page.eval_on_selector_all("article .math", undrawn):
            raw.append(f"{path.relative_to(site.html)}: {count}")
        raw += page.eval_on_selector_all("mjx-merror", "found => found.map(one => one.title)")
    assert not raw, "\n".join(raw)
