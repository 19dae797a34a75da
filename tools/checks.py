"""Run the tests that the ledger names, beside the build, and write what became of them.

`_build/claims.json` is made anew in each build and carries its run's id; the page of claims shows
a claim as passed only if the id is the one in the environment variable LIPKIT_CLAIMS_RUN.
"""

import json
import os
import subprocess
import sys
import uuid
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from xml.etree import ElementTree

import ledger

RUN = "LIPKIT_CLAIMS_RUN"
NEEDED = ("pytest", "pytest_timeout", "hypothesis", "filelock")


@dataclass
class Outcome:
    """What became of one test; `said` is what a break recorded, or why the test did not pass."""

    outcome: str
    said: str = ""


@dataclass
class Run:
    """A running pytest, and what it was asked."""

    process: subprocess.Popen[bytes]
    build: Path
    tests: list[str]
    breaks: set[str]

    @property
    def log(self) -> str:
        """What pytest printed."""
        return (self.build / "claims.log").read_text(encoding="utf-8")


def start(source: Path, build: Path) -> Run | None:
    """Begin, and forget every earlier result; nothing if there is no claim or no pytest."""
    for name in ("claims.json", "claims.xml"):
        (build / name).unlink(missing_ok=True)
    tests = ledger.tests(source)
    if not tests or not all(map(find_spec, NEEDED)):
        return None
    command = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider"]
    command += [f"--rootdir={source}", f"--basetemp={build / 'claims'}"]
    command += [f"--junitxml={build / 'claims.xml'}", *tests]
    outer = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    with (build / "claims.log").open("wb") as log:
        process = subprocess.Popen(
            command, cwd=source, env=outer, stdout=log, stderr=subprocess.STDOUT
        )
    return Run(process, build, tests, ledger.break_tests(source))


def finish(run: Run) -> list[str]:
    """Wait, write claims.json, and say which tests did not pass."""
    run.process.wait()
    found = outcomes(run)
    os.environ[RUN] = uuid.uuid4().hex
    report = {"run": os.environ[RUN], "tests": {name: vars(found[name]) for name in found}}
    (run.build / "claims.json").write_text(json.dumps(report, indent=1), encoding="utf-8")
    return [
        f"{name} {result.outcome}: {result.said}"
        for name, result in found.items()
        if result.outcome != "passed"
    ]


def outcomes(run: Run) -> dict[str, Outcome]:
    """What became of each test that the ledger names; all its parameters must pass."""
    report = run.build / "claims.xml"
    cases = list(ElementTree.parse(report).iter("testcase")) if report.exists() else []
    found = {}
    for name in run.tests:
        own = [outcome(case) for case in cases if same(name, case)]
        worst = next((one for one in own if one.outcome != "passed"), None)
        result = worst or (own[0] if own else Outcome("failed", "it did not run"))
        if result.outcome == "passed" and name in run.breaks and not result.said:
            result = Outcome("failed", "no margin: use the fixture `breaks` (tests/chapters)")
        found[name] = result
    return found


def outcome(case: ElementTree.Element) -> Outcome:
    """What became of one case in pytest's report."""
    for kind in ("failure", "error", "skipped"):
        problem = case.find(kind)
        if problem is not None:
            said = problem.get("message", "").partition("\n")[0]
            return Outcome("skipped" if kind == "skipped" else "failed", said)
    recorded = case.find("properties/property[@name='break']")
    return Outcome("passed", "" if recorded is None else recorded.get("value", ""))


def same(name: str, case: ElementTree.Element) -> bool:
    """Whether a case of the report is the named test, or one of its parameters."""
    path, _, inside = name.partition("::")
    *classes, function = inside.split("::")
    where = ".".join([path.removesuffix(".py").replace("/", "."), *classes])
    called = case.get("name", "")
    return case.get("classname") == where and function in (called, called.partition("[")[0])
