"""The face of the page: the first state, and what the script needs to compute all others."""

from collections.abc import Mapping, Sequence
from html import escape
from typing import Any

from lipkit._validate import Array
from lipkit.teach.explorers._elements import tag
from lipkit.teach.explorers._page import control, filled, frame, script
from lipkit.teach.explorers.kernel import _markup
from lipkit.teach.explorers.kernel._state import SIZES, STRIDES, State
from lipkit.teach.panels import Control, Number, choice

_STILL = "The kernel can be edited only with scripts; without them you see its first state."
_OWN = "your own"


def controls_of(
    kernels: Mapping[str, Array], paddings: Sequence[str], start: State
) -> dict[str, Control]:
    """What stands above the kernel."""
    sizes, strides = ({str(value): value for value in values} for values in (SIZES, STRIDES))
    return {
        "named": choice("begin with the kernel", [*kernels, _OWN]),
        "padding": choice("padding", list(paddings), start=start.padding),
        "size": choice("pixels along a side", sizes, start=start.size),
        "stride": choice("stride", strides, start=start.stride),
    }


def page(
    name: str,
    title: str,
    caption: str,
    controls: Mapping[str, Control],
    kernels: Mapping[str, Array],
    numbers: Mapping[str, Number],
    start: State,
    output: Mapping[str, Any],
    say: str,
    spoken: str,
) -> str:
    """All of it; the script ``kernel.js`` computes what the view would return."""
    head = "".join(control(key, one, f"{name}-{key}") for key, one in controls.items())
    head += tag("button", {"type": "button", "class": "lk-ex-back"}, "Back to start")
    told = {"class": "lk-ex-say", "aria-live": "polite", "aria-atomic": "true"}
    parts = [
        tag("p", {"class": "lk-ex-title", "id": f"{name}-title"}, escape(title)),
        tag("div", {"class": "lk-ex-controls", "hidden": ""}, head),
        tag("div", {"class": "lk-ex-panels"}, _panels(name, start, output, numbers, spoken)),
        tag("p", told, say),
        tag("p", {"class": "lk-kernel-fault", "role": "alert", "hidden": ""}),
        tag("p", {"class": "lk-ex-caption"}, escape(caption)) if caption else "",
        tag("p", {"class": "lk-ex-still"}, _STILL),
    ]
    texts = _markup.numbers_of(output, numbers) | {"free": str(output["free"])}
    texts |= {key: one.texts[one.start] for key, one in controls.items()}
    content = {
        "kernels": {key: K.ravel().tolist() for key, K in kernels.items()},
        "paddings": list(controls["padding"].texts),
        "kinds": {key: [number.kind, number.digits] for key, number in numbers.items()},
    }
    inner = filled("".join(parts), texts) + script(content)
    return frame(name, inner, "kernel")


def _panels(
    name: str,
    start: State,
    output: Mapping[str, Any],
    numbers: Mapping[str, Number],
    spoken: str,
) -> str:
    legend = tag("legend", {}, "the kernel: type your own taps")
    inputs = tag("div", {"class": "lk-kernel-taps"}, _markup.taps(start.kernel, name))
    kernel = tag("fieldset", {"class": "lk-kernel-editor"}, legend + inputs)
    drawn = tag("p", {}, "its matrix: a row for each output") + _markup.matrix(
        output["matrix"], spoken
    )
    drawing = tag("div", {"class": "lk-kernel-drawing"}, drawn)
    return kernel + drawing + _markup.bars(output, numbers)
