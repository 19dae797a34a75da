"""The face of a live notebook: nine boxes and three menus, drawn again at every change."""

from html import escape
from importlib import import_module
from typing import Any

import numpy as np

from lipkit.teach.explorers.kernel._markup import bars, matrix
from lipkit.teach.explorers.kernel._state import LARGEST, SIZES, STRIDES, State

_SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:.8rem 1.4rem;align-items:center;max-width:64rem"


def live(editor: Any) -> dict[str, Any]:
    """What a notebook shows, by its kind; nothing where ipywidgets is not installed."""
    try:
        ipywidgets = import_module("ipywidgets")
    except ImportError:
        return {}
    return dict(widget(editor, ipywidgets)._repr_mimebundle_() or {})


def widget(editor: Any, ipywidgets: Any) -> Any:
    """The menus, the taps, and below them what they make."""
    taps = [_tap(value, ipywidgets) for value in editor.start.kernel.ravel()]
    menus = _menus(editor, ipywidgets)
    drawn = ipywidgets.HTML()

    def update(_change: Any = None) -> None:
        kernel = np.reshape([tap.value for tap in taps], (3, 3))
        state = State(kernel, *(menus[key].value for key in ("padding", "size", "stride")))
        drawn.value = _drawn(editor, state)

    def begin(change: Any) -> None:
        for tap, value in zip(taps, editor.kernels[change["new"]].ravel(), strict=True):
            tap.value = float(value)

    menus["named"].observe(begin, names="value")
    for one in [*taps, *(menus[key] for key in ("padding", "size", "stride"))]:
        one.observe(update, names="value")
    update()
    grid = ipywidgets.GridBox(taps, layout={"grid_template_columns": "repeat(3, 6rem)"})
    row = ipywidgets.Box(list(menus.values()), layout={"flex_flow": "row wrap"})
    title = ipywidgets.HTML(f"<b>{escape(editor.title)}</b>")
    return ipywidgets.VBox([title, row, grid, drawn])


def _tap(value: float, ipywidgets: Any) -> Any:
    layout = {"width": "5.5rem"}
    return ipywidgets.BoundedFloatText(value=value, min=-LARGEST, max=LARGEST, layout=layout)


def _menus(editor: Any, ipywidgets: Any) -> dict[str, Any]:
    start = editor.start
    options = {
        "named": ("begin with the kernel", list(editor.kernels), next(iter(editor.kernels))),
        "padding": ("padding", list(editor.paddings), start.padding),
        "size": ("pixels along a side", list(SIZES), start.size),
        "stride": ("stride", list(STRIDES), start.stride),
    }
    look = {"style": {"description_width": "initial"}}
    return {
        key: ipywidgets.Dropdown(description=label, options=values, value=first, **look)
        for key, (label, values, first) in options.items()
    }


def _drawn(editor: Any, state: State) -> str:
    output = editor.view(**state.arguments())
    said = escape(editor.spoken(state))
    svg = matrix(output["matrix"], said).replace("<svg ", '<svg style="width:17rem" ')
    table = f'<div style="flex:1 1 20rem">{bars(output, editor.numbers)}</div>'
    return f'<div style="{_SIDE_BY_SIDE}">{svg}{table}</div><p><b>{said}</b></p>'
