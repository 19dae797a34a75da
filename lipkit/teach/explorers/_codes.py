"""Positions and levels as small integers, and arrays of them as text for the page."""

import base64
from collections.abc import Sequence
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

from lipkit._validate import Array

Codes: TypeAlias = NDArray[np.uint16] | NDArray[np.uint8]

GAP = 65535  # no position: NaN, or a point off the axis
STEPS = 65534
LOWEST, SPAN = -1.0, 3.0  # positions reach one length of the axis beyond both ends
HOLE = 255  # no level
LEVELS = 254


def positions(fractions: ArrayLike) -> Codes:
    """Fractions of an axis as uint16, clipped to [-1, 2]; NaN becomes the gap."""
    f = np.asarray(fractions, dtype=float).ravel()
    steps = np.rint((np.clip(f, LOWEST, LOWEST + SPAN) - LOWEST) / SPAN * STEPS)
    return np.where(np.isnan(f), GAP, steps).astype(np.uint16)


def fractions(codes: Codes) -> Array:
    """What the page makes of positions: fractions again, NaN for the gap."""
    f = LOWEST + np.asarray(codes, dtype=float) / STEPS * SPAN
    return np.where(codes == GAP, np.nan, f)


def levels(values: ArrayLike, low: float, high: float) -> Codes:
    """Values as uint8 steps from ``low`` to ``high``, clipped; NaN becomes the hole."""
    z = np.asarray(values, dtype=float).ravel()
    steps = np.rint((np.clip(z, low, high) - low) / (high - low) * LEVELS)
    return np.where(np.isnan(z), HOLE, steps).astype(np.uint8)


def pack(states: Sequence[Codes]) -> dict[str, Any]:
    """The arrays of all states as text: equal ones once, and which one each state has."""
    places: dict[bytes, int] = {}
    index = [places.setdefault(codes.tobytes(), len(places)) for codes in states]
    wide = states[0].dtype == np.uint16
    lengths = [len(content) // (2 if wide else 1) for content in places]
    packed: dict[str, Any] = {"wide": wide, "data": _text(b"".join(places))}
    if len(set(lengths)) == 1:
        packed["size"] = lengths[0]
    else:
        packed["ends"] = np.cumsum(lengths).tolist()
    if 1 < len(places) < len(states):
        packed["index"] = _text(np.array(index, dtype="<u2").tobytes())
    return packed


def unpack(packed: dict[str, Any], state: int) -> Codes:
    """The array of one state, as the page's script reads it."""
    data = np.frombuffer(base64.b64decode(packed["data"]), "<u2" if packed["wide"] else np.uint8)
    i = 0 if len(data) == packed.get("size") else state
    if "index" in packed:
        i = int(np.frombuffer(base64.b64decode(packed["index"]), "<u2")[state])
    if "size" in packed:
        return data[i * packed["size"] : (i + 1) * packed["size"]]
    return data[packed["ends"][i - 1] if i else 0 : packed["ends"][i]]


def _text(content: bytes) -> str:
    return base64.b64encode(content).decode("ascii")
