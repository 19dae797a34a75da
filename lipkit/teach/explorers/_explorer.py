"""The explorer: one view, a description, two faces."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from lipkit.teach.explorers import _page
from lipkit.teach.explorers._check import check_panels
from lipkit.teach.explorers._elements import Output, Picture
from lipkit.teach.explorers._grid import Grid
from lipkit.teach.explorers._payload import heaviest, payload
from lipkit.teach.explorers._plot import draw_plot
from lipkit.teach.explorers._ruler import draw_ruler
from lipkit.teach.explorers._sentence import Sentence, check_names, texts_of
from lipkit.teach.explorers._view import View, called, same_form
from lipkit.teach.panels import Control, Number, Plot, Ruler

LIMIT = 300_000  # bytes


@dataclass(frozen=True)
class Shown:
    """What a reader sees and hears of one state."""

    svg: str
    say: str
    texts: dict[str, str]


class Explorer:
    """A view that a reader moves: ipywidgets in a live notebook, plain HTML in a page.

    Made by :func:`explorer`, whose arguments it keeps as attributes; ``size`` is the length of
    the page's face in bytes. With ``LIPKIT_FACE=page`` in the environment, as in the book's build,
    no widgets are made.
    """

    def __init__(
        self,
        view: View,
        name: str,
        title: str,
        controls: Mapping[str, Control],
        numbers: Mapping[str, Number],
        show: Sequence[Plot | Ruler],
        say: str,
        caption: str,
        rows: str,
    ):
        self.view, self.name, self.title, self.caption = view, name, title, caption
        self.controls, self.numbers, self.rows = dict(controls), dict(numbers), rows
        self._grid = Grid(controls)
        self._sentence = Sentence(say)
        states = self._grid.states()
        outputs = [called(view, values, numbers) for values in states]
        same_form(outputs, states)
        check_names(self._sentence, outputs[0], controls, numbers)
        check_panels(show, outputs, numbers)
        self._names = list(dict.fromkeys([*controls, *numbers, *self._sentence.names]))
        self._pictures = [self._drawn(panel, outputs, i) for i, panel in enumerate(show)]
        self._html = self._page(outputs)
        self.size = len(self._html.encode())

    def _drawn(self, panel: Plot | Ruler, outputs: Sequence[Output], i: int) -> Picture:
        if isinstance(panel, Ruler):
            return draw_ruler(panel, outputs, self.numbers, f"p{i}")
        return draw_plot(panel, outputs, self.controls, f"{self.name}-p{i}", f"p{i}")

    def state(self, **controls: Any) -> Output:
        """The controls' values and the view's output; a control that is not given starts."""
        return called(self.view, self._grid.filled(controls), self.numbers)

    def shown(self, **controls: Any) -> "Shown":
        """The drawings, the sentence and every text, from one call of the view."""
        return self._shown(self.state(**controls))

    def texts(self, **controls: Any) -> dict[str, str]:
        """Every control, number and text as it is shown."""
        return self.shown(**controls).texts

    def say(self, **controls: Any) -> str:
        """The sentence."""
        return self.shown(**controls).say

    def svg(self, **controls: Any) -> str:
        """The drawings, one after the other."""
        return self.shown(**controls).svg

    def html(self) -> str:
        """The face of the page, with the numbers of all states."""
        return self._html

    def _texts(self, output: Output) -> dict[str, str]:
        return texts_of(self._names, output, self.controls, self.numbers)

    def _shown(self, output: Output) -> "Shown":
        texts = self._texts(output)
        say = self._sentence.spoken(texts)
        parts, first = [], 0
        for picture in self._pictures:
            parts.append(picture.markup(first, output, say))
            first += len(picture.elements)
        return Shown(_page.filled("".join(parts), texts), say, texts)

    def _page(self, outputs: Sequence[Output]) -> str:
        start = self._grid.start
        texts = [self._texts(output) for output in outputs]
        rows, current = self._grid.along(self.rows, start)
        table = [texts[state] for state in rows]
        controls = "".join(
            _page.control(name, one, f"{self.name}-{name}") for name, one in self.controls.items()
        )
        body = _page.page(
            self.name,
            self.title,
            controls,
            self._shown(outputs[start]).svg,
            self._sentence.markup(),
            self.caption,
            _page.table(self.rows, self.controls, self.numbers, table, current),
        )
        content = payload(self._grid, self._pictures, outputs, texts)
        html = _page.frame(self.name, _page.filled(body, texts[start]) + _page.script(content))
        if len(html.encode()) > LIMIT:
            raise ValueError(
                f"{self.name}: got {len(html.encode()) / 1000:,.0f} kB, expected at most "
                f"{LIMIT // 1000} kB; most of it is {heaviest(content)}; "
                "make these coarser, or take fewer states"
            )
        return html

    def __repr__(self) -> str:
        return f"Explorer({self.title!r}, {len(self._grid)} states, {self.size / 1000:.0f} kB)"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {}
        if os.environ.get("LIPKIT_FACE") != "page":
            from lipkit.teach.explorers._live import live

            bundle |= live(self)
        return bundle | {"text/plain": repr(self), "text/html": self._html}


def explorer(
    view: Callable[..., Mapping[str, Any]],
    *,
    name: str,
    title: str,
    controls: Mapping[str, Control],
    numbers: Mapping[str, Number],
    show: Sequence[Plot | Ruler],
    say: str,
    caption: str = "",
    rows: str | None = None,
) -> Explorer:
    """A view that a reader moves.

    Parameters
    ----------
    view
        A pure function of the controls, called as ``view(**values)``. It returns a dict of
        numbers, texts, arrays and lists of polygons, with the same keys for all values.
    name
        A word that is unique in its page, such as ``"exp-slice"``.
    title
        What the reader is to do, or sees.
    controls
        Names of the view's arguments with what sets them: :func:`lipkit.teach.panels.slider`,
        :func:`~lipkit.teach.panels.choice`, :func:`~lipkit.teach.panels.toggle`. The page holds
        all combinations, at most 2,000.
    numbers
        Keys of the view with :func:`lipkit.teach.panels.number`: the columns of the table.
    show
        Pictures: :func:`lipkit.teach.panels.plot`, :func:`~lipkit.teach.panels.ruler`.
    say
        A sentence with names in braces, read out at every change; it also describes the pictures.
    caption
        What to look for, in plain text.
    rows
        The control along which the table runs; None is the first.

    Raises
    ------
    ValueError
        More than 2,000 states or 300 kB; a name that the view does not return; an output whose
        form changes from state to state; an error in the view.

    Examples
    --------
    >>> import numpy as np
    >>> from lipkit.teach import panels
    >>> sine = explorer(
    ...     lambda t: {"slope": abs(np.cos(t))},
    ...     name="sine",
    ...     title="The slope of the sine",
    ...     controls={"t": panels.slider("place", 0, 3, step=1)},
    ...     numbers={"slope": panels.number("slope here", "exact", digits=2)},
    ...     show=[panels.plot(panels.dot("t", "slope"), xlabel="place", ylabel="slope")],
    ...     say="At {t} the slope is {slope}.",
    ... )
    >>> sine.say(t=2)
    'At 2 the slope is 0.42.'
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f"name: got {name!r}, expected small letters, digits and hyphens")
    rows = next(iter(controls), "") if rows is None else rows
    if controls and rows not in controls:
        raise ValueError(f"rows: got {rows!r}, expected a control: {', '.join(controls)}")
    return Explorer(view, name, title, controls, numbers, show, say, caption, rows)
