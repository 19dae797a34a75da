"""The page of claims: each with its owner, function, tests, and what became of them in this build.

The directive `{claims}` makes one section for every page that has a ledger, `<page>.claims.yml`. A
claim is shown as passed only if `tools/build.py` ran its tests in this very build.
"""

import json
import os
import re
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from badges import BADGES
from docutils import nodes
from sphinx import addnodes
from sphinx.application import Sphinx
from sphinx.util.docutils import SphinxDirective

RUN = "LIPKIT_CLAIMS_RUN"
SUFFIX = ".claims.yml"
WIDTHS = (31, 20, 36, 13)
HEADS = ["Claim", "Function", "Tests", "In this build"]
STATES = {"passed": "✓ passed", "failed": "✗ failed", "skipped": "✗ skipped", "": "– not run"}
GLUE = re.compile(r"\{glue:text\}`([^`:]+):?([^`]*)`")

Report = dict[str, dict[str, str]]


def this_run(outdir: Path) -> Report:
    """What became of each test, by node id, if the report is of this build; else nothing."""
    report = outdir.parent / "claims.json"
    if not report.exists():
        return {}
    found = json.loads(report.read_text(encoding="utf-8"))
    return found["tests"] if found["run"] == os.environ.get(RUN) else {}


def many(value: Any) -> list[str]:
    """One text, or a list of them."""
    return [] if value is None else [value] if isinstance(value, str) else list(value)


def state(entry: dict[str, Any], report: Report) -> str:
    """The worst of what became of the tests of a claim."""
    tests = [*many(entry["test"]), *(entry.get("breaks") or {}).values()]
    found = {report.get(test, {}).get("outcome", "") for test in tests} or {""}
    return next((name for name in ("failed", "skipped", "") if name in found), "passed")


def ledgers(source: Path) -> list[tuple[str, list[dict[str, Any]]]]:
    """The pages that have a ledger, in the order of the contents, and its entries."""
    contents = (source / "_toc.yml").read_text(encoding="utf-8")
    pages = re.findall(r"(?:file|root): ([\w/.-]+)", contents)
    paths = [(page, source / f"{page}{SUFFIX}") for page in pages]
    return [
        (page, yaml.safe_load(path.read_text(encoding="utf-8")))
        for page, path in paths
        if path.exists()
    ]


def on_page(page: str, role: re.Match[str]) -> str:
    """A glued number as another page writes it, with a format though it be empty."""
    return f"{{glue:text}}`/{page}.md::{role[1]}:{role[2]}`"


def row(cells: list[list[nodes.Node]]) -> nodes.row:
    """A row of a table."""
    return nodes.row("", *[nodes.entry("", *cell) for cell in cells])


def head(text: str) -> nodes.Node:
    """The head of a column, shown where the columns stand below each other."""
    return nodes.paragraph("", text, classes=["lk-head"])


def words(test: str) -> str:
    """The name of a test, in words."""
    return test.rpartition("::")[2].removeprefix("test_").replace("_", " ")


class Claims(SphinxDirective):
    """`{claims}`: a section and a table for every page that has a ledger."""

    def run(self) -> list[nodes.Node]:
        """Read the ledgers and the report anew in each build."""
        self.env.note_reread()
        self.report = this_run(Path(self.env.app.outdir))
        pages = ledgers(Path(self.env.srcdir))
        states = [state(entry, self.report) for _, entries in pages for entry in entries]
        sections = [self.section(page, entries) for page, entries in pages]
        return [self.total(states), *sections]

    def total(self, states: list[str]) -> nodes.Node:
        """How many claims there are, and how many passed."""
        text = f"{len(states)} claims; {states.count('passed')} passed in this build."
        if "" in states:
            text += f" {states.count('')} not run in this build; `make test` runs them."
        return self.paragraph(text, "lk-total")

    def section(self, page: str, entries: list[dict[str, Any]]) -> nodes.section:
        """The title of a page, and the table of its claims."""
        text = (Path(self.env.srcdir) / f"{page}.md").read_text(encoding="utf-8")
        title = re.search(r"^# (.+)$", text, re.M)
        section = nodes.section(ids=[f"claims-{page.rpartition('/')[2]}"])
        section += nodes.title("", title[1] if title else page)
        section += self.table(page, entries)
        return section

    def table(self, page: str, entries: list[dict[str, Any]]) -> nodes.table:
        """One row a claim."""
        group = nodes.tgroup(cols=len(HEADS))
        group += [nodes.colspec(colwidth=width) for width in WIDTHS]
        group += nodes.thead("", row([[nodes.paragraph("", text)] for text in HEADS]))
        group += nodes.tbody("", *[row(self.cells(page, entry)) for entry in entries])
        return nodes.table("", group, classes=["lk-claims", "colwidths-given"])

    def cells(self, page: str, entry: dict[str, Any]) -> list[list[nodes.Node]]:
        """The four cells of a claim."""
        claim = GLUE.sub(partial(on_page, page), entry["claim"])
        functions = [f"{{py:obj}}`~{name}`" for name in many(entry["function"])]
        name = state(entry, self.report)
        sign = nodes.inline("", STATES[name], classes=["lk-state", f"lk-{name or 'idle'}"])
        return [
            [self.paragraph(claim), self.source(page, entry)],
            [head(HEADS[1]), *map(self.paragraph, functions)],
            [head(HEADS[2]), *self.tests(entry)],
            [head(HEADS[3]), nodes.paragraph("", "", sign)],
        ]

    def source(self, page: str, entry: dict[str, Any]) -> nodes.Node:
        """Where a claim is made, whose it is and what of it was read, and its figure."""
        made = f"{{prf:ref}}`{entry['theorem']}`" if "theorem" in entry else f"{{doc}}`/{page}`"
        owner = [f"{{cite:t}}`{entry['whose']}`"] if "here" not in entry["whose"] else []
        figure = f"{{numref}}`{entry['figure']}`" if "figure" in entry else entry["no figure"]
        badge = BADGES[f"lk-{entry['read']}"] if "read" in entry else entry["whose"]
        paragraph = self.paragraph(" · ".join([made, *owner, figure]), "lk-quiet")
        kind = f"lk-{entry.get('read', 'computed')}"
        paragraph += [nodes.Text(" "), nodes.inline("", badge, classes=["lk-badge", kind])]
        return paragraph

    def tests(self, entry: dict[str, Any]) -> list[nodes.Node]:
        """The tests of a claim; for each hypothesis that is dropped, what was found; the files."""
        plain, breaks = many(entry["test"]), entry.get("breaks") or {}
        made: list[nodes.Node] = [nodes.paragraph("", words(name)) for name in plain]
        for without, name in breaks.items():
            said = self.report.get(name, {}).get("said", "")
            paragraph = self.paragraph(f"**Broken if {without}**" + (f": {said}" if said else ""))
            paragraph += nodes.inline("", f" ({words(name)})", classes=["lk-quiet"])
            made.append(paragraph)
        files = dict.fromkeys(name.partition("::")[0] for name in [*plain, *breaks.values()])
        code = [nodes.literal("", file) for file in files]
        return [*made, *[nodes.paragraph("", "", file, classes=["lk-quiet"]) for file in code]]

    def paragraph(self, text: str, *classes: str) -> nodes.paragraph:
        """A paragraph of MyST."""
        inside, messages = self.parse_inline(text, lineno=self.lineno)
        return nodes.paragraph("", "", *inside, *messages, classes=list(classes))


def warn_unknown(_app: Sphinx, doctree: nodes.document) -> None:
    """A function that no API page describes is a warning, so an error, on this page."""
    for table in doctree.findall(nodes.table):
        if "lk-claims" in table["classes"]:
            for reference in table.findall(addnodes.pending_xref):
                reference["refwarn"] = True


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx."""
    app.add_directive("claims", Claims)
    app.connect("doctree-read", warn_unknown)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
