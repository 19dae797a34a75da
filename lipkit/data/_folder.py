"""Files in a folder that the user names: found, or missing with the paths that were looked at."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit.data._points import Points


def folder_of(folder: str | os.PathLike[str]) -> Path:
    """The folder, if there is one."""
    if not isinstance(folder, (str, os.PathLike)):
        raise TypeError(f"folder: got {type(folder).__name__}, expected a path")
    path = Path(folder)
    if not path.is_dir():
        raise FileNotFoundError(f"folder: got {str(path)!r}, where there is no folder")
    return path


def find(name: str, folder: Path, files: Sequence[str], inside: Sequence[str]) -> Path | None:
    """The first of the places in the folder that holds all files; an error if only some are there.

    Each file may have several names, ``"a|b"``.
    """
    for place in (folder, *(folder / sub for sub in inside)):
        missing = [file for file in files if one_of(place, file) is None]
        if not missing:
            return place
        if len(missing) < len(files):
            raise FileNotFoundError(
                f"{name}: got {str(place)!r} without {', '.join(missing)}; expected all of "
                f"{', '.join(files)}: unpack the archive again"
            )
    return None


def one_of(place: Path, names: str) -> Path | None:
    """The file by the first of its names that is there."""
    return next((place / name for name in names.split("|") if (place / name).is_file()), None)


def points(pixels: NDArray[np.uint8], labels: NDArray[np.uint8]) -> Points:
    """Grey values 0 to 255 as numbers in [0, 1], in single precision; labels as int64."""
    X: Any = np.true_divide(pixels, 255, dtype=np.float32)
    return Points(X, labels.astype(np.int64))


def check_labels(labels: NDArray[np.integer], file: Path) -> None:
    """Raise unless they are classes 0 to 9."""
    if labels.size and not (labels.min() >= 0 and labels.max() <= 9):
        raise ValueError(
            f"{file.name}: got labels {labels.min()} to {labels.max()} in {str(file)!r}, expected "
            "0 to 9; the file is broken or another one: unpack the archive again"
        )
