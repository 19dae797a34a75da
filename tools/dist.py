"""Zip the built site into dist/; the same pages give the same bytes. Every claim must be green."""

import json
import sys
import zipfile
from pathlib import Path

from lipkit import __version__

SITE = Path("_build/html")
NAME = f"lipkit-book-{__version__}"


def green(report: Path) -> bool:
    """Whether the build ran the tests of the ledger, and all of them passed."""
    if not report.exists():
        return False
    tests = json.loads(report.read_text(encoding="utf-8"))["tests"]
    return all(test["outcome"] == "passed" for test in tests.values())


def main() -> None:
    """Write dist/lipkit-book-<version>.zip."""
    if not green(SITE.with_name("claims.json")):
        sys.exit(
            "claims were not run or failed in this build: install requirements-dev.txt, make dist"
        )
    target = Path("dist") / f"{NAME}.zip"
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in SITE.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{NAME}/{path.relative_to(SITE).as_posix()}")
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
