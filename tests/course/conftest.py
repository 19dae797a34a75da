"""The course, built once a run as `make course` builds it."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
from filelock import FileLock
from playwright.sync_api import Page

from tests.conftest import ROOT

LESSONS = [path.parent.name for path in sorted((ROOT / "course").glob("*/slides.md"))]


@pytest.fixture(scope="session")
def course(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of the built lessons: the first worker builds, the others wait."""
    shared = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        shared = shared.parent
    folder = shared / "course"
    with FileLock(shared / "course.lock"):
        command = [sys.executable, ROOT / "tools/course.py", "--output", folder]
        environment = os.environ | {"LIPKIT_TIER": "quick", "OMP_NUM_THREADS": "1"}
        subprocess.run(command, check=True, capture_output=True, env=environment)
    return folder


@pytest.fixture(params=LESSONS)
def lesson(request: pytest.FixtureRequest, course: Path) -> Path:
    """The folder of one built lesson."""
    return course / request.param


def show(page: Page, path: Path) -> Page:
    """Open a page and wait until its formulas are drawn."""
    page.goto(path.as_uri(), wait_until="load")
    page.evaluate("() => window.MathJax?.startup?.promise")
    return page
