"""How codes become a drawing. ``explorer.js`` does the same in the page: keep the two together."""

import base64
import struct
import zlib
from collections.abc import Iterator, Mapping
from itertools import groupby
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from lipkit._validate import Array
from lipkit.teach.explorers._codes import HOLE, LEVELS, Codes, fractions
from lipkit.teach.explorers._colours import HUES

Attributes = dict[str, str]
MIDDLE = LEVELS // 2
TURN = 0.62  # a text beside a mark further right than this stands at its left


class Box(NamedTuple):
    """Where the axes span, in the units of the SVG."""

    x: float
    y: float
    width: float
    height: float

    def xs(self, codes: Codes) -> Array:
        """Horizontal places of positions."""
        return np.asarray(self.x + fractions(codes) * self.width)

    def ys(self, codes: Codes) -> Array:
        """Vertical places of positions; SVG counts downwards."""
        return np.asarray(self.y + (1 - fractions(codes)) * self.height)


def line(box: Box, data: Mapping[str, Codes]) -> Attributes:
    """A path through points, broken at gaps."""
    return {"d": "".join(_path(run) for run in _runs(box.xs(data["x"]), box.ys(data["y"])))}


def area(box: Box, data: Mapping[str, Codes]) -> Attributes:
    """The closed polygons between gaps."""
    return {"d": "".join(_path(run) + "Z" for run in _runs(box.xs(data["x"]), box.ys(data["y"])))}


def band(box: Box, data: Mapping[str, Codes]) -> Attributes:
    """Closed paths along the upper curve and back along the lower one."""
    x, low, high = box.xs(data["x"]), box.ys(data["low"]), box.ys(data["high"])
    paths = []
    for run in _runs(x, low, high):
        there = [(a, c) for a, _, c in run]
        back = [(a, b) for a, b, _ in reversed(run)]
        paths.append(_path([*there, *back]) + "Z")
    return {"d": "".join(paths)}


def place(box: Box, data: Mapping[str, Codes]) -> Attributes:
    """A move to a point, or along one axis only; hidden in a gap."""
    x = float(box.xs(data["x"])[0]) if "x" in data else 0.0
    y = float(box.ys(data["y"])[0]) if "y" in data else 0.0
    if np.isnan(x + y):
        return {"display": "none"}
    return {"transform": f"translate({short(x)} {short(y)})"}


def turned(data: Mapping[str, Codes]) -> int:
    """On which side of a mark its text stands: 1 is right, −1 left."""
    return -1 if float(fractions(data["x"])[0]) > TURN else 1


def strengths(levels: Codes, signed: bool) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """How strong the two hues are, 0 to 254; at most one of them is above zero."""
    steps = np.where(levels == HOLE, MIDDLE if signed else 0, levels).astype(int)
    if not signed:
        return steps.astype(np.uint8), np.zeros_like(steps, dtype=np.uint8)
    above = 2 * (steps - MIDDLE)
    return np.maximum(above, 0).astype(np.uint8), np.maximum(-above, 0).astype(np.uint8)


def image(data: Mapping[str, Codes], signed: bool, width: int) -> Attributes:
    """A picture with one pixel a level: red is the strength of one hue, blue of the other."""
    red, blue = strengths(data["level"], signed)
    pixels = np.stack([red, np.zeros_like(red), blue], axis=-1).reshape(-1, width, 3)
    return {"href": "data:image/png;base64," + base64.b64encode(png(pixels)).decode("ascii")}


def patches(box: Box, data: Mapping[str, Codes], signed: bool) -> list[Attributes]:
    """A path for each polygon, in one of the hues, as opaque as its level is strong."""
    shapes = _runs(box.xs(data["x"]), box.ys(data["y"]))
    found = []
    for shape, up, down in zip(shapes, *strengths(data["level"], signed), strict=True):
        fill = {"fill": HUES[int(down > 0)], "fill-opacity": short(float(up + down) / LEVELS, 3)}
        found.append({"d": _path(shape) + "Z", **fill})
    return found


def short(value: float, places: int = 1) -> str:
    """A coordinate no longer than the eye needs."""
    return f"{round(value, places) + 0.0:g}" if abs(value) < 1e5 else f"{value:.0f}"


def png(pixels: NDArray[np.uint8]) -> bytes:
    """RGB pixels ``(height, width, 3)`` as a PNG file."""
    height, width, _ = pixels.shape
    rows = np.hstack([np.zeros((height, 1), np.uint8), pixels.reshape(height, -1)])
    head = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    chunks = {b"IHDR": head, b"IDAT": zlib.compress(rows.tobytes(), 9), b"IEND": b""}
    return b"\x89PNG\r\n\x1a\n" + b"".join(_chunk(*chunk) for chunk in chunks.items())


def _chunk(name: bytes, content: bytes) -> bytes:
    check = zlib.crc32(name + content)
    return struct.pack(">I", len(content)) + name + content + struct.pack(">I", check)


def _runs(*columns: Array) -> Iterator[list[tuple[float, ...]]]:
    """The stretches between gaps, as lists of points."""
    points = np.stack(columns, axis=1)
    gaps = np.any(np.isnan(points), axis=1).tolist()
    rows = zip(gaps, points.tolist(), strict=True)
    for gap, run in groupby(rows, key=lambda row: row[0]):
        if not gap:
            yield [tuple(point) for _, point in run]


def _path(points: list[tuple[float, ...]]) -> str:
    return "M" + "L".join(f"{short(x)} {short(y)}" for x, y in points)
