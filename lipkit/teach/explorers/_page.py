"""The face of the page: controls, drawings, sentence and table as HTML."""

import json
import re
from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lipkit.teach.explorers._colours import SIGNS, text_colour
from lipkit.teach.explorers._elements import flat, tag
from lipkit.teach.panels import Control, Number

_SLOT = re.compile(r'(data-lk-text="([^"]+)"[^>]*>)[^<]*')
_KINDS = {
    "lower": ", a lower answer",
    "upper": ", an upper answer",
    "exact": ", exact",
    "estimate": ", an estimate",
    "grey": "",
}
_STILL = "This explorer moves only with scripts; without them it shows its first state."


def filled(markup: str, texts: Mapping[str, str]) -> str:
    """The markup with every ``data-lk-text`` slot filled, as the page's script fills it."""
    return _SLOT.sub(lambda found: found[1] + escape(texts[found[2]]), markup)


def page(
    name: str, title: str, controls: str, drawings: str, say: str, caption: str, table: str
) -> str:
    """The explorer without its numbers; slots are empty yet."""
    drag = "lk-ex-area" in drawings
    hint = tag("span", {"class": "lk-ex-hint"}, "or drag in the picture") if drag else ""
    back = hint + tag("button", {"type": "button", "class": "lk-ex-back"}, "Back to start")
    box = {"class": "lk-ex-scroll", "tabindex": "0", "role": "region"}
    box["aria-label"] = f"The numbers of: {title}"
    return "".join(
        [
            tag("p", {"class": "lk-ex-title", "id": f"{name}-title"}, escape(title)),
            tag("div", {"class": "lk-ex-controls", "hidden": ""}, controls + back),
            tag("div", {"class": "lk-ex-panels"}, drawings),
            tag("p", {"class": "lk-ex-say", "aria-live": "polite", "aria-atomic": "true"}, say),
            tag("p", {"class": "lk-ex-caption"}, escape(caption)) if caption else "",
            tag("p", {"class": "lk-ex-still"}, _STILL),
            tag(
                "details",
                {"class": "lk-ex-numbers"},
                tag("summary", {}, "The numbers") + tag("div", box, table),
            ),
        ]
    )


def frame(name: str, inner: str, kind: str = "explorer") -> str:
    """The element around all of it; ``kind`` says which script moves it."""
    fixed = {"class": "lk-explorer", "id": name, f"data-lk-{kind}": "", "role": "group"}
    return tag("div", fixed | {"aria-labelledby": f"{name}-title"}, inner)


def control(name: str, one: Control, ident: str) -> str:
    """One control with its label."""
    label = tag("label", {"for": ident}, escape(one.label))
    fixed = {"id": ident, "data-lk-control": name, "autocomplete": "off"}
    if one.shape == "checkbox":
        checked = {"checked": ""} if one.start else {}
        box = f"<input{flat({'type': 'checkbox'} | fixed | checked)}>"
        return tag("div", {"class": "lk-ex-control"}, box + label)
    if one.shape == "select":
        options = "".join(
            tag("option", _option(i, one.start), escape(text)) for i, text in enumerate(one.texts)
        )
        return tag("div", {"class": "lk-ex-control"}, label + tag("select", fixed, options))
    fixed |= {"type": "range", "min": "0", "max": str(len(one.values) - 1), "step": "1"}
    fixed |= {"value": str(one.start), "aria-valuetext": one.texts[one.start] + one.suffix}
    value = tag("span", {"data-lk-text": name}) + escape(one.suffix)
    width = max(map(len, one.texts)) + len(one.suffix)
    shown = {"class": "lk-ex-value", "aria-hidden": "true", "style": f"min-width:{width}ch"}
    inner = label + f"<input{flat(fixed)}>" + tag("span", shown, value)
    return tag("div", {"class": "lk-ex-control lk-ex-slider"}, inner)


def _option(i: int, start: int) -> dict[str, str]:
    return {"value": str(i)} | ({"selected": ""} if i == start else {})


def table(
    along: str,
    controls: Mapping[str, Control],
    numbers: Mapping[str, Number],
    rows: Sequence[Mapping[str, str]],
    current: int,
) -> str:
    """Every number along one control, the others as they are set."""
    first = controls[along]
    heads = tag("th", {"scope": "col"}, escape(_with_unit(first.label, first.suffix.strip())))
    heads += "".join(tag("th", {"scope": "col"}, number_name(one)) for one in numbers.values())
    lines = []
    for i, texts in enumerate(rows):
        cells = tag("th", {"scope": "row"}, escape(texts[along]))
        cells += "".join(tag("td", {"data-lk-cell": key}, escape(texts[key])) for key in numbers)
        lines.append(tag("tr", {"aria-current": "true"} if i == current else {}, cells))
    body = tag("tbody", {"data-lk-along": along}, "".join(lines))
    others = [
        escape(one.label) + ": " + tag("b", {"data-lk-text": name}) + escape(one.suffix)
        for name, one in controls.items()
        if name != along
    ]
    caption = tag("caption", {}, "; ".join(others)) if others else ""
    return tag("table", {}, caption + tag("thead", {}, tag("tr", {}, heads)) + body)


def number_name(number: Number) -> str:
    """The name of a number with the sign of its kind, which is also said in words."""
    name = escape(_with_unit(number.name, number.unit))
    if number.kind not in SIGNS:
        return name
    style = {"style": f"color:{text_colour(number.kind)}", "aria-hidden": "true"}
    sign = tag("span", style, SIGNS[number.kind] + "\N{NO-BREAK SPACE}")
    return sign + name + tag("span", {"class": "lk-ex-spoken"}, _KINDS[number.kind])


def _with_unit(name: str, unit: str) -> str:
    return f"{name} ({unit})" if unit else name


def script(payload: Mapping[str, Any]) -> str:
    """The numbers for the page's script; no text in them can end the element."""
    content = json.dumps(payload, separators=(",", ":")).replace("<", "\\u003c")
    return tag("script", {"type": "application/json"}, content)
