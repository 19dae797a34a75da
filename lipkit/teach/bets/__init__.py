"""Bets: the reader commits an answer before seeing it, and is told later how near it came.

A bet is the last line of a cell, its ``reveal`` the last line of a cell further down. In the book
both are HTML, and what the reader answers stays in the browser. Without scripts, and in a notebook,
the question is a text that asks to write the answer down, and the reveal is the answer.

Every bet has a name that is unique in its chapter, ``"slug.what"``, of lower-case letters, digits,
hyphens and dots, and a question in plain words. ``ValueError`` is raised if the name has another
form or belongs to another question.
"""

from lipkit.teach.bets._choice import Choice
from lipkit.teach.bets._curve import Curve
from lipkit.teach.bets._number import Number

__all__ = ["Choice", "Curve", "Number"]
