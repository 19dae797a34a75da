"""Keep the site inside itself, and mend the theme's accessibility slips."""

import re
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.application import Sphinx

# A list of references must hold list items; and the theme names some controls twice, with words
# that differ from what is seen, where the visible text or the title is enough.
MENDS = [
    ("doc-biblioentry", "listitem"),
    (r'(<button class="btn search-button[^>]*?) aria-label="Search"', r"\1"),
    (r'(<summary[^>]*?) aria-label="Toggle hidden content"', r"\1"),
    (r'<summary>(?=<span class="toctree-toggle")', '<summary aria-label="Pages below this one">'),
    (r'(<button[^>]*theme-switch-button[^>]*?) aria-label="Color mode"', r"\1"),
    (
        r'(<(?:div|dialog)[^>]* id="pst-primary-sidebar")',
        r'\1 role="complementary" aria-label="Book"',
    ),
]
SHARED_IDS = {"proof-content", "exercise-content", "solution-content"}


def drop_thebe(app: Sphinx, _config: Any) -> None:
    """Jupyter Book always loads sphinx-thebe, which names a CDN on every page."""
    for name, listeners in app.events.listeners.items():
        app.events.listeners[name] = [
            listener
            for listener in listeners
            if not listener.handler.__module__.startswith("sphinx_thebe")
        ]
    app.registry.css_files[:] = [file for file in app.registry.css_files if "thebe" not in file[0]]


def unshare_ids(_app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """sphinx-proof and sphinx-exercise give the body of every box the same id."""
    for section in doctree.findall(nodes.section):
        section["ids"] = [name for name in section["ids"] if name not in SHARED_IDS]


def mend_pages(app: Sphinx, exception: Exception | None) -> None:
    """Apply MENDS to every page."""
    if exception or app.builder.format != "html":
        return
    for page in Path(app.outdir).rglob("*.html"):
        html = mended = page.read_text(encoding="utf-8")
        for pattern, replacement in MENDS:
            mended = re.sub(pattern, replacement, mended)
        if mended != html:
            page.write_text(mended, encoding="utf-8")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("config-inited", drop_thebe)
    app.connect("doctree-resolved", unshare_ids)
    app.connect("build-finished", mend_pages)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
