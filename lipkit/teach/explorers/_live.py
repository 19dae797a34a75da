"""The face of a live notebook: widgets that take any value, drawn again at every change."""

import math
from html import escape
from importlib import import_module
from typing import Any

from lipkit.teach.explorers._page import number_name
from lipkit.teach.panels import Control

_SIDE_BY_SIDE = "display:flex;flex-wrap:wrap;gap:.8rem 1.4rem;align-items:center;max-width:64rem"
_ONE = '<svg style="flex:1 1 17rem;max-width:24rem;min-width:0" '
_ALERT = "border-left:.25rem solid #b33c00;padding:.3rem .8rem"


def live(explorer: Any) -> dict[str, Any]:
    """What a notebook shows, by its kind; nothing where ipywidgets is not installed."""
    try:
        ipywidgets = import_module("ipywidgets")
    except ImportError:
        return {}
    return dict(widget(explorer, ipywidgets)._repr_mimebundle_() or {})


def widget(explorer: Any, ipywidgets: Any) -> Any:
    """The controls above, and below them what they set: drawings, sentence, numbers."""
    controls = {name: _control(one, ipywidgets) for name, one in explorer.controls.items()}
    drawn, told = ipywidgets.HTML(), ipywidgets.HTML()

    def update(_change: Any = None) -> None:
        try:
            shown = explorer.shown(**{name: one.value for name, one in controls.items()})
        except Exception as error:
            told.value = f'<div role="alert" style="{_ALERT}">{escape(str(error))}</div>'
            return
        svg = shown.svg.replace("<svg ", _ONE)
        drawn.value = f'<div style="{_SIDE_BY_SIDE}">{svg}</div>'
        told.value = f"<p><b>{escape(shown.say)}</b></p>{_table(explorer, shown.texts)}"

    for one in controls.values():
        one.observe(update, names="value")
    update()
    title = ipywidgets.HTML(f"<b>{escape(explorer.title)}</b>")
    row = ipywidgets.Box(list(controls.values()), layout={"flex_flow": "row wrap"})
    return ipywidgets.VBox([title, row, drawn, told])


def _control(one: Control, ipywidgets: Any) -> Any:
    start = one.values[one.start]
    look = {"description": one.label, "style": {"description_width": "initial"}, "value": start}
    if one.shape == "checkbox":
        return ipywidgets.Checkbox(**look, indent=False)
    if one.shape == "select":
        return ipywidgets.Dropdown(**look, options=list(zip(one.texts, one.values, strict=True)))
    if one.span is None:
        texts = [text + one.suffix for text in one.texts]
        options = list(zip(texts, one.values, strict=True))
        return ipywidgets.SelectionSlider(**look, options=options)
    low, high, step = one.span
    if one.suffix:
        look["description"] = f"{one.label} ({one.suffix.strip()})"
    if isinstance(start, int):
        return ipywidgets.IntSlider(**look, min=low, max=high, step=step)
    digits = max(0, -math.floor(math.log10(step) + 1e-9))
    return ipywidgets.FloatSlider(
        **look, min=low, max=high, step=step, readout_format=f".{digits}f"
    )


def _table(explorer: Any, texts: dict[str, str]) -> str:
    rows = "".join(
        f'<tr><th scope="row" style="text-align:left">{number_name(number)}</th>'
        f'<td style="text-align:right">{escape(texts[key])}</td></tr>'
        for key, number in explorer.numbers.items()
    )
    return f"<table>{rows}</table>"
