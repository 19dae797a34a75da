"""CIFAR-10 from a folder, in either of the formats in which its authors give it."""

import os
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from lipkit.data._folder import check_labels, find, folder_of, points
from lipkit.data._points import Points, Split
from lipkit.data._unpickle import Content, Refused, read_dict

_IMAGE = (3, 32, 32)
_PIXELS = 3072
_PYTHON = ("data_batch_1", "data_batch_2", "data_batch_3", "data_batch_4", "data_batch_5")
_BINARY = tuple(f"{name}.bin" for name in _PYTHON)


def cifar10(folder: str | os.PathLike[str]) -> Split:
    """CIFAR-10 from a folder that holds its files, 50 000 images to train on and 10 000 to test.

    The folder, or ``cifar-10-batches-py`` in it, has the Python version: ``data_batch_1`` to
    ``data_batch_5`` and ``test_batch``; or it, or ``cifar-10-batches-bin`` in it, has the binary
    one: the same with ``.bin``. Nothing is downloaded. The pickles are *read, never executed*: a
    file that asks for anything but numbers, text and arrays is refused.

    ``X`` is ``(n, 3, 32, 32)``, channels red, green, blue, float32 in [0, 1] (multiples of 1/255);
    ``y`` is ``(n,)``, int64, 0 to 9. Raises ``FileNotFoundError`` that names the files expected,
    and ``ValueError`` for a file that is broken or not of the format.
    [Krizhevsky 2009; https://www.cs.toronto.edu/~kriz/cifar.html]

    >>> cifar10("nowhere")
    Traceback (most recent call last):
        ...
    FileNotFoundError: folder: got 'nowhere', where there is no folder
    """
    root = folder_of(folder)
    place = find("cifar10", root, (*_PYTHON, "test_batch"), ["cifar-10-batches-py"])
    if place is not None:
        return _split(place, _PYTHON, "test_batch", _pickled)
    place = find("cifar10", root, (*_BINARY, "test_batch.bin"), ["cifar-10-batches-bin"])
    if place is not None:
        return _split(place, _BINARY, "test_batch.bin", _records)
    raise FileNotFoundError(
        f"cifar10: got {str(root)!r}, expected data_batch_1 to data_batch_5 and test_batch in it "
        "or in its cifar-10-batches-py, or the same with .bin; get the archive from "
        "https://www.cs.toronto.edu/~kriz/cifar.html and unpack it there"
    )


def _split(place: Path, train: tuple[str, ...], test: str, read: Any) -> Split:
    return Split(_joined([read(place / name) for name in train]), _joined([read(place / test)]))


def _joined(parts: list[tuple[NDArray[np.uint8], NDArray[np.uint8]]]) -> Points:
    pixels, labels = (np.concatenate(column) for column in zip(*parts, strict=True))
    return points(pixels.reshape(-1, *_IMAGE), labels)


def _pickled(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    try:
        with file.open("rb") as stream:
            content = read_dict(stream)
        pixels = _array(content, "data")
        labels = _array(content, "labels")
    except Refused as refused:
        raise ValueError(
            f"{file.name}: got {refused}, in {str(file)!r}, expected a batch of CIFAR-10's Python "
            "version; unpack the archive again, and use no file that somebody changed"
        ) from refused
    if pixels.dtype != np.uint8 or pixels.shape != (len(labels), _PIXELS) or labels.ndim != 1:
        raise ValueError(
            f"{file.name}: got data of shape {pixels.shape}, {pixels.dtype}, and labels of shape "
            f"{labels.shape} in {str(file)!r}, expected (n, {_PIXELS}) uint8 and (n,)"
        )
    check_labels(labels, file)
    return pixels, labels.astype(np.uint8)


def _array(content: dict[str, Any], key: str) -> NDArray[Any]:
    if key not in content:
        raise Refused(f"a dict with {', '.join(sorted(content)) or 'nothing'} and no {key!r}")
    found = content[key]
    if isinstance(found, Content):
        return found.array()
    if isinstance(found, list) and all(type(value) is int for value in found):
        return np.array(found, dtype=np.int64)
    raise Refused(f"{key!r} that is no list of whole numbers and no array")


def _records(file: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    content = np.fromfile(file, np.uint8)
    if content.size == 0 or content.size % (1 + _PIXELS):
        raise ValueError(
            f"{file.name}: got {content.size} bytes in {str(file)!r}, expected a multiple of "
            f"{1 + _PIXELS}, a label and {_PIXELS} pixels an image; unpack the archive again"
        )
    rows = content.reshape(-1, 1 + _PIXELS)
    check_labels(rows[:, 0], file)
    return rows[:, 1:], rows[:, 0]
