"""Build the book: `python tools/build.py [--source FOLDER] [--output FOLDER]`.

The chapters are executed side by side with one thread each; then Jupyter Book makes the pages from
the executed notebooks, with warnings as errors.
"""

import argparse
import logging
import os
import re
import subprocess
import sys
from pathlib import Path

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
    os.environ.update(dict.fromkeys(THREADS, "1"), IPYTHONDIR=str(profile.parent))


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
    seconds = [cache.get_cached_project_nb(name).data["execution_seconds"] for name in chapters]
    rows = [f"{s:6.1f} s  {Path(name).stem}" for s, name in zip(seconds, chapters, strict=True)]
    return "\n".join([*rows, f"{sum(seconds):6.1f} s  all chapters"])


def main() -> int:
    """Execute, build, report."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--source", type=Path, default=Path())
    parser.add_argument("--output", type=Path, help="its _build takes everything (default: source)")
    arguments = parser.parse_args()
    source = arguments.source.resolve()
    output = (arguments.output or source).resolve()
    prepare(output / "_build")
    cache = get_cache(str(output / "_build" / ".jupyter_cache"))
    chapters = sorted(map(str, (source / "chapters").glob("*.md")))
    ceiling = yaml.safe_load((source / "_config.yml").read_text())["execute"]["timeout"]
    print("Executing the chapters, side by side …", flush=True)
    if not execute(chapters, cache, ceiling):
        return 1
    times = report(chapters, cache)
    print(times, flush=True)
    (output / "_build" / "seconds.txt").write_text(times)
    command = Path(sys.executable).with_name("jupyter-book")
    options = ["-W", "--keep-going", "-q", "--path-output", str(output)]
    pages = subprocess.run([command, "build", source, *options], stdout=subprocess.DEVNULL)
    return pages.returncode


if __name__ == "__main__":
    sys.exit(main())
