"""The site over HTTP, and a small book to break."""

import functools
import shutil
import threading
from collections.abc import Iterator
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from tests.conftest import ROOT, Site


class Silent(SimpleHTTPRequestHandler):
    """A server without a log."""

    def log_message(self, format: str, *arguments: object) -> None:
        pass


@pytest.fixture(scope="session")
def server(site: Site) -> Iterator[str]:
    """The site over HTTP, on this machine only."""
    handler = functools.partial(Silent, directory=str(site.html))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as running:
        threading.Thread(target=running.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{running.server_port}"
        running.shutdown()


@pytest.fixture
def small_book(tmp_path: Path) -> Path:
    """The book's own configuration around one page, and a chapter `one` that is still to write."""
    book = tmp_path / "book"
    ignore = shutil.ignore_patterns("vendor", "results")
    shutil.copytree(ROOT / "book/_ext", book / "_ext")
    shutil.copytree(ROOT / "book/static", book / "static", ignore=ignore)
    shutil.copy(ROOT / "_config.yml", tmp_path)
    (book / "references.bib").write_text("")
    (book / "intro.md").write_text("# A book\n\n## Begins\n\nHere.\n")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/intro\nchapters: [{file: chapters/one}]\n"
    )
    (tmp_path / "chapters").mkdir()
    return tmp_path
