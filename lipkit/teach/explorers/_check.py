"""Whether the marks find in the view's output what they draw."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np

from lipkit.teach.explorers._elements import Output
from lipkit.teach.explorers._shapes import Shapes
from lipkit.teach.panels import Band, Curve, Dot, Heat, Number, Patches, Plot, Rule, Ruler

LINE, PLANE, NUMBER = "an array with one axis", "an array with two axes", "a number"
POLYGONS = "a list of polygons"

_NEEDS: dict[type, dict[str, str]] = {
    Curve: {"x": LINE, "y": LINE},
    Band: {"x": LINE, "low": LINE, "high": LINE},
    Rule: {"x": NUMBER, "y": NUMBER},
    Dot: {"x": NUMBER, "y": NUMBER},
    Heat: {"z": PLANE},
    Patches: {"polygons": POLYGONS, "levels": LINE, "inside": NUMBER},
}


def check_panels(
    panels: Sequence[Plot | Ruler], outputs: Sequence[Output], numbers: Mapping[str, Number]
) -> None:
    """Raise ``ValueError`` where a key is missing, of another kind, or of another length."""
    for panel in panels:
        if isinstance(panel, Ruler):
            _check_ruler(panel, outputs[0], numbers)
            continue
        if not isinstance(panel, Plot):
            raise TypeError(f"show: got {panel!r}, expected panels.plot(…) or panels.ruler(…)")
        for mark in panel.marks:
            if type(mark) not in _NEEDS:
                raise TypeError(f"plot: got {mark!r}, expected marks such as panels.curve(…)")
            _check_mark(mark, outputs[0])
            for output in outputs:
                _check_lengths(mark, output)


def _check_ruler(ruler: Ruler, output: Output, numbers: Mapping[str, Number]) -> None:
    for key in ruler.keys:
        if key not in numbers:
            raise ValueError(
                f"ruler: got {key!r}, expected one of numbers: {', '.join(map(repr, numbers))}"
            )
        _check_key(key, NUMBER, output, "ruler")


def _check_mark(mark: Any, output: Output) -> None:
    for field, need in _NEEDS[type(mark)].items():
        ref = getattr(mark, field)
        where = f"{type(mark).__name__.lower()}, {field}"
        if isinstance(ref, str):
            _check_key(ref, need, output, where)
        elif not _needs_no_key(mark, field, ref):
            raise TypeError(f"{where}: got {ref!r}, expected a key of what view returns")


def _needs_no_key(mark: Any, field: str, ref: Any) -> bool:
    if ref is None:
        return isinstance(mark, Rule) or field == "inside"
    return isinstance(mark, Rule | Dot) and isinstance(ref, int | float)


def _check_key(key: str, need: str, output: Output, where: str) -> None:
    if key not in output:
        raise ValueError(
            f"{where}: got {key!r}, which is no control and not in what view returns: "
            f"{', '.join(map(repr, output))}"
        )
    if _kind(output[key]) != need:
        raise ValueError(f"{where}: got {_kind(output[key])} for {key!r}, expected {need}")


def _kind(value: Any) -> str:
    if isinstance(value, Shapes):
        return POLYGONS
    if isinstance(value, np.ndarray):
        return LINE if value.ndim == 1 else PLANE
    return NUMBER if isinstance(value, int | float) else "a text"


def _check_lengths(mark: Any, output: Output) -> None:
    if isinstance(mark, Patches):
        keys = [mark.polygons, mark.levels]
        if mark.inside is not None:
            output[mark.polygons].one(int(output[mark.inside]))
    elif isinstance(mark, Curve | Band):
        keys = [getattr(mark, field) for field in _NEEDS[type(mark)]]
    else:
        return
    lengths = {key: len(output[key]) for key in keys}
    if len(set(lengths.values())) > 1:
        found = ", ".join(f"{length} for {key!r}" for key, length in lengths.items())
        raise ValueError(
            f"{type(mark).__name__.lower()}: got the lengths {found}, expected the same for all"
        )
