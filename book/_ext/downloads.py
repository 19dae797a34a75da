"""Offer each chapter as a Jupyter notebook on its page.

`python book/_ext/downloads.py FOLDER` writes them all into a folder.
"""

import sys
from pathlib import Path
from typing import Any

import jupytext
from docutils import nodes
from sphinx.application import Sphinx

CHAPTERS = "chapters"


def export(source: Path, target: Path) -> None:
    """Write the MyST notebook `source` as the `.ipynb` `target`, without outputs."""
    target.parent.mkdir(parents=True, exist_ok=True)
    jupytext.write(jupytext.read(source, fmt="md:myst"), target, fmt="ipynb")


def is_chapter(pagename: str) -> bool:
    """Whether the page is a chapter."""
    return pagename.startswith(f"{CHAPTERS}/")


def offer(_app: Sphinx, pagename: str, _page: str, context: dict[str, Any], _doc: object) -> None:
    """The theme makes a download button of `ipynb_source`, a path below `_sources`."""
    if is_chapter(pagename):
        context["ipynb_source"] = f"{pagename}.ipynb"


def link_front_box(_app: Sphinx, doctree: nodes.document, docname: str) -> None:
    """End the front box with a link to the notebook."""
    if not is_chapter(docname):
        return
    for box in doctree.findall(nodes.admonition):
        if "lk-front" in box["classes"]:
            uri = "../" * docname.count("/") + f"_sources/{docname}.ipynb"
            link = nodes.reference("", "this chapter as a notebook", refuri=uri, internal=True)
            for fields in box.findall(nodes.definition_list):
                fields += nodes.definition_list_item(
                    "",
                    nodes.term("", "Run it yourself"),
                    nodes.definition("", nodes.paragraph("", "", link)),
                )


def write_notebooks(app: Sphinx, exception: Exception | None) -> None:
    """Write the notebooks that the pages offer."""
    if exception or app.builder.format != "html":
        return
    sources = Path(app.outdir) / "_sources"
    for docname in filter(is_chapter, app.env.found_docs):
        export(Path(app.env.doc2path(docname)), sources / f"{docname}.ipynb")


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("html-page-context", offer, priority=400)
    app.connect("doctree-resolved", link_front_box)
    app.connect("build-finished", write_notebooks)
    return {"parallel_read_safe": True, "parallel_write_safe": True}


if __name__ == "__main__":
    folder = Path(sys.argv[1])
    for chapter in sorted(Path(CHAPTERS).glob("*.md")):
        export(chapter, folder / f"{chapter.stem}.ipynb")
        print(folder / f"{chapter.stem}.ipynb")
