"""API pages as a reader wants them: prose before parameters, types by their short names."""

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from sphinx.application import Sphinx
from sphinx.util.typing import stringify_annotation

SHORT = {
    stringify_annotation(long, "smart"): short
    for long, short in [
        (ArrayLike, "array-like"),
        (NDArray[np.float64], "array of floats"),
        (NDArray[np.int64], "array of integers"),
        (NDArray[np.intp], "array of integers"),
        (NDArray[np.bool_], "array of booleans"),
        (int | np.random.Generator, "seed or generator"),
    ]
}


def prose_first(
    _app: Sphinx, _kind: str, _name: str, _what: Any, _how: Any, doc: list[str]
) -> None:
    """Move `Parameters` behind the paragraphs after it, which napoleon takes for parameters."""
    if "Parameters" not in doc:
        return
    start = doc.index("Parameters")
    for i in range(start + 2, len(doc) - 1):
        starts = not doc[i - 1] and doc[i] and not doc[i].startswith(" ")
        if starts and not doc[i + 1].startswith(" "):
            doc[start:] = [*doc[i:], "", *doc[start:i]]
            return


def shorten(app: Sphinx, _kind: str, name: str, *_rest: Any) -> None:
    """Replace what autodoc noted for this function."""
    types = app.env.temp_data.get("annotations", {}).get(name, {})
    for parameter, text in types.items():
        for long, short in SHORT.items():
            text = text.replace(long, short)
        types[parameter] = text


def setup(app: Sphinx) -> dict[str, bool]:
    """Register with Sphinx: before napoleon reads, after autodoc has taken its notes."""
    app.connect("autodoc-process-docstring", prose_first, priority=100)
    app.connect("autodoc-process-signature", shorten, priority=900)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
