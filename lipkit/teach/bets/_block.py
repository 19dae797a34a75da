"""A piece of HTML, and the words in it."""

import json
from html import escape
from typing import Any


class Block:
    """What a cell shows: the HTML in ``html``, and nothing else."""

    def __init__(self, html: str):
        self.html = html

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        return {"text/html": self.html}


def attribute(values: dict[str, Any]) -> str:
    """What the page's script needs to know, as the text of an attribute."""
    return escape(json.dumps(values, ensure_ascii=False, allow_nan=False))


def plain(value: float) -> str:
    """A number in words: four digits, or all that stand before the point.

    >>> plain(0.12345), plain(27.9), plain(1200)
    ('0.1235', '27.9', '1,200')
    """
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:.4g}"


def sentence(text: str, name: str) -> str:
    """A text of one or more words on one line."""
    words = str(text).split()
    if not words:
        raise ValueError(f"{name}: got a blank text, expected words; write what the reader needs")
    return " ".join(words)
