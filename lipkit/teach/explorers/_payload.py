"""What the page's script needs to know: texts and codes of all states."""

import base64
import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from lipkit.teach.explorers._codes import pack
from lipkit.teach.explorers._colours import HUES
from lipkit.teach.explorers._elements import Element, Output, Picture
from lipkit.teach.explorers._grid import Grid


def payload(
    grid: Grid,
    pictures: Sequence[Picture],
    outputs: Sequence[Output],
    texts: Sequence[Mapping[str, str]],
) -> dict[str, Any]:
    """All that changes from state to state, ready for JSON; arrays and texts by their names."""
    moves, arrays = _moves([one for picture in pictures for one in picture.elements], outputs)
    return {
        "controls": [
            {"name": name, "start": one.start, "texts": [each + one.suffix for each in one.texts]}
            for name, one in grid.controls.items()
        ],
        "texts": {
            key: _packed_texts([each[key] for each in texts])
            for key in texts[0]
            if len({each[key] for each in texts}) > 1
        },
        "arrays": arrays,
        "moves": moves,
        "hues": HUES,
        "drags": [_drag(picture, list(grid.controls)) for picture in pictures if picture.drag],
    }


def _moves(
    elements: Iterable[Element], outputs: Sequence[Output]
) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The elements that move, and the arrays that they move by."""
    moves, arrays, still = [], {}, set()
    for number, element in enumerate(elements):
        names = {side: channel.name for side, channel in element.channels.items()}
        for channel in element.channels.values():
            if channel.name in arrays or channel.name in still:
                continue
            states = [channel.codes(output) for output in outputs]
            if len({codes.tobytes() for codes in states}) == 1:
                still.add(channel.name)
            arrays[channel.name] = pack(states)
        if not still.issuperset(names.values()):
            moves.append({"at": number, "from": names, **_facts(element)})
    used = {name for move in moves for name in move["from"].values()}
    return moves, {name: packed for name, packed in arrays.items() if name in used}


def _facts(element: Element) -> dict[str, Any]:
    facts: dict[str, Any] = {"verb": element.verb, "box": [round(x, 2) for x in element.box]}
    if element.verb in ("image", "patches"):
        facts |= {"signed": element.signed, "columns": element.columns}
    return facts


def _packed_texts(texts: Sequence[str]) -> dict[str, Any]:
    """Different texts once, with the number of its text for each state."""
    places: dict[str, int] = {}
    index = [places.setdefault(text, len(places)) for text in texts]
    found: dict[str, Any] = {"texts": list(places)}
    if len(places) < len(texts):
        found["index"] = base64.b64encode(np.array(index, dtype="<u2").tobytes()).decode("ascii")
    return found


def _drag(picture: Picture, names: list[str]) -> list[Any]:
    return [side and {"control": names.index(side[0]), "at": side[1]} for side in picture.drag]


def heaviest(content: Mapping[str, Any], most: int = 3) -> str:
    """The largest arrays and texts, with their sizes."""
    sizes = {
        name: len(json.dumps(part))
        for kind in ("arrays", "texts")
        for name, part in content[kind].items()
    }
    largest = sorted(sizes, key=lambda name: -sizes[name])[:most]
    return ", ".join(f"{name} ({sizes[name] / 1000:.0f} kB)" for name in largest)
