"""The kernel editor computes in the page what ``kernel_layer`` computes in Python."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page

from lipkit.experiments.kernel_layer import KERNELS, PADDINGS, kernel_layer
from lipkit.teach import kernel_editor, panels
from lipkit.teach.explorers.kernel import KernelEditor
from lipkit.teach.explorers.kernel._markup import fill
from lipkit.teach.explorers.kernel._state import State
from tests.book.test_browser import PHONE, listen
from tests.conftest import ROOT

STATIC = ROOT / "book/static"
FRAME = """<!doctype html><html lang="en" data-theme="{theme}"><head><meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1"><title>The editor</title>
<link rel="stylesheet" href="{static}/css/lk.css">
<link rel="stylesheet" href="{static}/css/explorer.css">
<link rel="stylesheet" href="{static}/css/kernel.css">
<script src="{static}/js/kernel.js"></script>
<style>body {{ background: var(--lk-paper); color: var(--lk-c7); font-family: sans-serif }}</style>
</head><body><main class="bd-content"><h1>The editor</h1>{body}</main></body></html>"""
KINDS = {
    "one": "exact",
    "sup": "exact",
    "two": "exact",
    "reshaped": "lower",
    "certificate": "upper",
}
NUMBERS = {
    key: panels.number(key, KINDS.get(key, "grey"))
    for key in ("taps", "one", "sup", "two", "reshaped", "circle", "certificate")
}
SET = """([taps, settings]) => {
    for (const [name, place] of Object.entries(settings))
        document.querySelector(`[data-lk-control="${name}"]`).value = place;
    const boxes = [...document.querySelectorAll('[data-lk-tap]')];
    boxes.forEach((box, i) => box.value = taps[i]);
    boxes[0].dispatchEvent(new Event('input', {bubbles: true}));
}"""
TEXTS = """() => Object.fromEntries([...document.querySelectorAll('[data-lk-text]')].map(
    one => [one.dataset.lkText, one.textContent]))"""
CELLS = """() => [...document.querySelectorAll('.lk-kernel-matrix rect')].map(
    one => one.getAttribute('display') ? null
        : [one.getAttribute('fill'), one.getAttribute('fill-opacity')])"""


@pytest.fixture(scope="module")
def editor() -> KernelEditor:
    return kernel_editor(
        kernel_layer,
        name="exp-kernel",
        title="Edit the kernel",
        kernels=KERNELS,
        paddings=PADDINGS,
        numbers=NUMBERS,
        say="{padding}, {size}, {stride}: {free}; {one}.",
        caption="What the taps make.",
    )


def opened(
    editor: KernelEditor, browser: Browser, folder: Any, theme: str = "light", **how: Any
) -> tuple[Page, list[str]]:
    file = folder / "page.html"
    file.write_text(FRAME.format(theme=theme, static=STATIC.as_uri(), body=editor.html()))
    page = browser.new_page(offline=True, **how)
    heard = listen(page, "file://")
    page.goto(file.as_uri())
    return page, heard


@pytest.fixture
def page(editor: KernelEditor, browser: Browser, tmp_path: Any) -> Iterator[Page]:
    page, heard = opened(editor, browser, tmp_path)
    yield page
    page.close()
    assert not heard, "\n".join(heard)


def put(page: Page, state: State) -> None:
    settings = {
        "padding": PADDINGS.index(state.padding),
        "size": state.size - 1,
        "stride": state.stride - 1,
    }
    page.evaluate(SET, [state.kernel.ravel().tolist(), settings])


def random_states(n: int) -> Iterator[State]:
    """Every setting with kernels of several shapes: dense, sparse, whole, quarters, none."""
    rng = np.random.default_rng(0)
    settings = [(p, size, stride) for p in PADDINGS for size in (1, 2, 3, 4) for stride in (1, 2)]
    for i in range(n):
        kernel = rng.normal(size=(3, 3)) * 10.0 ** rng.integers(-3, 2)
        if i % 4 == 1:
            kernel *= rng.random((3, 3)) < 0.4
        if i % 4 == 2:
            kernel = rng.integers(-9, 10, (3, 3)).astype(float)
        if i % 4 == 3:
            kernel = rng.integers(-99, 99, (3, 3)) / 4
        yield State(np.clip(kernel, -99, 99), *settings[i % len(settings)])


def test_the_page_computes_what_python_computes(page: Page, editor: KernelEditor) -> None:
    for state in random_states(520):
        put(page, state)
        texts = page.evaluate(TEXTS)
        expected = editor.texts(state)
        assert {key: texts[key] for key in expected if key in texts} == expected, state
        assert {*NUMBERS, "free"} <= {*texts}


def test_the_page_draws_the_same_matrix(page: Page) -> None:
    for state in random_states(60):
        put(page, state)
        levels = kernel_layer(**state.arguments())["matrix"][::-1].ravel()
        for cell, level in zip(page.evaluate(CELLS), levels, strict=True):
            if np.isnan(level):
                assert cell is None
                continue
            assert float(cell[1]) == pytest.approx(abs(level), abs=0.001)
            if abs(level) > 1e-12:
                assert cell[0].removesuffix(")") in fill(level)["fill"]


def test_a_kernel_of_zeros_and_one_of_a_single_tap(page: Page, editor: KernelEditor) -> None:
    zero, single = np.zeros((3, 3)), np.zeros((3, 3))
    single[1, 1] = -2.0
    for kernel in (zero, single):
        for padding in PADDINGS:
            state = State(kernel, padding, 4, 1)
            put(page, state)
            assert page.evaluate(TEXTS)["one"] == editor.texts(state)["one"]


def test_typing_by_keyboard(page: Page, editor: KernelEditor) -> None:
    tap = page.get_by_label("tap in row 2, column 2")
    tap.focus()
    page.keyboard.press("Control+A")
    page.keyboard.type("-50")
    kernel = KERNELS["1 to 9"].copy()
    kernel[1, 1] = -50
    state = State(kernel, PADDINGS[0], 4, 1)
    assert page.evaluate(TEXTS)["one"] == editor.texts(state)["one"]
    assert page.locator("[data-lk-control=named]").evaluate(
        "one => one.selectedOptions[0].text"
    ) == ("your own")
    page.get_by_role("button", name="Back to start").press("Enter")
    assert page.evaluate(TEXTS)["one"] == editor.texts(editor.start)["one"]
    page.get_by_label("begin with the kernel").select_option("blur")
    assert page.evaluate(TEXTS)["taps"] == "1.00"


@pytest.mark.parametrize("typed", ["", "100", "1e9"])
def test_what_is_no_tap_is_said_and_loses_nothing(typed: str, page: Page) -> None:
    before = page.evaluate(TEXTS)
    page.get_by_label("tap in row 1, column 3").fill(typed)
    alert = page.get_by_role("alert")
    assert "tap in row 1, column 3 needs a number from −99 to 99" in alert.inner_text()
    assert page.evaluate(TEXTS) == before
    page.get_by_label("tap in row 1, column 3").fill("3")
    assert alert.count() == 0


@pytest.mark.parametrize(
    ("theme", "how"), [("light", {}), ("dark", {}), ("light", {"viewport": PHONE})]
)
def test_no_barrier(
    theme: str, how: Any, editor: KernelEditor, browser: Browser, tmp_path: Any
) -> None:
    page, _ = opened(editor, browser, tmp_path, theme, **how)
    found = Axe().run(page)
    assert not found.response["violations"], found.generate_report()
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.close()


def test_without_scripts_the_first_state_stands(
    editor: KernelEditor, browser: Browser, tmp_path: Any
) -> None:
    page, _ = opened(editor, browser, tmp_path, java_script_enabled=False)
    assert (
        page.locator("[data-lk-text=one]").first.inner_text() == editor.texts(editor.start)["one"]
    )
    assert page.locator("[data-lk-tap]").first.is_disabled()
    assert page.locator(".lk-ex-controls").is_hidden()
    page.close()


def test_the_live_face_draws_every_change(editor: KernelEditor) -> None:
    ipywidgets = pytest.importorskip("ipywidgets")
    from lipkit.teach.explorers.kernel._live import widget

    made = widget(editor, ipywidgets)
    _, menus, grid, drawn = made.children
    assert "45.0" in drawn.value
    grid.children[4].value = -50
    kernel = KERNELS["1 to 9"].copy()
    kernel[1, 1] = -50
    assert editor.texts(State(kernel, PADDINGS[0], 4, 1))["two"] in drawn.value
    menus.children[0].value = "blur"
    assert [tap.value for tap in grid.children] == pytest.approx([1 / 9] * 9)


@pytest.mark.parametrize(
    ("kernel", "said"),
    [
        (np.ones((2, 3)), "the shape"),
        (np.full((3, 3), 100.0), "between -99 and 99"),
        (np.full((3, 3), np.nan), "got"),
    ],
)
def test_bad_kernels(kernel: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        kernel_editor(
            kernel_layer,
            name="bad",
            title="bad",
            kernels={"bad": kernel},
            paddings=PADDINGS,
            numbers=NUMBERS,
            say="{one}",
        )
