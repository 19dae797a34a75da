"""Build the book: `python tools/build.py [--source FOLDER] [--output FOLDER]`.

The ledger must have no gap. The chapters are executed side by side with one thread each, and beside
them the tests that the ledger names; then Jupyter Book makes the pages from the executed notebooks,
with warnings as errors.
"""

import argparse
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

import checks
import ledger
import yaml
from jupyter_cache import get_cache
from jupyter_cache.base import JupyterCacheAbstract
from jupyter_cache.executors import load_executor

THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "VECLIB_MAXIMUM_THREADS")

COLOUR = re.compile(r"\x1b\[[\d;]*m")


def prepare(build: Path) -> None:
    """One thread a kernel, and no IPython settings of the person who builds."""
    profile = build / ".ipython" / "profile_default"
    profile.mkdir(parents=True, exist_ok=True)
    (profile / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 40\n")
    os.environ.update(
        dict.fromkeys(THREADS, "1"), IPYTHONDIR=str(profile.parent), LIPKIT_FACE="page"
    )


def execute(chapters: list[str], cache: JupyterCacheAbstract, ceiling: int) -> bool:
    """Execute what the cache does not hold yet; print the traceback of every failure."""
    for chapter in chapters:
        cache.add_nb_to_project(chapter, read_data={"name": "myst_nb_md", "type": "plugin"})
    logger = logging.getLogger("jupyter-cache")
    logger.setLevel(logging.ERROR)
    executor = load_executor("local-parallel", cache, logger=logger)
    result = executor.run_and_cache(filter_uris=chapters, timeout=ceiling)
    failed = [*result.excepted, *result.errored]
    for chapter in failed:
        traceback = cache.get_project_record(chapter).traceback or ""
        print(f"\n{chapter} failed\n{COLOUR.sub('', traceback)}", file=sys.stderr, flush=True)
    return not failed


def report(chapters: list[str], cache: JupyterCacheAbstract) -> str:
    """One line a chapter: the seconds that its execution took, and its name."""
    records = {name: cache.get_cached_project_nb(name) for name in chapters}
    if changed := [Path(name).stem for name, record in records.items() if record is None]:
        sys.exit(f"{', '.join(changed)}: changed while the book was built; build again")
    seconds = [record.data["execution_seconds"] for record in records.values()]
    rows = [f"{s:6.1f} s  {Path(name).stem}" for s, name in zip(seconds, chapters, strict=True)]
    return "\n".join([*rows, f"{sum(seconds):6.1f} s  all chapters"])


def pages(source: Path, output: Path) -> bool:
    """Make the pages from the executed notebooks."""
    command = Path(sys.executable).with_name("jupyter-book")
    options = ["-W", "--keep-going", "-q", "--path-output", str(output)]
    made = subprocess.run([command, "build", source, *options], stdout=subprocess.DEVNULL)
    return made.returncode == 0


def claims(run: checks.Run | None) -> bool:
    """Wait for the tests that the ledger names; print every one that did not pass."""
    if run is None:
        print("claims: not run (no ledger, or no pytest: make test has it)", flush=True)
        return True
    failed = checks.finish(run)
    if failed:
        print("\n".join([run.log, "claims:", *failed]), file=sys.stderr, flush=True)
    print(f"claims: {len(run.tests) - len(failed)} of {len(run.tests)} tests passed", flush=True)
    return not failed


def make(source: Path, output: Path) -> int:
    """Check, execute, report, make the pages."""
    if gaps := ledger.faults(source):
        print("\n".join(gaps), file=sys.stderr)
        return 1
    build = output / "_build"
    prepare(build)
    run = checks.start(source, build)
    cache = get_cache(str(build / ".jupyter_cache"))
    chapters = sorted(map(str, (source / "chapters").glob("*.md")))
    ceiling = yaml.safe_load((source / "_config.yml").read_text())["execute"]["timeout"]
    print("Executing the chapters, side by side …", flush=True)
    executed = execute(chapters, cache, ceiling)
    true = claims(run)
    if not executed:
        return 1
    times = report(chapters, cache)
    print(times, flush=True)
    (build / "seconds.txt").write_text(times)
    return 0 if pages(source, output) and true else 1


def main() -> int:
    """Read the arguments and make the book."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=Path())
    parser.add_argument("--output", type=Path, help="its _build takes everything (default: source)")
    arguments = parser.parse_args()
    source = arguments.source.resolve()
    return make(source, (arguments.output or source).resolve())


if __name__ == "__main__":
    sys.exit(main())
