"""The numbers of a chapter's explorers, set by mouse and keyboard, against calls of their views."""

import math
import re
from collections.abc import Callable, Iterator, Mapping
from functools import partial
from typing import Any

import numpy as np
import pytest
from playwright.sync_api import Browser, Locator, Page

from lipkit.experiments import load_result
from lipkit.experiments.batch_norm_gauge import gauge_view
from lipkit.experiments.depth_map import depth_map
from lipkit.experiments.digits_plane import digits_plane
from lipkit.experiments.few_scalars import few_scalars
from lipkit.experiments.flattest_fits import cloud, square
from lipkit.experiments.four_pulls import four_pulls
from lipkit.experiments.free_gates import answers_by_width
from lipkit.experiments.law_map import CONSTANTS, law_map
from lipkit.experiments.lp_dichotomy import lp_dichotomy
from lipkit.experiments.ridgeless_shadow import ridgeless_shadow
from lipkit.experiments.robust_by_width import robust_by_width
from lipkit.experiments.training_radius import training_radius
from lipkit.experiments.turned_slice import turned_slice
from lipkit.experiments.two_halves import two_halves
from lipkit.experiments.whole_class import whole_class
from lipkit.experiments.worst_point import worst_point
from tests.book.test_browser import typeset
from tests.conftest import ROOT, Site

VARIANCES = {"2/N, then 1": "generalised_he", "2/d, then 1/N": "kaiming_linear"}
BOUNDED = {
    "rows ≤ B, ‖a‖₂ ≤ A": "l2_rows",
    "path norm ≤ AB": "path",
    "rows ≤ B, entries of a ≤ A": "linf_rows",
}
RUNS = load_result(ROOT / "book/static/results/surrogate_runs.json")
GAUGE = load_result(ROOT / "book/static/results/batch_norm_gauge.json")
PAIRS = {"first": 1, "second": 2, "third": 3}
STORED = load_result(ROOT / "book/static/results/depth_width.json").data
DEPTHS = {name: np.asarray(values)[0] for name, values in STORED.items()}
LABEL = {"true": True, "false": False}
VIEWS: dict[str, tuple[Callable[..., Mapping[str, Any]], dict[str, Mapping[str, Any]]]] = {
    "exp-slice": (turned_slice, {}),
    "exp-facets": (digits_plane, {}),
    "exp-worst": (worst_point, {"classifier": {}}),
    "exp-sizes": (answers_by_width, {}),
    "exp-dichotomy": (lp_dichotomy, {"init": VARIANCES}),
    "exp-training-radius": (training_radius, {}),
    "exp-depth": (depth_map(DEPTHS), {}),
    "exp-square": (square, {"who": {}, **dict.fromkeys("enws", LABEL)}),
    "exp-cloud": (cloud, {"who": {}, **dict.fromkeys("abcde", LABEL)}),
    "exp-speaks": (law_map, {"data": {}, "constant": CONSTANTS}),
    "exp-whole-class": (
        whole_class,
        {"points": {"ten on a circle": "circle", "SQ4": "sq4"}, "norm": BOUNDED},
    ),
    "exp-shadow": (ridgeless_shadow, {}),
    "exp-halves": (
        two_halves,
        {"of": {"ball (convex)": "ball", "sphere": "sphere", "signs": "signs"}},
    ),
    "exp-scalars": (partial(few_scalars, runs=RUNS), {"tau2": {"0": 0.0, "1/4": 0.25, "1": 1.0}}),
    "exp-gauge": (
        partial(gauge_view, runs=GAUGE),
        {"pair": PAIRS, "part": {}, "statistics": {}},
    ),
    "exp-curse": (robust_by_width, {"tau2": {"0.01": 0.01, "0.1": 0.1, "0.25": 0.25}}),
    "exp-pulls": (four_pulls, {"pull": {}}),
}
RAISED = str.maketrans("⁰¹²³⁴⁵⁶⁷⁸⁹⁻", "0123456789-")
TEXTS = """(root, what) => Object.fromEntries([...root.querySelectorAll(what)].map(
    one => [one.dataset.lkControl || one.dataset.lkCell,
            one.selectedOptions ? one.selectedOptions[0].textContent
                : one.type === 'checkbox' ? String(one.checked)
                : one.getAttribute('aria-valuetext') || one.textContent]))"""


def number(text: str) -> float:
    """A number as a page writes it; a whole one is an int."""
    for old, new in (("−", "-"), ("∞", "inf"), (",", ""), ("°", "")):
        text = text.replace(old, new)
    mantissa, _, power = text.partition("×10")
    if power:
        return float(f"{mantissa}e{power.translate(RAISED)}")
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
        kind = control.get_attribute("type")
        slider = kind == "range"
        for share in (0.3, 0.8) if slider else ():
            control.scroll_into_view_if_needed()
            box = control.bounding_box()
            assert box
            page.mouse.click(box["x"] + share * box["width"], box["y"] + box["height"] / 2)
            yield f"mouse at {share}"
        control.focus()
        page.keyboard.press("End" if slider else "Space" if kind == "checkbox" else "ArrowDown")
        yield "keyboard"


def close(text: str, value: float) -> bool:
    """Equal but for the digits that are not shown."""
    if not math.isfinite(value):
        return text in ("not defined", "∞")
    mantissa, times, power = text.partition("×10")
    unit = 10.0 ** -len(mantissa.partition(".")[2]) * number(f"1{times}{power}")
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
        re.findall(r'<div class="lk-explorer" id="([^"]+)" data-lk-explorer', page.read_text())
        for page in pages
    ]
    assert {name for names in found for name in names} == set(VIEWS)
