"""axe finds no accessibility fault, in light, in dark and on a phone."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.conftest import Site

pytestmark = pytest.mark.timeout(1200)  # every page of the book, on a busy machine

VIEWS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "phone": {"viewport": {"width": 390, "height": 844}},
}

# The theme fades from light to dark: half-way a colour has any contrast.
STILL = "*, *::before, *::after { transition: none !important; animation: none !important }"


@pytest.mark.parametrize("view", VIEWS)
def test_no_violation(view: str, browser: Browser, site: Site) -> None:
    page = browser.new_page(offline=True, **VIEWS[view])
    found = []
    for path in site.views():
        page.goto(path.as_uri(), wait_until="load")
        page.evaluate("() => window.MathJax?.startup?.promise")
        page.add_style_tag(content=STILL)
        result = Axe().run(page)
        if result.violations_count:
            found.append(f"{path.relative_to(site.html)}\n{result.generate_report()}")
    assert not found, "\n\n".join(found)
