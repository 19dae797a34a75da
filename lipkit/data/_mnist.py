"""MNIST from a folder, in the IDX format in which its authors give it, packed or not."""

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from lipkit.data._folder import check_labels, find, folder_of, one_of, points
from lipkit.data._points import Points, Split

_FILES = tuple(
    f"{side}-{what}-idx{n}-ubyte|{side}-{what}-idx{n}-ubyte.gz|{side}-{what}.idx{n}-ubyte"
    for side in ("train", "t10k")
    for what, n in (("images", 3), ("labels", 1))
)
_BYTES = 8  # the code of unsigned bytes in an IDX file
_LARGEST = 1 << 32  # bytes: MNIST has 47 million


def mnist(folder: str | os.PathLike[str]) -> Split:
    """MNIST from a folder that holds its files, 60 000 images to train on and 10 000 to test.

    The folder, or ``MNIST/raw`` in it, has ``train-images-idx3-ubyte``, ``train-labels-idx1-ubyte``
    and the same two with ``t10k``, each plain or with ``.gz``. Nothing is downloaded.

    ``X`` is ``(n, 1, height, width)``, 28 × 28 in MNIST, float32 in [0, 1] (multiples of 1/255);
    ``y`` is ``(n,)``, int64, 0 to 9. Raises ``FileNotFoundError`` that names the files expected,
    and ``ValueError`` for a file that is broken or not of the format.
    [LeCun, Cortes and Burges 1998; http://yann.lecun.com/exdb/mnist]

    >>> mnist("nowhere")
    Traceback (most recent call last):
        ...
    FileNotFoundError: folder: got 'nowhere', where there is no folder
    """
    root = folder_of(folder)
    place = find("mnist", root, _FILES, ["MNIST/raw"])
    if place is None:
        raise FileNotFoundError(
            f"mnist: got {str(root)!r}, expected train-images-idx3-ubyte, train-labels-idx1-ubyte, "
            "t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte in it or in its MNIST/raw, plain or "
            "with .gz"
        )
    return Split(_side(place, *_FILES[:2]), _side(place, *_FILES[2:]))


def _side(place: Path, images: str, labels: str) -> Points:
    image_file, label_file = one_of(place, images), one_of(place, labels)
    assert image_file is not None
    assert label_file is not None
    pixels, classes = _idx(image_file, 3), _idx(label_file, 1)
    if len(pixels) != len(classes):
        raise ValueError(
            f"mnist: got {len(pixels)} images in {image_file.name} and {len(classes)} labels in "
            f"{label_file.name}, expected as many of both; take both from one download"
        )
    check_labels(classes, label_file)
    return points(pixels[:, None], classes)


def _idx(file: Path, ndim: int) -> NDArray[np.uint8]:
    opener: Any = gzip.open if file.suffix == ".gz" else open
    try:
        with opener(file, "rb") as stream:
            return _read(stream, file, ndim)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise _broken(file, f"a .gz that cannot be unpacked ({error})") from error


def _read(stream: IO[bytes], file: Path, ndim: int) -> NDArray[np.uint8]:
    head = stream.read(4 * (1 + ndim))
    if len(head) < 4 * (1 + ndim) or head[:4] != bytes([0, 0, _BYTES, ndim]):
        raise _broken(file, f"the first bytes {head[:4].hex(' ')}, not 00 00 08 {ndim:02x}")
    shape = struct.unpack(f">{ndim}I", head[4:])
    size = math.prod(shape)
    if not 0 < size < _LARGEST:
        raise _broken(file, f"the shape {shape}")
    content = stream.read(size + 1)  # no more: a packed file may unpack to anything
    if len(content) != size:
        more = "more" if len(content) > size else f"{len(content)}"
        raise _broken(file, f"{more} bytes after the head, not {size} for the shape {shape}")
    return np.frombuffer(content, np.uint8).reshape(shape)


def _broken(file: Path, got: str) -> ValueError:
    return ValueError(
        f"{file.name}: got {got} in {str(file)!r}, expected an IDX file of unsigned bytes as MNIST "
        "has them; it is broken or another one: get it again"
    )
