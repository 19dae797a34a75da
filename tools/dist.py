"""Zip the built site into dist/; the same pages give the same bytes."""

import zipfile
from pathlib import Path

from lipkit import __version__

SITE = Path("_build/html")
NAME = f"lipkit-book-{__version__}"


def main() -> None:
    """Write dist/lipkit-book-<version>.zip."""
    target = Path("dist") / f"{NAME}.zip"
    target.parent.mkdir(exist_ok=True)
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as archive:
        for path in sorted(path for path in SITE.rglob("*") if path.is_file()):
            entry = zipfile.ZipInfo(f"{NAME}/{path.relative_to(SITE).as_posix()}")
            archive.writestr(entry, path.read_bytes(), zipfile.ZIP_DEFLATED)
    print(f"{target}: {target.stat().st_size / 1e6:.1f} MB")


if __name__ == "__main__":
    main()
