"""Turn a class on a box into a visible badge in its title.

A theorem says whose it is and whether its printed statement was read;
an exercise says what kind of work it asks for.
"""

from docutils import nodes
from sphinx.application import Sphinx

BADGES = {
    "lk-read": "paper, read",
    "lk-abstract": "paper, from its abstract",
    "lk-derived": "derived here",
    "lk-hand": "by hand",
    "lk-code": "code",
    "lk-experiment": "experiment",
    "lk-trap": "find the trap",
    "lk-open": "open",
}


def add_badges(_app: Sphinx, doctree: nodes.document, _docname: str) -> None:
    """Append the badge to the title of every box that carries its class."""
    for box in doctree.findall(nodes.Admonition):
        for name in box["classes"]:
            if name in BADGES and isinstance(box[0], nodes.title):
                box[0] += [nodes.Text(" "), nodes.inline("", BADGES[name], classes=["lk-badge"])]


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.connect("doctree-resolved", add_badges)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
