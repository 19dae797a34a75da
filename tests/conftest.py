"""What all tests share: repeatable random examples, and one build of the book a run."""

import os
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from filelock import FileLock
from hypothesis import HealthCheck, settings
from playwright.sync_api import Browser, sync_playwright

ROOT = Path(__file__).parents[1]
CHROMIUM = Path(os.environ.get("CHROMIUM", "/usr/bin/chromium"))
# Chromium calls home at its start otherwise.
QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
NO_BROWSER = f"no {CHROMIUM}, so no test in a browser (Debian: apt-get install chromium)"

# The examples are the same in every run; HYPOTHESIS_PROFILE=explore looks for new ones.
settings.register_profile(
    "repeat", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("explore", deadline=None, max_examples=1000)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "repeat"))


@dataclass(frozen=True)
class Site:
    """The built book: where it is, and what the build said."""

    html: Path
    returncode: int
    output: str

    def pages(self) -> list[Path]:
        """Every page that a reader can open."""
        assert self.returncode == 0, self.output
        found = self.html.rglob("*.html")
        inner = {self.html / "index.html", *(self.html / "_static").rglob("*.html")}
        return sorted(set(found) - inner)

    def views(self) -> list[Path]:
        """The pages to look at: one listing of source code stands for all of them."""
        pages = self.pages()
        listings = [page for page in pages if "_modules" in page.parts]
        return sorted({*pages} - {*listings[:-1]})


def build(source: Path, output: Path) -> Site:
    """Build a book as `make book` does, with nothing cached."""
    command = [sys.executable, ROOT / "tools/build.py", "--source", source, "--output", output]
    environment = os.environ | {"LIPKIT_TIER": "quick"}
    process = subprocess.run(command, capture_output=True, text=True, env=environment, check=False)
    return Site(output / "_build/html", process.returncode, process.stdout + process.stderr)


@pytest.fixture(scope="session")
def site(tmp_path_factory: pytest.TempPathFactory) -> Site:
    """The whole book, built once: the first worker builds, the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    log = shared / "book.log"
    with FileLock(shared / "book.lock"):
        if not log.exists():
            made = build(ROOT, shared / "book")
            log.write_text(f"{made.returncode}\n{made.output}")
    returncode, _, output = log.read_text().partition("\n")
    return Site(shared / "book/_build/html", int(returncode), output)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Headless Chromium; playwright allows one at a time in a process, so all tests share it."""
    if not CHROMIUM.exists():
        (pytest.fail if os.environ.get("REQUIRE_BROWSER") == "1" else pytest.skip)(NO_BROWSER)
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        yield chromium
        chromium.close()


@pytest.hookimpl(trylast=True)
def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Tests that need the site come last, so that nobody waits for it while others have work."""
    items.sort(key=lambda item: "site" in getattr(item, "fixturenames", ()))


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say how long each chapter took, and in one line each why tests were skipped."""
    shared = terminalreporter.config._tmp_path_factory.getbasetemp()  # type: ignore[attr-defined]
    times = shared / "book/_build/seconds.txt"
    if times.exists():
        terminalreporter.write_sep("=", "seconds to execute each chapter")
        terminalreporter.write_line(times.read_text())
    skipped = terminalreporter.getreports("skipped")
    for reason, count in Counter(report.longrepr[2] for report in skipped).items():
        terminalreporter.write_line(f"{count} × {reason}", yellow=True)
