"""From a figure to one piece of inline SVG that takes the page's fonts and colours."""

import hashlib
import io
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from xml.etree import ElementTree
from xml.etree.ElementTree import Element

from matplotlib.figure import Figure

from lipkit.teach.figures._finish import finish
from lipkit.teach.figures._style import ADAPTS, INK, style

_FONTS = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Helvetica Neue', Arial, sans-serif"


class Picture:
    """A finished figure. In a notebook or the book it shows as one inline SVG, and as nothing else.

    ``svg`` is that SVG, ``alt`` its text alternative.
    """

    def __init__(self, figure: Figure, alt: str):
        self.alt = " ".join(alt.split())
        self._figure = figure
        self._raw = _drawn(figure)
        width = figure.get_figwidth()
        page = {"class": "lk-figure", "style": f"max-width: {1.2 * width:.4g}in"}
        self.svg = _svg(self._raw, self.alt, {**page, "fill": "currentColor"}, ADAPTS)

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.svg}

    def __repr__(self) -> str:
        return f"Picture({self.alt!r})"

    def save(self, path: str | Path) -> None:
        """Write a standalone SVG (light colours, transparent) or PNG (on white), by the ending."""
        path = Path(path)
        if path.suffix == ".png":
            with style():
                self._figure.savefig(path, dpi=200, facecolor="white", metadata={"Software": None})
        elif path.suffix == ".svg":
            size = self._figure.get_size_inches()
            box = {"width": f"{size[0]:g}in", "height": f"{size[1]:g}in", "font-family": _FONTS}
            svg = _svg(self._raw, self.alt, {**box, "fill": INK, "color": INK}, {})
            path.write_text(svg + "\n", encoding="utf-8")
        else:
            raise ValueError(f"path: got {path.name!r}, expected a name ending in .svg or .png")


def show(fig: Figure, *, alt: str) -> Picture:
    """Finish a figure: let this be the last expression of its cell.

    ``alt`` is one or two sentences that say what the figure shows, for those who do not see it,
    with at least one value from the data. Raises ``ValueError`` if it is shorter than 60
    characters, has no digit, or starts with "figure", "image" or "plot of".

    >>> from lipkit.teach import figures
    >>> fig, ax = figures.new()
    >>> figures.show(fig, alt="An empty pair of axes")
    Traceback (most recent call last):
    ...
    ValueError: alt: got 21 characters, expected at least 60; say what the figure shows
    """
    _check_alt(alt)
    finish(fig)
    picture = Picture(fig, alt)
    pyplot = sys.modules.get("matplotlib.pyplot")
    if pyplot is not None:  # a figure that pyplot knows would show a second time
        pyplot.close(fig)
    return picture


def _check_alt(alt: str) -> None:
    text = " ".join(alt.split())
    if len(text) < 60:
        raise ValueError(
            f"alt: got {len(text)} characters, expected at least 60; say what the figure shows"
        )
    if not re.search(r"\d", text):
        raise ValueError("alt: got no digit, expected a value from the data; format one into it")
    if re.match(r"(a |an |the |this )?(figure|image|plot of)\b", text, re.IGNORECASE):
        raise ValueError(
            f"alt: got a text that starts {text[:15]!r}; say what is seen, not that it is a figure"
        )


def _drawn(figure: Figure) -> str:
    buffer = io.StringIO()
    with style():
        figure.savefig(buffer, format="svg", dpi=200, metadata={"Date": None, "Creator": None})
    return buffer.getvalue()


def _svg(raw: str, alt: str, attributes: Mapping[str, str], colours: Mapping[str, str]) -> str:
    """The drawing without what belongs to no page: fonts, metadata, styles, foreign names."""
    root = ElementTree.fromstring(raw)
    for element in list(root.iter()):
        _strip(element)
    names = _new_names(root, hashlib.sha256((raw + alt).encode()).hexdigest()[:8])
    for element in root.iter():
        _rewrite(element, names, colours)
    frame = {"xmlns": "http://www.w3.org/2000/svg", "viewBox": root.attrib["viewBox"]}
    root.attrib = {**frame, "role": "img", "aria-label": alt, "stroke-linejoin": "round"}
    root.attrib |= attributes
    return ElementTree.tostring(root, encoding="unicode")


def _strip(element: Element) -> None:
    """Plain names instead of namespaces; no metadata, no style sheet (it would reach the page)."""
    element.tag = element.tag.rpartition("}")[2]
    element.attrib = {key.rpartition("}")[2]: value for key, value in element.attrib.items()}
    for child in list(element):
        if child.tag.rpartition("}")[2] in ("metadata", "style"):
            element.remove(child)
    if element.tag not in ("text", "tspan"):
        element.text = None
    element.tail = None


def _new_names(root: Element, digest: str) -> dict[str, str]:
    """The ids that something refers to, and for each one that no other picture has."""
    text = ElementTree.tostring(root, encoding="unicode")
    used = set(re.findall(r"url\(#([^)]+)\)", text)) | set(re.findall(r'href="#([^"]+)"', text))
    ids = [element.attrib["id"] for element in root.iter() if "id" in element.attrib]
    kept = [name for name in ids if name in used]
    return {name: f"lk-{digest}-{i}" for i, name in enumerate(kept)}


def _rewrite(element: Element, names: Mapping[str, str], colours: Mapping[str, str]) -> None:
    """New ids, colours that adapt, inherited fonts, numbers no longer than the eye needs."""
    attributes = element.attrib
    name = names.get(attributes.pop("id", ""))
    if name:
        attributes["id"] = name
    if attributes.get("href", "").startswith("#"):
        attributes["href"] = f"#{names[attributes['href'][1:]]}"
    if "clip-path" in attributes:
        attributes["clip-path"] = f"url(#{names[attributes['clip-path'][5:-1]]})"
    if "style" in attributes:
        attributes["style"] = _restyled(attributes["style"], colours)
    for key in attributes.keys() & {"d", "x", "y"}:
        attributes[key] = re.sub(r"-?\d+\.\d{3,}", _rounded, " ".join(attributes[key].split()))


def _rounded(number: re.Match[str]) -> str:
    return f"{float(number[0]):.2f}".rstrip("0").rstrip(".")


def _restyled(text: str, colours: Mapping[str, str]) -> str:
    rules = [rule for rule in text.split("; ") if not rule.startswith("font-family")]
    text = "; ".join(rules)
    # older versions of matplotlib write size and family as one
    text = re.sub(r"font: (?:(bold|\d+) )?([\d.]+px)[^;]*", r"font-size: \2", text)
    return re.sub(r"#[0-9a-f]{6}\b", lambda found: colours.get(found[0], found[0]), text)
