"""The kernel editor: nine taps that a reader types, as a layer."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from numpy.typing import ArrayLike

from lipkit.teach.explorers._sentence import Sentence, check_names
from lipkit.teach.explorers.kernel import _markup
from lipkit.teach.explorers.kernel._page import controls_of, page
from lipkit.teach.explorers.kernel._state import State, nine_taps
from lipkit.teach.panels import Number

View = Callable[..., Mapping[str, Any]]


class KernelEditor:
    """One 3×3 kernel as a layer: ipywidgets in a live notebook, plain HTML in a page.

    Made by :func:`kernel_editor`, whose arguments it keeps as attributes. In the page a script
    computes what the view returns; the book's tests hold the two together.
    """

    def __init__(
        self,
        view: View,
        name: str,
        title: str,
        kernels: Mapping[str, ArrayLike],
        paddings: Sequence[str],
        numbers: Mapping[str, Number],
        say: str,
        caption: str,
    ):
        self.view, self.name, self.title, self.caption = view, name, title, caption
        self.kernels = {key: nine_taps(kernel) for key, kernel in kernels.items()}
        self.paddings, self.numbers = tuple(paddings), dict(numbers)
        first = next(iter(self.kernels.values()))
        self.start = State(first, self.paddings[0], 4, 1)
        self._controls = controls_of(self.kernels, self.paddings, self.start)
        self._sentence = Sentence(say)
        output = view(**self.start.arguments())
        told = {key: value for key, value in self._controls.items() if key != "named"}
        check_names(self._sentence, {**output, **self.start.arguments()}, told, numbers)
        self._html = page(
            name,
            title,
            caption,
            self._controls,
            self.kernels,
            numbers,
            self.start,
            output,
            self._sentence.markup(),
            self.spoken(self.start),
        )

    def texts(self, state: State) -> dict[str, str]:
        """Every setting and number as it is shown."""
        output = self.view(**state.arguments())
        set_to = {"padding": state.padding, "size": str(state.size), "stride": str(state.stride)}
        return _markup.numbers_of(output, self.numbers) | {"free": str(output["free"])} | set_to

    def spoken(self, state: State) -> str:
        """The sentence."""
        return self._sentence.spoken(self.texts(state))

    def html(self) -> str:
        """The face of the page."""
        return self._html

    def __repr__(self) -> str:
        return f"KernelEditor({self.title!r}, {len(self.kernels)} kernels to begin with)"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, Any]:
        bundle: dict[str, Any] = {}
        if os.environ.get("LIPKIT_FACE") != "page":
            from lipkit.teach.explorers.kernel._live import live

            bundle |= live(self)
        return bundle | {"text/plain": repr(self), "text/html": self._html}


def kernel_editor(
    view: View,
    *,
    name: str,
    title: str,
    kernels: Mapping[str, ArrayLike],
    paddings: Sequence[str],
    numbers: Mapping[str, Number],
    say: str,
    caption: str = "",
) -> KernelEditor:
    r"""A 3×3 kernel whose nine taps a reader types, with the matrix and norms of its layer.

    Parameters
    ----------
    view
        :func:`lipkit.experiments.kernel_layer.kernel_layer`, called as ``view(kernel=…,
        padding=…, size=…, stride=…)`` with a kernel ``(3, 3)`` of one channel. The page's script
        computes the same: the matrix :math:`A`, :math:`\|A\|_1`, :math:`\|A\|_2`,
        :math:`\|A\|_\infty`, and what is mistaken for them.
    name
        A word that is unique in its page, such as ``"exp-kernel"``.
    title
        What the reader is to do.
    kernels
        Kernels to begin with, by name; the first is shown.
    paddings
        Names of paddings; the first is shown.
    numbers
        Keys of the view with :func:`lipkit.teach.panels.number`: a bar each.
    say
        A sentence with names in braces, read out at every change.
    caption
        What to look for, in plain text.

    Raises
    ------
    ValueError
        A kernel that is not nine numbers between -99 and 99; a name that the view does not return.

    Examples
    --------
    >>> from lipkit.experiments.kernel_layer import KERNELS, PADDINGS, kernel_layer
    >>> from lipkit.teach import panels
    >>> kernel_editor(
    ...     kernel_layer,
    ...     name="kernel",
    ...     title="Edit the kernel",
    ...     kernels=KERNELS,
    ...     paddings=PADDINGS,
    ...     numbers={"one": panels.number("ℓ1 norm", "exact")},
    ...     say="ℓ1 {one}.",
    ... )
    KernelEditor('Edit the kernel', 8 kernels to begin with)
    """
    if not re.fullmatch(r"[a-z][a-z0-9-]*", name):
        raise ValueError(f"name: got {name!r}, expected small letters, digits and hyphens")
    if not kernels or not paddings:
        raise ValueError("kernels, paddings: got none, expected at least one of each")
    return KernelEditor(view, name, title, kernels, paddings, numbers, say, caption)
