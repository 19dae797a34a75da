"""The texts of a state, and the sentence that is told with them."""

from collections.abc import Mapping
from html import escape
from string import Formatter
from typing import Any

from lipkit.teach.explorers._elements import Output, tag
from lipkit.teach.explorers._format import shown
from lipkit.teach.panels import Control, Number


class Sentence:
    """A template with names in braces; ``names`` are those of controls, numbers and texts."""

    def __init__(self, template: str):
        try:
            pieces = list(Formatter().parse(template))
        except ValueError as error:
            raise ValueError(
                f"say: got {template!r}: {error}; write a brace that is meant as one twice"
            ) from error
        for _, name, spec, conversion in pieces:
            if spec or conversion or name == "":
                raise ValueError(
                    f"say: got {{{name}{'!' if conversion else ''}{conversion or ''}"
                    f"{':' if spec else ''}{spec}}}, expected a name alone; "
                    "panels.number says how a number is rounded"
                )
        self._pieces = [(literal, name) for literal, name, _, _ in pieces]
        self.names = [name for _, name in self._pieces if name is not None]

    def markup(self) -> str:
        """The sentence as HTML, with an empty slot for each name."""
        return "".join(
            escape(literal) + (tag("b", {"data-lk-text": name}) if name is not None else "")
            for literal, name in self._pieces
        )

    def spoken(self, texts: Mapping[str, str]) -> str:
        """The sentence as plain text."""
        return "".join(
            literal + (texts[name] if name is not None else "") for literal, name in self._pieces
        )


def texts_of(
    names: list[str],
    output: Output,
    controls: Mapping[str, Control],
    numbers: Mapping[str, Number],
) -> dict[str, str]:
    """What stands in the slots of these names."""
    return {
        name: controls[name].read(output[name])
        if name in controls
        else shown(output[name], numbers.get(name))
        for name in names
    }


def check_names(
    sentence: Sentence,
    output: Output,
    controls: Mapping[str, Control],
    numbers: Mapping[str, Number],
) -> None:
    """Raise ``ValueError`` for a name in ``say`` or ``numbers`` that has no text."""
    for name in [*controls, *numbers]:
        if not name.isidentifier():
            raise ValueError(f"got the key {name!r}, expected a name as in Python; rename it")
    for name in numbers:
        if name in controls:
            raise ValueError(f"numbers: got {name!r}, which is a control; leave it out")
        if not isinstance(output.get(name), int | float | str):
            raise ValueError(
                f"numbers: got {name!r}, expected a number or a text that view returns: "
                f"{_listed(output, int | float | str)}"
            )
    for name in sentence.names:
        known = name in controls or name in numbers or isinstance(output.get(name), int | str)
        if not known and isinstance(output.get(name), float):
            raise ValueError(f"say: got {{{name}}}, whose rounding is unknown; add it to numbers")
        if not known:
            raise ValueError(
                f"say: got {{{name}}}, expected a control, a number or a text: "
                f"{_listed(output, int | float | str)}"
            )


def _listed(output: Output, kinds: Any) -> str:
    return ", ".join(repr(key) for key, value in output.items() if isinstance(value, kinds))
